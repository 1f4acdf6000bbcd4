"""The lines of a text that is one node and does not fit: a long comment, a long string.

Nobody wants a cut within a sentence there. The best places are paragraphs, then the items of a list, then lines after
the end of a sentence.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Sequence

CLOSES: Final = 4
"""Said of a last line that only closes the text: `*/`."""

_ANY: Final = 3
_WORD: Final = re.compile(rb"[0-9A-Za-z\x80-\xff]")
_ITEM: Final = re.compile(rb"[-*+] |\d{1,3}[.)] |[:@\\](?:param|arg|return|raise|throw|type|see|tparam)")
_SENTENCE_END: Final = re.compile(rb"[.!?][\"')\]`*]*\Z")
_RULE: Final = re.compile(rb"(?:\W*[ \t])?([=\-~^\"'#*+.:_])\1{2,}\Z")
"""What a heading is underlined with, in a comment as well."""
_ANNOUNCES: Final = re.compile(rb"(?:(?://[/!]?|--|;+|%+)[ \t]*)?#{1,6} .*|.*:", re.DOTALL)
"""A heading of Markdown, in a comment as well, and what ends in a colon."""
_FENCE: Final = b"```"


def weaknesses(lines: Sequence[bytes]) -> bytes:
    """How weak a place for a cut the start of each line is, from 0 to 3, or `CLOSES`.

    `lines` are those of the text, the first from where the text begins. One look at each line.
    """
    texts = [line.strip() for line in lines]
    indents = [len(line) - len(line.lstrip()) for line in lines]
    if len(texts) > 2 and all(text.startswith(b"*") for text in texts[1:] if text):
        # The usual comment of C: an asterisk before each line.
        for place, text in enumerate(texts[1:], 1):
            if text and text != b"*/":
                inner = text[1:]
                texts[place], indents[place] = inner.strip(), len(inner) - len(inner.lstrip())
    edge = min((indent for indent, text in zip(indents[1:], texts[1:], strict=True) if text), default=0)
    found = bytearray()
    before, is_after_blank, is_code, is_rule = b"", False, False, False
    for text, indent in zip(texts, indents, strict=True):
        has_word = _WORD.search(text) is not None
        if not has_word:
            weakness = _ANY
        elif is_after_blank:
            # A heading and what announces something go with what follows.
            is_example = is_code or text.startswith(_FENCE)
            weakness = 2 if is_example or is_rule or _ANNOUNCES.fullmatch(before) else int(indent > edge)
        elif is_code or is_rule:
            weakness = _ANY
        elif _ITEM.match(text):
            weakness = 2 if before.endswith(b":") else 1
        else:
            weakness = 2 if _SENTENCE_END.search(before) else _ANY
        found.append(weakness)
        is_code ^= text.count(_FENCE) % 2 == 1
        is_after_blank = not text
        if text:
            before, is_rule = text, _RULE.match(text) is not None
    if len(texts) > 1 and not _WORD.search(texts[-1]):
        found[-1] = CLOSES
    return bytes(found)


class CommentRun:
    """The comments on lines of their own, each right below the one before: one text, with examples between fences."""

    def __init__(self, data: bytes) -> None:
        self._data = data
        self._is_empty = self._is_code = self._announces = False

    def weakness(self, start: int, end: int, *, is_first: bool) -> int:
        """How weak a place for a cut the start of the next comment is, the bytes from `start` up to `end`.

        0 is a paragraph, 1 one of an example, or what is announced, 2 any other line.
        """
        text = self._data[start:end].rstrip()
        has_fence, is_rule = _FENCE in text, _RULE.match(text) is not None
        is_empty = not (has_fence or is_rule or _WORD.search(text))
        weakness = 2
        if self._is_empty and not (is_first or is_empty):
            weakness = int(has_fence or self._is_code or self._announces)
        self._is_empty = is_empty
        if not is_empty or is_first:
            self._announces = is_rule or _ANNOUNCES.fullmatch(text) is not None
        self._is_code = (self._is_code and not is_first) ^ (text.count(_FENCE) % 2 == 1)
        return weakness
