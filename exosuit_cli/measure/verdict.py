"""The verdicts, worst first, and the verdict of a whole by its parts."""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable


class Verdict(StrEnum):
    """The verdict on a gate, a suite or a run, worst first."""

    INVALID = "invalid"
    REGRESSION = "regression"
    INCONCLUSIVE = "inconclusive"
    PASS = "pass"  # noqa: S105  (a word of the report)
    IMPROVED = "improved"


def worst(verdicts: Iterable[Verdict | None]) -> Verdict | None:
    """The verdict of a whole by its parts. It is improved if a part improved and none is worse than pass."""
    order = list(Verdict)
    found = [verdict for verdict in verdicts if verdict is not None]
    if not found:
        return None
    if set(found) <= {Verdict.PASS, Verdict.IMPROVED}:
        return Verdict.IMPROVED if Verdict.IMPROVED in found else Verdict.PASS
    return min(found, key=order.index)
