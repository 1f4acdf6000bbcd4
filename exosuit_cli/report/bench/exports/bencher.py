"""Export `bmf`: Bencher Metric Format, JSON by benchmark and measure (https://bencher.dev/docs/reference/bencher-metric-format)."""

from __future__ import annotations

import json
from typing import Final

from exosuit_cli.commands.bench_artefacts import ExportFormat, ExportInput
from exosuit_cli.report.bench.exports.series import all_series


def render(given: ExportInput) -> dict[str, bytes]:
    """Medians with the ends of their 95% intervals; measures in kebab case, which Bencher takes as slugs."""
    result = given.result
    document = {
        f"exosuit/{series.suite.name}/{series.name}": {
            metric.name.replace("_", "-"): {"value": own.median, "lower_value": own.low, "upper_value": own.high}
            for metric, own, _ in series.figures()
        }
        for series in all_series(result)
    }
    return {"": json.dumps(document, indent=2).encode("ascii") + b"\n"}


FORMAT: Final = ExportFormat("bmf", ".json", "Bencher Metric Format, for bencher.dev", render)
