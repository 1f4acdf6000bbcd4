"""What the owner of a card does by itself: halves of slabs, their results as one, and memory shared with workers."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from exosuit_cli.device import DeviceTotals
from exosuit_cli.device.halves import halves, join_columns, join_lines, join_tokens
from exosuit_cli.device.messages import Answer, Job, OwnerSettings, SlotSizes
from exosuit_cli.device.owner import Owner
from exosuit_cli.device.slot import SlotMemory
from exosuit_cli.kernels import CpuKernels
from exosuit_cli.model.slab import LineColumns, Slab, SlabColumns, TokenColumns

if TYPE_CHECKING:
    from collections.abc import Callable

TEXTS = st.lists(
    st.binary(max_size=40) | st.sampled_from([b"", b"\n", b"a {\n  b\n}\n", b"\tx"]), min_size=2, max_size=9
)


def slab_of(files: list[bytes]) -> Slab:
    lengths = np.array([len(file) for file in files], np.int64)
    return Slab(np.frombuffer(b"".join(files), np.uint8), np.cumsum(lengths) - lengths, lengths)


def same(left: SlabColumns | LineColumns | TokenColumns, right: SlabColumns | LineColumns | TokenColumns) -> None:
    for name in left.__slots__:
        one, other = getattr(left, name), getattr(right, name)
        assert one.dtype == other.dtype, name
        assert one.tolist() == other.tolist(), name


@given(TEXTS)
def test_the_halves_of_a_slab_give_what_the_slab_gives(files: list[bytes]) -> None:
    kernels = CpuKernels("blake3")
    slab = slab_of(files)
    parts = halves(slab)
    assert [len(part) > 0 for part in parts] == [True, True]
    assert b"".join(part.data.tobytes() for part in parts) == slab.data.tobytes()
    same(join_columns([kernels.columns(part) for part in parts]), kernels.columns(slab))
    joined = join_lines([kernels.lines(part) for part in parts])
    assert joined is not None
    same(joined, kernels.lines(slab))


@given(TEXTS, st.data())
def test_the_lines_of_some_files_are_those_of_a_slab_of_them(files: list[bytes], data: st.DataObject) -> None:
    kernels = CpuKernels("blake3")
    kept = sorted(data.draw(st.sets(st.integers(0, len(files) - 1))))
    same(kernels.lines(slab_of(files)).of_files(kept), kernels.lines(slab_of([files[index] for index in kept])))


def test_halves_are_about_as_large_as_each_other() -> None:
    first, second = halves(slab_of([b"x" * 10] * 100))
    assert len(first) == len(second) == 50
    first, second = halves(slab_of([b"x" * 1000, b"y"]))
    assert (len(first), len(second)) == (1, 1)


def test_tokens_of_halves_join() -> None:
    first, second = (TokenColumns(np.arange(size), np.arange(2 * size)) for size in (2, 3))
    joined = join_tokens([first, second], with_lines=True)
    assert joined is not None
    assert joined.before is not None
    assert (joined.counts.tolist(), joined.before.tolist()) == ([0, 1, 0, 1, 2], [0, 1, 2, 3, 0, 1, 2, 3, 4, 5])
    joined = join_tokens([first, second], with_lines=False)
    assert joined is not None
    assert joined.before is None
    assert join_tokens([first, None], with_lines=True) is None


@pytest.mark.parametrize("algorithm", ["blake3", "xxh3"])
@given(files=TEXTS)
def test_results_cross_to_another_mapping_of_the_memory(algorithm: str, files: list[bytes]) -> None:
    sizes = SlotSizes(4096, 1 << 16)
    descriptor = os.memfd_create("test")
    os.ftruncate(descriptor, sizes.slab_bytes + sizes.result_bytes)
    ours, theirs = (SlotMemory(os.dup(descriptor), sizes, algorithm) for _ in range(2))
    os.close(descriptor)
    kernels, slab = CpuKernels(algorithm), slab_of(files)
    columns, lines = kernels.columns(slab), kernels.lines(slab)
    count = len(lines.heads)
    assert theirs.most_lines(len(files)) >= count
    tokens = TokenColumns(slab.lengths * 3 - 1, np.arange(count, dtype=np.int64))
    theirs.write(columns, lines, tokens)
    found, found_lines, found_tokens = ours.read(len(files), count, has_tokens=True)
    assert found_tokens is not None
    same(found_tokens, tokens)
    same(found, columns)
    assert found_lines is not None
    same(found_lines, lines)
    theirs.write(columns, None)
    assert ours.read(len(files), None)[1:] == (None, None)
    theirs.write(columns, None, TokenColumns(tokens.counts, None))
    found_tokens = ours.read(len(files), None, has_tokens=True)[2]
    assert found_tokens is not None
    assert found_tokens.before is None
    assert found_tokens.counts.tolist() == tokens.counts.tolist()


@given(st.integers(0, 100), st.sampled_from(["blake3", "xxh3"]))
def test_as_many_lines_fit_as_are_told(files: int, algorithm: str) -> None:
    descriptor = os.memfd_create("test")
    os.ftruncate(descriptor, 4096 + 16384)
    memory = SlotMemory(descriptor, SlotSizes(4096, 16384), algorithm)
    most = memory.most_lines(files)
    assert most > 150
    memory.read(files, most, has_tokens=True)
    with pytest.raises(ValueError, match="have no room"):
        memory.read(files, most + 40, has_tokens=True)
    assert memory.most_lines(10_000) == 0


def test_results_without_room_are_a_failure_and_the_slot_goes_on(cards: Callable[..., Any]) -> None:
    cards()
    owner = Owner(OwnerSettings("device.emulated_driver", 0, "blake3", 0, 1, ""))
    sizes = SlotSizes(4096, 512)
    descriptor = os.memfd_create("test")
    os.ftruncate(descriptor, sizes.slab_bytes + sizes.result_bytes)
    memory = SlotMemory(descriptor, sizes, "blake3")
    for count, failure in ((40, "results of 40 files and 0 lines have no room in 512 bytes"), (1, None)):
        slab = slab_of([b"text\n"] * count)
        memory.slab[: len(slab.data)] = slab.data
        job = Job(len(slab.data), slab.offsets.tobytes(), slab.lengths.tobytes(), wants_lines=False)
        assert owner._answer(job, memory) == Answer(failure=failure)
    assert owner.totals().slabs == 1


def test_totals_of_cards_add_up() -> None:
    totals = DeviceTotals(slabs=2, pool_peak_bytes=5)
    totals.add(DeviceTotals(slabs=3, pool_peak_bytes=6, card_bytes=7))
    assert (totals.slabs, totals.pool_peak_bytes, totals.card_bytes, totals.process_bytes) == (5, 11, 7, None)
