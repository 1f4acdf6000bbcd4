"""What the lines of Markdown look like, from their first eight bytes: most are words, headings or items of lists.

What a line is for certain, wherever it stands, is said here for all lines at once; the others are read one by one.
"""

from __future__ import annotations

from enum import IntEnum
from typing import TYPE_CHECKING, Final

import numpy as np

from exosuit_cli.model.byte_sets import byte_set
from exosuit_cli.model.dataclass import dataclass
from exosuit_cli.structure.documents.markdown_patterns import SETEXT, TAB
from exosuit_cli.structure.documents.prose_lines import HEAD, leading

if TYPE_CHECKING:
    import numpy.typing as npt

    from exosuit_cli.structure.documents.prose_lines import DocumentLines

TEXT: Final = frozenset(range(256)) - frozenset(b"#`~<>-+*_=|:0123456789")
"""The first bytes of lines that begin no block but a paragraph."""
_BLANKS: Final = b" \t\r\n\0"
_DIGITS: Final = b"0123456789"
_NOT_TEXT_BEFORE: Final = {
    "*": b"*" + _BLANKS,
    "_": b"_" + _BLANKS,
    "-": b"-:|" + _BLANKS,
    "+": _BLANKS,
    "=": b"=" + _BLANKS,
    "`": b"`",
    "~": b"~",
    ":": b"-",
    "<": b"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ/!?",
    "0": b".)" + _DIGITS,
}
"""By the first byte of a line: the second ones, and after the same byte twice the third ones, that may begin more."""
_MOST_SPACES: Final = 4
_MOST_HASHES: Final = 6


def _text_pairs() -> npt.NDArray[np.bool_]:
    """bool[256, 256]: whether a line that begins with two bytes is text for certain."""
    found = np.zeros((256, 256), np.bool_)
    found[sorted(TEXT - frozenset(_BLANKS))] = True
    for first, seconds in _NOT_TEXT_BEFORE.items():
        found[ord(first)] = True
        found[ord(first), list(seconds)] = False
    return found


_IS_TEXT: Final = _text_pairs()
IS_PLAIN: Final = byte_set(TEXT)
"""bool[256]: the bytes of `TEXT`."""
_IS_DIGIT: Final = byte_set(_DIGITS)
_IS_BLANK: Final = byte_set(_BLANKS)
_AS_ZERO: Final = np.where(_IS_DIGIT, ord("0"), np.arange(256)).astype(np.uint8)
"""uint8[256]: each digit as 0."""
_IS_BULLET: Final = byte_set(b"-+*")


class Look(IntEnum):
    """What a line is, wherever it stands."""

    BLANK = 0
    TEXT = 1
    """It begins a paragraph or goes on with one."""
    ROW = 2
    """The same where no line of a paragraph is right before."""
    HEADING = 3
    """At the left edge."""
    ITEM = 4
    """At the left edge, with words, and one to four spaces before them."""
    OTHER = 5
    TITLE = 6
    """The text of a heading at the left edge, after a blank line."""
    UNDERLINE = 7
    """The line below it."""


@dataclass(frozen=True, slots=True)
class Looks:
    """The looks of n lines.

    kinds: uint8[n] of `Look`. The others are 0 for lines that are nothing of the kind. levels: int64[n], of headings,
    and of their texts where a line is below, 1 to 6. Of items, also of those further to the right: contents, int64[n],
    how far their words are from their first byte; marks, int64[n], the byte that ends their mark; begins, bool[n],
    whether they end a paragraph too, as those without a number and the first do.
    """

    kinds: npt.NDArray[np.uint8]
    levels: npt.NDArray[np.int64]
    contents: npt.NDArray[np.int64]
    marks: npt.NDArray[np.int64]
    begins: npt.NDArray[np.bool_]


def markdown_looks(lines: DocumentLines) -> Looks:
    """What the lines look like."""
    count = len(lines)
    kinds = np.where(lines.inked, Look.TEXT, Look.BLANK).astype(np.uint8)
    levels, contents, marks = np.zeros(count, np.int64), np.zeros(count, np.int64), np.zeros(count, np.int64)
    begins = np.zeros(count, np.bool_)
    others = np.flatnonzero(lines.inked & ~IS_PLAIN.take(lines.leads))
    heads = lines.heads[others].astype("<u8").view(np.uint8).reshape(-1, HEAD)
    first = heads[:, 0]
    is_edge = lines.inks[others] == lines.starts[others]
    is_text = _is_text(first, heads[:, 1], heads[:, 2])
    numbered = np.flatnonzero(_IS_DIGIT.take(first))
    digits = np.ones(len(others), np.int64)
    if len(numbered):
        digits[numbered], is_text[numbered] = _numbers(heads[numbered])
    found = np.where(is_text, Look.TEXT, Look.OTHER).astype(np.uint8)
    found[first == ord("|")] = Look.ROW
    hashes = np.flatnonzero(first == ord("#"))
    own_levels, is_other = _levels(heads[hashes])
    found[hashes] = np.where(own_levels, np.where(is_edge[hashes], Look.HEADING, Look.OTHER), Look.TEXT)
    found[hashes[is_other]] = Look.OTHER
    levels[others[hashes]] = own_levels
    may_be = np.flatnonzero(~is_text & (_IS_BULLET.take(first) | (digits < HEAD)) & (first != ord("#")))
    is_item, own_contents, own_marks = _items(heads[may_be], digits[may_be])
    items = may_be[is_item]
    found[items[is_edge[items]]] = Look.ITEM
    contents[others[items]], marks[others[items]] = own_contents[is_item], own_marks[is_item]
    begins[others[items]] = _IS_BULLET.take(first[items]) | ((first[items] == ord("1")) & (digits[items] == 1))
    kinds[others] = found
    _enter_titles(lines, kinds, levels)
    return Looks(kinds, levels, contents, marks, begins)


