"""Stored figures as a baseline: only those of the same machine, corpus and method count."""

from __future__ import annotations

import itertools
import json
import math
import re
from collections import Counter
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from exosuit_cli.measure.history import Entry, Figure, read_history
from exosuit_cli.measure.interval import FEWEST_PAIRS, median_interval
from exosuit_cli.measure.metrics import METRICS
from exosuit_cli.measure.plan import DEFAULT_TOLERANCE
from exosuit_cli.measure.result import BaselineResult, GateResult
from exosuit_cli.measure.verdict import Verdict
from exosuit_cli.model.dataclass import dataclass
from exosuit_cli.model.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from exosuit_cli.measure.gates import Gate
    from exosuit_cli.measure.metrics import Metric
    from exosuit_cli.measure.plan import BenchPlan

_WINDOW: Final = re.compile(r"window:(\d{1,6})")


def load_baseline(text: str, history: str) -> tuple[list[Entry], int]:
    """The entries that `--baseline` names, newest last, and how many of the comparable ones to use.

    `window:N` takes the last N comparable entries of the history. FILE is a history, or a document of `bench --json`.
    Raises UsageError: no such file, no entries in it, a window under 1.
    """
    window = _WINDOW.fullmatch(text)
    if window is not None:
        if int(window[1]) < 1:
            raise UsageError(f"--baseline {text!r}: the window must hold at least 1 run")
        return read_history(history), int(window[1])
    try:
        with open(text, "rb") as file:
            content = file.read(256 << 20)
    except OSError as error:
        raise UsageError(
            f"--baseline {text!r}: cannot be read: {error.strerror}; give a file, or window:N for the history"
        ) from error
    try:
        document = json.loads(content)
    except ValueError:
        document = None
    if isinstance(document, dict) and document.get("schema") == "exosuit.bench/1":
        return document_entries(document, text), 1
    entries = read_history(text)
    if not entries:
        raise UsageError(f"--baseline {text!r}: no document of `exosuit bench --json` and no history; give one of them")
    return entries, len(entries)


def document_entries(document: Mapping[str, Any], source: str) -> list[Entry]:
    """The suites of a document of `bench --json` as entries; raises UsageError if it is not whole."""
    try:
        return [
            Entry(
                id=f"{document['started_at']}-{suite['suite']}",
                time=document["started_at"],
                label=document["label"],
                version=suite["candidate"]["version"] or document["exosuit_version"],
                bench_version=document["bench_version"],
                fingerprint=document["machine"]["fingerprint"],
                suite=suite["suite"],
                corpus=document["corpus"]["synthetic"] or document["corpus"]["path"],
                corpus_digest=suite["candidate"]["work"].get("tree_digest", ""),
                files=suite["candidate"]["work"]["files"],
                size=suite["candidate"]["work"]["bytes"],
                cache=document["cache"]["mode"],
                device=suite["candidate"]["device"],
                mode=document["mode"],
                verdict=suite["verdict"],
                figures=_of_document(suite, "candidate"),
                ratios=_of_document(suite, "ratio"),
            )
            for suite in document["suites"]
            if suite["candidate"] is not None and suite["block"] is not None and suite["verdict"] != "invalid"
        ]
    except (KeyError, TypeError, AttributeError) as error:
        raise UsageError(f"{source!r}: no whole document of `exosuit bench --json` ({error} is missing)") from error


def _of_document(suite: Mapping[str, Any], key: str) -> dict[str, Figure]:
    found = {}
    for row in suite["block"]["metrics"]:
        side = row[key]
        if side is not None:
            found[row["metric"]] = Figure(side["median"], side["low"], side["high"], side["count"])
    return found


def incomparable(entry: Entry, now: Entry) -> str | None:
    """Why a stored entry is no baseline for what was measured now; None if it is."""
    if entry.suite != now.suite:
        return "other suite"
    if entry.bench_version != now.bench_version:
        return f"bench version {entry.bench_version}, now {now.bench_version}"
    if entry.fingerprint != now.fingerprint:
        return "other machine"
    if (entry.corpus_digest, entry.files, entry.size) != (now.corpus_digest, now.files, now.size):
        return "other corpus"
    if entry.cache != now.cache:
        return f"cache {entry.cache}"
    if entry.device != now.device:
        return f"device {entry.device}"
    return None


@dataclass(frozen=True, slots=True)
class Compared:
    """One metric of a suite in two stored runs."""

    suite: str
    metric: Metric
    ours: Figure
    theirs: Figure

    @property
    def change(self) -> tuple[float, float, float]:
        """(low, median, high) of A / B. The runs are not paired: the interval is as wide as both their own allow."""
        ours, theirs = self.ours, self.theirs
        return ours.low / theirs.high, ours.median / theirs.median, ours.high / theirs.low


