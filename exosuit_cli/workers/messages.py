"""What processes send to each other: to workers, from workers, and to and from the process that loads a vocabulary.

Nothing here imports numpy: the vocabulary starts to load before it.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import signal
    from collections.abc import Sequence

    import numpy as np
    import numpy.typing as npt

    from exosuit_cli.model.errors import ExosuitError
    from exosuit_cli.model.records import Batch
    from exosuit_cli.shards.settings import ShardSettings
    from exosuit_cli.shards.shard import ShardResult


@dataclass(frozen=True, slots=True)
class Task:
    """To a worker: a batch, and the places of its rows in the scan's result (int64[n])."""

    batch: Batch
    places: npt.NDArray[np.int64]
    read_links: bool = False
    kills: int = 0

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


@dataclass(frozen=True, slots=True)
class UseDevice:
    """To a worker: from now on the owners of a device, at these addresses, compute slabs of `slab_bytes` bytes."""

    device: str
    addresses: tuple[str, ...]
    slab_bytes: int


@dataclass(frozen=True, slots=True)
class Interrupt:
    """To a worker: the scan was asked to stop by this signal; leave a giant file where it is."""

    signal: signal.Signals


@dataclass(frozen=True, slots=True)
class Finish:
    """To a worker: there are no more tasks; send the totals and end."""


@dataclass(frozen=True, slots=True)
class WorkerStarted:
    """From a worker that the vocabulary process forked: its process id."""

    pid: int


@dataclass(frozen=True, slots=True)
class WorkerRefused:
    """From a worker: an error that its parent raises as it is; nothing is wrong with the worker."""

    error: ExosuitError


@dataclass(frozen=True, slots=True)
class WorkerCrashed:
    """From a worker: a fault of exosuit, with its traceback."""

    traceback: str


@dataclass(frozen=True, slots=True)
class FinishedTask:
    """Within the parent: a task and its result. A `result` of None means that its one file was quarantined."""

    task: Task
    result: ShardResult | None


@dataclass(frozen=True, slots=True)
class BecomeWorkers:
    """To the vocabulary process: become `count` workers with these settings."""

    settings: ShardSettings
    count: int


@dataclass(frozen=True, slots=True)
class CountTokens:
    """To the vocabulary process: count the tokens of each text."""

    texts: Sequence[bytes]


@dataclass(frozen=True, slots=True)
class EncodeText:
    """To the vocabulary process: encode a text."""

    data: bytes


@dataclass(frozen=True, slots=True)
class TokenCounts:
    """From the vocabulary process: the number of tokens of each text."""

    counts: list[int]


@dataclass(frozen=True, slots=True)
class TokenIds:
    """From the vocabulary process: the tokens of a text, uint32[n]."""

    ids: npt.NDArray[np.uint32]


@dataclass(frozen=True, slots=True)
class LoadFailed:
    """From the vocabulary process: the vocabulary could not be loaded."""

    error: Exception
