"""The emulated queue finds what it is there to find; and the other compiler builds the same kernels."""

from __future__ import annotations

import random
import sys
from typing import TYPE_CHECKING

import numpy as np
import pytest

from exosuit_cli.kernels.cpu import CpuKernels
from exosuit_cli.kernels.device_kernels import DeviceKernels

from .emulated import EmulatedQueue, build, build_one
from .test_device_kernels import assert_same, slab_of, source_text

if TYPE_CHECKING:
    from pathlib import Path

KERNELS = {
    "neighbours": """
        extern "C" __global__ void neighbours(unsigned* values, int behind) {
            __shared__ unsigned shared[64];
            shared[threadIdx.x] = values[threadIdx.x];
            BARRIER
            values[(int)threadIdx.x + behind] = shared[(threadIdx.x + 1) % 64] + 64 * shared[(threadIdx.x + 63) % 64];
        }""",
    "partial": """
        extern "C" __global__ void partial(unsigned* values) {
            if (threadIdx.x % 2) values[0] = __ballot_sync(0xffffffffu, true);
        }""",
    "early": """
        extern "C" __global__ void early(unsigned* values) {
            if (threadIdx.x >= 32) return;
            __syncthreads();
        }""",
}


@pytest.fixture(scope="module", params=["__syncthreads();", ""], ids=["barrier", "none"])
def barrier(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture(scope="module")
def device(tmp_path_factory: pytest.TempPathFactory, barrier: str) -> EmulatedQueue:
    source = "\n".join(KERNELS.values()).replace("BARRIER", barrier)
    library = build_one(tmp_path_factory.mktemp("emulated"), source, *KERNELS)
    return EmulatedQueue({"one.cu": library}, kernels=dict.fromkeys(KERNELS, "one.cu"))


def test_a_missing_barrier_shows(device: EmulatedQueue, barrier: str) -> None:
    values = np.arange(64, dtype=np.uint32)
    buffer = device.buffer("values", 256)
    device.upload(buffer, values)
    device.launch("neighbours", 1, 64, buffer, np.int32(0))
    found = np.empty(64, np.uint32)
    device.download(buffer, found)
    device.synchronize()
    assert (found == np.roll(values, -1) + 64 * np.roll(values, 1)).all() == bool(barrier)


def test_results_come_with_waiting_only(device: EmulatedQueue) -> None:
    buffer = device.buffer("values", 4)
    device.zero(buffer, 4)
    found = np.full(1, 7, np.uint32)
    device.download(buffer, found)
    assert found[0] == 7
    device.synchronize()
    assert found[0] == 0


@pytest.mark.parametrize("kernel", ["partial", "early"])
def test_barriers_that_not_all_reach_are_errors(device: EmulatedQueue, kernel: str) -> None:
    with pytest.raises(AssertionError, match=r"parted|ended before a barrier"):
        device.launch(kernel, 1, 64, device.buffer("values", 256))
    test_results_come_with_waiting_only(device)


def test_writes_before_a_buffer_are_found(device: EmulatedQueue) -> None:
    buffer = device.buffer("values", 256)
    with pytest.raises(AssertionError, match="outside the buffer 'values'"):
        device.launch("neighbours", 1, 64, buffer, np.int32(-1))
    device._buffers.clear()


@pytest.mark.parametrize(("threads", "number"), [(64, np.int64(0)), (48, np.int32(0)), (0, np.int32(0))])
def test_launches_that_a_card_would_refuse(device: EmulatedQueue, threads: int, number: np.generic) -> None:
    with pytest.raises(AssertionError, match="wrong"):
        device.launch("neighbours", 1, threads, device.buffer("values", 256), number)


def test_the_compiler_from_the_package(tmp_path: Path) -> None:
    """Where there is no C++ compiler the same tests run; here it also ends the process at undefined behaviour."""
    flags = ("-fsanitize=undefined", "-fsanitize-trap=undefined")
    libraries = build(tmp_path, *flags, command=[sys.executable, "-m", "ziglang", "cc"])
    rng = random.Random(41)
    files = [source_text(rng, length * 5) for length in range(300)]
    for algorithm in ("blake3", "xxh3", "xxh3_64"):
        kernels, reference = DeviceKernels(EmulatedQueue(libraries), algorithm), CpuKernels(algorithm)
        columns, lines = kernels.begin(slab_of(files), lines=True).finish()
        assert_same(columns, reference.columns(slab_of(files)))
        assert_same(lines, reference.lines(slab_of(files)))
