"""Export `json`: the document of `bench --json`, which `--baseline FILE` and `bench compare` read."""

from __future__ import annotations

import json
from typing import Final

from exosuit_cli.commands.bench_artefacts import ExportFormat, ExportInput
from exosuit_cli.report.bench.document import bench_document


def render(given: ExportInput) -> dict[str, bytes]:
    """The document, indented, ASCII."""
    return {"": json.dumps(bench_document(given.result, strict=given.strict), indent=2).encode("ascii") + b"\n"}


FORMAT: Final = ExportFormat("json", ".json", "the document of bench --json, for --baseline and bench compare", render)
