"""What a cut before a line costs: uint8, the lower the better.

0 to 199     4 * level + weakness; level is the indentation in columns, or twice the bracket depth if that is more
             (a label at the left edge within braces is no outer construct), at most 49
ATTACHED     and the 12 above, by level: a line that belongs to the comment right before it
CONTINUED    and up: within a statement, or right after a line that opens a block; and last of these, right after a
             decorator or an attribute
CLOSING      and up: a closing bracket or word
IN_TEXT      and up: within a string, or within a comment that began behind code
BLANK        a line without anything; BLANK_IN_COMMENT is one within a comment
"""

from __future__ import annotations

from typing import Final

ATTACHED: Final = 200
CONTINUED: Final = 213
CLOSING: Final = 226
IN_TEXT: Final = 239
BLANK_IN_COMMENT: Final = 251
BLANK: Final = 252
