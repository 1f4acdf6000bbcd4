"""The CUDA queue, as far as a machine without a card can show it."""

from __future__ import annotations

import os
import random
import sys
from functools import reduce
from typing import Any

import cupy
import numpy as np
import pytest

from exosuit_cli.device.ring import SlabRing, make_memory
from exosuit_cli.device.sizes import RingSizes
from exosuit_cli.kernels import cuda_queue
from exosuit_cli.kernels.cpu import CpuKernels
from exosuit_cli.kernels.cuda import CudaDevice
from exosuit_cli.kernels.device import DeviceError, DeviceLost, DeviceOutOfMemory
from exosuit_cli.kernels.device_kernels import DeviceKernels
from exosuit_cli.kernels.device_lane import SlabLane
from exosuit_cli.kernels.frame import (
    CHUNK_ID_BYTES,
    FrameLayout,
    columns_of,
    heading,
    lines_of,
    result_bytes,
    span_parts,
)
from exosuit_cli.model.errors import ExitCode
from exosuit_cli.model.slab import Slab

from .backends import libraries
from .host_cupy import NAMES, HostCupy
from .test_device_kernels import assert_same, slab_of, source_text


@pytest.fixture
def host(monkeypatch: pytest.MonkeyPatch) -> HostCupy:
    host = HostCupy(libraries())
    monkeypatch.setitem(sys.modules, "cupy", host)
    return host


@pytest.mark.parametrize("place", NAMES)
def test_cupy_has_what_is_asked_of_it(place: str) -> None:
    module: Any = reduce(getattr, place.split("."), cupy) if place else cupy
    assert [name for name in NAMES[place] if not hasattr(module, name)] == []
    runtime = cupy.cuda.runtime
    assert (runtime.memcpyHostToDevice, runtime.memcpyDeviceToHost) == (1, 2)
    for name, arguments in (
        ("memcpyAsync", "dst, src, size, kind, stream"),
        ("memsetAsync", "ptr, value, size, stream"),
    ):
        signature = getattr(runtime, name).__doc__.split("(")[1].split(")")[0]
        assert ", ".join(part.split()[-1] for part in signature.split(",")) == arguments


@pytest.mark.parametrize("algorithm", ["blake3", "xxh3", "xxh3_64"])
def test_slabs_one_after_the_other(host: HostCupy, algorithm: str) -> None:
    """Buffers, page-locked memory and staging are kept and grown, and nothing is taken before it is there."""
    kernels = DeviceKernels(CudaDevice(0).queue(), algorithm)
    assert kernels.device == "cuda:0"
    rng = random.Random(51)
    for count in (3, 300, 1, 0, 40, 400, 2):
        slab = slab_of([source_text(rng, rng.randrange(3000)) for _ in range(count)])
        columns, lines = kernels.begin(slab, lines=True).finish()
        assert_same(columns, CpuKernels(algorithm).columns(slab))
        assert_same(lines, CpuKernels(algorithm).lines(slab))
        spans = slab.offsets, slab.lengths, 16
        expected = CpuKernels(algorithm).span_digests(slab.data, *spans)
        assert (kernels.span_digests(slab.data, *spans) == expected).all()
    allocated = len(host.allocated)
    kernels.begin(slab, lines=True).finish()
    assert len(host.allocated) == allocated


def test_two_queues_of_one_device(host: HostCupy) -> None:
    device = CudaDevice(1)
    slabs = [slab_of([b"one {\n" * 900, b"two"]), slab_of([b"\tthree\n", b"", b"}" * 3000])]
    flights = [DeviceKernels(device.queue(), "blake3").begin(slab, lines=True) for slab in slabs]
    for slab, flight in zip(reversed(slabs), reversed(flights), strict=True):
        columns, lines = flight.finish()
        assert_same(columns, CpuKernels("blake3").columns(slab))
        assert_same(lines, CpuKernels("blake3").lines(slab))