def compare_entries(ours: Sequence[Entry], theirs: Sequence[Entry]) -> tuple[list[Compared], list[str]]:
    """The metrics that two stored runs share, suite by suite, and why suites of both cannot be compared."""
    found: list[Compared] = []
    reasons: list[str] = []
    for entry, other in itertools.product(ours, theirs):
        reason = incomparable(other, entry)
        if reason is None:
            found += [
                Compared(entry.suite, metric, entry.figures[name], other.figures[name])
                for name, metric in METRICS.items()
                if name in entry.figures and name in other.figures
            ]
        elif entry.suite == other.suite:
            reasons.append(f"{entry.suite}: {reason}")
    return found, reasons


def judge_baseline(
    plan: BenchPlan, now: Entry, stored: tuple[Sequence[Entry], int]
) -> tuple[BaselineResult, tuple[GateResult, ...]]:
    """Compare with the stored runs: one row for every gate on the baseline, or an advisory row for the headline.

    The two are not paired, and the machine may have changed in between. So both uncertainties count: the
    interval of the ratio of medians is [low now / high then, high now / low then]. A regression has all of it beyond
    the limit, a pass all of it within.
    """
    refused = Counter(reason for entry in stored[0] if (reason := incomparable(entry, now)) is not None)
    counted = _comparable(now, stored)
    refused.pop("other suite", None)
    source = plan.baseline or ""
    if not counted:
        why = ", ".join(f"{count} of {reason}" for reason, count in refused.most_common()) or "there are none"
        return BaselineResult(source, 0, refused, f"no comparable baseline in {source}: {why}"), ()
    gates = [gate for gate in plan.gates if gate.against_baseline and gate.metric.name in now.figures]
    missing = [gate.metric.name for gate in gates if not any(gate.metric.name in entry.figures for entry in counted)]
    results = [_judge(gate, now, counted, advisory=False) for gate in gates if gate.metric.name not in missing]
    if missing:
        why = f"no comparable baseline in {source}: no {', '.join(missing)}"
        return BaselineResult(source, len(counted), refused, why), tuple(results)
    if not results:
        results = [_judge(_headline(), now, counted, advisory=True)]
    return BaselineResult(source, len(counted), refused, None), tuple(results)


def judge_stored(gate: Gate, now: Entry, stored: tuple[Sequence[Entry], int]) -> GateResult | None:
    """One gate against the stored figures, by the rules of `judge_baseline`; None where nothing is comparable."""
    counted = _comparable(now, stored)
    return _judge(gate, now, counted, advisory=True) if counted and gate.metric.name in now.figures else None


def _comparable(now: Entry, stored: tuple[Sequence[Entry], int]) -> list[Entry]:
    entries, window = stored
    return [entry for entry in entries if incomparable(entry, now) is None][-window:]


def _headline() -> Gate:
    from exosuit_cli.measure.gates import parse_gates

    return parse_gates([f"baseline:throughput:-{DEFAULT_TOLERANCE:.0%}"])[0]


def _judge(gate: Gate, now: Entry, entries: Sequence[Entry], *, advisory: bool) -> GateResult:
    name = gate.metric.name
    own = now.figures[name]
    then = [entry.figures[name] for entry in entries if name in entry.figures]
    low, middle, high = _stored_interval(then) if then else (math.nan, math.nan, math.nan)
    if not then or min(low, own.low) <= 0:
        return _result(gate, None, Verdict.INVALID, f"{name} is not in the baseline", advisory=advisory)
    change = (own.median / middle - 1, own.low / high - 1, own.high / low - 1)
    turn = -1 if gate.metric.higher_is_better else 1
    losses = sorted(turn * math.log1p(value) for value in change[1:])
    if losses[0] > gate.limit:
        verdict = Verdict.REGRESSION
    elif losses[1] < -gate.limit:
        verdict = Verdict.IMPROVED
    elif losses[1] <= gate.limit:
        verdict = Verdict.PASS
    else:
        verdict = Verdict.INCONCLUSIVE
    few = "" if len(then) == 1 or len(then) >= FEWEST_PAIRS else f", fewer than the {FEWEST_PAIRS} that make 95%"
    why = (
        f"{name} {change[0]:+.1%}, interval {change[1]:+.1%} to {change[2]:+.1%}, against {len(then)} stored "
        f"run{'s' if len(then) != 1 else ''}{few}; not paired"
    )
    return _result(gate, change, verdict, why, advisory=advisory)


def _stored_interval(then: Sequence[Figure]) -> tuple[float, float, float]:
    """(low, median, high) of a baseline: the interval of a single run, or that of the medians of several."""
    if len(then) == 1:
        return then[0].low, then[0].median, then[0].high
    low, median, high = median_interval(np.asarray([figure.median for figure in then], np.float64))
    return float(low), float(median), float(high)


def _result(
    gate: Gate, change: tuple[float, float, float] | None, verdict: Verdict, why: str, *, advisory: bool
) -> GateResult:
    value, low, high = change if change is not None else (None, None, None)
    return GateResult(
        text=gate.text, kind="baseline", metric=gate.metric, limit=gate.share, value=value, low=low, high=high,
        p_value=None, adjusted_p=None, first=verdict, second=None, verdict=verdict, advisory=advisory, why=why,
    )  # fmt: skip
