"""Measure where `exosuit chunk` and public chunkers cut: through definitions, or where one begins.

    python scripts/eval_chunks.py TREE... [--cap 512] [--encoding o200k_base] [--methods structure,ast,...]
        [--limit-files N SEED] [--output FILE.json] [--markdown]

Every source file of a language in `KINDS` is parsed with tree-sitter; files with a syntax error are left out, and
counted. All methods cut the same files at the same cap, in tokens of the same exact counter. The definitions come from
`KINDS`, which no method knows.

    cut share    of the definitions that fit the cap, taken in whole lines, those that a chunk begins within
    start share  of the chunks, the first of a file aside, those that begin at a definition or a section, or at the
                 comments and attributes on the lines right above it
    torn share   of the definitions with comments or attributes on the lines right above, those that a chunk begins
                 after these or within them; where the definition fits the cap, but not with them, that is no fault
    lead chunks  of the chunks, the first of a file aside, those of nothing but comments and attributes that belong to
                 a definition
    fill         mean of tokens / cap over the chunks
    over cap     of the chunks, those with more tokens than the cap
"""

from __future__ import annotations

import argparse
import json
import os
import random
import re
import sys
from bisect import bisect_right
from collections import Counter, defaultdict
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from paired_runs import version_of

from exosuit_cli.chunk import ChunkOptions, chunk_text
from exosuit_cli.chunk.syntax_grammars import load_pointer
from exosuit_cli.languages import HEAD_BYTES, LANGUAGES, claim_of_name, language_of
from exosuit_cli.tokens import load_counter

if TYPE_CHECKING:
    import tree_sitter

PACKAGES = (
    "exosuit-cli",
    "tree-sitter",
    "tree-sitter-c",
    "tree-sitter-python",
    "tree-sitter-typescript",
    "semantic-text-splitter",
    "langchain-text-splitters",
)
METHODS = ("structure", "ast", "lines", "semantic-text-splitter", "langchain")

_C = "function_definition preproc_function_def struct_specifier union_specifier enum_specifier"
_JAVASCRIPT = """function_declaration generator_function_declaration class_declaration method_definition class
    function_expression generator_function arrow_function"""
_TYPESCRIPT = f"""{_JAVASCRIPT} abstract_class_declaration interface_declaration enum_declaration internal_module
    type_alias_declaration"""
_JAVA = """class_declaration interface_declaration enum_declaration record_declaration annotation_type_declaration
    method_declaration constructor_declaration compact_constructor_declaration"""
_RUST = "function_item impl_item trait_item struct_item enum_item union_item mod_item macro_definition"

KINDS = {
    "C": ("c", _C, "comment"),
    "C++": ("cpp", f"{_C} class_specifier namespace_definition", "comment"),
    "Go": ("go", "function_declaration method_declaration type_spec", "comment"),
    "Java": ("java", _JAVA, "line_comment block_comment"),
    "JavaScript": ("javascript", _JAVASCRIPT, "comment decorator"),
    "Markdown": ("markdown", "atx_heading setext_heading", ""),
    "Python": ("python", "function_definition class_definition", "comment"),
    "Ruby": ("ruby", "method singleton_method class module singleton_class", "comment"),
    "Rust": ("rust", _RUST, "line_comment block_comment attribute_item"),
    "TSX": ("tsx", _TYPESCRIPT, "comment decorator"),
    "TypeScript": ("typescript", _TYPESCRIPT, "comment decorator"),
}
"""By display name: the grammar, its nodes that may be definitions, and those that lead in to one. `_definition` says
which of them are; it, not a query, looks at their fields, since tree-sitter 0.26 matches any value by
`(variable_declarator value: [(function_expression) (class)])`."""

