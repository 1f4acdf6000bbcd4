"""The index file of one scan: where it lies, whether it can be used, and what the scan reports of it."""

from __future__ import annotations

import contextlib
import os
from typing import TYPE_CHECKING

import numpy as np

from exosuit_cli.index.format import IndexUnusable
from exosuit_cli.index.kept import NOTHING_KEPT, rows_to_keep
from exosuit_cli.index.path import index_path, roots_key
from exosuit_cli.index.storage import load_index, save_index
from exosuit_cli.model.errors import ExosuitError, UsageError
from exosuit_cli.system.paths import cache_directory, ensure_private, state_directory

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from exosuit_cli.index.index import Index
    from exosuit_cli.index.keys import IndexKeys
    from exosuit_cli.index.own_outputs import Identities
    from exosuit_cli.model.records import Rows
    from exosuit_cli.walk.listing import Listing, RuleState
    from exosuit_cli.walk.roots import Roots


class IndexFile:
    """The index of one set of roots under one set of options. `index` is None where it is not wanted or not usable.

    `reason` tells a person what the index did in this scan.
    """

    def __init__(self, path: str | None, keys: IndexKeys | None, reason: str, warnings: list[str]) -> None:
        self.index: Index | None = None
        self.reason = reason
        self.bytes_written = 0
        self.own_outputs = _own_directories()
        self._path = path if keys is not None else None
        self._keys = keys
        self._all_own: Identities = frozenset()
        self._warnings = warnings

    @classmethod
    def unused(cls, warnings: list[str]) -> IndexFile:
        """Stand in for the index of a scan that wants none."""
        return cls(None, None, "not used (--no-index)", warnings)

    @classmethod
    def open(
        cls,
        roots: Roots,
        algorithm: str,
        encoding: str | None,
        keys: IndexKeys,
        own_outputs: Identities,
        warnings: list[str],
    ) -> IndexFile:
        """Find and read the index. An index that cannot be used is a warning or a reason, never an error.

        `own_outputs` are the files that this run leaves out because exosuit writes them.
        """
        try:
            path = index_path(roots, algorithm, encoding)
            ensure_private(os.path.dirname(path))
        except (ExosuitError, OSError) as error:
            warnings.append(f"the index is not used: {error}")
            return cls(None, None, "not usable", warnings)
        if roots.listed:  # lists of names share an index, and each walks its own way
            keys = keys._replace(walk=f"{keys.walk} {roots_key(roots)}")
        found = cls(path, keys, "", warnings)
        found._all_own = own_outputs | found.own_outputs
        found._load(path, keys, roots.base)
        return found

    def _load(self, path: str, keys: IndexKeys, base: bytes) -> None:
        try:
            self.index = load_index(path, keys.content, keys.walk, base, self._all_own)
            self.reason = "used"
        except FileNotFoundError:
            self.reason = "none yet"
        except IndexUnusable as error:
            self.reason = f"rebuilt: {error}"
            if error.refused:
                self._warnings.append(f"the index {path} is not used: {error}; delete it to have a new one")
                self.reason = f"not used: {error}"
                self._path = None
            elif error.warns:
                self._warnings.append(f"the index {path} is rebuilt: {error}")
        except OSError as error:
            self._warnings.append(f"the index {path} cannot be read: {error.strerror}")
            self.reason = "not readable"
            self._path = None

    def forget(self) -> None:
        """Take nothing from the index: the scan begins as if there were none, and writes a new one."""
        if self.index is not None:
            self.index, self.reason = None, "not read: every file is read anew"

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
        give_up: Callable[[], object] = lambda: False,
    ) -> None:
        """Write the new index, or leave it if `give_up()` is true while another scan writes it.

        A failure is a warning: the scan's answer is right all the same.
        """
        if self._path is None or self._keys is None:
            return
        try:
            self.bytes_written = save_index(
                self._path,
                content_key=self._keys.content,
                walk_key=self._keys.walk if walk_is_known else "",
                started_ns=started_ns,
                rows=rows,
                order=order,
                tree_digest=tree_digest,
                listings=listings,
                rules=rules,
                own_outputs=self._all_own,
                kept=rows_to_keep(self.index, listings, rows) if self.index is not None else NOTHING_KEPT,
                give_up=give_up,
            )
        except InterruptedError:
            pass
        except ExosuitError as error:
            self._warnings.append(f"the index was not written: {error}")
        except OSError as error:
            self._warnings.append(f"the index was not written: {error.filename!r}: {error.strerror}")

    def verify(self, listings: Sequence[Listing], rows: Rows, order: np.ndarray) -> list[int]:
        """Positions, in path order, of files whose times and size are those of the index while their content is not."""
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
    """(st_dev, st_ino) of the directories of exosuit's own files, as far as they exist."""
    found = set()
    for name in (cache_directory, state_directory):
        with contextlib.suppress(OSError, UsageError):  # it does not exist, or there is no home to hold it
            status = os.stat(name())
            found.add((status.st_dev, status.st_ino))
    return frozenset(found)
