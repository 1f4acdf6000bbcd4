"""What the owner of a card does by itself: memory shared with workers, and slots that are never lost."""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from blake3 import blake3
from hypothesis import given
from hypothesis import strategies as st

from exosuit_cli.device import DeviceTotals
from exosuit_cli.device.link import DeviceLink
from exosuit_cli.device.messages import OwnerSettings
from exosuit_cli.device.owner import Owner
from exosuit_cli.device.remote import LEAST_SPANS, RemoteKernels
from exosuit_cli.device.ring import SlabRing, make_memory
from exosuit_cli.device.sizes import SLOTS, RingSizes, ring_sizes
from exosuit_cli.kernels import CpuKernels
from exosuit_cli.kernels.frame import columns_of, line_bytes, most_lines, most_spans
from exosuit_cli.model.records import Batch, Directory
from exosuit_cli.model.slab import LineColumns, Slab, SlabColumns, TokenColumns
from exosuit_cli.shards.reading import Next
from exosuit_cli.shards.settings import ShardSettings
from exosuit_cli.shards.shard import Shard

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    import numpy.typing as npt

TEXTS = st.lists(
    st.binary(max_size=40) | st.sampled_from([b"", b"\n", b"a {\n  b\n}\n", b"\tx"]), min_size=2, max_size=9
)
SIZES = RingSizes(slots=3, slab_bytes=4096, files=100, lines=0, width=32)


def slab_of(files: list[bytes]) -> Slab:
    lengths = np.array([len(file) for file in files], np.int64)
    return Slab(np.frombuffer(b"".join(files), np.uint8), np.cumsum(lengths) - lengths, lengths)


def same(left: SlabColumns | LineColumns | TokenColumns, right: SlabColumns | LineColumns | TokenColumns) -> None:
    for name in left.__slots__:
        one, other = getattr(left, name), getattr(right, name)
        assert one.dtype == other.dtype, name
        assert one.tolist() == other.tolist(), name


@given(TEXTS, st.data())
def test_the_lines_of_some_files_are_those_of_a_slab_of_them(files: list[bytes], data: st.DataObject) -> None:
    kernels = CpuKernels("blake3")
    kept = sorted(data.draw(st.sets(st.integers(0, len(files) - 1))))
    same(kernels.lines(slab_of(files)).of_files(kept), kernels.lines(slab_of([files[index] for index in kept])))


@pytest.mark.parametrize(
    ("slots", "slab_bytes", "files", "lines"), [(1, 1, 1, 0), (5, 70_001, 33, 999), (2, 512, 0, 0)]
)
def test_the_parts_of_slots_do_not_meet(slots: int, slab_bytes: int, files: int, lines: int) -> None:
    sizes = RingSizes(slots, slab_bytes, files, lines, 32)
    descriptor = make_memory(sizes)
    ours, theirs = SlabRing(descriptor, sizes), SlabRing(descriptor, sizes)
    os.close(descriptor)
    for number in range(slots):
        slot = ours.slot(number)
        assert len(slot.data) == slab_bytes
        assert len(slot.found) == line_bytes(lines)
        slot.frame[:], slot.data[:], slot.results[:], slot.found[:] = 1, 2, 3, 4
    for number in range(slots):
        slot = theirs.slot(number)
        assert slot.memory.ctypes.data % 4096 == 0
        for part, value in ((slot.data, 2), (slot.results, 3), (slot.found, 4)):
            assert (part == value).all()
        assert (slot.frame[: ours.layout.data_offset] == 1).all()


@given(st.integers(0, 100_000))
def test_as_many_lines_fit_as_are_told(nbytes: int) -> None:
    assert line_bytes(most_lines(nbytes)) <= nbytes < line_bytes(most_lines(nbytes) + 1)


@pytest.fixture
def owner(cards: Callable[..., Any]) -> Owner:
    """The owner of an emulated card, in this process."""
    cards()
    return Owner(OwnerSettings("device.emulated_driver", 0, "blake3", 0, 2, "", SIZES))


