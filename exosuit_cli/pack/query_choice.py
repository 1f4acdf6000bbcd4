"""Which pieces of which files fit a budget: each file's block is made and counted anew with every piece it gets."""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import field
from typing import TYPE_CHECKING, Final

from exosuit_cli.model.dataclass import dataclass
from exosuit_cli.pack.blocks import numbered
from exosuit_cli.pack.detail import Detail
from exosuit_cli.pack.excerpts import Excerpt, Part, excerpt_block
from exosuit_cli.pack.forms import FORMS, Piece
from exosuit_cli.search.definitions import definitions_in

if TYPE_CHECKING:
    from collections.abc import Sequence

    from exosuit_cli.pack.leaning import Span
    from exosuit_cli.pack.options import PackOptions
    from exosuit_cli.pack.output import CountBatch
    from exosuit_cli.pack.source_text import SourceText

_SMALL_GAP: Final = 120
"""Bytes of a gap that is filled: its mark would be no shorter."""
_WHOLE_SHARE: Final = 0.8
"""A file of which pieces have more than this share is taken whole."""
_LONGEST_NAME: Final = 40
_NAMED: Final = 4
"""Names of what a gap defines that its mark has."""
_LOOKED_AT: Final = 100
"""Lines of a gap in which names are looked for."""


@dataclass(slots=True)
class ChosenFile:
    """A file with what is chosen of it: its `spans` in order, apart, and the block made of them.

    `why` has for each span that was asked for why it is there.
    """

    source: SourceText
    spans: tuple[tuple[int, int], ...]
    block: bytes
    tokens: int
    detail: Detail
    protected: int
    why: list[Span] = field(default_factory=list)

    def holds(self, span: Span) -> bool:
        """Whether a span is in it already."""
        place = bisect_right(self.spans, span.start, key=_start) - 1
        return place >= 0 and span.end <= self.spans[place][1]


def _start(span: tuple[int, int]) -> int:
    return span[0]


