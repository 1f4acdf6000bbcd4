"""`exosuit device`, the probe that it keeps, and the check of a card: run on emulated cards, and without any."""

from __future__ import annotations

import importlib.util
import json
import sys
from importlib import resources
from typing import TYPE_CHECKING, Any

import gpu_rates
import gpu_tokens
import numpy as np
import pytest
from jsonschema import Draft202012Validator
from rich.console import Console

from exosuit_cli.device import probe as probes
from exosuit_cli.device.choice import choose_device, load_driver
from exosuit_cli.device.listing import list_devices
from exosuit_cli.device.probe import FILE_NAME, Probe, load_probe, probe_of, save_probe
from exosuit_cli.report.device.document import device_document
from exosuit_cli.report.device.terminal import print_devices
from exosuit_cli.shards.rate import reading_rate
from exosuit_cli.system.paths import state_directory

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

SOME = Probe("A card", 1.5, 5e10, 4e11, 2e10, 2e9, 1e10, 1e8, 1e9)


@pytest.fixture(autouse=True)
def small_probe(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(probes, "SLAB_BYTES", 1 << 12)
    monkeypatch.setattr(probes, "BATCH_FILES", 4)
    monkeypatch.setattr(probes, "_ROUNDS", 2)
    monkeypatch.setattr(probes, "_CPU_SECONDS", 0.01)


def told(listing: Any) -> str:
    console = Console(width=80, record=True, highlight=False)
    print_devices(console, listing)
    return console.export_text()


def is_valid(document: object) -> bool:
    text = (resources.files("exosuit_cli.report") / "schemas" / "device.schema.json").read_text()
    Draft202012Validator.check_schema(json.loads(text))
    return Draft202012Validator(json.loads(text)).is_valid(document)


def test_a_card_is_measured_once_and_kept(cards: Callable[..., Any]) -> None:
    cards(cards=2)
    assert "never measured" in choose_device("auto", 2).reason
    listing = list_devices(0, lambda: reading_rate(0.01), measuring=False)
    assert [listed.device for listed in listing.cards] == ["cuda:0", "cuda:1"]
    assert is_valid(device_document(listing))
    text = told(listing)
    assert "cuda:1" in text
    assert "Emulated" in text
    first = probe_of(load_driver(), 0)
    assert first is not None
    assert first == listing.cards[0].probe
    list_devices(0, lambda: reading_rate(0.01), measuring=False)
    assert probe_of(load_driver(), 0) == first
    list_devices(0, lambda: reading_rate(0.01), measuring=True)
    assert probe_of(load_driver(), 0) != first


def test_a_card_that_cannot_be_opened_is_listed_with_the_reason(cards: Callable[..., Any], monkeypatch: Any) -> None:
    cards(cards=1)
    monkeypatch.setattr(load_driver(), "count", lambda: 2)
    listing = list_devices(0, lambda: reading_rate(0.01), measuring=False)
    assert listing.cards[1].reason == "only cuda:0 is here"
    assert is_valid(device_document(listing))
    assert "cannot be used: only cuda:0 is here" in told(listing)


def test_a_measurement_that_fails_is_no_measurement(cards: Callable[..., Any]) -> None:
    cards(budget=500)
    listing = list_devices(0, lambda: reading_rate(0.01), measuring=False)
    assert listing.cards[0].reason is not None
    assert "no room" in listing.cards[0].reason
    assert probe_of(load_driver(), 0) is None


def test_no_card(cards: Callable[..., Any]) -> None:
    cards(why_not="there is no card; buy one")
    listing = list_devices(0, lambda: reading_rate(0.01), measuring=False)
    assert is_valid(device_document(listing))
    assert "none: there is no card; buy one" in told(listing)


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"{",
        b"[]",
        b'{"schema": "exosuit.devices/6", "cards": {}}',
        b'{"schema": "exosuit.devices/5", "cards": []}',
    ],
)
def test_what_was_kept_and_cannot_be_read_counts_as_not_measured(content: bytes) -> None:
    path = save_probe("a card", SOME)
    assert load_probe("a card") == SOME
    assert load_probe("another") is None
    with open(path, "wb") as file:
        file.write(content)
    assert load_probe("a card") is None
    assert save_probe("a card", SOME).startswith(state_directory())
    assert load_probe("a card") == SOME


