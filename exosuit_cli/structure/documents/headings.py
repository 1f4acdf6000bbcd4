"""The line that has the text of a heading, below its labels, and what the text is without the marks around it."""

from __future__ import annotations

import re
from typing import Final

LABEL: Final = re.compile(
    rb"\([^()\s]+\)=\Z|<a +(?:name|id)=[^<>]*>(?:</a>)?\Z|\[\]\(\)\{#[^}]*\}\Z"
    rb"|\.\. (?:_|index::|highlight::|role::|(?!.*::))"
)
"""A line that names what follows it, as MyST, HTML, MkDocs and reStructuredText write it."""
MOST_LABELS: Final = 8
"""Lines of labels above a heading that are looked at."""
USUAL: Final = b'=-~^"*+#'
"""The marks that plain texts have below titles."""
_MOST_HASHES: Final = 6
_OUTLINE: Final = re.compile(rb"(={1,6}|\*+)[ \t]+(\S.*)")
"""A heading of AsciiDoc or Org."""
_STATE: Final = re.compile(rb"\A(?:(?:TODO|DONE|NEXT|WAITING|CANCELLED)[ \t]+)?(?:\[#\w\][ \t]*)?(?:COMMENT[ \t]+)?")
_TAGS: Final = re.compile(rb"[ \t]+:(?:[\w@#%]+:)+[ \t\r\n]*\Z")


def is_above_title(row: bytes) -> bool:
    """Whether a line of a heading, without blanks around it, is a label or a line of punctuation, and not its text.

    Hashes alone are a heading of Markdown without a text.
    """
    is_ruler = not row.strip(row[:1]) and (row[:1] != b"#" or len(row) > _MOST_HASHES)
    return is_ruler or LABEL.match(row) is not None


def plain_heading(row: bytes) -> str:
    """The text of a heading by its line, without the marks around it and what Org adds: a state, a priority, tags."""
    outline = _OUTLINE.match(row) if row[:1] in (b"=", b"*") else None
    if outline is not None:
        row = (
            _TAGS.sub(b"", _STATE.sub(b"", outline[2], count=1))
            if row[:1] == b"*"
            else outline[2].removesuffix(outline[1])
        )
    return " ".join(row.decode("utf-8", "replace").strip(" #\t\r\n").split())
