"""Export `json`: the document of `bench --json`, which `--baseline FILE` and `bench compare` read."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from exosuit_cli.report.bench.document import bench_document

if TYPE_CHECKING:
    from exosuit_cli.measure.result import BenchResult


def render(result: BenchResult, *, strict: bool) -> dict[str, bytes]:
    """The document, indented, ASCII."""
    return {"": json.dumps(bench_document(result, strict=strict), indent=2).encode("ascii") + b"\n"}
