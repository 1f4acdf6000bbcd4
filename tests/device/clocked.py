"""A machine by the clock: readers, processors and a card that take a time for every byte, and do nothing else.

What runs is exosuit's own: shards in threads, the owner of a card, its slots and lanes. So the machine has as many
processors as a test likes.
"""

from __future__ import annotations

import contextlib
import os
import queue
import socket
import threading
import time
from typing import TYPE_CHECKING, Any

from exosuit_cli.device.messages import OwnerSettings
from exosuit_cli.device.owner import Owner
from exosuit_cli.device.sizes import ring_sizes
from exosuit_cli.kernels.cpu import CpuKernels
from exosuit_cli.model.records import Batch, Directory
from exosuit_cli.read.reader import SlabReader
from exosuit_cli.shards.reading import Next
from exosuit_cli.shards.settings import ShardSettings
from exosuit_cli.shards.shard import Shard

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    import pytest

    from exosuit_cli.device.forecast import Forecast
    from exosuit_cli.read import FilledSlab

SLAB = 1 << 15
FILE_BYTES = 4000
SLABS_A_BATCH = 2


class ClockedTree:
    """Files to read, in batches of a few slabs."""

    def __init__(self, folder: Path, slabs: int) -> None:
        files = slabs * (SLAB // FILE_BYTES)
        for number in range(files):
            (folder / f"{number:05}").write_bytes(b"some text\n" * (FILE_BYTES // 10))
        self.folder, self.nbytes = folder, files * FILE_BYTES
        status = folder.stat()
        base = Directory(b"", status.st_dev, status.st_ino, status.st_mtime_ns, status.st_ctime_ns)
        names = [b"%05d" % number for number in range(files)]
        group = SLABS_A_BATCH * (SLAB // FILE_BYTES)
        self.batches = [Batch(((base, tuple(names[at : at + group])),)) for at in range(0, files, group)]


def clocked_seconds(
    monkeypatch: pytest.MonkeyPatch, cards: Callable[..., Any], tree: ClockedTree, machine: Forecast, how: str
) -> float:
    """What a run takes: on the `cpu`, with the card `demanded`, or where it has `joined`."""
    cards(clock_only=True, bytes_per_s=machine.card)
    with monkeypatch.context() as patch:
        _slow_down(patch, machine)
        address = "\0exosuit-test-" + os.urandom(8).hex()
        sizes = ring_sizes(machine.processors, SLAB, 100, "blake3", lines=False)
        with socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as listener:
            if how != "cpu":
                owner = Owner(OwnerSettings("device.emulated_driver", 0, "blake3", 0, 1, address, sizes))
                listener.bind(address)
                listener.listen(machine.processors)
                owner.start(listener)
            begun = time.monotonic()
            opened = begun + machine.start_seconds
            if how == "demanded":
                time.sleep(machine.start_seconds)
            work: queue.SimpleQueue[Batch] = queue.SimpleQueue()
            for batch in tree.batches:
                work.put(batch)
            is_demanded = how == "demanded"
            settings = ShardSettings(
                base=os.fsencode(tree.folder), encoding=None, hash="blake3", device="cpu", max_file_size=0,
                slab_bytes=SLAB, follow=False, device_is_demanded=is_demanded,
            )  # fmt: skip
            done: list[int] = []

            def worker() -> None:
                shard = Shard(settings, None)
                joins_at = {"cpu": float("inf"), "demanded": begun, "joined": opened}[how]
                following: list[Batch] = []

                def follow() -> Next | None:
                    with contextlib.suppress(queue.Empty):
                        following.append(work.get_nowait())
                        return Next(following[0], read_links=True, number=1)
                    return None

                while following or follow() is not None:
                    batch = following.pop()
                    if time.monotonic() >= joins_at:
                        shard.use_device("cuda:0", (address,), SLAB)
                        joins_at = float("inf")
                    done.append(shard.ingest(batch, following=follow).bytes_read)
                shard.close()

            workers = [threading.Thread(target=worker) for _ in range(machine.processors)]
            for thread in workers:
                thread.start()
            for thread in workers:
                thread.join()
            taken = time.monotonic() - begun
        assert sum(done) == tree.nbytes
    return taken


def _slow_down(patch: pytest.MonkeyPatch, machine: Forecast) -> None:
    """Have readers and processors take their time."""
    filled, columns = SlabReader._filled, CpuKernels.columns

    def read(self: SlabReader, used: int, *rest: Any) -> FilledSlab:
        time.sleep(used / machine.read)
        return filled(self, used, *rest)

    def compute(self: CpuKernels, slab: Any) -> Any:
        time.sleep(len(slab.data) / machine.core)
        return columns(self, slab)

    patch.setattr(SlabReader, "_filled", read)
    patch.setattr(CpuKernels, "columns", compute)
