from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from exosuit_cli.model.protocols import StreamCount, TokenCounter
from exosuit_cli.tokens import stream
from exosuit_cli.tokens.stream import WindowedStream

from .texts import octets, settled

if TYPE_CHECKING:
    from .conftest import Oracle


@given(data=octets, draw=st.data())
@settings(deadline=None, max_examples=200)
def test_the_pieces_do_not_matter(oracle: Oracle, counter: TokenCounter, data: bytes, draw: st.DataObject) -> None:
    assume(settled(data))
    cuts = sorted(draw.draw(st.lists(st.integers(0, len(data)), max_size=12)))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(stream, "_BATCH", draw.draw(st.integers(1, 40)))
        tokens = counter.stream()
        for start, stop in zip([0, *cuts], [*cuts, len(data)], strict=True):
            tokens.feed(data[start:stop])
        assert tokens.finish() == StreamCount(oracle.count(data), exact=True)


def test_a_long_text_in_small_pieces(oracle: Oracle, gigatoken: TokenCounter) -> None:
    data = "  if (naïve != '漢字') { return 1234; }\r\n".encode() * 20_000
    tokens = gigatoken.stream()
    for start in range(0, len(data), 4099):
        tokens.feed(data[start : start + 4099])
    assert tokens.finish() == StreamCount(oracle.count(data), exact=True)


def test_an_empty_stream(gigatoken: TokenCounter) -> None:
    assert gigatoken.stream().finish() == StreamCount(0, exact=True)


def test_beyond_the_held_limit_the_count_is_an_estimate(oracle: Oracle, gigatoken: TokenCounter) -> None:
    data = b"a" * 100_000
    tokens = WindowedStream(gigatoken.count, held_limit=10_000)
    for start in range(0, len(data), 1000):
        tokens.feed(data[start : start + 1000])
    found = tokens.finish()
    assert not found.exact
    assert abs(found.tokens - oracle.count(data)) <= 10


def test_up_to_the_held_limit_the_count_is_exact(oracle: Oracle, gigatoken: TokenCounter) -> None:
    tokens = WindowedStream(gigatoken.count, held_limit=10_000)
    for _ in range(7):
        tokens.feed(b"a" * 5_000)
        tokens.feed(b"a" * 4_998 + b"1 ")
    assert tokens.finish() == StreamCount(oracle.count((b"a" * 9_998 + b"1 ") * 7), exact=True)


def test_an_estimate_cuts_no_character_in_two() -> None:
    seen: list[bytes] = []

    def count(data: bytes) -> int:
        seen.append(data)
        return 0

    tokens = WindowedStream(count, held_limit=50)
    data = "漢字".encode() * 100
    for start in range(0, len(data), 7):
        tokens.feed(data[start : start + 7])
        assert sum(map(len, seen)) >= start - 50
    assert not tokens.finish().exact
    assert b"".join(seen) == data
    assert len(seen) > 5
    for piece in seen:
        piece.decode("utf-8")


def test_a_finished_stream_refuses_more(gigatoken: TokenCounter) -> None:
    tokens = gigatoken.stream()
    tokens.finish()
    with pytest.raises(ValueError, match="finished"):
        tokens.feed(b"a")
    with pytest.raises(ValueError, match="finished"):
        tokens.finish()
