"""Export `pytest`: the JSON of pytest-benchmark, which its `compare` command and many dashboards read."""

from __future__ import annotations

import json
import statistics
from typing import TYPE_CHECKING, Any, Final

from exosuit_cli.commands.bench_artefacts import ExportFormat, ExportInput
from exosuit_cli.report.bench.exports.series import Series, all_series

if TYPE_CHECKING:
    from collections.abc import Sequence


def render(given: ExportInput) -> dict[str, bytes]:
    """One benchmark a side and suite, grouped by suite; a round is a pair, an iteration one process."""
    result = given.result
    machine = result.machine
    document = {
        "schema": "exosuit.bench_pytest/1",
        "machine_info": {
            "node": machine.fingerprint,
            "processor": machine.processor,
            "machine": machine.architecture,
            "python_implementation": "CPython",
            "python_version": machine.python,
            "release": machine.kernel,
            "system": machine.system,
            "cpu": {"brand_raw": machine.processor, "count": machine.processors},
        },
        "commit_info": {
            "id": result.label or "unknown", "time": result.started_at, "author_time": None, "dirty": False,
            "project": "exosuit", "branch": "(unknown)",
        },
        "benchmarks": [_benchmark(series) for series in all_series(result)],
        "datetime": result.started_at,
        "version": "4.0.0",
    }  # fmt: skip
    return {"": json.dumps(document, indent=2).encode("ascii") + b"\n"}


def _benchmark(series: Series) -> dict[str, Any]:
    name = f"{series.suite.name}[{series.name}]"
    return {
        "group": series.suite.name,
        "name": name,
        "fullname": f"exosuit/{name}",
        "params": None,
        "param": None,
        "extra_info": {
            "side": series.side.label,
            "work": dict(series.side.work),
            **{metric.name: own.median for metric, own, _ in series.figures()},
        },
        "options": {
            "disable_gc": False,
            "timer": "monotonic",
            "min_rounds": series.block.pairs,
            "max_time": 0.0,
            "min_time": 0.0,
            "warmup": True,
        },
        "stats": _stats(series.samples("wall_s"), series.block.repeats),
    }


def _stats(times: Sequence[float], iterations: int) -> dict[str, Any]:
    ordered = sorted(times)
    mean = statistics.fmean(times)
    deviation = statistics.stdev(times) if len(times) > 1 else 0.0
    q1, median, q3 = statistics.quantiles(times, n=4, method="inclusive") if len(times) > 1 else (mean, mean, mean)
    low, high = q1 - 1.5 * (q3 - q1), q3 + 1.5 * (q3 - q1)
    outside = sum(not low <= time <= high for time in times)
    apart = sum(abs(time - mean) > deviation for time in times)
    return {
        "min": ordered[0], "max": ordered[-1], "mean": mean, "stddev": deviation, "rounds": len(times),
        "median": median, "iqr": q3 - q1, "q1": q1, "q3": q3, "iqr_outliers": outside, "stddev_outliers": apart,
        "outliers": f"{apart};{outside}", "ld15iqr": next((t for t in ordered if t >= low), ordered[0]),
        "hd15iqr": next((t for t in reversed(ordered) if t <= high), ordered[-1]), "ops": 1 / mean,
        "total": sum(times), "data": list(times), "iterations": iterations,
    }  # fmt: skip


FORMAT: Final = ExportFormat("pytest", ".json", "the JSON of pytest-benchmark, for its compare command", render)
