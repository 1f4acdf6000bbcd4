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
    claim_of_name,
    default_of_claim,
    language_of,
)

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import numpy.typing as npt

    from exosuit_cli.model.slab import Slab

_OPENS_MARKUP = np.isin(np.arange(256), list(b"< \t\r\n"))
_OPENS_HEADER = np.isin(np.arange(256), list(b"@#cenptu"))
"""bool[256]: the first byte may begin a line that only a language other than C has."""
_STARTS = tuple(word[1:] for word in HEADER_WORDS if word.startswith(b"\n"))
"""What begins a line in C++ and Objective-C only: class, namespace, @."""
_LONGEST_START = max(map(len, _STARTS))
_LINE_STARTS = np.zeros(1 << 16, np.bool_)
"""bool[65536]: whether two bytes, the first the lower, begin one of these."""
_THIRDS = np.zeros(256, np.bool_)
"""bool[256]: whether a byte is the third of one of these."""
for _word in _STARTS:
    _THIRDS[_word[2] if len(_word) > 2 else slice(None)] = True
    _LINE_STARTS[_word[0] | _word[1] << 8 if len(_word) > 1 else np.arange(256) << 8 | _word[0]] = True
_BLOCK_FILES = 32
_ENDS_MARK = np.zeros(1 << 16, np.bool_)
_ENDS_MARK[[mark[-3] << 8 | mark[-2] for mark in MARKS if mark.endswith(b":")]] = True
"""bool[65536]: the two bytes before the colon that ends the mark of a modeline."""


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
    offsets, lengths = slab.offsets.tolist(), slab.lengths.tolist()
    claims = [claim_of_name(name) for name in names]
    languages = np.array([CODE_OF_CLAIM[claim] for claim in claims], np.int64)
    looks = (languages < 0) | (firsts == 0xEF) | ((languages == 0) & _OPENS_MARKUP.take(firsts))
    headers = [index for index, claim in enumerate(claims) if claim == HEADER_CLAIM]
    if headers:
        languages[headers] = default_of_claim(HEADER_CLAIM)
        looks[headers] = _OPENS_HEADER.take(firsts[headers]) | _may_be_told_from_c(slab, headers)
    looks[
        [
            index
            for index in np.flatnonzero(firsts == ord("#")).tolist()
            if bytes(view[offsets[index] + 1 : offsets[index] + 2]) == b"!"
        ]
    ] = True
    looks[_with_modelines(slab)] = True
    looks[list(heads)] = True
    languages[~text] = 0
    for index in np.flatnonzero(looks & text).tolist():
        start, length = offsets[index], lengths[index]
        found = heads.get(index)
        head = found if found is not None else bytes(view[start : start + min(length, HEAD_BYTES)])
        languages[index] = language_of(claims[index], head, is_whole=length < HEAD_BYTES)
    codes: list[int] = languages.tolist()
    return codes


def _may_be_told_from_c(slab: Slab, files: list[int]) -> npt.NDArray[np.bool_]:
    """bool[k]: whether headers may have what C does not, by whole arrays: most are C, and a look at each costs more."""
    size = min(NEEDS_BYTES, len(slab.data))
    windows = _windows(slab, size)
    starts = np.minimum(slab.offsets[files], len(slab.data) - size)
    blocks = range(0, len(files), _BLOCK_FILES)  # small enough for a processor's cache
    found = [_told_from_c(windows[starts[first : first + _BLOCK_FILES]].view(np.uint8), size) for first in blocks]
    return np.concatenate(found)


def _told_from_c(text: npt.NDArray[np.uint8], size: int) -> npt.NDArray[np.bool_]:
    """bool[k]: for each part of `size` bytes, whether it may have what C does not."""
    lines = np.flatnonzero(text[:-_LONGEST_START] == ord("\n")) + 1
    lines = lines[_LINE_STARTS.take(text[lines].astype(np.int64) | text[lines + 1].astype(np.int64) << 8)]
    lines = lines[_THIRDS.take(text[lines + 2])]
    told = [text[place : place + _LONGEST_START].tobytes().startswith(_STARTS) for place in lines.tolist()]
    colon = text == ord(":")
    colon[:-1] &= colon[1:]
    found = np.zeros(len(text) // size, np.bool_)
    found[lines[told] // size] = True
    found[np.flatnonzero(colon[:-1]) // size] = True
    return found


def _with_modelines(slab: Slab) -> list[int]:
    """The files that may have a modeline, and a few others."""
    size = min(OPENING_BYTES, len(slab.data))
    if not size:
        return []
    short = np.flatnonzero(slab.lengths < HEAD_BYTES)
    closings = slab.offsets[short] + slab.lengths[short]
    starts = np.minimum(np.append(slab.offsets, np.maximum(closings - size, 0)), len(slab.data) - size)
    text = _windows(slab, size)[starts].view(np.uint8)
    stars = np.flatnonzero(text == ord("*"))
    dashes = text == ord("-")
    stars = stars[dashes[np.maximum(stars - 1, 0)] & dashes[np.minimum(stars + 1, len(text) - 1)]]
    colons = np.flatnonzero(text == ord(":"))
    before = text[np.maximum(colons - 2, 0)].astype(np.int64) << 8 | text[np.maximum(colons - 1, 0)]
    found = np.append(stars, colons[_ENDS_MARK.take(before)]) // size
    return [index if index < len(slab) else int(short[index - len(slab)]) for index in np.unique(found).tolist()]


def _windows(slab: Slab, size: int) -> npt.NDArray[np.void]:
    """The bytes from each place of the slab on, without a copy; `take` of it would make one."""
    return np.ndarray((len(slab.data) - size + 1,), f"V{size}", slab.data, strides=(1,))
