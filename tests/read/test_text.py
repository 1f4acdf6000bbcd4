"""The border between text and binary, against a decoder that counts what it cannot decode."""

from __future__ import annotations

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from exosuit_cli.model.slab import TEXT_PROBE_BYTES
from exosuit_cli.read.text import is_text


def undecodable(data: bytes) -> int:
    """Bytes outside well-formed UTF-8, a character that the end cuts off left out."""
    count = 0
    while True:
        try:
            data.decode()
        except UnicodeDecodeError as error:
            if error.reason == "unexpected end of data" and error.end == len(data):
                return count
            count += error.end - error.start
            data = data[error.end :]
        else:
            return count


@given(st.lists(st.binary(max_size=8) | st.text(max_size=8).map(lambda text: text.encode()), max_size=40).map(b"".join))
@example("ä".encode()[:1])
@example(b"a\xf0\x9f\x98")
@example(b"\xed\xa0\x80" * 5 + b"a" * 30)
@settings(deadline=None)
def test_any_bytes(data: bytes) -> None:
    assert is_text(data) == (b"\0" not in data and 10 * undecodable(data) <= 3 * len(data))


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (b"", True),
        (b"\n", True),
        (b"\0", False),
        (b"\x01\x02\x1b[31m", True),
        (b"\xff" * 3 + b"a" * 7, True),
        (b"\xff" * 31 + b"a" * 69, False),
        ("naïve café".encode("latin-1"), True),
        ("Тест".encode("koi8-r"), False),
        ("text".encode("utf-16"), False),
        ("\ufefftext".encode(), True),
        ("漢字かな" * 100, True),
        ("漢字かな".encode("shift-jis"), False),
    ],
)
def test_kinds(data: bytes | str, expected: bool) -> None:
    assert is_text(data.encode() if isinstance(data, str) else data) is expected


@pytest.mark.parametrize("character", ["é", "漢", "😀"])
def test_a_character_that_the_probe_cuts_is_no_fault(character: str) -> None:
    for before in range(4):
        data = b"a" * (TEXT_PROBE_BYTES - before) + character.encode() * 5000
        assert is_text(data[:TEXT_PROBE_BYTES])
    assert is_text(character.encode()[:1]), "not even where nothing else is there"