@pytest.fixture
def address(owner: Owner) -> Iterator[str]:
    """Where it answers."""
    with serving(owner) as place:
        yield place


@contextlib.contextmanager
def serving(owner: Owner) -> Iterator[str]:
    """Where an owner answers."""
    place = "\0exosuit-test-" + os.urandom(8).hex()
    with socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as listener:
        listener.bind(place)
        listener.listen()
        owner.start(listener)
        yield place


def compute(link: DeviceLink, text: bytes) -> None:
    slot, slab = link.take(), slab_of([text, b"", text])
    slot.data[: len(slab.data)] = slab.data
    link.send(slot, slab, lines=False, tokens=False, batch=1)
    answer = link.receive(slot)
    assert answer.failure is None
    same(columns_of(slot.results, len(slab), 32), CpuKernels("blake3").columns(slab))
    link.keep(slot)


def test_a_slot_is_used_again_and_given_to_those_who_wait(address: str) -> None:
    with DeviceLink(address) as first, DeviceLink(address) as second:
        for number in range(9):
            compute(first, b"line\n" * number)
        held = [first.take() for _ in range(SIZES.slots)]
        assert len({slot.number for slot in held}) == SIZES.slots
        waiting = threading.Thread(target=compute, args=(second, b"mine\n"))
        waiting.start()
        while not first.is_wanted:  # it is told with the next answer
            first.send(held[0], slab_of([b"x"]), lines=False, tokens=False, batch=1)
            assert first.receive(held[0]).failure is None
        first.keep(held[0])
        waiting.join(60)
        assert not waiting.is_alive()