def _enter_titles(lines: DocumentLines, kinds: npt.NDArray[np.uint8], levels: npt.NDArray[np.int64]) -> None:
    """Enter headings that have a line below."""
    is_double = (lines.leads == ord("=")) | (lines.leads == ord("-"))
    below = np.flatnonzero(is_double & (kinds == Look.OTHER) & ~lines.after_blank & (lines.columns < TAB))
    above = below - 1
    # A definition of a link begins with a bracket.
    is_title = (kinds[above] == Look.TEXT) & lines.after_blank[above] & (lines.inks[above] == lines.starts[above])
    below = below[is_title & (lines.leads[above] != ord("["))]
    inks, ends, data = lines.inks[below].tolist(), lines.ends[below].tolist(), lines.data
    is_under = [SETEXT.match(data, ink, end) is not None for ink, end in zip(inks, ends, strict=True)]
    below = below[np.array(is_under, np.bool_)]
    kinds[below - 1], kinds[below] = Look.TITLE, Look.UNDERLINE
    levels[below - 1] = np.where(lines.leads[below] == ord("="), 1, 2)


def _is_text(
    first: npt.NDArray[np.uint8], second: npt.NDArray[np.uint8], third: npt.NDArray[np.uint8]
) -> npt.NDArray[np.bool_]:
    """bool[n]: whether what begins with three bytes is text for certain."""
    first, second = _AS_ZERO.take(first), _AS_ZERO.take(second)
    found: npt.NDArray[np.bool_] = _IS_TEXT[first, second] | ((first == second) & _IS_TEXT[first, third])
    return found


def _numbers(heads: npt.NDArray[np.uint8]) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.bool_]]:
    """How many digits lines begin with, at most 8, and whether they are text; those with 7 or more are not sure."""
    digits = leading(_IS_DIGIT.take(heads))
    rows, place = np.arange(len(heads)), np.minimum(digits, HEAD - 2)
    after, second = heads[rows, place], heads[rows, place + 1]
    ends = (after == ord(".")) | (after == ord(")"))
    return digits, (digits < HEAD - 1) & (~ends | ~_IS_BLANK.take(second))


def _levels(heads: npt.NDArray[np.uint8]) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.bool_]]:
    """The levels of headings, 0 for what is none; and bool[n], what is not sure."""
    hashes = leading(heads == ord("#"))
    after = heads[np.arange(len(heads)), np.minimum(hashes, HEAD - 1)]
    is_short = hashes <= _MOST_HASHES
    is_heading = is_short & ((after == ord(" ")) | (after == ord("\t")) | (after == ord("\n")))
    return np.where(is_heading, hashes, 0), is_short & ((after == ord("\r")) | (after == 0))


def _items(
    heads: npt.NDArray[np.uint8], digits: npt.NDArray[np.int64]
) -> tuple[npt.NDArray[np.bool_], npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    """Whether lines are items with words, the columns of these, and the bytes that end the marks.

    `digits` has how many digits lines begin with, 1 for those that begin with a bullet. What has a zero before is not
    sure to be no first item.
    """
    rows = np.arange(len(heads))
    is_bullet = _IS_BULLET.take(heads[:, 0])
    sizes = np.where(is_bullet, 1, np.minimum(digits + 1, HEAD - 1))
    marks = heads[rows, sizes - 1]
    is_marked = is_bullet | (marks == ord(".")) | (marks == ord(")"))
    is_blank = (heads == ord(" ")) | (np.arange(HEAD) < sizes[:, None])
    contents = leading(is_blank)
    spaces = contents - sizes
    place = np.minimum(contents, HEAD - 3)
    content = heads[rows, place]
    is_word = _is_text(content, heads[rows, place + 1], heads[rows, place + 2]) | (content == ord("|"))
    is_item = is_marked & (spaces > 0) & (spaces <= _MOST_SPACES) & (contents <= HEAD - 3) & is_word
    is_item &= is_bullet | (heads[:, 0] != ord("0"))
    return is_item, contents, marks.astype(np.int64)
