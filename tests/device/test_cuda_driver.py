"""What the driver of NVIDIA cards tells without a card: whether there is one, and which figures of NVML are its own."""

from __future__ import annotations

import os
import subprocess
import sys
from types import SimpleNamespace
from typing import Any

import pytest
from kernels.emulated import compiler

from exosuit_cli.device import cuda_driver
from exosuit_cli.device.choice import choose_device
from exosuit_cli.device.nvml import visible
from exosuit_cli.device.totals import DeviceTotals


class NvmlError(Exception):
    """Stands for pynvml.NVMLError."""


class Nvml(SimpleNamespace):
    """Two cards, the second one split into instances where `split` is true."""

    def __init__(self, *, split: bool = False) -> None:
        super().__init__(NVMLError=NvmlError, NVML_CLOCK_SM=1, NVML_CLOCK_MEM=2)
        self.split = split
        self.names = {"GPU-a": 0, "GPU-b": 1}

    def nvmlInit(self) -> None: ...  # noqa: N802

    def nvmlShutdown(self) -> None: ...  # noqa: N802

    def nvmlSystemGetDriverVersion(self) -> str:  # noqa: N802
        return "580"

    def nvmlDeviceGetCount(self) -> int:  # noqa: N802
        return 2

    def nvmlDeviceGetHandleByIndex(self, index: int) -> int:  # noqa: N802
        return index

    def nvmlDeviceGetHandleByUUID(self, name: str) -> int:  # noqa: N802
        return self.names[name]

    def nvmlDeviceGetHandleByPciBusId(self, bus: str) -> int:  # noqa: N802
        return int(bus)

    def nvmlDeviceGetUUID(self, handle: int) -> str:  # noqa: N802
        return list(self.names)[handle]

    def nvmlDeviceGetMigMode(self, handle: int) -> tuple[int, int]:  # noqa: N802
        if handle == 0:
            raise NvmlError("not supported")
        return int(self.split), int(self.split)

    def nvmlDeviceGetMemoryInfo(self, handle: int) -> SimpleNamespace:  # noqa: N802
        return SimpleNamespace(used=7 + handle, total=70 + handle)

    def nvmlDeviceGetComputeRunningProcesses(self, handle: int) -> list[SimpleNamespace]:  # noqa: N802
        return [SimpleNamespace(pid=os.getpid(), usedGpuMemory=5)]


def use(monkeypatch: pytest.MonkeyPatch, nvml: Nvml, **environment: str) -> None:
    monkeypatch.setitem(sys.modules, "pynvml", nvml)
    for name in ("CUDA_VISIBLE_DEVICES", "CUDA_DEVICE_ORDER"):
        monkeypatch.delenv(name, raising=False)
    for name, value in environment.items():
        monkeypatch.setenv(name, value)


@pytest.mark.parametrize(
    ("environment", "index", "uuid"),
    [
        ({}, 1, "GPU-b"),
        ({"CUDA_VISIBLE_DEVICES": "1,0"}, 0, "GPU-b"),
        ({"CUDA_VISIBLE_DEVICES": "GPU-a"}, 0, "GPU-a"),
        ({"CUDA_DEVICE_ORDER": "PCI_BUS_ID"}, 0, "GPU-a"),
        ({"CUDA_DEVICE_ORDER": "FASTEST_FIRST", "CUDA_VISIBLE_DEVICES": "GPU-b"}, 0, "GPU-b"),
        ({"CUDA_DEVICE_ORDER": "FASTEST_FIRST"}, 0, None),
        ({"CUDA_VISIBLE_DEVICES": "MIG-b"}, 0, None),
        ({"CUDA_VISIBLE_DEVICES": ""}, 0, None),
    ],
)
def test_a_card_is_named_only_where_it_is_that_one(
    monkeypatch: pytest.MonkeyPatch, environment: dict[str, str], index: int, uuid: str | None
) -> None:
    use(monkeypatch, Nvml(), **environment)
    found = cuda_driver.identity(index)
    assert found is None if uuid is None else str(found).startswith(f"{uuid}, driver 580")
    if uuid is None:
        with pytest.raises((LookupError, ValueError)):
            visible(sys.modules["pynvml"], index)


def test_a_split_card_has_no_figures(monkeypatch: pytest.MonkeyPatch) -> None:
    use(monkeypatch, Nvml(split=True))
    assert cuda_driver.identity(0) is not None
    assert cuda_driver.identity(1) is None
    opened: Any = object.__new__(cuda_driver.OpenCudaCard)
    opened._device = SimpleNamespace(peak_bytes=3)
    opened._bus_id = "1"
    usage = opened.usage()
    assert (usage.pool_peak_bytes, usage.process_bytes, usage.card_used_bytes, usage.card_bytes) == (
        3,
        None,
        None,
        None,
    )
    assert "MIG" in usage.reason
    opened._bus_id = "0"
    assert opened.usage() == cuda_driver.Usage(3, 5, 7, 70)


def test_reasons_of_cards_are_kept_and_not_added() -> None:
    totals = DeviceTotals(card_reason="split")
    totals.add(DeviceTotals(card_reason="split"))
    totals.add(DeviceTotals())
    assert totals.card_reason == "split"


@pytest.mark.parametrize("content", [None, b"no library"])
def test_no_library_that_loads_is_no_driver(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Any, content: bytes | None
) -> None:
    monkeypatch.setattr(cuda_driver, "_CONTROL_FILES", ())
    monkeypatch.setattr(cuda_driver, "_LIBRARY_FOLDERS", (str(tmp_path),))
    monkeypatch.setenv("LD_LIBRARY_PATH", str(tmp_path))
    cuda_driver._answers_in_a_child.cache_clear()
    if content is not None:
        (tmp_path / "libcuda.so.1").write_bytes(content)
    assert cuda_driver._has_driver_library() == (content is not None)
    assert str(cuda_driver.why_not(0)).startswith("there is no NVIDIA card")
    cuda_driver._answers_in_a_child.cache_clear()


@pytest.mark.parametrize(("answer", "reason"), [(0, None), (100, "there is no NVIDIA card")])
def test_the_answer_of_the_driver_counts_where_it_made_no_files_yet(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Any, answer: int, reason: str | None
) -> None:
    (tmp_path / "cuda.c").write_text(f"int cuInit(unsigned flags) {{ return {answer}; }}")
    library = tmp_path / "libcuda.so.1"
    subprocess.run(
        [*compiler(), "-x", "c", "-shared", "-fPIC", "-o", str(library), str(tmp_path / "cuda.c")], check=True
    )
    monkeypatch.setattr(cuda_driver, "_CONTROL_FILES", ())
    monkeypatch.setenv("LD_LIBRARY_PATH", str(tmp_path))
    cuda_driver._answers_in_a_child.cache_clear()
    found = cuda_driver.why_not(0)
    assert found is None if reason is None else str(found).startswith(reason)
    cuda_driver._answers_in_a_child.cache_clear()


def test_auto_says_that_nothing_names_the_card(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cuda_driver, "why_not", lambda index: None)
    use(monkeypatch, Nvml(), CUDA_DEVICE_ORDER="FASTEST_FIRST")
    assert "NVML cannot name it" in choose_device("auto", 2).reason
