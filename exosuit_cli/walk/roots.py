"""Which directory the paths of a scan are relative to."""

from __future__ import annotations

import errno
import os
import re
from typing import TYPE_CHECKING, Final, NamedTuple

from exosuit_cli.model.errors import UsageError
from exosuit_cli.model.lazy import lazy_pattern
from exosuit_cli.system.surroundings import WORKING_DIRECTORY_GONE, is_working_directory_gone

if TYPE_CHECKING:
    from collections.abc import Sequence

PathLike = str | bytes | os.PathLike[str] | os.PathLike[bytes]


ADDRESS_HINT: Final = (
    "it is an address, which scan, chunk, pack, query and outline take; `git clone` it, and name the directory"
)

_ADDRESS: Final = lazy_pattern(
    r"[a-z][a-z0-9+.-]*://|[\w.-]+@[\w.-]+:|(www\.)?(github|gitlab|codeberg|bitbucket)\.\w+/", re.IGNORECASE
)


def is_address(text: str) -> bool:
    """Whether a person means a repository elsewhere: `https://...`, `git@host:...`, `github.com/...`."""
    return _ADDRESS.match(text) is not None


class Roots(NamedTuple):
    """The base, an absolute directory without links, and the roots relative to it; b"" is the base itself."""

    base: bytes
    roots: tuple[bytes, ...]
    listed: bool = False
    """Whether another program listed the roots."""


def resolve_roots(paths: Sequence[PathLike]) -> Roots:
    """The base of a scan of `paths`: the deepest directory that holds them all.

    One directory is its own base; the base of several paths is their common ancestor.
    A path that is a symbolic link is taken as its target, since it was asked for by name.
    Raises UsageError for a path that does not exist or is neither a directory nor a regular file.
    """
    if not paths:
        raise UsageError("no PATH is given: name a directory or a file, for example the current one by a dot")
    directories: list[bytes] = []
    files: list[bytes] = []
    for path in paths:
        shown = os.fsdecode(path)
        try:
            if not shown:
                raise FileNotFoundError(errno.ENOENT, "an empty name")  # it would be the working directory
            real = os.path.realpath(os.fsencode(path))
            os.stat(real)
        except (OSError, ValueError) as error:
            reason = error.strerror if isinstance(error, OSError) else str(error)
            if is_address(shown):
                reason = ADDRESS_HINT
            elif isinstance(error, FileNotFoundError) and is_working_directory_gone():
                reason = WORKING_DIRECTORY_GONE
            raise UsageError(f"cannot read {shown!r}: {reason}") from error
        if os.path.isdir(real):
            directories.append(real)
        elif os.path.isfile(real):
            files.append(real)
        else:
            raise UsageError(f"cannot read {shown!r}: it is neither a directory nor a regular file")
    base = os.path.commonpath([*directories, *map(os.path.dirname, files)])
    roots = tuple(dict.fromkeys(_relative(path, base) for path in (*directories, *files)))
    return Roots(base, roots)


def resolve_names(base: PathLike, names: Sequence[bytes]) -> Roots:
    """Roots from a list of names relative to the directory `base`, as another program printed them.

    A name that does not exist is no error here: the ledger will say that it vanished. Raises UsageError for a base that
    is not a directory and for a name outside of it.
    """
    shown = os.fsdecode(base)
    try:
        real = os.path.realpath(os.fsencode(base))
    except (OSError, ValueError) as error:  # a NUL
        reason = WORKING_DIRECTORY_GONE if is_working_directory_gone() else str(error)
        raise UsageError(f"cannot read names below {shown!r}: {reason}") from error
    if not shown or not os.path.isdir(real):
        raise UsageError(f"cannot read names below {shown!r}: it is not a directory")
    roots: dict[bytes, None] = {}
    for name in names:
        path = os.path.normpath(os.path.join(real, name))
        if path != real and not path.startswith(real.rstrip(b"/") + b"/"):
            raise UsageError(f"{os.fsdecode(name)!r} lies outside of {shown!r}; name a PATH that holds it")
        roots[_relative(path, real)] = None
    return Roots(real, tuple(roots), listed=True)


def _relative(path: bytes, base: bytes) -> bytes:
    return b"" if path == base else path[len(base.rstrip(b"/")) + 1 :]
