"""Export `bmf`: Bencher Metric Format, JSON by benchmark and measure (https://bencher.dev/docs/reference/bencher-metric-format)."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from exosuit_cli.report.bench.exports.series import all_series

if TYPE_CHECKING:
    from exosuit_cli.measure.result import BenchResult


def render(result: BenchResult, *, strict: bool) -> dict[str, bytes]:  # noqa: ARG001  (every export's signature)
    """Medians with the ends of their 95% intervals; measures in kebab case, which Bencher takes as slugs."""
    document = {
        f"exosuit/{series.suite.name}/{series.name}": {
            metric.name.replace("_", "-"): {"value": own.median, "lower_value": own.low, "upper_value": own.high}
            for metric, own, _ in series.figures()
        }
        for series in all_series(result)
    }
    return {"": json.dumps(document, indent=2).encode("ascii") + b"\n"}
