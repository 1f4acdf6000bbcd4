"""The lines of a heading: which of them has its text."""

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


def is_above_title(row: bytes) -> bool:
    """Whether a line of a heading, without blanks around it, is a label or a line of punctuation, and not its text.

    Hashes alone are a heading of Markdown without a text.
    """
    is_ruler = not row.strip(row[:1]) and (row[:1] != b"#" or len(row) > _MOST_HASHES)
    return is_ruler or LABEL.match(row) is not None
