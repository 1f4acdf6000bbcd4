"""What the device backend promises beyond the contract of `Kernels`, on the emulated queue."""

from __future__ import annotations

import functools
import random
import re
from typing import TYPE_CHECKING

import numpy as np
import pytest
from blake3 import blake3
from hypothesis import given, settings
from hypothesis import strategies as st

from exosuit_cli.kernels import device_digests, device_frame, device_lines
from exosuit_cli.kernels.cpu import CpuKernels
from exosuit_cli.kernels.device import DeviceOutOfMemory
from exosuit_cli.kernels.device_kernels import DeviceKernels
from exosuit_cli.kernels.device_lane import SlabLane
from exosuit_cli.kernels.frame import FrameLayout, columns_of, heading, line_bytes, lines_of, result_bytes
from exosuit_cli.kernels.sources import KERNELS, MODULES, SHARED, module_source
from exosuit_cli.model.digests import DIGESTS
from exosuit_cli.model.slab import LineColumns, Slab, SlabColumns

from .backends import libraries
from .emulated import EmulatedQueue

if TYPE_CHECKING:
    from pathlib import Path


def queue(budget: int = 1 << 40) -> EmulatedQueue:
    return EmulatedQueue(libraries(), budget)


def slab_of(files: list[bytes]) -> Slab:
    lengths = np.array([len(file) for file in files], np.int64)
    return Slab(np.frombuffer(b"".join(files), np.uint8), np.cumsum(lengths, dtype=np.int64) - lengths, lengths)


def assert_same(found: SlabColumns | LineColumns | None, expected: SlabColumns | LineColumns) -> None:
    assert type(found) is type(expected)
    for name in expected.__slots__:
        ours, theirs = getattr(found, name), getattr(expected, name)
        assert (name, ours.dtype, ours.shape) == (name, theirs.dtype, theirs.shape)
        assert ours.flags.c_contiguous
        differing = np.unique(np.nonzero(ours != theirs)[0])
        assert (name, differing[:5].tolist()) == (name, [])


def check(kernels: DeviceKernels, reference: CpuKernels, files: list[bytes]) -> None:
    slab = slab_of(files)
    columns, lines = kernels.begin(slab, lines=True).finish()
    assert_same(columns, reference.columns(slab))
    assert_same(lines, reference.lines(slab))


@pytest.fixture(params=DIGESTS)
def algorithm(request: pytest.FixtureRequest) -> str:
    return str(request.param)


def source_text(rng: random.Random, size: int) -> bytes:
    return bytes(rng.choices(b" \t\n\r{}[]()abc\0\xff", (30, 8, 9, 1, 2, 2, 1, 1, 1, 1, 20, 20, 20, 0.01, 0.1), k=size))


@pytest.mark.parametrize("name", ["letters", "newlines", "blanks", "open", "close", "nuls", "crlf", "mixed"])
@pytest.mark.parametrize("size", [1, 15, 16, 17, 511, 512, 513, 1023, 1024, 1025, 70_001])
def test_one_file_is_the_whole_slab(algorithm: str, size: int, name: str) -> None:
    units = {"letters": b"x", "newlines": b"\n", "blanks": b" ", "open": b"{", "close": b"]", "nuls": b"\0"}
    units |= {"crlf": b"a\r\n", "mixed": source_text(random.Random(size), 997)}
    check(DeviceKernels(queue(), algorithm), CpuKernels(algorithm), [(units[name] * size)[:size]])


def test_files_at_every_place_of_a_tile(algorithm: str) -> None:
    """Files of every length from 0 to past a tile, so that starts and ends fall on every byte of a lane."""
    rng = random.Random(3)
    files = [source_text(rng, length) for length in range(520)]
    check(DeviceKernels(queue(), algorithm), CpuKernels(algorithm), files)
    check(DeviceKernels(queue(), algorithm), CpuKernels(algorithm), files[::-1])


def test_batches_of_one_to_five_thousand_files(algorithm: str) -> None:
    rng = random.Random(17)
    kernels, reference = DeviceKernels(queue(), algorithm), CpuKernels(algorithm)
    for count in (1, 2, 31, 32, 33, 255, 800, 5000):
        files = [source_text(rng, min(int(rng.paretovariate(0.8)) - 1, 20_000)) for _ in range(count)]
        check(kernels, reference, files)


def test_a_slab_of_many_tiles(algorithm: str) -> None:
    """More tiles than one block scans, more chunks than one block digests, and a tree of 13 levels."""
    text = source_text(random.Random(5), 100_003) * 45
    check(DeviceKernels(queue(), algorithm), CpuKernels(algorithm), [b"first\n", text, b"\tlast"])


