"""The counter of a few texts hands over to the fast one, and counts the same before and after."""

from __future__ import annotations

import random
from typing import TYPE_CHECKING

from exosuit_cli.tokens import counter_of_few, small

if TYPE_CHECKING:
    import pytest

    from .conftest import Oracle


def test_what_is_more_than_little_is_counted_by_the_other(oracle: Oracle, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(small, "SMALL_BYTES", 40)
    counter = counter_of_few(oracle.name)
    texts = [b"def first(a):\n    return a\n", b"some more words than these", b"and the end\n"]
    assert counter.count_batch(texts) == [oracle.count(text) for text in texts]
    assert [counter.encode(text).tolist() for text in texts] == [oracle.ids(text) for text in texts]


def test_a_long_word_is_counted_by_the_other(oracle: Oracle) -> None:
    word = "".join(random.Random(7).choices("abcdefgh", k=small._LONGEST + 1)).encode()
    counter = counter_of_few(oracle.name)
    assert counter.encode(b"a " + word).tolist() == oracle.ids(b"a " + word)
    assert counter.count(b"") == 0


def test_a_stream_counts_the_same(oracle: Oracle) -> None:
    stream = counter_of_few(oracle.name).stream()
    for part in (b"int f(vo", b"id) {\n", b"\n}\n"):
        stream.feed(part)
    assert stream.finish().tokens == oracle.count(b"int f(void) {\n\n}\n")
