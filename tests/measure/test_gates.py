"""Gates as they are typed: what is read, and what is refused with a remedy."""

from __future__ import annotations

import math

import pytest

from exosuit_cli.measure.gates import parse_floors, parse_gates
from exosuit_cli.measure.metrics import METRICS
from exosuit_cli.model.errors import UsageError


def test_gates_are_read_with_their_direction() -> None:
    throughput, memory, stored = parse_gates(["throughput:-5%", "peak_memory:+10%", "baseline:cpu_s:+2.5%"])
    assert (throughput.share, memory.share, stored.share) == (-0.05, 0.10, 0.025)
    assert throughput.limit == pytest.approx(-math.log(0.95))
    assert memory.limit == pytest.approx(math.log(1.10))
    assert [gate.against_baseline for gate in (throughput, memory, stored)] == [False, False, True]


def test_floors_are_read_with_sizes() -> None:
    rate, memory, start = parse_floors(["files_per_s>=50000", "peak_memory<=600MB", "startup_s<=0.15"])
    assert (rate.value, memory.value, start.value) == (50_000.0, 6e8, 0.15)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("speed:-5%", "unknown metric 'speed'; known are throughput"),
        ("throughput:5%", "without a sign; write throughput:-5%"),
        ("peak_memory:10%", "without a sign; write peak_memory:+10%"),
        ("throughput:+5%", "more is better for throughput"),
        ("peak_memory:-5%", "write peak_memory:+5%"),
        ("throughput:-0%", "out of range"),
        ("throughput:-100%", "out of range"),
        ("throughput", "for example throughput:-5%"),
        ("throughput:-5", "for example throughput:-5%"),
        ("", "for example"),
    ],
)
def test_wrong_gates_name_the_thing_and_the_remedy(text: str, told: str) -> None:
    with pytest.raises(UsageError) as caught:
        parse_gates([text])
    assert repr(text) in str(caught.value)
    assert told in str(caught.value)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("speed>=5", "unknown metric"),
        ("files_per_s<=5", "more is better for files_per_s; write files_per_s>=5"),
        ("startup_s>=1", "write startup_s<=1"),
        ("files_per_s>=fast", "is no number above 0"),
        ("files_per_s>=nan", "is no number above 0"),
        ("files_per_s>=-1", "is no number above 0"),
        ("files_per_s", "for example files_per_s>=50000"),
        ("peak_memory<=600XB", "not a size"),
    ],
)
def test_wrong_floors_name_the_thing_and_the_remedy(text: str, told: str) -> None:
    with pytest.raises(UsageError) as caught:
        parse_floors([text])
    assert told in str(caught.value)


def test_contradictory_gates() -> None:
    with pytest.raises(UsageError, match="contradict"):
        parse_gates(["throughput:-5%", "throughput:-10%"])
    with pytest.raises(UsageError, match="contradict"):
        parse_floors(["files_per_s>=5", "files_per_s>=6"])
    assert len(parse_gates(["throughput:-5%", "baseline:throughput:-10%"])) == 2


@pytest.mark.parametrize("name", METRICS)
def test_every_metric_can_be_gated_in_its_direction_only(name: str) -> None:
    sign = "-" if METRICS[name].higher_is_better else "+"
    assert parse_gates([f"{name}:{sign}5%"])[0].limit > 0
    with pytest.raises(UsageError):
        parse_gates([f"{name}:{'+' if sign == '-' else '-'}5%"])
