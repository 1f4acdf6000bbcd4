"""One component of a pattern, matched with a regular expression and without: both say the same."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from exosuit_cli.walk import globs
from exosuit_cli.walk.byte_members import PatternError
from exosuit_cli.walk.globs import spellings

PIECES = st.sampled_from(
    [b"a", b"b", b"ab", b"*", b"?", b"[ab]", b"[!a]", b"[^b]", b"[a-c]", b"[]a]", b"[[:alpha:]]", b"\\*", b"\xff"]
)
PATTERNS = st.lists(PIECES, min_size=1, max_size=8).map(b"".join)
NAMES = st.lists(st.sampled_from([b"a", b"b", b"c", b"]", b"*", b"\xff"]), min_size=1, max_size=10).map(b"".join)


def matches(pattern: bytes, name: bytes, most: int) -> bool:
    return any(glob.matches(name) for glob in spellings(pattern, most))


@given(PATTERNS, NAMES)
def test_a_component_matches_the_same_in_every_way(pattern: bytes, name: bytes) -> None:
    expected = re.fullmatch(_translated(pattern), name, re.DOTALL) is not None
    assert matches(pattern, name, globs.MOST_SPELLINGS) == expected
    assert matches(pattern, name, 1) == expected
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(globs, "_MOST_COMPILED", 0)
        assert matches(pattern, name, 1) == expected


def _translated(pattern: bytes) -> bytes:
    """The pattern as a regular expression of Python, piece by piece."""
    meanings = {
        b"*": b".*", b"?": b".", b"[^b]": b"[^b]", b"[!a]": b"[^a]", b"[]a]": rb"[\]a]", b"[[:alpha:]]": b"[a-zA-Z]",
    }  # fmt: skip
    pieces = re.findall(rb"\\.|\[\[:alpha:\]\]|\[\]a\]|\[[^]]+\]|.", pattern, re.DOTALL)
    return b"".join(meanings.get(piece, piece if piece[:1] == b"[" else re.escape(piece[-1:])) for piece in pieces)


@pytest.mark.parametrize("text", [b"[", b"[a", b"[[:none:]]", b"a\\"])
def test_what_can_match_nothing_is_an_error(text: bytes) -> None:
    with pytest.raises(PatternError):
        spellings(text)
