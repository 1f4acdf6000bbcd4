"""A pattern that is compiled when it is first used is otherwise the pattern of `re`."""

from __future__ import annotations

import re

import pytest

from exosuit_cli.model.lazy import lazy_pattern


def test_it_does_what_the_pattern_of_re_does() -> None:
    text = "Aa bb, aB; 12"
    for flags in (0, re.IGNORECASE):
        lazy, eager = lazy_pattern(r"(a)(?P<rest>\w*)", flags), re.compile(r"(a)(?P<rest>\w*)", flags)
        assert lazy.findall(text) == eager.findall(text)
        assert lazy.sub("<\\1>", text) == eager.sub("<\\1>", text)
        assert [each.span() for each in lazy.finditer(text)] == [each.span() for each in eager.finditer(text)]
        assert (lazy.match(text) is None) == (eager.match(text) is None)
        assert lazy.groupindex == eager.groupindex
        assert lazy.pattern == eager.pattern
    assert lazy_pattern(rb"[0-9]+").split(b"a1b22c") == [b"a", b"b", b"c"]


def test_it_is_compiled_at_its_first_use() -> None:
    broken = lazy_pattern("(")
    with pytest.raises(re.error):
        broken.match("")
