"""The work that goes to a carrier, and what comes back."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from exosuit_cli.model.dataclass import dataclass

if TYPE_CHECKING:
    import numpy.typing as npt

    from exosuit_cli.model.records import Batch
    from exosuit_cli.shards.shard import ShardResult


@dataclass(frozen=True, slots=True)
class Task:
    """A batch, and the places of its rows in the scan's result (int64[n])."""

    batch: Batch
    places: npt.NDArray[np.int64]
    read_links: bool = False
    kills: int = 0

    @property
    def number(self) -> int:
        """Its number among all tasks of a run: the place of its first file, -1 where it has none."""
        return int(self.places[0]) if len(self.places) else -1

    def part(self, start: int, stop: int) -> Task:
        """The files from position `start` up to `stop` as a task of their own."""
        groups = []
        position = 0
        for directory, names in self.batch.groups:
            chosen = names[max(start - position, 0) : max(stop - position, 0)]
            if chosen:
                groups.append((directory, chosen))
            position += len(names)
        return replace(self, batch=replace(self.batch, groups=tuple(groups)), places=self.places[start:stop])

    def is_before(self, other: Task) -> bool:
        """Whether another task is of the same kind, and its files come after those of this one."""
        is_alike = (self.read_links, self.kills) == (other.read_links, other.kills)
        return is_alike and int(self.places[-1]) < int(other.places[0])

    def joined(self, other: Task) -> Task:
        """The files of this task and then those of another one, as one task."""
        groups = self.batch.groups + other.batch.groups
        return replace(self, batch=replace(self.batch, groups=groups), places=np.append(self.places, other.places))

    def after_a_death(self) -> list[Task] | None:
        """What is tried in place of a task that a worker died of: its halves. None for one file that kills again."""
        size = len(self.places)
        suspect = replace(self, kills=self.kills + 1)
        if size == 1 and suspect.kills > 1:
            return None
        middle = max(size // 2, 1)
        return [suspect.part(start, stop) for start, stop in ((0, middle), (middle, size)) if start < stop]


@dataclass(frozen=True, slots=True)
class FinishedTask:
    """A task and its result. A `result` of None means that its one file was quarantined."""

    task: Task
    result: ShardResult | None

    @property
    def rendered_bytes(self) -> int:
        """The bytes of its chunks, as they were rendered."""
        chunks = self.result.chunks if self.result is not None else None
        return len(chunks.rendered) if chunks is not None else 0
