"""The lines of a slab that are not blank, as the rules of structure look at them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from exosuit_cli.languages.literals import Inside

if TYPE_CHECKING:
    from exosuit_cli.model.slab import LineColumns

HEAD_BYTES = 8
BYTE = np.uint64(0xFF)

Word = tuple[np.uint64, np.uint64, np.uint64]
"""The first bytes of a head that hold a word, their mask, and how far to shift for the byte after it."""


def word(text: str) -> Word:
    """A word of at most seven bytes."""
    return (
        np.uint64(int.from_bytes(text.encode(), "little")),
        np.uint64((1 << 8 * len(text)) - 1),
        np.uint64(8 * len(text)),
    )


def byte_set(characters: bytes) -> npt.NDArray[np.bool_]:
    """bool[256]: which bytes are among these."""
    table = np.zeros(256, np.bool_)
    table[list(characters)] = True
    return table


class LineView:
    """The lines that are not blank, and what comes right before each of them.

    A line within a comment or a string is indented as that where it begins, and a blank line within is none.
    """

    def __init__(
        self,
        lines: LineColumns,
        inked: npt.NDArray[np.int64],
        styles: npt.NDArray[np.uint8],
        depths: npt.NDArray[np.int32],
        inside: npt.NDArray[np.uint8],
    ) -> None:
        self.styles = styles
        self.heads = lines.heads.take(inked)
        self.first = (self.heads & BYTE).astype(np.uint8)
        self.indents = lines.indents.take(inked).astype(np.int32)
        self.depths = depths.take(inked)
        self.lasts = lines.lasts.take(inked)
        self.widths = lines.starts.take(inked + 1) - lines.inks.take(inked)
        # The first line of a file begins something, as one after a blank line does.
        begins_file = np.zeros(len(lines.indents) + 1, np.bool_)
        begins_file[lines.files] = True
        self.after_blank = np.ones(len(inked), np.bool_)
        self.after_blank[1:] = inked[1:] != inked[:-1] + 1
        self.after_blank |= begins_file.take(inked)
        file_of = np.cumsum(begins_file)[inked]
        self.same_file = np.zeros(len(inked), np.bool_)
        self.same_file[1:] = file_of[1:] == file_of[:-1]
        self.own_indents = self.indents
        self.begins_paragraph = self.after_blank
        self.in_text = self.in_comment = np.zeros(len(inked), np.bool_)
        self.opens_comment = self.in_comment
        if inside.any():
            kinds = inside.take(inked)
            self.in_text = kinds == Inside.STRING
            self.in_comment = kinds == Inside.COMMENT
            openers = np.maximum.accumulate(np.where(kinds == Inside.CODE, np.arange(len(kinds)), 0))
            self.indents = self.indents.take(openers)
            self.after_blank = self.after_blank & (kinds == Inside.CODE)
            self.opens_comment = np.zeros(len(inked), np.bool_)
            self.opens_comment[openers[self.in_comment]] = True

    def before(self, values: npt.NDArray[np.bool_]) -> npt.NDArray[np.bool_]:
        """The value of the line right before, where that is not blank."""
        shifted = np.zeros(len(values), np.bool_)
        shifted[1:] = values[:-1]
        shifted &= ~self.after_blank
        return shifted

    def starts_with(self, sought: Word) -> npt.NDArray[np.bool_]:
        """The lines whose first bytes are those of a word."""
        found: npt.NDArray[np.bool_] = (self.heads & sought[1]) == sought[0]
        return found
