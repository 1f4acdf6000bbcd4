"""The tags of HTML, Vue, Svelte and the templates of such, as columns, with how many elements each is in.

Most tags are found by array operations over the marks of a text; only comments, scripts, and tags with an apostrophe or
a brace in them are matched one by one.
"""

from __future__ import annotations

import re
from functools import cache
from typing import TYPE_CHECKING, Final, NamedTuple

import numpy as np

from exosuit_cli.model.byte_sets import byte_set
from exosuit_cli.model.dataclass import dataclass
from exosuit_cli.structure.costs import ATTACHED, CONTINUED
from exosuit_cli.structure.documents.element_depths import element_depths
from exosuit_cli.structure.documents.element_names import (
    CODE,
    ENDS_OTHERS,
    HEADING,
    KEY_BYTES,
    RAW,
    TITLE,
    VOID,
    flags_of,
    key_of,
)
from exosuit_cli.structure.documents.prose_lines import following, leading

if TYPE_CHECKING:
    import numpy.typing as npt

_OPEN, _CLOSED = 1, 2
"""Comments that nothing closes, and the others."""
_BRACES: Final = rb"\{[^{}]{0,500}+(?>(?:\{[^{}]{0,500}+\}[^{}]{0,500}+){0,20})\}"
_TAG: Final = re.compile(
    rb"<(?:(!--)|(/?)([A-Za-z!][\w:.-]*+)"
    rb"(?>(?:[^<>\"'{}]{1,2000}+|\"[^\"]{0,2000}+\"|'[^']{0,2000}+'|" + _BRACES + rb"|[\"'{}]){0,300})>)"
)
"""A comment's first mark, or a whole tag; quotation marks and braces without a partner stand for themselves."""
_NAME: Final = re.compile(rb"[\w:.!-]*")
_LONGEST: Final = 2000
"""Bytes of a tag that is found without being matched."""
_MOST_QUOTES: Final = 200
_LESS, _GREATER, _SLASH, _BANG, _DASH, _QUOTE = b'<>/!-"'
_IS_MARK: Final = byte_set(b"<>\"'{}")
_IS_OTHER: Final = byte_set(b"'{}")
_BEGINS_NAME: Final = byte_set(b"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ!")
_IN_NAME: Final = _BEGINS_NAME | byte_set(b"0123456789_:.-")
_IN_NAME[_BANG] = False
_MASKS: Final = np.array([(1 << 8 * size) - 1 for size in range(KEY_BYTES + 1)], np.uint64)
_SMALL: Final = np.arange(256, dtype=np.uint8)
_SMALL[ord("A") : ord("Z") + 1] += 32


class Raw(NamedTuple):
    """What is taken as it is: its first byte, the byte after it, its depth, and whether it is code."""

    first: int
    stop: int
    depth: int
    is_code: bool


@dataclass(frozen=True, slots=True)
class Tags:
    """The n tags and comments of some texts in order, as aligned columns; each text begins with an entry that is none.

    starts, ends: int64[n], byte offsets; what has no tags in it counts as part of the tag before. own, after: int64[n],
    the depth that a tag stands at, and that of what follows it. closes, is_tag, is_title: bool[n]. leads: int64[n], 0
    for none; else what follows the tag belongs to it, as a cost. raw: what is taken as it is, in order.
    """

    starts: npt.NDArray[np.int64]
    ends: npt.NDArray[np.int64]
    own: npt.NDArray[np.int64]
    after: npt.NDArray[np.int64]
    closes: npt.NDArray[np.bool_]
    is_tag: npt.NDArray[np.bool_]
    is_title: npt.NDArray[np.bool_]
    leads: npt.NDArray[np.int64]
    raw: list[Raw]


def element_tags(data: bytes, begins: npt.NDArray[np.int64], stops: npt.NDArray[np.int64]) -> Tags:
    """The tags of the texts from some bytes up to others. Time: linear in the texts."""
    return _Tags(data, begins, stops).run()


