"""What a chunk of long lines or many tokens looks like: encoded, or minified. A look takes time linear in the text."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final, NamedTuple

import numpy as np

if TYPE_CHECKING:
    import numpy.typing as npt

_RUN: Final = 40
"""Bytes from which a run of letters and digits may be data."""
_NEARBY: Final = 4 * _RUN
"""Bytes before and after the middle of a text in which a run is looked for."""
_NOT_BASE64: Final = bytes(byte if (chr(byte).isalnum() and byte < 128) or byte in b"+/" else 32 for byte in range(256))
_IN_RUN: Final = bytes(byte != 32 for byte in _NOT_BASE64)
_BLANKS: Final = b" \n\t\r"
_DIGIT: Final = re.compile(rb"[0-9]")
_ESCAPED: Final = re.compile(rb"\\x[0-9A-Fa-f]{2}")
_IN_ARRAY: Final = re.compile(rb"0x[0-9A-Fa-f]{1,2}[uU]?\b,?")
_OF_ESCAPE: Final = 4
_OF_NUMBER: Final = 5
"""Bytes of an escape, and about as many of a number of an array."""
_ENCODED_SHARE: Final = 0.75
_LEAST_ENCODED: Final = 200
"""Bytes that are not blank; less is a hash or a key among code."""

MINIFIED_LANGUAGES: Final = frozenset({
    "JavaScript", "TypeScript", "JSX", "CSS", "SCSS", "JSON", "JSON with Comments", "GeoJSON", "TopoJSON", "JSONLD",
    "HTML", "SVG", "Vue", "Svelte",
})  # fmt: skip
"""Languages that are minified."""
_MINIFIED_BLANKS: Final = 0.08
"""The largest share of blanks; English prose has a sixth."""


class Marks(NamedTuple):
    """What texts have of encoded data: int64[n] escapes and numbers in hex, and bool[n], a long run near the middle."""

    escapes: npt.NDArray[np.int64]
    numbers: npt.NDArray[np.int64]
    has_run: npt.NDArray[np.bool_]

    def may_be_encoded(self) -> npt.NDArray[np.bool_]:
        """bool[n]: which of them give `is_encoded` a reason for a look."""
        least = _ENCODED_SHARE * _LEAST_ENCODED
        return self.has_run | (_OF_ESCAPE * self.escapes >= least) | (_OF_NUMBER * self.numbers >= least)


def marks_of(data: memoryview, starts: npt.NDArray[np.int64], ends: npt.NDArray[np.int64]) -> Marks:
    """The marks of the texts `data[starts[i] : ends[i]]`, of which there is one at least."""
    texts = b"".join([data[start:end] for start, end in zip(starts.tolist(), ends.tolist(), strict=True)])
    sizes = ends - starts
    stops = np.cumsum(sizes)
    begins = stops - sizes
    content = np.frombuffer(texts, np.uint8)
    after = np.flatnonzero(content[1:] == ord("x")) + 1
    before = content.take(after - 1)

    def count(first: str) -> npt.NDArray[np.int64]:
        places = after[before == ord(first)]
        counts: npt.NDArray[np.int64] = np.searchsorted(places, stops) - np.searchsorted(places, begins, "right")
        return counts

    return Marks(count("\\"), count("0"), _runs(texts, begins, sizes))


def _runs(texts: bytes, starts: npt.NDArray[np.int64], sizes: npt.NDArray[np.int64]) -> npt.NDArray[np.bool_]:
    """bool[n]: which of the texts, one after the other, have a run near their middle."""
    found = np.zeros(len(sizes), np.bool_)
    for place in np.flatnonzero((sizes >= _LEAST_ENCODED) & (sizes < 2 * _NEARBY)).tolist():
        text, middle = texts[starts[place] : starts[place] + sizes[place]], int(sizes[place]) // 2
        nearby = text[middle - _NEARBY : middle + _NEARBY].translate(_NOT_BASE64).split()
        found[place] = max(map(len, nearby), default=0) >= _RUN
    wide = np.flatnonzero(sizes >= 2 * _NEARBY)
    if len(wide):
        windows = np.lib.stride_tricks.sliding_window_view(np.frombuffer(texts, np.uint8), 2 * _NEARBY)
        near = windows[starts.take(wide) + sizes.take(wide) // 2 - _NEARBY].tobytes()
        begins = np.frombuffer(near.translate(_IN_RUN), np.bool_)
        for further in (1, 2, 4, 8, 16, _RUN - 32):  # runs of 2, 4, 8, 16, 32 and _RUN bytes
            begins = begins[:-further] & begins[further:]
        owners, places = np.divmod(np.flatnonzero(begins), 2 * _NEARBY)
        found[wide.take(owners[places <= 2 * _NEARBY - _RUN])] = True  # the others end in the window after
    return found


def is_encoded(text: bytes, escapes: int, numbers: int, *, has_run: bool) -> bool:
    """Whether most of what is not blank is base64, hex, escapes or arrays of bytes; see `Marks`."""
    solid = len(text.translate(None, _BLANKS))
    if solid < _LEAST_ENCODED:
        return False
    least = _ENCODED_SHARE * solid
    if _OF_ESCAPE * escapes >= least:
        return _OF_ESCAPE * len(_ESCAPED.findall(text)) >= least
    if _OF_NUMBER * numbers >= least:
        return sum(map(len, _IN_ARRAY.findall(text))) >= least
    if not has_run:  # nearly everything is in long runs, or not enough
        return False
    runs = [run for run in text.translate(_NOT_BASE64).split() if len(run) >= _RUN]
    return sum(map(len, runs)) >= least and sum(len(run) for run in runs if _is_data(run)) >= least


def _is_data(run: bytes) -> bool:
    """Whether a run has digits beside letters: a ruler or a word of letters alone is no data."""
    return _DIGIT.search(run) is not None and len(set(run[:_LEAST_ENCODED])) > 4


def is_minified(text: bytes) -> bool:
    """Whether a chunk of long lines, in one of `MINIFIED_LANGUAGES`, has hardly a blank."""
    return len(text) - len(text.translate(None, _BLANKS)) < _MINIFIED_BLANKS * len(text)
