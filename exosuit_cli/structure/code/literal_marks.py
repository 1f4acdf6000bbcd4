"""Where marks of literals are: the lines of a slab that have one, and the bytes of these lines side by side."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from exosuit_cli.model.byte_sets import byte_set
from exosuit_cli.model.dataclass import dataclass
from exosuit_cli.model.places import true_places

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from exosuit_cli.languages.literals import Literal
    from exosuit_cli.model.slab import LineColumns, Slab

_PAD = 64
"""Zeros behind all lines: what is read there is no more than that."""
_BACKSLASH = 0x5C
_FEW_BACKSLASHES = 12
"""Backslashes in a row that are counted one by one."""
_BLOCK = 1 << 19
"""Bytes that are searched at once, so that what a search makes stays in the processor's cache."""
_NEAR = 1 << 14
"""Bytes of other files that are searched as well rather than left out: one more search costs as much."""
_PAIR = 2
_ROUND = np.zeros(256, np.int8)
_ROUND[[ord("("), ord(")")]] = 1, -1


@dataclass(frozen=True, slots=True)
class Compact:
    """The bytes of some lines of a slab, with a zero behind each that is no newline: no mark reaches beyond its line.

    text: uint8, those bytes and more zeros. starts: int64[k + 1], where each line starts. marked: int64[k], the lines.
    inks: int64[k], the first byte of each that is no blank. owners: int64[k], the file of each.
    """

    text: npt.NDArray[np.uint8]
    starts: npt.NDArray[np.int64]
    marked: npt.NDArray[np.int64]
    inks: npt.NDArray[np.int64]
    owners: npt.NDArray[np.int64]

    @classmethod
    def of(cls, slab: Slab, lines: LineColumns, marked: npt.NDArray[np.int64]) -> Compact:
        """The lines `marked`, in ascending order."""
        begins = lines.starts[marked]
        sizes = lines.starts[marked + 1] - begins
        owners = np.searchsorted(lines.files, marked, "right")
        # Lines that follow each other in a file are copied as one: newlines are between them.
        is_last = np.ones(len(marked), np.bool_)
        is_last[:-1] = (marked[1:] != marked[:-1] + 1) | (owners[1:] != owners[:-1])
        lasts = np.flatnonzero(is_last)
        firsts = np.append(0, lasts + 1)[: len(lasts)]
        starts = np.append(0, np.cumsum(sizes + is_last))
        data = slab.data.data
        spans = zip(begins[firsts].tolist(), (begins + sizes)[lasts].tolist(), strict=True)
        joined = b"\0".join([data[begin:end] for begin, end in spans])
        text = np.frombuffer(joined + bytes(_PAD + 1), np.uint8)
        return cls(text, starts, marked, lines.inks[marked] - begins + starts[:-1], owners)

    def lines_of(self, places: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
        """The line of each place, by its position in `marked`."""
        found: npt.NDArray[np.int64] = np.searchsorted(self.starts, places, "right") - 1
        return found

    def files_of(self, places: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
        """A number for the file of each place."""
        return self.owners[self.lines_of(places)]

    def places_of(self, lines: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
        """Where the first word of each line of the slab is; they are among `marked`."""
        return self.inks[np.searchsorted(self.marked, lines)]

    def candidates(self, literals: Sequence[Literal]) -> npt.NDArray[np.int64]:
        """The places of all first bytes of marks."""
        table = byte_set(mark[0] for each in literals for mark in (each.opens, each.closes) if mark)
        return true_places(table.take(self.text[: self.starts[-1]]))

    def with_mark(
        self, places: npt.NDArray[np.int64], rows: npt.NDArray[np.int64], mark: bytes
    ) -> npt.NDArray[np.int64]:
        """Those of the rows of `places` that a mark is at."""
        for offset, byte in enumerate(mark):
            rows = rows[self.text[places[rows] + offset] == byte]
        return rows

    def leaves_open(self, places: npt.NDArray[np.int64]) -> npt.NDArray[np.bool_]:
        """Whether the rest of the line at each place opens more round brackets than it closes."""
        sums = np.cumsum(_ROUND.take(self.text), dtype=np.int64)
        opens: npt.NDArray[np.bool_] = sums[self.starts[self.lines_of(places) + 1] - 1] > sums[places]
        return opens


class Marks:
    """Where the marks of literals over several lines are in some files of a slab: int64, ascending, by mark."""

    def __init__(
        self, slab: Slab, lines: LineColumns, files: npt.NDArray[np.int64], literals: Sequence[Literal]
    ) -> None:
        self._slab = slab
        self._lines = lines
        self._scratch = np.empty((2, _BLOCK + 1), np.bool_)
        self._runs = _runs(slab, files)
        self._is_own = np.zeros(len(slab), np.bool_)
        self._is_own[files] = True
        self._has_all = len(files) == len(slab)
        self.opening: dict[bytes, npt.NDArray[np.int64]] = {}
        self.closing: dict[bytes, npt.NDArray[np.int64]] = {}
        self._of_bytes: dict[int, npt.NDArray[np.int64]] = {}
        """Where some bytes are that several marks have."""
        spanning = [each for each in literals if each.spans_lines]
        begins = Counter(mark[0] for mark in {each.opens for each in spanning})
        self._often_first = {byte for byte, marks in begins.items() if marks > 1}
        # Of a short mark first: a longer one that holds it is found from where that is.
        for mark in sorted({each.opens for each in spanning}, key=lambda mark: (len(mark), mark)):
            pair = next((each.closes for each in spanning if each.opens == mark and each.closes == mark[::-1]), b"")
            if len(mark) == _PAIR and pair != mark and pair:
                self.opening[mark], self.closing[pair] = self._pairs(mark)
            else:
                self.opening[mark] = self._places(mark)
        closing = {each.closes for each in spanning if len(self.opening[each.opens])} - self.opening.keys() - {b""}
        self.closing = {mark: self.closing[mark] if mark in self.closing else self._places(mark) for mark in closing}

    def lines(self, files: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
        """The lines of these files that have a mark, ascending."""
        is_marked = np.zeros(len(self._lines.indents), np.bool_)
        for places in (*self.opening.values(), *self.closing.values()):
            is_marked[np.searchsorted(self._lines.starts, places, "right") - 1] = True
        return self._of_files(np.flatnonzero(is_marked), files)

    def lines_with(self, mark: bytes, files: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
        """The lines of these files that have an opening mark, ascending."""
        found = np.searchsorted(self._lines.starts, self.opening[mark], "right") - 1
        return self._of_files(np.unique(found), files)

    def _of_files(self, marked: npt.NDArray[np.int64], files: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
        is_own = np.zeros(len(self._slab), np.bool_)
        is_own[files] = True
        return marked[is_own[np.searchsorted(self._lines.files, marked, "right") - 1]]

    def owners(self, places: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
        """The file of each place."""
        found: npt.NDArray[np.int64] = np.searchsorted(self._slab.offsets, places, "right") - 1
        return found

    def _places(self, mark: bytes) -> npt.NDArray[np.int64]:
        data, size = self._slab.data, len(mark)
        if size > 1 and mark[0] in self._often_first and not self._of_bytes.keys() & set(mark):
            self._places(mark[:1])
        for before, byte in enumerate(mark):
            known = self._of_bytes.get(byte)
            if known is not None:
                places = known - before
                places = places[(places >= 0) & (places + size <= len(data))]
                for offset, other in enumerate(mark):
                    places = places[data[places + offset] == other]
                return self._whole(places, size)
        found = []
        for begin, last in self._blocks(size):
            is_there, is_next = self._scratch[:, : last - begin]
            np.equal(data[begin:last], mark[0], out=is_there)
            for offset, byte in enumerate(mark[1:], 1):
                np.equal(data[begin + offset : last + offset], byte, out=is_next)
                is_there &= is_next
            if is_there.any():
                found.append(true_places(is_there) + begin)
        places = self._whole(np.concatenate(found) if found else np.zeros(0, np.int64), size)
        if size == 1:
            self._of_bytes[mark[0]] = places
        return places

    def _pairs(self, mark: bytes) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
        """The places of a mark of two bytes, and those of the mark with the same bytes the other way round."""
        data, found = self._slab.data, [np.zeros(0, np.int64)]
        for begin, last in self._blocks(_PAIR):
            is_first, is_second = self._scratch[:, : last - begin + 1]
            np.equal(data[begin : last + 1], mark[0], out=is_first)
            np.equal(data[begin : last + 1], mark[1], out=is_second)
            is_there = is_first[:-1] & is_second[1:]
            is_there |= is_second[:-1] & is_first[1:]
            if is_there.any():
                found.append(true_places(is_there) + begin)
        places = self._whole(np.concatenate(found), _PAIR)
        opens = data[places] == mark[0]
        return places[opens], places[~opens]

    def _blocks(self, size: int) -> Iterator[tuple[int, int]]:
        """Where marks of `size` bytes may begin: parts of the files that are searched at once."""
        for start, stop in self._runs:
            stop = min(stop, len(self._slab.data) - size + 1)
            for begin in range(start, stop, _BLOCK):
                yield begin, min(begin + _BLOCK, stop)

    def _whole(self, places: npt.NDArray[np.int64], size: int) -> npt.NDArray[np.int64]:
        """Those of the places whose mark is within one file, one of those that are looked at."""
        if size == 1 and self._has_all:
            return places
        owners = self.owners(places)
        ends = self._slab.offsets[owners] + self._slab.lengths[owners]
        return places[self._is_own[owners] & (places + size <= ends)]


def _runs(slab: Slab, files: npt.NDArray[np.int64]) -> list[tuple[int, int]]:
    """The bytes of files, those of near ones together, with what is between."""
    starts = slab.offsets[files]
    stops = starts + slab.lengths[files]
    breaks = np.flatnonzero(starts[1:] - stops[:-1] > _NEAR)
    firsts = starts[np.append(0, breaks + 1)]
    lasts = stops[np.append(breaks, len(stops) - 1)]
    return list(zip(firsts.tolist(), lasts.tolist(), strict=True))


def is_escaped(text: npt.NDArray[np.uint8], places: npt.NDArray[np.int64]) -> npt.NDArray[np.bool_]:
    """Whether an odd number of backslashes is right before each place."""
    escaped = np.zeros(len(places), np.bool_)
    at = np.flatnonzero(text[places - 1] == _BACKSLASH)
    for back in range(2, _FEW_BACKSLASHES):
        if not len(at):
            return escaped
        escaped[at] ^= True
        at = at[text[places[at] - back] == _BACKSLASH]
    if len(at):
        others = np.flatnonzero(text != _BACKSLASH)
        before = np.searchsorted(others, places[at]) - 1
        run = places[at] - 1 - np.where(before >= 0, others[before], -1)
        escaped[at] = run % 2 == 1
    return escaped
