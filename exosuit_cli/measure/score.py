"""One number for a build on a machine, from 0 to 200; 100 is the committed reference machine.

    score = 100 * product over the parts of ratio ** weight, at most 200

The weighted geometric mean of the ratios to the reference: twice as fast here and half as fast there cancel, whichever
machine is called the reference (P. J. Fleming and J. J. Wallace, How not to lie with statistics, Communications of the
ACM 29 (1986), pages 218 to 221). A ratio is figure / reference where higher is better, reference / figure where lower
is, so that above 1 is better than the reference. `WEIGHTS` has the parts and their weights, which add up to 1;
`reference.json` the figures, the machine that they are of, and the work that they were measured on.

The corpus is synthetic, `files=10000,size=4k,seed=1`: the same bytes everywhere, drawn at random, so that a score
compares machines and builds and foretells no rate on a repository. A score has all of its parts or it is
None, with the reason: a suite that was not measured, other work, another cache state, another version of the method.
"""

from __future__ import annotations

import json
import math
import os
from typing import TYPE_CHECKING, Any, Final

from exosuit_cli.measure.metrics import METRICS
from exosuit_cli.measure.verdict import Verdict
from exosuit_cli.model.dataclass import dataclass

if TYPE_CHECKING:
    from collections.abc import Mapping

    from exosuit_cli.measure.reading import WorkValue
    from exosuit_cli.measure.result import BenchResult, SuiteResult

REFERENCE_PATH: Final = os.path.join(os.path.dirname(__file__), "reference.json")
REFERENCE_SCHEMA: Final = "exosuit.bench_reference/1"

HIGHEST: Final = 200.0

WEIGHTS: Final[Mapping[tuple[str, str], float]] = {
    ("scan", "files_per_s"): 0.25,
    ("tokens", "tokens_per_s"): 0.30,
    ("chunk", "mb_per_s"): 0.20,
    ("tokens", "peak_memory"): 0.15,
    ("scan", "startup_s"): 0.10,
}
"""By suite and metric. One rate for each suite: on one corpus, its rates differ by a constant factor. For `chunk` it is
the bytes, since a build that makes smaller chunks makes more of them."""


@dataclass(frozen=True, slots=True)
class Reference:
    """The figures of the reference machine by suite and metric, with the work of each suite."""

    machine: str
    processors: int
    measured_at: str
    version: str
    bench_version: int
    corpus: str
    cache: str
    work: Mapping[str, Mapping[str, WorkValue]]
    figures: Mapping[tuple[str, str], float]


@dataclass(frozen=True, slots=True)
class Part:
    """One figure and that of the reference. Without a figure there is no ratio, and `reason` says why."""

    suite: str
    metric: str
    figure: float | None
    reference: float
    ratio: float | None
    weight: float
    reason: str | None


@dataclass(frozen=True, slots=True)
class Score:
    """The score with all of its parts, or None with the reason."""

    value: float | None
    reason: str | None
    reference: Reference
    parts: tuple[Part, ...]


def load_reference(path: str = REFERENCE_PATH) -> Reference:
    """The committed figures, or those of another file of the same format, as `export_reference.py` writes it."""
    with open(path, encoding="utf-8") as file:
        document: dict[str, Any] = json.load(file)
    return Reference(
        machine=document["machine"]["processor"],
        processors=document["machine"]["processors"],
        measured_at=document["measured_at"],
        version=document["exosuit_version"],
        bench_version=document["bench_version"],
        corpus=document["corpus"],
        cache=document["cache"],
        work=document["work"],
        figures={(row["suite"], row["metric"]): row["figure"] for row in document["figures"]},
    )


def score_of(result: BenchResult, reference: Reference | None = None) -> Score:
    """The score of a run's candidate; `reference` is the committed one unless given."""
    reference = reference if reference is not None else load_reference()
    suites = {suite.name: suite for suite in result.suites}
    whole = _other_method(result, reference)
    parts = tuple(
        _part(suites.get(suite), suite, metric, weight, reference, whole) for (suite, metric), weight in WEIGHTS.items()
    )
    reasons = dict.fromkeys(part.reason for part in parts if part.reason is not None)
    if reasons:
        return Score(None, "; ".join(reasons), reference, parts)
    mean = math.exp(math.fsum(part.weight * math.log(part.ratio) for part in parts if part.ratio is not None))
    return Score(min(100 * mean, HIGHEST), None, reference, parts)


def _other_method(result: BenchResult, reference: Reference) -> str | None:
    """Why no figure of the run can be compared with the reference; None if they can."""
    if result.corpus.synthetic != reference.corpus:
        return f"the corpus is not the reference's; give --synthetic {reference.corpus}"
    if result.bench_version != reference.bench_version:
        return f"the reference is of bench version {reference.bench_version}, this of {result.bench_version}"
    if result.cache != reference.cache:
        return f"the reference was measured with --cache {reference.cache}"
    if result.partial is not None:
        return "the run was interrupted"
    return None


def _part(
    found: SuiteResult | None, suite: str, metric: str, weight: float, reference: Reference, reason: str | None
) -> Part:
    wanted = reference.figures[suite, metric]
    figure = None
    if reason is None:
        reason, figure = _figure(found, suite, metric, reference)
    if figure is None:
        return Part(suite, metric, None, wanted, None, weight, reason)
    ratio = figure / wanted if METRICS[metric].higher_is_better else wanted / figure
    return Part(suite, metric, figure, wanted, ratio, weight, None)


def _figure(
    found: SuiteResult | None, suite: str, metric: str, reference: Reference
) -> tuple[str | None, float | None]:
    """Why a suite's figure does not count, or the figure."""
    if found is None:
        return f"suite {suite} was not measured; give --suite all", None
    if found.verdict is Verdict.INVALID or found.block is None or found.candidate is None:
        return f"suite {suite} is invalid", None
    if dict(found.candidate.work) != dict(reference.work[suite]):
        return f"suite {suite} did other work than the reference's; give --synthetic {reference.corpus} alone", None
    measured = found.block.metric(metric)
    if measured is None or measured.candidate_interval is None:
        why = measured.reason if measured is not None else None
        return f"{metric} of suite {suite} was not measured: {why or 'the suite has none'}", None
    return None, measured.candidate_interval.median
