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
from bisect import bisect_left, bisect_right
from collections import Counter, defaultdict
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from chunk_methods import METHODS, PACKAGES, Corpus, Cuts, find_files, load_method
from chunk_nodes import DEFINITIONS
from chunk_tags import TAGGED, tag_facts
from chunk_trees import Definition, Facts, ink, last_part, line_starts, tree_facts
from paired_runs import version_of
from rich.console import Console
from rich.table import Table

from exosuit_cli.tokens import load_counter

Count = Callable[[bytes], int]
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


@dataclass
class Source:
    """A text with what should hold together in it.

    `fitting`: definitions as byte spans that fit the cap; `starts`: the offsets at which one may well begin; `led`:
    from the first byte of what leads in to a definition, which should stay with it, to its own.
    """

    language: str
    data: bytes
    facts: Facts
    lines: list[int]
    fitting: list[tuple[int, int]] = field(default_factory=list)
    strings: list[tuple[int, int]] = field(default_factory=list)
    comments: list[tuple[int, int]] = field(default_factory=list)
    starts: set[int] = field(default_factory=set)
    led: set[tuple[int, int]] = field(default_factory=set)

    def rows(self, start: int, end: int) -> tuple[int, int]:
        """The first and the last line, from 0, of a span."""
        return bisect_right(self.lines, start) - 1, bisect_right(self.lines, end - 1) - 1

    def of_rows(self, first: int, last: int) -> bytes:
        """The bytes of whole lines."""
        return self.data[self.lines[first] : self.lines[last + 1]]


def read_source(language: str, data: bytes, count: Count, cap: int) -> Source | str:
    """A text and its facts, or why it is left out."""
    try:
        data.decode()
    except UnicodeDecodeError:
        return "not UTF-8"
    facts = tree_facts(language, data) if language in DEFINITIONS else tag_facts(language, data)
    if facts is None:
        return "syntax errors"
    source = Source(language, data, facts, line_starts(data))

    def fit(spans: list[tuple[int, int]]) -> list[tuple[int, int]]:
        return [span for span in spans if count(source.of_rows(*source.rows(*span))) <= cap]

    source.strings, source.comments = fit(facts.strings), fit(facts.comments)
    for definition in facts.definitions:
        _enter(source, definition, count, cap)
    return source


def _enter(source: Source, definition: Definition, count: Count, cap: int) -> None:
    first, last = source.rows(definition.start, definition.end)
    own = source.rows(definition.own, definition.end)[0]
    fits = count(source.of_rows(first, last)) <= cap
    if fits and definition.has_end:
        source.fitting.append((definition.start, definition.end))
    source.starts.add(ink(source.data, source.lines[first]))
    while first and first - 1 in source.facts.leads:
        first -= 1
    start = ink(source.data, source.lines[first])
    source.starts.add(start)
    # What should hold together: all of it where the definition fits, else what leads in and the first line.
    if first < own and count(source.of_rows(first, own if definition.has_end and not fits else last)) <= cap:
        source.led.add((start, ink(source.data, source.lines[own])))


def judge(source: Source, cuts: Cuts, count: Count, cap: int) -> Counter[str]:
    """Compare the places where chunks begin with what should hold together; the sums of one file."""
    data = source.data
    ends = [*cuts.starts[1:], len(data)]
    sizes = [count(data[start:end]) for start, end in zip(cuts.starts, ends, strict=True)]
    inked = [ink(data, start) for start in cuts.starts]
    begins = sorted(inked)

    def cut(spans: list[tuple[int, int]]) -> int:
        return sum(bisect_left(begins, end) > bisect_right(begins, start) for start, end in spans)

    sums = Counter(
        files=1,
        definitions=len(source.facts.definitions),
        fitting=len(source.fitting),
        cut=cut(source.fitting),
        led=len(source.led),
        torn=sum(bisect_right(begins, own) > bisect_right(begins, start) for start, own in source.led),
        strings=len(source.strings),
        strings_cut=cut(source.strings),
        comments=len(source.comments),
        comments_cut=cut(source.comments),
        chunks=len(sizes),
        inner_chunks=len(sizes) - 1,
        well_begun=sum(offset in source.starts for offset in inked[1:]),
        tokens=sum(sizes),
        over_cap=sum(size > cap for size in sizes),
        crumbs=_crumbs(data, cuts.starts, ends, sizes, cap),
        no_syntax=cuts.fallback is not None,
    )
    if source.facts.headings:
        ended = {start + len(data[start:end].rstrip()) for start, end in zip(cuts.starts[:-1], ends[:-1], strict=True)}
        sums["with_headings"] = len(sizes) - 1
        sums["heading_last"] = len(ended & {end for _, end in source.facts.headings})
    if cuts.symbols is not None:
        named = [each for each in source.facts.definitions if each.name]
        names = [{last_part(name) for name in own} for own in cuts.symbols]
        sums["named"] = len(named)
        sums["found"] = sum(each.name in names[bisect_right(cuts.starts, each.own) - 1] for each in named)
    return sums


def _crumbs(data: bytes, starts: list[int], ends: list[int], sizes: list[int], cap: int) -> int:
    least = min(64, cap // 8)
    found = 0
    for place, own in enumerate(sizes):
        others = sizes[max(place - 1, 0) : place] + sizes[place + 1 : place + 2]
        is_small = own < least and any(own + other <= cap for other in others)
        found += is_small or (len(sizes) > 1 and not data[starts[place] : ends[place]].strip())
    return found


def row_of(language: str, method: str, sums: Counter[str], cap: int) -> dict[str, Any]:
    """The sums of one language under one method, and the shares of `COLUMNS`."""
    shares = {title: sums[part] / sums[whole] for title, (part, whole) in COLUMNS.items() if sums[whole]}
    if method != "ast":
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
    parser.add_argument("--markdown", action="store_true", help="print the table as Markdown")
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
        table += json.loads(Path(arguments.beside).read_text())["table"]
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
        for cells in [titles, ["---", "---", *["---:"] * (len(titles) - 2)], *rows]:
            print(f"| {' | '.join(cells)} |")
        return
    shown = Table(box=None, pad_edge=False)
    for place, title in enumerate(titles):
        shown.add_column(title, justify="left" if place < 2 else "right")
    for cells in rows:
        shown.add_row(*cells)
    Console(width=None if sys.stdout.isatty() else 200).print(shown)


def _cell(row: dict[str, Any], title: str) -> str:
    share = row["shares"].get(title)
    if share is None:
        return ""
    whole = row["sums"].get(COLUMNS[title][1], 0)
    return f"{share:.2%} of {whole:,}" if title in ("definitions cut", "torn", "strings cut") else f"{share:.1%}"


if __name__ == "__main__":
    main()
