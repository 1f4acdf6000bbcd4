"""The walk, held against `find`: every path once, as a file, as a directory that was entered, or as a skip."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pygments
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from exosuit_cli.config.options import WalkOptions
from exosuit_cli.model.errors import UsageError
from exosuit_cli.model.records import Outcome, Skip
from exosuit_cli.walk import Listing, PastDirectory, RuleState, TreeWalk

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from exosuit_cli.walk.rule_set import BadLine

ALL = WalkOptions(ignore=False)


@dataclass
class Walked:
    """A finished walk, its paths put together."""

    listings: list[Listing]
    reused: list[bytes]
    problems: list[BadLine]
    rules: Mapping[bytes, RuleState | None]

    @property
    def files(self) -> list[bytes]:
        return [_join(listing.directory.path, name) for listing in self.listings for name in listing.names]

    @property
    def directories(self) -> list[bytes]:
        return [listing.directory.path for listing in self.listings if listing.entered]

    @property
    def skips(self) -> list[Skip]:
        return [skip for listing in self.listings for skip in listing.skips]

    @property
    def outcomes(self) -> dict[bytes, Outcome]:
        return {skip.path: skip.outcome for skip in self.skips}

    @property
    def below(self) -> dict[bytes, list[bytes]]:
        """The directories that were entered from each."""
        found: dict[bytes, list[bytes]] = {path: [] for path in self.directories}
        for path in self.directories:
            parent, _, name = path.rpartition(b"/")
            if path and parent in found:
                found[parent].append(name)
        return found

    def past(self, *, without: tuple[bytes, ...] = ()) -> dict[bytes, PastDirectory]:
        """What a next walk may know of this one, apart from the directories that have changed since."""
        below = self.below
        return {
            listing.directory.path: PastDirectory(listing, below[listing.directory.path])
            for listing in self.listings
            if listing.entered and listing.directory.path not in without
        }


def walk(
    base: Path,
    *roots: str | bytes,
    options: WalkOptions = ALL,
    past: Mapping[bytes, PastDirectory] | None = None,
    past_rules: Mapping[bytes, RuleState | None] | None = None,
) -> Walked:
    names = [os.fsencode(root) for root in roots or (b"",)]
    tree = TreeWalk(os.fsencode(base), names, options, past=past or {}, past_rules=past_rules or {})
    found = list(tree)
    reused = [listing.directory.path for listing, old in found if old is not None]
    return Walked([listing for listing, _ in found], reused, tree.problems, tree.rules)


def find(base: Path) -> dict[bytes, str]:
    """Every path below `base` with its type, as find(1) sees them; the base itself is b""."""
    printed = subprocess.run(["find", base, "-printf", r"%y %P\0"], capture_output=True, check=True).stdout
    return {entry[2:]: entry[:1].decode() for entry in printed.split(b"\0")[:-1]}


def write(base: Path, files: Mapping[str, str]) -> None:
    for name, content in files.items():
        (base / name).parent.mkdir(parents=True, exist_ok=True)
        (base / name).write_text(content)


def assert_complete(walked: Walked, base: Path) -> None:
    """Each path that find prints has one end, apart from those below a directory that was left out."""
    ends = Counter([*walked.files, *walked.directories, *(skip.path for skip in walked.skips)])
    assert set(ends.values()) == {1}, [path for path, count in ends.items() if count > 1]
    left_out = {skip.path for skip in walked.skips if skip.is_directory}
    printed = {path: kind for path, kind in find(base).items() if left_out.isdisjoint(_above(path))}
    assert set(ends) == set(printed)
    assert {path for path, kind in printed.items() if kind == "f"} >= set(walked.files)
    assert {path for path, kind in printed.items() if kind == "d"} >= set(walked.directories)


def _join(directory: bytes, name: bytes) -> bytes:
    return directory + b"/" + name if directory else name


def _above(path: bytes) -> Iterator[bytes]:
    while b"/" in path:
        path = path.rpartition(b"/")[0]
        yield path


@pytest.fixture(scope="module")
def real_tree(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An installed distribution, with what no distribution has."""
    base = tmp_path_factory.mktemp("real") / "tree"
    shutil.copytree(os.path.dirname(pygments.__file__), base / "pygments")
    shutil.copytree(os.path.join(os.path.dirname(np.__file__), "random"), base / "random")
    write(base, {".hidden": "", ".config/x": "", ".git/HEAD": "", "pygments/.git": "gitdir: elsewhere"})
    (base / "to file").symlink_to(".hidden")
    (base / "to directory").symlink_to("random")
    (base / "to nothing").symlink_to("nowhere")
    (base / "to itself").symlink_to("to itself")
    os.mkfifo(base / "random" / "fifo")
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(os.path.relpath(base / "socket"))
    for name in (b"\xff\xfe", b"line\nbreak", b"\x1b[31mred", b" ", b"-rf"):
        os.mkdir(os.path.join(os.fsencode(base), name))
        Path(os.fsdecode(os.path.join(os.fsencode(base), name, name))).touch()
    (base / "empty").mkdir()
    return base


