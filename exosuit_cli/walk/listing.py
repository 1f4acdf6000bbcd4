"""What a walk finds in one directory, and what it remembers of an earlier walk."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, NamedTuple

from exosuit_cli.model.dataclass import dataclass
from exosuit_cli.model.records import clamp_ns

if TYPE_CHECKING:
    from collections.abc import Sequence

    from exosuit_cli.model.records import Directory, Skip

IGNORE_NAME = b".gitignore"


class Listing(NamedTuple):
    """What one directory held: the files to ingest and what was left out."""

    directory: Directory
    names: tuple[bytes, ...] = ()
    skips: tuple[Skip, ...] = ()
    entered: bool = True
    """False when the directory was not listed as a whole: a skip says why, or only some files in it were asked for."""


class RuleState(NamedTuple):
    """The state of an ignore file when it was read."""

    size: int
    mtime_ns: int
    ctime_ns: int
    inode: int


@dataclass(frozen=True, slots=True)
class PastDirectory:
    """A directory as an earlier walk listed it, and the names of the directories below that it entered."""

    listing: Listing
    below: Sequence[bytes]


def state_of(path: bytes, directory: int | None = None, *, follow: bool = False) -> RuleState | None:
    """The present state of an ignore file; None where there is none. `follow` where git reads it through links."""
    try:
        status = os.stat(path, dir_fd=directory, follow_symlinks=follow)
    except OSError:
        return None
    return RuleState(status.st_size, clamp_ns(status.st_mtime_ns), clamp_ns(status.st_ctime_ns), status.st_ino)
