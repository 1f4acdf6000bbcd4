"""The user's list of patterns and the repository's own are found where git finds them."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from exosuit_cli.walk.git_config import user_excludes
from exosuit_cli.walk.git_files import Lookup, enclosing_repository, read_file

needs_git = pytest.mark.skipif(shutil.which("git") is None, reason="git is the oracle")

VALUES = [b"a", b"b c", b'"', b'"x y"', b'"#"', b'\\"', b"\\\\", b"\\n", b"\\t", b"\\b", b"\\\n", b"\\q", b"  ", b"\t"]
VALUES += [b"~/q", b"/abs/p", b"~root/z", b"~", b" # c", b" ; d", b"#", b"=", b"[", b"]", b"\xff", b"\r", b'"a  b"']
HEADERS = [
    b"[core]",
    b"[core]\n",
    b"[core]\n",
    b"[CORE]\r\n",
    b'[core "x"]\n',
    b'[core ""]\n',
    b"[core] ; hi\n",
    b"[ core]\n",
]
HEADERS += [b"[user]\n", b"# c\n[core]\n", b"[core.y]\n", b"", b"[core\n", b"\xef\xbb\xbf[core]\n"]
INCLUDES = [b"", b"", b"", b"\n[include]\npath = inc\n", b"[include]path=~/inc\n[core]\n", b"\n[include]\npath\n"]

variables = st.tuples(
    st.sampled_from([b"", b"\t", b"  "]),
    st.sampled_from([b"excludesFile", b"excludesFile", b"EXCLUDESFILE", b"editor", b"excludes-file", b"9"]),
    st.sampled_from([b"=", b" = ", b"\t=\t", b" =", b""]),
    st.lists(st.sampled_from(VALUES), max_size=4).map(b"".join),
    st.sampled_from([b"\n", b"\n", b"\r\n", b"  \n", b""]),
).map(b"".join)
configurations = st.lists(
    st.tuples(st.sampled_from(HEADERS), st.lists(variables, max_size=2).map(b"".join), st.sampled_from(INCLUDES)).map(
        b"".join
    ),
    min_size=1,
    max_size=3,
).map(b"".join)


def git(arguments: list[str], directory: bytes, environ: dict[str, str]) -> subprocess.CompletedProcess[bytes]:
    environ = {"PATH": os.environ["PATH"], "GIT_CONFIG_NOSYSTEM": "1", **environ}
    return subprocess.run(["git", *arguments], cwd=directory, capture_output=True, env=environ, check=False)


@needs_git
@settings(deadline=None, max_examples=250)
@given(configurations, st.none() | configurations, st.none() | configurations)
@example(b"[core]\nexcludesFile =  a  \tb \t # c\n", None, None)
@example(b"[core]\nexcludesFile = x\n[include]\npath = inc\n", None, b"[core]\nexcludesFile = ~/y\n")
def test_the_users_list_is_named_as_git_config_names_it(home: bytes, xdg: bytes | None, included: bytes | None) -> None:
    with tempfile.TemporaryDirectory() as temporary:
        directory = os.fsencode(temporary)
        os.makedirs(directory + b"/.config/git")
        for path, data in [(b".gitconfig", home), (b".config/git/config", xdg), (b"inc", included)]:
            if data is not None:
                with open(os.path.join(directory, path), "wb") as file:
                    file.write(data)
        environ = {"HOME": temporary, "GIT_CONFIG_NOSYSTEM": "1", "GIT_CEILING_DIRECTORIES": os.path.dirname(temporary)}
        answer = git(["config", "--includes", "-z", "--type=path", "--get", "core.excludesFile"], directory, environ)
        lookup = Lookup()
        mine = user_excludes(lookup, environ)
        if answer.returncode > 1:  # git refuses to work at all
            assert lookup.problems
            return
        assert not lookup.problems
        assert mine == (directory + b"/.config/git/ignore" if answer.returncode else answer.stdout[:-1])


def test_the_environment_names_the_files() -> None:
    with tempfile.TemporaryDirectory() as temporary:
        for name in ("system", "global"):
            with open(os.path.join(temporary, name), "w") as file:
                file.write(f"[core]\nexcludesFile = {name}\n")
        system = {"GIT_CONFIG_SYSTEM": os.path.join(temporary, "system")}
        assert user_excludes(Lookup(), system) == b"system"
        both = {**system, "GIT_CONFIG_GLOBAL": os.path.join(temporary, "global")}
        assert user_excludes(Lookup(), both) == b"global"
        assert user_excludes(Lookup(), {**both, "GIT_CONFIG_GLOBAL": "/dev/null"}) == b"system"
        none = {"GIT_CONFIG_NOSYSTEM": "yes", **system}
        assert user_excludes(Lookup(), none) is None
        assert user_excludes(Lookup(), {**none, "XDG_CONFIG_HOME": "/x"}) == b"/x/git/ignore"
        assert user_excludes(Lookup(), {**none, "HOME": "/h", "XDG_CONFIG_HOME": ""}) == b"/h/.config/git/ignore"


def test_a_file_that_includes_itself_is_a_problem() -> None:
    with tempfile.TemporaryDirectory() as temporary:
        with open(os.path.join(temporary, ".gitconfig"), "w") as file:
            file.write("[include]\npath = .gitconfig\npath = ~/.gitconfig\n[core]\nexcludesFile = x\n")
        lookup = Lookup()
        assert user_excludes(lookup, {"HOME": temporary, "GIT_CONFIG_NOSYSTEM": "1"}) == b"x"
        assert [problem.line for problem in lookup.problems] == [2, 3]


@needs_git
def test_the_list_of_a_work_tree_and_of_a_submodule_is_where_git_has_it() -> None:
    with tempfile.TemporaryDirectory() as temporary:
        base = os.path.realpath(os.fsencode(temporary))
        environ = {"HOME": temporary, "GIT_CONFIG_GLOBAL": "/dev/null"}
        identity = ["-c", "user.name=n", "-c", "user.email=e@example.org", "-c", "protocol.file.allow=always"]
        for arguments in (
            ["init", "-q", "main"],
            [*identity, "-C", "main", "commit", "-q", "--allow-empty", "-m", "one"],
            ["-C", "main", "worktree", "add", "-q", "../tree"],
            ["clone", "-q", "main", "outer"],
            [*identity, "-C", "outer", "submodule", "--quiet", "add", "../main", "inner"],
        ):
            answer = git(arguments, base, environ)
            assert answer.returncode == 0, answer.stderr
        for name in (b"main", b"tree", b"outer", b"outer/inner"):
            work_tree = os.path.join(base, name)
            os.mkdir(work_tree + b"/sub")
            lookup = Lookup()
            found = enclosing_repository(work_tree + b"/sub", lookup, environ)
            assert found is not None
            assert not lookup.problems
            shown = git(
                ["rev-parse", "--show-toplevel", "--git-path", "info/exclude"], work_tree, environ
            ).stdout.split(b"\n")
            assert found.top == shown[0]
            assert found.exclude == os.path.realpath(os.path.join(work_tree, shown[1]))


@needs_git
@pytest.mark.parametrize("ceiling", ["", "/top", "/top/a", "/top/a/b", "/other"])
def test_the_search_ends_at_a_ceiling(ceiling: str) -> None:
    with tempfile.TemporaryDirectory() as temporary:
        base = os.path.realpath(temporary)
        environ = {"HOME": base, "GIT_CEILING_DIRECTORIES": base + ceiling}
        assert git(["init", "-q", "top"], os.fsencode(base), environ).returncode == 0
        directory = os.fsencode(base + "/top/a/b")
        os.makedirs(directory)
        theirs = git(["rev-parse", "--show-toplevel"], directory, environ).stdout.rstrip(b"\n")
        found = enclosing_repository(directory, Lookup(), environ)
        assert (found.top if found else b"") == theirs


def test_reading_refuses_what_is_no_plain_file() -> None:
    with tempfile.TemporaryDirectory() as temporary:
        base = os.fsencode(temporary)
        assert read_file(base + b"/none") is None
        assert read_file(base + b"/none/none") is None
        assert read_file(b"/dev/null") == b""
        for path in (base, b"/dev/zero", b"a\0b"):
            with pytest.raises(OSError, match=r"not a regular file|NUL"):
                read_file(path)


@needs_git
@pytest.mark.parametrize(
    "numbered",
    [
        [("core.excludesFile", "a")],
        [("CORE.ExcludesFile", "~/b"), ("user.name", "n")],
        [("core.excludesFile", "a"), ("core.excludesFile", "b")],
        [("core.sub.excludesFile", "a")],
        [("include.path", "{home}/inc"), ("user.name", "n")],
        [("core.excludesFile", "a"), ("include.path", "~/inc")],
        [("include.path", "~/inc"), ("core.excludesFile", "a")],
        [("user.name", "n")],
        [],
    ],
    ids=str,
)
def test_variables_that_the_environment_numbers_come_last(numbered: list[tuple[str, str]]) -> None:
    with tempfile.TemporaryDirectory() as temporary:
        for name, value in ((".gitconfig", "home"), ("inc", "included")):
            with open(os.path.join(temporary, name), "w") as file:
                file.write(f"[core]\nexcludesFile = {value}\n")
        environ = {"HOME": temporary, "GIT_CONFIG_NOSYSTEM": "1", "GIT_CONFIG_COUNT": str(len(numbered))}
        for number, (key, value) in enumerate(numbered):
            environ |= {f"GIT_CONFIG_KEY_{number}": key, f"GIT_CONFIG_VALUE_{number}": value.format(home=temporary)}
        arguments = ["config", "--includes", "-z", "--type=path", "--get", "core.excludesFile"]
        lookup = Lookup()
        assert user_excludes(lookup, environ) == git(arguments, os.fsencode(temporary), environ).stdout[:-1]
        assert not lookup.problems


@pytest.mark.parametrize(
    ("environ", "why"),
    [
        ({"GIT_CONFIG_COUNT": "many"}, "no number"),
        ({"GIT_CONFIG_COUNT": "-1"}, "no number"),
        ({"GIT_CONFIG_COUNT": "9" * 5000}, "no number"),
        ({"GIT_CONFIG_COUNT": "1", "GIT_CONFIG_KEY_0": "core.excludesFile"}, "GIT_CONFIG_VALUE_0 is not set"),
        (
            {"GIT_CONFIG_COUNT": "1", "GIT_CONFIG_KEY_0": "include.path", "GIT_CONFIG_VALUE_0": "inc"},
            "an absolute path",
        ),
    ],
)
def test_numbered_variables_that_git_refuses_are_a_problem(environ: dict[str, str], why: str) -> None:
    lookup = Lookup()
    assert user_excludes(lookup, {"GIT_CONFIG_NOSYSTEM": "1", **environ}) is None
    assert [why in problem.why for problem in lookup.problems] == [True]
