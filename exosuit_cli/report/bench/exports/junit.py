"""Export `junit`: one test suite a suite, one test case a gate, for every CI system that shows JUnit XML."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final
from xml.etree import ElementTree

from exosuit_cli.commands.bench_artefacts import ExportFormat, ExportInput
from exosuit_cli.measure.verdict import Verdict
from exosuit_cli.model.marks import comment
from exosuit_cli.report.bench.figures import stages_line
from exosuit_cli.system.names import display_name

if TYPE_CHECKING:
    from exosuit_cli.measure.result import BenchResult, GateResult, SuiteResult


def render(given: ExportInput) -> dict[str, bytes]:
    """A regression is a failure and an invalid suite an error. Inconclusive is skipped, or a failure if strict."""
    result = given.result
    root = ElementTree.Element("testsuites", name="exosuit bench")
    for suite in result.suites:
        root.append(_suite(suite, result, strict=given.strict))
    if result.alerts:
        root.append(_alerts(result))
    for count in ("tests", "failures", "errors", "skipped"):
        root.set(count, str(sum(int(part.get(count, "0")) for part in root)))
    root.set("time", f"{result.seconds:.3f}")
    ElementTree.indent(root)
    declaration = f"<?xml version='1.0' encoding='utf-8'?>\n{comment('exosuit.bench_junit/1')}\n"
    return {"": declaration.encode() + ElementTree.tostring(root, encoding="utf-8", xml_declaration=False) + b"\n"}


def _suite(suite: SuiteResult, result: BenchResult, *, strict: bool) -> ElementTree.Element:
    seconds = sum(block.seconds for block in (suite.block, suite.confirmation) if block is not None)
    element = ElementTree.Element(
        "testsuite", name=f"exosuit.{suite.name}", time=f"{seconds:.3f}", timestamp=result.started_at[:19]
    )
    properties = ElementTree.SubElement(element, "properties")
    for found in suite.block.metrics if suite.block is not None else ():
        if found.candidate_interval is not None:
            _property(properties, found.metric.name, f"{found.candidate_interval.median:.6g}")
        if found.ratio is not None:
            _property(properties, f"{found.metric.name}.ratio", f"{found.ratio.median:.6f}")
    stages = stages_line(suite)
    if stages:
        _property(properties, "stages", stages)
    for change in suite.stages:
        if change.ratio is not None:
            _property(properties, f"stage.{change.stage}.ratio", f"{change.ratio.median:.6f}")
    outcomes = [_measured(element, suite)] + [_gate(element, suite, gate, strict=strict) for gate in suite.gates]
    element.set("tests", str(len(outcomes)))
    for count, outcome in (("failures", "failure"), ("errors", "error"), ("skipped", "skipped")):
        element.set(count, str(outcomes.count(outcome)))
    return element


def _alerts(result: BenchResult) -> ElementTree.Element:
    """An alert that fired is a failure; one that could not be judged is skipped."""
    element = ElementTree.Element("testsuite", name="exosuit.alerts", time="0.000", timestamp=result.started_at[:19])
    for alert in result.alerts:
        name = f"alert {display_name(alert.text)}"
        case = ElementTree.SubElement(element, "testcase", classname=f"exosuit.{alert.suite}", name=name, time="0.000")
        if alert.fired:
            _child(case, "failure", "alert", alert.why)
        elif alert.fired is None:
            _child(case, "skipped", None, alert.why)
    element.set("tests", str(len(result.alerts)))
    element.set("failures", str(len(result.fired)))
    element.set("errors", "0")
    element.set("skipped", str(sum(alert.fired is None for alert in result.alerts)))
    return element


def _measured(parent: ElementTree.Element, suite: SuiteResult) -> str:
    """Add the case that every suite has: whether it measured something."""
    case = ElementTree.SubElement(
        parent, "testcase", classname=f"exosuit.{suite.name}", name="valid measurement", time="0.000"
    )
    if suite.verdict is not Verdict.INVALID:
        return "passed"
    _child(case, "error", "invalid", "; ".join(suite.reasons))
    return "error"


def _gate(parent: ElementTree.Element, suite: SuiteResult, gate: GateResult, *, strict: bool) -> str:
    case = ElementTree.SubElement(
        parent,
        "testcase",
        classname=f"exosuit.{suite.name}",
        name=f"{gate.kind} {display_name(gate.text)}",
        time="0.000",
    )
    if gate.verdict is Verdict.REGRESSION and not gate.advisory:
        _child(case, "failure", "regression", gate.why)
        return "failure"
    if gate.verdict is Verdict.INVALID:
        _child(case, "error", "invalid", gate.why)
        return "error"
    if gate.verdict is Verdict.INCONCLUSIVE and strict:
        _child(case, "failure", "inconclusive", gate.why)
        return "failure"
    if gate.verdict in (Verdict.INCONCLUSIVE, Verdict.REGRESSION):
        _child(case, "skipped", None, f"{gate.verdict}: {gate.why}")
        return "skipped"
    ElementTree.SubElement(case, "system-out").text = display_name(gate.why)
    return "passed"


def _child(case: ElementTree.Element, tag: str, kind: str | None, why: str) -> None:
    child = ElementTree.SubElement(case, tag, message=display_name(why))
    if kind is not None:
        child.set("type", kind)


def _property(properties: ElementTree.Element, name: str, value: str) -> None:
    ElementTree.SubElement(properties, "property", name=name, value=display_name(value))


FORMAT: Final = ExportFormat("junit", ".xml", "JUnit XML, for the test reports of CI systems", render)
