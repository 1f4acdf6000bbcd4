"""Export `gab`: the arrays of github-action-benchmark, which wants one file for each direction.

FILE holds the figures that are better when smaller (`tool: customSmallerIsBetter`). FILE with `-bigger` before its
extension holds those that are better when bigger (`tool: customBiggerIsBetter`).
"""

from __future__ import annotations

import json
from typing import Any, Final

from exosuit_cli.commands.bench_artefacts import ExportFormat, ExportInput
from exosuit_cli.report.bench.exports.series import all_series


def render(given: ExportInput) -> dict[str, bytes]:
    """Medians, their 95% intervals as `range`, the number of samples as `extra`."""
    result = given.result
    rows: dict[bool, list[dict[str, Any]]] = {False: [], True: []}
    for series in all_series(result):
        for metric, own, _ in series.figures():
            rows[metric.higher_is_better].append(
                {
                    "name": f"{series.suite.name} {metric.name} ({series.name})",
                    "unit": metric.unit,
                    "value": own.median,
                    "range": f"{own.low:.6g} to {own.high:.6g}",
                    "extra": f"{own.count} samples, {own.coverage:.1%} interval",
                }
            )
    return {
        suffix: json.dumps(rows[bigger], indent=2).encode("ascii") + b"\n"
        for suffix, bigger in (("", False), ("-bigger", True))
    }


FORMAT: Final = ExportFormat("gab", ".json", "the arrays of github-action-benchmark, one file a direction", render)
