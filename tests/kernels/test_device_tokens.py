"""The tokens that a device counts are tiktoken's, byte for byte, in a part of what `scripts/prove_tokens.py` proves."""

from __future__ import annotations

import functools
import random
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest
import token_cases as cases
from hypothesis import given, settings
from hypothesis import strategies as st
from tokens.conftest import Oracle
from tokens.texts import texts

from exosuit_cli.kernels.device_kernels import DeviceKernels
from exosuit_cli.kernels.device_tokens import DeviceTables
from exosuit_cli.model.encodings import ENCODINGS
from exosuit_cli.tokens import load_counter
from exosuit_cli.tokens.tables import counting_tables

from .backends import libraries
from .emulated import EmulatedQueue, build_one

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from exosuit_cli.model.slab import TokenColumns

SAMPLED = 2_500


class Device:
    """A device that counts in one encoding."""

    def __init__(self, encoding: str) -> None:
        self.encoding = encoding
        self.queue, self._keeper = EmulatedQueue(libraries()), EmulatedQueue(libraries())
        self.tables = DeviceTables.upload(self._keeper, counting_tables(encoding))
        self.kernels = DeviceKernels(self.queue, "xxh3_64", self.tables)

    def counted(self, *files: bytes) -> TokenColumns:
        flight = self.kernels.begin(cases.slab_of(files), lines=True, tokens=self.encoding)
        flight.finish()
        found = flight.tokens()
        assert found is not None
        return found

    def check(self, files: Iterable[bytes], ids: Callable[[bytes], Sequence[int]]) -> int:
        """No token differs; how many files were left."""
        group = list(files)
        found = cases.count_alone(self.queue, self.tables, cases.slab_of(group))
        bad, left = cases.differences(self.encoding, group, [ids(file) for file in group], found)
        assert bad == []
        return left


@functools.cache
def device_for(encoding: str) -> Device:
    return Device(encoding)


@functools.cache
def oracle_for(encoding: str) -> Oracle:
    return Oracle(encoding)


@pytest.fixture(params=list(ENCODINGS))
def device(request: pytest.FixtureRequest) -> Device:
    return device_for(str(request.param))


@pytest.fixture
def oracle(device: Device) -> Oracle:
    return oracle_for(device.encoding)


