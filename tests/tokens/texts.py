"""Strategies for texts and bytes that are hard to split into tokens."""

from __future__ import annotations

from hypothesis import strategies as st

from .unicode17 import EVERYWHERE

WHITE_SPACE = "\t\n\v\f\r \x85\xa0\u1680\u2000\u2003\u200a\u2028\u2029\u202f\u205f\u3000"
LOOKS_WHITE = "\x1c\x1d\x1e\x1f\u180e\u200b\u2060\ufeff"
CONTRACTIONS = ["'s", "'t", "'re", "'ve", "'m", "'ll", "'d"]
APOSTROPHES = ["'", "\N{RIGHT SINGLE QUOTATION MARK}", "\N{MODIFIER LETTER APOSTROPHE}", "\N{FULLWIDTH APOSTROPHE}"]
SPECIAL_TOKENS = [
    "<|endoftext|>",
    "<|fim_prefix|>",
    "<|fim_middle|>",
    "<|fim_suffix|>",
    "<|endofprompt|>",
    "<|im_start|>",
]
CLUSTERS = [
    "\U0001f468\u200d\U0001f469\u200d\U0001f467\u200d\U0001f466",  # a family, joined
    "\U0001f44d\U0001f3fd",  # thumbs up with a skin tone
    "\U0001f3f3\ufe0f\u200d\U0001f308",  # the rainbow flag
    "\U0001f1eb\U0001f1f7",  # a flag of two letters
    "1\ufe0f\u20e3",  # a keycap
    "e\u0301",
    "a\u0308\u0323",
    "क्षि",
    "한국어",
    "ひらがなカタカナ",
    "汉字漢字",
    "“引用”，。！",  # noqa: RUF001
    "\u01c4\u01c5\u01c6",  # upper, title and lower case of one letter
    "\u0130\u0131\u017f\u1e9e\u00df",
    "\u02b0\u2177\u2460\u00bd\u0663\U0001d7d9\U0001d400\U0001d41a",
]

characters = st.characters(exclude_categories=["Cs"], exclude_characters="".join(map(chr, EVERYWHERE)))
"""All of Unicode but surrogates and the code points on which the packages' tables differ."""

_run = st.builds(
    str.__mul__,
    st.sampled_from(
        [*WHITE_SPACE, *LOOKS_WHITE, *"!\"#$%&'()*+,-./:;<=>?@[]^_`{|}~", "\r\n", "a", "Z", "7", "中", "\u0301"]
    ),
    st.sampled_from([1, 1, 2, 3, 4, 5, 15, 16, 17, 63, 64, 65, 200]),
)
_contraction = st.builds(
    lambda word, mark, tail: word + mark + tail,
    st.sampled_from(["", "don", "I", "WE", "x1", "É", "\u017f", "a\u0301", " ", "."]),
    st.sampled_from(APOSTROPHES),
    st.sampled_from(
        [*(c[1:] for c in CONTRACTIONS), *(c[1:].upper() for c in CONTRACTIONS), "Ll", "\u017f", "\u017fa", "x"]
    ),
)
_fragment = st.one_of(
    _run,
    _contraction,
    st.text(characters, max_size=4),
    st.text(st.sampled_from("0123456789"), max_size=9),
    st.text(st.sampled_from("abcXYZ"), max_size=20),
    st.text(st.sampled_from(WHITE_SPACE + LOOKS_WHITE), max_size=6),
    st.text(st.sampled_from(" \n\r\t'/aA1.\u017f"), max_size=12),
    st.sampled_from([*SPECIAL_TOKENS, *CLUSTERS, "\ufeff", "\r\n", "//\n", "/\n/", " \n ", "camelCase HTTPServer"]),
)
texts = st.lists(_fragment, max_size=40).map("".join)
"""Text made of pieces that the split patterns treat specially, in any order."""

_ill_formed = st.sampled_from(
    [
        b"\x80",
        b"\xbf\xbf\xbf\xbf\xbf",
        b"\xc0\xaf",  # overlong
        b"\xe0\x80\xaf",
        b"\xf0\x80\x80\xaf",
        b"\xed\xa0\x80",  # a surrogate
        b"\xed\xa0\xbd\xed\xb8\x80",  # a pair of surrogates
        b"\xf4\x90\x80\x80",  # above U+10FFFF
        b"\xf5\xff\xfe",
        b"\xc3",  # cut off
        b"\xe4\xb8",
        b"\xf0\x9f\x91",
        b"\xe2\x80",
        b"\xc2",
    ]
)
octets = st.one_of(
    st.binary(max_size=60),
    st.lists(st.one_of(_fragment.map(str.encode), _ill_formed, st.binary(max_size=3)), max_size=30).map(b"".join),
)
"""Bytes, most of them no valid UTF-8. Code points of Unicode 17 can come up here by chance; see `settled`."""


def settled(data: bytes) -> bool:
    """Whether the packages' Unicode tables agree on every character of the text in `data`."""
    return data.isascii() or EVERYWHERE.isdisjoint(map(ord, data.decode("utf-8", "replace")))
