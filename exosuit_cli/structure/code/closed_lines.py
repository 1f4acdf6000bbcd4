"""Definitions that end on the line that they begin on: nothing that follows is within them."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

import numpy as np

from exosuit_cli.structure.families import Family

if TYPE_CHECKING:
    import numpy.typing as npt

    from exosuit_cli.model.slab import LineColumns, Slab

_LONGEST: Final = 1000
"""Bytes of a line that is looked at."""
_HAS_BODIES: Final = np.isin(
    np.arange(len(Family)), [Family.KEYWORD, Family.C, Family.CPP, Family.OBJECTIVE, Family.JAVA, Family.SCRIPT]
)
"""bool[families]: braces may be around what a definition holds."""
_PAIRS: Final = ((b"(", b")"), (b"[", b"]"), (b"{", b"}"))
_LISP_TEXT: Final = re.compile(rb'"(?:[^"\\]|\\.)*"|\\.|;.*')
_TEXT: Final = re.compile(rb"\"(?:[^\"\\]|\\.)*\"|'(?:[^'\\]|\\.)'|//.*|/\*.*?\*/")
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
    for place in np.flatnonzero(found).tolist():
        start, end = lines.starts[places[place] : places[place] + 2].tolist()
        text = bytes(slab.data[start : min(end, start + _LONGEST)])
        found[place] = end - start <= _LONGEST and _is_closed(text, is_lisp=bool(is_lisp[place]))
    return found


def _is_closed(text: bytes, *, is_lisp: bool) -> bool:
    text = (_LISP_TEXT if is_lisp else _TEXT).sub(b"", text)
    is_even = all(text.count(opening) == text.count(closing) for opening, closing in _PAIRS)
    return is_even and (is_lisp or _VALUE.search(text) is None)