def test_a_real_tree_is_seen_whole(real_tree: Path) -> None:
    walked = walk(real_tree)
    assert_complete(walked, real_tree)
    printed = find(real_tree)
    outcomes = walked.outcomes
    for path, outcome in outcomes.items():
        expected = {"l": Outcome.SYMLINK, "p": Outcome.SPECIAL, "s": Outcome.SPECIAL}
        assert outcome is expected.get(printed[path], Outcome.VERSION_CONTROL)
    assert sorted(path for path, outcome in outcomes.items() if outcome is Outcome.VERSION_CONTROL) == [
        b".git",
        b"pygments/.git",
    ]
    assert len(walked.files) > 300
    assert not walked.problems


def test_parents_come_before_children(real_tree: Path) -> None:
    seen: set[bytes] = set()
    for path in walk(real_tree).directories:
        assert not path or path.rpartition(b"/")[0] in seen
        seen.add(path)


def test_identities_are_those_of_the_directories(real_tree: Path) -> None:
    for listing in walk(real_tree).listings:
        status = os.stat(os.path.join(os.fsencode(real_tree), listing.directory.path))
        identity = (status.st_dev, status.st_ino, status.st_mtime_ns, status.st_ctime_ns)
        assert listing.directory[1:] == identity


def test_hidden_names(real_tree: Path) -> None:
    walked = walk(real_tree, options=WalkOptions(ignore=False, hidden=False))
    assert_complete(walked, real_tree)
    hidden = {path for path, outcome in walked.outcomes.items() if outcome is Outcome.HIDDEN}
    assert hidden == {b".hidden", b".config"}
    assert not any(b"/." in b"/" + path for path in walked.files)


def test_an_empty_directory(tmp_path: Path) -> None:
    walked = walk(tmp_path)
    assert (walked.files, walked.directories, walked.skips) == ([], [b""], [])


# Ignore rules: what they mean is tested against git in test_rules_oracle.py; here, what becomes of it.

names = st.sampled_from(["a", "b", "c.log", ".gitignore", "build", ".x"])
lines = st.sampled_from(
    ["*.log", "!c.log", "build/", "/a", "a/b", "**/b", "*", "!*/", "!.gitignore", "# no", "", "[", "!a"]
)
ignore_texts = st.lists(lines, max_size=4).map("\n".join)


@st.composite
def trees(draw: st.DrawFn) -> dict[str, str]:
    """Files by path; a path never continues another one."""
    found: dict[str, str] = {}
    for parts in draw(st.lists(st.lists(names, min_size=1, max_size=4), max_size=14)):
        path = "/".join(parts)
        above = {"/".join(parts[:depth]) for depth in range(1, len(parts))}
        if path in found or above & found.keys() or any(other.startswith(path + "/") for other in found):
            continue
        found[path] = draw(ignore_texts) if parts[-1] == ".gitignore" else path
    return found


