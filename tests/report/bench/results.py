"""A benchmark that was really run, once a session, for every format to show."""

from __future__ import annotations

import functools
import json
import stat
import tempfile
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from exosuit_cli.measure.alerts import parse_alerts
from exosuit_cli.measure.bench import bench
from exosuit_cli.measure.gates import parse_floors, parse_gates
from exosuit_cli.measure.plan import BenchPlan, check_plan
from exosuit_cli.measure.sides import Side
from exosuit_cli.measure.suites import SUITES

if TYPE_CHECKING:
    from exosuit_cli.measure.result import BenchResult

STAGES = {"walk": 0.25, "read": 1.5}
HOSTILE = "<b>&\"'|`\x1b[31m\u202e\\"
"""A label that would act on a terminal, in HTML, XML, Markdown and a label of OpenMetrics."""


def run_bench(place: Path, **changes: object) -> BenchResult:
    """Two small commands, one slower, with a gate that fails, one that passes and a floor."""
    sides = []
    corpus = place / HOSTILE.replace("/", "")
    corpus.mkdir(parents=True)
    (corpus / "a").write_text("x")
    for name, rest in (("slow", "sleep 0.02"), ("fast", ":")):
        script = place / name
        document = {
            "exosuit_version": "9.9", "totals": {"files": 3, "bytes": 3000}, "tree_digest": "d" * 64,
            "throughput": {"device": "cpu", "stages_s": STAGES},
            "memory": {"ram": {"peak_bytes": 5_000_000, "reason": None}},
        }  # fmt: skip
        script.write_text(f"#!/bin/sh\n{rest}\ncat <<'END'\n{json.dumps(document)}\nEND\n")
        script.chmod(script.stat().st_mode | stat.S_IXUSR)
        sides.append(Side(f"{name} {HOSTILE}", (str(script), "{path}"), complete=True))
    plan = BenchPlan(
        suites=(SUITES["scan"],), candidate=sides[0], base=sides[1], is_aa=False,
        gates=parse_gates(["throughput:-20%", "peak_memory:+10%"]), floors=parse_floors(["files_per_s>=0.01"]), pairs=6,
        max_pairs=8, max_seconds=60.0, warmup=1, seed=1, cache="warm", device=None, extra=(), confirm=False,
        baseline=None,
    )  # fmt: skip
    return bench(check_plan(replace(plan, **changes)), str(corpus), label=HOSTILE)  # type: ignore[arg-type]


@functools.cache
def with_alerts() -> BenchResult:
    """A run with one alert of each kind: a verdict and a figure that fire, a figure that does not, one not judged."""
    return _run_once(alerts=parse_alerts(["regression", "wall_s>0.001", "files_per_s<0.001", "peak_vram>1GB"]))


@functools.cache
def with_silent_alert() -> BenchResult:
    """A run that succeeds, and whose alert does not fire."""
    return _run_once(gates=(), alerts=parse_alerts(["files_per_s<0.001"]))


def _run_once(**changes: object) -> BenchResult:
    with tempfile.TemporaryDirectory() as place:
        return run_bench(Path(place), **changes)
