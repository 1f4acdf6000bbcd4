"""All that a benchmark writes besides the report on the terminal, as `commands.bench` takes it."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Final

from exosuit_cli.commands.bench_artefacts import BenchRenderers
from exosuit_cli.report.bench.alert import alert_document
from exosuit_cli.report.bench.document import verdict_document
from exosuit_cli.report.bench.exports import EXPORTS
from exosuit_cli.report.bench.exports.markdown import report

if TYPE_CHECKING:
    from exosuit_cli.measure.result import BenchResult


def _verdict(result: BenchResult, strict: bool) -> bytes:
    return _json(verdict_document(result, strict=strict), indent=2)


def _alert(result: BenchResult, strict: bool) -> bytes:
    return _json(alert_document(result, strict=strict))


def _json(document: dict[str, Any], indent: int | None = None) -> bytes:
    return json.dumps(document, indent=indent).encode("ascii") + b"\n"


RENDERERS: Final = BenchRenderers(exports=EXPORTS, verdict=_verdict, alert=_alert, summary=report)
