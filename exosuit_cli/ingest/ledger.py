"""The ledger of a running scan: every listed file has a place, and every place ends with a row."""

from __future__ import annotations

import os
from collections import deque
from dataclasses import field
from itertools import groupby
from typing import TYPE_CHECKING

import numpy as np

from exosuit_cli.languages import claim_of_name
from exosuit_cli.model.dataclass import dataclass
from exosuit_cli.model.errors import ExosuitError
from exosuit_cli.model.records import RAW, ROW, Batch, Directory, Kind, Outcome, Rows, Skip
from exosuit_cli.workers.tasks import FinishedTask, Task

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    import numpy.typing as npt

    from exosuit_cli.index.index import Index
    from exosuit_cli.walk import Listing

_OF_THE_FILE = (Outcome.UNREADABLE, Outcome.TOO_LARGE, Outcome.CHANGED, Outcome.QUARANTINED)
"""Outcomes that hold for a file under each of its names."""
PENDING = 255
"""The outcome of a place that has no row yet."""
LEAST_SHARE = 64
"""The fewest files of a part: a task has a cost of its own."""


@dataclass(slots=True)
class _Link:
    """A file with several hard links: the place that is read for all of them, and those that wait for its row."""

    identity: tuple[int, int]
    reader: int
    waiting: list[int] = field(default_factory=list)
    is_read: bool = False


