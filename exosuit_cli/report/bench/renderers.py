"""All that a benchmark writes besides the report on the terminal, as `commands.bench` takes it."""

from __future__ import annotations

import gzip
import io
import json
from typing import TYPE_CHECKING, Any, Final

from exosuit_cli.commands.bench_artefacts import BenchRenderers
from exosuit_cli.report.bench.alert import alert_document
from exosuit_cli.report.bench.document import verdict_document
from exosuit_cli.report.bench.exports import EXPORTS
from exosuit_cli.report.bench.exports.markdown import report

if TYPE_CHECKING:
    from exosuit_cli.measure.profile.records import Profile
    from exosuit_cli.measure.result import BenchResult


def _verdict(result: BenchResult, strict: bool) -> bytes:
    return _json(verdict_document(result, strict=strict), indent=2)


def _alert(result: BenchResult, strict: bool) -> bytes:
    return _json(alert_document(result, strict=strict))


def _json(document: dict[str, Any], indent: int | None = None) -> bytes:
    return json.dumps(document, indent=indent).encode("ascii") + b"\n"


def _trace(profile: Profile) -> bytes:
    from exosuit_cli.report.profile.trace import write_trace

    stream = io.BytesIO()
    write_trace(profile, stream)
    return gzip.compress(stream.getvalue(), 6, mtime=0)


RENDERERS: Final = BenchRenderers(exports=EXPORTS, verdict=_verdict, alert=_alert, summary=report, trace=_trace)
