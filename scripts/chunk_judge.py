"""What should hold together in a text, and what became of it: the sums of `eval_chunks.py` for one file."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from chunk_nodes import DEFINITIONS
from chunk_tags import tag_facts
from chunk_trees import Definition, Facts, ink, last_part, line_starts, tree_facts

if TYPE_CHECKING:
    from chunk_methods import Cuts

Count = Callable[[bytes], int]


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
