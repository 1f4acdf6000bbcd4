"""The contract of a backend, held against blake3, xxhash and plain Python; a further backend joins `BACKENDS`."""

from __future__ import annotations

import random
from typing import TYPE_CHECKING

import numpy as np
import pytest
import xxhash
from blake3 import blake3
from hypothesis import given, settings
from hypothesis import strategies as st

from exosuit_cli.model.digests import DIGESTS
from exosuit_cli.model.slab import TEXT_PROBE_BYTES, Slab, SlabColumns

from .backends import BACKENDS, kernels_for

if TYPE_CHECKING:
    from collections.abc import Callable

    from exosuit_cli.kernels import Kernels


ORACLES: dict[str, Callable[[bytes], bytes]] = {
    "blake3": lambda data: blake3(data).digest(),
    "xxh3": lambda data: xxhash.xxh3_128(data).digest(),
    "xxh3_64": lambda data: xxhash.xxh3_64(data).digest(),
}

# Lengths around the borders of BLAKE3's blocks (64), chunks (1024) and subtrees, of the probe, of XXH3's classes of
# short inputs and of its stripes and blocks, and of a real file.
GOLDEN_LENGTHS = (
    *(2, 4, 5, 8, 9, 16, 17, 32, 33, 96, 97, 129, 159, 160, 161, 239, 240, 241, 1088, 1089, 2112, 2113),
    *(0, 1, 3, 63, 64, 65, 127, 128, 1023, 1024, 1025, 2047, 2048, 2049, 3072, 4096, 5120),
    *(8191, 8192, 8193, 16384, 31744, 102400),
)


