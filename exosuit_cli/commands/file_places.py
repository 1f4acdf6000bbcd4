"""Where a file of a context is: found by the path that an answer shows, and shown by it."""

from __future__ import annotations

import difflib
import os
from typing import TYPE_CHECKING, Final

from exosuit_cli.model.errors import UsageError
from exosuit_cli.system.names import display_name

if TYPE_CHECKING:
    from exosuit_cli.commands.query_context import SearchedContext
    from exosuit_cli.context.records import StoredFile

MOST_OTHERS: Final = 5
"""So many other places are named at most."""


def file_at(found: SearchedContext, path: str) -> StoredFile:
    """The file at a path as answers show it, or at an absolute one. Raises UsageError where the context has none."""
    context = found.context
    sources = context.sources()
    raw = os.fsencode(path)
    if b"\0" in raw:
        raise UsageError("a path has no NUL in it")
    whole = os.path.normpath(os.path.join(found.base or b"/", raw))
    is_inside = False
    for source in sources:
        root = source.root.rstrip(b"/")
        candidates = []
        if whole.startswith(root + b"/"):
            is_inside = True
            candidates.append(whole[len(root) + 1 :])
        elif whole == source.root:
            candidates.append(os.path.basename(whole))
        named = os.path.normpath(raw)
        if found.base is None and named.startswith(source.name.encode() + b"/"):
            is_inside = True
            candidates.append(named[len(source.name.encode()) + 1 :])
        for file in context.find_files(source, candidates) if candidates else ():
            return file
    if not is_inside:
        roots = ", ".join(display_name(source.root) for source in sources)
        raise UsageError(
            f"{path[:200]!r} is outside of what may be read ({roots}); give a path as search and outline show it"
        )
    near = _near(found, os.path.normpath(raw))
    hint = f"did you mean {' or '.join(near)}?" if near else "call search to find the right one"
    raise UsageError(f"there is no file {path[:200]!r}: it does not exist, or ignore rules leave it out; {hint}")


def shown_path(found: SearchedContext, file: StoredFile) -> bytes:
    """The path of a file as answers show it."""
    source = next(source for source in found.context.sources() if source.id == file.source)
    return found.shown_path(source, file.path)


def _near(found: SearchedContext, path: bytes) -> list[str]:
    """Paths that may be meant: of the same name first."""
    sources = {source.id: source for source in found.context.sources()}
    paths = [found.shown_path(sources[file.source], file.path) for file in found.context.files()]
    name = os.path.basename(path)
    same = [each for each in paths if os.path.basename(each) == name][:MOST_OTHERS]
    if not same:
        shown = {os.fsdecode(each): each for each in paths}
        same = [shown[each] for each in difflib.get_close_matches(os.fsdecode(path)[-200:], shown, n=3)]
    return [display_name(each) for each in same]
