"""Digests of byte spans on a device: the work lists of the kernels in blake3.cu and xxh3.cu, and their launches."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple, Protocol

import numpy as np
import numpy.typing as npt

from exosuit_cli.kernels.device import DeviceError
from exosuit_cli.kernels.protocol import check_width
from exosuit_cli.kernels.work_lists import WorkLists, blocks_for, prefix_sums

if TYPE_CHECKING:
    from collections.abc import Callable

    from exosuit_cli.kernels.device import At, DeviceBuffer, DeviceQueue

Int64s = npt.NDArray[np.int64]

CHUNK_BYTES = 1024
CHUNK_THREADS = PARENT_THREADS = 128
XXH3_BLOCK_BYTES = 1024
XXH3_SHORT_BYTES = 240
XXH3_SUM_THREADS, XXH3_DIGEST_THREADS = 256, 128
XXH3_LANES = 8


class DigestWork(Protocol):
    """The digests of k spans: made before the work lists are uploaded, launched after."""

    def launch(self, queue: DeviceQueue, data: DeviceBuffer, lists: WorkLists, digests: DeviceBuffer | At) -> None:
        """Enqueue everything; `digests` is uint8[k, width] afterwards."""
        ...


class _Level(NamedTuple):
    """The pairs of one level of all trees that are higher than it."""

    level: int
    active: int
    first_pair: int
    spans: int
    pairs: int


class Blake3Work:
    """BLAKE3 of any spans, cut to `width` bytes, a multiple of 4 up to 32."""

    def __init__(
        self, lists: WorkLists, starts: npt.NDArray[np.int64], lengths: npt.NDArray[np.int64], width: int
    ) -> None:
        check_width(width)
        self._spans, self._words = len(starts), width // 4
        chunks = np.maximum(1, -(-lengths // CHUNK_BYTES))
        self._chunks = int(chunks.sum())
        self._starts, self._lengths = lists.add(starts), lists.add(lengths)
        self._first_chunk = lists.add(prefix_sums(chunks))
        self._levels: list[_Level] = []
        active, level = np.flatnonzero(chunks > 1), 0
        while len(active):
            # A pair at this level is a left node that has a right one, 2^level chunks behind it.
            pairs = (chunks[active] + (1 << level) - 1) >> (level + 1)
            places = lists.add(active), lists.add(prefix_sums(pairs))
            self._levels.append(_Level(level, *places, len(active), int(pairs.sum())))
            level += 1
            active = active[chunks[active] > 1 << level]

    def launch(self, queue: DeviceQueue, data: DeviceBuffer, lists: WorkLists, digests: DeviceBuffer | At) -> None:
        if not self._spans:
            return
        first_chunk, words = lists.at(self._first_chunk), np.uint32(self._words)
        values = queue.buffer("blake3 chaining values", 32 * self._chunks)
        queue.launch(
            "blake3_chunks",
            blocks_for(self._chunks, CHUNK_THREADS),
            CHUNK_THREADS,
            *(data, lists.at(self._starts), lists.at(self._lengths), first_chunk),
            *(np.uint32(self._spans), np.uint32(self._chunks), values, digests, words),
        )
        for level, active, first_pair, spans, pairs in self._levels:
            queue.launch(
                "blake3_parents",
                blocks_for(pairs, PARENT_THREADS),
                PARENT_THREADS,
                *(values, first_chunk, lists.at(active), lists.at(first_pair)),
                *(np.uint32(spans), np.uint32(pairs), np.uint32(level), digests, words),
            )


class Xxh3Work:
    """XXH3 of any spans in canonical form: XXH3-128 where `width` is 16 bytes, XXH3-64 where it is 8."""

    def __init__(
        self, lists: WorkLists, starts: npt.NDArray[np.int64], lengths: npt.NDArray[np.int64], width: int
    ) -> None:
        assert width in (8, 16)
        self._spans, self._halves = len(starts), width // 8
        blocks = np.where(lengths > XXH3_SHORT_BYTES, (lengths - 1) // XXH3_BLOCK_BYTES + 1, 0)
        self._blocks = int(blocks.sum())
        self._starts, self._lengths = lists.add(starts), lists.add(lengths)
        self._first_block = lists.add(prefix_sums(blocks))

    def launch(self, queue: DeviceQueue, data: DeviceBuffer, lists: WorkLists, digests: DeviceBuffer | At) -> None:
        if not self._spans:
            return
        spans = (data, lists.at(self._starts), lists.at(self._lengths), lists.at(self._first_block))
        count = np.uint32(self._spans)
        sums = queue.buffer("xxh3 sums", 8 * XXH3_LANES * max(self._blocks, 1))
        if self._blocks:
            blocks = blocks_for(self._blocks * XXH3_LANES, XXH3_SUM_THREADS)
            queue.launch("xxh3_sums", blocks, XXH3_SUM_THREADS, *spans, count, np.uint32(self._blocks), sums)
        blocks = blocks_for(self._spans * XXH3_LANES, XXH3_DIGEST_THREADS)
        halves = np.uint32(self._halves)
        queue.launch("xxh3_digests", blocks, XXH3_DIGEST_THREADS, *spans, count, sums, digests, halves)


DEVICE_WORK: Final[dict[str, Callable[[WorkLists, Int64s, Int64s, int], DigestWork]]] = {
    "blake3": Blake3Work,
    "xxh3": Xxh3Work,
    "xxh3_64": Xxh3Work,
}
"""What computes a digest on a device, by its name: called with lists, starts, lengths and the width."""


def device_work(name: str) -> Callable[[WorkLists, Int64s, Int64s, int], DigestWork]:
    """Return what computes the digest of that name. Raises DeviceError where only the CPU does."""
    work = DEVICE_WORK.get(name)
    if work is None:
        raise DeviceError(f"no kernel computes the digest {name}; use --device cpu")
    return work
