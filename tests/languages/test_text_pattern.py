"""Patterns over the beginnings of texts: they find what `re` finds."""

from __future__ import annotations

import re

import pytest

from exosuit_cli.languages.rules import RULES
from exosuit_cli.languages.text_pattern import TextPattern, text_pattern

_PATTERNS = sorted(
    {found for rules in RULES.values() for rule in rules for found in (rule.pattern, rule.unless, rule.hint) if found}
)
_TEXTS = (
    b"",
    b"\n",
    b"#include <a>\nclass A : public B {\n  a::b();\n};\n",
    b"  move.l d0,(a1)\nlabel: MOVEQ #1,d0\n\tmov eax, 1\n",
    b"<?xml version='1.0'?>\n<eagle>\n<!DOCTYPE eagle>\n",
    b"package A;\nuse strict;\nmy $x = 1;\nsub f { $self->g(1) }\n__END__\n",
    b"---\nswagger: 2.0\nopenapi: 3.0\n\tkey:\n",
    b'{"openapi": "3.0"}\n[section]\n.TH A 1\n.\\" b\n',
    b"%% a\n:- b.\nmodule a;\n-module(a).\nimport b;\nfunction f() {\n",
    b"CREATE OR REPLACE\n/\nBEGIN TRY\nGO\nset nocount on\n",
    b"\n\n  [adblock]\n*a.txt* b\n\xff\x00\n",
)


@pytest.mark.parametrize("text", _TEXTS)
def test_each_pattern_of_the_rules_is_found_where_re_finds_it(text: bytes) -> None:
    for pattern in _PATTERNS:
        expected = re.compile(pattern, re.MULTILINE).search(text) is not None
        assert text_pattern(pattern).is_in(b"\n" + text) == expected, pattern


@pytest.mark.parametrize(
    ("pattern", "text", "expected"),
    [
        (rb"^a|b$", b"xa\nxb\n", True),
        (rb"^a|b$", b"xa\nbx\n", False),
        (rb"\Aa|^b", b"x\na", False),
        (rb"\Aa|^b", b"x\nb", True),
        (rb"(?i)^[]|^]x|y", b"|X", True),
        (rb"(?i)^[]|^]x|z", b"ax", False),
        (rb"^(?:a|b)\|c", b"x\nb|c", True),
        (rb"\ba", b"a", True),
    ],
)
def test_alternatives(pattern: bytes, text: bytes, expected: bool) -> None:
    assert TextPattern(pattern).is_in(b"\n" + text) is expected


def test_what_has_a_pattern_has_its_hint() -> None:
    for rule in {rule for rules in RULES.values() for rule in rules if rule.hint}:
        for text in _TEXTS:
            if text_pattern(rule.pattern).is_in(b"\n" + text):
                assert text_pattern(rule.hint).is_in(b"\n" + text), rule
