"""What `exosuit bench` does once its flags are parsed."""

from __future__ import annotations

import json
import os
import sys
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

from exosuit_cli.cli.border import standard_output
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
from exosuit_cli.measure.plan import Plan, check_plan, parse_duration
from exosuit_cli.measure.sides import parse_against, this_build
from exosuit_cli.measure.suites import choose_suites
from exosuit_cli.measure.synthetic import Synthetic, parse_synthetic
from exosuit_cli.measure.verdict import Verdict
from exosuit_cli.model.errors import ExitCode, OutputError, UsageError
from exosuit_cli.report.bench.artefacts import append_summary, parse_exports, write_artefacts
from exosuit_cli.report.bench.delivery import deliver, parse_receivers
from exosuit_cli.report.bench.document import bench_document
from exosuit_cli.report.progress import status_line
from exosuit_cli.system.stop import stop_on_signals

if TYPE_CHECKING:
    import logging
    from collections.abc import Callable

    from exosuit_cli.measure.result import BenchResult

LABEL_VARIABLES = ("GITHUB_SHA", "CI_COMMIT_SHA")
"""Where a run on GitHub or GitLab finds the commit that it belongs to."""


@dataclass(frozen=True, slots=True)
class BenchCommand:
    """The parsed command line."""

    path: str | None
    suite: str
    synthetic: str | None
    against: str | None
    aa: bool
    baseline: str | None
    pairs: int
    max_pairs: int
    max_time: str
    warmup: int
    seed: int
    cache: str
    device: str | None
    ignore: bool | None
    gates: tuple[str, ...]
    floors: tuple[str, ...]
    strict: bool
    confirm: bool
    alerts: tuple[str, ...]
    alert_webhook: str | None
    alert_command: str | None
    as_json: bool
    exports: tuple[str, ...]
    history: str | None
    label: str | None
    quiet: bool

    def run(self, logger: logging.Logger) -> ExitCode:
        """Measure, judge, write every artefact, report, and only then say how it went."""
        plan = self._plan()
        corpus = self._corpus()
        exports = parse_exports(self.exports)
        receivers = parse_receivers(self.alert_webhook, self.alert_command, alerts=bool(self.alerts))
        history = self.history if self.history is not None else default_history()
        check_history(history)
        stored = load_baseline(self.baseline, history) if self.baseline is not None else None
        label = self.label or next((os.environ[name] for name in LABEL_VARIABLES if os.environ.get(name)), None)
        with stop_on_signals() as stop, status_line(self.quiet) as tell:
            result = bench(plan, corpus, stored=stored, label=label, stop=stop, tell=tell)
        failures: list[OutputError] = []
        self._keep(failures, lambda: self._append(history, result, logger))
        for export in exports:
            self._keep(failures, partial(write_artefacts, (export,), result, strict=self.strict))
        summary = os.environ.get("GITHUB_STEP_SUMMARY")
        if summary:
            self._keep(failures, lambda: append_summary(summary, result))
        with standard_output():
            self._report(result)
        for alert in result.alerts:
            if alert.fired is None:
                logger.warning("%s: --alert %r could not be judged: %s", alert.suite, alert.text, alert.why)
        for undelivered in deliver(receivers, result, strict=self.strict):
            logger.warning(undelivered)
        for failure in failures[1:]:
            logger.error(str(failure))
        if failures:
            raise failures[0]
        return self._verdict(result, logger)

    def _plan(self) -> Plan:
        candidate = this_build()
        if self.aa and self.against is not None:
            raise UsageError("--aa compares this build with itself, --against with another; give one of them")
        base = candidate if self.aa else parse_against(self.against) if self.against is not None else None
        extra = () if self.ignore is None else ("--ignore" if self.ignore else "--no-ignore",)
        return check_plan(
            Plan(
                suites=choose_suites(self.suite),
                candidate=candidate,
                base=base,
                is_aa=self.aa,
                gates=parse_gates(self.gates),
                floors=parse_floors(self.floors),
                pairs=self.pairs,
                max_pairs=self.max_pairs,
                max_seconds=parse_duration(self.max_time),
                warmup=self.warmup,
                seed=self.seed,
                cache=check_mode(self.cache),
                device=self._device(),
                extra=extra,
                confirm=self.confirm,
                baseline=self.baseline,
                alerts=parse_alerts(self.alerts),
            )
        )

    def _device(self) -> str | None:
        if self.device is None or self.device == "auto":
            return None
        from exosuit_cli.device import choose_device

        return choose_device(self.device, processors=1).device

    def _corpus(self) -> str | Synthetic:
        if self.synthetic is not None:
            if self.path is not None:
                raise UsageError("PATH and --synthetic both name a corpus; give one of them")
            return parse_synthetic(self.synthetic)
        return self.path if self.path is not None else "."

    def _append(self, history: str, result: BenchResult, logger: logging.Logger) -> None:
        if result.partial is not None:  # it would count as a baseline like a whole one
            logger.warning("interrupted: this run is not kept in the history")
            return
        later = clock_stepped_back(read_history(history), result.started_at)
        if later is not None:
            logger.warning("the clock stepped back: the history has a run of %s; its order is that of its lines", later)
        append_entries(history, entries_of(result))

    @staticmethod
    def _keep(failures: list[OutputError], write: Callable[[], None]) -> None:
        """Do one write; a failure waits until everything else is written and reported."""
        try:
            write()
        except OutputError as error:
            failures.append(error)

    def _report(self, result: BenchResult) -> None:
        if self.as_json:
            sys.stdout.write(json.dumps(bench_document(result, strict=self.strict), indent=2) + "\n")
        elif not self.quiet:
            from exosuit_cli.report.bench.terminal import print_bench
            from exosuit_cli.report.scan.terminal import open_console

            print_bench(open_console(), result)

    def _verdict(self, result: BenchResult, logger: logging.Logger) -> ExitCode:
        code = result.exit_code(strict=self.strict)
        if result.partial is not None:
            logger.error("interrupted by %s: the result is partial", result.partial)
        elif code in (ExitCode.INVALID_MEASUREMENT, ExitCode.CHECK_FAILED, ExitCode.NO_BASELINE):
            for reason in result.reasons:
                logger.error(reason)
            for alert in result.fired:
                logger.error("%s: --alert %r fired: %s", alert.suite, alert.text, alert.why)
        elif code is ExitCode.INCONCLUSIVE:
            for suite in result.suites:
                for gate in suite.gates:
                    if gate.verdict is Verdict.INCONCLUSIVE:
                        logger.error("%s: --strict: inconclusive: %s", suite.name, gate.why)
        return code