def test_page_locked_memory_is_used_as_it_is(host: HostCupy) -> None:
    """What is in a registered slab when the copy is carried out is what the device sees; no copy is made before."""
    data = np.frombuffer(b"before\n" * 100, np.uint8).copy()
    host.lock(data)
    slab = Slab(data, np.zeros(1, np.int64), np.full(1, len(data), np.int64))
    flight = DeviceKernels(CudaDevice(0).queue(), "blake3").begin(slab, lines=False)
    data[:7] = np.frombuffer(b"behind\n", np.uint8)
    columns, _ = flight.finish()
    assert_same(columns, CpuKernels("blake3").columns(slab))


@pytest.mark.parametrize("staged_bytes", [0, 1 << 20])
def test_an_array_may_change_after_its_upload(
    host: HostCupy, monkeypatch: pytest.MonkeyPatch, staged_bytes: int
) -> None:
    """Also where the copy before it has not been carried out yet; small ones are staged here, large ones by CUDA."""
    monkeypatch.setattr(cuda_queue, "_STAGED_BYTES", staged_bytes)
    queue = CudaDevice(0).queue()
    buffer = queue.buffer("values", 4000)
    array = np.zeros(1000, np.uint32)
    found = [queue.host_array(f"found {i}", np.uint32, 1000) for i in range(3)]
    for i, target in enumerate(found):
        array[:] = i
        queue.upload(buffer, array)
        queue.download(buffer, target)
    array[:] = 99
    queue.synchronize()
    assert [set(target.tolist()) for target in found] == [{0}, {1}, {2}]


@pytest.mark.parametrize("refuses", [False, True])
@pytest.mark.parametrize("lines", [False, True])
def test_slabs_in_frames_are_one_graph(host: HostCupy, lines: bool, refuses: bool) -> None:
    """Of any sizes up to those of the lane: the kernels find them on the card. Where no graph can be made, it does."""
    host.refuses_capture = refuses
    sizes = RingSizes(slots=1, slab_bytes=40_000, files=50, lines=3000, width=32)
    lane = SlabLane(CudaDevice(0).queue(timed=True), FrameLayout(40_000, 50), "blake3", sizes.lines)
    descriptor = make_memory(sizes)
    slot = SlabRing(descriptor, sizes).slot(0)
    os.close(descriptor)
    host.lock(slot.memory)
    allocated, rng = len(host.allocated), random.Random(9)
    slabs = [slab_of([source_text(rng, rng.randrange(800)) for _ in range(count)]) for count in (3, 50, 1, 20)]
    slabs += [
        slab_of([b"", b"x" * 40_000, b""]),
        slab_of([b"\n" * 3001]),
        slab_of([b"a\n" * 1500]),
        slab_of([b""] * 50),
    ]
    for number, slab in enumerate(slabs):
        head = heading(len(slab.data), slab.offsets, slab.lengths, 32)
        slot.frame[: head.nbytes] = head.view(np.uint8)
        slot.data[: len(slab.data)] = slab.data
        results = slot.results[: result_bytes(len(slab), 32)]
        lane.submit(slot.frame[: lane.layout.data_offset + len(slab.data)], results, lines=lines, tokens=False)
        count = lane.finish(slot.found)
        assert host.launched_graphs == (0 if refuses else number)
        reference = CpuKernels("blake3")
        assert_same(columns_of(results, len(slab), 32), reference.columns(slab))
        expected = reference.lines(slab)
        fits = lines and len(expected.heads) <= sizes.lines
        assert count == (len(expected.heads) if fits else None)
        if count is not None:
            assert_same(lines_of(slot.found, count, results, slab.lengths, 32), expected)
    for number, slab in enumerate(slabs[:-1] if lines else ()):
        slot.data[: len(slab.data)] = slab.data
        starts = np.arange(0, len(slab.data), 777)
        lengths = np.minimum(starts % 2000, len(slab.data) - starts)
        head, digests = span_parts(slot.found, len(starts))
        head[:] = heading(len(slab.data), starts, lengths, CHUNK_ID_BYTES).view(np.uint8)
        lane.submit_spans(slot.data[: len(slab.data)], slot.found, len(starts))
        assert lane.finish(slot.found) is None
        assert host.launched_graphs == (0 if refuses else len(slabs) - 1 + number)
        assert digests.tobytes() == reference.span_digests(slab.data, starts, lengths, CHUNK_ID_BYTES).tobytes()
    assert len(host.allocated) == allocated


