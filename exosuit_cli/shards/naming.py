"""The languages of the files of a slab: most by their names, with one look at the beginnings of all of them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from exosuit_cli.languages import (
    CODE_OF_CLAIM,
    HEAD_BYTES,
    HEADER_CLAIM,
    HEADER_WORDS,
    MARKS,
    NEEDS_BYTES,
    OPENING_BYTES,
    TEXT_CLAIM,
    claims_of_names,
    default_of_claim,
    language_of,
)
from exosuit_cli.model.byte_sets import byte_set

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    import numpy.typing as npt

    from exosuit_cli.model.slab import Slab

_OPENS_MARKUP = byte_set(b"< \t\r\n")
_OPENS_HEADER = byte_set(b"@#cenptu")
"""bool[256]: the first byte may begin a line that only a language other than C has."""
_OPENS_TEXT = byte_set(b"*[\xef")
"""bool[256]: the first byte may begin a .txt that is a help file of Vim or a list of filters, or a byte order mark."""
_STARTS = tuple(word[1:] for word in HEADER_WORDS if word.startswith(b"\n"))
"""What begins a line in C++ and Objective-C only: class, namespace, @."""
_LONGEST_START = max(map(len, _STARTS))
_APART = 3
_sums = [word[0] + word[_APART] for word in _STARTS]
_LEAST_SUM, _SPREAD = np.uint8(min(_sums)), np.uint8(max(_sums) - min(_sums))
"""The first and the fourth byte of one of these have a sum within these bounds; few lines of C have."""
_LINE_STARTS = np.zeros(1 << 16, np.bool_)
_LINE_STARTS[[word[0] | word[1] << 8 for word in _STARTS]] = True
"""bool[65536]: whether two bytes, the first the lower, begin one of these."""
_CODE_OF_CLAIM = np.array(CODE_OF_CLAIM, np.int64)
_BLOCK_BYTES = 1 << 16
"""Small enough for a cache, and for memory that is not mapped anew each time."""
_ends = [mark[-3:-1] for mark in MARKS if mark.endswith(b":")]
_ENDS_MARK = np.zeros(1 << 16, np.bool_)
_ENDS_MARK[[end[0] << 8 | end[1] for end in _ends]] = True
"""bool[65536]: the two bytes before the colon that ends the mark of a modeline."""
_lasts = [end[1] for end in _ends]
_LEAST_LAST, _LAST_SPREAD = np.uint8(min(_lasts)), np.uint8(max(_lasts) - min(_lasts))
"""The second of these two is within these bounds."""


def languages_of(
    slab: Slab,
    names: Sequence[bytes],
    text: npt.NDArray[np.bool_],
    firsts: npt.NDArray[np.uint8],
    heads: Mapping[int, bytes],
) -> list[int]:
    """The languages of n files, as positions in `languages.LANGUAGES`; 0 for one that is no text.

    `text` is bool[n], `firsts` the first byte of each file, uint8[n]. `heads` has the beginnings, in UTF-8, of texts in
    other encodings by their positions.
    """
    view = slab.data.data
    claims = claims_of_names(names)
    claimed = np.array(claims, np.int64)
    languages = _CODE_OF_CLAIM.take(claimed)
    looks = (languages < 0) | (firsts == 0xEF) | ((languages == 0) & _OPENS_MARKUP.take(firsts))
    headers = np.flatnonzero(claimed == HEADER_CLAIM)
    if len(headers):
        languages[headers] = default_of_claim(HEADER_CLAIM)
        looks[headers] = _OPENS_HEADER.take(firsts[headers]) | _may_be_told_from_c(slab, headers)
    plain = np.flatnonzero(claimed == TEXT_CLAIM)
    if len(plain):
        languages[plain] = default_of_claim(TEXT_CLAIM)
        looks[plain] = _OPENS_TEXT.take(firsts[plain])
    hashes = np.flatnonzero(firsts == ord("#"))
    if len(hashes):
        seconds = slab.data.take(slab.offsets[hashes] + 1, mode="clip")
        looks[hashes[seconds == ord("!")]] = True
    has_modes = firsts == 0xEF
    has_modes[_with_modelines(slab)] = True
    has_modes[list(heads)] = True
    looks |= has_modes
    languages[~text] = 0
    looks &= text
    looked_at = np.flatnonzero(looks)
    places = zip(looked_at.tolist(), slab.offsets[looked_at].tolist(), slab.lengths[looked_at].tolist(), strict=True)
    for index, start, length in places:
        found = heads.get(index)
        head = found if found is not None else bytes(view[start : start + min(length, HEAD_BYTES)])
        is_whole = length < HEAD_BYTES
        languages[index] = language_of(claims[index], head, is_whole=is_whole, has_modes=bool(has_modes[index]))
    codes: list[int] = languages.tolist()
    return codes


def _may_be_told_from_c(slab: Slab, files: npt.NDArray[np.int64]) -> npt.NDArray[np.bool_]:
    """bool[k]: whether headers may have what C does not, by whole arrays: most are C, and a look at each costs more."""
    size = min(NEEDS_BYTES, len(slab.data))
    if not size:
        return np.zeros(len(files), np.bool_)
    starts = np.minimum(slab.offsets[files], len(slab.data) - size)
    return np.concatenate([_told_from_c(text, size) for _, text in _texts(slab, starts, size)])


def _told_from_c(text: npt.NDArray[np.uint8], size: int) -> npt.NDArray[np.bool_]:
    """bool[k]: for each part of `size` bytes, whether it may have what C does not."""
    maybe = text[: -_APART - 1] == ord("\n")
    sums = text[1:-_APART] + text[1 + _APART :]
    sums -= _LEAST_SUM
    maybe &= sums <= _SPREAD
    lines = np.flatnonzero(maybe) + 1
    lines = lines[_LINE_STARTS.take(text[lines].astype(np.int64) | text[lines + 1].astype(np.int64) << 8)]
    told = [text[place : place + _LONGEST_START].tobytes().startswith(_STARTS) for place in lines.tolist()]
    colons = text == ord(":")
    colons[:-1] &= colons[1:]
    colons[-1] = False
    found: npt.NDArray[np.bool_] = colons.reshape(-1, size).any(axis=1)
    found[lines[told] // size] = True
    return found


def _with_modelines(slab: Slab) -> list[int]:
    """The files that may have a modeline, and a few others."""
    size = min(OPENING_BYTES, len(slab.data))
    if not size:
        return []
    short = np.flatnonzero(slab.lengths < HEAD_BYTES)
    closings = slab.offsets[short] + slab.lengths[short]
    starts = np.minimum(np.append(slab.offsets, np.maximum(closings - size, 0)), len(slab.data) - size)
    files = np.append(np.arange(len(slab)), short)
    found: set[int] = set()
    for first, text in _texts(slab, starts, size):
        found.update(files[first + _modelines(text) // size].tolist())
    return sorted(found)


def _modelines(text: npt.NDArray[np.uint8]) -> npt.NDArray[np.int64]:
    """Where the marks of modelines are."""
    dashes = text == ord("-")
    stars = text[1:-1] == ord("*")
    stars &= dashes[:-2]
    stars &= dashes[2:]
    ends = text[:-1] - _LEAST_LAST <= _LAST_SPREAD
    ends &= text[1:] == ord(":")
    lasts = np.flatnonzero(ends)
    lasts = lasts[_ENDS_MARK.take(text[lasts - 1].astype(np.int64) << 8 | text[lasts])]
    return np.append(np.flatnonzero(stars) + 1, lasts)


def _texts(slab: Slab, starts: npt.NDArray[np.int64], size: int) -> Iterator[tuple[int, npt.NDArray[np.uint8]]]:
    """(position of the first start, uint8[k * size]): the bytes from each start on, in parts that a cache holds."""
    windows = np.ndarray((len(slab.data) - size + 1,), f"V{size}", slab.data, strides=(1,))  # no copy; `take` makes one
    count = _BLOCK_BYTES // size
    for first in range(0, len(starts), count):
        yield first, windows[starts[first : first + count]].view(np.uint8)
