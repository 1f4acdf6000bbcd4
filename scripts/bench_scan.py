"""Measure `exosuit scan` against public tools doing comparable work, A and B in turn, and print ratios.

    python scripts/bench_scan.py TREE [--small TREE] [--git TREE] [--repomix COMMAND] [--runs 7] [--output FILE]

TREE is any directory, for the published figures Debian's linux-source-6.1. Every run is a whole process, start
included. A row is measured as A B A B ... after one warm-up of each, so a drift of the machine meets both sides; quoted
are medians and the ratio of medians, with the smallest and largest ratio of neighbouring runs. The page cache is warm:
each side has just read the same files. --git names a copy of TREE that is committed to git and clean.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import shutil
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
            "a": {"label": self.a.label, **_spread(self.a.seconds)},
            "target_ratio": self.target_ratio,
            "target_seconds": self.target_seconds,
        }
        if self.b is not None:
            ratios = [a / b for a, b in zip(self.a.seconds, self.b.seconds, strict=True)]
            result["b"] = {"label": self.b.label, **_spread(self.b.seconds)}
            result["ratio"] = statistics.median(self.a.seconds) / statistics.median(self.b.seconds)
            result["ratio_min"], result["ratio_max"] = min(ratios), max(ratios)
        return result


def _spread(seconds: list[float]) -> dict[str, object]:
    return {"median_s": statistics.median(seconds), "min_s": min(seconds), "max_s": max(seconds), "runs_s": seconds}


def _scan_work(tree: str, *options: str) -> dict[str, object]:
    document = json.loads(
        subprocess.run([EXOSUIT, "scan", tree, "--json", *options], stdout=subprocess.PIPE, check=True).stdout
    )
    return {
        **document["totals"],
        "tree_digest": document["tree_digest"],
        "index_hits": document["throughput"]["index_hits"],
        "workers": document["throughput"]["workers"],
        "device": document["throughput"]["device"],
        "peak_pss_bytes": document["memory"]["ram"]["peak_bytes"],
        "page_cache": "warm",
    }


def _rows(arguments: argparse.Namespace, scratch: Path) -> list[Row]:
    tree = arguments.tree
    everything = ["--no-ignore", "--hidden"]
    names = scratch / "names"
    with names.open("wb") as file:
        subprocess.run(["find", tree, "-type", "f", "-print0"], stdout=file, check=True)
    index = {"XDG_CACHE_HOME": str(scratch / "cache")}
    processors = str(len(os.sched_getaffinity(0)))
    rows = []
    full = Side("exosuit scan (o200k_base)", [EXOSUIT, "scan", tree, *everything, "--no-index", "--json"])
    digests = [EXOSUIT, "scan", tree, *everything, "--no-index", "--no-tokens", "--json"]
    if shutil.which("b3sum"):
        rows.append(
            Row(
                "no tokens: walk, read, BLAKE3, lines, language",
                Side("exosuit scan --no-tokens", digests),
                Side(f"xargs -P{processors} b3sum", ["xargs", "-0", f"-P{processors}", "b3sum"], str(names)),
                target_ratio=1.3,
                work=_scan_work(tree, *everything, "--no-index", "--no-tokens"),
            )
        )
    if shutil.which("xxhsum"):
        rows.append(
            Row(
                "no tokens, XXH3",
                Side("exosuit scan --no-tokens --hash xxh3", [*digests, "--hash", "xxh3"]),
                Side(
                    f"xargs -P{processors} xxhsum -H2", ["xargs", "-0", f"-P{processors}", "xxhsum", "-H2"], str(names)
                ),
            )
        )
    rows.append(Row("exact tokens", full, None, target_seconds=4.0, work=_scan_work(tree, *everything, "--no-index")))
    if arguments.git:
        options = [arguments.git, *everything, "--json"]
        subprocess.run([EXOSUIT, "scan", *options], env=os.environ | index, stdout=subprocess.DEVNULL, check=True)
        os.environ.update(index)
        rows.append(
            Row(
                "unchanged, with index",
                Side("exosuit scan (index)", [EXOSUIT, "scan", *options], environment=index),
                Side("git status", ["git", "-C", arguments.git, "status", "--porcelain"]),
                target_ratio=1.5,
                work=_scan_work(*options[:-1]),
            )
        )
    if arguments.small:
        rows.append(
            Row(
                "small repository, first time",
                Side("exosuit scan", [EXOSUIT, "scan", arguments.small, "--no-index"]),
                None,
                target_seconds=0.45,
                work=_scan_work(arguments.small, "--no-index"),
            )
        )
    if arguments.repomix and arguments.repomix_tree:
        part = arguments.repomix_tree
        output = str(scratch / "repomix.txt")
        rows.append(
            Row(
                "exact tokens of a part, against repomix",
                Side("exosuit scan", [EXOSUIT, "scan", part, *everything, "--no-index", "--json"]),
                Side(
                    "repomix",
                    [*arguments.repomix.split(), "--no-gitignore", "--no-security-check", "-o", output, part],
                    forgets=True,
                ),
                target_ratio=1 / 30,
                work=_scan_work(part, *everything, "--no-index"),
            )
        )
    rows.append(Row("start", Side("exosuit --version", [EXOSUIT, "--version"]), None, target_seconds=0.15))
    return rows


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("tree")
    parser.add_argument("--small", help="a small repository, for the first-time row")
    parser.add_argument("--git", help="a clean git checkout of the tree, for the index row")
    parser.add_argument("--repomix", help="the command that starts repomix")
    parser.add_argument("--repomix-tree", help="the part of the tree that repomix packs")
    parser.add_argument("--runs", type=int, default=7)
    parser.add_argument("--only", help="measure only rows whose name holds this")
    parser.add_argument("--output", help="write the figures as JSON")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        results = []
        for row in _rows(arguments, Path(scratch)):
            if arguments.only and arguments.only not in row.name:
                continue
            result = row.measure(arguments.runs)
            results.append(result)
            print(_line(result), flush=True)
    if arguments.output:
        version = subprocess.run([EXOSUIT, "--version"], stdout=subprocess.PIPE, check=True).stdout.decode().strip()
        document = {
            "schema": "exosuit.bench_scan/1",
            "version": version,
            "python": platform.python_version(),
            "machine": {
                "processors": len(os.sched_getaffinity(0)),
                "processor": _processor(),
                "kernel": platform.release(),
                "memory_bytes": os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES"),
            },
            "tree": Path(arguments.tree).name,
            "page_cache": "warm",
            "rows": results,
        }
        Path(arguments.output).write_text(json.dumps(document, indent=1) + "\n")


def _line(result: dict[str, object]) -> str:
    a = result["a"]
    assert isinstance(a, dict)
    text = f"{result['name']:<48} {a['median_s']:8.3f} s ({a['min_s']:.3f}-{a['max_s']:.3f})"
    b = result.get("b")
    if isinstance(b, dict):
        text += f"  {b['label']} {b['median_s']:.3f} s"
        text += f"  ratio {result['ratio']:.3f} ({result['ratio_min']:.3f}-{result['ratio_max']:.3f})"
        if result["target_ratio"]:
            text += f"  wanted <= {result['target_ratio']:.3f}"
    elif result["target_seconds"]:
        text += f"  wanted <= {result['target_seconds']} s"
    return text


def _processor() -> str:
    for line in Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("model name"):
            return line.partition(":")[2].strip()
    return platform.processor()


if __name__ == "__main__":
    main()
