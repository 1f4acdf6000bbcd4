"""A scan and a chunking whose slabs are computed elsewhere: the same bytes, and a plain word where that fails."""

from __future__ import annotations

import io
import os
import random
import signal
import subprocess
import threading
import time
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from exosuit_cli.chunk import ChunkOptions
from exosuit_cli.device import link, process, remote
from exosuit_cli.device.probe import Probe, save_probe
from exosuit_cli.device.sizes import ring_sizes
from exosuit_cli.ingest import ScanOptions, ScanResult, chunk, pipeline, scan
from exosuit_cli.kernels.frame import FrameLayout
from exosuit_cli.model.errors import ResourceMissing
from exosuit_cli.model.spans import STAGES
from exosuit_cli.report.chunk.jsonl import JsonlRenderer, JsonlSink
from exosuit_cli.system.spans import Recording
from exosuit_cli.system.stop import StopRequest
from exosuit_cli.workers import device_run as device_run_module
from exosuit_cli.workers import in_process

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    Plan = Callable[..., Callable[..., Any]]

SLAB = 1 << 14


@pytest.fixture(scope="module")
def tree(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Texts, binaries, empty files and one larger than a slab; texts that a card leaves to another counter."""
    base = tmp_path_factory.mktemp("device") / "tree"
    rng = random.Random(5)
    for number in range(240):
        folder = base / f"d{number % 9}"
        folder.mkdir(parents=True, exist_ok=True)
        body = "".join(
            f"def f{rng.randrange(99)}(x):\n    return [x, {rng.random()}]\n\n\n" for _ in range(number % 40)
        )
        (folder / f"{number}.py").write_text(body)
    (base / "d1" / "binary").write_bytes(bytes(range(256)) * 20)
    (base / "d2" / "large.txt").write_text("many words on a line\n" * 2000)
    (base / "d3" / "latin-1.c").write_bytes(b"// caf\xe9\nint i;\n\n\n" * 40)
    (base / "d3" / "utf-16.txt").write_text("deux mots\n\n\n" * 30, "utf-16")
    (base / "d4" / "word.js").write_text(f"var a = '{'x' * 300}';\n  f(a);\n" * 9)
    (base / "d5" / "caf\xe9.py").write_text("# d\xe9j\xe0 vu \u65e5\u672c\u8a9e\n\n\nx = 'don\u2019t'  \n" * 50)
    (base / "empty").touch()
    return base


@pytest.fixture(autouse=True)
def small_slabs(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(device_run_module, "SLAB_BYTES", SLAB)
    monkeypatch.setattr(device_run_module, "BATCH_FILES", 60)


def options(device: str, **changes: Any) -> ScanOptions:
    return ScanOptions(**{"device": device, "slab_bytes": SLAB, "batch_files": 60, "use_index": False, **changes})


def facts(result: ScanResult) -> tuple[Any, ...]:
    names = [name for name in result.rows.dtype.names or () if not name.endswith("time_ns")]
    rows = {name: result.rows[name].tolist() for name in names}
    return result.paths, rows, result.tree_digest, result.skips


def chunks_of(tree: Path, device: str, boundaries: str = "structure", **changes: Any) -> tuple[bytes, ScanResult]:
    file = io.BytesIO()
    renderer = JsonlRenderer(with_text=True)
    chunking = ChunkOptions(max_tokens=64, boundaries=boundaries)
    found = chunk(tree, chunking, options(device, **changes), renderer=renderer, sink=JsonlSink(file, renderer))
    return file.getvalue(), found.scan


@pytest.mark.parametrize("workers", [1, 2])
@pytest.mark.parametrize("algorithm", ["blake3", "xxh3"])
@pytest.mark.parametrize("encoding", [None, "o200k_base"])
def test_a_scan_is_the_same_on_a_device(
    tree: Path, cards: Plan, workers: int, algorithm: str, encoding: str | None
) -> None:
    report = cards()
    changes = {"workers": workers, "hash": algorithm, "encoding": encoding}
    expected = scan(tree, options("cpu", **changes))
    found = scan(tree, options("cuda:0", **changes))
    assert facts(found) == facts(expected)
    assert found.throughput.device == "cuda:0"
    assert "Emulated" in found.throughput.device_reason
    assert not found.warnings
    totals = found.throughput.device_totals
    assert totals is not None
    assert report()["uploads"] == totals.slabs > 5
    assert ("token_words" in report()["kernels"]) == (encoding is not None)
    assert totals.bytes_in > expected.totals.bytes - 45_000  # all but the large file, which is streamed
    assert found.memory.vram.peak_bytes == 123
    assert found.memory.shared.peak_bytes


def test_what_a_card_does_is_recorded_by_batch(tree: Path, cards: Plan) -> None:
    report = cards()
    recording = Recording(has_ranges=True)
    found = scan(tree, options("cuda:0", workers=1, encoding=None, recording=recording))
    assert facts(found) == facts(scan(tree, options("cpu", workers=1, encoding=None)))
    main, *others = recording.tracks()
    streams = [track for track in others if track.kind == "device"]
    assert {track.name for track in streams} == {f"cuda:0 stream {number}" for number in range(process.LANES)}
    rows = np.concatenate([track.spans for track in streams])
    assert {STAGES[code] for code in rows[:, 0]} == {"copy in", "kernel", "copy out"}
    reads = main.spans[(main.spans[:, 0] == STAGES.index("read")) & (main.spans[:, 3] > 0)]
    copied = rows[rows[:, 0] == STAGES.index("copy in")]
    assert sorted(copied[:, 6].tolist()) == sorted(reads[:, 6].tolist())
    assert copied[:, 4].sum() == reads[:, 4].sum()
    assert len(report()["ranges"]) == len(copied)
    assert report()["ranges"][0].startswith(f"exosuit: slab of batch {copied[:, 6].min()}, ")
    for track in streams:
        assert (track.spans[1:, 1] >= track.spans[:-1, 2]).all()


@pytest.mark.parametrize("boundaries", ["structure", "ast", "lines"])
def test_chunks_are_the_same_on_a_device(
    tree: Path, cards: Plan, boundaries: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    report = cards()
    monkeypatch.setattr(remote, "LEAST_SPANS", 8)
    expected, _ = chunks_of(tree, "cpu", boundaries)
    found, result = chunks_of(tree, "cuda:0", boundaries)
    assert found == expected
    totals = result.throughput.device_totals
    assert totals is not None
    assert report()["uploads"] == totals.slabs > 5
    assert 5 < report()["span_uploads"] <= totals.slabs
    assert totals.chunk_ids > expected.count(b"\n") // 2


def test_a_batch_that_is_left_early_is_read_once(tree: Path, cards: Plan, monkeypatch: pytest.MonkeyPatch) -> None:
    """What is begun when a worker has had a batch for long is taken, not read again by another one."""
    cards()
    monkeypatch.setattr(in_process, "PATIENCE_SECONDS", 0.0)
    found = scan(tree, options("cuda:0", encoding=None, workers=1))
    assert facts(found) == facts(scan(tree, options("cpu", encoding=None, workers=1)))
    totals = found.throughput.device_totals
    assert totals is not None
    assert totals.bytes_in - totals.slabs * FrameLayout(SLAB, 60).data_offset + totals.cpu_bytes == found.totals.bytes


def test_two_cards_share_the_slabs(tree: Path, cards: Plan) -> None:
    report = cards(cards=2)
    found = scan(tree, options("cuda:0,1", encoding=None, workers=2))
    assert facts(found) == facts(scan(tree, options("cpu", encoding=None)))
    assert report(0)["uploads"] > 0
    assert report(1)["uploads"] > 0


def test_slabs_are_in_flight_together(tree: Path, cards: Plan, monkeypatch: pytest.MonkeyPatch) -> None:
    report = cards(meet=2)  # none goes on before two are there
    monkeypatch.setattr(in_process, "PATIENCE_SECONDS", float("inf"))  # an odd slab would wait for a partner in vain
    folder = tree.parent / "even"
    folder.mkdir(exist_ok=True)
    for number in range(8):
        (folder / f"{number}").write_bytes(b"some text\n" * 1000)
    found = scan(folder, options("cuda:0", encoding=None, workers=1, batch_files=8))
    assert found.totals.files == 8
    assert report()["most_at_work"] == 2


def test_no_more_slabs_are_in_flight_than_there_are_lanes(
    tree: Path, cards: Plan, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(process, "LANES", 1)
    report = cards(bytes_per_s=2e6)
    scan(tree, options("cuda:0", encoding=None, workers=3))
    assert report()["most_at_work"] == 1


def test_a_slab_that_has_no_room_is_halved_once(tree: Path, cards: Plan) -> None:
    report = cards(budget=20_000)  # a lane for slabs of 16 KiB takes more
    found = scan(tree, options("cuda:0", encoding=None, workers=1))
    assert facts(found) == facts(scan(tree, options("cpu", encoding=None)))
    totals = found.throughput.device_totals
    assert totals is not None
    assert report()["given_back"] == 1
    assert totals.halved_slabs == totals.slabs > 0


def test_a_card_without_room_for_the_tables_leaves_tokens_to_the_workers(tree: Path, cards: Plan) -> None:
    report = cards(budget=4_000_000)
    assert facts(scan(tree, options("cuda:0", workers=1))) == facts(scan(tree, options("cpu", workers=1)))
    assert "blake3_chunks" in report()["kernels"]
    assert "token_words" not in report()["kernels"]


def test_no_room_for_half_a_slab_is_an_error(tree: Path, cards: Plan) -> None:
    cards(budget=500)
    with pytest.raises(ResourceMissing, match=r"cuda:0: .*no room"):
        scan(tree, options("cuda:0", encoding=None, workers=2))


def test_the_budget_of_the_tier_is_the_cards_limit(tree: Path, cards: Plan) -> None:
    report = cards()
    scan(tree, options("cuda:0", encoding=None, vram_bytes=1 << 22))
    assert report()["limit_bytes"] == 1 << 22


@pytest.mark.parametrize("failure", [{"lost_after": 3}, {"dies_after": 3}])
@pytest.mark.parametrize("workers", [1, 2])
def test_a_demanded_card_that_is_lost_is_an_error(
    tree: Path, cards: Plan, failure: dict[str, int], workers: int
) -> None:
    cards(**failure)
    with pytest.raises(ResourceMissing, match=r"cuda:0: (fell off the bus|the process that owns the card ended)"):
        scan(tree, options("cuda:0", encoding=None, workers=workers))


@pytest.mark.parametrize(
    ("plan", "message"),
    [
        ({"why_not": "there is no card"}, "device cuda:0: there is no card"),
        ({"cards": 0}, "only cuda:0 is here"),
        ({"dies_at_start": True}, "the process that owns it ended with exit code 3"),
    ],
)
def test_a_demanded_card_that_is_not_there_is_an_error(
    tree: Path, cards: Plan, plan: dict[str, Any], message: str
) -> None:
    cards(**plan)
    with pytest.raises(ResourceMissing, match=message):
        scan(tree, options("cuda:0", encoding=None))


def test_a_card_is_demanded_even_where_nothing_is_to_be_computed(tmp_path: Path, cards: Plan) -> None:
    cards(cards=0)
    (tmp_path / "none").mkdir()
    with pytest.raises(ResourceMissing, match="only cuda:0 is here"):
        scan(tmp_path / "none", options("cuda:0"))


def test_pages_that_cannot_be_locked_are_used_as_they_are(tree: Path, cards: Plan) -> None:
    cards(cannot_pin=True)
    found = scan(tree, options("cuda:0", encoding=None))
    assert facts(found) == facts(scan(tree, options("cpu", encoding=None)))
    assert found.memory.shared.peak_bytes == 0


@pytest.mark.parametrize("workers", [1, 2])
def test_a_fault_of_ours_is_told_and_ends_the_run(tree: Path, cards: Plan, workers: int) -> None:
    cards(fails_after=2)
    with pytest.raises(ResourceMissing, match="cuda:0: ValueError: a fault in a kernel"):
        scan(tree, options("cuda:0", encoding=None, workers=workers))


def test_a_driver_that_breaks_is_told(tree: Path, cards: Plan) -> None:
    cards(breaks=True)
    with pytest.raises(ResourceMissing, match="cuda:0: it cannot be opened: ValueError: a fault of the driver"):
        scan(tree, options("cuda:0", encoding=None))


def test_a_card_that_hangs_is_given_up(tree: Path, cards: Plan, monkeypatch: pytest.MonkeyPatch) -> None:
    cards(hangs_after=2)
    monkeypatch.setattr(link, "PATIENCE_SECONDS", 0.3)
    monkeypatch.setattr(process, "_END_SECONDS", 0.3)
    with pytest.raises(ResourceMissing, match=r"cuda:0: no answer within 0.3 s"):
        scan(tree, options("cuda:0", encoding=None, workers=1))


def test_an_interrupt_is_met_while_a_card_starts(tree: Path, cards: Plan, tmp_path: Path) -> None:
    cards(waits_for=str(tmp_path / "never"))
    stop = StopRequest()
    threading.Timer(0.3, lambda: setattr(stop, "signal", signal.SIGINT)).start()
    found = scan(tree, options("cuda:0", encoding=None), stop=stop)
    assert found.partial == "SIGINT"
    assert found.totals.files == 0


def test_no_temporary_directory_is_needed(tree: Path, cards: Plan, monkeypatch: pytest.MonkeyPatch) -> None:
    cards()
    monkeypatch.setenv("TMPDIR", "/" + "missing/" * 30)
    assert scan(tree, options("cuda:0", encoding=None, workers=1)).totals.files == 247


def test_a_tier_that_is_turned_off_uses_no_card(tree: Path, cards: Plan) -> None:
    cards(dies_at_start=True)
    measured()
    found = scan(tree, options("auto", encoding=None, vram_bytes=0))
    assert found.throughput.device == "cpu"
    assert "capacity_gb is 0" in found.throughput.device_reason
    with pytest.raises(ResourceMissing, match="capacity_gb is 0"):
        scan(tree, options("cuda:0", encoding=None, vram_bytes=0))


def test_many_files_in_a_slab_have_room_for_their_results(tmp_path: Path, cards: Plan) -> None:
    cards()
    tree = tmp_path / "tree"
    tree.mkdir()
    for number in range(3000):
        (tree / f"{number}").write_bytes(b"x")
    changes = {"encoding": None, "workers": 1, "batch_files": 3000}
    found = scan(tree, options("cuda:0", **changes))
    assert facts(found) == facts(scan(tree, options("cpu", **changes)))


def test_what_the_cpu_does_beside_a_card_is_told(tmp_path: Path, cards: Plan) -> None:
    cards()
    (tmp_path / "large").write_bytes(b"words on a line\n" * 2000)
    found = scan(tmp_path, options("cuda:0", encoding=None, workers=1)).throughput.device_totals
    assert found is not None
    assert (found.slabs, found.cpu_files, found.cpu_bytes) == (0, 1, 32_000)


def test_more_lines_than_there_is_room_for_are_found_by_the_cpu(tmp_path: Path, cards: Plan) -> None:
    cards()
    (tmp_path / "short.txt").write_bytes(b"a\n" * 8000)
    (tmp_path / "usual.txt").write_bytes(b"some words on every line\n" * 600)
    expected, _ = chunks_of(tmp_path, "cpu")
    found, result = chunks_of(tmp_path, "cuda:0")
    assert found == expected
    assert result.throughput.device_totals is not None
    assert result.throughput.device_totals.cpu_line_slabs == 1


# What `auto` does


def measured(start_seconds: float = 1e-9, device: float = 1e15) -> None:
    save_probe("emulated card 0", Probe("Emulated", start_seconds, 1e12, 1e12, device, 1e6, device, 1e6, 1e15))


def test_auto_says_that_a_card_was_never_measured(tree: Path, cards: Plan) -> None:
    cards()
    found = scan(tree, options("auto", encoding=None))
    assert found.throughput.device == "cpu"
    assert "never measured" in found.throughput.device_reason


@pytest.mark.parametrize("workers", [1, 2])
def test_a_card_that_pays_joins_while_the_processor_works(
    tree: Path, cards: Plan, monkeypatch: pytest.MonkeyPatch, workers: int
) -> None:
    report = cards()
    measured()
    expected = facts(scan(tree, options("cpu", encoding=None)))
    card_is_ready = threading.Event()
    joins = device_run_module.RunDevice.joins

    def wait_for_the_card(self: Any, *left: int) -> Any:  # a small tree would be read before it is ready
        found = joins(self, *left)
        if found is None and self._processes and not card_is_ready.is_set():
            self._processes[0].wait()
            card_is_ready.set()
            found = joins(self, *left)
        return found

    monkeypatch.setattr(device_run_module.RunDevice, "joins", wait_for_the_card)
    found = scan(tree, options("auto", encoding=None, workers=workers, batch_files=5))
    assert facts(found) == expected
    assert found.throughput.device == "cpu, cuda:0"
    assert "it joins for more than 0 B" in found.throughput.device_reason
    assert report()["uploads"] > 0


def test_a_card_that_does_not_pay_stays_where_it_is(tree: Path, cards: Plan) -> None:
    cards(dies_at_start=True)
    measured(start_seconds=100.0)
    found = scan(tree, options("auto", encoding=None))
    assert found.throughput.device == "cpu"
    assert "joins for more than" in found.throughput.device_reason


def test_a_card_that_is_slower_is_not_used(tree: Path, cards: Plan) -> None:
    cards(dies_at_start=True)
    measured(device=1e4)
    assert scan(tree, options("auto", encoding=None)).throughput.device == "cpu"


@pytest.mark.parametrize("failure", [{"lost_after": 2}, {"dies_after": 2}, {"fails_after": 2}])
def test_auto_goes_on_without_a_card_that_fails_and_says_so(
    tree: Path, cards: Plan, monkeypatch: pytest.MonkeyPatch, failure: dict[str, int]
) -> None:
    cards(**failure)
    measured()
    wait = device_run_module.RunDevice.joins

    def at_once(self: Any, *left: int) -> Any:
        found = wait(self, *left)
        if found is None and self._processes and not self._has_joined:
            self._processes[0].wait()
            found = wait(self, *left)
        return found

    monkeypatch.setattr(device_run_module.RunDevice, "joins", at_once)
    found = scan(tree, options("auto", encoding=None, workers=2, batch_files=5))
    assert facts(found) == facts(scan(tree, options("cpu", encoding=None)))
    assert any("in place of cpu, cuda:0" in warning for warning in found.warnings)


def test_auto_goes_on_where_the_card_does_not_start(tree: Path, cards: Plan, monkeypatch: pytest.MonkeyPatch) -> None:
    cards(cards=0)
    measured()
    monkeypatch.setattr(pipeline, "LINGER_SECONDS", 0.02)
    joins = device_run_module.RunDevice.joins

    def wait_for_the_refusal(self: Any, *left: int) -> Any:
        found = joins(self, *left)
        while self._processes and not self._processes[0].is_ready():
            time.sleep(0.01)
        return found or joins(self, *left)

    monkeypatch.setattr(device_run_module.RunDevice, "joins", wait_for_the_refusal)
    found = scan(tree, options("auto", encoding=None, workers=2))
    assert found.totals.files == 247
    assert "only cuda:0 is here" in found.throughput.device_reason
    assert found.throughput.device == "cpu"


def test_no_process_is_left_behind(tree: Path, cards: Plan) -> None:
    cards()
    scan(tree, options("cuda:0", encoding=None, workers=2))
    listed = subprocess.run(
        ["ps", "-o", "args=", "--ppid", str(os.getpid())], capture_output=True, text=True, check=True
    )
    assert "device.owner" not in listed.stdout


def test_a_killed_parent_takes_the_owner_with_it(cards: Plan) -> None:
    cards()
    sizes = ring_sizes(1, SLAB, 10, "blake3", lines=False)
    owner = process.DeviceProcess("device.emulated_driver", 0, "blake3", 0, sizes)
    owner.wait()
    (pid,) = owner.pids()
    owner._control.close()  # as the end of a process does
    ends(owner)
    with pytest.raises(ProcessLookupError):
        os.kill(pid, signal.SIG_DFL)
    owner.close()


def test_an_owner_ends_while_its_run_goes_on(cards: Plan) -> None:
    cards()
    sizes = ring_sizes(1, SLAB, 10, "blake3", lines=False)
    owner = process.DeviceProcess("device.emulated_driver", 0, "blake3", 0, sizes)
    owner.wait()
    owner.finish()
    ends(owner)
    totals = owner.close()
    assert totals is not None
    assert totals.pool_peak_bytes == 123


def ends(owner: process.DeviceProcess) -> None:
    deadline = time.monotonic() + 30
    while owner.pids() and time.monotonic() < deadline:
        time.sleep(0.01)
    assert not owner.pids(), "the owner lives on"
