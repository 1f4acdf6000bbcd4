"""Digests of byte spans on a device: the launches of the kernels in blake3.cu and xxh3.cu."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar, Final, Protocol

import numpy as np

from exosuit_cli.kernels.device import At, DeviceError
from exosuit_cli.kernels.device_frame import FileLists, blocks_for
from exosuit_cli.kernels.frame import HEAD_BYTES, SPAN_BYTES, heading
from exosuit_cli.kernels.protocol import check_width
from exosuit_cli.model.digests import CHUNK_DIGEST

if TYPE_CHECKING:
    import numpy.typing as npt

    from exosuit_cli.kernels.device import DeviceBuffer, DeviceQueue

UNIT_BYTES = 1024
CHUNK_THREADS = PARENT_THREADS = 128
XXH3_SHORT_BYTES = 240
XXH3_SUM_THREADS, XXH3_DIGEST_THREADS = 256, 128
XXH3_LANES = 8


class DigestWork(Protocol):
    """The digests of up to `lists.most` spans of `most_bytes` bytes together, of `width` bytes each."""

    units: ClassVar[tuple[int, int]]
    """How many units an empty span has at least, and up to how many bytes a span has no more."""

    def __init__(self, queue: DeviceQueue, lists: FileLists, most_bytes: int, width: int, name: str = "") -> None: ...

    def launch(self, queue: DeviceQueue, data: At, digests: At) -> None:
        """Enqueue everything; `digests` is uint8[k, width] afterwards."""
        ...


class Blake3Work:
    """BLAKE3 of any spans, cut to a width that is a multiple of 4 up to 32; see `DigestWork`."""

    units: ClassVar = (1, 0)

    def __init__(self, queue: DeviceQueue, lists: FileLists, most_bytes: int, width: int, name: str = "") -> None:
        check_width(width)
        self._lists, self._words = lists, width // 4
        self._chunks = most_bytes // UNIT_BYTES + lists.most
        self._values = queue.buffer(f"{name}blake3 chaining values", 32 * max(self._chunks, 1))

    def launch(self, queue: DeviceQueue, data: At, digests: At) -> None:
        lists, words = self._lists, np.uint32(self._words)
        blocks = blocks_for(self._chunks, CHUNK_THREADS)
        spans = (data, lists.spans, lists.first_unit, lists.sizes)
        queue.launch("blake3_chunks", blocks, CHUNK_THREADS, *spans, self._values, digests, words)
        trees = (self._values, lists.first_unit, lists.sizes)
        queue.launch("blake3_parents", max(lists.most, 1), PARENT_THREADS, *trees, digests, words)


class Xxh3Work:
    """XXH3 in canonical form: XXH3-128 where the width is 16 bytes, XXH3-64 where it is 8; see `DigestWork`."""

    units: ClassVar = (0, XXH3_SHORT_BYTES)

    def __init__(self, queue: DeviceQueue, lists: FileLists, most_bytes: int, width: int, name: str = "") -> None:
        assert width in (8, 16)
        self._lists, self._halves = lists, width // 8
        self._blocks = most_bytes // UNIT_BYTES + lists.most
        self._sums = queue.buffer(f"{name}xxh3 sums", 8 * XXH3_LANES * max(self._blocks, 1))

    def launch(self, queue: DeviceQueue, data: At, digests: At) -> None:
        lists = self._lists
        spans = (data, lists.spans, lists.first_unit, lists.sizes)
        blocks = blocks_for(self._blocks * XXH3_LANES, XXH3_SUM_THREADS)
        queue.launch("xxh3_sums", blocks, XXH3_SUM_THREADS, *spans, self._sums)
        blocks = blocks_for(lists.most * XXH3_LANES, XXH3_DIGEST_THREADS)
        halves = np.uint32(self._halves)
        queue.launch("xxh3_digests", blocks, XXH3_DIGEST_THREADS, *spans, self._sums, digests, halves)


DEVICE_WORK: Final[dict[str, type[DigestWork]]] = {"blake3": Blake3Work, "xxh3": Xxh3Work, "xxh3_64": Xxh3Work}
"""What computes a digest on a device, by its name."""


def device_work(name: str) -> type[DigestWork]:
    """Return what computes the digest of that name. Raises DeviceError where only the CPU does."""
    work = DEVICE_WORK.get(name)
    if work is None:
        raise DeviceError(f"no kernel computes the digest {name}; use --device cpu")
    return work


class SpanDigests:
    """BLAKE3 of up to `most` spans of `most_bytes` bytes together, cut to `width` bytes each; they may overlap.

    Its buffers are made with it. The heading of the spans goes to `heading`; what is found is in `digests`.
    """

    def __init__(self, queue: DeviceQueue, most: int, most_bytes: int, width: int) -> None:
        self.heading: DeviceBuffer = queue.buffer("spans", HEAD_BYTES + SPAN_BYTES * most)
        kind = DEVICE_WORK[CHUNK_DIGEST]
        self._units = kind.units
        self._lists = FileLists(queue, At(self.heading, 0), At(self.heading, HEAD_BYTES), most, "span ")
        self._work = kind(queue, self._lists, most_bytes, width, "span ")
        self.digests: DeviceBuffer = queue.buffer("span digests", max(most * width, 1))

    def launch(self, queue: DeviceQueue, data: At) -> None:
        """Enqueue everything; the spans are those of what is at `data`."""
        self._lists.launch(queue, data, self._units, None)
        self._work.launch(queue, data, At(self.digests, 0))


def span_digests(
    queue: DeviceQueue,
    data: At,
    starts: npt.NDArray[np.int64],
    lengths: npt.NDArray[np.int64],
    width: int,
) -> npt.NDArray[np.uint8]:
    """uint8[k, width]: BLAKE3 of spans of what is at `data`; they may overlap. Waits for them."""
    check_width(width)
    count = len(starts)
    if not count:
        return np.zeros((0, width), np.uint8)
    work = SpanDigests(queue, count, int(lengths.sum()), width)
    queue.upload(work.heading, heading(0, starts, lengths, width))
    work.launch(queue, data)
    host = queue.host_array("span digests", np.uint8, count * width)
    queue.download(work.digests, host)
    queue.synchronize()
    return host.reshape(count, width).copy()