@given(trees(), st.booleans(), st.booleans())
@settings(deadline=None)
def test_any_tree_under_any_rules(
    tmp_path_factory: pytest.TempPathFactory, files: dict[str, str], ignore: bool, hidden: bool
) -> None:
    base = tmp_path_factory.mktemp("tree")
    write(base, files)
    walked = walk(base, options=WalkOptions(ignore=ignore, hidden=hidden))
    assert_complete(walked, base)
    for skip in walked.skips:
        assert ignore or skip.outcome is not Outcome.IGNORED
        if skip.outcome is Outcome.IGNORED:
            source, _, line = skip.detail.rpartition(":")
            rule = (base / source).read_text().split("\n")[int(line) - 1]
            assert rule
            assert not rule.startswith(("#", "!"))


@given(trees(), st.data())
@settings(deadline=None)
def test_any_roots_of_any_tree(
    tmp_path_factory: pytest.TempPathFactory, files: dict[str, str], data: st.DataObject
) -> None:
    """However the roots overlap, each path is seen once; and a file that is named is taken, whatever the rules say."""
    base = tmp_path_factory.mktemp("tree")
    write(base, files)
    printed = find(base)
    roots = data.draw(st.lists(st.sampled_from(sorted(printed)), min_size=1, max_size=4))
    for options in (ALL, WalkOptions(hidden=False)):
        walked = walk(base, *roots, options=options)
        ends = Counter([*walked.files, *walked.directories, *(skip.path for skip in walked.skips)])
        assert set(ends.values()) <= {1}
        assert {root for root in roots if printed[root] == "f"} <= set(walked.files)
        assert {root for root in roots if printed[root] == "d"} <= set(walked.directories)
        below = {path for path in printed if set(roots) & {path, b"", *_above(path)} & ({path, *_above(path)} | {b""})}
        assert set(ends) <= below
        if options is ALL:
            assert set(ends) == below


def test_sources_of_rules_are_relative_to_the_base(tmp_path: Path) -> None:
    write(tmp_path, {"a/.gitignore": "*.log", "a/x.log": "", "a/b/.gitignore": "y", "a/b/y": "", "c/z": ""})
    walked = walk(tmp_path, "a", "c", options=WalkOptions())
    assert {skip.path: skip.detail for skip in walked.skips} == {
        b"a/x.log": "a/.gitignore:1",
        b"a/b/y": "a/b/.gitignore:1",
    }


def test_a_line_that_cannot_be_applied_is_told_once(tmp_path: Path) -> None:
    """Also where several roots stand below the same ignore file."""
    (tmp_path / ".git").mkdir()
    (tmp_path / ".gitignore").symlink_to("elsewhere")
    write(tmp_path, {"a/x": "", "b/x": "", "c/d/x": ""})
    assert len(walk(tmp_path, options=WalkOptions()).problems) == 1
    assert len(walk(tmp_path, "a", "b", "c", "c/d", options=WalkOptions()).problems) == 1


# Roots.


def test_a_named_file_in_a_named_directory_is_seen_once(tmp_path: Path) -> None:
    write(
        tmp_path, {".gitignore": "*.log\nbuild/\n", "x.log": "", "y.log": "", "build/x": "", "build/x.log": "", "z": ""}
    )
    walked = walk(tmp_path, "", "x.log", "build", "z", options=WalkOptions())
    assert sorted(walked.files) == [b".gitignore", b"build/x", b"x.log", b"z"]
    assert walked.outcomes == {b"y.log": Outcome.IGNORED, b"build/x.log": Outcome.IGNORED}
    assert_complete(walked, tmp_path)


def test_git_directories_are_walked_where_they_are_named(tmp_path: Path) -> None:
    write(tmp_path, {".git/HEAD": "", "x": ""})
    assert walk(tmp_path, ".git").files == [b".git/HEAD"]
    assert sorted(walk(tmp_path, "", ".git").files) == [b".git/HEAD", b"x"]


def test_named_links_are_skips(tmp_path: Path) -> None:
    """As in the list of names that `git ls-files` prints: a link is an entry of the tree, not what it points to."""
    write(tmp_path, {"d/x": "", "f": ""})
    (tmp_path / "to d").symlink_to("d")
    (tmp_path / "to f").symlink_to("f")
    walked = walk(tmp_path, "to d", "to f", "d/x")
    assert b"to d/x" not in walked.files
    # Links that were named count as files until they are opened: the reader then finds them to be links.
    assert sorted([*walked.files, *walked.outcomes]) == [b"d/x", b"to d", b"to f"]
    followed = walk(tmp_path, "to d", "to f", options=WalkOptions(ignore=False, follow=True))
    assert sorted(followed.files) == [b"to d/x", b"to f"]