@pytest.fixture(params=BACKENDS)
def device(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture(params=ORACLES)
def algorithm(request: pytest.FixtureRequest) -> str:
    return str(request.param)


def slab_of(files: list[bytes]) -> Slab:
    lengths = np.array([len(file) for file in files], np.int64)
    data = np.frombuffer(b"".join(files), np.uint8)
    return Slab(data, np.cumsum(lengths, dtype=np.int64) - lengths, lengths)


def assert_columns(columns: SlabColumns, files: list[bytes], algorithm: str) -> None:
    """Every value, dtype and shape, against the oracles."""
    assert columns.digests.dtype == np.uint8
    assert columns.digests.shape == (len(files), DIGESTS[algorithm].width)
    assert columns.digests.tobytes() == b"".join(ORACLES[algorithm](file) for file in files)
    expected = {
        "newlines": (np.int64, [file.count(b"\n") for file in files]),
        "last_bytes": (np.int16, [file[-1] if file else -1 for file in files]),
        "max_bytes": (np.uint8, [max(file, default=0) for file in files]),
        "has_nul": (np.bool_, [0 in file[:TEXT_PROBE_BYTES] for file in files]),
    }
    for name, (dtype, values) in expected.items():
        column = getattr(columns, name)
        assert (name, column.dtype) == (name, np.dtype(dtype))
        assert (name, column.tolist()) == (name, values)


def check(kernels: Kernels, files: list[bytes], algorithm: str) -> None:
    assert_columns(kernels.columns(slab_of(files)), files, algorithm)


def golden(length: int) -> bytes:
    """The input of BLAKE3's own test vectors: bytes that count from 0 to 250."""
    return bytes(range(251)) * (length // 251) + bytes(range(length % 251))


def test_device_is_named(device: str, algorithm: str) -> None:
    assert kernels_for(device, algorithm).device == device


def test_published_digests(device: str) -> None:
    """The first bytes of test_vectors.json of BLAKE3, and XXH3 of nothing as xxhsum -H2 and -H3 print it."""
    files = [b"", golden(1), golden(1024), golden(102400)]
    digests = kernels_for(device, "blake3").columns(slab_of(files)).digests
    assert [bytes(digest[:8]).hex() for digest in digests] == [
        "af1349b9f5f9a1a6",
        "2d3adedff11b61f1",
        "42214739f095a406",
        "bc3e3d41a1146b06",
    ]
    nothing = {"xxh3": "99aa06d3014798d86001c324468d497f", "xxh3_64": "2d06800538d394c2"}
    for algorithm, expected in nothing.items():
        assert kernels_for(device, algorithm).columns(slab_of([b""])).digests.tobytes().hex() == expected


@pytest.mark.parametrize("length", GOLDEN_LENGTHS)
def test_golden_lengths_alone(device: str, algorithm: str, length: int) -> None:
    check(kernels_for(device, algorithm), [golden(length)], algorithm)


def test_golden_lengths_together(device: str, algorithm: str) -> None:
    files = [golden(length) for length in GOLDEN_LENGTHS]
    check(kernels_for(device, algorithm), [*files, *reversed(files)], algorithm)


def test_no_files(device: str, algorithm: str) -> None:
    check(kernels_for(device, algorithm), [], algorithm)


def test_ten_thousand_empty_files(device: str, algorithm: str) -> None:
    check(kernels_for(device, algorithm), [b""] * 10_000, algorithm)


@pytest.mark.parametrize("width", [4, 16, 32])
def test_digests_of_spans(device: str, algorithm: str, width: int) -> None:
    """Any spans, in any order, overlapping or empty, up to the last byte; BLAKE3 whatever the algorithm of files."""
    source = random.Random(width)
    data = source.randbytes(70_001)
    starts = [source.randrange(len(data) + 1) for _ in range(300)]
    ends = [min(start + int(source.paretovariate(0.4)) - 1, len(data)) for start in starts]
    starts, ends = [0, len(data), 0, len(data) - 1, *starts], [len(data), len(data), 0, len(data), *ends]
    spans = np.array(starts, np.int64), np.array(ends, np.int64) - np.array(starts, np.int64)
    found = kernels_for(device, algorithm).span_digests(np.frombuffer(data, np.uint8), *spans, width)
    assert (found.dtype, found.shape) == (np.uint8, (len(starts), width))
    expected = b"".join(blake3(data[start:end]).digest(width) for start, end in zip(starts, ends, strict=True))
    assert found.tobytes() == expected


def test_no_spans(device: str) -> None:
    nothing = np.zeros(0, np.int64)
    found = kernels_for(device, "blake3").span_digests(np.zeros(9, np.uint8), nothing, nothing, 16)
    assert found.shape == (0, 16)


@pytest.mark.parametrize("width", [0, 2, 17, 36, -4])
def test_widths_that_no_backend_has(device: str, width: int) -> None:
    nothing = np.zeros(0, np.int64)
    with pytest.raises(ValueError, match=f"{width} bytes"):
        kernels_for(device, "blake3").span_digests(np.zeros(9, np.uint8), nothing, nothing, width)


def test_five_thousand_files(device: str, algorithm: str) -> None:
    source = random.Random(5000)
    files = [source.randbytes(min(int(source.paretovariate(0.7)), 60_000) - 1) for _ in range(5000)]
    assert b"" in files
    check(kernels_for(device, algorithm), files, algorithm)


@pytest.mark.parametrize("place", [0, 1, 8190, 8191, 8192, 8193, 20_000])
def test_nul_counts_within_the_probe_only(device: str, place: int) -> None:
    """Also when the neighbours hold NULs: nothing leaks from file to file."""
    file = bytearray(b"x" * 20_001)
    file[place] = 0
    files = [b"\0", bytes(file), b"\0" * 3, b"a" * 8192, b"b", b"", b"\0"]
    columns = kernels_for(device, "blake3").columns(slab_of(files))
    assert columns.has_nul.tolist() == [True, place < TEXT_PROBE_BYTES, True, False, False, False, True]


@pytest.mark.parametrize("fill", [b"", b"\n", b"\0", b"\x7f", b"\x80", b"\xff"])
def test_one_byte_values(device: str, algorithm: str, fill: bytes) -> None:
    """Empty files first, last and between, where `reduceat` would take the next file's first byte."""
    check(kernels_for(device, algorithm), [b"", fill, b"", b"", fill * 9000, fill, b"", b""], algorithm)


def test_slabs_one_after_the_other(device: str, algorithm: str) -> None:
    """What a backend keeps between slabs (buffers) changes no answer, whether the next slab is larger or smaller."""
    kernels = kernels_for(device, algorithm)
    source = random.Random(7)
    for count in (3, 500, 1, 0, 40, 1000, 2):
        check(kernels, [source.randbytes(source.randrange(3000)) for _ in range(count)], algorithm)


def test_data_may_be_part_of_a_larger_buffer(device: str, algorithm: str) -> None:
    """A slab's data is a view of a buffer that holds the last slab's bytes behind it."""
    files = [b"one\n", b"", b"three"]
    whole = slab_of(files)
    buffer = np.frombuffer(whole.data.tobytes() + b"\0\n\xff" * 5000, np.uint8)
    columns = kernels_for(device, algorithm).columns(Slab(buffer[: len(whole.data)], whole.offsets, whole.lengths))
    assert_columns(columns, files, algorithm)


pieces = st.one_of(
    st.binary(max_size=200),
    st.sampled_from([b"", b"\n", b"\0", b"\xff", b"line\n" * 50]),
    st.builds(lambda data, times: data * times, st.binary(min_size=1, max_size=9), st.integers(1, 2000)),
)


@given(st.lists(pieces, max_size=40), st.sampled_from(sorted(ORACLES)))
@settings(deadline=None)
def test_any_files(files: list[bytes], algorithm: str) -> None:
    for device in BACKENDS:
        check(kernels_for(device, algorithm), files, algorithm)