def test_short_strings_of_every_class(device: Device, oracle: Oracle) -> None:
    """All of up to three characters, and a sample of those of four and five, which the script compares in full."""
    rng = random.Random(1)
    short = chain.from_iterable(map(cases.strings, range(1, 4)))
    longer = ("".join(rng.choices(cases.REPRESENTATIVES, k=rng.choice((4, 5)))) for _ in range(SAMPLED))
    contracting = ("".join(rng.choices(cases.CONTRACTING, k=4)) for _ in range(SAMPLED // 2))
    assert device.check((text.encode() for text in chain(short, longer, contracting)), oracle.ids) == 0


def test_scalars(device: Device) -> None:
    """Every class of characters as the packaged counter has it; tiktoken follows an earlier Unicode."""
    rng = random.Random(2)
    codes = [*range(0x250), *rng.sample(range(0x35000), 400), 0x16EA0, 0x16EBB, 0xE0100, 0x10FFFF]
    encode = load_counter(device.encoding).encode
    groups = cases.batches(cases.scalar_texts(codes), 90)
    assert device.check(("".join(group).encode() for group in groups), encode) == 0


def test_tokens_of_the_vocabulary(device: Device, oracle: Oracle) -> None:
    """A sample, and all the longest: those are too long for the table of words, and are merged."""
    entries = list(cases.vocabulary_texts(device.encoding))
    long = [entry for entry in entries if len(entry) in range(30, 129)][:600]
    device.check([*random.Random(3).sample(entries, SAMPLED), *long], oracle.ids)


def test_sources_and_the_tokens_before_their_lines(device: Device, oracle: Oracle) -> None:
    files = [
        *cases.tree_texts(Path(__file__).parents[2] / "exosuit_cli" / "kernels"),
        b"",
        b"a\n\n\n\n  b",
        b"\n",
    ]
    found, slab = device.counted(*files), cases.slab_of(files)
    ids = [oracle.ids(file) for file in files]
    assert found.counts.tolist() == [len(own) for own in ids]
    sums = np.append(0, np.cumsum(cases.expected_starts(device.encoding, len(slab.data), ids)))
    lines = device.kernels.lines(slab)
    before = sums[lines.starts[:-1]] - np.repeat(sums[slab.offsets], np.diff(lines.files))
    assert found.before is not None
    assert found.before.tolist() == before.tolist()


@settings(max_examples=40, deadline=None)
@given(found=st.lists(texts, max_size=6), encoding=st.sampled_from(list(ENCODINGS)))
def test_texts(found: list[str], encoding: str) -> None:
    files = [text.encode() for text in found if text]
    if files:
        device_for(encoding).check(files, oracle_for(encoding).ids)


def test_files_end_at_every_byte_of_a_tile(device: Device, oracle: Oracle) -> None:
    """512 files of 37 bytes, which is odd."""
    rng = random.Random(4)
    pieces = ["word", " ", "don't ", "\n", "\u00e9", "\u65e5\u672c", "42", ");\n"]
    files = ["".join(rng.choices(pieces, k=37)).encode()[:37] for _ in range(512)]
    files = [file.decode(errors="ignore").encode().ljust(37, b"x") for file in files]
    assert device.check(files, oracle.ids) == 0


ILL_FORMED = (
    b"\x80", b"a\xbf", b"\xc0\xaf", b"\xc1\x81", b"\xe0\x80\xaf", b"\xe0\x9f\xbf", b"\xf0\x80\x80\xaf",
    b"\xf0\x8f\xbf\xbf", b"\xed\xa0\x80", b"\xed\xbf\xbf", b"\xf4\x90\x80\x80", b"\xf5\x80\x80\x80", b"\xff", b"\xc3",
    b"\xe4\xb8", b"\xf0\x9f\x91", b"\xc3\xc3\xa9", b"\xe4\xb8a", b"\xc3\xa9\xa9", b"\xe4\xb8\xad\xad",
    b"x" * 15 + b"\xa9",
)  # fmt: skip


def test_what_is_no_utf8_is_left_and_nothing_else_is(device: Device, oracle: Oracle) -> None:
    """Also where a sequence is cut by the end of its file, and the next file would complete it."""
    sound = "é中👍 \ud7ff\ue000\uffff\U00010000\U0010ffff".encode()
    files = [part for bad in ILL_FORMED for part in (bad, sound, b"text " + bad + b" text\n", sound)]
    files += [b"\xe4", b"\xb8\xad", b"ok", b"\xf0\x9f", b"\x91\x8d", b""]
    counts = device.counted(*files).counts.tolist()
    for file, count in zip(files, counts, strict=True):
        try:
            text = file.decode()
        except UnicodeDecodeError:
            assert count == -1, file
        else:
            assert count == oracle.count(text), file


@pytest.mark.parametrize("unit", [b"x", b"X", b"-", b" ", b"\n", b"\t", "あ".encode(), "\u0301".encode(), b"=\n"[:1]])
def test_a_word_that_is_too_long_leaves_its_file_and_no_other(device: Device, oracle: Oracle, unit: bytes) -> None:
    other = b"one two\n"
    fitting = unit * (128 // len(unit))
    sizes = [len(fitting), 126 // len(unit) * len(unit), 129 + len(unit), 5000, 100_000]
    files = [part for size in sizes for part in (unit * (size // len(unit)), other)]
    counts = device.counted(*files).counts
    assert counts[1::2].tolist() == [oracle.count(other)] * len(sizes)
    assert counts[0] == oracle.count(files[0])
    assert counts[2] == oracle.count(files[2])
    assert counts[4::2].tolist() == [-1] * 3


def test_a_word_that_gives_back_characters_beyond_the_limit_is_left(device: Device, oracle: Oracle) -> None:
    files = ["Aあ" + "B" * 140, "Aあ" + "B" * 140 + "c", "Aあ" + "B" * 100, " " * 100 + "\n" + " " * 40, "aB" * 2500]
    for file, count in zip(files, device.counted(*map(str.encode, files)).counts.tolist(), strict=True):
        assert count in (-1, oracle.count(file)), file[:9]


def test_numbers_without_end_are_counted_or_left(device: Device, oracle: Oracle) -> None:
    files = [b"1" * size for size in (3999, 5000)]
    assert device.counted(*files).counts.tolist() == [oracle.count(files[0]), -1]


def test_hostile_bytes_are_counted_or_left(device: Device) -> None:
    noise = np.random.default_rng(5).integers(0, 256, 3000, np.uint8).tobytes()
    files = [noise, b"\x80" * 3000, b"\xc3" * 3000, b"'s\x80" * 900, bytes(3000)]
    assert device.counted(*files).counts.tolist() == [-1] * 5


def test_no_file_and_empty_files(device: Device) -> None:
    assert device.counted().counts.tolist() == []
    found = device.counted(b"", b"")
    assert found.counts.tolist() == [0, 0]
    assert found.before is not None
    assert device.counted(b"", b"a b", b"", b"c\n", b"").counts.tolist() == [0, 2, 0, 2, 0]


def test_tokens_are_those_of_the_named_encoding_or_none(device: Device) -> None:
    other = next(name for name in ENCODINGS if name != device.encoding)
    for encoding in (None, other):
        flight = device.kernels.begin(cases.slab_of([b"text"]), lines=False, tokens=encoding)
        flight.finish()
        assert flight.tokens() is None
    flight = device.kernels.begin(cases.slab_of([b"text"]), lines=False, tokens=device.encoding)
    flight.finish()
    found = flight.tokens()
    assert found is not None
    assert (found.counts.tolist(), found.before) == ([1], None)


def test_both_ways_to_find_the_least_of_a_warp(tmp_path: Path) -> None:
    """Cards before Ampere have no instruction for it."""
    source = Path(__file__).parents[2] / "exosuit_cli" / "kernels" / "tokens.cu"
    text = source.read_text()
    start = text.index("__device__ __forceinline__ u32 least_of_warp")
    body = text[start : text.index("\n}\n", start) + 3]
    kernel = """
        extern "C" __global__ void least_kernel(u32* values) {
            values[threadIdx.x] = least_of_warp(values[threadIdx.x]);
        }"""
    shared = (source.parent / "slab.cuh").read_text()
    values = np.random.default_rng(6).integers(0, 1 << 32, 64, np.uint64).astype(np.uint32)
    for number, version in enumerate(("", "#define __CUDA_ARCH__ 750\n")):
        folder = tmp_path / str(number)
        folder.mkdir()
        library = build_one(folder, shared + version + body + kernel, "least_kernel")
        queue = EmulatedQueue({"one.cu": library}, kernels={"least_kernel": "one.cu"})
        buffer = queue.buffer("values", values.nbytes)
        queue.upload(buffer, values)
        queue.launch("least_kernel", 1, 64, buffer)
        found = np.empty_like(values)
        queue.download(buffer, found)
        queue.synchronize()
        assert found.tolist() == [values[:32].min()] * 32 + [values[32:].min()] * 32