def test_a_named_link_in_a_named_directory_is_seen_once(tmp_path: Path) -> None:
    write(tmp_path, {"d/x": ""})
    (tmp_path / "link").symlink_to("d")
    os.mkfifo(tmp_path / "fifo")
    assert_complete(walk(tmp_path, "", "link", "fifo"), tmp_path)


def test_named_files_that_are_gone(tmp_path: Path) -> None:
    write(tmp_path, {"here/x": "", "file": ""})
    walked = walk(tmp_path, "here/x", "here/gone", "gone/a", "gone/b", "file/below", "gone")
    assert walked.files == [b"here/x"]
    assert set(walked.outcomes) == {b"here/gone", b"gone/a", b"gone/b", b"file/below", b"gone"}
    assert set(walked.outcomes.values()) == {Outcome.VANISHED}


def test_files_that_were_named_do_not_make_a_listing(tmp_path: Path) -> None:
    write(tmp_path, {"d/x": "", "d/y": ""})
    walked = walk(tmp_path, "d/x")
    assert (walked.files, walked.directories) == ([b"d/x"], [])


# Globs.


@pytest.mark.parametrize(
    ("include", "exclude", "expected"),
    [
        (("*.py",), (), ["a.py", "src/b.py", "src/deep/c.py"]),
        (("src",), (), ["src/b.py", "src/d.txt", "src/deep/c.py"]),
        (("src/",), (), ["src/b.py", "src/d.txt", "src/deep/c.py"]),
        (("/*.py",), (), ["a.py"]),
        (("*.py", "!c.py"), (), ["a.py", "src/b.py"]),
        (("src/deep", "*.txt"), (), ["e.txt", "src/d.txt", "src/deep/c.py"]),
        ((), ("src",), ["a.py", "e.txt"]),
        ((), ("*.py", "!b.py"), ["e.txt", "src/b.py", "src/d.txt"]),
        ((), ("deep/",), ["a.py", "e.txt", "src/b.py", "src/d.txt"]),
        (("*.py",), ("src/deep",), ["a.py", "src/b.py"]),
        (("nothing",), (), []),
    ],
)
def test_globs(tmp_path: Path, include: tuple[str, ...], exclude: tuple[str, ...], expected: list[str]) -> None:
    write(tmp_path, {"a.py": "", "e.txt": "", "src/b.py": "", "src/d.txt": "", "src/deep/c.py": ""})
    walked = walk(tmp_path, options=WalkOptions(include=include, exclude=exclude))
    assert sorted(map(os.fsdecode, walked.files)) == expected
    assert set(walked.outcomes.values()) <= {Outcome.EXCLUDED, Outcome.NOT_INCLUDED}
    assert_complete(walked, tmp_path)


@pytest.mark.parametrize("options", [WalkOptions(include=("",)), WalkOptions(exclude=("*.py", ""))])
def test_what_is_no_glob_is_refused(tmp_path: Path, options: WalkOptions) -> None:
    with pytest.raises(UsageError, match="clude"):
        walk(tmp_path, options=options)


# What is never entered.


def test_own_outputs_are_left_out(tmp_path: Path) -> None:
    write(tmp_path, {"manifest.jsonl": "", "cache/index": "", "cache/other": "", "x": ""})
    own = frozenset(
        (os.stat(tmp_path / name).st_dev, os.stat(tmp_path / name).st_ino) for name in ("manifest.jsonl", "cache")
    )
    walked = walk(tmp_path, options=WalkOptions(own_outputs=own))
    assert walked.files == [b"x"]
    assert walked.outcomes == {b"manifest.jsonl": Outcome.OWN_OUTPUT, b"cache": Outcome.OWN_OUTPUT}
    assert_complete(walked, tmp_path)


@pytest.fixture
def other_file_system() -> bytes:
    """The name of a mount point in /dev."""
    for name in ("shm", "pts", "mqueue"):
        if os.path.ismount(f"/dev/{name}"):
            return name.encode()
    pytest.skip("/dev holds no mount point here")


