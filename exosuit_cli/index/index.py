"""The incremental index in memory: what the last scan of a tree knew, so that the next reads only what changed.

It answers two questions. Has this directory changed (its own times, and the ignore rules in force in it)? If not, its
listing is kept. Has this file changed (size, times, device, inode, mode)? If not, its row is kept. What was written so
shortly before the last scan that a later write could carry the same time is not trusted (git's racy rule:
Documentation/technical/racy-git.txt).
"""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import field
from itertools import accumulate
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from exosuit_cli.index.kept import NOTHING_KEPT, KeptRows
from exosuit_cli.model.dataclass import dataclass
from exosuit_cli.model.records import RAW, ROW, Rows
from exosuit_cli.walk.listing import PastDirectory

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from exosuit_cli.walk.listing import Listing, RuleState

    Look = Callable[[bytes, Sequence[bytes], Rows], npt.NDArray[np.bool_]]
    """Takes a directory, names in it, and the ROW of each; says which files still are those of the rows."""


@dataclass(frozen=True, slots=True)
class Unchanged:
    """What is unchanged of an index: bool[directories] and bool[files], aligned with its listings and rows."""

    directories: npt.NDArray[np.bool_]
    files: npt.NDArray[np.bool_]

    def is_everything(self) -> bool:
        """Whether nothing changed."""
        return not self.changes()

    def changes(self) -> int:
        """How many directories and files have changed."""
        return int(np.count_nonzero(~self.directories) + np.count_nonzero(~self.files))


@dataclass(slots=True)
class Index:
    """An index in memory.

    `listings` are in walk order; `rows` are ROW[files] in the same order, listing by listing; `order` sorts those of
    ingested files by path; `seal` is the checksum of the file. `below` and `trusted` are aligned with `listings`: the
    directories entered from each, and whether it was listed as a whole and was not young. `rules` are the ignore files
    that were in force.
    """

    rows: Rows
    order: npt.NDArray[np.int64]
    tree_digest: str
    seal: bytes
    listings: list[Listing]
    below: list[list[bytes]]
    trusted: list[bool]
    rules: Mapping[bytes, RuleState | None]
    walk_is_known: bool
    """Whether the listings were made with the same walk options."""
    kept: KeptRows = NOTHING_KEPT
    _starts: list[int] = field(init=False)
    _positions: dict[bytes, int] = field(init=False)
    _unchanged: Unchanged | None = field(default=None, init=False)
    _look: Look | None = field(default=None, init=False)
    _most_bytes: int = field(default=0, init=False)

    def __post_init__(self) -> None:
        self._starts = [0, *accumulate(len(listing.names) for listing in self.listings)]
        self._positions = {}
        for position, listing in enumerate(self.listings):
            self._positions.setdefault(listing.directory.path, position)  # the first is the directory's own

    def start(self, position: int) -> int:
        """Where the rows of a listing start. For the position after the last listing, the number of rows."""
        return self._starts[position]

    def position(self, path: bytes) -> int | None:
        """The position of a directory's listing, None if it has none."""
        return self._positions.get(path)

    def enter(self, unchanged: Unchanged, look: Look | None = None, *, most_bytes: int = 0) -> None:
        """Enter what `changes.find_unchanged` found; before that, nothing is known to be unchanged.

        `look` says of kept rows, when they are asked for, which of them are those of the files. A file of more than
        `most_bytes` has no known row; 0 means no limit.
        """
        self._unchanged, self._look, self._most_bytes = unchanged, look, most_bytes

    @property
    def is_listed(self) -> bool:
        """Whether no directory changed, so that a walk with the present options would find the same files."""
        return self.walk_is_known and self._unchanged is not None and bool(self._unchanged.directories.all())

    def changed_files(self) -> npt.NDArray[np.int64]:
        """The places of files that are not what they were, ascending: int64[n]."""
        assert self._unchanged is not None
        return np.flatnonzero(~self._unchanged.files)

    def listing_of(self, place: int) -> int:
        """The position of the listing that a row belongs to."""
        return bisect_right(self._starts, place) - 1

    def unchanged_directories(self) -> dict[bytes, PastDirectory]:
        """The directories whose listings are the same now."""
        if self._unchanged is None or not self.walk_is_known:
            return {}
        return {
            listing.directory.path: PastDirectory(listing, below)
            for listing, below, is_unchanged in zip(self.listings, self.below, self._unchanged.directories, strict=True)
            if is_unchanged
        }

    def known_rows(self, listing: Listing) -> tuple[Rows, npt.NDArray[np.bool_]] | None:
        """ROW[names] and bool[names]: the remembered rows of a listing's files, and which of the files are unchanged.

        None where nothing is known of the directory.
        """
        path, names = listing.directory.path, listing.names
        position, kept = self._positions.get(path), self.kept.groups.get(path)
        if (position is None and kept is None) or self._unchanged is None:
            return None
        rows, unchanged = np.zeros(len(names), ROW), np.zeros(len(names), np.bool_)
        if position is not None:
            start, stop = self._starts[position], self._starts[position + 1]
            old = self.listings[position]
            if old is listing:
                return self.rows[start:stop], self._unchanged.files[start:stop]
            place = {name: start + index for index, name in enumerate(old.names)}
            places = np.array([place.get(name, -1) for name in names], np.int64)
            if len(self.rows):
                rows = self.rows.view(RAW)[places].view(ROW)
                unchanged = (places >= 0) & self._unchanged.files[places]
        if kept is not None and self._look is not None:
            place = {name: kept.start + index for index, name in enumerate(kept.names)}
            missed = [index for index in np.flatnonzero(~unchanged).tolist() if names[index] in place]
            if missed:
                found = self.kept.rows.view(RAW)[[place[names[index]] for index in missed]]
                rows.view(RAW)[missed] = found
                unchanged[missed] = self._look(path, [names[index] for index in missed], found.view(ROW))
        if self._most_bytes:
            unchanged &= rows["size"] <= self._most_bytes
        return rows, unchanged
