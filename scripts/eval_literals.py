"""Measure what `exosuit chunk` does to strings, comments and definitions of many languages, and its crumbs.

    python scripts/eval_literals.py TREE... [--cap 512] [--boundaries structure] [--files 60] [--output FILE.json]

Every file of a language that tree-sitter-language-pack has a grammar for is parsed; those with a syntax error are left
out, and counted. Of each language and tree, at most `--files` are taken, in a fixed random order. The nodes are found
by the words in their types, which no rule of the chunker knows.

    strings, comments, definitions   those over several lines that fit the cap, taken in whole lines; cut: those that a
                                     chunk begins within
    crumbs                           chunks below the least size with a neighbour that has room for them, and blank ones
"""

from __future__ import annotations

import argparse
import json
import os
import random
import re
from collections import Counter, defaultdict
from pathlib import Path
from typing import TYPE_CHECKING

import tree_sitter_language_pack as pack

from exosuit_cli.chunk import ChunkOptions, chunk_text
from exosuit_cli.languages import HEAD_BYTES, LANGUAGES, claim_of_name, language_of
from exosuit_cli.tokens import load_counter

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    import tree_sitter

GRAMMARS = {
    "C#": "csharp",
    "C++": "cpp",
    "Common Lisp": "commonlisp",
    "Emacs Lisp": "elisp",
    "F#": "fsharp",
    "Fortran Free Form": "fortran",
    "Makefile": "make",
    "Objective-C": "objc",
    "Protocol Buffer": "proto",
    "Shell": "bash",
    "Vim script": "vim",
}
"""Grammars that are not named as their language is in small letters."""
LEFT_OUT = {"Markdown", "JSON", "CSV", "Text", "Diff", "YAML"}
KINDS = {
    "strings": re.compile(
        r"string|heredoc|text_block|quoted|here_doc|str_lit|sigil|bracket_argument|encapsed|attribute_value$"
    ),
    "comments": re.compile(r"comment|^pod$"),
    "definitions": re.compile(
        r"(function|method|class|struct|interface|enum|impl|trait|procedure|subprogram|subroutine|module|instance|type)\w*"
        r"_(definition|declaration|item|body|statement|specification)$"
    ),
}
SEVERAL = {"concatenated_string", "string_list", "strings", "format_string_list"}
"""Types of nodes that hold several strings."""
LARGEST = 300_000


def _language(path: Path) -> str:
    with path.open("rb") as file:
        head = file.read(HEAD_BYTES)
    return LANGUAGES[language_of(claim_of_name(os.fsencode(path.name)), head, is_whole=len(head) < HEAD_BYTES)]


def _atoms(data: bytes, root: tree_sitter.Node) -> Iterator[tuple[str, int, int]]:
    """The kind and the span of every node over several lines; strings and comments are not looked into."""
    nodes = [root]
    while nodes:
        node = nodes.pop()
        if node.start_point.row == node.end_point.row:
            continue
        kind = next((kind for kind, words in KINDS.items() if words.search(node.type)), "")
        stop = node.start_byte + len(data[node.start_byte : node.end_byte].rstrip())
        if kind and node.is_named and node.type not in SEVERAL and b"\n" in data[node.start_byte : stop]:
            yield kind, node.start_byte, stop
            if kind != "definitions":
                continue
        nodes += node.children


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("trees", nargs="+", metavar="TREE")
    parser.add_argument("--cap", type=int, default=512)
    parser.add_argument("--boundaries", default="structure")
    parser.add_argument("--files", type=int, default=60, help="of a language and a tree")
    parser.add_argument("--output", help="write the figures as JSON")
    arguments = parser.parse_args()
    options = ChunkOptions(max_tokens=arguments.cap, boundaries=arguments.boundaries)
    count = load_counter(options.encoding).count
    sums: defaultdict[str, Counter[str]] = defaultdict(Counter)
    for tree in arguments.trees:
        paths = sorted(path for path in Path(tree).rglob("*") if path.is_file() and not path.is_symlink())
        random.Random(1).shuffle(paths)
        taken: Counter[str] = Counter()
        for path in paths:
            language = "" if path.stat().st_size > LARGEST else _language(path)
            if not language or language in LEFT_OUT or taken[language] >= arguments.files:
                continue
            data = path.read_bytes()
            try:
                data.decode()
                root = pack.get_parser(GRAMMARS.get(language, language.lower())).parse(data).root_node  # type: ignore[arg-type]
            except (UnicodeDecodeError, LookupError):
                continue
            if root.has_error:
                sums[language]["files_with_errors"] += 1
                continue
            taken[language] += 1
            _judge(data, root, language, options, sums[language], count)
    total: Counter[str] = Counter()
    for each in sums.values():
        total.update(each)
    table = {**dict(sorted(sums.items())), "all": total}
    for language, found in table.items():
        shares = "  ".join(f"{kind} {found[f'{kind}_cut']:4} of {found[kind]:6}" for kind in KINDS)
        crumbs = f"crumbs {found['crumbs']} of {found['chunks']}"
        print(f"{language:20} files {found['files']:5}  {shares}  {crumbs}")
    if arguments.output:
        document = {"schema": "exosuit.eval_literals/1", "cap": arguments.cap, "boundaries": arguments.boundaries}
        trees = [Path(tree).resolve().name for tree in arguments.trees]
        Path(arguments.output).write_text(json.dumps({**document, "trees": trees, "table": table}, indent=1) + "\n")


def _judge(
    data: bytes,
    root: tree_sitter.Node,
    language: str,
    options: ChunkOptions,
    found: Counter[str],
    count: Callable[[bytes], int],
) -> None:
    """Cut one file and add what became of its nodes to `found`."""
    chunks = chunk_text(data, language=language, options=options)
    begins = chunks.starts.tolist()
    for kind, start, stop in _atoms(data, root):
        whole = data[data.rfind(b"\n", 0, start) + 1 : (data.find(b"\n", stop) + 1) or len(data)]
        if count(whole) <= options.max_tokens:
            found[kind] += 1
            found[f"{kind}_cut"] += any(start < each + _blanks(data, each) < stop for each in begins)
    tokens = chunks.tokens.tolist()
    found["files"] += 1
    found["chunks"] += len(tokens)
    for place, own in enumerate(tokens):
        others = tokens[max(place - 1, 0) : place] + tokens[place + 1 : place + 2]
        is_small = own < options.min_tokens and any(own + other <= options.max_tokens for other in others)
        found["crumbs"] += is_small or (len(tokens) > 1 and not data[begins[place] : int(chunks.ends[place])].strip())


def _blanks(data: bytes, start: int) -> int:
    match = re.compile(rb"\s*").match(data, start)
    return len(match[0]) if match else 0


if __name__ == "__main__":
    main()