class Ledger:
    """Places for files in the order of the walk, the tasks that will fill them, and what has filled them.

    `index` supplies the rows of unchanged files; without one every file is read. `read_links` has every hard link read
    for itself, instead of one for all. `first_files` makes the first batch small, so that it is done soon: each batch
    then has twice as many files as the one before, up to `batch_files`.
    """

    def __init__(
        self, index: Index | None, batch_files: int, *, read_links: bool = False, first_files: int | None = None
    ) -> None:
        self.rows: Rows = np.zeros(1024, ROW)
        self.listings: list[Listing] = []
        self.skips: list[Skip] = []
        self.files = 0
        self.done = 0
        self.hits = 0
        self.bytes_read = 0
        self.tokens_counted = 0
        self.basis: str | None = None
        """The digest of the tree whose files these are, but for those that were read; None: not known."""
        self.tasks: deque[Task] = deque()
        self._index = index
        self._most_files = batch_files
        self._batch_files = min(first_files or batch_files, batch_files)
        self._reads_links = read_links
        self._groups: list[tuple[Directory, tuple[bytes, ...]]] = []
        self._places: list[int] = []
        self._order = np.zeros(0, np.int64)
        self._known_order: npt.NDArray[np.int64] | None = None
        self._read: list[npt.NDArray[np.int64]] = []
        self._links: dict[tuple[int, int], _Link] = {}
        self._link_of: dict[int, _Link] = {}
        self._link_files: dict[int, tuple[Directory, bytes]] = {}

    def add(self, listing: Listing) -> None:
        """Enter one directory: its skips, the rows of unchanged files, and the other files as places in tasks."""
        self.listings.append(listing)
        self.skips.extend(listing.skips)
        names = listing.names
        if not names:
            return
        start = self.files
        self.files += len(names)
        if self.files > len(self.rows):
            grown = np.zeros(max(self.files, 2 * len(self.rows)), ROW)
            grown.view(RAW)[: len(self.rows)] = self.rows.view(RAW)
            self.rows = grown
        known = self._index.known_rows(listing) if self._index is not None else None
        if known is None:
            self.rows["outcome"][start : self.files] = PENDING
            self._enqueue(listing.directory, names, range(start, self.files))
            return
        rows, unchanged = known
        self.rows.view(RAW)[start : self.files] = rows.view(RAW)
        hits = int(np.count_nonzero(unchanged))
        self.hits += hits
        self.done += hits
        if hits < len(names):
            missed = np.flatnonzero(~unchanged)
            self.rows["outcome"][start + missed] = PENDING
            self._enqueue(listing.directory, tuple(names[index] for index in missed), (start + missed).tolist())

    def take_all(self, index: Index) -> None:
        """Enter everything that an index holds, no directory of which has changed; files that have become tasks."""
        self.listings = index.listings
        self.skips = [skip for listing in index.listings for skip in listing.skips]
        self.rows = index.rows
        self._known_order = index.order
        self.basis = index.tree_digest
        self.files = len(index.rows)
        changed = index.changed_files()
        self.hits = self.done = self.files - len(changed)
        if len(changed):
            self.rows = index.rows.copy()
            self.rows["outcome"][changed] = PENDING
        for position, places in groupby(changed.tolist(), index.listing_of):
            listing, start, group = index.listings[position], index.start(position), list(places)
            self._enqueue(listing.directory, tuple(listing.names[place - start] for place in group), group)
        self.flush()

    def has_all_of(self, index: Index) -> bool:
        """Whether the rows are those of the index: no more, no fewer, and none of them read."""
        return self.hits == self.files == len(index.rows)

    def _enqueue(self, directory: Directory, names: tuple[bytes, ...], places: Sequence[int]) -> None:
        """Put files into the batch that is being filled, and close it whenever it is full."""
        taken = 0
        while taken < len(names):
            room = self._batch_files - len(self._places)
            part = names[taken : taken + room]
            self._groups.append((directory, part))
            self._places.extend(places[taken : taken + room])
            taken += len(part)
            if len(self._places) == self._batch_files:
                self.flush()

    def flush(self) -> None:
        """Close the batch that is being filled."""
        if self._groups:
            self.tasks.append(Task(Batch(tuple(self._groups)), np.array(self._places, np.int64), self._reads_links))
            self._groups = []
            self._places = []
            self._batch_files = min(2 * self._batch_files, self._most_files)

    def finish(self, finished: FinishedTask) -> None:
        """Enter the rows of a finished task."""
        task, result = finished.task, finished.result
        self._read.append(task.places)
        if result is None:
            self.rows["outcome"][task.places] = Outcome.QUARANTINED
        else:
            self.rows.view(RAW)[task.places] = result.rows.view(RAW)
            self.bytes_read += result.bytes_read
            self.tokens_counted += int(np.maximum(result.rows["tokens"], 0).sum())
        linked = self.rows["outcome"][task.places] == Outcome.LINKED
        self.done += len(task.places) - int(np.count_nonzero(linked))
        if linked.any():
            self._defer_links(task, np.flatnonzero(linked).tolist())
        if task.read_links and not self._reads_links:
            for place in task.places.tolist():
                self._link_was_read(place)

    def _defer_links(self, task: Task, positions: list[int]) -> None:
        """Have one of several hard links read; the others wait for its row, or take it if it is there."""
        files = [(directory, name) for directory, group in task.batch.groups for name in group]
        first_met: list[int] = []
        for position in positions:
            place = int(task.places[position])
            row = self.rows[place]
            identity = (int(row["device"]), int(row["inode"]))
            self._link_files[place] = files[position]
            link = self._links.get(identity)
            if link is None:
                link = self._links[identity] = _Link(identity, place)
                first_met.append(place)
            elif link.is_read:
                link.waiting = [place]
                self._link_was_read(link.reader)
            else:
                link.waiting.append(place)
            self._link_of[place] = link
        self._read_links(first_met)

    def _read_links(self, places: list[int]) -> None:
        if places:
            groups = tuple((directory, (name,)) for directory, name in map(self._link_files.__getitem__, places))
            self.tasks.append(Task(Batch(groups), np.array(places, np.int64), read_links=True))

    def _link_was_read(self, reader: int) -> None:
        """Give the waiting hard links the row of the one that was read; where it vanished, read the next.

        The content and each link's own name decide its language. A link takes the language from a reading under a name
        of the same claim, so that the order of reading has no influence.
        """
        link = self._link_of[reader]
        rows = self.rows
        outcome = rows["outcome"][reader]
        identity = (int(rows["device"][reader]), int(rows["inode"][reader]))
        # A name that now leads to another file, or nowhere, says nothing about the file that the others name.
        is_theirs = identity == link.identity if outcome == Outcome.INGESTED else outcome in _OF_THE_FILE
        is_text = outcome == Outcome.INGESTED and rows["kind"][reader] == Kind.TEXT
        claim = claim_of_name(self._link_files[reader][1])
        left = []
        for place in link.waiting:
            if not is_theirs or (is_text and claim != claim_of_name(self._link_files[place][1])):
                left.append(place)
                continue
            rows.view(RAW)[place] = rows.view(RAW)[reader]
            self.done += 1
        link.is_read = not left
        if left:
            link.reader, *link.waiting = left
            self._read_links([link.reader])

    def give_up(self) -> None:
        """Mark every place that has no row as not reached: the scan was interrupted."""
        outcomes = self.rows["outcome"][: self.files]
        outcomes[(outcomes == PENDING) | (outcomes == Outcome.LINKED)] = Outcome.NOT_REACHED
        self.tasks.clear()

    def take(self, sharers: int) -> Task:
        """The next task once the walk is over; it may be several joined, or a part of one.

        Each task has a cost of its own, so a small first batch is joined with the next ones. Where little is left, the
        parts get smaller towards the end, for files differ in size: all of `sharers` workers end at about one time.
        """
        task = self.tasks.popleft()
        files = len(task.places)
        if files >= self._most_files and len(self.tasks) >= 2 * sharers:
            return task
        most = self._most_files
        if sharers > 1:
            most = min(max((self.waiting() + files) // (3 * sharers), LEAST_SHARE), most)
        while files < most and self.tasks and task.is_before(self.tasks[0]):
            task = task.joined(self.tasks.popleft())
            files = len(task.places)
        if files >= most + LEAST_SHARE or files > self._most_files:
            self.tasks.appendleft(task.part(most, files))
            task = task.part(0, most)
        return task

    def waiting(self) -> int:
        """How many files are in tasks that nobody has taken."""
        return sum(len(task.places) for task in self.tasks)

    def waiting_paths(self) -> Iterator[bytes]:
        """The paths of those files."""
        for task in self.tasks:
            yield from task.batch.paths()

    def paths(self) -> Iterator[bytes]:
        """The path of every place, in order."""
        for listing in self.listings:
            prefix = listing.directory.path + b"/" if listing.directory.path else b""
            if prefix:
                for name in listing.names:
                    yield prefix + name
            else:
                yield from listing.names

    def sort(self) -> None:
        """Sort the places by path. A call while the workers are busy saves the time at the end of the scan."""
        if self._known_order is None and len(self._order) != self.files:
            paths = list(self.paths())
            self._order = np.array(sorted(range(self.files), key=paths.__getitem__), np.int64)

    def ingested(self) -> npt.NDArray[np.int64]:
        """The places of ingested files in path order."""
        is_ingested = self.rows["outcome"][: self.files] == Outcome.INGESTED
        known = self._known_order
        if known is not None and len(known) == np.count_nonzero(is_ingested) and is_ingested[known].all():
            return known
        self._known_order = None
        self.sort()
        places: npt.NDArray[np.int64] = self._order[is_ingested[self._order]]
        return places

    def is_read(self) -> npt.NDArray[np.bool_]:
        """Whether each file was to be read; the rows of the others are those of the index: bool[files]."""
        found = np.zeros(self.files, np.bool_)
        for places in self._read:
            found[places] = True
        return found

    def check(self) -> None:
        """Raise ExosuitError if a place was left without a row: that is a hole, and a bug."""
        outcomes = self.rows["outcome"][: self.files]
        holes = int(np.count_nonzero((outcomes == PENDING) | (outcomes == Outcome.LINKED)))
        if holes:
            raise ExosuitError(f"{holes} files were listed and neither ingested nor skipped; please report this")

    def skip_of(self, path: bytes, row: np.void) -> Skip:
        """The skip of a file whose row has an outcome other than INGESTED."""
        outcome = Outcome(int(row["outcome"]))
        if outcome is Outcome.OWN_OUTPUT:
            return Skip(path, outcome, "it carries the mark of exosuit's outputs")
        return Skip(path, outcome, os.strerror(int(row["errno"])) if outcome is Outcome.UNREADABLE else "")
