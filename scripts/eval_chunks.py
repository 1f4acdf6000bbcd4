"""Measure where chunkers cut, and what their chunks are found by, in many languages.

    python scripts/eval_chunks.py TREE... [--cap 512] [--encoding o200k_base] [--methods structure,ast,...]
        [--files 25] [--label before] [--beside BEFORE.json] [--output FILE.json] [--markdown]

The oracles are the grammars of tree-sitter-language-pack (`chunk_trees`), and ctags with Pygments where these are not
sound (`chunk_tags`). A file that an oracle makes too little of is left out, and counted. All methods cut the same files
at the same cap, in tokens of the same exact counter. Of each language and tree, `--files` are taken in a fixed random
order.

    cut         of the definitions that fit the cap, taken in whole lines, those that a chunk begins within
    torn        of the definitions with comments or attributes on the lines right above, those that a chunk begins after
                these or within them; where the definition fits the cap, but not with them, that is no fault
    strings     of the strings over several lines that fit the cap, those that a chunk begins within
    comments    of the comments over several lines that fit the cap, those that a chunk begins within
    findable    of the definitions with a name, those that the chunk in which they begin names among its symbols
    crumbs      chunks below an eighth of the cap, at most 64 tokens, beside a neighbour that has room for them, and
                blank ones
    last        of the chunks that end within a text, those whose last line is a heading
    no syntax   of the files, those that `ast` cut by other means
    well begun  of the chunks, the first of a file aside, those that begin at a definition or a section, or at the
                comments and attributes on the lines right above it
    fill        mean of tokens / cap over the chunks
    over cap    chunks with more tokens than the cap
"""

from __future__ import annotations

import argparse
import json
import random
import sys
from collections import Counter, defaultdict
from pathlib import Path
from typing import Any

from chunk_judge import Source, judge, read_source
from chunk_methods import METHODS, PACKAGES, Corpus, Cuts, find_files, load_method
from chunk_nodes import DEFINITIONS
from chunk_tags import TAGGED
from chunk_trees import ink
from paired_runs import version_of
from rich.console import Console
from rich.table import Table

from exosuit_cli.tokens import load_counter

COLUMNS = {
    "definitions cut": ("cut", "fitting"),
    "torn": ("torn", "led"),
    "strings cut": ("strings_cut", "strings"),
    "comments cut": ("comments_cut", "comments"),
    "findable": ("found", "named"),
    "crumbs": ("crumbs", "chunks"),
    "heading last": ("heading_last", "with_headings"),
    "no syntax": ("no_syntax", "files"),
    "well begun": ("well_begun", "inner_chunks"),
    "over cap": ("over_cap", "chunks"),
}
"""By title: the part and the whole of each share, as the sums name them."""


def row_of(language: str, method: str, sums: Counter[str], cap: int) -> dict[str, Any]:
    """The sums of one language under one method, and the shares of `COLUMNS`."""
    shares = {title: sums[part] / sums[whole] for title, (part, whole) in COLUMNS.items() if sums[whole]}
    if not method.startswith("ast"):
        shares.pop("no syntax", None)
    fill = sums["tokens"] / sums["chunks"] / cap if sums["chunks"] else None
    return {"language": language, "method": method, "sums": dict(sums), "shares": shares, "fill": fill}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("trees", nargs="+", metavar="TREE")
    parser.add_argument("--cap", type=int, default=512, help="the most tokens of a chunk")
    parser.add_argument("--encoding", default="o200k_base")
    parser.add_argument("--methods", default=",".join(METHODS), help="some of the default, with commas")
    parser.add_argument("--files", type=int, default=25, help="of a language and a tree")
    parser.add_argument("--largest", type=int, default=300_000, help="leave out files of more bytes")
    parser.add_argument("--label", default="", help="what to add to the names of exosuit's methods")
    parser.add_argument("--beside", metavar="FILE.json", help="add the rows of an earlier run")
    parser.add_argument("--show", type=int, default=0, metavar="N", help="print N faults of the first method")
    parser.add_argument("--markdown", action="store_true", help="print the sums and the languages as Markdown")
    parser.add_argument("--output", help="write the figures as JSON")
    arguments = parser.parse_args()
    cap, count = arguments.cap, load_counter(arguments.encoding).count
    wanted = arguments.methods.split(",")
    if unknown := set(wanted) - set(METHODS):
        parser.error(f"unknown methods: {', '.join(sorted(unknown))}")
    methods = {name: load_method(name, arguments.encoding, cap) for name in wanted}
    sums: defaultdict[tuple[str, str], Counter[str]] = defaultdict(Counter)
    corpora = []
    shown = arguments.show
    for tree in arguments.trees:
        corpus = Corpus(Path(tree).resolve().name)
        corpora.append(corpus)
        files = find_files(tree, arguments.largest, corpus, {*DEFINITIONS, *TAGGED})
        random.Random(1).shuffle(files)
        taken: Counter[str] = Counter()
        for language, path in files:
            if taken[language] >= arguments.files:
                continue
            source = read_source(language, Path(path).read_bytes(), count, cap)
            if isinstance(source, str):
                corpus.skipped[source] += 1
                continue
            taken[language] += 1
            corpus.files += 1
            corpus.bytes += len(source.data)
            for name, cut in methods.items():
                if cut is not None and source.data:
                    cuts = cut(language, source.data.decode())
                    sums[language, name].update(judge(source, cuts, count, cap))
                    if shown > 0 and name == wanted[0]:
                        shown -= _show(source, cuts, path)
        print(f"{corpus.name}: {corpus.files} files, {dict(corpus.skipped)} left out", file=sys.stderr)
    for (_, name), own in list(sums.items()):
        sums["all", name].update(own)
    label = f" {arguments.label}" if arguments.label else ""
    table = [
        row_of(language, name + (label if name in METHODS[:3] else ""), own, cap)
        for (language, name), own in sums.items()
    ]
    if arguments.beside:
        earlier = json.loads(Path(arguments.beside).read_text())["table"]
        table += [row_of(row["language"], row["method"], Counter(row["sums"]), cap) for row in earlier]
    order = {name: place for place, name in enumerate(["structure", "ast", "lines", *METHODS[3:]])}
    table.sort(key=lambda row: (row["language"] == "all", row["language"], order.get(row["method"], -1), row["method"]))
    _print(table, markdown=arguments.markdown)
    for name in (name for name, cut in methods.items() if cut is None):
        print(f"{name}: absent")
    if arguments.output:
        document = {
            "schema": "exosuit.eval_chunks/2",
            "versions": {name: version_of(name) for name in PACKAGES},
            "cap": cap,
            "encoding": arguments.encoding,
            "files_of_a_language_and_tree": arguments.files,
            "absent": [name for name, cut in methods.items() if cut is None],
            "corpora": [{"tree": c.name, "files": c.files, "bytes": c.bytes, "skipped": c.skipped} for c in corpora],
        }
        rows = ",\n  ".join(json.dumps(row) for row in table)
        head = json.dumps(document, indent=1)[:-2]
        Path(arguments.output).write_text(f'{head},\n "table": [\n  {rows}\n ]\n}}\n')


