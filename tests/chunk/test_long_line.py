"""Cutting within a line: pieces that tile it, counted exactly, and cut after a semicolon or between characters."""

from __future__ import annotations

from itertools import accumulate
from typing import TYPE_CHECKING, Any, cast

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from exosuit_cli.chunk import ChunkOptions
from exosuit_cli.chunk.chunker import Chunker
from exosuit_cli.chunk.long_line import split_line
from exosuit_cli.kernels import CpuKernels
from exosuit_cli.tokens import load_counter

from .checks import is_valid
from .texts import GIANT_LINES, minified

if TYPE_CHECKING:
    from exosuit_cli.model.protocols import TokenCounter

ENCODINGS = ["o200k_base", "cl100k_base"]


@pytest.fixture(scope="module", params=ENCODINGS)
def counter(request: pytest.FixtureRequest) -> TokenCounter:
    return load_counter(request.param)


def check(line: bytes, counter: TokenCounter, cap: int, max_chars: int = 0) -> list[bytes]:
    options = ChunkOptions(max_tokens=cap, min_tokens=0, max_chars=max_chars, encoding=counter.encoding)
    sizes = list(split_line(line, options, counter))
    ends = list(accumulate(size for size, _ in sizes))
    pieces = [line[end - size : end] for end, (size, _) in zip(ends, sizes, strict=True)]
    assert b"".join(pieces) == line
    for piece, (_, tokens) in zip(pieces, sizes, strict=True):
        assert 0 < counter.count(piece) == tokens <= cap
        assert not max_chars or len(piece.decode("utf-8", "replace")) <= max_chars
    for end in ends[:-1]:
        assert line[end - 1 : end + 1] != b"\r\n"
        assert not (is_valid(line) and line[end] & 0xC0 == 0x80)
    return pieces


@pytest.mark.parametrize("ending", [b"", b"\n", b"\r\n"], ids=repr)
@pytest.mark.parametrize("name", GIANT_LINES)
def test_giant_lines(name: str, ending: bytes, counter: TokenCounter) -> None:
    line = GIANT_LINES[name] + ending
    for cap, max_chars in ((16, 0), (100, 0), (300, 50)):
        check(line, counter, cap, max_chars)


_WIDE = ["é", "漢", "\u0301", "\u00a0", "\U0001f468\u200d"]
_units = st.sampled_from([b"a", b" ", b"/", b";", b",", b"\r", b"\t", b"7", b"'s", b"\r\n", *map(str.encode, _WIDE)])
_runs = st.builds(lambda unit, times: unit * times, _units, st.integers(1, 60))
_octets = st.lists(st.sampled_from([0x80, 0xBF, 0xC3, 0xE4, 0xF0, 0xFF, *b"a ;"]), max_size=30).map(bytes)


@given(
    line=st.lists(st.one_of(_runs, _runs, _octets, st.just(b"word(x, y); ")), min_size=1, max_size=30).map(b"".join),
    cap=st.sampled_from([16, 17, 40, 200]),
    max_chars=st.sampled_from([0, 0, 16, 33, 100]),
)
@settings(deadline=None, max_examples=150)
def test_any_line(counter: TokenCounter, line: bytes, cap: int, max_chars: int) -> None:
    check(line, counter, cap, max_chars)


def test_cuts_follow_semicolons_and_braces(counter: TokenCounter) -> None:
    """Where what follows does not belong to the same token, that is before a space or a digit."""
    code = b"; ".join(b"if (a%d) { b[%d] = f(%d, 1) }" % (number % 9, number, number * 7) for number in range(500))
    pieces = check(code, counter, 200)
    assert len(pieces) > 20
    assert all(piece.endswith((b";", b"}")) for piece in pieces[:-1])


def test_cuts_follow_commas_where_there_is_nothing_better(counter: TokenCounter) -> None:
    pieces = check(b"[" + b",".join(b"%d" % (number * 7919) for number in range(3000)) + b"]", counter, 100)
    assert all(piece.endswith(b",") for piece in pieces[:-1])


def test_a_better_place_costs_at_most_a_quarter_of_the_cap(counter: TokenCounter) -> None:
    """One semicolon, early: it is not worth a chunk of a few tokens."""
    pieces = check(b"a;" + b"word " * 1000, counter, 100)
    assert counter.count(pieces[0]) > 70


@pytest.mark.parametrize(
    "line", [b"word " * 3000, minified(20_000), b"1,2,3," * 3000], ids=["words", "code", "numbers"]
)
def test_pieces_are_as_long_as_the_cap_allows(line: bytes, counter: TokenCounter) -> None:
    pieces = check(line, counter, 128)
    tokens = [counter.count(piece) for piece in pieces[:-1]]
    assert min(tokens) >= 96


@pytest.mark.parametrize("name", ["a", "random letters", "spaces", "slashes", "one CJK character", "emoji", "digits"])
def test_pieces_without_any_place_to_cut_are_not_tiny(name: str, counter: TokenCounter) -> None:
    """However an endless word is cut, the budget is used: not a chunk for every few bytes."""
    line = GIANT_LINES[name]
    pieces = check(line, counter, 128)
    least = -(-counter.count(line) // 128)
    assert len(pieces) <= max(2 * least, -(-len(line) // (8 * 128)) + 2)


def test_a_cap_of_characters_alone(counter: TokenCounter) -> None:
    pieces = check("漢字かな交じり文、".encode() * 100, counter, 512, 16)
    assert all(len(piece.decode()) in (15, 16) for piece in pieces[:-1])


def test_pieces_of_lines_are_not_cut_again_with_each_line_that_follows(counter: TokenCounter) -> None:
    encoded = 0

    class Counting:
        encoding = counter.encoding

        def encode(self, data: bytes) -> Any:
            nonlocal encoded
            encoded += len(data)
            return counter.encode(data)

        def count(self, data: bytes) -> int:
            nonlocal encoded
            encoded += len(data)
            return counter.count(data)

    text = b"    return something_of(another)\n" * 300
    chunker = Chunker(
        ChunkOptions(max_chars=16, encoding=counter.encoding), cast("TokenCounter", Counting()), CpuKernels("blake3")
    )
    records = list(chunker.chunk_bytes(text, "Python").records(text))
    assert "".join(each.text for each in records) == text.decode()
    assert encoded < 10 * len(text)


def test_special_tokens_are_ordinary_text(counter: TokenCounter) -> None:
    pieces = check(b"<|endoftext|>" * 500, counter, 32)
    assert len(pieces) > 20
