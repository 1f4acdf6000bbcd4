"""The directories that a session may read: those of the command line, or those that the client names."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING
from urllib.parse import unquote_to_bytes, urlsplit

from exosuit_cli.model.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Iterable


def checked_roots(paths: Iterable[str]) -> tuple[str, ...]:
    """The paths without links, each once, and without those that lie in others.

    Raises UsageError for one that is no directory or file, or that is the whole file system.
    """
    found: dict[str, None] = {}
    for path in paths:
        real = os.path.realpath(path)
        if not os.path.isdir(real) and not os.path.isfile(real):
            raise UsageError(f"cannot read the root {path!r}: it is no directory and no file")
        if real == "/":
            raise UsageError("the root '/' is the whole file system; name the directories to search")
        found[real] = None
    return tuple(each for each in found if not any(each.startswith(f"{other}/") for other in found))


def path_of_uri(uri: str) -> str:
    """The path of a `file:` address of this machine. Raises UsageError for another address."""
    parts = urlsplit(uri)
    if parts.scheme != "file" or parts.netloc not in ("", "localhost") or not parts.path.startswith("/"):
        raise UsageError(f"the client's root {uri[:200]!r} is no file: address of this machine")
    return os.fsdecode(unquote_to_bytes(parts.path))
