"""The lines of a slab that are not blank, as the rules of structure look at them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from exosuit_cli.languages.literals import Inside

if TYPE_CHECKING:
    from exosuit_cli.model.slab import LineColumns

HEAD_BYTES = 8
BYTE = np.uint64(0xFF)
_DASH, _SPACE = np.uint64(ord("-")), np.uint64(ord(" "))

Word = tuple[np.uint64, np.uint64, np.uint64]
"""The first bytes of a head that hold a word, their mask, and how far to shift for the byte after it."""


def word(text: str) -> Word:
    """A word of at most seven bytes."""
    return (
        np.uint64(int.from_bytes(text.encode(), "little")),
        np.uint64((1 << 8 * len(text)) - 1),
        np.uint64(8 * len(text)),
    )


def begins_item(heads: npt.NDArray[np.uint64]) -> npt.NDArray[np.bool_]:
    """bool[n]: the lines, by their heads, that begin an item of a list of YAML: a dash and a blank, or a dash alone."""
    found: npt.NDArray[np.bool_] = ((heads & BYTE) == _DASH) & (((heads >> np.uint64(8)) & BYTE) <= _SPACE)
    return found


class LineView:
    """The lines that are not blank, and what comes right before each of them.

    A line within a comment or a string is indented as that where it begins, and a blank line within is none.
    """

    def __init__(
        self,
        lines: LineColumns,
        inked: npt.NDArray[np.int64],
        file_styles: npt.NDArray[np.uint8],
        depths: npt.NDArray[np.int32],
        inside: npt.NDArray[np.uint8],
    ) -> None:
        begins = np.searchsorted(inked, lines.files)
        self.counts = np.diff(begins)
        """int64[files]: the lines of each file that are not blank."""
        self.file_styles = file_styles
        self.heads = lines.heads.take(inked)
        heads = self.heads.view(np.uint8)
        self.first, self.second = np.ascontiguousarray(heads[::HEAD_BYTES]), np.ascontiguousarray(heads[1::HEAD_BYTES])
        self.indents = lines.indents.take(inked)
        self.depths = depths.take(inked)
        self.lasts = lines.lasts.take(inked)
        # The first line of a file begins something, as one after a blank line does.
        begins = begins[begins < len(inked)]
        self.same_file = np.ones(len(inked), np.bool_)
        self.same_file[begins] = False
        self.after_blank = np.ones(len(inked), np.bool_)
        self.after_blank[1:] = inked[1:] != inked[:-1] + 1
        self.after_blank[begins] = True
        self.own_indents = self.indents
        self.begins_paragraph = self.after_blank
        self.in_text = self.in_comment = self.opens_comment = np.zeros(len(inked), np.bool_)
        self._lines, self._inked = lines, inked
        if inside.any():
            self._enter_literals(inside.take(inked))

    def _enter_literals(self, kinds: npt.NDArray[np.uint8]) -> None:
        """Look at the lines within literals as those where these begin; `kinds` is what each line is in."""
        self.in_text = kinds == Inside.STRING
        self.in_comment = kinds == Inside.COMMENT
        is_code = kinds == Inside.CODE
        within = np.flatnonzero(~is_code)
        begins = np.ones(len(within), np.bool_)
        begins[1:] = within[1:] != within[:-1] + 1
        firsts = np.flatnonzero(begins)
        openers = np.maximum(within[firsts] - 1, 0).repeat(np.diff(np.append(firsts, len(within))))
        self.indents = self.indents.copy()
        self.indents[within] = self.indents[openers]
        self.after_blank = self.after_blank & is_code
        self.opens_comment = np.zeros(len(kinds), np.bool_)
        self.opens_comment[openers[self.in_comment[within]]] = True

    def widths(self, rows: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
        """The bytes of some lines from the first one that is no blank, with the end of the line."""
        places = self._inked[rows]
        found: npt.NDArray[np.int64] = self._lines.starts[places + 1] - self._lines.inks[places]
        return found

    def of_files(self, values: npt.NDArray[Any]) -> npt.NDArray[Any]:
        """For each line the value of its file."""
        return values.repeat(self.counts)

    def before(self, values: npt.NDArray[np.bool_]) -> npt.NDArray[np.bool_]:
        """The value of the line right before, where that is not blank."""
        shifted = np.zeros(len(values), np.bool_)
        shifted[1:] = values[:-1]
        shifted &= ~self.after_blank
        return shifted
