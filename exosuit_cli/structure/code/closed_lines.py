"""Where definitions end: on the line that they begin on, or on the one that closes them."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

import numpy as np

from exosuit_cli.model.byte_sets import byte_set
from exosuit_cli.structure.families import Family
from exosuit_cli.structure.line_view import BYTE, word
from exosuit_cli.structure.next_lines import next_not_deeper

if TYPE_CHECKING:
    import numpy.typing as npt

    from exosuit_cli.model.slab import LineColumns, Slab

_LONGEST: Final = 1000
"""Bytes of a line that is looked at."""
_HAS_BODIES: Final = np.isin(
    np.arange(len(Family)),
    [Family.KEYWORD, Family.C, Family.CPP, Family.OBJECTIVE, Family.JAVA, Family.SCRIPT, Family.SHELL],
)
"""bool[families]: braces may be around what a definition holds."""
_HAS_CLOSERS: Final = _HAS_BODIES & (np.arange(len(Family)) != Family.OBJECTIVE) | (
    np.arange(len(Family)) == Family.LUA
)
"""bool[families]: a line with a brace or `end`, indented as a definition is, closes it."""
NEVER: Final = 1 << 62
"""In place of the line that closes a definition, where none is known."""
_AFTER_BRACE: Final = byte_set(b"\0\r\n\t (),;}]")
_GOES_ON: Final = byte_set(b"{([:>")
"""What such a line ends with that is a part of a head: `}) {`."""
_END, _END_MASK, _END_SHIFT = word("end")
_AFTER_END: Final = byte_set(b"\0\r\n),;.}]")
_LEVEL_SHIFT: Final = 40
_PAIRS: Final = ((b"(", b")"), (b"[", b"]"), (b"{", b"}"))
_LISP_TEXT: Final = re.compile(rb'"(?:[^"\\]|\\.)*"|\\.|;.*')
_TEXT: Final = re.compile(rb"\"(?:[^\"\\]|\\.)*\"|'(?:[^'\\]|\\.)'|//.*|/\*.*?\*/")
_LISP_MARKS: Final = (b'"', b"\\", b";")
_MARKS: Final = (b'"', b"'", b"//", b"/*")
"""One of them is in each text or comment."""
_VALUE: Final = re.compile(rb"[=,(\[:]\s*\{[^{}]*\}\s*$")
"""A table, as in `def f options = {}`: no body."""


def closed_on_line(
    slab: Slab, lines: LineColumns, places: npt.NDArray[np.int64], families: npt.NDArray[np.uint8]
) -> npt.NDArray[np.bool_]:
    """Which definitions are closed on their own line, by its brackets.

    Args:
        slab: the texts.
        lines: their lines.
        places: int64[n], the lines that define something.
        families: uint8[n], of the languages of these lines.

    Returns:
        bool[n].

    """
    lasts = lines.lasts[places]
    is_lisp = families == Family.LISP
    found: npt.NDArray[np.bool_] = is_lisp | ((lasts == ord("}")) & _HAS_BODIES[families])
    rows = np.flatnonzero(found)
    own, data = places[rows], slab.data.data
    found[rows] = [
        end - start <= _LONGEST and _is_closed(bytes(data[start:end]), is_lisp=is_form)
        for start, end, is_form in zip(
            lines.starts[own].tolist(), lines.starts[own + 1].tolist(), is_lisp[rows].tolist(), strict=True
        )
    ]
    return found


def closing_lines(
    lines: LineColumns,
    places: npt.NDArray[np.int64],
    levels: npt.NDArray[np.int64],
    families: npt.NDArray[np.uint8],
    closed: npt.NDArray[np.bool_],
    in_text: npt.NDArray[np.bool_],
) -> npt.NDArray[np.int64]:
    """The line that closes each definition: the first after it with a brace or `end` that is indented as it is.

    Args:
        lines: the lines of the texts.
        places: int64[n], the lines that define something, ascending.
        levels: int64[n], their indentation; what is at the left edge is closed by whatever follows there.
        families: uint8[n], of the languages of these lines.
        closed: bool[n], which are closed on their own line.
        in_text: bool[lines], the lines that begin within a literal, which close nothing.

    Returns:
        int64[n], positions in the slab, `NEVER` where no line is known.

    """
    found = np.where(closed, places, NEVER)
    pending = np.flatnonzero(~closed & (levels > 0) & _HAS_CLOSERS[families])
    if not len(pending):
        return found
    first = lines.heads & BYTE
    braces = np.flatnonzero((first == ord("}")) & (lines.indents > 0))
    second = ((lines.heads[braces] >> np.uint64(8)) & BYTE).astype(np.uint8)
    braces = braces[_AFTER_BRACE[second] & ~_GOES_ON[lines.lasts[braces]]]
    words = np.flatnonzero(((lines.heads & _END_MASK) == _END) & (lines.indents > 0))
    words = words[_AFTER_END[((lines.heads[words] >> _END_SHIFT) & BYTE).astype(np.uint8)]]
    at = np.concatenate((braces, words))
    at = at[~in_text[at]]
    keys = np.sort((lines.indents[at].astype(np.int64) << _LEVEL_SHIFT) | at)
    sought = (levels[pending] << _LEVEL_SHIFT) | places[pending]
    keys = np.append(keys, NEVER)[np.searchsorted(keys, sought, "right")]
    has_one = keys >> _LEVEL_SHIFT == levels[pending]
    found[pending[has_one]] = keys[has_one] & ((1 << _LEVEL_SHIFT) - 1)
    return found


def last_deeper_lines(
    lines: LineColumns, tells: npt.NDArray[np.bool_], places: npt.NDArray[np.int64], levels: npt.NDArray[np.int64]
) -> npt.NDArray[np.int64]:
    """The line before the first one after each definition that is not indented further: where blocks are indentation.

    Args:
        lines: the lines of the texts.
        tells: bool[lines], the lines whose indentation counts.
        places: int64[n], the lines that define something, ascending.
        levels: int64[n], their indentation.

    Returns:
        int64[n], positions in the slab, about `NEVER` where there is no such line.

    """
    found = np.full(len(places), NEVER)
    telling = np.append(np.flatnonzero(tells), NEVER)
    inner = np.flatnonzero(levels > 0)
    own = places[inner]
    after = np.searchsorted(telling, own, "right")
    shallow = next_not_deeper(lines.indents[telling[:-1]], after, levels[inner])
    found[inner] = telling[shallow] - 1
    return found


def _is_closed(text: bytes, *, is_lisp: bool) -> bool:
    if any(mark in text for mark in (_LISP_MARKS if is_lisp else _MARKS)):
        text = (_LISP_TEXT if is_lisp else _TEXT).sub(b"", text)
    is_even = all(text.count(opening) == text.count(closing) for opening, closing in _PAIRS)
    return is_even and (is_lisp or _VALUE.search(text) is None)
