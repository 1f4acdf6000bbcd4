"""The interpreter that a `#!` line names."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterator

LINE_BYTES: Final = 256
"""How far the line is looked at, as far as the Linux kernel does (BINPRM_BUF_SIZE)."""

_HEAD_LINES: Final = 5
_HEAD_BYTES: Final = 2048
_RUNNERS: Final = frozenset(b"bunx busybox command doas env exec nice nohup npx sudo time".split())
"""Programs that run the program named after them."""
_ARGUMENT_OPTIONS: Final = frozenset((b"-u", b"-C", b"--unset", b"--chdir"))
"""Options of env that take the next word."""
_VERSION: Final = rb"[-.]?[0-9][-.0-9]{0,20}[a-z]?$"
_HANDED_ON: Final = rb"\bexec[ \t]{1,9}([\w./-]{1,100})[ \t]{1,9}[^\n]{0,200}\$\{?[0*@]"


def interpreters(head: bytes) -> Iterator[bytes]:
    """The names to look up for a file that begins with `#!`, the most particular first: python3.12, then python."""
    name = _interpreter(head)
    if name:
        yield name
        plain = re.sub(_VERSION, b"", name)
        if plain != name:
            yield plain


def _interpreter(head: bytes) -> bytes:
    """The program that reads the file, without its directory."""
    words = head[2:LINE_BYTES].partition(b"\n")[0].split()
    name = _program(words)
    if name == b"sh":  # a program in another language may begin as a shell script that hands itself on
        found = re.search(_HANDED_ON, _first_lines(head))
        name = _base(found[1]) if found is not None else name
    elif name == b"nix-shell":  # its options are on lines of their own
        for line in _first_lines(head).split(b"\n")[1:]:
            _, option, rest = line.partition(b" -i ")
            if option and line.startswith(b"#!"):
                return _program(rest.split())
    elif name == b"osascript" and any(word.startswith(b"-l") for word in words):
        return b"node" if b"JavaScript" in words or b"-lJavaScript" in words else name
    return name


def _program(words: list[bytes]) -> bytes:
    takes_argument = False
    runs = True
    for word in words:
        if takes_argument:
            takes_argument = False
        elif word.startswith((b"-S", b"-vS", b"-iS")) and not word.endswith(b"S"):
            return _base(word.partition(b"S")[2])
        elif word.startswith(b"--split-string="):
            return _base(word.partition(b"=")[2])
        elif word.startswith(b"-"):
            takes_argument = word in _ARGUMENT_OPTIONS
        elif b"=" not in word:
            name = _base(word)
            if name not in _RUNNERS:
                return name if runs else b""
    return b""


def _base(word: bytes) -> bytes:
    name = word.strip(b"\"'").replace(b"\\", b"/").rpartition(b"/")[2]
    return name.removesuffix(b".exe")


def _first_lines(head: bytes) -> bytes:
    return b"\n".join(head[:_HEAD_BYTES].split(b"\n", _HEAD_LINES)[:_HEAD_LINES])