def spans_of(rng: np.random.Generator, size: int, count: int) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    """Spans of any place and length, and together no longer than the slab; the first is empty, the second is all."""
    lengths = np.append([0, size // 2], rng.integers(0, size // 2 // count, count - 2)).astype(np.int64)
    return rng.integers(0, size // 2, count), lengths


def test_the_spans_of_a_slab_that_was_computed_are_digested(cards: Callable[..., Any]) -> None:
    """The card is asked as long as it has room; what it does not take, and all where it fails, the CPU digests."""
    cards(spans_fit=2)
    sizes = replace(SIZES, slab_bytes=1 << 15, lines=3000, width=16)
    owner = Owner(OwnerSettings("device.emulated_driver", 0, "xxh3", 0, 1, "", sizes))
    cpu, rng = CpuKernels("xxh3"), np.random.default_rng(3)
    with serving(owner) as place:
        kernels = RemoteKernels("cuda:0", (place,), "xxh3", is_demanded=False)
        kernels.buffers(sizes.slab_bytes, lines=True)
        text = slab_of([b"one line\n" * 80, b"another {\n" * 2000])
        data = kernels.take(sizes.slab_bytes)[: len(text.data)]
        data[:] = text.data
        slab = Slab(data, text.offsets, text.lengths)

        def ask(count: int, width: int = 16, of: npt.NDArray[np.uint8] = data) -> int:
            """How many the owner has digested then."""
            starts, lengths = spans_of(rng, len(data), count)
            expected = cpu.span_digests(of, starts, lengths, width)
            assert (kernels.span_digests(of, starts, lengths, width) == expected).all()
            return owner.totals().chunk_ids

        kernels.begin(slab, lines=True).finish()
        most = most_spans(sizes.slab_bytes, line_bytes(sizes.lines))
        asked = [
            ask(most),
            ask(most + 1),
            ask(LEAST_SPANS - 1),
            ask(most, 32),
            ask(most, 16, data[1:]),
            ask(LEAST_SPANS),
        ]
        assert asked == [most] * 5 + [most + LEAST_SPANS]
        assert ask(LEAST_SPANS) == asked[-1]
        assert kernels.failures == {"no room for spans": 1}
        columns, lines = kernels.begin(slab, lines=True).finish()  # the slot goes on
        same(columns, cpu.columns(slab))
        assert lines is not None
        same(lines, cpu.lines(slab))
        kernels.close()


def test_the_lines_of_a_slab_stay_while_it_does(cards: Callable[..., Any]) -> None:
    """They are in memory that is kept: that of its own slot, and larger where there are more."""
    cards()
    sizes = replace(SIZES, lines=3000)
    owner = Owner(OwnerSettings("device.emulated_driver", 0, "blake3", 0, 2, "", sizes))
    cpu = CpuKernels("blake3")
    with serving(owner) as place:
        kernels = RemoteKernels("cuda:0", (place,), "blake3", is_demanded=True)
        kernels.buffers(sizes.slab_bytes, lines=True)
        for number in (3, 400, 20):
            begun = []
            for text in (b"one {\n" * number, b"\tother\n" * number):
                data = kernels.take(sizes.slab_bytes)[: len(text)]
                data[:] = np.frombuffer(text, np.uint8)
                slab = Slab(data, np.zeros(1, np.int64), np.array([len(text)]))
                begun.append((slab, kernels.begin(slab, lines=True)))
            found = [pending.finish()[1] for _, pending in begun]
            for (slab, _), lines in zip(begun, found, strict=True):
                assert lines is not None
                same(lines, cpu.lines(slab))
        kernels.close()


def test_no_worker_waits_for_the_slots_of_another(cards: Callable[..., Any]) -> None:
    """One that waits for a second slot holds a first one, filled or even computed: few would get on at a time."""
    cards()
    sizes = ring_sizes(3, 4096, 10, "blake3", lines=False)
    owner = Owner(OwnerSettings("device.emulated_driver", 0, "blake3", 0, 1, "", sizes))
    with serving(owner) as place, DeviceLink(place) as one, DeviceLink(place) as two, DeviceLink(place) as three:
        held = [link.take().number for link in (one, two, three) for _ in range(SLOTS)]
        assert sorted(held) == list(range(sizes.slots))


def test_a_slab_without_room_is_a_failure_and_the_slot_goes_on(address: str) -> None:
    with DeviceLink(address) as link:
        slot = link.take()
        too_large = slab_of([b"a" * SIZES.slab_bytes, b""])
        slab = Slab(np.zeros(SIZES.slab_bytes + 1, np.uint8), too_large.offsets, too_large.lengths)
        link.send(slot, slab, lines=False, tokens=False, batch=1)
        assert link.receive(slot).failure == "ValueError: a slab of 4097 bytes and 2 files has no room in a slot"
        link.keep(slot)
        compute(link, b"text\n")


_WORKER = """
import sys, numpy as np
from exosuit_cli.device.link import DeviceLink
from exosuit_cli.model.slab import Slab
link = DeviceLink(sys.argv[1].replace("@", chr(0)))
slots = [link.take() for _ in range(3)]
slab = Slab(np.full(4000, 97, np.uint8), np.zeros(1, np.int64), np.array([4000]))
slots[0].data[:4000] = 97
link.send(slots[0], slab, lines=False, tokens=False, batch=1)
slots[1].data[:100] = 98
print("filling", flush=True)
sys.stdin.read()
"""


def test_the_slots_of_a_worker_that_is_killed_come_back(address: str) -> None:
    """It holds all of them: one is with the card, one is being filled."""
    worker = subprocess.Popen(
        [sys.executable, "-c", _WORKER, address.replace("\0", "@")], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    assert worker.stdout is not None
    assert worker.stdout.readline() == b"filling\n"
    os.kill(worker.pid, signal.SIGKILL)
    worker.communicate()
    with DeviceLink(address) as link:
        slots = [link.take() for _ in range(SIZES.slots)]
        assert len({slot.number for slot in slots}) == SIZES.slots
        for slot in slots:
            link.keep(slot)
        compute(link, b"still here\n")


def test_a_batch_is_begun_while_the_one_before_is_with_the_card(tmp_path: Path, owner: Owner, address: str) -> None:
    opened: Any = owner._opened
    status = tmp_path.stat()
    folder = Directory(b"", status.st_dev, status.st_ino, status.st_mtime_ns, status.st_ctime_ns)
    names = [b"%d" % number for number in range(7)]
    for number, name in enumerate(names):  # the fifth is larger than a slab
        (tmp_path / name.decode()).write_bytes(name * (9000 if number == 4 else 3000))
    batches = [Batch(((folder, part),)) for part in (tuple(names[:2]), tuple(names[2:4]), tuple(names[4:]))]
    settings = ShardSettings(
        base=bytes(tmp_path),
        encoding=None,
        hash="blake3",
        device="cuda:0",
        max_file_size=0,
        slab_bytes=SIZES.slab_bytes,
        follow=False,
        addresses=(address,),
        device_is_demanded=True,
    )
    shard = Shard(settings, None)
    after = [Next(batch, read_links=True, number=1) for batch in batches[1:]]
    is_begun, digests = [], []
    for batch in batches:
        result = shard.ingest(batch, following=lambda: after.pop(0) if after else None)
        is_begun.append(shard._ahead is not None)
        digests += result.rows["digest"].tolist()
    assert is_begun == [True, True, False]
    assert opened.uploads == 6  # two slabs a batch; the large file is none
    assert [bytes(digest) for digest in digests] == [
        blake3((tmp_path / name.decode()).read_bytes()).digest() for name in names
    ]
    shard.close()


@pytest.mark.parametrize("is_demanded", [False, True])
def test_a_card_that_has_both_slots_is_waited_for_only_where_it_is_demanded(
    tmp_path: Path, cards: Callable[..., Any], is_demanded: bool
) -> None:
    """Else a worker computes a slab itself meanwhile; the results are the same, and in order."""
    cards(bytes_per_s=2e5)
    status = tmp_path.stat()
    folder = Directory(b"", status.st_dev, status.st_ino, status.st_mtime_ns, status.st_ctime_ns)
    names = [b"%02d" % number for number in range(20)]
    for number, name in enumerate(names):  # one a slab; one is larger, one is empty
        (tmp_path / name.decode()).write_bytes(name * (9000 if number == 9 else 0 if number == 4 else 1500))
    owner = Owner(OwnerSettings("device.emulated_driver", 0, "blake3", 0, 2, "", SIZES))
    with serving(owner) as place:
        settings = ShardSettings(
            base=bytes(tmp_path), encoding=None, hash="blake3", device="cuda:0", max_file_size=0,
            slab_bytes=SIZES.slab_bytes, follow=False, addresses=(place,), device_is_demanded=is_demanded,
        )  # fmt: skip
        shard = Shard(settings, None)
        batches = [Batch(((folder, tuple(part)),)) for part in (names[:10], names[10:])]
        after = [Next(batches[1], read_links=True, number=1)]
        digests = []
        for batch in batches:
            result = shard.ingest(batch, following=lambda: after.pop() if after else None)
            digests += result.rows["digest"].tolist()
        beside = shard.totals().beside_device
        shard.close()
    assert [bytes(digest) for digest in digests] == [
        blake3((tmp_path / name.decode()).read_bytes()).digest() for name in names
    ]
    slabs = owner.totals().slabs
    assert (beside["cpu_files"] == 1) == is_demanded
    assert slabs > 2
    assert (slabs == len(names) - 2) == is_demanded


def test_what_is_no_message_ends_the_connection_only(address: str) -> None:
    stranger = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    stranger.connect(address)
    stranger.recv(100)
    stranger.send(b"hello")
    deadline = time.monotonic() + 30
    while stranger.recv(100) and time.monotonic() < deadline:
        pass
    stranger.close()
    with DeviceLink(address) as link:
        compute(link, b"text\n")


def test_totals_of_cards_add_up() -> None:
    totals = DeviceTotals(slabs=2, pool_peak_bytes=5)
    totals.add(DeviceTotals(slabs=3, pool_peak_bytes=6, card_bytes=7))
    assert (totals.slabs, totals.pool_peak_bytes, totals.card_bytes, totals.process_bytes) == (5, 11, 7, None)
