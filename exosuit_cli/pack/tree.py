"""The file tree at the end of a pack: each directory once, its files below it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from exosuit_cli.system.names import display_name

if TYPE_CHECKING:
    from collections.abc import Iterable


def file_tree(paths: Iterable[bytes]) -> str:
    """A line for each directory, and one for each file below it.

    The paths come in the order of the pack, in which each directory's files stand together.
    """
    lines = []
    current: bytes | None = b""
    for path in paths:
        directory, _, name = path.rpartition(b"/")
        if directory != current:
            current = directory
            lines.append(f"{display_name(directory) or '.'}/\n")
        indent = " " if directory else ""
        lines.append(f"{indent}{display_name(name)}\n")
    return "".join(lines)
