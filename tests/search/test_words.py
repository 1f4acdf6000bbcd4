from __future__ import annotations

import re
from collections import Counter
from itertools import pairwise

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from exosuit_cli.search.distinct import distinct, first_places
from exosuit_cli.search.hash_table import ABSENT, HashTable
from exosuit_cli.search.splitter import Splitter, split_word
from exosuit_cli.search.stems import stem_spans
from exosuit_cli.search.terms import stem, terms_of
from exosuit_cli.search.vocabulary import Vocabulary
from exosuit_cli.search.words import MAX_WORD, find_words, hash_texts, slab_of

PIECES = [
    "A",
    "B",
    "s",
    "x",
    "ab",
    "_",
    "1",
    "22",
    "é",
    "Q",
    "ing",
    "er",
    "ß",
    "S",
    "zz",
    "“",
    "日本",
    "y",
    "ation",
    "e",
]
BYTES = st.lists(
    st.sampled_from(
        [b"a", b"Z", b"0", b"_", b" ", b"\n", b"\0", b"-", b"@", b"[", b"`", b"{", b"\x7f", b"\x80", b"\xff"]
    )
)
IDENTIFIERS = st.lists(st.sampled_from(PIECES), min_size=1, max_size=12).map(
    lambda parts: "".join(parts).encode()[:MAX_WORD]
)


@settings(max_examples=40)
@given(st.lists(BYTES.map(b"".join), max_size=5), st.integers(0, 200))
def test_words_are_those_of_a_regular_expression(texts: list[bytes], long: int) -> None:
    slab = slab_of([*texts, b"x" * long])
    words = find_words(slab)
    found = [(m.start(), min(len(m.group()), MAX_WORD)) for m in re.finditer(rb"[A-Za-z0-9_\x80-\xff]+", bytes(slab))]
    assert list(zip(words.starts.tolist(), words.lengths.tolist(), strict=True)) == found


def test_the_hash_of_a_word_is_that_of_its_bytes_wherever_it_lies() -> None:
    texts = [b"abcdefgh" * size + b"i" * rest for size in range(12) for rest in range(8)][1:]
    hashes = hash_texts(texts)
    assert len(set(hashes.tolist())) == len(texts)
    for gap in (b" ", b"  -", b"\n\n"):
        words = find_words(slab_of([gap + gap.join(texts)]))
        assert words.hashes.tolist() == hashes.tolist()


@settings(max_examples=40)
@given(st.sets(st.integers(1, 2**64 - 1).filter(lambda key: key != 1 << 40), max_size=300), st.integers(1, 7))
def test_a_table_finds_what_was_added(keys: set[int], parts: int) -> None:
    table = HashTable()
    every = np.array(sorted(keys), np.uint64)
    for part in range(parts):
        table.add(every[part::parts], np.flatnonzero(np.arange(len(every)) % parts == part).astype(np.int32))
    assert table.find(every).tolist() == list(range(len(every)))
    assert table.find(every ^ np.uint64(1 << 40)).tolist() == [
        sorted(keys).index(key ^ 1 << 40) if key ^ 1 << 40 in keys else ABSENT for key in sorted(keys)
    ]
    assert len(table) == len(keys)


def test_a_table_grows() -> None:
    table = HashTable()
    keys = np.arange(1, 200_001, dtype=np.uint64) << np.uint64(7)
    for start in range(0, len(keys), 50_000):
        table.add(keys[start : start + 50_000], np.arange(start, start + 50_000, dtype=np.int32))
    assert np.array_equal(table.find(keys), np.arange(len(keys)))


def texts_of(splitter: Splitter) -> list[str]:
    terms = splitter.terms
    starts = terms.starts.tolist()
    raw = terms.text.tobytes()
    return [raw[start:stop].decode() for start, stop in pairwise(starts)]


@settings(max_examples=60)
@given(st.lists(IDENTIFIERS, unique=True))
def test_many_words_are_split_as_one_is(words: list[bytes]) -> None:
    splitter = Splitter()
    half = len(words) // 2
    found: Counter[tuple[bytes, str]] = Counter()
    for part in (words[:half], words[half:]):
        lengths = np.fromiter(map(len, part), np.int64, len(part))
        places, numbers = splitter.split(slab_of(part), np.cumsum(lengths + 1) - lengths - 1, lengths)
        terms = texts_of(splitter)
        found.update(
            (part[place], terms[number]) for place, number in zip(places.tolist(), numbers.tolist(), strict=True)
        )
    assert found == {(word, term): 1 for word in words for term in split_word(word)}
    assert splitter.terms.hashes.tolist() == hash_texts([term.encode() for term in texts_of(splitter)]).tolist()


ENDINGS = [
    "s",
    "ss",
    "us",
    "ies",
    "sses",
    "xes",
    "ches",
    "shes",
    "ias",
    "is",
    "a",
    "b",
    "d",
    "e",
    "ee",
    "f",
    "g",
    "l",
    "ll",
    "m",
    "n",
    "o",
    "r",
    "t",
    "u",
    "z",
    "ing",
    "ed",
    "eed",
    "ation",
    "ator",
    "ate",
    "able",
    "at",
    "format",
    "tion",
    "sion",
    "tor",
    "sor",
    "er",
    "y",
    "i",
    "1",
    "q",
    "embed",
]


@settings(max_examples=60)
@given(st.lists(st.lists(st.sampled_from(ENDINGS), min_size=1, max_size=6).map("".join), min_size=20))
def test_many_stems_are_those_of_one(words: list[str]) -> None:
    texts = [word.encode() for word in words]
    lengths = np.array([len(text) for text in texts])
    slab, starts, found = stem_spans(slab_of(texts), np.cumsum(lengths + 1) - lengths - 1, lengths)
    raw = slab.tobytes()
    stems = [raw[start : start + size].decode() for start, size in zip(starts.tolist(), found.tolist(), strict=True)]
    assert stems == [stem(word) for word in words]


def test_what_is_split() -> None:
    assert split_word(b"HTTPServers_utf8") == terms_of("HTTPServers_utf8")
    assert split_word("“quoted”".encode()) == terms_of("quoted")
    assert split_word("wide—dash".encode()) == (*terms_of("wide"), *terms_of("dash"))
    assert split_word(b"deadbeef" * 4) == ()
    assert split_word(b"1234567890" * 3) == ()
    assert split_word(b"\xff\xfe") == ()


def test_a_vocabulary_numbers_each_word_once() -> None:
    vocabulary = Vocabulary()
    slab = slab_of([b"readFile read_file def readFile"])
    first = vocabulary.number(slab, find_words(slab)).tolist()
    slab = slab_of([b"def other readFile"])
    again = vocabulary.number(slab, find_words(slab)).tolist()
    assert first[0] == first[3] == again[2]
    assert first[2] == again[0]
    assert len(set(first) | set(again)) == len(vocabulary) == 4


@settings(max_examples=30)
@given(st.lists(st.integers(0, 9)))
def test_each_value_once(values: list[int]) -> None:
    array = np.array(values, np.int64)
    assert distinct(array).tolist() == sorted(set(values))
    assert array[first_places(array)].tolist() == list(dict.fromkeys(values))
