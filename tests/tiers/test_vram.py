"""Token ids on a card: emulated here, and on a real one where it answers."""

from __future__ import annotations

import ctypes
import gc
import sys
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from kernels.backends import libraries
from kernels.emulated import EmulatedQueue
from kernels.host_cupy import HostCupy

from exosuit_cli.kernels.cuda import CudaDevice
from exosuit_cli.kernels.device import DeviceLost
from exosuit_cli.tiers.ids import TokenIds
from exosuit_cli.tiers.protocol import Entry, key_of
from exosuit_cli.tiers.ram import RamTier
from exosuit_cli.tiers.stack import TierStack
from exosuit_cli.tiers.vram import DeviceIds, VramTier

from .places import DictTier, entries
from .test_contract import on_a_card

if TYPE_CHECKING:
    from pathlib import Path

    import numpy.typing as npt

ROOM = 1 << 20


def tier(room: int = ROOM, budget: int = 1 << 40) -> VramTier:
    return VramTier(EmulatedQueue(libraries(), budget), room, 10**9)


def read(ids: DeviceIds | None) -> bytes:
    """What lies there, by the interface that others use; an emulated card's memory is the process's own."""
    assert ids is not None
    interface = ids.__cuda_array_interface__
    assert (interface["typestr"], interface["strides"], interface["version"]) == ("<u4", None, 3)
    address, is_read_only = interface["data"]
    assert not is_read_only, "PyTorch refuses the mark"
    return ctypes.string_at(address, interface["shape"][0] * 4)


def encode(text: bytes) -> npt.NDArray[np.uint32]:
    return np.frombuffer(text, np.uint8).astype(np.uint32) * 1000


def test_ids_are_handed_out_where_they_lie() -> None:
    vram, some = tier(), entries(50)
    vram.put(some)
    for entry, ids in zip(some, vram.ids([entry.key for entry in some]), strict=True):
        assert read(ids) == entry.data
    assert vram.ids([bytes(16)]) == [None]
    first = vram.ids([some[0].key])[0]
    assert first is not None
    assert first.__dlpack_device__() == (2, 0)
    assert len(first) == len(some[0].data) // 4
    vram.close()


def test_what_is_in_use_is_not_written_over() -> None:
    vram, some = tier(), entries(40, least=1000)
    vram.put(some)
    lent = vram.ids([some[0].key])[0]
    before = vram.usage().used_bytes
    vram.discard([some[0].key])
    assert vram.get([some[0].key]) == [None]
    assert vram.usage().used_bytes == before
    vram.put(entries(200, seed=9))
    assert read(lent) == some[0].data
    del lent
    gc.collect()
    vram.discard([entry.key for entry in (*some, *entries(200, seed=9))])
    assert vram.usage().used_bytes == 0
    vram.close()


def test_a_byte_that_flips_on_the_card_is_a_miss() -> None:
    vram, some = tier(), entries(5)
    vram.put(some)
    ids = vram.ids([some[2].key])[0]
    assert ids is not None
    ctypes.memset(ids.address + 3, 0x55, 1)
    assert vram.get([entry.key for entry in some]) == [None if place == 2 else e.data for place, e in enumerate(some)]
    assert vram.usage().damaged == 1
    vram.close()


def test_a_card_without_room_takes_the_first() -> None:
    some = entries(300)
    vram = tier(room=1 << 24, budget=1 << 19)
    taken = vram.put(some)
    assert 0 < taken < 300
    assert vram.get([entry.key for entry in some[:taken]]) == [entry.data for entry in some[:taken]]
    vram.close()


def test_no_text_by_halves() -> None:
    vram = tier()
    with pytest.raises(ValueError, match="no whole number of token ids"):
        vram.put([Entry(key_of(b"text!"), b"text!", 1)])
    vram.close()


def test_ids_of_text_come_when_asked_for_and_leave_for_others() -> None:
    vram, floor = tier(room=40_000), DictTier()
    stack = TierStack([RamTier(1 << 20, 10**6)], floor, ids=vram, limit_tokens=10**6)
    some = entries(60, most=400)
    stack.put(some)
    ids = TokenIds(stack, vram, encode)
    for _ in range(2):
        for entry in some:
            found = ids.get([entry.key, bytes(16)])
            assert read(found[0]) == encode(entry.data).tobytes()
            assert found[1] is None
    usage = vram.usage()
    assert usage.used_bytes <= usage.capacity_bytes
    report = stack.report()
    assert [tier.usage.name for tier in report.tiers] == ["vram", "ram", "nvme"]
    assert report.tiers[0].counters.evictions > 0
    assert report.resident_tokens == usage.tokens + report.tiers[1].usage.tokens
    stack.limit_tokens = report.tiers[1].usage.tokens // 2
    assert stack.resident_tokens <= stack.limit_tokens
    stack.close()


def test_a_card_that_is_lost_is_passed_over(monkeypatch: pytest.MonkeyPatch) -> None:
    vram = tier()
    stack = TierStack([RamTier(1 << 20, 10**6)], DictTier(), ids=vram)
    some = entries(6, most=400)
    stack.put(some)
    ids = TokenIds(stack, vram, encode)
    assert all(found is not None for found in ids.get([entry.key for entry in some[:2]]))

    def lost(*_: Any) -> None:
        raise DeviceLost("device cuda:0: fell off the bus")

    monkeypatch.setattr(vram._queue, "upload", lost)
    assert ids.get([some[4].key]) == [None]
    report = stack.report()
    assert len(report.warnings) == 1
    assert "fell off the bus" in report.warnings[0]
    assert stack.get_many([entry.key for entry in some]) == [entry.data for entry in some]
    monkeypatch.undo()
    stack.close()


def test_the_calls_of_cupy(monkeypatch: pytest.MonkeyPatch) -> None:
    """Copies are carried out as late as CUDA may: what is put is there when `put` returns, and so is what is got."""
    monkeypatch.setitem(sys.modules, "cupy", HostCupy(libraries()))
    vram, some = VramTier(CudaDevice(0).queue(), ROOM, 10**9), entries(100)
    assert vram.put(some) == 100
    assert [read(ids) for ids in vram.ids([entry.key for entry in some])] == [entry.data for entry in some]
    assert vram.get([entry.key for entry in some]) == [entry.data for entry in some]
    vram.close()


@pytest.mark.gpu
def test_an_engine_takes_ids_without_a_copy(tmp_path: Path) -> None:
    vram: Any = on_a_card()(tmp_path, ROOM, 10**9)
    import cupy

    some = entries(200)
    vram.put(some)
    for entry, ids in zip(some, vram.ids([entry.key for entry in some]), strict=True):
        for array in (cupy.asarray(ids), cupy.from_dlpack(ids)):
            assert array.data.ptr == ids.address
            assert array.dtype == np.uint32
            assert cupy.asnumpy(array).tobytes() == entry.data
    held = cupy.from_dlpack(vram.ids([some[0].key])[0])
    vram.discard([some[0].key])
    vram.put(entries(300, seed=4))
    assert cupy.asnumpy(held).tobytes() == some[0].data
    vram.close()