NEED_BODY = {"struct_specifier", "union_specifier", "enum_specifier", "class_specifier", "struct_item", "mod_item"}
NEED_TYPE = {
    "type_spec": ("type", {"struct_type", "interface_type"}),
    "type_alias_declaration": ("value", {"object_type"}),
}
FUNCTION_VALUES = {"function_expression", "generator_function", "arrow_function"}
HOLDERS = {"variable_declarator", "assignment_expression", "pair", "field_definition", "public_field_definition"}
STATEMENTS = {"lexical_declaration", "variable_declaration", "expression_statement"}
WRAPPERS = {"decorated_definition", "export_statement", "template_declaration", "ambient_declaration"}
LANGCHAIN = {"JavaScript": "js", "TSX": "ts", "TypeScript": "ts", "C++": "cpp"}

Cut = Callable[[str, str], list[int]]
"""From a display name and a text to the byte offsets at which its chunks begin."""


@dataclass
class Source:
    """A parsed file.

    `fitting`: definitions as byte spans that fit the cap; `starts`: the offsets at which one may well begin; `led`:
    from the first byte of what leads in to a definition, which should stay with it, to its own.
    """

    language: str
    data: bytes
    text: str
    fitting: list[tuple[int, int]]
    definitions: int
    starts: set[int]
    led: set[tuple[int, int]]


@dataclass
class Corpus:
    """What of one tree is measured, and what is left out and why."""

    name: str
    files: int = 0
    bytes: int = 0
    skipped: Counter[str] = field(default_factory=Counter)


@cache
def grammar(language: str) -> tuple[tree_sitter.Language, object]:
    """The tree-sitter language for a display name, for Python and as the pointer that other bindings take."""
    import tree_sitter

    pointer = load_pointer(KINDS[language][0])
    return tree_sitter.Language(pointer), pointer


@cache
def _query(language: str) -> tuple[tree_sitter.Parser, tree_sitter.Query]:
    import tree_sitter

    loaded, _ = grammar(language)
    _, definitions, leads = KINDS[language]
    patterns = [f"({kind}) @definition" for kind in definitions.split()] + [f"({kind}) @lead" for kind in leads.split()]
    return tree_sitter.Parser(loaded), tree_sitter.Query(loaded, " ".join(patterns))


def read_source(language: str, data: bytes, count: Callable[[bytes], int], cap: int) -> Source | str:
    """Parse a file, or say why it is left out."""
    import tree_sitter

    try:
        text = data.decode()
    except UnicodeDecodeError:
        return "not UTF-8"
    parser, query = _query(language)
    root = parser.parse(data).root_node
    if root.has_error:
        return "syntax error"
    found = tree_sitter.QueryCursor(query).captures(root)
    lines = [0, *(match.end() for match in re.finditer(b"\n", data)), len(data)]
    nodes = found.get("definition", [])
    spans = _sections(nodes, len(data)) if language == "Markdown" else set(filter(None, map(_definition, nodes)))
    lead: set[int] = set()
    for node in found.get("lead", []):
        start, end = _trimmed(data, node.start_byte, node.end_byte)
        first, last = bisect_right(lines, start) - 1, bisect_right(lines, end - 1) - 1
        if not data[lines[first] : start].strip() and not data[end : lines[last + 1]].strip():
            lead.update(range(first, last + 1))
    starts, led, fitting = set(), set(), []
    for begin, inner, stop in spans:
        start, end = _trimmed(data, begin, stop)
        first, last = bisect_right(lines, start) - 1, bisect_right(lines, end - 1) - 1
        own = bisect_right(lines, inner) - 1
        fits = count(data[lines[first] : lines[last + 1]]) <= cap
        if fits:
            fitting.append((start, end))
        starts.add(_ink(data, lines[first]))
        while first and first - 1 in lead:
            first -= 1
        starts.add(_ink(data, lines[first]))
        # What should hold together: all of it where the definition fits, else what leads in and the first line.
        whole = data[lines[first] : lines[last + 1 if fits else own + 1]]
        if first < own and count(whole) <= cap:
            led.add((_ink(data, lines[first]), _ink(data, lines[own])))
    return Source(language, data, text, fitting, len(spans), starts, led)


