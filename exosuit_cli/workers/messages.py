"""What processes send to each other beside tasks and results: to workers, from workers, to and from a `Preload`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from exosuit_cli.model.dataclass import dataclass

if TYPE_CHECKING:
    import signal
    from collections.abc import Sequence

    import numpy as np
    import numpy.typing as npt

    from exosuit_cli.model.errors import ExosuitError
    from exosuit_cli.shards.settings import ShardSettings
    from exosuit_cli.shards.work import WorkPlan


@dataclass(frozen=True, slots=True)
class UseDevice:
    """To a worker: from now on the owners of a device, at these addresses, compute slabs of `slab_bytes` bytes."""

    device: str
    addresses: tuple[str, ...]
    slab_bytes: int


@dataclass(frozen=True, slots=True)
class UseWork:
    """To a worker: from now on, make this of texts."""

    plan: WorkPlan


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
class WorkerUnfit:
    """From a worker, or for one that could not be started: the system allows it no process or no thread."""

    reason: str


@dataclass(frozen=True, slots=True)
class WorkerCrashed:
    """From a worker: a fault of exosuit, with its traceback."""

    traceback: str


@dataclass(frozen=True, slots=True)
class BecomeWorkers:
    """To the vocabulary process: become `count` workers with these settings."""

    settings: ShardSettings
    count: int


@dataclass(frozen=True, slots=True)
class CountTokens:
    """To the vocabulary process, or a worker: count the tokens of each text."""

    texts: Sequence[bytes]


@dataclass(frozen=True, slots=True)
class EncodeText:
    """To the vocabulary process: encode a text."""

    data: bytes


@dataclass(frozen=True, slots=True)
class TokenCounts:
    """From the vocabulary process, or a worker: the number of tokens of each text."""

    counts: list[int]


@dataclass(frozen=True, slots=True)
class TokenIds:
    """From the vocabulary process: the tokens of a text, uint32[n]."""

    ids: npt.NDArray[np.uint32]


@dataclass(frozen=True, slots=True)
class LoadFailed:
    """From the vocabulary process: the vocabulary could not be loaded."""

    error: Exception
