"""Records that cross the borders between folders: entries, rows, skips."""

from __future__ import annotations

from enum import IntEnum
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import numpy.typing as npt

from exosuit_cli.model.dataclass import dataclass
from exosuit_cli.model.digests import MOST_WIDTH

if TYPE_CHECKING:
    from collections.abc import Sequence


class Kind(IntEnum):
    """What a file holds."""

    TEXT = 0
    BINARY = 1


class Outcome(IntEnum):
    """How an entry ended: ingested, or skipped for one of these reasons. The numbers are part of the index format."""

    INGESTED = 0
    SYMLINK = 1
    """A symbolic link, not followed."""
    SPECIAL = 2
    """A FIFO, socket or device."""
    UNREADABLE = 3
    """The system refused to list, open or read it; the detail holds the error."""
    CHANGED = 4
    """It changed while it was read, twice in a row."""
    VANISHED = 5
    """It was listed and then gone."""
    TOO_LARGE = 6
    """Over --max-file-size."""
    IGNORED = 7
    """An ignore rule hides it; the detail holds the rule's file and line."""
    HIDDEN = 8
    """Its name starts with a dot, under --no-hidden."""
    EXCLUDED = 9
    """An --exclude pattern hides it."""
    NOT_INCLUDED = 10
    """No --include pattern names it."""
    OTHER_FILESYSTEM = 11
    """A directory on another file system, under --one-file-system."""
    VERSION_CONTROL = 12
    """The .git directory or file."""
    OWN_OUTPUT = 13
    """A file that exosuit itself writes: index, manifest, log, redirected output. Where the detail says so, an
    earlier run wrote it."""
    QUARANTINED = 14
    """A worker process died twice while it read this file."""
    LOOP = 15
    """Under --follow, a link to one of its own ancestors."""
    NOT_REACHED = 16
    """The scan was interrupted before it came to this file."""
    LINKED = 17
    """One of several hard links, left for one reading to serve them all; never in a result."""
    LINKED_WORKTREE = 18
    """A directory that `git worktree` made: a further work tree of the repository that it lies in."""
    DEFAULT_IGNORED = 19
    """A directory that tools make, as node_modules or a virtual environment; the detail says what it is."""
    REPEATED = 20
    """Under --follow, a directory that was entered by many other paths already; the detail holds the limit."""
    WALK_LIMIT = 21
    """A directory that is not entered because the tree seems to have no end; the detail holds the limit."""

    @property
    def label(self) -> str:
        """The name used in every output."""
        return self.name.lower()


UNREADABLE_OUTCOMES = frozenset(
    {Outcome.UNREADABLE, Outcome.CHANGED, Outcome.VANISHED, Outcome.QUARANTINED, Outcome.WALK_LIMIT}
)
"""Skips that nobody asked for: the scan is complete in the ledger, yet answers with exit code 7."""

READ_OUTCOMES = (Outcome.INGESTED, Outcome.OWN_OUTPUT)
"""Outcomes that the bytes of a file decide: they hold as long as the file is unchanged."""

FARTHEST_NS = 2**63 - 1
"""The farthest from the epoch that a row can say, in nanoseconds: the years 1677 and 2262. File systems go farther."""


def clamp_ns(time_ns: int) -> int:
    """The time as a row can hold it: one farther from the epoch than `FARTHEST_NS` becomes that."""
    return max(-FARTHEST_NS, min(time_ns, FARTHEST_NS))


def time_column(times_ns: Sequence[int]) -> npt.NDArray[np.int64]:
    """Times as int64[n] nanoseconds, clamped like `clamp_ns`."""
    try:
        return np.array(times_ns, np.int64)
    except OverflowError:
        return np.array([clamp_ns(time_ns) for time_ns in times_ns], np.int64)


ROW = np.dtype(
    [
        ("size", "<i8"),  # bytes
        ("mtime_ns", "<i8"),  # nanoseconds since the epoch
        ("ctime_ns", "<i8"),
        ("device", "<u8"),  # st_dev
        ("inode", "<u8"),  # st_ino
        ("lines", "<i8"),  # -1: binary
        ("tokens", "<i8"),  # -1: binary, or not counted
        ("language", "<u2"),  # a position in `languages.LANGUAGES`
        ("kind", "u1"),  # Kind
        ("executable", "u1"),  # the owner's execute bit: the mode class of the tree digest
        ("outcome", "u1"),  # Outcome
        ("estimated", "u1"),  # 1: tokens is an estimate
        ("errno", "<u2"),  # why the outcome is UNREADABLE; EILSEQ: ingested, and binary for want of an encoding
        ("digest", "u1", (MOST_WIDTH,)),  # a shorter digest leaves the rest zero
    ]
)
"""One file, 96 bytes, little-endian on every machine; also the row format of the index."""

RAW = np.dtype((np.void, ROW.itemsize))
"""A row as opaque bytes: numpy copies `rows.view(RAW)` ten times as fast as rows with fields."""

Rows = npt.NDArray[np.void]


@dataclass(frozen=True, slots=True)
class Skip:
    """A path that was seen and not ingested, and why. `path` is relative to the scan's base."""

    path: bytes
    outcome: Outcome
    detail: str = ""
    is_directory: bool = False


class Directory(NamedTuple):
    """A directory of the walk: its path relative to the base and the identity that it must still have.

    A tuple, not a dataclass: thousands cross to the workers, and tuples cross ten times as fast.

    `path` is b"" for the base itself. `device` and `inode` are st_dev and st_ino at the time of listing.
    """

    path: bytes
    device: int
    inode: int
    mtime_ns: int
    ctime_ns: int


@dataclass(frozen=True, slots=True)
class Batch:
    """Files to ingest, grouped by directory: `groups[i]` is (directory, names in it), the unit of work of a worker."""

    groups: tuple[tuple[Directory, tuple[bytes, ...]], ...]

    def __len__(self) -> int:
        return sum(len(names) for _, names in self.groups)

    def paths(self) -> list[bytes]:
        """The path of each file, relative to the base."""
        return [
            directory.path + b"/" + name if directory.path else name
            for directory, names in self.groups
            for name in names
        ]
