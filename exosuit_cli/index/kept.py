"""Rows of files that the last scan did not select: another selection need not read those files again.

What a row says of a file does not depend on which files are selected. So the index keeps the row of a file that was
left out, as long as the file may still be there. A kept row is used where the file's size, times, device and inode are
still those of the row.
"""

from __future__ import annotations

from dataclasses import field
from itertools import accumulate
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from exosuit_cli.index.format import split_names
from exosuit_cli.model.dataclass import dataclass
from exosuit_cli.model.records import RAW, READ_OUTCOMES, ROW, UNREADABLE_OUTCOMES, Outcome, Rows

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from exosuit_cli.index.index import Index
    from exosuit_cli.model.records import Skip
    from exosuit_cli.walk.listing import Listing

UNKNOWN = -1
"""The `size` of a row that no file can equal: what the index knows of it is not to be trusted."""
MOST_AGE = 16
"""How many indexes in a row keep what lies in a directory that no walk looked into."""

_GROUP = np.dtype([("files", "<u8"), ("age", "<u8")])
_GONE = UNREADABLE_OUTCOMES | {Outcome.SPECIAL}
"""Skips of a path where no file is, or none that an old row could describe."""


class Group(NamedTuple):
    """The kept files of one directory; their rows start at `start`. `age` counts the walks that did not look there."""

    names: tuple[bytes, ...]
    start: int
    age: int


@dataclass(frozen=True, slots=True)
class KeptRows:
    """Kept rows, ROW[n], in groups by the path of the directory."""

    groups: Mapping[bytes, Group]
    rows: Rows

    @classmethod
    def of(cls, sections: Mapping[str, memoryview]) -> KeptRows:
        """Read what `sections` wrote."""
        records = np.frombuffer(sections["kept"], _GROUP).tolist()
        if not records:
            return NOTHING_KEPT
        starts = [0, *accumulate(files for files, _ in records)]
        paths = split_names(sections["kept_paths"], len(records))
        names = split_names(sections["kept_names"], starts[-1])
        groups = {
            path: Group(tuple(names[start : start + files]), start, age)
            for path, start, (files, age) in zip(paths, starts, records, strict=False)
        }
        return cls(groups, np.frombuffer(sections["kept_rows"], RAW).view(ROW))

    def sections(self) -> dict[str, bytes]:
        """The sections of an index file that hold these rows."""
        groups = self.groups.values()
        return {
            "kept": np.array([(len(group.names), group.age) for group in groups], _GROUP).tobytes(),
            "kept_paths": b"\0".join(self.groups),
            "kept_names": b"\0".join([name for group in groups for name in group.names]),
            "kept_rows": self.rows.tobytes(),
        }


NOTHING_KEPT = KeptRows({}, np.zeros(0, ROW))


def rows_to_keep(index: Index, listings: Sequence[Listing], rows: Rows) -> KeptRows:
    """What an index of these listings and rows keeps of the one before it: each file that may still be there.

    A file that a walk did not meet where it looked is gone. Where no walk looked, the file is unknown, and its row is
    kept in `MOST_AGE` indexes.
    """
    seen = _Seen(listings, rows)
    found: dict[bytes, _Part] = {}
    for path, names, known, age in _groups(index, seen):
        age = 0 if seen.looked_into(path) else age + 1
        positions = seen.left_out(path, names) if age <= MOST_AGE else []
        if positions:
            chosen = known.view(RAW)[positions].view(ROW)
            usable = np.isin(chosen["outcome"], READ_OUTCOMES) & (chosen["size"] != UNKNOWN)
            part = found.setdefault(path, _Part(age))
            part.names += [names[position] for position, use in zip(positions, usable.tolist(), strict=True) if use]
            part.rows.append(chosen.view(RAW)[usable])
    found = {path: part for path, part in found.items() if part.names}
    if not found:
        return NOTHING_KEPT
    starts = accumulate((len(part.names) for part in found.values()), initial=0)
    groups = {
        path: Group(tuple(part.names), start, part.age)
        for (path, part), start in zip(found.items(), starts, strict=False)
    }
    return KeptRows(groups, np.concatenate([rows for part in found.values() for rows in part.rows]).view(ROW))


@dataclass(slots=True)
class _Part:
    """What is kept of one directory."""

    age: int
    names: list[bytes] = field(default_factory=list)
    rows: list[Rows] = field(default_factory=list)


def _groups(index: Index, seen: _Seen) -> Iterator[tuple[bytes, Sequence[bytes], Rows, int]]:
    """The files that an index knows, by directory: path, names, ROW[names], age. Unchanged directories are left out."""
    for position, listing in enumerate(index.listings):
        if listing.names and not seen.holds(listing):
            start = index.start(position)
            yield listing.directory.path, listing.names, index.rows[start : start + len(listing.names)], 0
    for path, group in index.kept.groups.items():
        yield path, group.names, index.kept.rows[group.start : group.start + len(group.names)], group.age


class _Seen:
    """What a walk saw of the places where a file was."""

    def __init__(self, listings: Sequence[Listing], rows: Rows) -> None:
        self._too_large = set(np.flatnonzero(rows["outcome"] == Outcome.TOO_LARGE).tolist())
        self._listings: dict[bytes, tuple[Listing, int]] = {}
        start = 0
        for listing in listings:
            self._listings.setdefault(listing.directory.path, (listing, start))  # the first is the directory's own
            start += len(listing.names)
        self._skips: dict[bytes, dict[bytes, Skip]] = {}

    def holds(self, listing: Listing) -> bool:
        """Whether the walk took over this listing as it was."""
        found = self._listings.get(listing.directory.path)
        return found is not None and found[0] is listing

    def looked_into(self, path: bytes) -> bool:
        """Whether the walk listed a directory as a whole."""
        found = self._listings.get(path)
        return found is not None and found[0].entered

    def left_out(self, path: bytes, names: Sequence[bytes]) -> list[int]:
        """The positions of the names that may still be in this directory and that have no new row of their own."""
        found = self._listings.get(path)
        if found is None:
            return list(range(len(names))) if self._may_be_there(path) else []
        listing, start = found
        taken = set(listing.names)
        if self._too_large:
            taken -= {name for place, name in enumerate(listing.names, start) if place in self._too_large}
        left = [position for position, name in enumerate(names) if name not in taken]
        if not left:
            return left
        skips = self._skips_of(path)
        if path in skips and skips[path].outcome is Outcome.VANISHED:
            return []
        prefix = path + b"/" if path else b""
        large = set(listing.names) - taken
        return [
            position
            for position in left
            if names[position] in large
            or (_may_be_file(skip) if (skip := skips.get(prefix + names[position])) else not listing.entered)
        ]

    def _may_be_there(self, path: bytes) -> bool:
        """Whether a directory that the walk did not come to may still be there."""
        while path:
            above = path.rpartition(b"/")[0]
            found = self._listings.get(above)
            if found is not None:
                skips = self._skips_of(above)
                if not found[0].entered:
                    return above not in skips or skips[above].outcome is not Outcome.VANISHED
                return path in skips and skips[path].outcome not in _GONE
            path = above
        return True

    def _skips_of(self, path: bytes) -> dict[bytes, Skip]:
        known = self._skips.get(path)
        if known is None:
            known = self._skips[path] = {skip.path: skip for skip in self._listings[path][0].skips}
        return known


def _may_be_file(skip: Skip) -> bool:
    return not skip.is_directory and skip.outcome not in _GONE
