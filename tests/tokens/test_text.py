from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from exosuit_cli.tokens.text import last_character_start, to_utf8

from .texts import octets, texts


@given(octets)
@settings(deadline=None)
def test_undecodable_bytes_are_replaced_as_python_replaces_them(data: bytes) -> None:
    assert to_utf8(data).decode("utf-8") == data.decode("utf-8", "replace")


@given(texts)
@settings(deadline=None)
def test_valid_text_is_not_copied(text: str) -> None:
    data = text.encode()
    assert to_utf8(data) is data


def test_each_maximal_subpart_is_one_replacement_character() -> None:
    # The example of the Unicode Standard, section 3.9, table 3-8.
    data = bytes.fromhex("61 F1 80 80 E1 80 C2 62 80 63 80 BF 64")
    assert to_utf8(data).decode() == "a\ufffd\ufffd\ufffdb\ufffdc\ufffd\ufffdd"


def test_a_byte_order_mark_stays() -> None:
    assert to_utf8(b"\xef\xbb\xbfa") == b"\xef\xbb\xbfa"


@given(st.one_of(octets, st.binary(max_size=6), st.lists(st.sampled_from(b"a\xc3\xe4\xf0\x80\xbf")).map(bytes)))
@settings(deadline=None, max_examples=500)
def test_the_last_character_start_cuts_no_character(data: bytes) -> None:
    position = last_character_start(data)
    assert max(0, len(data) - 4) <= position <= len(data)
    head, tail = data[:position].decode("utf-8", "replace"), data[position:].decode("utf-8", "replace")
    assert head + tail == data.decode("utf-8", "replace")


def test_the_last_character_start_finds_a_character_that_is_cut_off() -> None:
    assert last_character_start("aé".encode()) == 1
    assert last_character_start("a😀".encode()[:-1]) == 1
    assert last_character_start(b"") == 0
