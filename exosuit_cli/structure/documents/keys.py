"""The keys of YAML and JSON that have a block below them, and where each block ends: by indentation, as readers see it.

A list belongs to the key above it, also where its dashes are as far to the left as that. What a key has as a text, as
after `run: |`, holds no keys. Only blocks of some lines count: shorter ones are hardly ever cut. Many short blocks of
one depth are rows of data, and no sections; so is all that a lock file holds.
Source: the YAML specification 1.2, for what begins a block, a text and a comment.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

import numpy as np

from exosuit_cli.model.byte_sets import byte_set
from exosuit_cli.model.dataclass import dataclass
from exosuit_cli.structure.line_view import BYTE, begins_item, word
from exosuit_cli.structure.next_lines import next_not_deeper

if TYPE_CHECKING:
    import numpy.typing as npt

    from exosuit_cli.model.slab import LineColumns, Slab

_LEAST: Final = 4
"""Lines of a block, that of its key aside."""
_MOST_ROWS: Final = 100
_LONGEST_ROW: Final = 12
"""Lines of a block: blocks of one depth that are no longer, on average, are rows where there are more than these."""
_LONGEST: Final = 300
"""Bytes of a line that are looked at."""
_LONGEST_NAME: Final = 100
_MOST_DASHES: Final = 8
_HEAD: Final = 400
_LOCKED: Final = (b"lockfileVersion", b"yarn lockfile", b"locks the dependencies", b"\n__metadata:")
"""In the first bytes of a lock file of npm, pnpm, Yarn or Composer."""
_KEY: Final = re.compile(
    rb"(?:\"(?P<double>(?:[^\"\\]|\\.)*)\"[ \t]*|'(?P<single>(?:[^']|'')*)'[ \t]*"
    rb"|(?P<plain>[^\s\"'#&*!|>%@`\[\]{},:](?>(?:[^:]++|:(?=\S))*))):(?:[ \t]+(?P<value>.*))?\Z"
)
_IN_WORD: Final = b"_-./"
_OPENS: Final = (b'": {', b'": [')
_NO_VALUE: Final = re.compile(rb"(?:[&!]\S*[ \t]*)*(?:#.*)?\Z")
"""What is behind a key whose value is a block: an anchor, a tag, a comment."""
_TEXT: Final = re.compile(rb"(?:- +)+(?:[&!]\S*[ \t]+)*[|>][-+0-9]*[ \t]*(?:#.*)?\Z")
"""An item that is a text over several lines."""
_MEMBER: Final = re.compile(
    rb"(?P<key>\"(?P<double>(?:[^\"\\]|\\.)*)\"[ \t]*:|'(?P<single>[^']*)'[ \t]*:|(?<![\w$])(?P<plain>[\w$]+)[ \t]*:)"
    rb"|(?P<text>\"(?:[^\"\\]|\\.)*\"|'[^']*')|(?P<open>[\[{])|(?P<close>[\]}])|(?P<next>,)|(?P<note>/\*.*?\*/|//.*)"
    rb"|(?P<bare>[^\s\"'\[\]{},:/]+)"
)
"""What says which brackets of JSON a line leaves open, and of which keys they are."""
_DASH, _SPACE, _HASH = b"- #"
_NO_LINES: Final = tuple(word(each) for each in ("{{", "{%", "<%"))
"""What lines of templates begin with."""
_COMMENTS: Final = tuple(word(each) for each in ("//", "/*"))
_ENDS_HEADER: Final = byte_set(b"|>+-")
"""What the line right above a text ends with, where nothing says how far the text is indented."""


@dataclass(frozen=True, slots=True)
class Keys:
    """The n keys of some texts that have a block, in order, as aligned columns.

    lines: int64[n], positions in the slab. levels: int64[n], the columns that they begin at. ends: int64[n], the last
    lines of their blocks. names: the n keys.
    """

    lines: npt.NDArray[np.int64]
    levels: npt.NDArray[np.int64]
    ends: npt.NDArray[np.int64]
    names: list[str]


def block_keys(slab: Slab, lines: LineColumns, texts: npt.NDArray[np.int64], is_json: npt.NDArray[np.bool_]) -> Keys:
    """The keys of the texts at some ascending positions of a slab. Time: linear in the lines, however deep.

    `is_json` is bool[texts]: the texts of JSON and its like; the others are YAML.
    """
    chosen = [not _is_locked(slab, position) for position in texts.tolist()]
    return _Search(slab, lines, texts[chosen], is_json[chosen]).run()


def _is_locked(slab: Slab, position: int) -> bool:
    start = int(slab.offsets[position])
    head = b"\n" + bytes(slab.data.data[start : start + min(int(slab.lengths[position]), _HEAD)])
    return any(mark in head for mark in _LOCKED)


class _Search:
    def __init__(
        self, slab: Slab, lines: LineColumns, texts: npt.NDArray[np.int64], is_json: npt.NDArray[np.bool_]
    ) -> None:
        self._slab, self._lines = slab, lines
        firsts, stops = lines.files[texts], lines.files[texts + 1]
        counts = stops - firsts
        sums = np.append(0, np.cumsum(counts))
        at = np.arange(sums[-1]) + np.repeat(firsts - sums[:-1], counts)
        heads = lines.heads[at]
        first = heads & BYTE
        in_json = np.repeat(is_json, counts)
        tells = (first != 0) & (first != _HASH)
        for own, mask, _ in _NO_LINES:
            tells &= (heads & mask) != own
        for own, mask, _ in _COMMENTS:
            tells &= ((heads & mask) != own) | ~in_json
        self._at = at = at[tells]
        """The lines that say how deep they are: those with something but a comment on them."""
        self._text_of = np.repeat(np.arange(len(texts)), counts)[tells]
        self._lasts = stops - 1
        """Of each text."""
        self._is_json = in_json[tells]
        self._levels = lines.indents[at] + (begins_item(heads[tells]) & ~self._is_json).astype(np.int64)
        """The columns of lines; those of items one more, since the key above them is around them."""

    def run(self) -> Keys:
        """The keys: first all lines that have deeper ones below them, then those that begin with a key."""
        found, levels = self._openers()
        ends = self._ends(found, levels)
        is_long = ends - self._at[found] >= _LEAST
        found, levels, ends = found[is_long], levels[is_long], ends[is_long]
        is_kept = ~self._are_rows(found, levels, ends)
        return self._named(found[is_kept], levels[is_kept], ends[is_kept])

    def _openers(self) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
        """The places of lines with deeper ones right below them, and the columns of their keys, dashes aside."""
        levels, indents = self._levels, self._lines.indents[self._at].astype(np.int64)
        is_same = self._text_of[1:] == self._text_of[:-1]
        places = np.flatnonzero((levels[1:] > indents[:-1]) & is_same)
        own = indents[places]
        items = np.flatnonzero(levels[places] > own)
        data, size = self._slab.data, len(self._slab.data)
        inks = self._lines.inks[self._at[places[items]]]
        at, pending = inks.copy(), np.arange(len(items))
        for _ in range(_MOST_DASHES):
            here, after = data[at[pending]], data[np.minimum(at[pending] + 1, size - 1)]
            steps = (here == _SPACE) | ((here == _DASH) & (after == _SPACE))
            pending = pending[steps & (at[pending] + 1 < size)]
            if not len(pending):
                break
            at[pending] += 1
        own[items] += at - inks
        opens = levels[places + 1] > own
        # The lines of an item that is a text may be where its key would be.
        may_be = np.flatnonzero(~opens & _ENDS_HEADER.take(self._lines.lasts[self._at[places]]))
        for place, row in zip(may_be.tolist(), self._rows_of(places[may_be]), strict=True):
            if _TEXT.match(row) is not None:
                opens[place] = True
                own[place] = levels[places[place]]
        return places[opens], own[opens]

    def _rows_of(self, places: npt.NDArray[np.int64]) -> list[bytes]:
        """Some lines, without blanks around them."""
        lines, data, at = self._lines, self._slab.data.data, self._at[places]
        starts = lines.inks[at]
        stops = np.minimum(lines.starts[at + 1], starts + _LONGEST)
        return [bytes(data[start:stop]).rstrip() for start, stop in zip(starts.tolist(), stops.tolist(), strict=True)]

    def _ends(self, found: npt.NDArray[np.int64], levels: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
        """The last line of each block: the one before the next line in the text that is not deeper than its key."""
        following = np.append(self._at - 1, len(self._lines.indents))
        ends: npt.NDArray[np.int64] = self._lasts[self._text_of[found]]
        np.minimum(ends, following[next_not_deeper(self._levels, found + 1, levels)], out=ends)
        return ends

    def _are_rows(
        self, found: npt.NDArray[np.int64], levels: npt.NDArray[np.int64], ends: npt.NDArray[np.int64]
    ) -> npt.NDArray[np.bool_]:
        """bool[found]: what is as deep as many short blocks of its text, or deeper."""
        texts = self._text_of[found]
        widest = int(levels.max(initial=0)) + 1
        _, kinds, counts = np.unique(texts * widest + levels, return_inverse=True, return_counts=True)
        sums = np.bincount(kinds, ends - self._at[found])
        is_row = ((counts > _MOST_ROWS) & (sums < _LONGEST_ROW * counts))[kinds]
        least = np.full(len(self._lasts), widest)
        np.minimum.at(least, texts[is_row], levels[is_row])
        are_rows: npt.NDArray[np.bool_] = levels >= least[texts]
        return are_rows

    def _named(self, found: npt.NDArray[np.int64], levels: npt.NDArray[np.int64], ends: npt.NDArray[np.int64]) -> Keys:
        at = self._at[found]
        moves = levels - self._lines.indents[at]
        kept: list[int] = []
        names: list[str] = []
        until = -1
        columns = (at, moves, ends, self._is_json[found])
        for place, (row, line, move, end, is_json) in enumerate(
            zip(self._rows_of(found), *(column.tolist() for column in columns), strict=True)
        ):
            if line <= until:
                continue
            name = _plain_key(row, move, is_json=is_json)
            if name:
                kept.append(place)
                names.append(name)
                continue
            if is_json:
                name = " > ".join(map(_shown, _open_members(row)))
            else:
                key = _KEY.match(row, move)
                if _TEXT.match(row) is not None if key is None else _NO_VALUE.match(key["value"] or b"") is None:
                    until = end  # it is a text, and what is in it no keys
                name = _shown(_key_of(key)) if key is not None else ""
            if name:
                kept.append(place)
                names.append(name)
        return Keys(at[kept], levels[kept], ends[kept], names)


def _plain_key(row: bytes, at: int, *, is_json: bool) -> str:
    """The key of a line that has nothing else on it and is plain, as most are; "" for other lines."""
    key = row[1:-4] if is_json and row.endswith(_OPENS) else row[at:-1] if row.endswith(b":") else b""
    is_plain = key.translate(None, _IN_WORD).isalnum() and len(key) <= _LONGEST_NAME and key[0] != _DASH
    return key.decode() if is_plain and (not is_json or row[:1] == b'"') else ""


def _open_members(row: bytes) -> list[bytes]:
    """The keys of JSON, the outermost first, whose values a line begins and does not end."""
    if b":" not in row or len(row) >= _LONGEST:
        return []
    around: list[bytes | None] = []
    key: bytes | None = None
    for mark in _MEMBER.finditer(row):
        match mark.lastgroup:
            case "key":
                key = _key_of(mark)
            case "open":
                around.append(key)
                key = None
            case "close":
                del around[-1:]
                key = None
            case "next" | "text" | "bare":
                key = None
    return [each for each in (*around, key) if each is not None]


def _key_of(found: re.Match[bytes]) -> bytes:
    text: bytes = found["plain"] or found["double"] or (found["single"] or b"").replace(b"''", b"'")
    return text


def _shown(key: bytes) -> str:
    return b" ".join(key[:_LONGEST_NAME].split()).decode("utf-8", "replace") or '""'
