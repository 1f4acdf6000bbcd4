"""Where a tree's index lives, under which options it is valid, and what becomes of it when it is not."""

from __future__ import annotations

import contextlib
import os
from typing import TYPE_CHECKING

import numpy as np

from exosuit_cli.index.index import Identities, Index, IndexUnusable, load_index, save_index
from exosuit_cli.index.keys import index_keys
from exosuit_cli.index.path import index_path
from exosuit_cli.model.errors import ExosuitError, UsageError
from exosuit_cli.system.paths import cache_directory, ensure_private, state_directory

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from exosuit_cli.config.options import ScanOptions
    from exosuit_cli.model.records import Rows
    from exosuit_cli.walk import Listing
    from exosuit_cli.walk.roots import Roots
    from exosuit_cli.walk.tree import RuleState


class IndexFile:
    """The index of one set of roots under one set of options; without an index where it is not wanted or not usable.

    `reason` says, for a person, what the index did in this scan.
    """

    def __init__(self, path: str | None, content_key: str, walk_key: str, reason: str, warnings: list[str]) -> None:
        self.index: Index | None = None
        self.reason = reason
        self.bytes_written = 0
        self.own_outputs = _own_directories()
        self._path = path
        self._content_key = content_key
        self._walk_key = walk_key
        self._all_own: Identities = frozenset()
        self._warnings = warnings

    @classmethod
    def open(cls, roots: Roots, options: ScanOptions, warnings: list[str]) -> IndexFile:
        """Find and read the index. One that cannot be used is a warning or a reason, never an error."""
        if not options.use_index:
            return cls(None, "", "", "not used (--no-index)", warnings)
        try:
            path = index_path(roots, options.hash, options.encoding)
            ensure_private(os.path.dirname(path))
        except (ExosuitError, OSError) as error:
            warnings.append(f"the index is not used: {error}")
            return cls(None, "", "", "not usable", warnings)
        found = cls(path, *index_keys(options), "", warnings)
        found._all_own = options.walk.own_outputs | found.own_outputs
        found._load(roots.base)
        return found

    def _load(self, base: bytes) -> None:
        assert self._path is not None
        try:
            self.index = load_index(self._path, self._content_key, self._walk_key, base, self._all_own)
            self.reason = "used"
        except FileNotFoundError:
            self.reason = "none yet"
        except IndexUnusable as error:
            self.reason = f"rebuilt: {error}"
            if error.refused:
                self._warnings.append(f"the index {self._path} is not used: {error}; delete it to have a new one")
                self.reason = f"not used: {error}"
                self._path = None
        except OSError as error:
            self._warnings.append(f"the index {self._path} cannot be read: {error.strerror}")
            self.reason = "not readable"
            self._path = None

    def save(
        self,
        *,
        started_ns: int,
        rows: Rows,
        order: np.ndarray,
        tree_digest: str,
        listings: Sequence[Listing],
        rules: Mapping[bytes, RuleState | None],
        walk_is_known: bool,
    ) -> None:
        """Write the new index; a failure is a warning, the scan's answer stands."""
        if self._path is None:
            return
        try:
            self.bytes_written = save_index(
                self._path,
                content_key=self._content_key,
                walk_key=self._walk_key if walk_is_known else "",
                started_ns=started_ns,
                rows=rows,
                order=order,
                tree_digest=tree_digest,
                listings=listings,
                rules=rules,
                own_outputs=self._all_own,
            )
        except ExosuitError as error:
            self._warnings.append(f"the index was not written: {error}")
        except OSError as error:
            self._warnings.append(f"the index was not written: {error.filename!r}: {error.strerror}")

    def verify(self, listings: Sequence[Listing], rows: Rows, order: np.ndarray) -> list[int]:
        """Positions, in path order, of files whose times and size stand in the index while their content does not."""
        assert self.index is not None
        changed = np.zeros(len(rows), np.bool_)
        start = 0
        for listing in listings:
            stop = start + len(listing.names)
            known = self.index.known_rows(listing)
            if known is not None:
                old, found = known[0], rows[start:stop]
                same = np.ones(stop - start, np.bool_)
                for column in ("size", "mtime_ns", "ctime_ns", "device", "inode"):
                    same &= old[column] == found[column]
                changed[start:stop] = same & (old["digest"] != found["digest"]).any(axis=1)
            start = stop
        return np.flatnonzero(changed[order]).tolist()


def _own_directories() -> frozenset[tuple[int, int]]:
    """(st_dev, st_ino) of the directories of exosuit's own files, where they are there."""
    found = set()
    for name in (cache_directory, state_directory):
        with contextlib.suppress(OSError, UsageError):  # not there, or no home to have them in
            status = os.stat(name())
            found.add((status.st_dev, status.st_ino))
    return frozenset(found)
