"""Measure whether the names that `structure` gives are right, with the syntax trees of `ast` as judge.

    python scripts/eval_names.py TREE... [--files 60] [--cap 512] [--languages Kotlin,PHP] [--show 20]
        [--output FILE.json]

Of each language that has a grammar, `--files` of a tree are taken in a fixed random order. Files that do not parse
cleanly are left out, and counted.

    same path   of the definitions that both find on one line with the same last name, those with the same path
    lacks       those that lack outer names; `too many`: those with outer names that `ast` does not have;
                `other`: those with other outer names
    found       of the definitions of `ast` with a name, those that `structure` finds on the same line, by that name
    foreign     of the definitions of `structure`, those on whose line `ast` finds none of that name
    ended       of the chunks with a symbol, those whose symbol names something that ended before the chunk begins:
                every definition of that name in the syntax tree did
    inside      chunks that begin within a definition, after its first line
    unnamed     those of `inside` without a symbol
    astray      those of `inside` whose symbol names none of the definitions around
"""

from __future__ import annotations

import argparse
import json
import random
import re
import sys
from collections import Counter, defaultdict
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from chunk_methods import Corpus, find_files
from paired_runs import version_of
from rich.console import Console
from rich.table import Table

from exosuit_cli.chunk import ChunkOptions, chunk_text
from exosuit_cli.syntax.columns import columns_of
from exosuit_cli.syntax.grammars import GRAMMARS
from exosuit_cli.syntax.no_syntax import NoSyntax
from exosuit_cli.syntax.tree import SyntaxTree

if TYPE_CHECKING:
    from exosuit_cli.chunk.records import FileChunks

PACKAGES = ("exosuit-cli", "tree-sitter")
NO_CODE = frozenset({
    "JSON", "JSON with Comments", "JSONLD", "YAML", "OASv2-json", "OASv2-yaml", "OASv3-json", "OASv3-yaml", "TOML",
    "Markdown", "HTML",
})  # fmt: skip
"""Languages whose trees have keys and headings, and no definitions."""
COLUMNS = {
    "same path": ("same", "shared"),
    "lacks": ("lacks", "shared"),
    "too many": ("too_many", "shared"),
    "other": ("other", "shared"),
    "found": ("shared", "defined"),
    "foreign": ("foreign", "guessed"),
    "ended": ("ended", "symbols"),
    "unnamed": ("unnamed", "inside"),
    "astray": ("astray", "inside"),
}
"""By title: the part and the whole of each share, as the sums name them."""
_PARTS = re.compile(r" > |[.:]+")


@dataclass
class Truth:
    """What the syntax tree of a text defines: by line and last name the path, and by name the lines it is on.

    `spans` has the first and the last line of each definition and its last name, lines from 1; `parts`, by line the
    names of the paths of what is defined there.
    """

    paths: dict[tuple[int, str], str] = field(default_factory=dict)
    spans: list[tuple[int, int, str]] = field(default_factory=list)
    parts: dict[int, set[str]] = field(default_factory=dict)


def last_name(path: str) -> str:
    """The name that a path ends with."""
    return _PARTS.split(path)[-1]


def truth_of(data: bytes, language: str) -> Truth:
    """What a text defines. Raises NoSyntax."""
    tree = SyntaxTree.parse(data, language)
    tree.find_all()
    columns = columns_of(tree)
    found = Truth()
    for place, (name, line) in enumerate(zip(columns.names, columns.name_lines, strict=True)):
        if name and not columns.is_container[place]:
            path = columns.path(place) or ""
            found.paths.setdefault((line + 1, last_name(name)), path)
            found.parts.setdefault(line + 1, set()).update(_PARTS.split(path))
    for each, name in tree.defined():
        first, last = (data.count(b"\n", 0, byte) + 1 for byte in (each.node.start_byte, each.node.end_byte - 1))
        found.spans.append((first, last, last_name(name)))
    return found


def judge(chunks: FileChunks, truth: Truth, path: str, faults: list[str]) -> Counter[str]:
    """The sums of one text; a line for each fault is added to `faults`."""
    sums = Counter(files=1, defined=len(truth.paths), guessed=len(chunks.defined))
    for name, line in zip(chunks.defined.names, chunks.defined.lines.tolist(), strict=True):
        right = truth.paths.get((line, last_name(name)))
        if right is None:
            sums["foreign"] += 1
            continue
        sums["shared"] += 1
        kind = _compare(name, right)
        sums[kind] += 1
        if kind != "same":
            faults.append(f"{kind}\t{path}:{line}\t{name}\tast: {right}")
    last_lines: defaultdict[str, int] = defaultdict(int)
    for _, last, name in truth.spans:
        last_lines[name] = max(last, last_lines[name])
    symbols = chunks.symbols or [None] * len(chunks)
    for symbol, first, last in zip(symbols, chunks.start_lines.tolist(), chunks.end_lines.tolist(), strict=True):
        parts = _PARTS.split(symbol) if symbol else []
        sums["symbols"] += bool(parts)
        around = [name for begin, end, name in truth.spans if begin < first <= end]
        # What is written before a name, as the type of a method in Go is, may have ended.
        written = {part for line in range(first, last + 1) for part in truth.parts.get(line, ())}
        ended = [part for part in set(parts) - written if last_lines.get(part, first) < first]
        sums["ended"] += bool(ended)
        sums["inside"] += bool(around)
        is_astray = bool(around and parts) and not set(around) & set(parts)
        sums["astray"] += is_astray
        sums["unnamed"] += bool(around) and not parts
        if ended or is_astray or (around and not parts):
            kind = "ended" if ended else "astray" if parts else "unnamed"
            faults.append(f"{kind}\t{path}:{first}\t{symbol}\tast: {'.'.join(around)}")
    return sums


