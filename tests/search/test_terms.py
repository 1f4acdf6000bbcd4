"""The terms of a word: identifiers in every style, forms of one word, and words that are data."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from exosuit_cli.search.terms import MAX_PARTS, MAX_TERM, stem, terms_of

IDENTIFIERS = {
    "HTTPServer": ("http", "serv", "httpserv"),
    "http_server": ("http", "serv", "httpserv"),
    "parseURLs": ("pars", "url", "parseurl"),
    "OAuth": ("auth", "oauth"),
    "sha256_of": ("sha", "256", "of", "sha256of"),
    "utf8": ("utf", "utf8"),
    "__init__": ("init",),
    "MAX_SIZE": ("max", "siz", "maxsiz"),
    "IOError": ("io", "error", "ioerror"),
    "0x1F": ("0x1f",),
    "x": ("x",),
    "_": (),
    "": (),
    "größteZahl": ("größte", "zahl", "größtezahl"),
    "検索語": ("検索", "索語"),
    "語": ("語",),
}

FORMS = (
    "cache caches cached caching",
    "parse parser parsers parsing parsed",
    "allocate allocator allocation allocated",
    "validate validation validator validating",
    "serialize serializer serialization serializable",
    "cancel cancelled cancelling cancellation",
    "retry retries retried retrying",
    "embed embedding embedded",
    "connect connection connector",
    "route router routing routes",
    "call caller calling calls",
    "alias aliases",
    "error errors",
    "factory factories",
)


def test_identifiers() -> None:
    assert {word: terms_of(word) for word in IDENTIFIERS} == IDENTIFIERS


def test_forms_of_one_word_share_a_stem() -> None:
    assert {forms: len({stem(word) for word in forms.split()}) for forms in FORMS} == dict.fromkeys(FORMS, 1)


def test_words_that_differ_keep_their_stems() -> None:
    words = "class classes status string need auth author vector data database config options"
    assert len({stem(word) for word in words.split()}) == len(words.split()) - 1  # class and classes


def test_a_word_that_is_data_gives_few_terms() -> None:
    assert terms_of("a" * (MAX_TERM + 1)) == ()
    assert len(terms_of("Ab" * 10_000)) <= MAX_PARTS
    assert len(terms_of("_".join(f"part{'abcdefgh'[i % 8]}" for i in range(500)))) <= MAX_PARTS


@settings(max_examples=50, deadline=None)
@given(st.text(max_size=300))
def test_terms_are_distinct_short_and_the_same_for_any_case_style(word: str) -> None:
    terms = terms_of(word)
    assert len(set(terms)) == len(terms)
    assert all(0 < len(term) <= MAX_TERM + 2 for term in terms)
    assert terms == terms_of(word)
