"""Vectors on a card: the nearest are those that the processor finds. The card is emulated."""

from __future__ import annotations

import ctypes

import numpy as np
import pytest
from kernels.backends import libraries
from kernels.emulated import EmulatedQueue

from exosuit_cli.kernels.device import DeviceOutOfMemory
from exosuit_cli.search.vectors.card import CardVectors
from exosuit_cli.search.vectors.matrix import VectorMatrix, arranged
from exosuit_cli.search.vectors.protocol import unit_rows
from exosuit_cli.search.vectors.rows import CODECS, pack_vectors
from exosuit_cli.tiers.vram import DeviceIds, VramTier


def _view(ids: DeviceIds) -> np.ndarray:
    """An emulated card's memory is the process's own."""
    return np.frombuffer((ctypes.c_uint8 * ids.nbytes).from_address(ids.address), np.uint8)


def _matrix(codec: str, count: int = 700, width: int = 22) -> VectorMatrix:
    rng = np.random.default_rng(2)
    packed = pack_vectors(unit_rows(rng.standard_normal((count, width))), codec)
    scales = np.zeros(0, np.float32) if packed.scales is None else packed.scales
    return arranged(rng.integers(0, 256, (count, 16), np.uint8), packed.values, scales, packed.errors)


@pytest.mark.parametrize("codec", sorted(CODECS))
def test_a_card_finds_what_the_processor_finds(codec: str) -> None:
    matrix = _matrix(codec)
    tier = VramTier(EmulatedQueue(libraries()), 1 << 20, 10**9)
    card = CardVectors(tier, matrix, np, _view)
    for query in unit_rows(np.random.default_rng(3).standard_normal((5, 22))):
        for top in (1, 9, 700, 900):
            for ours, theirs in zip(matrix.nearest(query, top), card.nearest(query, top), strict=True):
                assert np.array_equal(ours, theirs)
    assert tier.usage().used_bytes >= matrix.columns["values"].nbytes
    card.close()
    assert len(tier) == 0
    tier.close()


def test_a_card_without_room_keeps_nothing() -> None:
    tier = VramTier(EmulatedQueue(libraries()), 16 << 10, 10**9)
    with pytest.raises(DeviceOutOfMemory, match="no room for 700 vectors"):
        CardVectors(tier, _matrix("fp32"), np, _view)
    assert len(tier) == 0
    tier.close()
    tier = VramTier(EmulatedQueue(libraries()), 1 << 20, 10**9)
    empty = CardVectors(tier, _matrix("int8", 0), np, _view)
    assert empty.nearest(np.ones(22, np.float32), 3)[0].tolist() == []
    tier.close()