class _Tags:
    def __init__(self, data: bytes, begins: npt.NDArray[np.int64], stops: npt.NDArray[np.int64]) -> None:
        self._data = data
        self._begins, self._stops = begins, stops
        self._bytes = np.frombuffer(data + bytes(KEY_BYTES + 2), np.uint8)
        """With some more at the end, so that a name may be read anywhere."""

    def _candidates(self) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
        """Where tags or comments may begin, and the byte after each; -1 for what is to be matched."""
        text = self._bytes
        marks = np.flatnonzero(_IS_MARK.take(text))
        bytes_of = text[marks]
        is_less = bytes_of == _LESS
        second, third = text[marks + 1], text[marks + 2]
        places = np.flatnonzero(is_less & (_BEGINS_NAME.take(second) | ((second == _SLASH) & _BEGINS_NAME.take(third))))
        quotes = np.append(0, np.cumsum(bytes_of == _QUOTE))
        is_other, is_odd = _IS_OTHER.take(bytes_of), (quotes[1:] & 1).astype(np.bool_)
        others = np.append(0, np.cumsum(is_other))
        odd_others = np.append(0, np.cumsum(is_other & is_odd))
        closer = np.append(following(bytes_of == _GREATER), len(marks))[places]
        opener = np.append(following(is_less), len(marks))[places + 1]
        starts = marks[places]
        ends = np.append(marks, len(text))[closer]
        stops = self._stops[np.searchsorted(self._begins, starts, "right") - 1]
        nearest = np.minimum(closer, opener)
        within = quotes[nearest] - quotes[places]
        inside = odd_others[nearest] - odd_others[places]
        total = others[nearest] - others[places]
        # What is between quotation marks counts for nothing.
        is_easy = np.where(quotes[places] & 1, inside, total - inside) == 0
        is_whole = is_easy & (closer < opener) & (within % 2 == 0) & (within <= _MOST_QUOTES)
        is_whole &= (ends - starts < _LONGEST) & (ends < stops)
        is_whole &= ~((second[places] == _BANG) & (third[places] == _DASH))
        is_none = (total == 0) & (within == 0) & (opener < closer) & (second[places] != _BANG)
        found = np.where(is_whole, ends + 1, -1)
        return starts[~is_none], found[~is_none]

    def run(self) -> Tags:
        """The tags: those that may be, without what is within comments and scripts; then their depths."""
        starts, ends = self._candidates()
        is_close = self._bytes[starts + 1] == _SLASH
        names, long = self._names(starts + 1 + is_close)
        flags = flags_of(names)
        is_raw = ~is_close & ((flags & RAW) > 0)
        is_self_closed = self._bytes[np.maximum(ends, 2) - 2] == _SLASH
        special = np.flatnonzero((ends < 0) | (is_raw & ~is_self_closed))
        is_kept, is_comment, raw = self._match(starts, ends, is_raw, special)
        # Each text with a tag begins with an entry that is none.
        places = np.flatnonzero(is_kept)
        texts = np.unique(np.searchsorted(self._begins, starts[places], "right") - 1)
        firsts = np.searchsorted(starts[places], self._begins[texts])
        places = np.insert(places, firsts, -1)
        is_tag = places >= 0
        at = np.zeros(len(is_kept) + 1, np.int64)
        at[places] = np.arange(len(places))
        starts, ends = starts[places], ends[places]
        starts[~is_tag] = ends[~is_tag] = self._begins[texts]
        names, comments = names[places], np.where(is_tag, is_comment[places], 0)
        is_open = is_tag & ~is_close[places] & (comments == 0)
        is_close = is_tag & is_close[places] & (comments == 0)
        flags = np.where(comments > 0, 0, flags[places])
        pushes = is_open & ((flags & (VOID | RAW)) == 0) & (self._bytes[ends - 2] != _SLASH)
        long_places = np.fromiter(long, np.int64, len(long))
        is_own = is_kept[long_places] & (is_comment[long_places] == 0)
        own_long = {
            place: name
            for place, name, own in zip(at[long_places].tolist(), long.values(), is_own.tolist(), strict=True)
            if own
        }
        ends_others = is_open & ((flags & ENDS_OTHERS) > 0)
        own, after = element_depths(names, own_long, is_tag & (comments == 0), is_close, pushes, ends_others, ~is_tag)
        leads = np.where(is_close & ((flags & HEADING) > 0), CONTINUED, 0)
        leads[comments == _CLOSED] = ATTACHED
        return Tags(
            starts=starts,
            ends=ends,
            own=own,
            after=after,
            closes=is_close,
            is_tag=is_tag,
            is_title=is_open & ((flags & TITLE) > 0),
            leads=leads,
            raw=[Raw(first, stop, int(own[at[place]]), is_code) for first, stop, place, is_code in raw],
        )

    def _names(self, at: npt.NDArray[np.int64]) -> tuple[npt.NDArray[np.uint64], dict[int, bytes]]:
        """The names that begin at some bytes, as numbers; and those of more than eight bytes, which are 0 there."""
        windows = self._bytes[at[:, None] + np.arange(KEY_BYTES + 1)]
        sizes = 1 + leading(_IN_NAME.take(windows[:, 1:]))
        small = np.ascontiguousarray(_SMALL.take(windows[:, :KEY_BYTES])).astype(np.uint8)
        numbers = small.view("<u8").reshape(-1).astype(np.uint64) & _MASKS[np.minimum(sizes, KEY_BYTES)]
        places = np.flatnonzero(sizes > KEY_BYTES)
        numbers[places] = 0
        found = [_NAME.match(self._data, start) for start in at[places].tolist()]
        names = [name[0].lower() if name is not None else b"" for name in found]
        long = dict(zip(places.tolist(), names, strict=True))
        return numbers, long

    def _match(
        self,
        starts: npt.NDArray[np.int64],
        ends: npt.NDArray[np.int64],
        is_raw: npt.NDArray[np.bool_],
        special: npt.NDArray[np.int64],
    ) -> tuple[npt.NDArray[np.bool_], npt.NDArray[np.uint8], list[tuple[int, int, int, bool]]]:
        """Match what may begin a comment, a script or a tag that is not sure, and enter its end.

        bool[n], the tags and comments; uint8[n], 0 but for comments; and what is taken as it is: its first byte, the
        byte after it, the tag, and whether it is code.
        """
        data = self._data
        is_kept, comments = np.ones(len(starts), np.bool_), np.zeros(len(starts), np.uint8)
        raw: list[tuple[int, int, int, bool]] = []
        firsts: list[int] = []
        stops: list[int] = []
        texts = np.searchsorted(self._begins, starts[special], "right") - 1
        missing: set[bytes] = set()
        until, last = 0, -1
        rows = (special, starts[special], ends[special], self._stops[texts], is_raw[special], texts)
        for place, start, known, stop, has_raw, text in zip(*(row.tolist() for row in rows), strict=True):
            if text != last:
                last = text
                missing.clear()
            if start < until:
                continue
            end, name = known, b""
            if end < 0:
                found = _TAG.match(data, start, stop)
                if found is None:
                    is_kept[place] = False
                    continue
                end = found.end()
                if found[1]:
                    comments[place], has_raw = _OPEN, False
                    closer = -1 if b"--" in missing else data.find(b"-->", end, stop)
                    if closer < 0:
                        missing.add(b"--")
                    else:
                        comments[place] = _CLOSED
                        raw.append((end, closer, place, False))
                        end = closer + 3
            if has_raw and data[end - 2] != _SLASH:
                named = _NAME.match(data, start + 1)
                name = named[0].lower() if named is not None else b""
                closing = None if name in missing else _closing(name).search(data, end, stop)
                if closing is None:
                    missing.add(name)
                else:
                    raw.append((end, closing.start(), place, key_of(name) in CODE))
                    end = closing.end()
            ends[place] = until = end
            firsts.append(start)
            stops.append(end)
        for first, stop in zip(
            np.searchsorted(starts, firsts, "right").tolist(), np.searchsorted(starts, stops).tolist(), strict=True
        ):
            is_kept[first:stop] = False
        return is_kept, comments, raw


@cache
def _closing(name: bytes) -> re.Pattern[bytes]:
    """What ends an element that holds no tags."""
    return re.compile(b"</" + re.escape(name) + rb"(?=[\s/>])[^>]{0,200}>", re.IGNORECASE)
