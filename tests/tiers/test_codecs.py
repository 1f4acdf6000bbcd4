"""Text and ids come back to the byte; floats come back within an error that is recorded."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as st_numpy

from exosuit_cli.model.errors import UsageError
from exosuit_cli.tiers.codecs import LOSSLESS, LOSSY, pack_rows, text_codec, unpack_rows


@pytest.mark.parametrize("name", LOSSLESS)
@given(data=st.binary(max_size=3000))
def test_text_comes_back(name: str, data: bytes) -> None:
    codec = text_codec(name)
    assert codec.decode(codec.encode(data)) == data


def test_zstd_is_smaller_and_refuses_what_it_did_not_make() -> None:
    codec = text_codec("zstd")
    text = b"def f(x):\n    return x\n" * 100
    assert len(codec.encode(text)) < len(text) // 10
    for wrong in (b"", b"no frame", codec.encode(text)[:-3], codec.encode(text)[1:]):
        with pytest.raises(ValueError, match="not a frame"):
            codec.decode(wrong)


@pytest.mark.parametrize("name", LOSSY)
def test_text_is_not_rounded(name: str) -> None:
    with pytest.raises(UsageError, match=f"compression {name} rounds numbers and would change text"):
        text_codec(name)
    for wrong in (b"text", np.zeros((2, 2), np.uint32), np.zeros(3, np.float32), [[1.0]]):
        given: Any = wrong
        with pytest.raises(UsageError, match="for two-dimensional arrays of floats"):
            pack_rows(given, name)
    for number in (np.nan, np.inf):
        with pytest.raises(UsageError, match="infinity"):
            pack_rows(np.array([[1.0, number]], np.float32), name)
    with pytest.raises(UsageError, match="beyond what a float32 holds"):
        pack_rows(np.array([[1e300]]), name)


def test_unknown_codecs_are_named() -> None:
    with pytest.raises(UsageError, match="'lz4' is unknown; accepted: none, zstd"):
        text_codec("lz4")
    with pytest.raises(UsageError, match="none of floats; accepted: fp16, int8"):
        pack_rows(np.zeros((1, 1), np.float32), "zstd")


@pytest.mark.parametrize("codec", LOSSY)
@given(
    rows=st_numpy.arrays(
        np.float32, st.tuples(st.integers(0, 5), st.integers(0, 9)), elements=st.floats(-(2.0**100), 2.0**100, width=32)
    )
)
def test_the_recorded_error_is_the_largest(codec: str, rows: np.ndarray[Any, np.dtype[np.float32]]) -> None:
    packed = pack_rows(rows, codec)
    found = unpack_rows(packed)
    assert found.shape == rows.shape
    assert found.dtype == np.float32
    largest = np.abs(rows, dtype=np.float64).max(axis=1, initial=0.0)
    error = np.abs(found.astype(np.float64) - rows)
    assert error.max(initial=0.0) <= packed.largest_error + 1e-6 * largest.max(initial=0.0)
    step = largest / 127 / 2 if codec == "int8" else largest / 2048
    assert (error <= step[:, None] * 1.01 + 1e-38).all()
    assert packed.nbytes == rows.size * (1 if codec == "int8" else 2) + 4 * len(rows)


def test_no_error_is_recorded_where_there_is_none() -> None:
    assert pack_rows(np.zeros((3, 4), np.float32), "int8").largest_error == 0
    assert pack_rows(np.array([[127.0, -127.0, 1.0]]), "int8").largest_error == 0
    assert pack_rows(np.array([[1.0, 0.001]]), "int8").largest_error == pytest.approx(0.001)