def _compare(path: str, right: str) -> str:
    """How a path differs from the right one, as the sums name it."""
    parts, others = _PARTS.split(path), _PARTS.split(right)
    if parts == others:
        return "same"
    if others[-len(parts) :] == parts:
        return "lacks"
    return "too_many" if parts[-len(others) :] == others else "other"


def row_of(language: str, sums: Counter[str]) -> dict[str, Any]:
    """The sums of one language, and the shares of `COLUMNS`."""
    shares = {title: sums[part] / sums[whole] for title, (part, whole) in COLUMNS.items() if sums[whole]}
    return {"language": language, "sums": dict(sums), "shares": shares}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("trees", nargs="+", metavar="TREE")
    parser.add_argument("--cap", type=int, default=512, help="the most tokens of a chunk")
    parser.add_argument("--encoding", default="o200k_base")
    parser.add_argument("--files", type=int, default=60, help="of a language and a tree")
    parser.add_argument("--largest", type=int, default=100_000, help="leave out files of more bytes")
    parser.add_argument("--languages", default="", help="only these, with commas")
    parser.add_argument(
        "--show",
        type=int,
        default=0,
        metavar="N",
        help="print faults, one of a kind and file with their number: N of a language and tree",
    )
    parser.add_argument("--output", help="write the figures as JSON")
    arguments = parser.parse_args()
    options = ChunkOptions(max_tokens=arguments.cap, boundaries="structure", encoding=arguments.encoding)
    languages = set(filter(None, arguments.languages.split(","))) or GRAMMARS.keys() - NO_CODE
    if unknown := languages - GRAMMARS.keys():
        parser.error(f"no grammar for: {', '.join(sorted(unknown))}")
    sums: defaultdict[str, Counter[str]] = defaultdict(Counter)
    corpora = []
    for tree in arguments.trees:
        corpus = Corpus(Path(tree).resolve().name)
        corpora.append(corpus)
        files = find_files(tree, arguments.largest, corpus, languages)
        random.Random(1).shuffle(files)
        taken: Counter[str] = Counter()
        faults: defaultdict[str, list[str]] = defaultdict(list)
        for language, path in files:
            if taken[language] >= arguments.files:
                continue
            data = Path(path).read_bytes()
            try:
                truth = truth_of(data, language)
            except NoSyntax as reason:
                corpus.skipped[str(reason)] += 1
                continue
            taken[language] += 1
            corpus.files += 1
            corpus.bytes += len(data)
            sums[language].update(
                judge(chunk_text(data, language=language, options=options), truth, path, faults[language])
            )
        for own in faults.values():
            random.Random(1).shuffle(own)
            kinds = {fault.partition(":")[0]: fault for fault in own}
            counts = Counter(fault.partition(":")[0] for fault in own)
            for kind, count in counts.most_common(arguments.show):
                print(f"{count}\t{kinds[kind]}")
        print(f"{corpus.name}: {corpus.files} files, {dict(corpus.skipped)} left out", file=sys.stderr)
    sums["all"] = sum(sums.values(), Counter())
    rows = [row_of(language, own) for language, own in sums.items() if own["defined"] or own["guessed"]]
    rows.sort(key=lambda row: (row["language"] == "all", row["language"]))
    _print(rows)
    if arguments.output:
        document = {
            "schema": "exosuit.eval_names/1",
            "versions": {name: version_of(name) for name in PACKAGES},
            "cap": arguments.cap,
            "encoding": arguments.encoding,
            "files_of_a_language_and_tree": arguments.files,
            "corpora": [{"tree": c.name, "files": c.files, "bytes": c.bytes, "skipped": c.skipped} for c in corpora],
        }
        table = ",\n  ".join(json.dumps(row) for row in rows)
        Path(arguments.output).write_text(f'{json.dumps(document, indent=1)[:-2]},\n "table": [\n  {table}\n ]\n}}\n')


def _print(rows: list[dict[str, Any]]) -> None:
    shown = Table(box=None, pad_edge=False)
    for place, title in enumerate(["language", "files", "definitions", "chunks", *COLUMNS]):
        shown.add_column(title, justify="left" if place == 0 else "right")
    for row in rows:
        sums = [row["sums"].get(name, 0) for name in ("files", "shared", "symbols")]
        shares = [row["shares"].get(title) for title in COLUMNS]
        cells = ["" if share is None else f"{share:.1%}" for share in shares]
        shown.add_row(row["language"], *(f"{each:,}" for each in sums), *cells)
    Console(width=None if sys.stdout.isatty() else 200).print(shown)


if __name__ == "__main__":
    main()
