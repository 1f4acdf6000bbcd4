"""What `auto` decides by is what runs take: on a machine by the clock, and on a real card."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from exosuit_cli import tokens
from exosuit_cli.device import choice, probe
from exosuit_cli.device.choice import decide
from exosuit_cli.device.forecast import LEAST_GAIN, Forecast
from exosuit_cli.device.probe import READ_FILE_BYTES, Probe
from exosuit_cli.model.units import LARGEST_SIZE
from exosuit_cli.shards.rate import reading_rate

from .clocked import SLAB, ClockedTree, clocked_seconds

if TYPE_CHECKING:
    from collections.abc import Callable

LOGS = Path(__file__).parents[2] / "logs" / "gpu"
RATES = st.floats(1e6, 1e13)
SLOWER = (1, 3, 8)
"""What else this machine does makes a run longer by less, the slower the clock is that runs go by: tried in turn."""


@pytest.fixture(scope="module")
def tree(tmp_path_factory: pytest.TempPathFactory) -> ClockedTree:
    return ClockedTree(tmp_path_factory.mktemp("clocked"), 32)


def is_near(found: float, forecast: float) -> bool:
    """Whether it is within 1.5 times."""
    return forecast / 1.5 < found < forecast * 1.5


@pytest.mark.parametrize(
    ("processors", "core", "card", "joins"),
    [(1, 2.5e5, 2e7, True), (4, 2.5e5, 2e7, True), (16, 2.5e5, 2e7, True), (4, 2.5e5, 7e5, True), (2, 8e6, 2e5, False)],
    ids=["one", "four", "sixteen", "slow link", "slow card"],
)
def test_a_run_takes_what_was_forecast(
    tree: ClockedTree,
    cards: Callable[..., Any],
    monkeypatch: pytest.MonkeyPatch,
    processors: int,
    core: float,
    card: float,
    joins: bool,
) -> None:
    kinds = (["joined"] if joins else []) + (["cpu", "demanded"] if processors == 4 else [])

    def fits(how: str, slower: int) -> bool:
        machine = Forecast(processors, core / slower, 1e6 / slower, card / slower, 0.2 * slower, SLAB)
        assert (machine.break_even_bytes is not None) == joins
        seconds = {"cpu": machine.seconds_alone, "demanded": machine.seconds_demanded, "joined": machine.seconds_joined}
        return is_near(clocked_seconds(monkeypatch, cards, tree, machine, how), seconds[how](tree.nbytes))

    for how in kinds:
        assert any(fits(how, slower) for slower in SLOWER), how


def test_a_card_is_measured_as_it_is_used(cards: Callable[..., Any], monkeypatch: pytest.MonkeyPatch) -> None:
    """One that takes a time for every byte, and nothing else."""
    small = {"SLAB_BYTES": 1 << 18, "_ROUNDS": 2, "_CPU_SECONDS": 0.05, "DEFAULT_ENCODING": "cl100k_base"}
    for name, value in {**small, "load_counter": tokens.load_counter}.items():  # the one of all tests of this process
        monkeypatch.setattr(probe, name, value)

    def fits(rate: float) -> bool:
        cards(clock_only=True, bytes_per_s=rate)
        driver = choice.load_driver()
        found = probe.measure(driver, driver.open_card(0, 0), 0, 0, lambda: reading_rate(0.05))
        return is_near(found.device_bytes_per_s, rate)

    assert any(fits(2e7 / slower) for slower in SLOWER)


def rows() -> list[tuple[str, int, float]]:
    """Device, workers and seconds of the scans of one tree on an H200."""
    document = json.loads((LOGS / "h200-scan-tokens.json").read_text())
    return [(row["device"], row["workers"], row["wall_s"]) for row in document["rows"]]


def h200() -> tuple[Probe, int]:
    """What was measured of that card, and the bytes of the tree.

    What a processor read is taken from the run with one worker: it was measured over other files then.
    """
    document = json.loads((LOGS / "h200-scan-tokens.json").read_text())
    known = json.loads((LOGS / "h200-device.json").read_text())["cards"][0]["probe"]
    stages = document["rows"][-1]["last"]["throughput"]["stages_s"]
    assert document["rows"][-1]["workers"] == 1
    read = document["tree_bytes"] / (stages["read"] + stages["columns"])
    return Probe(**{**known, "read_bytes_per_s": read}), document["tree_bytes"]


@pytest.mark.parametrize(("device", "workers", "seconds"), rows())
def test_runs_on_a_card_took_what_the_model_says(device: str, workers: int, seconds: float) -> None:
    """Their ring had four slots more than workers, in which four workers got on at a time."""
    found, nbytes = h200()
    if device == "cuda:0":
        forecast = found.forecast(min(workers, 4), counts_tokens=True).seconds_demanded(nbytes)
    else:  # `auto` had not let the card join
        forecast = found.forecast(workers, counts_tokens=True).seconds_alone(nbytes)
    if workers == 16 and device != "cuda:0":
        forecast += 0.8  # the walk, which no more than one processor does, takes half of such a run
    assert is_near(seconds, forecast)


@pytest.mark.parametrize(
    ("workers", "part", "joins"), [(1, 0.1, True), (4, 0.5, True), (8, 1, True), (16, 1, True), (16, 0.8, False)]
)
def test_what_auto_chooses_on_that_machine(workers: int, part: float, joins: bool) -> None:
    """With 16 processors, so much of that tree is read by the time that it is walked that no card is started."""
    found, nbytes = h200()
    nbytes = int(nbytes * part)
    chosen = decide(found, workers, counts_tokens=True)
    assert chosen.pays(nbytes, nbytes // READ_FILE_BYTES) == joins


@given(RATES, RATES, RATES, st.floats(0.01, 100), st.integers(1, 64))
@example(1000000.0000000001, 1e6, 1e13, 1.0, 1)
@example(1e13, 1e13 * (1 - 2**-53), 1e12, 100.0, 1)
def test_a_card_joins_from_where_it_pays(card: float, core: float, read: float, start: float, processors: int) -> None:
    plain = Probe("A card", start, 1e12, 1e12, card, core, 1, 1, read)
    tokens = Probe("A card", start, 1e12, 1e12, 1, 1, card, core, read)
    forecast = plain.forecast(processors, counts_tokens=False)
    assert tokens.forecast(processors, counts_tokens=True) == forecast
    chosen = decide(plain, processors, counts_tokens=False)
    assert chosen.device == "cpu"  # which is there at once
    least = forecast.break_even_bytes
    assert (chosen.joins is None) == (least is None)
    assert forecast.joined >= forecast.alone * (1 - 1e-9)
    if least is None:
        assert forecast.joined < forecast.alone * LEAST_GAIN
        assert not chosen.pays(LARGEST_SIZE, 1)
        return
    if least == LARGEST_SIZE:
        return  # it never pays
    assert not chosen.pays(least, 1)
    assert chosen.pays(least + 1, 1)
    more = 2 * least + 2
    assert forecast.seconds_joined(more) <= forecast.seconds_alone(more) * (1 + 1e-6)


def test_small_files_take_as_long_to_read_as_larger_ones() -> None:
    found = Probe("A card", 1, 1e12, 1e12, 1e12, 1e9, 1e12, 1e8, 5e8)
    usual, small, empty = (found.forecast(4, counts_tokens=True, file_bytes=size) for size in (1e6, 1250, 0))
    assert (usual.read, small.read) == (5e8, pytest.approx(5e7))
    assert empty.break_even_bytes is None
