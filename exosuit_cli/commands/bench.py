"""A benchmark as any front asks for it: one request in, one outcome out, every artefact written in between."""

from __future__ import annotations

import os
from contextlib import AbstractContextManager, nullcontext
from dataclasses import field
from functools import partial
from typing import TYPE_CHECKING

from exosuit_cli.commands.alert_delivery import deliver, parse_receivers
from exosuit_cli.commands.bench_artefacts import append_summary, parse_exports, verdict_file, write_export
from exosuit_cli.commands.bench_profiles import check_profiles, write_profiles
from exosuit_cli.measure.alerts import parse_alerts
from exosuit_cli.measure.baseline import load_baseline
from exosuit_cli.measure.bench import bench
from exosuit_cli.measure.cache import check_mode
from exosuit_cli.measure.gates import parse_floors, parse_gates
from exosuit_cli.measure.history import (
    append_entries,
    check_history,
    clock_stepped_back,
    default_history,
    entries_of,
    read_history,
)
from exosuit_cli.measure.plan import BenchPlan, check_plan, parse_duration
from exosuit_cli.measure.sides import parse_against, this_build
from exosuit_cli.measure.suites import choose_suites
from exosuit_cli.measure.synthetic import Synthetic, parse_synthetic
from exosuit_cli.measure.verdict import Verdict
from exosuit_cli.model.dataclass import dataclass
from exosuit_cli.model.errors import ExitCode, OutputError, UsageError
from exosuit_cli.system.outputs import refuse_links_inside
from exosuit_cli.system.stop import StopRequest

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from exosuit_cli.commands.bench_artefacts import BenchRenderers
    from exosuit_cli.measure.result import BenchResult

LABEL_VARIABLES = ("GITHUB_SHA", "CI_COMMIT_SHA")
"""Where a run on GitHub or GitLab finds the commit that it belongs to."""


@dataclass(frozen=True, slots=True)
class BenchRequest:
    """What to measure and how to judge it, in the words of the options of `exosuit bench`.

    Args:
        path: the corpus, a directory; None is the current one, or the one that `synthetic` describes.
        ignore: whether both sides apply ignore rules; None leaves it to them.
        profile: a directory that is there, for a profile of each side.
        history: the file that the run is appended to; None is the one in the state directory.
        label: what the history calls the run, see `label_of`.
        summary: a Markdown report is appended to this file, as GitHub's `$GITHUB_STEP_SUMMARY` wants it.

    """

    path: str | None = None
    suite: str = "scan"
    synthetic: str | None = None
    against: str | None = None
    aa: bool = False
    baseline: str | None = None
    pairs: int = 10
    max_pairs: int = 40
    max_time: str = "10m"
    warmup: int = 2
    seed: int = 0
    cache: str = "warm"
    device: str | None = None
    ignore: bool | None = None
    gates: tuple[str, ...] = ()
    floors: tuple[str, ...] = ()
    strict: bool = False
    confirm: bool = True
    alerts: tuple[str, ...] = ()
    alert_webhook: str | None = None
    alert_command: str | None = None
    exports: tuple[str, ...] = ()
    profile: str | None = None
    history: str | None = None
    label: str | None = None
    summary: str | None = None


@dataclass(frozen=True, slots=True)
class BenchOutcome:
    """How a benchmark ended.

    `failure` is the first artefact that could not be written. It does not take anything from the result, but its exit
    code is the one that counts.
    """

    result: BenchResult
    exit_code: ExitCode
    warnings: tuple[str, ...]
    errors: tuple[str, ...]
    failure: OutputError | None


@dataclass(slots=True)
class _Messages:
    warnings: list[str] = field(default_factory=list)
    failures: list[OutputError] = field(default_factory=list)

    def keep(self, write: Callable[[], None]) -> None:
        """Do one write. A failure waits until everything else is written."""
        try:
            write()
        except OutputError as error:
            self.failures.append(error)


def label_of(label: str | None, environment: Mapping[str, str]) -> str | None:
    """The label that was given, or the commit that a CI system names in its environment."""
    return label or next((environment[name] for name in LABEL_VARIABLES if environment.get(name)), None)