def _definition(node: tree_sitter.Node) -> tuple[int, int, int] | None:
    """The span of a definition with its decorators, `export` or `template`, or the name that it is assigned to.

    Its start, the start without decorators, its end.
    """
    kind = node.type
    if kind in NEED_BODY and node.child_by_field_name("body") is None:
        return None
    if kind in NEED_TYPE:
        name, wanted = NEED_TYPE[kind]
        value = node.child_by_field_name(name)
        if value is None or value.type not in wanted:
            return None
    if kind in FUNCTION_VALUES:
        body = node.child_by_field_name("body")
        if body is None or body.type != "statement_block" or node.parent is None or node.parent.type not in HOLDERS:
            return None  # an argument, or an expression
    inner = node.start_byte
    while node.parent is not None and node.parent.type in HOLDERS | STATEMENTS | WRAPPERS:
        node = node.parent
        inner = inner if node.type in WRAPPERS else node.start_byte
    return node.start_byte, inner, node.end_byte


def _sections(headings: list[tree_sitter.Node], size: int) -> set[tuple[int, int, int]]:
    """From each heading to the next of the same or a higher level."""
    spans = set()
    opened: list[tuple[int, int]] = []
    for node in sorted(headings, key=lambda node: node.start_byte):
        if _is_quoted(node):
            continue
        marker = next(child.type for child in node.children if re.match(r"atx_h\d|setext_h\d", child.type))
        level = int(re.sub(r"\D", "", marker))
        while opened and opened[-1][0] >= level:
            start = opened.pop()[1]
            spans.add((start, start, node.start_byte))
        opened.append((level, node.start_byte))
    return spans | {(start, start, size) for _, start in opened}


def _is_quoted(node: tree_sitter.Node) -> bool:
    """Whether a heading is within a quotation or a list, where it begins no section of the document."""
    while node.parent is not None and node.parent.type == "section":
        node = node.parent
    return node.parent is None or node.parent.type != "document"


def _trimmed(data: bytes, start: int, end: int) -> tuple[int, int]:
    return _ink(data, start), start + len(data[start:end].rstrip())


def _ink(data: bytes, start: int) -> int:
    """The first byte at or after `start` that is not white space."""
    match = re.compile(rb"\s*").match(data, start)
    assert match is not None
    return match.end()


def exosuit_cut(boundaries: str, encoding: str, cap: int, fallbacks: Counter[str]) -> Cut:
    """exosuit, in this process; counts the files that it cut by other means than those asked for."""
    options = ChunkOptions(max_tokens=cap, boundaries=boundaries, encoding=encoding)

    def cut(language: str, text: str) -> list[int]:
        chunks = chunk_text(text, language=language, options=options)
        if chunks.fallback is not None:
            fallbacks[f"{language}: {chunks.fallback}"] += 1
        return [int(start) for start in chunks.starts]

    return cut


def semantic_cut(encoding: str, cap: int) -> Cut:
    """semantic-text-splitter: CodeSplitter, and MarkdownSplitter for Markdown, with the same counter."""
    from semantic_text_splitter import CodeSplitter, MarkdownSplitter

    size = _size(encoding)

    @cache
    def splitter(language: str) -> Any:
        if language == "Markdown":
            return MarkdownSplitter.from_callback(size, cap, trim=False)
        return CodeSplitter.from_callback(grammar(language)[1], size, cap, trim=False)

    return lambda language, text: _byte_offsets(text, [at for at, _ in splitter(language).chunk_indices(text)])


def langchain_cut(encoding: str, cap: int) -> Cut:
    """langchain-text-splitters: RecursiveCharacterTextSplitter.from_language, with the same counter."""
    from langchain_text_splitters import Language, RecursiveCharacterTextSplitter

    options: dict[str, Any] = {"chunk_size": cap, "chunk_overlap": 0, "strip_whitespace": False}

    @cache
    def splitter(language: str) -> RecursiveCharacterTextSplitter:
        name = Language(LANGCHAIN.get(language, language.lower()))
        return RecursiveCharacterTextSplitter.from_language(name, length_function=_size(encoding), **options)

    def cut(language: str, text: str) -> list[int]:
        offsets, end = [], 0
        for chunk in splitter(language).split_text(text):
            offsets.append(text.index(chunk, end))
            end = offsets[-1] + len(chunk)
        return _byte_offsets(text, offsets)

    return cut


