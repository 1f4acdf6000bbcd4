"""Where an output may be written: not through a link that lies in the tree that is read, which anyone may have laid."""

from __future__ import annotations

import os
import stat
from typing import TYPE_CHECKING, Final

from exosuit_cli.model.errors import OutputError

if TYPE_CHECKING:
    from collections.abc import Iterable

_MOST_LINKS: Final = 40
"""As many as Linux follows in one path."""


def refuse_links_inside(output: str | None, tree: Iterable[str]) -> None:
    """Raise OutputError where the way to the file `output` leads through a symbolic link inside a directory of `tree`.

    A link that lies elsewhere is its user's own, and is followed. None names no file.
    """
    if output is None:
        return
    roots = [os.path.realpath(os.fsencode(path)) for path in tree]
    link = _link_inside(os.fsencode(output), [root.rstrip(b"/") + b"/" for root in roots])
    if link is not None:
        raise OutputError(
            f"cannot write {output!r}: {os.fsdecode(link)!r} is a symbolic link inside the tree that is read; "
            "name a file outside of the tree"
        )


def _link_inside(path: bytes, roots: list[bytes]) -> bytes | None:
    """The first symbolic link on the way to `path` that lies below one of `roots`, resolved as the kernel does."""
    try:
        left = _components(os.path.join(os.getcwdb(), path))
    except OSError:
        return None  # the working directory is gone: the open says so
    current = b""
    links = 0
    while left:
        name = left.pop()
        if name == b"..":
            current = os.path.dirname(current).rstrip(b"/")
            continue
        place = current + b"/" + name
        try:
            is_link = stat.S_ISLNK(os.lstat(place).st_mode)
            target = os.readlink(place) if is_link else b""
        except (OSError, ValueError):
            return None  # nothing is there yet, or the open says what is wrong
        if not is_link:
            current = place
            continue
        if any(place.startswith(root) for root in roots):
            return place
        links += 1
        if links > _MOST_LINKS:
            return None
        if target.startswith(b"/"):
            current = b""
        left.extend(_components(target))
    return None


def _components(path: bytes) -> list[bytes]:
    """The components of a path, the last one first."""
    return [name for name in reversed(path.split(b"/")) if name not in (b"", b".")]
