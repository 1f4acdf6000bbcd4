"""What `--strip` leaves out of texts, by its name."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Sequence

_BLANKS_AT_END: Final = re.compile(rb"[ \t]+(?=\r?$)", re.MULTILINE)
_BLANK_LINES: Final = re.compile(rb"\n(?:\r?\n){2,}")
_HEADER: Final = re.compile(
    rb"\A(?P<before>(?:\xef\xbb\xbf)?(?:#![^\n]*\n|<\?[^\n]*\n)?(?:[ \t]*\r?\n)*)"
    rb"(?P<comment>/\*(?:[^*]|\*(?!/)){0,8192}\*/[ \t]*\n?|<!--(?:[^-]|-(?!->)){0,8192}-->[ \t]*\n?"
    rb"|(?:(?://|#|;|--|%)[^\n]{0,512}\n){1,100})"
)
_LICENCE: Final = re.compile(rb"(?i)copyright|licen[sc]ed?\b|SPDX-License-Identifier")


def strip(text: bytes, what: Sequence[str]) -> bytes:
    """The text without `whitespace` at the ends of lines and blank lines beyond one, or without its `licence`.

    A licence is a comment at the beginning that speaks of a licence or a copyright.
    """
    if "licence" in what:
        found = _HEADER.match(text)
        if found is not None and _LICENCE.search(found["comment"]):
            text = found["before"] + text[found.end() :]
    if "whitespace" in what:
        text = _BLANK_LINES.sub(b"\n\n", _BLANKS_AT_END.sub(b"", text))
    return text
