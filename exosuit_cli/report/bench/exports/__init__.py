"""The exports of a benchmark: one small module a consumer, each with one declaration.

A new export is a new module here. It declares `FORMAT`; `--export` with its help and its errors, and the list in the
documentation, follow from that.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from exosuit_cli.commands.bench_artefacts import ExportFormat, ExportInput
from exosuit_cli.report.registry import declarations

if TYPE_CHECKING:
    from collections.abc import Mapping

    from exosuit_cli.measure.result import BenchResult

EXPORTS: Final[dict[str, ExportFormat]] = {
    found.name: found for found in sorted(declarations(__name__, __path__, ExportFormat), key=lambda found: found.name)
}
"""By the name that `--export` takes, in alphabetical order."""


def render(name: str, result: BenchResult, *, strict: bool, former: bytes = b"") -> Mapping[str, bytes]:
    """The files of one export, as `ExportFormat.render` returns them."""
    return EXPORTS[name].render(ExportInput(result, strict, former))