def test_other_file_systems_are_not_entered(other_file_system: bytes) -> None:
    walked = walk(Path("/dev"), options=WalkOptions(ignore=False))
    assert walked.outcomes[other_file_system] is Outcome.OTHER_FILESYSTEM
    assert other_file_system not in walked.directories
    assert other_file_system in walk(Path("/dev"), options=WalkOptions(ignore=False, one_file_system=False)).directories


def test_a_named_directory_on_another_file_system_is_entered(other_file_system: bytes) -> None:
    walked = walk(Path("/dev"), b"", other_file_system)
    assert walked.directories.count(other_file_system) == 1
    assert other_file_system not in walked.outcomes


# Links that are followed.


def test_followed_links_are_walked_under_their_own_name(tmp_path: Path) -> None:
    write(tmp_path, {"d/x": "", "d/e/y": "", "f": ""})
    (tmp_path / "to d").symlink_to("d")
    (tmp_path / "to f").symlink_to("f")
    (tmp_path / "to nothing").symlink_to("nowhere")
    (tmp_path / "to itself").symlink_to("to itself")
    (tmp_path / "d" / "e" / "up").symlink_to("../..")
    walked = walk(tmp_path, options=WalkOptions(ignore=False, follow=True))
    assert sorted(walked.files) == [b"d/e/y", b"d/x", b"f", b"to d/e/y", b"to d/x", b"to f"]
    assert walked.outcomes == {
        b"to nothing": Outcome.SYMLINK,
        b"to itself": Outcome.SYMLINK,
        b"d/e/up": Outcome.LOOP,
        b"to d/e/up": Outcome.LOOP,
    }


# Walks that know an earlier one.


@pytest.fixture
def remembered(tmp_path: Path) -> tuple[Path, Walked]:
    base = tmp_path / "tree"
    write(
        base,
        {".gitignore": "*.log\n", "x": "", "a/y": "", "a/b/z": "", "a/b/z.log": "", "c/.gitignore": "w", "c/d/w": ""},
    )
    return base, walk(base, options=WalkOptions())


def again(base: Path, before: Walked, *roots: str, changed: tuple[bytes, ...] = ()) -> Walked:
    """Walk again knowing `before`, and without; both must find the same."""
    after = walk(base, *roots, options=WalkOptions(), past=before.past(without=changed), past_rules=before.rules)
    fresh = walk(base, *roots, options=WalkOptions())
    assert not fresh.reused
    assert sorted(after.files) == sorted(fresh.files)
    assert sorted(after.skips, key=lambda skip: skip.path) == sorted(fresh.skips, key=lambda skip: skip.path)
    assert sorted(after.directories) == sorted(fresh.directories)
    assert dict(after.rules) == dict(fresh.rules)
    return after


def test_an_unchanged_tree_is_not_listed_again(remembered: tuple[Path, Walked]) -> None:
    base, before = remembered
    assert again(base, before).reused == before.directories


def test_a_changed_directory_is_listed_alone(remembered: tuple[Path, Walked]) -> None:
    base, before = remembered
    write(base, {"a/new": "", "a/new.log": ""})
    assert set(again(base, before, changed=(b"a",)).reused) == {b"", b"a/b", b"c", b"c/d"}


def test_a_changed_directory_without_known_parents_is_judged_by_all_rules(remembered: tuple[Path, Walked]) -> None:
    base, before = remembered
    write(base, {"a/b/new.log": "", "c/d/w": "", "c/d/v": ""})
    after = again(base, before, changed=(b"a/b", b"c/d"))
    assert set(after.reused) == {b"", b"a", b"c"}
    assert after.outcomes[b"a/b/new.log"] is Outcome.IGNORED
    assert after.outcomes[b"c/d/w"] is Outcome.IGNORED


def test_changed_rules_distrust_everything_below(remembered: tuple[Path, Walked]) -> None:
    """Although no directory below has changed."""
    base, before = remembered
    (base / "c" / ".gitignore").write_text("nothing")
    after = again(base, before, changed=(b"c",))
    assert set(after.reused) == {b"", b"a", b"a/b"}
    assert b"c/d/w" in after.files


