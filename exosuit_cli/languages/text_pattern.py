"""Patterns over the beginnings of texts, searched in less time than `re` takes for them as they are written."""

from __future__ import annotations

import re
from functools import cache
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterator

_FLAGS: Final = rb"\(\?[a-z]+\)"
_ATOM: Final = rb"(?s)\\.|\[\^?\]?(?:\\.|[^\]\\])*\]|."


class TextPattern:
    r"""Finds what `re.compile(pattern, re.MULTILINE).search` finds.

    `re` tries a `^` at every byte, but goes from one newline to the next at once: so each alternative that begins a
    line begins with the newline before it here, and one with `\A` is tried at the beginning alone. `\A` is understood
    where an alternative begins with it.
    """

    def __init__(self, pattern: bytes) -> None:
        given = re.match(_FLAGS, pattern)
        flags = given[0] if given is not None else b""
        lines, starts, others = [], [], []
        for alternative in _alternatives(pattern[len(flags) :]):
            if alternative.startswith(b"^"):
                lines.append(alternative[1:])
            elif alternative.startswith(rb"\A"):
                starts.append(alternative[2:])
            else:
                others.append(alternative)
        self._line = _any_of(flags + rb"\n", lines)
        self._start = _any_of(flags, starts)
        self._other = _any_of(flags, others)

    def is_in(self, text: bytes) -> bool:
        """Whether the pattern is in a text; `text` is a newline and then that text."""
        return (
            (self._start is not None and self._start.match(text, 1) is not None)
            or (self._line is not None and self._line.search(text) is not None)
            or (self._other is not None and self._other.search(text, 1) is not None)
        )


@cache
def text_pattern(pattern: bytes) -> TextPattern:
    """The pattern, made ready once."""
    return TextPattern(pattern)


def _alternatives(pattern: bytes) -> Iterator[bytes]:
    """The parts of a pattern between the bars that are in no group."""
    begin = depth = 0
    for atom in re.finditer(_ATOM, pattern):
        if atom[0] == b"|" and not depth:
            yield pattern[begin : atom.start()]
            begin = atom.end()
        depth += (atom[0] == b"(") - (atom[0] == b")")
    yield pattern[begin:]


def _any_of(before: bytes, patterns: list[bytes]) -> re.Pattern[bytes] | None:
    if not patterns:
        return None
    whole = patterns[0] if len(patterns) == 1 else b"(?:" + b"|".join(patterns) + b")"
    return re.compile(before + whole, re.MULTILINE)