def _show(source: Source, cuts: Cuts, path: str) -> int:
    """Print the lines around the cuts that go through something; their number."""
    begins = [ink(source.data, start) for start in cuts.starts]
    found = 0
    spans = [("definition", each) for each in source.fitting] + [("lead", each) for each in source.led]
    spans += [("string", each) for each in source.strings] + [("comment", each) for each in source.comments]
    for kind, (start, end) in spans:
        for begin in begins:
            if start < begin < end + (kind == "lead"):
                first, last = source.rows(start, end)
                row = source.rows(begin, begin + 1)[0]
                print(f"--- {kind} {path}:{first + 1}-{last + 1} cut before {row + 1}")
                for line in range(max(first, row - 3), min(row + 2, last + 1)):
                    print(f"{'>' if line == row else ' '} {source.of_rows(line, line).decode().rstrip()[:110]}")
                found += 1
                break
    return found


def _print(table: list[dict[str, Any]], *, markdown: bool) -> None:
    titles = ["language", "method", "files", *COLUMNS, "fill"]
    rows = [
        [
            row["language"],
            row["method"],
            f"{row['sums'].get('files', 0):,}",
            *(_cell(row, title) for title in COLUMNS),
            "" if row["fill"] is None else f"{row['fill']:.1%}",
        ]
        for row in table
    ]
    if markdown:
        _print_markdown(["method", *titles[2:]], [cells[1:] for cells in rows if cells[0] == "all"])
        _print_markdown(*_by_language(table))
        return
    shown = Table(box=None, pad_edge=False)
    for place, title in enumerate(titles):
        shown.add_column(title, justify="left" if place < 2 else "right")
    for cells in rows:
        shown.add_row(*cells)
    Console(width=None if sys.stdout.isatty() else 200).print(shown)


def _by_language(table: list[dict[str, Any]]) -> tuple[list[str], list[list[str]]]:
    """The titles and the rows of a table that has what tells most of each language, by some of the methods."""
    shown = [("definitions cut", "structure"), ("definitions cut", "langchain"), ("torn", "structure")]
    shown += [("torn", "semantic-text-splitter"), ("strings cut", "structure"), ("strings cut", "langchain")]
    shown += [("findable", "structure"), ("findable", "ast"), ("no syntax", "ast")]
    methods = list(dict.fromkeys(row["method"] for row in table))
    names = {name: next((each for each in methods if each in (name, f"{name} after")), name) for _, name in shown}
    rows = {(row["language"], row["method"]): row for row in table}
    languages = dict.fromkeys(row["language"] for row in table if row["language"] != "all")
    titles = ["language", "files", *(f"{title}, {method}" for title, method in shown)]
    cells = []
    for language in languages:
        own = [rows.get((language, names[method])) for _, method in shown]
        shares = [None if row is None else row["shares"].get(shown[place][0]) for place, row in enumerate(own)]
        files = next((row["sums"]["files"] for row in own if row is not None), 0)
        cells.append([language, f"{files}", *("" if share is None else f"{share:.1%}" for share in shares)])
    return titles, cells


def _print_markdown(titles: list[str], rows: list[list[str]]) -> None:
    for cells in [titles, ["---", *["---:"] * (len(titles) - 1)], *rows]:
        print(f"| {' | '.join(cells)} |")
    print()


def _cell(row: dict[str, Any], title: str) -> str:
    share = row["shares"].get(title)
    if share is None:
        return ""
    whole = row["sums"].get(COLUMNS[title][1], 0)
    return f"{share:.2%} of {whole:,}" if title in ("definitions cut", "torn", "strings cut") else f"{share:.1%}"


if __name__ == "__main__":
    main()
