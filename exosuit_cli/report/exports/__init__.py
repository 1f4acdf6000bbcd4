"""The exports of a benchmark: one small file a consumer, each renders the whole result in that consumer's format."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Final, cast

if TYPE_CHECKING:
    from collections.abc import Callable

    from exosuit_cli.measure.result import BenchResult

EXPORTS: Final = {
    "json": "json_document",
    "hyperfine": "hyperfine",
    "pytest": "pytest_benchmark",
    "gab": "github_action_benchmark",
    "bmf": "bencher",
    "gobench": "go_benchmark",
    "junit": "junit",
    "md": "markdown",
    "openmetrics": "openmetrics",
    "html": "html",
}
"""Names as `--export` takes them, with the module that renders."""


def render(name: str, result: BenchResult, *, strict: bool) -> dict[str, bytes]:
    """The files of an export: content by what is put before the extension of the name, '' for the file itself."""
    module = importlib.import_module(f"{__name__}.{EXPORTS[name]}")
    function = cast("Callable[..., dict[str, bytes]]", module.render)
    return function(result, strict=strict)