@pytest.mark.parametrize("value", ["fast", None, 0, -1.0])
def test_a_rate_that_is_none_counts_as_not_measured(value: object) -> None:
    path = save_probe("a card", SOME)
    with open(path, encoding="utf-8") as file:
        document = json.load(file)
    document["cards"]["a card"]["copy_bytes_per_s"] = value
    with open(path, "w", encoding="utf-8") as file:
        json.dump(document, file)
    assert path.endswith(FILE_NAME)
    assert load_probe("a card") is None


def test_the_command_without_a_card(run: Callable[..., Any]) -> None:
    if load_driver().why_not(0) is None:
        pytest.skip("this machine has an NVIDIA card")
    done = run("device", "--json")
    assert done.returncode == 0
    document = json.loads(done.stdout)
    assert is_valid(document)
    assert document["reason"]
    assert b"none: " in run("device").stdout


def test_a_demanded_card_is_missed_with_its_reason(run: Callable[..., Any], tmp_path: Path) -> None:
    if load_driver().why_not(0) is None:
        pytest.skip("this machine has an NVIDIA card")
    for command in ("scan", "chunk"):
        for device in ("cuda:0", "cuda:0,1"):
            done = run(command, tmp_path, "--device", device)
            assert done.returncode == 6
            assert f"device {device}: there is no NVIDIA card".encode() in done.stderr
        done = run(command, tmp_path, "--device", "gpu")
        assert done.returncode == 2
        assert b"did you mean cuda?" in done.stderr


def test_the_check_of_a_card(
    cards: Callable[..., Any], project: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """On an emulated card: that it compares everything, and that what it writes is what it measured."""
    cards()
    spec = importlib.util.spec_from_file_location("gpu_check", project / "scripts" / "gpu_check.py")
    assert spec is not None
    assert spec.loader is not None
    script = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(script)
    monkeypatch.setattr(script, "GOLDEN", (0, 1, 241, 1025, 5000))
    for name, value in (("FILE_SIZES", (4096,)), ("LEAST", 2)):
        monkeypatch.setattr(gpu_rates, name, value)
    for name, number in (("STRINGS", 50), ("SCALARS", 50), ("RANDOM_SECONDS", 0), ("VOCABULARY", 200)):
        monkeypatch.setattr(gpu_tokens, name, number)
    output = tmp_path / "check.json"
    (tmp_path / "tree").mkdir()
    (tmp_path / "tree" / "a.py").write_text("def f():\n    return 1\n" * 50)
    arguments = [str(tmp_path / "tree"), "--slab", "64K", "--seconds", "0", "--scans", "0", "--output", str(output)]
    monkeypatch.setattr(sys, "argv", ["gpu_check.py", *arguments])
    assert script.main() == 0
    document = json.loads(output.read_text())
    assert document["differences"] == []
    assert document["checked"]["slabs"] > 40
    assert {row["where"] for row in document["rates"]} >= {"on the card", "one processor", "from page-locked memory"}
    assert all(row["bytes_per_s"] > 0 for row in document["rates"])
    assert document["failures"] == {}
    assert document["tokens_checked"]["tokens"] > 5000
    assert document["tokens_checked"]["left"] == 0
    assert {row["what"] for row in document["token_rates"]} >= {"token_words", "token_merges", "token_lines", "tokens"}
    assert all(row["bytes_per_s"] > 0 for row in document["token_rates"])
    # It finds a token and a column that differ, and goes on behind a part that fails.
    monkeypatch.setattr(gpu_tokens.cases, "expected_starts", lambda _, size, __: np.zeros(size, np.bool_))
    check_columns = script.check
    monkeypatch.setattr(script, "check", lambda *_: None)
    monkeypatch.setattr(gpu_rates, "measure_slab", None)
    assert script.main() == 3
    document = json.loads(output.read_text())
    assert document["differences"][0].startswith("tokens o200k_base")
    assert list(document["failures"]) == ["rates"]
    assert document["token_rates"]
    wrong = script.CpuKernels.lines
    monkeypatch.setattr(script.CpuKernels, "lines", lambda self, slab: wrong(self, slab).of_files([]))
    monkeypatch.setattr(script, "slabs", lambda _: [("one", script.slab_of([b"a\n"]))])
    found: dict[str, Any] = {}
    check_columns(load_driver().open_card(0, 0), "", found)
    assert found["differences"]
