"""Braces in a glob, as ripgrep has them: `*.{py,js}` stands for `*.py` and `*.js`.

They nest. A backslash or a bracket expression takes their meaning from braces and commas, and a comma outside of braces
is a character like any other. `{1..3}` is no range: it stands for the one name `1..3`. Other than in ripgrep, an empty
alternative counts: `test{,s}` stands for `test` and `tests`.
"""

from __future__ import annotations

import re
from typing import Final

from exosuit_cli.walk.byte_members import PatternError, read_set

MOST_PATTERNS: Final = 1000
"""The most patterns that the braces of one pattern may stand for."""
MOST_BYTES: Final = 1 << 19
"""The most bytes that are written to find them, so that a hostile pattern takes some milliseconds at most."""

_SPECIAL: Final = re.compile(rb"[{}]")
_TOKEN: Final = re.compile(rb"(?:[^{},\[\\]|\\.)+|[{},\[]|\\\Z", re.DOTALL)


def expand_braces(pattern: bytes) -> list[bytes]:
    """Return the patterns that `pattern`, without a `!` in front, stands for: itself where it has no braces.

    Where the whole holds a slash before its end, each of them is anchored, as the whole would be. Raises PatternError
    for braces that do not pair or hold nothing, and where there are more than MOST_PATTERNS.
    """
    if not _SPECIAL.search(pattern):
        return [pattern]
    found = _Expansion().expand(pattern)
    if b"/" in pattern[:-1]:
        return [text if b"/" in text[:-1] else b"/" + text for text in found]
    return found


class _Expansion:
    """The expansion of one pattern, which counts what it writes."""

    def __init__(self) -> None:
        self._written = 0
        self._levels: list[tuple[list[bytes], list[bytes]]] = [([], [b""])]
        """Of each open brace the alternatives that are complete, and all beginnings of the one that is being read."""

    def expand(self, pattern: bytes) -> list[bytes]:
        levels = self._levels
        at = 0
        while at < len(pattern):
            token = _TOKEN.match(pattern, at)
            assert token is not None, "the expression matches any character"
            text, start, at = token.group(), at, token.end()
            if text == b"{":
                levels.append(([], [b""]))
            elif text == b"}":
                self._close()
            elif text == b"," and len(levels) > 1:
                complete, begun = levels[-1]
                complete.extend(begun)
                self._count(complete, 0)
                levels[-1] = (complete, [b""])
            else:
                if text == b"[":
                    _, at = read_set(pattern, start)
                    text = pattern[start:at]
                self._append([text])
        if len(levels) > 1:
            raise PatternError(r"a brace is not closed (`\{` is the character)")
        return levels[0][1]

    def _close(self) -> None:
        if len(self._levels) == 1:
            raise PatternError(r"a brace is closed that was not opened (`\}` is the character)")
        complete, begun = self._levels.pop()
        alternatives = complete + begun
        if alternatives == [b""]:
            raise PatternError(r"a pair of braces is empty (`\{\}` are the characters)")
        self._append(alternatives)

    def _append(self, ends: list[bytes]) -> None:
        """Put every end behind every beginning of the innermost level."""
        complete, begun = self._levels[-1]
        if len(begun) * len(ends) > MOST_PATTERNS:
            self._refuse()
        self._levels[-1] = (complete, [beginning + end for beginning in begun for end in ends])
        self._count(self._levels[-1][1], sum(map(len, self._levels[-1][1])))

    def _count(self, patterns: list[bytes], written: int) -> None:
        self._written += len(patterns) + written
        if len(patterns) > MOST_PATTERNS or self._written > MOST_BYTES:
            self._refuse()

    def _refuse(self) -> None:
        raise PatternError(f"its braces stand for more than {MOST_PATTERNS} patterns, or for too long ones")
