"""The tables that a device counts an encoding's tokens with, made from the packaged vocabulary."""

from __future__ import annotations

import os
from typing import Final

import numpy as np
import numpy.typing as npt

from exosuit_cli.model.counting_tables import KEY_BYTES, PAIR_FACTOR, TOKEN_BITS, WORD_FACTORS, CountingTables
from exosuit_cli.model.errors import ResourceMissing
from exosuit_cli.tokens.encodings import token_bytes

CHARACTERS: Final = os.path.join(os.path.dirname(os.path.abspath(__file__)), "data", "characters.u32")
"""The classes of characters by Unicode 17.0, as the packaged counters have them: little-endian uint32, one for each run
of code points of one class, first << 4 | class. `scripts/export_characters.py` writes it."""

CODE_POINTS: Final = 0x110000
_ROW: Final = 128
_BASE: Final = 0x9E3779B97F4A7C15 | 1
"""Of the polynomial that stands for a run of bytes, modulo 2^64; no two tokens share a value."""

_SCREEN_BITS: Final = 22

UInt64s = npt.NDArray[np.uint64]


def counting_tables(encoding: str) -> CountingTables:
    """Return the tables of an encoding: about a third of a second.

    Raises:
        UsageError: the encoding is not known.
        ResourceMissing: the packaged vocabulary or the classes of characters are absent or altered.

    """
    data, sizes = token_bytes(encoding)
    lengths = sizes.astype(np.int64)
    ends = np.cumsum(lengths)
    starts = ends - lengths
    planes, kinds = _rows(character_classes())
    byte_tokens = np.zeros(256, np.uint32)
    single = np.flatnonzero(lengths == 1)
    byte_tokens[data[starts[single]]] = single
    return CountingTables(
        encoding, planes, kinds, _words(data, starts, lengths), _pairs(data, starts, ends), byte_tokens
    )


def character_classes() -> npt.NDArray[np.uint8]:
    """uint8[0x110000]: the class of every code point, by its number in `CLASSES`. Raises ResourceMissing."""
    try:
        runs = np.fromfile(CHARACTERS, "<u4")
    except OSError as error:
        reason = error.strerror or str(error)
        raise ResourceMissing(f"{CHARACTERS}: the classes cannot be read: {reason}; reinstall exosuit-cli") from error
    firsts = (runs >> 4).astype(np.int64)
    if not len(runs) or firsts[0] or (np.diff(firsts) <= 0).any() or firsts[-1] >= CODE_POINTS:
        raise ResourceMissing(f"{CHARACTERS}: the classes were altered; reinstall exosuit-cli")
    return np.repeat((runs & 15).astype(np.uint8), np.diff(np.append(firsts, CODE_POINTS)))


def _rows(classes: npt.NDArray[np.uint8]) -> tuple[npt.NDArray[np.uint16], npt.NDArray[np.uint8]]:
    """The classes in rows, each kept once, in the order of their first use."""
    rows, firsts, places = np.unique(classes.reshape(-1, _ROW), axis=0, return_index=True, return_inverse=True)
    order = np.argsort(firsts)
    numbers = np.empty(len(order), np.uint16)
    numbers[order] = np.arange(len(order))
    return numbers[places.reshape(-1)], rows[order].reshape(-1)


def _words(data: npt.NDArray[np.uint8], starts: npt.NDArray[np.int64], lengths: npt.NDArray[np.int64]) -> UInt64s:
    short = np.flatnonzero(lengths <= KEY_BYTES)
    keys = np.zeros((len(short), 16), np.uint8)
    places = np.arange(16)
    is_there = places < lengths[short, None]
    keys[is_there] = data[(starts[short, None] + places)[is_there]]
    keys[:, KEY_BYTES] = lengths[short]
    words = keys.view("<u8").astype(np.uint64)
    first, second, third = (np.uint64(factor) for factor in WORD_FACTORS)
    mixed = words[:, 0] * first + words[:, 1] * second
    mixed = (mixed ^ mixed >> np.uint64(32)) * third
    return _hashed(words, mixed >> np.uint64(40))


def _pairs(data: npt.NDArray[np.uint8], starts: npt.NDArray[np.int64], ends: npt.NDArray[np.int64]) -> UInt64s:
    """Every token is cut in every place; the pairs are those whose two sides are tokens."""
    powers, inverses = (
        np.cumprod(np.concatenate((np.ones(1, np.uint64), np.full(len(data), base, np.uint64))))
        for base in (_BASE, pow(_BASE, -1, 1 << 64))
    )
    sums = np.zeros(len(data) + 1, np.uint64)
    np.cumsum((data.astype(np.uint64) + np.uint64(1)) * powers[:-1], out=sums[1:])

    def values(begin: npt.NDArray[np.int64], end: npt.NDArray[np.int64]) -> UInt64s:
        return np.asarray((sums[end] - sums[begin]) * inverses[begin])

    known = values(starts, ends)
    order = np.argsort(known)
    ordered = known[order]
    is_held = np.zeros(1 << _SCREEN_BITS, np.bool_)
    is_held[_screened(known)] = True

    def tokens(wanted: UInt64s) -> npt.NDArray[np.int64]:
        """int64[n]: the token of each value, -1 where there is none."""
        places = np.minimum(np.searchsorted(ordered, wanted), len(ordered) - 1)
        return np.where(ordered[places] == wanted, order[places], -1)

    owners = np.repeat(np.arange(len(starts)), ends - starts)
    cuts = np.arange(len(data))
    is_inside = cuts > starts[owners]
    owners, cuts = owners[is_inside], cuts[is_inside]
    lefts, rights = values(starts[owners], cuts), values(cuts, ends[owners])
    may_be = is_held[_screened(lefts)] & is_held[_screened(rights)]  # most cuts give no token: a search of all is slow
    first, second = tokens(lefts[may_be]), tokens(rights[may_be])
    is_pair = (first >= 0) & (second >= 0)
    whole, left, right = (array[is_pair].astype(np.uint64) for array in (owners[may_be], first, second))
    bits = np.uint64(TOKEN_BITS)
    keys = left << bits | right
    return _hashed((keys << bits | whole)[:, None], keys * np.uint64(PAIR_FACTOR) >> np.uint64(40)).reshape(-1)


def _screened(values: UInt64s) -> UInt64s:
    return values * np.uint64(PAIR_FACTOR) >> np.uint64(64 - _SCREEN_BITS)


def _hashed(entries: UInt64s, hashes: UInt64s) -> UInt64s:
    """The entries, uint64[n, width], in a table of 2^k slots: each at its hash or in the next free slot."""
    slots = 1 << (2 * len(entries) - 1).bit_length()
    table = np.zeros((slots, entries.shape[1]), np.uint64)
    holders = np.full(slots, -1, np.int64)
    waiting, places = np.arange(len(entries)), hashes.astype(np.int64) & (slots - 1)
    while len(waiting):
        is_free = holders[places] < 0
        holders[places[is_free]] = waiting[is_free]
        is_placed = holders[places] == waiting
        waiting, places = waiting[~is_placed], (places[~is_placed] + 1) & (slots - 1)
    is_held = holders >= 0
    table[is_held] = entries[holders[is_held]]
    return table
