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


CONTINUED: Final = frozenset({"openmetrics"})
"""Exports that keep something of the file that they replace."""


def render(name: str, result: BenchResult, *, strict: bool, former: bytes = b"") -> dict[str, bytes]:
    """The files of an export: content by what is put before the extension of the name, '' for the file itself.

    `former` is the content of the file until now, for the exports that are `CONTINUED`.
    """
    module = importlib.import_module(f"{__name__}.{EXPORTS[name]}")
    function = cast("Callable[..., dict[str, bytes]]", module.render)
    if name in CONTINUED:
        return function(result, strict=strict, former=former)
    return function(result, strict=strict)