def _size(encoding: str) -> Callable[[str], int]:
    count = load_counter(encoding).count
    return lambda text: count(text.encode())


def _byte_offsets(text: str, offsets: list[int]) -> list[int]:
    if text.isascii():
        return offsets
    found, at, position = [], 0, 0
    for offset in offsets:
        at += len(text[position:offset].encode())
        position = offset
        found.append(at)
    return found


def load_method(name: str, encoding: str, cap: int, fallbacks: Counter[str]) -> Cut | None:
    """The method of that name; None where its package is absent."""
    if name in ("structure", "ast", "lines"):
        return exosuit_cut(name, encoding, cap, fallbacks)
    try:
        return {"semantic-text-splitter": semantic_cut, "langchain": langchain_cut}[name](encoding, cap)
    except ImportError:
        return None


def judge(source: Source, offsets: list[int], count: Callable[[bytes], int], cap: int) -> Counter[str]:
    """Compare the places where chunks begin with those where definitions do; the sums of one file."""
    ends = [*offsets[1:], len(source.data)]
    sizes = [count(source.data[start:end]) for start, end in zip(offsets, ends, strict=True)]
    inked = [_ink(source.data, offset) for offset in offsets]
    begins = sorted(inked)
    cut = sum(bisect_right(begins, end - 1) > bisect_right(begins, start) for start, end in source.fitting)
    torn = sum(bisect_right(begins, own) > bisect_right(begins, start) for start, own in source.led)
    owns = sorted((own, start) for start, own in source.led)
    lead_chunks = 0
    for begin, end in zip(inked[1:], ends[1:], strict=True):
        at = bisect_right(owns, (begin, len(source.data)))
        lead_chunks += at < len(owns) and owns[at][1] <= begin and end <= owns[at][0]
    return Counter(
        files=1,
        definitions=source.definitions,
        fitting=len(source.fitting),
        cut=cut,
        led=len(source.led),
        torn=torn,
        lead_chunks=lead_chunks,
        chunks=len(offsets),
        inner_chunks=len(offsets) - 1,
        well_begun=sum(offset in source.starts for offset in inked[1:]),
        tokens=sum(sizes),
        over_cap=sum(size > cap for size in sizes),
    )


def row_of(language: str, method: str, sums: Counter[str], cap: int) -> dict[str, Any]:
    """The sums of one language under one method, and the shares of the module's docstring."""

    def share(part: str, whole: str) -> float | None:
        return sums[part] / sums[whole] if sums[whole] else None

    fill = share("tokens", "chunks")
    return {
        "language": language,
        "method": method,
        **sums,
        "cut_share": share("cut", "fitting"),
        "torn_share": share("torn", "led"),
        "lead_chunk_share": share("lead_chunks", "inner_chunks"),
        "start_share": share("well_begun", "inner_chunks"),
        "mean_fill": fill and fill / cap,
        "over_cap_share": share("over_cap", "chunks"),
    }


def _language(path: str) -> str:
    """The language of a file, as a scan finds it."""
    try:
        with open(path, "rb") as file:
            head = file.read(HEAD_BYTES)
    except OSError:
        return ""
    return LANGUAGES[
        language_of(claim_of_name(os.fsencode(os.path.basename(path))), head, is_whole=len(head) < HEAD_BYTES)
    ]


