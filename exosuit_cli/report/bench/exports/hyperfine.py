"""Export `hyperfine`: the JSON of `hyperfine --export-json`; one result a side, one time a pair."""

from __future__ import annotations

import json
import shlex
import statistics
from typing import Any, Final

from exosuit_cli.commands.bench_artefacts import ExportFormat, ExportInput
from exosuit_cli.report.bench.exports.series import Series, all_series


def render(given: ExportInput) -> dict[str, bytes]:
    """Times in seconds. Where a pair repeats its runs, a time is their median."""
    result = given.result
    results = [_result(series) for series in all_series(result)]
    return {
        "": json.dumps({"schema": "exosuit.bench_hyperfine/1", "results": results}, indent=2).encode("ascii") + b"\n"
    }


def _result(series: Series) -> dict[str, Any]:
    times = series.samples("wall_s")
    return {
        "command": shlex.join(series.side.command),
        "mean": statistics.fmean(times),
        "stddev": statistics.stdev(times) if len(times) > 1 else None,
        "median": statistics.median(times),
        "user": statistics.fmean(series.samples("user_s") or (0.0,)),
        "system": statistics.fmean(series.samples("system_s") or (0.0,)),
        "min": min(times),
        "max": max(times),
        "times": list(times),
        "exit_codes": [0] * len(times),
    }


FORMAT: Final = ExportFormat("hyperfine", ".json", "the JSON that hyperfine itself exports", render)