class QueryChoice:
    """Files with their pieces, in the order in which they were chosen. `left`: tokens that are not spent.

    `opening` is what any block's opening takes at most.
    """

    def __init__(self, options: PackOptions, count: CountBatch, left: int, opening: int) -> None:
        self.files: dict[int, ChosenFile] = {}
        self.left = left
        self._options = options
        self._count = count
        self._opening = opening

    def add(self, source: SourceText, spans: Sequence[Span], *, reserve: int = 0) -> bool:
        """Add these spans of a file, if what is left then is `reserve` or more; whether they are there now."""
        known = self.files.get(source.file.id)
        wanted = [span for span in spans if span.start < span.end and (known is None or not known.holds(span))]
        if not wanted:
            return known is not None
        merged = self._merged(source, [*(known.spans if known else ()), *((each.start, each.end) for each in wanted)])
        made = self._made(source, merged)
        cost = made.tokens + (0 if known else self._opening) - (known.tokens if known else 0)
        if cost > self.left - reserve:
            return False
        made.why = [*(known.why if known else ()), *wanted]
        self.files[source.file.id] = made
        self.left -= cost
        return True

    def add_each(self, places: Sequence[tuple[SourceText, Sequence[Span]]], most_misses: int) -> list[bool]:
        """Add places in their order as far as they fit, until more than `most_misses` did not; whether each is there.

        Places of a file that are next to each other are added together, twice as many each time as long as they fit:
        the block of the file is made a few times only, however many places there are.
        """
        is_there: list[bool] = []
        together, misses = 1, 0
        while len(is_there) < len(places) and misses <= most_misses:
            at = len(is_there)
            source = places[at][0]
            stop = at + 1
            while stop < min(at + together, len(places)) and places[stop][0] is source:
                stop += 1
            if self.add(source, [span for _, spans in places[at:stop] for span in spans]):
                is_there += [True] * (stop - at)
                together = 2 * (stop - at)
            elif stop > at + 1:
                together = (stop - at) // 2
            else:
                is_there.append(False)
                misses += 1
        return is_there + [False] * (len(places) - len(is_there))

    def add_short(self, source: SourceText, detail: Detail, span: Span) -> bool:
        """Add a whole file at less detail; one that has no outline is there with its path only."""
        from exosuit_cli.pack.outline import outline, signatures

        whole = self._stripped(source.text)
        text = signatures(whole, source.language) if detail is Detail.SIGNATURES else None
        if text is None and detail is not Detail.PATH:
            detail, text = Detail.OUTLINE, outline(whole, source.language)
        is_path = text is None
        made = self._whole(source, text, detail) if text is not None else ChosenFile(source, (), b"", 0, Detail.PATH, 0)
        cost = made.tokens + (self._opening if not is_path else self._count([source.path + b"\n"])[0])
        if cost > self.left:
            return False
        made.why.append(span)
        self.files[source.file.id] = made
        self.left -= cost
        return True

    def _merged(self, source: SourceText, spans: Sequence[tuple[int, int]]) -> tuple[tuple[int, int], ...]:
        """The spans in order, those that overlap or have next to nothing between them as one."""
        merged: list[tuple[int, int]] = []
        for start, end in sorted(spans):
            if merged and (start <= merged[-1][1] or self._is_small(source.text[merged[-1][1] : start])):
                merged[-1] = (merged[-1][0], max(end, merged[-1][1]))
            else:
                merged.append((start, end))
        size = len(source.text)
        if merged and self._is_small(source.text[: merged[0][0]]):
            merged[0] = (0, merged[0][1])
        if merged and self._is_small(source.text[merged[-1][1] :]):
            merged[-1] = (merged[-1][0], size)
        if sum(end - start for start, end in merged) > _WHOLE_SHARE * size:
            return ((0, size),)
        return tuple(merged)

    @staticmethod
    def _is_small(gap: bytes) -> bool:
        return not gap.strip() or (len(gap) < _SMALL_GAP and gap.count(b"\n") <= 2)

    def name_gaps(self) -> None:
        """Say of gaps what they define, file by file, as far as that fits."""
        for number, chosen in self.files.items():
            if chosen.detail is Detail.PIECES and len(chosen.spans) > 1:
                made = self._made(chosen.source, chosen.spans, names_gaps=True)
                if made.tokens - chosen.tokens <= self.left:
                    self.left -= made.tokens - chosen.tokens
                    made.why = chosen.why
                    self.files[number] = made

    def _made(self, source: SourceText, spans: tuple[tuple[int, int], ...], *, names_gaps: bool = False) -> ChosenFile:
        if spans == ((0, len(source.text)),):
            return self._whole(source, self._shown(source.text, 1), Detail.FULL)
        parts: list[Part] = []
        before = 0
        for start, end in spans:
            first, last = source.line_at(start), source.line_at(end - 1)
            is_cut = start != source.starts[first - 1] or end != source.starts[last]
            names = self._names_of(source, before, start) if parts and names_gaps else ()
            parts.append(Part(first, last, self._shown(source.text[start:end], first), is_cut, names))
            before = end
        excerpt = Excerpt(source.path, source.language, source.lines, tuple(parts))
        block, places = excerpt_block(excerpt, self._options.format)
        return ChosenFile(source, spans, block, self._count([block])[0], Detail.PIECES, places)

    def _whole(self, source: SourceText, text: bytes, detail: Detail) -> ChosenFile:
        form = FORMS[self._options.format]
        shown, places = form.protected(text)
        before, after = form.around(Piece(source.path, source.language, detail), shown)
        block = b"".join((before, shown, after))
        spans = ((0, len(source.text)),)
        return ChosenFile(source, spans, block, self._count([block])[0], detail, places)

    def _stripped(self, text: bytes) -> bytes:
        if not self._options.strip:
            return text
        from exosuit_cli.pack.strip import strip

        return strip(text, self._options.strip)

    def _shown(self, text: bytes, first: int) -> bytes:
        text = self._stripped(text)
        return numbered(text, first) if self._options.line_numbers else text

    @staticmethod
    def _names_of(source: SourceText, start: int, end: int) -> tuple[str, ...]:
        """What the text of a gap defines, near its beginning."""
        last = source.starts[min(source.line_at(start) + _LOOKED_AT, source.lines)]
        found = definitions_in(source.lines_in(start, min(end, last)), 1, source.file.language)
        names = list(dict.fromkeys(each.name for each in found if len(each.name) <= _LONGEST_NAME))
        return tuple(names[:_NAMED]) + (("...",) if len(names) > _NAMED or (names and end > last) else ())
