from __future__ import annotations

import itertools
from typing import TYPE_CHECKING

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from exosuit_cli.tokens.boundaries import SAFE_PAIRS, first_boundary, last_boundary, windows

from .texts import octets

if TYPE_CHECKING:
    from .conftest import Oracle


def safe_places(data: bytes) -> list[int]:
    return [i for i in range(1, len(data)) if SAFE_PAIRS[256 * data[i - 1] + data[i]]]


@given(data=octets)
@settings(deadline=None, max_examples=300)
def test_counts_add_up_at_every_safe_place(oracle: Oracle, data: bytes) -> None:
    whole = oracle.count(data)
    for place in safe_places(data):
        assert oracle.count(data[:place]) + oracle.count(data[place:]) == whole, place


BEFORE = [b"", b" ", b"\n ", b"do", b"don'", b" \n", b"..", b"\r", b"12", "é".encode(), b"/"]
AFTER = [b"", b" ", b"\n", b"t", b"'s", b"/\n", b"1", b"  x", "\u0301".encode(), b"\n\n "]


def test_every_safe_pair_is_safe_in_every_context(oracle: Oracle) -> None:
    # A byte from 0x80 on stands for a character that begins with it.
    follow = {r: bytes([r]) if r < 0x80 else bytes([r]) + b"\xa0" * (1 + (r >= 0xE0) + (r >= 0xF0)) for r in range(256)}
    pairs = [divmod(int(index), 256) for index in np.flatnonzero(SAFE_PAIRS)]
    assert len(pairs) > 5000
    for before, after in itertools.product(BEFORE, AFTER):
        lefts = [oracle.count(before + bytes([byte])) for byte in range(128)]
        rights = [oracle.count(follow[byte] + after) for byte in range(256)]
        for left, right in pairs:
            whole = oracle.count(before + bytes([left]) + follow[right] + after)
            assert lefts[left] + rights[right] == whole, (before, left, right, after)


def test_places_that_depend_on_more_than_two_bytes_are_not_safe() -> None:
    for data in (b"word", b"1234", b"    ", b"\n\n\n", b"====", b"don't", b"\n /", b"\n/", b"(x", b"=\n", b"\r\n"):
        assert safe_places(data) == [], data


def test_source_code_has_many_safe_places() -> None:
    assert safe_places(b"x = f(y1);\nreturn x\n") == [1, 3, 5, 7, 8, 11, 17, 19]


@given(st.binary(max_size=80) | st.text("a1 \n'/", max_size=80).map(str.encode), st.data())
@settings(deadline=None)
def test_the_last_and_the_first_boundary_are_found(data: bytes, draw: st.DataObject) -> None:
    start = draw.draw(st.integers(0, len(data)))
    stop = draw.draw(st.integers(start, len(data)))
    between = [place for place in safe_places(data) if start < place < stop]
    assert last_boundary(data, start, stop) == (between[-1] if between else -1)
    assert first_boundary(data, start, stop) == (between[0] if between else -1)


def test_a_boundary_is_found_across_a_long_distance() -> None:
    for length in (1022, 1023, 1024, 1025, 3000, 1 << 21):
        data = b"a" * length + b" " + b"a" * length
        assert last_boundary(data, 0, len(data)) == length
        assert first_boundary(data, 0, len(data)) == length


@given(data=st.text("aaaaaa1 \n'/é", max_size=400).map(str.encode), size=st.integers(2, 50))
@settings(deadline=None)
def test_windows_cover_the_data_and_are_cut_at_safe_places(data: bytes, size: int) -> None:
    found = list(windows(data, size))
    assert b"".join(data[start:stop] for start, stop, _ in found) == data
    places = safe_places(data)
    assert all(window.stop in places for window in found[:-1])
    for start, stop, giant in found:
        assert giant == (stop - start > size)
        if giant:
            assert not [place for place in places if start < place < stop]
