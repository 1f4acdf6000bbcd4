"""How fast one worker is at what no device takes from it."""

from __future__ import annotations

import os
from importlib import resources
from typing import TYPE_CHECKING, Final

from exosuit_cli.model.digests import DEFAULT_DIGEST
from exosuit_cli.model.records import Batch, Directory
from exosuit_cli.shards.settings import ShardSettings
from exosuit_cli.shards.shard import Shard
from exosuit_cli.system.spans import Laps

if TYPE_CHECKING:
    from collections.abc import Iterator

_STAGES: Final = ("read", "columns")
_SLAB_BYTES: Final = 1 << 20
_LEAST_BYTES: Final = 8000


def reading_rate(seconds: float) -> float:
    """Bytes a second of reading files, of their kinds, languages and rows: larger ones of this package, cached.

    They are as large as those of a repository, some 12 KB on average: it is mostly the number of files that counts. For
    so many seconds, on this thread, digests not counted.
    """
    folder = os.fsencode(str(resources.files("exosuit_cli")))
    settings = ShardSettings(
        base=folder,
        encoding=None,
        hash=DEFAULT_DIGEST,
        device="cpu",
        max_file_size=_SLAB_BYTES,
        slab_bytes=_SLAB_BYTES,
        follow=False,
    )
    clock = Laps()
    shard = Shard(settings, None, clock=clock)
    try:
        batch = Batch(tuple(_groups(folder)))
        shard.ingest(batch)  # the page cache is filled
        clock.seconds.clear()
        nbytes = 0
        while not nbytes or sum(clock.seconds.values()) < seconds:
            nbytes += shard.ingest(batch).bytes_read
    finally:
        shard.close()
    return nbytes / sum(clock.seconds[stage] for stage in _STAGES)


def _groups(folder: bytes) -> Iterator[tuple[Directory, tuple[bytes, ...]]]:
    """The larger files below a folder, as a batch has them."""
    for path, _, names in os.walk(folder):
        status = os.stat(path)
        place = b"" if path == folder else os.path.relpath(path, folder)
        large = tuple(name for name in names if os.stat(os.path.join(path, name)).st_size >= _LEAST_BYTES)
        if large:
            yield Directory(place, status.st_dev, status.st_ino, status.st_mtime_ns, status.st_ctime_ns), large
