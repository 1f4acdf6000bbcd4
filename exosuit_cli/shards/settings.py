"""What a worker needs to know of a scan, small enough to send."""

from __future__ import annotations

from typing import TYPE_CHECKING

from exosuit_cli.model.dataclass import dataclass

if TYPE_CHECKING:
    from exosuit_cli.chunk.batch import Chunking
    from exosuit_cli.shards.work import WorkPlan


@dataclass(frozen=True, slots=True)
class ShardSettings:
    """The options that decide what a row holds. Together with a batch they are all that a worker needs."""

    base: bytes
    encoding: str | None
    hash: str
    device: str
    max_file_size: int
    slab_bytes: int
    follow: bool
    chunking: Chunking | WorkPlan | None = None
    addresses: tuple[str, ...] = ()
    """The addresses of the processes that own the cards of `device`."""
    device_is_demanded: bool = False
    own_outputs: bool = False
    """Whether files with exosuit's mark are taken as content."""
    recorded_spans: int = 0
    """How many spans a process may record of what it does; 0 records nothing."""
