"""Whole processes measured in turn, and the work that they did: what the benchmark scripts stand on."""

from __future__ import annotations

import importlib.metadata
import json
import os
import platform
import statistics
import subprocess
import sys
import sysconfig
import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path

EXOSUIT = str(Path(sysconfig.get_path("scripts")) / "exosuit")


@dataclass
class Side:
    """A command, the file that it reads on stdin, and the seconds of its runs."""

    label: str
    command: list[str]
    stdin: str | None = None
    environment: dict[str, str] = field(default_factory=dict)
    forgets: bool = False
    """Each run has a TMPDIR of its own: what the command remembers there would be another kind of work."""
    seconds: list[float] = field(default_factory=list)

    def run(self, *, keep: bool = True) -> bytes:
        with open(self.stdin or os.devnull, "rb") as stdin, tempfile.TemporaryDirectory() as empty:
            environment = os.environ | self.environment | ({"TMPDIR": empty} if self.forgets else {})
            started = time.perf_counter()
            done = subprocess.run(self.command, stdin=stdin, capture_output=True, env=environment, check=False)
            seconds = time.perf_counter() - started
        if done.returncode:
            sys.exit(f"{self.label} failed with {done.returncode}: {done.stderr.decode(errors='replace')[-500:]}")
        if keep:
            self.seconds.append(seconds)
        return done.stdout


@dataclass
class Row:
    """What is compared, and the ratio A / B that is wanted at most (or seconds of A, where there is no B)."""

    name: str
    a: Side
    b: Side | None
    target_ratio: float | None = None
    target_seconds: float | None = None
    work: dict[str, object] = field(default_factory=dict)

    def measure(self, runs: int) -> dict[str, object]:
        sides = [self.a] if self.b is None else [self.a, self.b]
        for side in sides:
            side.run(keep=False)
        for _ in range(runs):
            for side in sides:
                side.run()
        result: dict[str, object] = {
            "name": self.name,
            "work": self.work,
            "a": {"label": self.a.label, **spread(self.a.seconds)},
            "target_ratio": self.target_ratio,
            "target_seconds": self.target_seconds,
        }
        if self.b is not None:
            ratios = [a / b for a, b in zip(self.a.seconds, self.b.seconds, strict=True)]
            result["b"] = {"label": self.b.label, **spread(self.b.seconds)}
            result["ratio"] = statistics.median(self.a.seconds) / statistics.median(self.b.seconds)
            result["ratio_min"], result["ratio_max"] = min(ratios), max(ratios)
        return result


def spread(seconds: list[float]) -> dict[str, object]:
    return {"median_s": statistics.median(seconds), "min_s": min(seconds), "max_s": max(seconds), "runs_s": seconds}


def scan_work(tree: str, *options: str, environment: dict[str, str] | None = None) -> dict[str, object]:
    """What a scan says that it did."""
    command = [EXOSUIT, "scan", tree, "--json", *options]
    done = subprocess.run(command, stdout=subprocess.PIPE, env=os.environ | (environment or {}), check=True)
    document = json.loads(done.stdout)
    return {
        **document["totals"],
        "tree_digest": document["tree_digest"],
        "index_hits": document["throughput"]["index_hits"],
        "workers": document["throughput"]["workers"],
        "device": document["throughput"]["device"],
        "peak_pss_bytes": document["memory"]["ram"]["peak_bytes"],
        "page_cache": "warm",
    }


def machine() -> dict[str, object]:
    """What the figures depend on, without anything that names one machine."""
    return {
        "processors": len(os.sched_getaffinity(0)),
        "processor": _processor(),
        "kernel": platform.release(),
        "memory_bytes": os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES"),
    }


def _processor() -> str:
    for line in Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("model name"):
            return line.partition(":")[2].strip()
    return platform.processor()


def version_of(package: str) -> str | None:
    """The installed version of a package; None where it is not there."""
    try:
        return importlib.metadata.version(package)
    except importlib.metadata.PackageNotFoundError:
        return None
