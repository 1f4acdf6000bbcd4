"""Measure `exosuit pack` beside repomix: python scripts/bench_pack.py --repomix PATH TREE... [--runs 5] [--output FILE]

Every run is a whole process, start included, that packs a whole tree with counted tokens into a file. A and B run in
turn, after one warm-up of each, so a drift of the machine meets both; quoted are medians. The page cache is warm. What
repomix keeps between runs is kept in a temporary directory, which is new for each run. Processor seconds are those of
the process and of all that it started: on a machine that others use too, they say more than the wall clock.

`written` has the cost of a pack in tokens, and the share of it that stands before an edit of one file, as the mean over
files: so much a provider's cache of prompts keeps. With --runs 0 only these are measured.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from paired_runs import EXOSUIT, machine, version_of

from exosuit_cli.tokens import load_counter

WANTED_RATIO = 1 / 3
_ENCODING = "o200k_base"
_FILE = re.compile(rb'^<(?:document index|file path)="', re.MULTILINE)
"""What begins a file in a pack of either."""


@dataclass
class Packer:
    """A command that packs a tree into a file, and what its runs took."""

    label: str
    command: list[str]
    wall: list[float] = field(default_factory=list)
    cpu: list[float] = field(default_factory=list)
    written: dict[str, Any] = field(default_factory=dict)

    def run(self, tree: str, *, keep: bool = True) -> None:
        with tempfile.TemporaryDirectory() as place:
            output = f"{place}/pack.xml"
            before = resource.getrusage(resource.RUSAGE_CHILDREN)
            started = time.perf_counter()
            command = [*self.command, tree, "-o", output]
            done = subprocess.run(command, capture_output=True, env=os.environ | {"TMPDIR": place}, check=False)
            wall = time.perf_counter() - started
            after = resource.getrusage(resource.RUSAGE_CHILDREN)
            if done.returncode:
                sys.exit(f"{self.label} failed with {done.returncode}: {done.stderr.decode(errors='replace')[-500:]}")
            if not keep:
                text = Path(output).read_bytes()
                starts = [found.start() for found in _FILE.finditer(text)]
                self.written = {
                    "bytes": len(text),
                    "tokens": load_counter(_ENCODING).count(text),
                    "files": len(starts),
                    "prefix_share": statistics.fmean(starts) / len(text),
                }
                return
        self.wall.append(wall)
        self.cpu.append(after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime)

    def result(self) -> dict[str, object]:
        if not self.wall:
            return {"label": self.label, "written": self.written}
        return {
            "label": self.label,
            "wall_s": statistics.median(self.wall),
            "cpu_s": statistics.median(self.cpu),
            "runs_wall_s": self.wall,
            "runs_cpu_s": self.cpu,
            "written": self.written,
        }


def row(tree: str, repomix: str | None, runs: int) -> dict[str, object]:
    """One tree, packed in turn."""
    sides = [Packer("exosuit pack", [EXOSUIT, "pack", "-q"])]
    if repomix is not None:
        version = subprocess.run([repomix, "--version"], capture_output=True, text=True, check=True).stdout.strip()
        command = [repomix, "--quiet", "--token-count-encoding", _ENCODING]
        sides.append(Packer(f"repomix {version}", command))
    for side in sides:
        side.run(tree, keep=False)
    for _ in range(runs):
        for side in sides:
            side.run(tree)
    result: dict[str, object] = {"tree": os.path.basename(tree.rstrip("/"))}
    result |= {name: side.result() for name, side in zip("ab", sides, strict=False)}
    if len(sides) > 1:
        result["tokens_ratio"] = sides[0].written["tokens"] / sides[1].written["tokens"]
    if len(sides) > 1 and runs:
        result["wall_ratio"] = statistics.median(sides[0].wall) / statistics.median(sides[1].wall)
        result["cpu_ratio"] = statistics.median(sides[0].cpu) / statistics.median(sides[1].cpu)
        result["wanted_ratio"] = WANTED_RATIO
    return result


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("trees", nargs="+", metavar="TREE")
    parser.add_argument("--repomix", metavar="PATH", help="its command, as npm installs it")
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--output", metavar="FILE")
    given = parser.parse_args()
    document = {
        "machine": machine(),
        "exosuit": version_of("exosuit-cli"),
        "encoding": _ENCODING,
        "page_cache": "warm",
        "rows": [row(tree, given.repomix, given.runs) for tree in given.trees],
    }
    text = json.dumps(document, indent=2) + "\n"
    if given.output is not None:
        Path(given.output).write_text(text)
    print(text, end="")


if __name__ == "__main__":
    main()