def test_changed_rules_of_a_root_distrust_the_whole(remembered: tuple[Path, Walked]) -> None:
    base, before = remembered
    (base / ".gitignore").write_text("z\n")
    assert again(base, before).reused == []


def test_added_and_removed_rules_distrust_everything_below(remembered: tuple[Path, Walked]) -> None:
    base, before = remembered
    (base / "c" / ".gitignore").unlink()
    (base / "a" / ".gitignore").write_text("z")
    assert again(base, before, changed=(b"a", b"c")).reused == [b""]


@pytest.mark.parametrize(
    "place", ["config/git/ignore", ".gitconfig", "repository/.git/info/exclude", "repository/.git"]
)
def test_changed_rules_from_elsewhere_distrust_the_whole(
    remembered: tuple[Path, Walked], monkeypatch: pytest.MonkeyPatch, place: str
) -> None:
    """The user's own list, the file that names it, the repository's list, and a repository that begins to be one."""
    base = remembered[0].parent
    monkeypatch.setenv("HOME", str(base))
    monkeypatch.setenv("XDG_CONFIG_HOME", str(base / "config"))
    (base / "tree").rename(base / "repository")
    base = base / "repository"
    if place != "repository/.git":
        (base / ".git" / "info").mkdir(parents=True)
    before = walk(base, options=WalkOptions())
    write(base.parent, {"list": "z\n"})
    if place == "repository/.git":
        write(base, {".git/info/exclude": "z\n"})
    elif place == ".gitconfig":
        write(base.parent, {place: f"[core]\nexcludesFile = {base.parent}/list\n"})
    else:
        write(base.parent, {place: "z\n"})
    after = again(base, before, changed=(b"",) if place == "repository/.git" else ())
    assert after.reused == []
    assert after.outcomes[b"a/b/z"] is Outcome.IGNORED


def test_a_list_that_is_a_link_is_followed_to_its_changes(
    remembered: tuple[Path, Walked], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Git follows a link to the user's own list, as those who keep their settings in a repository have one."""
    base, _ = remembered
    monkeypatch.setenv("XDG_CONFIG_HOME", str(base.parent / "config"))
    write(base.parent, {"settings/ignore": "x\n", "config/git/config": ""})
    (base.parent / "config" / "git" / "ignore").symlink_to(base.parent / "settings" / "ignore")
    before = walk(base, options=WalkOptions())
    assert before.outcomes[b"x"] is Outcome.IGNORED
    (base.parent / "settings" / "ignore").write_text("changed\n")
    after = again(base, before)
    assert after.reused == []
    assert b"x" in after.files


def test_roots_inside_roots_are_reused_once(remembered: tuple[Path, Walked]) -> None:
    base, _ = remembered
    before = walk(base, "", "a", "a/b/z", options=WalkOptions())
    assert again(base, before, "", "a", "a/b/z").reused == before.directories


def test_nothing_is_reused_where_links_are_followed(remembered: tuple[Path, Walked]) -> None:
    """A link's target may change where no directory shows it."""
    base, before = remembered
    options = WalkOptions(follow=True)
    assert walk(base, options=options, past=before.past(), past_rules=before.rules).reused == []


def test_a_deep_tree_is_walked_without_recursion(tmp_path: Path) -> None:
    """Also where only its last directory has changed, whose rules come from all those above."""
    depth = 1100
    current = os.open(tmp_path, os.O_RDONLY)
    for _ in range(depth):
        os.mkdir("d", dir_fd=current)
        below = os.open("d", os.O_RDONLY, dir_fd=current)
        os.close(current)
        current = below
    try:
        before = walk(tmp_path, options=WalkOptions())
        assert len(before.directories) == depth + 1
        os.close(os.open("new", os.O_CREAT | os.O_WRONLY, dir_fd=current))
        last = b"/".join([b"d"] * depth)
        after = walk(tmp_path, options=WalkOptions(), past=before.past(without=(last,)), past_rules=before.rules)
        assert after.files == [last + b"/new"]
        assert len(after.reused) == depth
    finally:
        os.close(current)
        subprocess.run(["rm", "-rf", tmp_path / "d"], check=True)  # shutil.rmtree recurses
