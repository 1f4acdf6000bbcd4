"""Run as a program: scans with worker processes in which one stage is slow, as JSON lines of their profiles.

A program of its own has one thread, so its workers are forks and have what is changed here.
"""

from __future__ import annotations

import json
import sys
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import numpy as np

from exosuit_cli.ingest import ScanOptions, scan
from exosuit_cli.kernels.cpu import CpuKernels
from exosuit_cli.measure.profile.build import Circumstances, RecordedRun, build_profile
from exosuit_cli.read.reader import SlabReader
from exosuit_cli.report.profile.document import profile_document
from exosuit_cli.system.spans import Recording
from exosuit_cli.walk.tree import TreeWalk
from exosuit_cli.workers import vocabulary

if TYPE_CHECKING:
    from collections.abc import Iterator

SLOW_SECONDS = 0.03


class Counter:
    """Counts a token a byte, slowly where it is told to."""

    implementation = "test"
    encoding = "o200k_base"

    def __init__(self, seconds: float = 0.0) -> None:
        self._seconds = seconds

    def count(self, data: bytes) -> int:
        return self.count_batch([data])[0]

    def count_batch(self, texts: list[bytes]) -> list[int]:
        time.sleep(self._seconds)
        return [len(text) for text in texts]

    def encode(self, data: bytes) -> Any:
        return np.zeros(len(data), np.uint32)

    def stream(self) -> Any:
        raise NotImplementedError


@contextmanager
def slow(stage: str) -> Iterator[None]:
    """Have every call of a stage take longer."""
    owner, name = {
        "hash": (CpuKernels, "columns"),
        "read": (SlabReader, "read"),
        "walk": (TreeWalk, "__iter__"),
        "tokens": (vocabulary, "_load"),
    }[stage]
    usual = getattr(owner, name)

    def late(*arguments: Any, **options: Any) -> Any:
        time.sleep(SLOW_SECONDS)
        return usual(*arguments, **options)

    def late_items(*arguments: Any, **options: Any) -> Iterator[Any]:
        for item in usual(*arguments, **options):
            time.sleep(SLOW_SECONDS)
            yield item

    changed: Any = late if stage == "hash" else late_items
    if stage == "tokens":
        changed = lambda _: Counter(SLOW_SECONDS)  # noqa: E731
    setattr(owner, name, changed)
    try:
        yield
    finally:
        setattr(owner, name, usual)


def main(tree: str) -> None:
    vocabulary._load = lambda _: Counter()  # type: ignore[assignment,return-value]
    for stage in ("hash", "tokens", "read", "walk"):
        with slow(stage):
            options = {"workers": 2, "use_index": False, "batch_files": 2, "slab_bytes": 8192, "device": "cpu"}
            plain = scan(tree, ScanOptions(**options))  # type: ignore[arg-type]
            recording = Recording()
            result = scan(tree, ScanOptions(**options, recording=recording))  # type: ignore[arg-type]
            ended = time.monotonic_ns()
        assert plain.tree_digest == result.tree_digest
        assert np.array_equal(plain.rows, result.rows)
        run = RecordedRun(
            recorded=recording.tracks(),
            started_ns=recording.started_ns,
            ended_ns=ended,
            cpu_s=result.throughput.cpu_s,
            files=len(result.paths),
            bytes=result.totals.bytes,
            tokens=result.totals.tokens,
            workers=result.throughput.workers,
        )
        profile = build_profile([run], Circumstances(work="tokens", options={}, cache="warm", twins_s=(), peaks={}))
        print(json.dumps({"slow": stage, "profile": profile_document(profile)}), flush=True)


if __name__ == "__main__":
    main(sys.argv[1])
