"""A batch that is being read: its rows, and its slabs, some of which are begun."""

from __future__ import annotations

import contextlib
from collections import deque
from typing import TYPE_CHECKING

import numpy as np

from exosuit_cli.model.dataclass import dataclass
from exosuit_cli.model.errors import ResourceMissing
from exosuit_cli.model.records import ROW, Batch, Outcome
from exosuit_cli.read import FilledSlab, LargeFile, SlabReader

if TYPE_CHECKING:
    import os
    from collections.abc import Callable, Generator

    from exosuit_cli.kernels.protocol import PendingSlab
    from exosuit_cli.model.slab import Slab
    from exosuit_cli.model.spans import StageClock

    Item = tuple[FilledSlab, PendingSlab] | tuple[LargeFile, None]


@dataclass(frozen=True, slots=True)
class Next:
    """A batch that a shard will be given next; `number` is its number among all of a run."""

    batch: Batch
    read_links: bool
    number: int


class Reading:
    """The reading of one batch. `begin` has a slab computed: a device works on one while the next is filled."""

    def __init__(
        self,
        batch: Batch,
        reader: SlabReader,
        begin: Callable[[Slab], PendingSlab],
        clock: StageClock,
        *,
        read_links: bool,
    ) -> None:
        self.batch = batch
        self.names = [name for _, group in batch.groups for name in group]
        self.rows = np.zeros(len(self.names), ROW)
        self._begin, self._clock, self._has_room = begin, clock, reader.has_room
        self._is_left = False
        self._found = reader.read(batch, self.skip, None if read_links else self._link)
        self._begun: deque[Item] = deque()

    def skip(self, position: int, outcome: Outcome, number: int) -> None:
        """Note that a file is not read."""
        self.rows[position]["outcome"] = outcome
        self.rows[position]["errno"] = number

    def read_one(self) -> bool:
        """Read up to the next slab or large file, and begin it; whether there was one."""
        clock = self._clock
        for item in self._found:
            if isinstance(item, LargeFile):
                clock.lap("read")
                self._begun.append((item, None))
            else:
                size = len(item.slab.data)
                clock.lap("read", len(item.files), size, size)
                self._begun.append((item, self._begin(item.slab)))
                clock.lap("hash", len(item.files), size)
            return True
        return False

    def items(self, at_end: Callable[[], None]) -> Generator[Item]:
        """The items in their order, each slab begun. `at_end` is called when all are, before the last are taken."""
        begun = self._begun
        try:
            while True:
                # What lies behind a large file is read once that is done with.
                while not self._is_left and self._has_room(len(begun)) and not (begun and begun[-1][1] is None):
                    if not self.read_one():
                        at_end()
                        while begun:
                            yield begun.popleft()
                        return
                if not begun:
                    return
                yield begun.popleft()
        finally:
            self.close()

    def leave(self) -> None:
        """Begin nothing more: `items` ends with what is begun, which somebody else would have to read again."""
        self._is_left = True

    def close(self) -> None:
        """Wait for what is begun: the result is not wanted any more, but its memory is in use until it is there."""
        for _, pending in self._begun:
            if pending is not None:
                with contextlib.suppress(ResourceMissing):
                    pending.finish()
        self._begun.clear()

    def _link(self, position: int, status: os.stat_result) -> None:
        row = self.rows[position]
        row["outcome"], row["device"], row["inode"] = Outcome.LINKED, status.st_dev, status.st_ino
