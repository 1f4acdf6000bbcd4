r"""Places where a text can be cut so that the token counts of the two sides add up to the count of the whole.

An encoding first splits a text into pre-tokens with a pattern, then encodes each pre-token alone. The published
patterns (tiktoken, `tiktoken_ext/openai_public.py`) are, one alternative a line:

    o200k_base                                                    cl100k_base
    [^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]*            '(?i:[sdmt]|ll|ve|re)
        [\p{Ll}\p{Lm}\p{Lo}\p{M}]+(?i:'s|'t|'re|'ve|'m|'ll|'d)?   [^\r\n\p{L}\p{N}]?+\p{L}++
    [^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]+            \p{N}{1,3}+
        [\p{Ll}\p{Lm}\p{Lo}\p{M}]*(?i:'s|'t|'re|'ve|'m|'ll|'d)?    ?[^\s\p{L}\p{N}]++[\r\n]*+
    \p{N}{1,3}                                                    \s++$
     ?[^\s\p{L}\p{N}]+[\r\n/]*                                    \s*[\r\n]
    \s*[\r\n]+                                                    \s+(?!\S)
    \s+(?!\S)                                                     \s
    \s+

Let T = L + R be cut between the bytes l and r. The cut is safe if T has a pre-token boundary there, L alone splits as
it does in T, and R alone splits as it does in T.

- R: no pattern looks behind, so once there is a boundary, R alone splits as it does in T.
- L: cutting a text off changes a match only where the pattern looks ahead of what it takes. It does so in `\s++$` and
  `\s+(?!\S)` alone, after white space, and only at the end of L does the answer change. So if l is no white space, a
  boundary is all that is needed.
- Boundary: every character is taken by some alternative, so it is enough that no match that takes l can go on with r.

Rules, each on the two bytes; l is ASCII in all of them, so that a cut never falls inside a UTF-8 sequence:

1. l a digit, r another ASCII byte than a digit. Digits are taken by `\p{N}{1,3}` alone, which takes nothing else.
2. l visible (0x21 to 0x7E) and no digit, r a digit. A match that takes a digit takes only digits, so it begins at r.
3. l a letter, r an ASCII byte that is neither a letter nor `'`. A match that takes a letter goes on with letters and
   marks, and then with a contraction, which begins with `'`.
4. l visible, r a space or a tab. White space is taken first in its match, or after other white space; only CR and LF
   follow anything else.
5. l CR or LF, r neither white space nor `/`. What takes a CR or LF goes on with CR, LF, white space or, in o200k_base,
   `/`. Here L ends with white space. Let w be the run of white space before the cut, less what a match of punctuation
   took of it; its last character is l. In T, `\s*[\r\n]+`, or `\s++$` failing and then `\s*[\r\n]`, takes w whole,
   since l is a CR or LF. In L, the former takes w whole as well, and so does `\s++$`. No earlier alternative takes a
   part of w: they would need a character that is no white space, or a CR or LF in front of a letter.
   Of the bytes from 0x80 on, r may be any that begins no white space: U+0085 and U+00A0 begin with 0xC2, U+1680 with
   0xE1, U+2000 to U+205F with 0xE2, U+3000 with 0xE3. An undecodable byte becomes U+FFFD, which is no white space.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Iterator

    import numpy.typing as npt

_SEARCH: Final = 1024
_SEARCH_LIMIT: Final = 1 << 20


def _safe_pairs() -> npt.NDArray[np.bool_]:
    byte = np.arange(256)
    ascii_ = byte < 0x80
    visible = (byte >= 0x21) & (byte <= 0x7E)
    digit = (byte >= ord("0")) & (byte <= ord("9"))
    letter = np.isin(byte | 0x20, np.arange(ord("a"), ord("z") + 1)) & ascii_
    newline = np.isin(byte, [ord("\r"), ord("\n")])
    after_newline = (visible & (byte != ord("/"))) | (~ascii_ & ~np.isin(byte, [0xC2, 0xE1, 0xE2, 0xE3]))
    safe = (
        np.outer(digit, ascii_ & ~digit)
        | np.outer(visible & ~digit, digit)
        | np.outer(letter, ascii_ & ~letter & (byte != ord("'")))
        | np.outer(visible, np.isin(byte, [ord(" "), ord("\t")]))
        | np.outer(newline, after_newline)
    )
    return np.asarray(safe.ravel(), dtype=np.bool_)


SAFE_PAIRS: Final = _safe_pairs()
"""bool[65536]: whether a text may be cut between the bytes l and r, at index 256 * l + r."""


class Window(NamedTuple):
    """Bytes `start` to `stop` of a text, to be counted alone; a giant one is too long and has no safe place to cut."""

    start: int
    stop: int
    giant: bool


def last_boundary(data: bytes | bytearray, start: int, stop: int) -> int:
    """Return the largest safe place to cut between the positions `start` and `stop`, both excluded, or -1."""
    block = _SEARCH
    while stop - start >= 2:
        low = max(start, stop - block)
        found = np.flatnonzero(safe_places(data, low, stop))
        if found.size:
            return low + 1 + int(found[-1])
        stop = low + 1
        block = min(2 * block, _SEARCH_LIMIT)
    return -1


def first_boundary(data: bytes | bytearray, start: int, stop: int) -> int:
    """Return the smallest safe place to cut between the positions `start` and `stop`, both excluded, or -1."""
    block = _SEARCH
    while stop - start >= 2:
        high = min(stop, start + block)
        found = np.flatnonzero(safe_places(data, start, high))
        if found.size:
            return start + 1 + int(found[0])
        start = high - 1
        block = min(2 * block, _SEARCH_LIMIT)
    return -1


def windows(data: bytes, size: int) -> Iterator[Window]:
    """Cut `data` at safe places into windows of at most `size` bytes; one with no such place is longer, and giant."""
    start, end = 0, len(data)
    while end - start > size:
        cut = last_boundary(data, start, start + size + 1)
        giant = cut < 0
        if giant:
            cut = first_boundary(data, start + size, end)
            if cut < 0:
                cut = end
        yield Window(start, cut, giant)
        start = cut
    if start < end:
        yield Window(start, end, giant=False)


def safe_places(data: bytes | bytearray, start: int, stop: int) -> npt.NDArray[np.bool_]:
    """bool[stop - start - 1]: whether the text may be cut after each byte from `start`, but the last one."""
    part = np.frombuffer(data, np.uint8, stop - start, start)
    pairs = part[:-1].astype(np.uint16)
    pairs <<= 8
    pairs |= part[1:]
    return SAFE_PAIRS.take(pairs)
