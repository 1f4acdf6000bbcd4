"""The registry of suites: one small file each; a new capability adds its file and a line here."""

from __future__ import annotations

from typing import Final

from exosuit_cli.measure.suites import chunk, context, query, scan, tokens
from exosuit_cli.measure.suites.suite import Suite
from exosuit_cli.model.errors import UsageError

SUITES: Final[dict[str, Suite]] = {
    suite.name: suite for suite in (scan.SUITE, tokens.SUITE, chunk.SUITE, context.SUITE, query.SUITE)
}


def choose_suites(name: str) -> tuple[Suite, ...]:
    """The suite of that name, or `all` that read the corpus; raises UsageError."""
    if name == "all":
        return tuple(suite for suite in SUITES.values() if suite.reads_all)
    if name not in SUITES:
        raise UsageError(f"--suite {name!r}: unknown; known are {', '.join(SUITES)} and all")
    return (SUITES[name],)


__all__ = ["SUITES", "Suite", "choose_suites"]
