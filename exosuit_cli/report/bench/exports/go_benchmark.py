"""Export `gobench`: Go's benchmark text, which benchstat reads (https://golang.org/design/14313-benchmark-format).

One line a sample; compare the sides with `benchstat -col /side FILE`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from exosuit_cli.commands.bench_artefacts import ExportFormat, ExportInput
from exosuit_cli.measure.metrics import HEADLINE
from exosuit_cli.report.bench.exports.series import Series, all_series
from exosuit_cli.system.names import display_name

if TYPE_CHECKING:
    from collections.abc import Iterator

    from exosuit_cli.measure.metrics import Metric

_ARCHITECTURES: Final = {"x86_64": "amd64", "aarch64": "arm64"}


def render(given: ExportInput) -> dict[str, bytes]:
    """Configuration lines, the direction of every unit, then the results, in the units of `go test -bench`."""
    result = given.result
    machine = result.machine
    lines = [
        _configuration("goos", machine.system.lower()),
        _configuration("goarch", _ARCHITECTURES.get(machine.architecture, machine.architecture)),
        _configuration("pkg", "exosuit"),
        _configuration("cpu", machine.processor),
        _configuration("commit", result.label or ""),
        _configuration("exosuit-version", result.version),
        _configuration("cache", result.cache),
        "",
    ]
    every = list(all_series(result))
    used = {metric.name: metric for series in every for metric, _, _ in series.figures() if metric.name != HEADLINE}
    lines += [
        f"Unit {_unit(metric)[0]} better={'higher' if metric.higher_is_better else 'lower'}" for metric in used.values()
    ]
    for series in every:
        lines += _lines(series, machine.processors)
    return {"": ("\n".join(lines) + "\n").encode("utf-8", "replace")}


def _configuration(key: str, value: str) -> str:
    return f"{key}: {display_name(' '.join(value.split()))}".rstrip()


def _lines(series: Series, processors: int) -> Iterator[str]:
    name = f"Benchmark{series.suite.name.capitalize()}/side={series.name}-{processors}"
    columns = [(_unit(metric), samples) for metric, _, samples in series.figures() if metric.name != HEADLINE]
    columns.sort(key=lambda column: column[0][0] != "ns/op")  # first, as go test has it
    for position in range(series.block.pairs):
        values = "\t".join(f"{samples[position] * factor:.6f} {unit}" for (unit, factor), samples in columns)
        yield f"{name}\t{series.block.repeats}\t{values}"


def _unit(metric: Metric) -> tuple[str, float]:
    if metric.name == "wall_s":
        return "ns/op", 1e9
    if metric.unit == "s":
        return f"{metric.name.removesuffix('_s')}-ns/op", 1e9
    return (f"{metric.name.replace('_', '-')}-B", 1.0) if metric.is_bytes else (metric.unit, 1.0)


FORMAT: Final = ExportFormat("gobench", ".txt", "Go's benchmark text, for benchstat", render)
