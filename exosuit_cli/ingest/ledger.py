"""The scan's books while it runs: every listed file has a place, every place ends with a row."""

from __future__ import annotations

import os
from collections import deque
from typing import TYPE_CHECKING

import numpy as np

from exosuit_cli.ingest.pool import Finished, Task
from exosuit_cli.languages import language_of_name
from exosuit_cli.model.errors import ExosuitError
from exosuit_cli.model.records import RAW, ROW, Batch, Directory, Kind, Outcome, Rows, Skip

if TYPE_CHECKING:
    from collections.abc import Iterator

    from exosuit_cli.ingest.index import Index
    from exosuit_cli.walk import Listing, PastDirectory

PENDING = 255
"""The outcome of a place that has no row yet."""


class Ledger:
    """Places for files in the order of the walk, the tasks that will fill them, and what has filled them.

    `index` supplies the rows that unchanged files may keep; without one every file is read.
    """

    def __init__(self, index: Index | None, batch_files: int) -> None:
        self.rows: Rows = np.zeros(1024, ROW)
        self.listings: list[Listing] = []
        self.skips: list[Skip] = []
        self.files = 0
        self.done = 0
        self.bytes = 0
        self.hits = 0
        self.bytes_read = 0
        self.tasks: deque[Task] = deque()
        self._index = index
        self._batch_files = batch_files
        self._groups: list[tuple[Directory, tuple[bytes, ...]]] = []
        self._known: Rows = np.empty(batch_files, ROW)
        self._batch_start = 0
        self._links: dict[tuple[int, int], list[int]] = {}
        self._link_names: dict[int, tuple[Directory, bytes]] = {}

    def add(self, listing: Listing, past: PastDirectory | None) -> None:
        """Enter one directory: its skips at once, its files as places in tasks."""
        self.listings.append(listing)
        self.skips.extend(listing.skips)
        names = listing.names
        if not names:
            return
        known = self._index.known_rows(listing, past) if self._index is not None else None
        self.files += len(names)
        if self.files > len(self.rows):
            grown = np.zeros(max(self.files, 2 * len(self.rows)), ROW)
            grown.view(RAW)[: len(self.rows)] = self.rows.view(RAW)
            self.rows = grown
        self.rows["outcome"][self.files - len(names) : self.files] = PENDING
        taken = 0
        while taken < len(names):
            room = self._batch_files - (self.files - len(names) + taken - self._batch_start)
            part = names[taken : taken + room]
            self._groups.append((listing.directory, part))
            if known is not None:
                start = self._batch_files - room
                self._known.view(RAW)[start : start + len(part)] = known.view(RAW)[taken : taken + len(part)]
            taken += len(part)
            if len(part) == room:
                self._close_batch(self.files - len(names) + taken)

    def flush(self) -> None:
        """Close the batch that is being filled: the walk is over."""
        if self._groups:
            self._close_batch(self.files)

    def _close_batch(self, end: int) -> None:
        places = np.arange(self._batch_start, end)
        known = self._known.view(RAW)[: len(places)].copy().view(ROW) if self._index is not None else None
        self.tasks.append(Task(Batch(tuple(self._groups)), places, known))
        self._groups = []
        self._batch_start = end

    def finish(self, finished: Finished) -> None:
        """Enter the rows of a finished task."""
        task, result = finished.task, finished.result
        if result is None:
            self.rows["outcome"][task.places] = Outcome.QUARANTINED
            self.done += len(task.places)
            return
        missed = task.places[~result.hits]
        raw = self.rows.view(RAW)
        raw[missed] = result.rows.view(RAW)
        if result.hits.any():
            assert task.known is not None
            raw[task.places[result.hits]] = task.known.view(RAW)[result.hits]
            self.hits += int(np.count_nonzero(result.hits))
        self.bytes_read += result.bytes_read
        linked = missed[result.rows["outcome"] == Outcome.LINKED]
        if len(linked):
            self._defer_links(task, linked)
        self.done += len(task.places) - len(linked)
        self.bytes += int(self.rows["size"][task.places].sum())

    def _defer_links(self, task: Task, linked: np.ndarray) -> None:
        """Let the first of several hard links be read, and the others wait for it."""
        names = [(directory, name) for directory, group in task.batch.groups for name in group]
        position_of = {int(place): position for position, place in enumerate(task.places)}
        for place in linked.tolist():
            row = self.rows[place]
            waiting = self._links.setdefault((int(row["device"]), int(row["inode"])), [])
            waiting.append(place)
            directory, name = names[position_of[place]]
            self._link_names[place] = (directory, name)
            if len(waiting) == 1:
                self._read_link(place)

    def _read_link(self, place: int) -> None:
        directory, name = self._link_names[place]
        self.tasks.append(Task(Batch(((directory, (name,)),)), np.array([place]), None, read_links=True))

    def settle_links(self) -> None:
        """Give every hard link the row of the one that was read; where that one vanished, read the next.

        The language is that of each link's own name. A link whose name tells none may have one by its first line: it
        takes it from a reading under such a name, so that the order of reading decides nothing.
        """
        for identity, places in list(self._links.items()):
            first, *others = places
            outcome = self.rows["outcome"][first]
            if outcome == Outcome.LINKED:
                continue
            del self._links[identity]
            settled = [] if outcome == Outcome.VANISHED else self._settle(first, others)
            self.done += len(settled)
            self.bytes += int(self.rows["size"][first]) * len(settled)
            served = set(settled)
            left = [place for place in others if place not in served]
            if left:
                self._links[identity] = left
                self._read_link(left[0])

    def _settle(self, first: int, others: list[int]) -> list[int]:
        """Copy the row of one hard link to the others that it can serve; their places."""
        rows, raw = self.rows, self.rows.view(RAW)
        is_text = rows["outcome"][first] == Outcome.INGESTED and rows["kind"][first] == Kind.TEXT
        named = language_of_name(self._link_names[first][1])
        settled = []
        for place in others:
            language = language_of_name(self._link_names[place][1])
            if is_text and named and not language:
                continue
            raw[place] = raw[first]
            if is_text and language:
                rows["language"][place] = language
            settled.append(place)
        return settled

    def give_up(self) -> None:
        """Mark every place that has no row as not reached: the scan was interrupted."""
        outcomes = self.rows["outcome"][: self.files]
        outcomes[(outcomes == PENDING) | (outcomes == Outcome.LINKED)] = Outcome.NOT_REACHED
        self.tasks.clear()

    def paths(self) -> Iterator[bytes]:
        """The path of every place, in order."""
        for listing in self.listings:
            prefix = listing.directory.path + b"/" if listing.directory.path else b""
            if prefix:
                for name in listing.names:
                    yield prefix + name
            else:
                yield from listing.names

    def check(self) -> None:
        """Raise ExosuitError if a place was left without a row: that is a hole, and a bug."""
        holes = int(np.count_nonzero(self.rows["outcome"][: self.files] == PENDING))
        if holes:
            raise ExosuitError(f"{holes} files were listed and neither ingested nor skipped; please report this")

    def skip_of(self, path: bytes, row: np.void) -> Skip:
        """The skip that a row with an outcome other than INGESTED stands for."""
        outcome = Outcome(int(row["outcome"]))
        number = int(row["errno"])
        return Skip(path, outcome, os.strerror(number) if outcome is Outcome.UNREADABLE else "")
