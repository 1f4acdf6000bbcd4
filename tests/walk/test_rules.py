"""The syntax of ignore rules line by line, the places they come from, and inputs that are meant to hurt."""

from __future__ import annotations

import os
import re
from pathlib import Path

import pytest

from exosuit_cli.model.errors import UsageError
from exosuit_cli.walk import git_files, rule_set
from exosuit_cli.walk.rules import BadLine, RuleSet, Scope, read_rules, standard_scope


def matches(lines: bytes, path: bytes, *, is_dir: bool = False) -> bool:
    """Whether the rules ignore `path` itself; asked both ways, which must agree."""
    rules = RuleSet.parse(lines, "rules")
    *directories, name = path.split(b"/")
    scope = Scope.root([rules])
    for directory in directories:
        scope = scope.enter(directory, None)
    rule = scope.match(name, is_dir)
    assert rules.last_match(path, name, is_dir) == rule
    return rule is not None and not rule.negated


@pytest.mark.parametrize(
    ("pattern", "hit", "miss"),
    [
        # a pattern without a slash is for names, on every level
        (b"foo", b"foo", b"food"),
        (b"foo", b"a/b/foo", b"a/b/Foo"),
        (b"foo*", b"a/food", b"a/xfoo"),
        (b"*foo", b"a/xfoo", b"a/food"),
        (b"f*o*r", b"foobar", b"foobarx"),
        (b"*.o", b".o", b"o"),
        (b"a*a", b"aa", b"a"),
        (b"f?o", b"f.o", b"fo"),
        (b"?", b"\xff", b"\xc3\xa9"),
        (b"*", b"a/b", b"" or b"\n/x/../y"[:0] or b"z" if False else b""),
        # with a slash in front or inside it is for a path
        (b"/foo", b"foo", b"a/foo"),
        (b"a/foo", b"a/foo", b"b/a/foo"),
        (b"/a/foo", b"a/foo", b"a/foo/b"),
        (b"a/*", b"a/foo", b"a/b/foo"),
        (b"a/*/b", b"a/x/b", b"a/x/y/b"),
        (b"*/foo", b"a/foo", b"foo"),
        (b"a/?", b"a/b", b"a/bb"),
        (b"/*.c", b"x.c", b"a/x.c"),
        # two stars as a component cross directories
        (b"**/foo", b"a/b/foo", b"a/b/xfoo"),
        (b"**/foo", b"foo", b"foo/bar"),
        (b"**/a/foo", b"x/y/a/foo", b"x/y/foo"),
        (b"a/**", b"a/b/c", b"b/a/c"),
        (b"a/**/b", b"a/b", b"ab"),
        (b"a/**/b", b"a/x/y/b", b"a/x/yb"),
        (b"a/**/**/b", b"a/b", b"a/c"),
        (b"a/***/b", b"a/x/y/b", b"x/b"),
        (b"/**/b", b"x/b", b"b/x"),
        (b"**/**", b"a/b", b""),
        # elsewhere they are like one
        (b"a**b", b"axxb", b"ax/xb"),
        (b"x/a**b", b"x/axxb", b"x/ax/xb"),
        (b"x/**b", b"x/ab", b"x/a/b"),
        (b"?**/b", b"xy/b", b"x/y/b"),
        # git compares what is before the first special character on its own
        (b"foo**/bar", b"foobar", b"xfoo/bar"),
        (b"foo**/bar", b"foo/x/y/bar", b"fo/bar"),
        (b"foo**/bar", b"foox/bar", b"foox/ybar"),
        (b"foo**/**/bar", b"foobar", b"foo/xbar"),
        (b"a/foo**", b"a/foo/x/y", b"a/fo"),
        (b"a/foo**/**", b"a/foo", b"a/x"),
        (b"foo**//bar", b"foo/bar", b"foo/x/bar"),
        (b"foo**\\/bar", b"foox/y/bar", b"foobar"),
        (b"a/**\\/b", b"a/x/b", b"a/b"),
        (b"a\\/b", b"a/b", b"ab"),
        # bracket expressions
        (b"[ab]", b"a", b"c"),
        (b"[!ab]", b"c", b"a"),
        (b"[^ab]", b"c", b"b"),
        (b"[a-c]x", b"bx", b"dx"),
        (b"[c-a]", b"" or b"-"[:0], b"b") if False else (b"[c-a]b", b"", b"bb"),
        (b"[]a]", b"]", b"[]a]"),
        (b"[!]a]", b"b", b"]"),
        (b"[a-]", b"-", b"b"),
        (b"[-a]", b"-", b"b"),
        (b"[--0]", b".", b"1"),
        (b"[a-c-e]", b"-", b"d"),
        (b"[\\]]", b"]", b"\\"),
        (b"[a\\-c]", b"-", b"b"),
        (b"[\\a-\\c]", b"b", b"\\"),
        (b"[[:digit:]]", b"5", b"x"),
        (b"[![:digit:]]", b"x", b"5"),
        (b"[[:alpha:][:digit:]_]x", b"_x", b"-x"),
        (b"[[:a]", b":", b"x"),
        (b"[[:]x", b"[x", b"[:]x"),
        (b"[a-[:alpha:]]", b"", b"b") if False else (b"[a-[:alpha:]]", b":]", b"a"),
        (b"x/[!a]b", b"x/bb", b"x//b"),
        (b"*.[oa]", b"x.a", b"x.c"),
        (b"*.py[cod]", b"x.pyo", b"x.py"),
        (b"*[0-9]*x", b"a1bx", b"abx"),
        # escapes
        (b"\\#x", b"#x", b"x"),
        (b"\\!x", b"!x", b"x"),
        (b"\\*", b"*", b"x"),
        (b"\\a\\b", b"ab", b"\\a\\b"),
        (b"\\\\", b"\\", b"\\\\"),
        (b"foo\\ ", b"foo ", b"foo"),
        (b"foo\\\\ ", b"foo\\", b"foo\\ "),
    ],
)
def test_a_pattern_matches(pattern: bytes, hit: bytes, miss: bytes) -> None:
    assert not hit or matches(pattern, hit)
    assert not miss or not matches(pattern, miss)