@pytest.mark.parametrize("count", [1, 2, 1023, 1024, 1025, 1_048_576, 1_048_577, 1_100_000])
def test_sums_of_any_number_of_tiles(count: int) -> None:
    """A slab of half a GiB has more than 1024 * 1024 tiles: its sums have sums that have sums."""
    values = np.random.default_rng(count).integers(0, 1 << 63, count, np.uint64)
    device = queue()
    levels = device_lines.scan_levels(count)
    buffer = device.buffer("values", 8 * sum(levels))
    device.upload(buffer, values)
    place = device_lines.launch_scan(device, buffer, levels)
    found, total = np.empty(count, np.uint64), np.empty(1, np.uint64)
    device.download(buffer, found)
    device.download(place, total)
    device.synchronize()
    sums = np.cumsum(values)
    assert total[0] == sums[-1]
    assert (found == sums - values).all()


@pytest.mark.parametrize("blanks", [127, 128, 129, 300, 511, 512, 513, 16_384, 65_535, 65_536, 66_000, 200_000])
@pytest.mark.parametrize("unit", [b" ", b"\t", b" \t"])
def test_a_line_of_blanks(blanks: int, unit: bytes) -> None:
    """Beyond 128 bytes a warp looks for the ink of a line, beyond 65,535 it skips whole tiles of blanks."""
    indent = (unit * blanks)[:blanks]
    files = [b"a\n" + indent + b"x\n", indent, b"b", indent + b"\n", indent + b"}\n" + indent * 2 + b"\r\n"]
    check(DeviceKernels(queue(), "blake3"), CpuKernels("blake3"), files)


def test_many_long_indents_in_one_warp() -> None:
    rng = random.Random(23)
    files = [b"".join(b" " * rng.randrange(700) + b"\t" * rng.randrange(9) + b"x\n" for _ in range(200))] * 2
    check(DeviceKernels(queue(), "blake3"), CpuKernels("blake3"), files)


def test_the_sources_of_this_project(project: Path, algorithm: str) -> None:
    paths = sorted(path for path in project.rglob("*") if path.suffix in {".py", ".cu", ".md", ".toml", ".json"})
    files = [path.read_bytes() for path in paths if path.is_file() and path.stat().st_size < 1 << 20][:400]
    assert len(files) > 100
    check(DeviceKernels(queue(), algorithm), CpuKernels(algorithm), files)


def test_a_slab_crosses_once() -> None:
    """One copy in feeds every kernel; the rest is a few words a file."""
    device = queue()
    files = [b"line\n" * 4000] * 50
    DeviceKernels(device, "blake3").begin(slab_of(files), lines=True).finish()
    size = sum(map(len, files))
    assert size <= device.uploaded_bytes < size + 100 * len(files)


def test_without_lines_none_are_looked_for() -> None:
    device = queue()
    slab = slab_of([b"a\n", b"b"])
    columns, lines = DeviceKernels(device, "xxh3").begin(slab, lines=False).finish()
    assert lines is None
    assert_same(columns, CpuKernels("xxh3").columns(slab))
    assert {KERNELS[kernel] for kernel in device.launched} == {"slab.cu", "xxh3.cu", "lines.cu"}
    assert "line_structure" not in device.launched


def test_slabs_in_flight_on_several_queues() -> None:
    rng = random.Random(31)
    slabs = [slab_of([source_text(rng, rng.randrange(3000)) for _ in range(40)]) for _ in range(4)]
    pending = [DeviceKernels(queue(), "blake3").begin(slab, lines=True) for slab in slabs]
    reference = CpuKernels("blake3")
    for slab, flight in reversed(list(zip(slabs, pending, strict=True))):
        columns, lines = flight.finish()
        assert_same(columns, reference.columns(slab))
        assert_same(lines, reference.lines(slab))


def test_one_slab_in_flight_a_queue() -> None:
    kernels = DeviceKernels(queue(), "blake3")
    slab = slab_of([b"a\n"])
    flight = kernels.begin(slab, lines=True)
    with pytest.raises(RuntimeError, match="in flight"):
        kernels.begin(slab, lines=True)
    flight.finish()
    kernels.begin(slab, lines=True).finish()


def test_results_outlive_the_next_slab() -> None:
    kernels = DeviceKernels(queue(), "blake3")
    slab = slab_of([b"one\n", b"", b"  two {\n"])
    columns, lines = kernels.begin(slab, lines=True).finish()
    kernels.begin(slab_of([b"\n" * 5000, b"other"]), lines=True).finish()
    assert_same(columns, CpuKernels("blake3").columns(slab))
    assert_same(lines, CpuKernels("blake3").lines(slab))


def test_spans_of_a_slab_that_is_there_already() -> None:
    device = queue()
    files = [b"line %d\n" % i * 400 for i in range(9)]
    slab = slab_of(files)
    flight = DeviceKernels(device, "xxh3").begin(slab, lines=True)
    flight.finish()
    before = device.uploaded_bytes
    found = flight.span_digests(slab.offsets + 5, slab.lengths - 5, 16)
    assert [bytes(digest) for digest in found] == [blake3(file[5:]).digest(16) for file in files]
    assert device.uploaded_bytes - before < len(slab.data) // 20


