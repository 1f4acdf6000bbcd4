"""What differs between two texts, in the unified form. The diff is libgit2's, of two buffers."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any, Final

from exosuit_cli.model.dataclass import dataclass
from exosuit_cli.system.names import display_name

if TYPE_CHECKING:
    from collections.abc import Iterator

LARGEST_COMPARED: Final = 4 << 20
"""Bytes of a text that is compared line by line."""
_BINARY_BYTES: Final = 8_000
"""As git does: a NUL among the first ones makes a file binary."""
_CONTEXT_LINES: Final = 3


@dataclass(frozen=True, slots=True)
class Hunks:
    """A file's differences: the lines added and removed, and the unified text; empty with the reason in `why_none`.

    `places` are where they lie in the new text: first and last line, from 1, of each run of lines that were added; of
    one that was only removed, the line before it.
    """

    added: int = 0
    removed: int = 0
    text: bytes = b""
    why_none: str = ""
    places: tuple[tuple[int, int], ...] = ()


def hunks(old: bytes | None, new: bytes | None, old_path: bytes, new_path: bytes) -> Hunks:
    """The differences of two texts; None is no file. Names stand in the text as a terminal would show them.

    Where only the ends of lines in the new text are CRLF, they are compared as LF: git keeps such texts with LF.
    """
    import pygit2

    if _is_binary(old) or _is_binary(new):
        return Hunks(why_none="binary")
    if max(len(old or b""), len(new or b"")) > LARGEST_COMPARED:
        return Hunks(why_none=f"larger than {LARGEST_COMPARED >> 20} MiB")
    if old and new and b"\r\n" in new and b"\r" not in old:
        new = new.replace(b"\r\n", b"\n")
    patch = pygit2.Patch.create_from(old or b"", new or b"", "a", "b", context_lines=_CONTEXT_LINES)
    data = patch.data
    start = data.find(b"\n@@ ") + 1
    if not start:
        return Hunks()
    before = b"/dev/null" if old is None else b"a/" + os.fsencode(display_name(old_path))
    after = b"/dev/null" if new is None else b"b/" + os.fsencode(display_name(new_path))
    _, added, removed = patch.line_stats
    text = b"--- " + before + b"\n+++ " + after + b"\n" + data[start:]
    return Hunks(added, removed, text, places=tuple(_places(patch)) if new is not None else ())


def _places(patch: Any) -> Iterator[tuple[int, int]]:
    """The runs of lines that differ, as the new text counts them."""
    for hunk in patch.hunks:
        at = hunk.new_start
        first: int | None = None
        for line in hunk.lines:
            if line.origin in "+-":
                first = at if first is None else first
                at += line.origin == "+"
            elif line.origin == " ":
                if first is not None:
                    yield _run(first, at)
                first = None
                at += 1
        if first is not None:
            yield _run(first, at)


def _run(first: int, after: int) -> tuple[int, int]:
    return (first, after - 1) if after > first else (max(first - 1, 1), max(first - 1, 1))


def _is_binary(text: bytes | None) -> bool:
    return text is not None and b"\0" in text[:_BINARY_BYTES]
