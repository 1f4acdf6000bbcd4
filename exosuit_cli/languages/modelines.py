"""What a file tells its editor: modelines of Vim and Emacs.

Formats: `:help modeline` of Vim, and "Specifying File Variables" in the manual of Emacs.
"""

from __future__ import annotations

import re
from functools import cache
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterator

MARKS: Final = (b"-*-", b"vim:", b" vi:", b" ex:", b"Vim:")
"""One of these is in every modeline that is understood; Vim's for certain versions are not."""

_LINES: Final = 5
"""How many lines from the start and from the end of a file are looked at, as Vim does."""
OPENING_BYTES: Final = 512
"""How far from the start, and from the end of a file that is no longer than the head that is looked at."""
_VIM: Final = rb"(?m)(?:^|[ \t])(?:[Vv]im|vi|(?<=[ \t])ex):[ \t]{0,8}([^\n]*)"
_SET: Final = rb"set?[ \t]([^:\n]*):"
_FILE_TYPE: Final = rb"(?:^|[ \t:])(?:filetype|ft|syntax)[ \t]{0,8}=[ \t]{0,8}([\w+#-]{1,40})"


def modes(head: bytes, *, is_whole: bool) -> Iterator[bytes]:
    """The modes that the first and the last lines name, in lower case; the last ones where the file is no longer."""
    for text in (_first_lines(head), _last_lines(head) if is_whole else b""):
        if any(mark in text for mark in MARKS):
            yield from _emacs(text)
            yield from _vim(text)


def _emacs(text: bytes) -> Iterator[bytes]:
    """`-*- ruby -*-`, or `-*- coding: utf-8; mode: ruby -*-`."""
    for line in text.split(b"\n"):
        _, mark, rest = line.partition(b"-*-")
        variables, closed, _ = rest.partition(b"-*-")
        if not mark or not closed:
            continue
        if b":" not in variables:
            yield variables.strip().lower()
            continue
        for variable in variables.split(b";"):
            name, _, value = variable.partition(b":")
            if name.strip().lower() == b"mode":
                yield value.strip().lower()


def _vim(text: bytes) -> Iterator[bytes]:
    """`vim: ts=4 ft=ruby`, or `vim: set ts=4 ft=ruby:`."""
    for found in re.finditer(_VIM, text):
        options = found[1]
        if options.startswith((b"set ", b"se ", b"set\t", b"se\t")):
            bounded = re.match(_SET, options)
            if bounded is None:
                continue
            options = bounded[1]
        told = re.search(_FILE_TYPE, options)
        if told is not None:
            yield told[1].lower()


def _first_lines(head: bytes) -> bytes:
    return b"\n".join(head[:OPENING_BYTES].split(b"\n", _LINES)[:_LINES])


def _last_lines(head: bytes) -> bytes:
    return b"\n".join(head[-OPENING_BYTES:].rstrip(b"\r\n").rsplit(b"\n", _LINES)[-_LINES:])


@cache
def language_of_mode(mode: bytes) -> str | None:
    """The language that editors call `mode`; None for one that is not known."""
    from exosuit_cli.languages.modes import MODES

    return MODES.get(mode) or MODES.get(mode.partition(b".")[0])