def test_no_room_for_a_slab() -> None:
    """The error is narrow, wherever it comes, and smaller slabs still find room."""
    large, small = slab_of([b"\n" * 40_000]), slab_of([b"word\n" * 100])
    for budget in (30_000, 60_000, 100_000, 500_000):
        kernels = DeviceKernels(queue(budget), "blake3")
        with pytest.raises(DeviceOutOfMemory, match="no room"):
            kernels.begin(large, lines=True).finish()
        assert_same(kernels.lines(small), CpuKernels("blake3").lines(small))


def test_a_slab_that_offsets_do_not_reach() -> None:
    data = np.broadcast_to(np.uint8(0), ((1 << 31),))
    slab = Slab(data, np.zeros(1, np.int64), np.full(1, len(data), np.int64))
    with pytest.raises(ValueError, match="2147483648 bytes"):
        DeviceKernels(queue(), "blake3").begin(slab, lines=False)


def test_launches_are_as_the_sources_expect() -> None:
    """The sizes of blocks and tiles that the host counts with are those of the kernels."""
    text = {module: module_source(module) for module in MODULES}

    def constant(module: str, name: str) -> int:
        found = re.search(rf"^#define {name} (\d+)u?\b", text[module], re.MULTILINE)
        assert found, name
        return int(found[1])

    for name in ("CHUNK_THREADS", "PARENT_THREADS"):
        assert constant("blake3.cu", name) == getattr(device_digests, name)
    assert constant("blake3.cu", "CHUNK_BYTES") == device_digests.UNIT_BYTES
    assert constant("slab.cu", "UNIT_BYTES") == device_digests.UNIT_BYTES
    assert constant("slab.cu", "LIST_THREADS") == device_frame.LIST_THREADS
    assert constant("lines.cu", "TILE_BYTES") == device_frame.TILE_BYTES
    for name in ("TILE_THREADS", "SCAN_THREADS", "LINE_THREADS"):
        assert constant("lines.cu", name) == getattr(device_lines, name)
    assert constant("lines.cu", "SCAN_ITEMS") * device_lines.SCAN_THREADS == device_lines.SCAN_SPAN
    pairs = (("SUM_THREADS", "XXH3_SUM_THREADS"), ("DIGEST_THREADS", "XXH3_DIGEST_THREADS"), ("LANES", "XXH3_LANES"))
    for theirs, ours in (*pairs, ("BLOCK_BYTES", "UNIT_BYTES"), ("SHORT_BYTES", "XXH3_SHORT_BYTES")):
        assert constant("xxh3.cu", theirs) == getattr(device_digests, ours)


def test_every_kernel_is_listed(project: Path) -> None:
    folder = project / "exosuit_cli" / "kernels"
    assert {path.name for path in folder.iterdir() if path.suffix in {".cu", ".cuh"}} == {*MODULES, SHARED}
    for module, kernels in MODULES.items():
        found = re.findall(r"__launch_bounds__\([^)]*\)\s+(\w+)\(", (folder / module).read_text())
        assert tuple(found) == kernels


contents = st.lists(
    st.one_of(
        st.sampled_from([b"", b"\n", b"\r\n", b" ", b"\t", b"{", b"]", b"word ", b"\0", b"\xff"]),
        st.builds(
            lambda unit, times: unit * times, st.sampled_from([b" ", b"\t", b"\n", b"[", b"x"]), st.integers(1, 900)
        ),
        st.binary(max_size=40),
    ),
    max_size=12,
).map(b"".join)


@given(st.lists(contents, max_size=30), st.sampled_from(sorted(DIGESTS)))
@settings(deadline=None)
def test_any_slab(files: list[bytes], algorithm: str) -> None:
    check(DeviceKernels(queue(), algorithm), CpuKernels(algorithm), files)


@functools.cache
def lane(algorithm: str) -> SlabLane:
    return SlabLane(queue(), FrameLayout(1 << 15, 30), algorithm, 4000)


@given(st.lists(contents, max_size=30), st.sampled_from(sorted(DIGESTS)), st.booleans())
@settings(deadline=None, max_examples=40)
def test_any_slab_in_the_frame_of_those_before(files: list[bytes], algorithm: str, lines: bool) -> None:
    """The launches are those of the largest slab, and what the last one left is no part of the next."""
    sums = np.cumsum([len(file) for file in files])
    slab = slab_of([file for file, end in zip(files, sums, strict=True) if end <= 1 << 15])
    own, width, reference = lane(algorithm), DIGESTS[algorithm].width, CpuKernels(algorithm)
    frame = np.full(own.layout.data_offset + len(slab.data), 0x7B, np.uint8)
    head = heading(len(slab.data), slab.offsets, slab.lengths, width)
    frame[: head.nbytes] = head.view(np.uint8)
    frame[own.layout.data_offset :] = slab.data
    results, found = np.zeros(result_bytes(len(slab), width), np.uint8), np.zeros(line_bytes(4000), np.uint8)
    own.submit(frame, results, lines=lines, tokens=False)
    count = own.finish(found)
    assert_same(columns_of(results, len(slab), width), reference.columns(slab))
    expected = reference.lines(slab)
    assert count == (len(expected.heads) if lines and len(expected.heads) <= 4000 else None)
    if count is not None:
        assert_same(lines_of(found, count, results, slab.lengths, width), expected)
