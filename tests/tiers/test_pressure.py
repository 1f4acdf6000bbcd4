"""What the kernel says of memory, read from files as the kernel writes them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from exosuit_cli.tiers.pressure import MemoryState, memory_limit, read_memory

if TYPE_CHECKING:
    from pathlib import Path

GIB = 1 << 30


@pytest.fixture
def root(tmp_path: Path) -> Path:
    write(tmp_path, "proc/meminfo", f"MemTotal: {16 << 20} kB\nMemFree: 1 kB\nMemAvailable: {8 << 20} kB\n")
    write(tmp_path, "proc/self/cgroup", "0::/user.slice/work\n")
    stalls = "some avg10=12.50 avg60=3.00 avg300=0.00 total=1\nfull avg10=0.10 avg60=0.00 avg300=0.00 total=0\n"
    write(tmp_path, "proc/pressure/memory", stalls)
    return tmp_path


def write(root: Path, name: str, content: str) -> None:
    path = root / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(content)


def group(root: Path, folder: str, limit: str, current: int, inactive: int = 0) -> None:
    write(root, f"sys/fs/cgroup/{folder}/memory.max", f"{limit}\n")
    write(root, f"sys/fs/cgroup/{folder}/memory.current", f"{current}\n")
    write(root, f"sys/fs/cgroup/{folder}/memory.stat", f"anon 5\ninactive_file {inactive}\n")


def test_the_machine_alone(root: Path) -> None:
    assert read_memory(str(root)) == MemoryState(12.5, 8 * GIB, 16 * GIB)
    assert memory_limit(str(root)) == (16 * GIB, "this machine has")


def test_the_tightest_group_counts(root: Path) -> None:
    group(root, "user.slice", str(2 * GIB), GIB)
    group(root, "user.slice/work", "max", GIB)
    assert read_memory(str(root)) == MemoryState(12.5, GIB, 2 * GIB)
    group(root, "user.slice/work", str(GIB), GIB - 1000, inactive=300)
    assert read_memory(str(root)) == MemoryState(12.5, 1300, GIB)
    assert memory_limit(str(root)) == (GIB, "the control group of this process allows")


def test_groups_of_version_1(root: Path) -> None:
    write(root, "proc/self/cgroup", "9:name=systemd:/\n4:memory:/box\n1:cpu:/\n0::/\n")
    write(root, "sys/fs/cgroup/memory/box/memory.limit_in_bytes", str(GIB))
    write(root, "sys/fs/cgroup/memory/box/memory.usage_in_bytes", str(GIB // 2))
    write(root, "sys/fs/cgroup/memory/memory.limit_in_bytes", str((1 << 63) - 4096))
    assert read_memory(str(root)) == MemoryState(12.5, GIB // 2, GIB)


def test_what_cannot_be_read_is_unknown(tmp_path: Path) -> None:
    assert read_memory(str(tmp_path)) == MemoryState(None, None, None)
    assert memory_limit(str(tmp_path)) == (None, "this machine has")
    for name in ("proc/meminfo", "proc/self/cgroup", "proc/pressure/memory", "sys/fs/cgroup/memory.max"):
        write(tmp_path, name, "what is this\n\n::\n")
    assert read_memory(str(tmp_path)) == MemoryState(None, None, None)


@pytest.mark.parametrize(
    ("stalled", "available", "short"),
    [
        (0.0, 50_000, 0), (0.0, 49_999, 1), (None, 10_000, 40_000), (0.0, 0, 50_000),
        (10.0, 200_000, 0), (10.1, 200_000, 50_000), (90.0, 250_000, 0), (90.0, 20_000, 50_000),
    ],
)  # fmt: skip
def test_how_much_is_given_back(stalled: float | None, available: int, short: int) -> None:
    assert MemoryState(stalled, available, 1_000_000).bytes_short == short


def test_unknown_is_no_pressure() -> None:
    assert MemoryState(99.0, None, None).bytes_short == 0


def test_this_machine() -> None:
    state = read_memory()
    assert state.total_bytes
    assert state.available_bytes is not None
    assert 0 < state.available_bytes <= state.total_bytes
