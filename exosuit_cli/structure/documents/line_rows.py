"""Lines of prose or markup in forms that are quick to read one at a time."""

from __future__ import annotations

from typing import Final

from exosuit_cli.model.dataclass import dataclass

_LONGEST: Final = 1000


@dataclass(frozen=True, slots=True)
class LineRows:
    """The n lines of some texts or parts of texts, with a blank line after each of these; the columns that all have."""

    data: bytes
    """The texts."""
    starts: list[int]
    """n + 1 offsets in the data."""
    inks: list[int]
    """The offset of the first byte of each line that is no blank, of its end where it is blank."""
    columns: list[int]
    """The column of that byte; a tab goes to the next multiple of its size."""
    inked: list[int]
    """n positions: the first line from each on that is not blank, the blank one after the text for none."""
    visited: list[int]
    """Likewise, the lines that are looked at: not blank, and either after a blank one or not plain."""
    after_blank: bytes
    """At least n bytes, not 0 for lines at the start or after a blank one."""
    marks: bytes
    """At least n bytes, what the lines are marked with, 0 for nothing."""

    def __len__(self) -> int:
        return len(self.inks)

    def text(self, line: int) -> bytes:
        """One line, from its first byte that is no blank, without blanks and ends of lines behind it."""
        return self.data[self.inks[line] : self.starts[line + 1]].rstrip()

    def head(self, line: int) -> bytes:
        """The first thousand bytes of `text`."""
        return self.text(line)[:_LONGEST]
