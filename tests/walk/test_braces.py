"""Braces in a glob mean what they mean to ripgrep, and cost little whatever is in them."""

from __future__ import annotations

import os
import shutil
import subprocess
from random import Random
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from exosuit_cli.config.options import WalkOptions
from exosuit_cli.model.errors import UsageError
from exosuit_cli.walk import TreeWalk
from exosuit_cli.walk.braces import MOST_PATTERNS, expand_braces
from exosuit_cli.walk.byte_members import PatternError
from exosuit_cli.walk.rule_set import RuleSet

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.parametrize(
    ("pattern", "expected"),
    [
        ("*.{py,js}", ["*.py", "*.js"]),
        ("{a,b}/**", ["a/**", "b/**"]),
        ("*.{a,{b,c}}", ["*.a", "*.b", "*.c"]),
        ("{a,b}{1,2}", ["a1", "a2", "b1", "b2"]),
        ("x{a,{b,c}d}y", ["xay", "xbdy", "xcdy"]),
        (r"\{a,b\}", [r"\{a,b\}"]),
        (r"{a\,b,c}", [r"a\,b", "c"]),
        (r"{a\},b}", [r"a\}", "b"]),
        ("{1..3}", ["1..3"]),
        ("{a}", ["a"]),
        ("test{,s}", ["test", "tests"]),
        ("{,}", ["", ""]),
        ("[{]a", ["[{]a"]),
        ("{[a,b],c}", ["[a,b]", "c"]),
        ("a,b", ["a,b"]),
        ("src/{a,b}.py", ["src/a.py", "src/b.py"]),
        ("{a,b/c}", ["/a", "b/c"]),  # as a whole it holds a slash: it starts at the top
        ("{a,b}/", ["a/", "b/"]),
        ("a", ["a"]),
    ],
)
def test_what_braces_stand_for(pattern: str, expected: list[str]) -> None:
    assert [found.decode() for found in expand_braces(pattern.encode())] == expected


@pytest.mark.parametrize(
    ("pattern", "why"),
    [
        ("{a", "not closed"),
        ("{a,b", "not closed"),
        ("a}", "not opened"),
        ("{a}}", "not opened"),
        ("{{a}", "not closed"),
        (r"{a\}", "not closed"),
        ("{}", "empty"),
        ("{[a}", "a bracket expression is not closed"),
        ("{a,b}" * 10, "more than 1000 patterns"),
        ("{a,b}" * 1600, "more than 1000 patterns"),
        ("{" + ",".join("a" * 1001) + "}", "more than 1000 patterns"),
        ("{a}" * 2700, "too long"),
        ("{,a}" * 9 + "[x]" * 2000, "too long"),
    ],
)
def test_what_braces_cannot_stand_for(pattern: str, why: str) -> None:
    with pytest.raises(PatternError, match=why):
        expand_braces(pattern.encode())


@settings(deadline=None, max_examples=300)
@given(st.lists(st.sampled_from(["{", "}", ",", "a", "/", "[", "]", "\\", "!", "*", "{a,b}"]), max_size=60))
def test_any_pattern_is_expanded_or_refused(parts: list[str]) -> None:
    try:
        found = expand_braces("".join(parts).encode())
    except PatternError:
        return
    assert 1 <= len(found) <= MOST_PATTERNS


def test_an_unbalanced_brace_is_one_error() -> None:
    with pytest.raises(UsageError) as error:
        RuleSet.from_globs(["*.{py,js"], "--include")
    assert str(error.value).startswith("--include '*.{py,js' can match nothing: a brace is not closed")
    assert "\n" not in str(error.value)


def test_to_git_braces_are_characters() -> None:
    rules = RuleSet.parse(b"*.{py,js}\n", ".gitignore")
    assert rules.last_match(b"a.py", b"a.py", is_dir=False) is None
    assert rules.last_match(b"a.{py,js}", b"a.{py,js}", is_dir=False) is not None


def test_a_pattern_counts_as_what_it_stands_for() -> None:
    rules = RuleSet.parse(b"{a,b,c}\n{d,e\nf\ng\n", ".ignore", braces=True, most=5)
    assert rules.count == 4
    assert [(problem.line, problem.why) for problem in rules.problems] == [
        (2, r"a brace is not closed (`\{` is the character)"),
        (4, "not applied, as all below: over 5 rules"),
    ]


def test_a_pattern_that_is_half_wrong_does_not_apply() -> None:
    rules = RuleSet.parse(b"{a,[}\n{b,c//d}\ne\n", ".ignore", braces=True)
    assert [problem.line for problem in rules.problems] == [1, 2]
    found = rules.last_match(b"e", b"e", is_dir=False)
    assert found is not None
    assert (found.line, found.pattern) == (3, b"e")
    assert rules.last_match(b"b", b"b", is_dir=False) is None


def taken(base: Path, **options: tuple[str, ...]) -> set[str]:
    walk = TreeWalk(os.fsencode(base.resolve()), [b""], WalkOptions(**options))  # type: ignore[arg-type]
    return {
        os.fsdecode(listing.directory.path + b"/" + name).lstrip("/") for listing, _ in walk for name in listing.names
    }


@pytest.mark.skipif(shutil.which("rg") is None, reason="ripgrep is the oracle: apt-get install ripgrep")
def test_includes_and_excludes_take_what_ripgrep_takes(tmp_path: Path) -> None:
    source = Random(7)
    names = ["a", "b", "ab", "a.py", "b.js", "x.tsx", "1..3", "a,b", "{a}"]
    for _ in range(80):
        path = tmp_path / "/".join(source.choices(names, k=source.randint(1, 3)))
        if not any(parent.is_file() for parent in path.parents) and not path.exists():
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text("")
    parts = [
        "a",
        "b",
        "*",
        ".py",
        ".js",
        "/",
        "**/",
        "{a,b}",
        "{py,js,tsx}",
        "{1..3}",
        "*.{py,js}",
        "{a,b}/",
        r"\{",
        ",",
    ]
    everything = taken(tmp_path)
    judged = 0
    for _ in range(80):
        glob = "".join(source.choices(parts, k=source.randint(1, 4)))
        done = subprocess.run(
            ["rg", "--files", "--hidden", "--no-config", "-g", "!" + glob],
            cwd=tmp_path, capture_output=True, text=True, check=False,
        )  # fmt: skip
        try:
            left = taken(tmp_path, exclude=(glob,))
        except UsageError:
            continue
        if done.returncode == 2:
            continue
        judged += 1
        assert left == set(done.stdout.splitlines()), glob
        # To ripgrep a directory that is included takes nothing in it; here it does.
        assert taken(tmp_path, include=(glob,)) == everything - left, glob
    assert judged > 50
