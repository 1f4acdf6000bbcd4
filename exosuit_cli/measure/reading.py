"""The answer of a command: the work that it did and the figures that it reports, and whether they count."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Final

from exosuit_cli.measure.metrics import HEADLINE
from exosuit_cli.measure.suites.suite import MEMORY
from exosuit_cli.model.dataclass import dataclass
from exosuit_cli.model.errors import InvalidMeasurement

if TYPE_CHECKING:
    from collections.abc import Mapping

    from exosuit_cli.measure.process import ProcessRun
    from exosuit_cli.measure.suites import Suite

WorkValue = int | str
_FOREVER_S: Final = 1e9


@dataclass(frozen=True, slots=True)
class Reading:
    """One run, read: `work` by name, `figures` by metric (None where not reported), `reasons` for what is missing.

    `stages` are seconds by stage, as the command itself reports them; empty where it does not.
    """

    work: Mapping[str, WorkValue]
    informative: Mapping[str, WorkValue]
    figures: Mapping[str, float | None]
    reasons: Mapping[str, str]
    stages: Mapping[str, float]
    device: str | None
    version: str | None


def read_answer(suite: Suite, run: ProcessRun, who: str) -> Reading:
    """Read what a run printed. Raises InvalidMeasurement: no JSON object, no files and bytes in it, or no work done."""
    try:
        document = json.loads(run.answer)
    except ValueError:
        document = None
    if not isinstance(document, dict):
        raise InvalidMeasurement(
            f"{who}: what it printed is no JSON object; it must report its work, as `exosuit scan --json` does"
        )
    work = _counts(document, suite.work)
    missing = [name for name in ("files", "bytes") if not isinstance(work.get(name), int)]
    if missing:
        raise InvalidMeasurement(
            f"{who}: its document has no {' and no '.join(suite.work[name] for name in missing)}, so nobody can know "
            f"what it did; print them"
        )
    if not all(work[name] for name in suite.work if name in work):
        zero = next(name for name in suite.work if name in work and not work[name])
        raise InvalidMeasurement(
            f"{who}: it did nothing ({zero} is 0): a time for no work means nothing; name a corpus with files, or "
            f"give --no-ignore if an ignore rule hides them"
        )
    figures: dict[str, float | None] = {
        "wall_s": run.wall_s, "cpu_s": run.cpu_s, "user_s": run.user_s, "system_s": run.system_s,
        "max_rss": float(run.max_rss),
    }  # fmt: skip
    for name, (place, factor) in suite.rates.items():
        count = _at(document, place)
        figures[name] = count * factor / run.wall_s if isinstance(count, int) and count > 0 else None
    figures[HEADLINE] = figures[suite.headline]
    reasons: dict[str, str] = {}
    for name, place in MEMORY.items():
        peak, reason = _at(document, f"{place}.peak_bytes"), _at(document, f"{place}.reason")
        figures[name] = float(peak) if isinstance(peak, int) else None
        if figures[name] is None:
            reasons[name] = reason if isinstance(reason, str) else "the command does not report it"
    stages = _at(document, "throughput.stages_s")
    device, version = _at(document, "throughput.device"), _at(document, "exosuit_version")
    return Reading(
        work=work,
        informative=_counts(document, suite.informative),
        figures=figures,
        reasons=reasons,
        stages=_seconds(stages) if isinstance(stages, dict) else {},
        device=device if isinstance(device, str) else None,
        version=version if isinstance(version, str) else None,
    )


def check_same_side(before: Reading, now: Reading, who: str) -> None:
    """Raise InvalidMeasurement if one side's work changed between two of its runs: the corpus was not left alone."""
    for name, value in before.work.items():
        if now.work.get(name) != value:
            raise InvalidMeasurement(
                f"{who}: {name} was {value} and then {now.work.get(name)}: the corpus changed during the run; "
                f"measure a copy that nobody writes to"
            )


def check_same_work(candidate: Reading, base: Reading, labels: tuple[str, str]) -> None:
    """Raise InvalidMeasurement unless both sides did the same work, by every quantity that both report."""
    for name, value in candidate.work.items():
        other = base.work.get(name)
        if other is not None and other != value:
            raise InvalidMeasurement(
                f"the sides did not do the same work: {name} is {value} for {labels[0]} and {other} for {labels[1]}; "
                f"give both the same corpus and the same options"
            )


def check_device(reading: Reading, asked: str | None, who: str) -> None:
    """Raise InvalidMeasurement if a demanded device is not the one that the command says it used."""
    if asked not in (None, "auto") and reading.device != asked:
        raise InvalidMeasurement(
            f"{who}: --device {asked} was asked for and it says {reading.device or 'nothing about its device'}; "
            f"a figure of another device does not count"
        )


def _counts(document: Mapping[str, Any], places: Mapping[str, str]) -> dict[str, WorkValue]:
    found = {}
    for name, place in places.items():
        value = _at(document, place)
        if isinstance(value, (int, str)) and not isinstance(value, bool):
            found[name] = value
    return found


def _seconds(stages: Mapping[str, object]) -> dict[str, float]:
    """Those that any export can hold: another's document may say anything."""
    return {
        name: float(value)
        for name, value in stages.items()
        if isinstance(value, (int, float))
        and not isinstance(value, bool)
        and 0 <= value < _FOREVER_S
        and name.isascii()
        and name.isprintable()
    }


def _at(document: object, place: str) -> object:
    for step in place.split("."):
        if not isinstance(document, dict):
            return None
        document = document.get(step)
    return document
