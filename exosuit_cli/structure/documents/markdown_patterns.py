"""How the blocks of Markdown begin and end on a line: CommonMark 0.31.2, and the tables of GitHub's Markdown.

Each pattern is matched from the first byte of a line that is no blank, up to the line's end.
"""

from __future__ import annotations

import re
from functools import cache
from typing import Final

TAB: Final = 4
"""Columns of a tab in Markdown."""
_END: Final = rb"[ \t]*\r?\n?\Z"
ATX: Final = re.compile(rb"(#{1,6})(?:[ \t]|\r?\n?\Z)")
SETEXT: Final = re.compile(rb"(?:=+|-+)" + _END)
BREAK: Final = re.compile(rb"(?:(?:-[ \t]*){3,}|(?:_[ \t]*){3,}|(?:\*[ \t]*){3,})\r?\n?\Z")
FENCE: Final = re.compile(rb"(`{3,})(?=[^`]*\Z)|(~{3,})")
ITEM: Final = re.compile(rb"(?:[-+*]|(\d{1,9})[.)])(?=[ \t\r\n]|\Z)")
DELIMITER: Final = re.compile(rb"\|?[ \t]*:?-+:?[ \t]*(?:\|[ \t]*:?-+:?[ \t]*)*\|?\Z")
"""The second line of a table, without blanks and ends of lines behind it."""
BLANKS: Final = re.compile(rb"[ \t]*")
_ATTRIBUTE: Final = rb"[ \t]+[A-Za-z_:][\w.:-]*(?:[ \t]*=[ \t]*(?:[^ \t\r\n\"'=<>`]+|'[^'\r\n]*'|\"[^\"\r\n]*\"))?"
_TAG: Final = rb"<(?:[A-Za-z][A-Za-z0-9-]*(?:" + _ATTRIBUTE + rb")*[ \t]*/?|/[A-Za-z][A-Za-z0-9-]*[ \t]*)>"
LONE_TAG: Final = re.compile(_TAG + _END)
_BLOCK_TAGS: Final = (
    b"address|article|aside|base|basefont|blockquote|body|caption|center|col|colgroup|dd|details|dialog|dir|div|dl|dt"
    b"|fieldset|figcaption|figure|footer|form|frame|frameset|h[1-6]|head|header|hr|html|iframe|legend|li|link|main|menu"
    b"|menuitem|nav|noframes|ol|optgroup|option|p|param|search|section|summary|table|tbody|td|tfoot|th|thead|title|tr"
    b"|track|ul"
)
HTML: Final = re.compile(
    rb"<(?:(script|pre|style|textarea)(?=[ \t>\r\n]|\Z)|(!--)|(\?)|(![A-Za-z])|(!\[CDATA\[)|(/?(?:"
    + _BLOCK_TAGS
    + rb")(?:[ \t\r\n]|/?>|\Z)))",
    re.IGNORECASE,
)
HTML_ENDS: Final = (
    None,
    re.compile(rb"</(?:script|pre|style|textarea)>", re.IGNORECASE),
    re.compile(rb"-->"),
    re.compile(rb"\?>"),
    re.compile(rb">"),
    re.compile(rb"\]\]>"),
    None,
)
"""By the group of `HTML`: what ends the block, on its line; None where a blank line does."""
INTERRUPTS: Final = re.compile(
    rb"#{1,6}(?:[ \t\r\n]|\Z)|`{3,}[^`]*\Z|~{3,}|>|[-+*][ \t]+[^ \t\r\n]|1[.)][ \t]+[^ \t\r\n]|" + BREAK.pattern
)
"""What ends a paragraph or a table, HTML aside."""
LONGEST_ROW: Final = 10_000
"""Bytes of a line that are looked at for cells or for markers."""
LINK: Final = re.compile(rb"\[(?:[^\[\]\\]|\\.)+\]:[ \t]*[^ \t]+(?:[ \t]+(?:\"[^\"]*\"|'[^']*'|\([^()]*\)))?\Z")
"""A definition of a link, on one line without blanks around it."""
_PIPES: Final = re.compile(rb"(?<!\\)\|")


@cache
def closing_fence(mark: bytes) -> re.Pattern[bytes]:
    """What closes a fence that `mark` opens."""
    return re.compile(re.escape(mark[:1]) + b"{%d,}" % len(mark) + _END)


def cells(row: bytes) -> int:
    """The number of cells of a row of a table."""
    row = row.strip()
    count = len(_PIPES.findall(row)) + 1
    return count - row.startswith(b"|") - (row.endswith(b"|") and not row.endswith(b"\\|") and len(row) > 1)