def run_bench(
    request: BenchRequest,
    renderers: BenchRenderers,
    *,
    begin: Callable[[str], None] = lambda _: None,
    show: Callable[[BenchResult], None] = lambda _: None,
    stopping: AbstractContextManager[StopRequest] | None = None,
    progress: AbstractContextManager[Callable[[str], None]] | None = None,
) -> BenchOutcome:
    """Measure, judge, write every artefact, show the result, deliver its alerts.

    Args:
        request: what is asked for. All of it is checked before anything is measured.
        renderers: how the artefacts look.
        begin: called with what is measured and how long that may take, once it is known to be possible.
        show: called with the result when the artefacts are written. Alerts are delivered afterwards: that may take a
            minute.
        stopping: entered while measuring; its value is asked whether to stop.
        progress: entered while measuring; its value is called with what is being done.

    Raises UsageError and OutputError for a request that cannot be carried out, ResourceMissing for a device.

    """
    plan = _plan(request)
    corpus = _corpus(request)
    exports = parse_exports(request.exports, renderers.exports)
    receivers = parse_receivers(request.alert_webhook, request.alert_command, alerts=bool(request.alerts))
    history = request.history if request.history is not None else default_history()
    if isinstance(corpus, str):
        for export in exports:
            refuse_links_inside(export.path, [corpus])
            refuse_links_inside(verdict_file(export.path), [corpus])
        refuse_links_inside(history, [corpus])
    check_profiles(request.profile, [suite.name for suite in plan.suites], corpus if isinstance(corpus, str) else None)
    check_history(history)
    stored = load_baseline(request.baseline, history) if request.baseline is not None else None
    begin(_intention(plan, corpus, request.max_time))
    with (
        stopping if stopping is not None else nullcontext(StopRequest()) as stop,
        progress if progress is not None else nullcontext(_silent) as report,
    ):
        result = bench(plan, corpus, stored=stored, label=request.label, stop=stop, report=report)
    messages = _Messages()
    messages.keep(partial(_append, history, result, messages))
    for export in exports:
        messages.keep(partial(write_export, export, result, renderers.verdict, strict=request.strict))
    if request.profile is not None:
        messages.keep(partial(_keep_profiles, request.profile, result, renderers, messages))
    if request.summary is not None:
        messages.keep(partial(append_summary, request.summary, result, renderers.summary))
    show(result)
    messages.warnings += [
        f"{alert.suite}: --alert {alert.text!r} could not be judged: {alert.why}"
        for alert in result.alerts
        if alert.fired is None
    ]
    messages.warnings += deliver(receivers, result, renderers.alert, strict=request.strict)
    failure = messages.failures[0] if messages.failures else None
    if failure is None:
        code, errors = result.exit_code(strict=request.strict), _reasons(result, strict=request.strict)
    else:
        code, errors = failure.exit_code, tuple(str(other) for other in messages.failures[1:])
    return BenchOutcome(result, code, tuple(messages.warnings), errors, failure)


def _intention(plan: BenchPlan, corpus: str | Synthetic, max_time: str) -> str:
    """What is about to be measured, and the most time that it takes."""
    time = max_time + "s" if max_time[-1:].isdecimal() else max_time
    *others, last = (suite.name for suite in plan.suites)
    suites = f"{', '.join(others)} and {last}" if others else last
    where = f"a corpus of {corpus}" if isinstance(corpus, Synthetic) else os.path.abspath(corpus)
    sides = "" if plan.base is None else ", this build twice" if plan.is_aa else f", this build and {plan.base.label}"
    return (
        f"measuring {suites} on {where}{sides}: {plan.fewest()} to {plan.most()} {plan.round}s, up to {time} "
        "(--max-time)"
    )


def _plan(request: BenchRequest) -> BenchPlan:
    candidate = this_build()
    if request.aa and request.against is not None:
        raise UsageError("--aa compares this build with itself, --against with another; give one of them")
    base = candidate if request.aa else parse_against(request.against) if request.against is not None else None
    extra = () if request.ignore is None else ("--ignore" if request.ignore else "--no-ignore",)
    suites = choose_suites(request.suite)
    device = _device(request.device)
    if (extra or device is not None) and not all(suite.reads_all for suite in suites):
        raise UsageError(f"--suite {request.suite} takes no {extra[0] if extra else '--device'}; leave it out")
    return check_plan(
        BenchPlan(
            suites=suites,
            candidate=candidate,
            base=base,
            is_aa=request.aa,
            gates=parse_gates(request.gates),
            floors=parse_floors(request.floors),
            pairs=request.pairs,
            max_pairs=request.max_pairs,
            max_seconds=parse_duration(request.max_time),
            warmup=request.warmup,
            seed=request.seed,
            cache=check_mode(request.cache),
            device=device,
            extra=extra,
            confirm=request.confirm,
            baseline=request.baseline,
            alerts=parse_alerts(request.alerts),
            profile=request.profile is not None,
        )
    )


def _device(name: str | None) -> str | None:
    if name is None or name == "auto":
        return None
    from exosuit_cli.device import choose_device

    return choose_device(name, processors=1).device


def _corpus(request: BenchRequest) -> str | Synthetic:
    if request.synthetic is not None:
        if request.path is not None:
            raise UsageError("PATH and --synthetic both name a corpus; give one of them")
        return parse_synthetic(request.synthetic)
    return request.path if request.path is not None else os.curdir


def _keep_profiles(directory: str, result: BenchResult, renderers: BenchRenderers, messages: _Messages) -> None:
    for warning in write_profiles(directory, result, renderers.trace):
        messages.warnings.append(warning)  # one by one: what is written stays said if a later file fails


def _append(history: str, result: BenchResult, messages: _Messages) -> None:
    if result.partial is not None:  # it would count as a baseline like a whole one
        messages.warnings.append("interrupted: this run is not kept in the history")
        return
    later = clock_stepped_back(read_history(history), result.started_at)
    if later is not None:
        messages.warnings.append(
            f"the clock stepped back: the history has a run of {later}; its order is that of its lines"
        )
    append_entries(history, entries_of(result))


def _reasons(result: BenchResult, *, strict: bool) -> tuple[str, ...]:
    """Why a run did not succeed, one line each."""
    code = result.exit_code(strict=strict)
    if result.partial is not None:
        return (f"interrupted by {result.partial}: the result is partial",)
    if code in (ExitCode.INVALID_MEASUREMENT, ExitCode.CHECK_FAILED, ExitCode.NO_BASELINE):
        fired = (f"{alert.suite}: --alert {alert.text!r} fired: {alert.why}" for alert in result.fired)
        return (*result.reasons, *fired)
    if code is ExitCode.INCONCLUSIVE:
        inconclusive = (
            f"{suite.name}: --strict: inconclusive: {gate.why}"
            for suite in result.suites
            for gate in suite.gates
            if gate.verdict is Verdict.INCONCLUSIVE
        )
        return (*(f"--strict: {line}" for line in result.unknown), *inconclusive)
    return ()


def _silent(_: str) -> None:
    pass