def find_files(tree: str, largest: int, corpus: Corpus) -> list[tuple[str, str]]:
    """The files of a known language below a tree, as language and path; the others are counted."""
    found = []
    for folder, folders, names in os.walk(tree):
        folders.sort()
        for name in sorted(names):
            path = os.path.join(folder, name)
            language = "" if os.path.islink(path) else _language(path)
            if language not in KINDS:
                corpus.skipped["another language"] += 1
            elif os.path.getsize(path) > largest:
                corpus.skipped["too large"] += 1
            else:
                found.append((language, path))
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("trees", nargs="+", metavar="TREE")
    parser.add_argument("--cap", type=int, default=512, help="the most tokens of a chunk")
    parser.add_argument("--encoding", default="o200k_base")
    parser.add_argument("--methods", default=",".join(METHODS), help="some of the default, with commas")
    parser.add_argument("--limit-files", type=int, nargs=2, metavar=("N", "SEED"), help="N random files a tree")
    parser.add_argument("--largest", type=int, default=1_000_000, help="leave out files of more bytes")
    parser.add_argument("--markdown", action="store_true", help="print the table as Markdown")
    parser.add_argument("--output", help="write the figures as JSON")
    arguments = parser.parse_args()
    cap, count = arguments.cap, load_counter(arguments.encoding).count
    wanted = arguments.methods.split(",")
    if unknown := set(wanted) - set(METHODS):
        parser.error(f"unknown methods: {', '.join(sorted(unknown))}")
    fallbacks: Counter[str] = Counter()
    methods = {name: load_method(name, arguments.encoding, cap, fallbacks) for name in wanted}
    absent = [name for name, cut in methods.items() if cut is None]
    sums: defaultdict[tuple[str, str], Counter[str]] = defaultdict(Counter)
    corpora = []
    for tree in arguments.trees:
        corpus = Corpus(Path(tree).resolve().name)
        corpora.append(corpus)
        files = find_files(tree, arguments.largest, corpus)
        if arguments.limit_files:
            number, seed = arguments.limit_files
            files = random.Random(seed).sample(files, min(number, len(files)))
        for language, path in files:
            source = read_source(language, Path(path).read_bytes(), count, cap)
            if isinstance(source, str):
                corpus.skipped[source] += 1
                continue
            corpus.files += 1
            corpus.bytes += len(source.data)
            for name, cut in methods.items():
                if cut is not None and source.data:
                    judged = judge(source, cut(language, source.text), count, cap)
                    sums[language, name].update(judged)
                    sums["all", name].update(judged)
        print(f"{corpus.name}: {corpus.files} files, {dict(corpus.skipped)} left out", file=sys.stderr)
    order = sorted(sums, key=lambda key: (key[0] == "all", key[0], wanted.index(key[1])))
    table = [row_of(*key, sums[key], cap) for key in order]
    _print(table, markdown=arguments.markdown)
    for name in absent:
        print(f"{name}: absent")
    for reason, number in fallbacks.items():
        print(f"ast fell back to structure for {number} files, {reason}")
    if arguments.output:
        document = {
            "schema": "exosuit.eval_chunks/1",
            "versions": {name: version_of(name) for name in PACKAGES},
            "cap": cap,
            "encoding": arguments.encoding,
            "limit_files": arguments.limit_files,
            "absent": absent,
            "ast_fallbacks": fallbacks,
            "corpora": [{"tree": c.name, "files": c.files, "bytes": c.bytes, "skipped": c.skipped} for c in corpora],
            "table": table,
        }
        Path(arguments.output).write_text(json.dumps(document, indent=1) + "\n")


def _print(table: list[dict[str, Any]], *, markdown: bool) -> None:
    titles = ["language", "method", "files", "definitions that fit", "cut", "torn", "chunks", "well begun", "lead only"]
    titles += ["fill", "over cap"]
    keys = [
        "language",
        "method",
        "files",
        "fitting",
        "cut_share",
        "torn_share",
        "chunks",
        "start_share",
        "lead_chunk_share",
        "mean_fill",
        "over_cap_share",
    ]
    rows = [titles, *([_cell(row[key]) for key in keys] for row in table)]
    if markdown:
        rows.insert(1, ["---", "---", *["---:"] * (len(titles) - 2)])
        print("\n".join(f"| {' | '.join(row)} |" for row in rows))
        return
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    for row in rows:
        cells = [f"{cell:{'<' if at < 2 else '>'}{widths[at]}}" for at, cell in enumerate(row)]
        print("  ".join(cells))


def _cell(value: str | float | None) -> str:
    if value is None or isinstance(value, str):
        return value or ""
    return f"{value:,}" if isinstance(value, int) else f"{value:.1%}"


if __name__ == "__main__":
    main()
