"""The registry of suites: one small file each; a new capability adds its file and a line here."""

from __future__ import annotations

from typing import Final

from exosuit_cli.measure.suites import chunk, context, scan, tokens
from exosuit_cli.measure.suites.suite import Suite
from exosuit_cli.model.errors import UsageError

SUITES: Final[dict[str, Suite]] = {
    suite.name: suite for suite in (scan.SUITE, tokens.SUITE, chunk.SUITE, context.SUITE)
}


def choose_suites(name: str) -> tuple[Suite, ...]:
    """The suite of that name, or `all`; raises UsageError."""
    if name == "all":
        return tuple(SUITES.values())
    if name not in SUITES:
        raise UsageError(f"--suite {name!r}: unknown; known are {', '.join(SUITES)} and all")
    return (SUITES[name],)


__all__ = ["SUITES", "Suite", "choose_suites"]