def test_marks_carry_the_time(host: HostCupy) -> None:
    queue = CudaDevice(0).queue(timed=True)
    start = queue.mark()
    queue.zero(queue.buffer("values", 64), 64)
    end = queue.mark()
    queue.wait(end)
    assert queue.elapsed(start, end) == pytest.approx(0.001)


def test_a_memory_limit_is_kept(host: HostCupy) -> None:
    kernels = DeviceKernels(CudaDevice(0, memory_limit=10_000).queue(), "blake3")
    with pytest.raises(DeviceOutOfMemory, match="cuda:0"):
        kernels.begin(slab_of([b"x" * 20_000]), lines=False)
    # There is room for what was asked for, if not for what it may grow to.
    slab = slab_of([b"x" * 9_000])
    assert_same(kernels.columns(slab), CpuKernels("blake3").columns(slab))


@pytest.mark.parametrize(("status", "error"), [(2, DeviceOutOfMemory), (700, DeviceLost), (719, DeviceLost)])
@pytest.mark.parametrize("kind", ["runtime", "driver"])
def test_errors_are_narrow(host: HostCupy, status: int, error: type[DeviceError], kind: str) -> None:
    queue = CudaDevice(0).queue()
    host.fail = _driver_error(status) if kind == "driver" else cupy.cuda.runtime.CUDARuntimeError(status)
    with pytest.raises(error, match=r"device cuda:0: (cuda|CUDA_)") as found:
        queue.buffer("values", 10)
    assert found.value.exit_code == ExitCode.RESOURCE_MISSING


@pytest.mark.parametrize(
    "failure", [RuntimeError("Failed to find CUDA headers"), cupy.cuda.nvrtc.NVRTCError(3)], ids=["headers", "nvrtc"]
)
def test_a_build_that_fails_is_an_error_of_the_device(host: HostCupy, failure: Exception) -> None:
    queue = CudaDevice(0).queue()
    host.fail = failure
    with pytest.raises(DeviceError, match="device cuda:0: its kernels cannot be built: ") as found:
        queue.launch("tile_counts", 1, 32)
    assert found.value.exit_code == ExitCode.RESOURCE_MISSING


def test_the_pool_is_read_on_its_own_card(host: HostCupy) -> None:
    """What is current in the calling thread is card 0, whose pool is empty."""
    device = CudaDevice(1)
    device.queue().buffer("values", 1000)
    assert host.current == 0
    assert device.peak_bytes >= 1000


def test_what_an_upload_went_through_goes_with_its_buffer(host: HostCupy) -> None:
    """A buffer that grows lies elsewhere: page-locked memory for its old place is never asked for again."""
    queue = CudaDevice(0).queue()
    before = len(host.locked)
    for size in (100, 1000, 10_000, 100_000):
        queue.upload(queue.buffer("values", size), np.ones(size, np.uint8))
    queue.synchronize()
    assert len(host.locked) == before + 1
    queue.release()
    assert len(host.locked) == before


def _driver_error(status: int) -> Exception:
    """The driver is asked for the words, and there is none here."""
    error = cupy.cuda.driver.CUDADriverError.__new__(cupy.cuda.driver.CUDADriverError)
    error.status = status
    error.args = (f"CUDA_ERROR_{status}",)
    return error  # type: ignore[no-any-return]


def test_no_cupy(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "cupy", None)
    with pytest.raises(DeviceError, match=r"cuda:0.*CuPy is not installed.*gpu13"):
        CudaDevice(0)


def test_no_driver() -> None:
    if cupy.cuda.is_available():
        pytest.skip("a CUDA device answers here")
    with pytest.raises(DeviceError, match=r"device cuda:0: .*nvidia-smi"):
        CudaDevice(0)
