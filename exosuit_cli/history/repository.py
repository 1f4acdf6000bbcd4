"""The repository that a directory belongs to, found as the walk finds it and confirmed by itself.

Specification: gitrepository-layout(5).
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from exosuit_cli.history.objects import HistoryError, ObjectStore
from exosuit_cli.model.dataclass import dataclass
from exosuit_cli.walk.git_files import (
    LARGEST_POINTER,
    Lookup,
    enclosing_repository,
    is_git_directory,
    read_file,
    shown_path,
)

if TYPE_CHECKING:
    from exosuit_cli.walk.roots import PathLike

__all__ = ["History", "HistoryError", "NoRepository", "open_history"]


class NoRepository(HistoryError):
    """A directory that is in no git repository."""


@dataclass(frozen=True, slots=True)
class History:
    """An open repository.

    root: the directory that was asked for, absolute, without links. prefix: that directory below the top of the work
    tree, with a slash at its end, or b"". directory: what is this work tree's own, HEAD and the index. common: what all
    work trees share, references and objects. is_bare: there is no work tree.
    """

    root: bytes
    prefix: bytes
    directory: bytes
    common: bytes
    objects: ObjectStore
    is_bare: bool = False


def open_history(root: PathLike) -> History:
    """The history of the repository that holds the directory `root`. Raises NoRepository, HistoryError."""
    real = os.path.realpath(os.fsencode(root))
    if is_git_directory(real) and all(os.path.isdir(os.path.join(real, name)) for name in (b"objects", b"refs")):
        return History(real, b"", real, real, ObjectStore(os.path.join(real, b"objects")), is_bare=True)
    found = enclosing_repository(real, Lookup(), os.environ)
    if found is None or found.directory is None or found.common is None:
        if found is not None:
            raise NoRepository(
                f"the history of {shown_path(real)!r} cannot be read: its '.git' is a link, or names no git directory"
            )
        raise NoRepository(f"{shown_path(real)!r} is in no git repository; name a directory that is in one")
    if not is_git_directory(found.directory):
        raise NoRepository(f"{shown_path(found.directory)!r} is no git directory: it has no readable HEAD")
    _confirm(found.top, found.directory, found.common)
    prefix = b"" if real == found.top else real[len(found.top.rstrip(b"/")) + 1 :] + b"/"
    return History(real, prefix, found.directory, found.common, ObjectStore(os.path.join(found.common, b"objects")))


def _confirm(top: bytes, directory: bytes, common: bytes) -> None:
    """Raise HistoryError where a `.git` file names a git directory that does not know of this work tree.

    A tree from elsewhere could name any repository of the machine otherwise. The git directory of a linked work tree
    names its `.git` file and lies in the common one; that of a submodule lies in `.git/modules` of a directory above.
    """
    marker = os.path.join(top, b".git")
    if directory == marker:
        return
    if directory == common:
        modules = directory.find(b"/.git/modules/")
        if modules >= 0 and top.startswith(directory[:modules] + b"/"):
            return
    elif os.path.dirname(directory) == os.path.join(common, b"worktrees"):
        try:
            named = read_file(os.path.join(directory, b"gitdir"), follow=False, largest=LARGEST_POINTER)
        except OSError:
            named = None
        if named is not None and b"\0" not in named:
            path = os.path.join(directory, named.rstrip(b"\r\n"))
            if os.path.realpath(os.path.dirname(path)) == top:
                return
    raise HistoryError(
        f"{shown_path(marker)!r} names a git directory that does not name it in turn; its history is not read"
    )
