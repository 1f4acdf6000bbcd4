"""The words of heredocs: where one opens, and which lines have it again, which closes it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from exosuit_cli.model.byte_sets import IS_WIDE_WORD, byte_set
from exosuit_cli.structure.code.literal_marks import Compact

if TYPE_CHECKING:
    import numpy.typing as npt

    from exosuit_cli.languages.literals import Literal
    from exosuit_cli.model.slab import LineColumns, Slab

_WORD_BYTES = 32
"""The longest word of a heredoc."""
_GOES_ON = b"<<<"
"""What opens a heredoc of PHP, the only one whose last line may go on after the word."""
_DASHES, _SPACE, _QUOTES = byte_set(b"-~"), byte_set(b" "), byte_set(b"\"'\\`")
_TWO_BYTES = np.uint64(0xFFFF)
_PRIME, _SEED = np.uint64(0x100000001B3), np.uint64(0xCBF29CE484222325)


def _word_starts(data: npt.NDArray[np.uint8], places: npt.NDArray[np.int64], literal: Literal) -> npt.NDArray[np.int64]:
    """Where words begin after the opening marks at these places: `-` or `~`, blanks and a quotation mark may precede.

    A place beyond the data stands for none.
    """
    last = len(data) - 1
    at = places + len(literal.opens)
    for skipped, times in ((_DASHES, 1), (_SPACE, 2 * literal.blanks), (_QUOTES, 1)):
        for _ in range(times):
            at += skipped.take(data[np.minimum(at, last)])
    return at


def heredoc_words(
    data: npt.NDArray[np.uint8], places: npt.NDArray[np.int64], literal: Literal | None
) -> tuple[npt.NDArray[np.uint64], npt.NDArray[np.bool_]]:
    """A number for the word at each place, or after the opening mark there, and whether there is one."""
    last = len(data) - 1
    at = places.copy() if literal is None else _word_starts(data, places, literal)
    going = at <= last
    first = data[np.minimum(at, last)]
    going &= IS_WIDE_WORD.take(first) & ~((first >= ord("0")) & (first <= ord("9")))
    words = np.full(len(places), _SEED)
    rows = np.flatnonzero(going)
    for _ in range(_WORD_BYTES):
        own = at[rows]
        byte = data[np.minimum(own, last)]
        is_on = IS_WIDE_WORD.take(byte) & (own <= last)
        rows = rows[is_on]
        if not len(rows):
            break
        words[rows] = (words[rows] ^ byte[is_on].astype(np.uint64)) * _PRIME
        at[rows] += 1
    return words, going


def heredoc_closers(
    slab: Slab,
    lines: LineColumns,
    files: npt.NDArray[np.int64],
    openers: npt.NDArray[np.int64],
    literal: Literal,
) -> npt.NDArray[np.int64]:
    """The lines of the files that have the word of some heredoc alone, or at their start where that closes it.

    `openers` are the lines of the files that have a mark which opens one, ascending.
    """
    compact = Compact.of(slab, lines, openers)
    places = compact.candidates([literal])
    places = places[compact.with_mark(places, np.arange(len(places)), literal.opens)]
    words, is_word = heredoc_words(compact.text, places, literal)
    if not is_word.any():
        return np.zeros(0, np.int64)
    is_own = np.zeros(len(slab), np.bool_)
    is_own[files] = True
    begins_so = _first_bytes(compact.text, _word_starts(compact.text, places, literal)[is_word])
    own = np.flatnonzero(begins_so.take(lines.heads & _TWO_BYTES) & np.repeat(is_own, np.diff(lines.files)))
    if literal.opens != _GOES_ON:
        own = own[(lines.starts[own + 1] - lines.inks[own] <= _WORD_BYTES + 2) & IS_WIDE_WORD.take(lines.lasts[own])]
    compact = Compact.of(slab, lines, own)
    found, _ = heredoc_words(compact.text, compact.inks, None)
    return own[np.isin(found, words[is_word])]


def _first_bytes(text: npt.NDArray[np.uint8], at: npt.NDArray[np.int64]) -> npt.NDArray[np.bool_]:
    """bool[65536]: whether a line may begin with one of the words at these places, by its first two bytes."""
    found = np.zeros(1 << 16, np.bool_)
    first, second = text[at].astype(np.int64), text[at + 1].astype(np.int64)
    is_longer = IS_WIDE_WORD.take(second)
    found[first[is_longer] | second[is_longer] << 8] = True
    found[(first[~is_longer][:, None] | np.flatnonzero(~IS_WIDE_WORD) << 8).ravel()] = True
    return found
