"""The syntax of ignore rules line by line, where rules come from, and inputs that are meant to hurt."""

from __future__ import annotations

import errno
import os
from typing import TYPE_CHECKING

import pytest

from exosuit_cli.model.errors import UsageError
from exosuit_cli.walk import git_files, rule_set
from exosuit_cli.walk.rules import Rule, RuleSet, Scope, read_rules, standard_scope

if TYPE_CHECKING:
    from pathlib import Path


def matches(lines: bytes, path: bytes, *, is_dir: bool = False) -> bool:
    """Whether the last rule for `path` itself ignores it; asked in both ways, which must agree."""
    rules = RuleSet.parse(lines, "rules")
    *directories, name = path.split(b"/")
    scope = Scope.root([rules])
    for directory in directories:
        scope = scope.enter(directory, None)
    rule = scope.match(name, is_dir)
    assert rules.last_match(path, name, is_dir) == rule
    return rule is not None and not rule.negated


def said(rule: Rule | None) -> str:
    return "-" if rule is None else f"{rule.source}:{rule.line}:{os.fsdecode(rule.pattern)}"


@pytest.mark.parametrize(
    ("pattern", "hits", "misses"),
    [
        # A pattern without a slash is for names, on every level.
        (b"foo", [b"foo", b"a/b/foo"], [b"food", b"Foo", b"foo/x"]),
        (b"foo*", [b"foo", b"a/food"], [b"xfoo"]),
        (b"*foo", [b"foo", b"a/xfoo"], [b"food"]),
        (b"f*o*r", [b"foobar", b"f.o.r"], [b"foobarx", b"fr"]),
        (b"a*a", [b"aa", b"aba"], [b"a", b"ab"]),
        (b"*.o", [b".o", b"x.o"], [b"o", b"x.oo"]),
        (b"*.c.*", [b"x.c.y", b".c."], [b"x.c", b"c."]),
        (b"f?o", [b"f.o", b"f\xffo", b"f\no"], [b"fo", b"f\xc3\xa9o"]),
        (b"*", [b"a", b"a/b", b"\xff"], []),
        (b"?*", [b"a", b"ab"], []),
        # With a slash in front or inside it is for a path.
        (b"/foo", [b"foo"], [b"a/foo"]),
        (b"a/foo", [b"a/foo"], [b"b/a/foo", b"a/foo/x", b"foo"]),
        (b"a/*", [b"a/foo"], [b"a", b"a/b/foo"]),
        (b"a/*/b", [b"a/x/b"], [b"a/b", b"a/x/y/b"]),
        (b"*/foo", [b"a/foo"], [b"foo", b"a/b/foo"]),
        (b"/*.c", [b"x.c"], [b"a/x.c"]),
        # Two stars as a component cross directories.
        (b"**/foo", [b"foo", b"a/b/foo"], [b"a/xfoo", b"foo/x"]),
        (b"**/a/foo", [b"a/foo", b"x/y/a/foo"], [b"x/y/foo"]),
        (b"a/**", [b"a/b", b"a/b/c"], [b"a", b"b/a/c"]),
        (b"a/**/b", [b"a/b", b"a/x/b", b"a/x/y/b"], [b"ab", b"a/xb", b"b"]),
        (b"a/**/**/b", [b"a/b", b"a/x/b"], [b"a/c"]),
        (b"a/***/b", [b"a/b", b"a/x/y/b"], [b"x/b"]),
        (b"/**/b", [b"b", b"x/b"], [b"b/x"]),
        (b"**/**", [b"a", b"a/b"], []),
        (b"a/**/*.c", [b"a/x.c", b"a/b/x.c"], [b"x.c"]),
        (b"**/a*/b", [b"a/b", b"x/ab/b"], [b"x/b"]),
        # Elsewhere they are like one.
        (b"a**b", [b"ab", b"axxb"], [b"axx"]),
        (b"x/a**b", [b"x/axxb"], [b"x/ax/xb"]),
        (b"x/**b", [b"x/ab"], [b"x/a/b"]),
        (b"?**/b", [b"xy/b"], [b"x/y/b"]),
        # git compares what is before the first special character on its own, so that these start with the stars.
        (b"foo**/bar", [b"foobar", b"foo/bar", b"foo/x/y/bar", b"foox/bar", b"foox/y/bar"], [b"foox/ybar", b"fo/bar"]),
        (b"foo**/**/bar", [b"foobar", b"foo/x/bar"], [b"foo/xbar"]),
        (b"a/foo**", [b"a/foo", b"a/foox", b"a/foo/x/y"], [b"a/fo", b"foo"]),
        (b"a/foo**/**", [b"a/foo", b"a/foo/x"], [b"a/x"]),
        (b"foo**//bar", [b"foo/bar"], [b"foo/x/bar"]),
        (b"foo**\\/bar", [b"foo/bar", b"foox/y/bar"], [b"foobar"]),
        (b"foo**/**\\/bar", [b"foo/bar", b"foox/y/bar"], [b"foobar"]),
        (b"a/**\\/b", [b"a/x/b", b"a/x/y/b"], [b"a/b"]),
        # Bracket expressions.
        (b"[ab]", [b"a", b"b"], [b"c", b"ab"]),
        (b"[!ab]", [b"c", b"\xff"], [b"a"]),
        (b"[^ab]", [b"c"], [b"b"]),
        (b"[a-c]x", [b"bx"], [b"dx", b"-x"]),
        (b"[b-ac]", [b"b", b"c"], [b"a", b"-"]),
        (b"[!z-a]", [b"a", b"-"], [b"z"]),
        (b"[]a]", [b"]", b"a"], [b"[]a]"]),
        (b"[!]a]", [b"b"], [b"]", b"a"]),
        (b"[a-]", [b"-", b"a"], [b"b"]),
        (b"[-a]", [b"-", b"a"], [b"b"]),
        (b"[--0]", [b"-", b".", b"0"], [b"1"]),
        (b"[a-c-e]", [b"-", b"e"], [b"d"]),
        (b"[\\]]", [b"]"], [b"\\"]),
        (b"[a\\-c]", [b"-", b"c"], [b"b"]),
        (b"[\\a-\\c]", [b"b"], [b"\\"]),
        (b"[[:digit:]]", [b"5"], [b"x", b":"]),
        (b"[![:digit:]]", [b"x"], [b"5"]),
        (b"[[:upper:][:digit:]_]x", [b"_x", b"Ax", b"1x"], [b"-x", b"ax"]),
        (b"[[:a]", [b":", b"["], [b"x"]),
        (b"[[:]x", [b"[x", b":x"], [b"[:]x"]),
        (b"[a-[:alpha:]]", [b":]", b"l]"], [b"a", b"z]"]),
        (b"x/[!a]b", [b"x/bb"], [b"x/ab"]),
        (b"a[/]b/c", [], [b"a/b/c"]),
        (b"*.[oa]", [b"x.a", b"x.o"], [b"x.c"]),
        (b"*.py[cod]", [b"x.pyo"], [b"x.py", b"x.pyx"]),
        (b"*[0-9]*x", [b"a1bx", b"1x"], [b"abx", b"x1"]),
        (b"*[a-z0-9_-]?.t", [b"..aa.t"], [b"A.t", b"AAA.t"]),
        # Escapes.
        (b"\\#x", [b"#x"], [b"x"]),
        (b"\\!x", [b"!x"], [b"x"]),
        (b"\\*", [b"*"], [b"x"]),
        (b"\\a\\b", [b"ab"], [b"\\a\\b"]),
        (b"\\\\", [b"\\"], [b"\\\\"]),
        (b"a\\/b", [b"a/b"], [b"ab"]),
        (b"foo\\ ", [b"foo "], [b"foo"]),
        (b"foo\\\\ ", [b"foo\\"], [b"foo\\ "]),
    ],
)
def test_a_pattern_matches(pattern: bytes, hits: list[bytes], misses: list[bytes]) -> None:
    assert [path for path in hits + misses if matches(pattern, path)] == hits


def test_a_slash_at_the_end_is_for_directories() -> None:
    for pattern, path in [
        (b"foo/", b"a/foo"),
        (b"a/foo/", b"a/foo"),
        (b"*/", b"x"),
        (b"**/", b"x"),
        (b"[f]oo/", b"foo"),
    ]:
        assert matches(pattern, path, is_dir=True)
        assert not matches(pattern, path)
    assert not matches(b"a/foo/", b"foo", is_dir=True)


def test_the_last_match_decides() -> None:
    rules = b"*.o\n!keep.o\nkeep.o/\n*/x\n!**/y\n"
    assert matches(rules, b"a.o")
    assert not matches(rules, b"keep.o")
    assert matches(rules, b"keep.o", is_dir=True)
    assert matches(rules, b"a/x")
    assert matches(b"!x\nx", b"x")
    assert not matches(b"a/x\nx\n!a/x", b"a/x")


@pytest.mark.parametrize(
    ("data", "name"),
    [
        (b"foo", b"foo"),
        (b"\xef\xbb\xbffoo\n", b"foo"),
        (b"\xef\xbb\xbf#x\nfoo\n", b"foo"),
        (b"x\r\nfoo\r\n", b"foo"),
        (b"x\nfoo   \n", b"foo"),
        (b"foo \\  \n", b"foo  "),
        (b"foo \r\n", b"foo"),
        (b"foo\t\n", b"foo\t"),
        (b"foo\r\r\n", b"foo\r"),
        (b" foo\n", b" foo"),
        (b" #foo\n", b" #foo"),
        (b"foo\0bar\n", b"foo"),
        (b"foo\xff\n", b"foo\xff"),
        (b"foo#bar\n", b"foo#bar"),
    ],
)
def test_a_line_is_read(data: bytes, name: bytes) -> None:
    assert matches(data, name)
    assert not RuleSet.parse(data, "s").problems


@pytest.mark.parametrize(
    "data", [b"", b"\n\n", b"#foo\n", b"   \n", b"\r\n", b"\0foo\n", b"\xef\xbb\xbf", b"\xef\xbb\xbf#\n"]
)
def test_lines_without_a_pattern_are_passed_over(data: bytes) -> None:
    rules = RuleSet.parse(data, "s")
    assert not rules.problems
    assert Scope.root([rules]).empty


BAD_LINES = [b"/", b"!", b"!/", b"//", b"a//b", b"//a", b"./a", b"a/..", b"foo\\", b"a/foo\\", b"[ab", b"a/[ab"]
BAD_LINES += [
    b"[a\\]",
    b"[]",
    b"[!]",
    b"[a-\\",
    b"[[:none:]]",
    b"[[::]]",
    b"[![:print:][:cntrl:]\x80-\xff]",
    b"x" * 9000,
]


@pytest.mark.parametrize("line", BAD_LINES)
def test_a_line_that_can_match_nothing_is_reported_and_the_rest_applies(line: bytes) -> None:
    rules = RuleSet.parse(b"first\n" + line + b"\nlast\n", "a/.gitignore")
    (problem,) = rules.problems
    assert (problem.source, problem.line) == ("a/.gitignore", 2)
    assert line.startswith(problem.text)
    assert problem.why
    scope = Scope.root([rules])
    assert [said(scope.match(name, False)) for name in (b"first", b"last")] == [
        "a/.gitignore:1:first",
        "a/.gitignore:3:last",
    ]


def test_deeper_rules_come_before_those_further_up() -> None:
    top = RuleSet.parse(b"*.o\n/a/b/z\n!y\n", "top")
    user = RuleSet.parse(b"user\n*.o\ny\n", "user")
    option = RuleSet.from_globs(["*.x", "!special", "a/only"], "--exclude")
    scope = Scope.root([user, top], above=[option])
    assert said(scope.match(b"user", False)) == "user:1:user"
    assert said(scope.match(b"t.o", False)) == "top:1:*.o"
    assert said(scope.match(b"y", False)) == "top:3:!y"
    below = scope.enter(b"a", RuleSet.parse(b"!*.o\n*.x\nspecial\n/b/z\n", "a"))
    assert said(below.match(b"t.o", False)) == "a:1:!*.o"
    assert said(below.match(b"t.x", False)) == "--exclude:1:*.x"
    assert said(below.match(b"special", False)) == "--exclude:2:!special"
    assert said(below.match(b"only", False)) == "--exclude:3:a/only"
    assert said(below.enter(b"b", None).match(b"z", False)) == "a:4:/b/z"
    assert said(scope.enter(b"a", None).enter(b"b", None).match(b"z", False)) == "top:2:/a/b/z"
    assert said(scope.match(b"t.o", False)) == "top:1:*.o", "entering changes nothing above"


def test_directories_without_rules_of_their_own_share_a_scope() -> None:
    scope = Scope.root([RuleSet.parse(b"*.o\n/a/b\n**/x/y\n", "top")])
    below = scope.enter(b"src", None)
    assert below.enter(b"deep", None) is below
    assert below.enter(b"deep", RuleSet.parse(b"# nothing\n", "s")) is below
    assert below.enter(b"x", None) is not below
    assert not Scope.root([]).match(b"a", True)
    assert Scope.root([RuleSet.parse(b"/a/b\n", "top")]).enter(b"c", None).empty


def test_globs_of_the_command_line_are_patterns_not_lines() -> None:
    rules = RuleSet.from_globs(["#*#", "src/", "!x ", "\udcff"], "--exclude")
    assert said(rules.last_match(b"a/#b#", b"#b#", False)) == "--exclude:1:#*#"
    assert said(rules.last_match(b"src", b"src", True)) == "--exclude:2:src/"
    assert said(rules.last_match(b"x ", b"x ", False)) == "--exclude:3:!x "
    assert said(rules.last_match(b"\xff", b"\xff", False)) == "--exclude:4:\udcff"
    for glob in ("", "[a", "a//b", "!"):
        with pytest.raises(UsageError, match="--include"):
            RuleSet.from_globs(["fine", glob], "--include")


# Reading.


def test_read_rules_takes_a_path_or_a_descriptor(tmp_path: Path) -> None:
    directory = os.fsencode(tmp_path)
    assert read_rules(directory) is None
    (tmp_path / ".gitignore").write_bytes(b"x\n[\n")
    descriptor = os.open(directory, os.O_RDONLY)
    try:
        for given in (directory, descriptor):
            rules = read_rules(given, b"\xffsub/.gitignore")
            assert rules is not None
            assert said(rules.last_match(b"x", b"x", False)) == "\\xffsub/.gitignore:1:x"
            assert [(problem.line, problem.text) for problem in rules.problems] == [(2, b"[")]
    finally:
        os.close(descriptor)


@pytest.mark.parametrize("kind", ["link", "directory", "fifo", "large", "unreadable"])
def test_a_rule_file_that_is_no_plain_file_is_reported(
    kind: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / ".gitignore"
    if kind == "link":
        (tmp_path / "target").write_bytes(b"*\n")
        file.symlink_to("target")
    elif kind == "directory":
        file.mkdir()
    elif kind == "fifo":
        os.mkfifo(file)
    else:
        file.write_bytes(b"*\n" * 600_000)
        if kind == "large":
            monkeypatch.setattr(git_files, "LARGEST_FILE", 1_100_000)
        else:

            def refuse(*_: object, **__: object) -> int:
                raise PermissionError(errno.EACCES, "Permission denied")

            monkeypatch.setattr(git_files.os, "open", refuse)
    rules = read_rules(os.fsencode(tmp_path), "s")
    assert rules is not None
    assert rules.last_match(b"x", b"x", False) is None
    assert [(problem.source, problem.line) for problem in rules.problems] == [("s", 0)]


# Where rules come from.


@pytest.fixture
def home(tmp_path: Path) -> dict[str, str]:
    (tmp_path / "home" / ".config" / "git").mkdir(parents=True)
    return {"HOME": str(tmp_path / "home"), "GIT_CONFIG_NOSYSTEM": "1"}


def scope_of(root: Path, environ: dict[str, str], **options: bytes) -> Scope:
    return standard_scope(os.fsencode(root), environ=environ, **options).scope


def test_outside_a_repository_only_the_users_and_the_roots_rules_apply(tmp_path: Path, home: dict[str, str]) -> None:
    root = tmp_path / "tree" / "sub"
    root.mkdir(parents=True)
    (tmp_path / "tree" / ".gitignore").write_text("above\n")
    (root / ".gitignore").write_text("own\n")
    users = tmp_path / "home" / ".config" / "git" / "ignore"
    users.write_text("/users\n")
    scope = scope_of(root, {**home, "GIT_CEILING_DIRECTORIES": str(tmp_path)})
    assert said(scope.match(b"own", False)) == ".gitignore:1:own"
    assert said(scope.match(b"users", False)) == f"{users}:1:/users"
    assert scope.match(b"above", False) is None


def test_inside_a_repository_every_level_applies(tmp_path: Path, home: dict[str, str]) -> None:
    top = tmp_path / "top"
    root = top / "a" / "b"
    root.mkdir(parents=True)
    (top / ".git" / "info").mkdir(parents=True)
    (top / ".git" / "info" / "exclude").write_text("/a/b/x\n/x\nexcluded\n")
    (top / ".gitignore").write_text("*.o\n/a/b/y\na\n")
    (top / "a" / ".gitignore").write_text("/b/z\n!*.o\n[\n")
    (root / ".gitignore").write_text("deepest\n")
    found = standard_scope(os.fsencode(root), environ=home, shown=b"given")
    scope = found.scope
    assert said(scope.match(b"x", False)) == f"{top}/.git/info/exclude:1:/a/b/x"
    assert said(scope.match(b"y", False)) == f"{top}/.gitignore:2:/a/b/y"
    assert said(scope.match(b"z", False)) == f"{top}/a/.gitignore:1:/b/z"
    assert said(scope.match(b"t.o", False)) == f"{top}/a/.gitignore:2:!*.o"
    assert said(scope.match(b"deepest", False)) == "given/.gitignore:1:deepest"
    assert scope.match(b"w", False) is None, "the root is taken although a rule hides the directory above"
    assert [(problem.source, problem.line) for problem in found.problems] == [(f"{top}/a/.gitignore", 3)]
    for path in (".git/info/exclude", ".gitignore", "a/.gitignore", "a/b/.gitignore", "a/b/.git"):
        assert os.fsencode(top / path) in found.sources
    assert os.fsencode(tmp_path / "home/.gitconfig") in found.sources


def test_a_linked_root_is_where_it_leads(tmp_path: Path, home: dict[str, str]) -> None:
    (tmp_path / "top" / ".git").mkdir(parents=True)
    (tmp_path / "top" / "a").mkdir()
    (tmp_path / "top" / ".gitignore").write_text("/a/x\n")
    (tmp_path / "link").symlink_to(tmp_path / "top" / "a")
    assert scope_of(tmp_path / "link", home).match(b"x", False) is not None


def test_a_git_file_leads_to_the_common_directory(tmp_path: Path, home: dict[str, str]) -> None:
    linked = tmp_path / "main" / ".git" / "worktrees" / "w"
    linked.mkdir(parents=True)
    (linked / "commondir").write_text("../..\n")
    (linked / "HEAD").write_text("ref: refs/heads/w\n")
    exclude = tmp_path / "main" / ".git" / "info" / "exclude"
    exclude.parent.mkdir()
    exclude.write_text("x\n")
    (tmp_path / "main" / ".git" / "HEAD").write_text("ref: refs/heads/main\n")
    work = tmp_path / "work"
    work.mkdir()
    for named in (str(linked), "../main/.git/worktrees/w"):
        (work / ".git").write_text(f"gitdir: {named}\n")
        assert said(scope_of(work, home).match(b"x", False)) == f"{exclude}:1:x"


@pytest.mark.parametrize("content", [b"", b"nonsense", b"gitdir: a\0b", b"gitdir: nowhere"])
def test_a_git_file_that_leads_nowhere_still_marks_the_top(
    content: bytes, tmp_path: Path, home: dict[str, str]
) -> None:
    (tmp_path / "above.gitignore").write_text("")
    (tmp_path / ".gitignore").write_text("x\n")
    root = tmp_path / "root"
    root.mkdir()
    (root / ".git").write_bytes(content)
    found = standard_scope(os.fsencode(root), environ=home)
    assert found.scope.match(b"x", False) is None
    assert bool(found.problems) == (content != b"gitdir: nowhere")


def test_the_scanned_repositorys_configuration_is_not_read(tmp_path: Path, home: dict[str, str]) -> None:
    (tmp_path / "top" / ".git").mkdir(parents=True)
    (tmp_path / "top" / ".git" / "config").write_text("[core]\nexcludesFile = hidden\n")
    (tmp_path / "top" / "hidden").write_text("*\n")
    found = standard_scope(os.fsencode(tmp_path / "top"), environ=home)
    assert found.scope.empty
    assert os.fsencode(tmp_path / "top/.git/config") not in found.sources


def test_no_home_no_rules_of_the_user(tmp_path: Path) -> None:
    (tmp_path / ".gitignore").write_text("x\n")
    scope = scope_of(tmp_path, {"GIT_CONFIG_NOSYSTEM": "1", "GIT_CEILING_DIRECTORIES": str(tmp_path.parent)})
    assert said(scope.match(b"x", False)) == ".gitignore:1:x"


# Inputs that are meant to hurt. Where something is not linear these do not come back.


@pytest.mark.parametrize(
    "pattern", [b"*a" * 120 + b"b", b"*?" * 100 + b"b", b"*[ab]" * 100 + b"c", b"*[a-z]*" * 60 + b"."]
)
def test_many_stars_take_no_time(pattern: bytes) -> None:
    for separator in (b"", b"x/"):
        for name in (b"a" * 255, b"ab" * 127, b"a" * 254 + b"b"):
            matches(separator + pattern, separator + name)


@pytest.mark.parametrize(
    ("pattern", "hit"),
    [
        (b"**/" * 2000 + b"x", True),
        (b"**/*/" * 500 + b"x", True),
        (b"**/a/" * 501 + b"x", False),
        (b"a/" * 9 + b"**/y", False),
    ],
)
def test_many_components_take_no_time(pattern: bytes, hit: bool) -> None:
    assert matches(pattern, b"a/" * 500 + b"x") == hit
    assert not matches(pattern, b"a/" * 500 + b"z")


MANY = [b"name%d", b"dir%d/*.o", b"foo%d*.o", b"*foo%d", b"same", b"[%d"]
ODD = [b"*foo%d*", b"foo*%d*.o", b"[a-z]%d?", b"x%d**/b", b"**/b%d*/c", b"a/**/b%d", b"*?a*"]


@pytest.mark.parametrize(("form", "count"), [*((form, 100_000) for form in MANY), *((form, 20_000) for form in ODD)])
def test_a_great_many_patterns(form: bytes, count: int) -> None:
    data = b"".join([(form % number if b"%" in form else form) + b"\n" for number in range(count)])
    rules = RuleSet.parse(data, "s")
    listed = rule_set.MOST_PROBLEMS
    assert len(rules.problems) == (listed + 1 if form == b"[%d" else 0)
    if rules.problems:
        assert rules.problems[-1].why == f"{count - listed} more lines are not applied"
    scope = Scope.root([rules])
    for number in range(2000):
        assert scope.match(b"untouched-%d.c" % number, False) is None or form == b"*?a*"
        scope.enter(b"untouched-%d" % number, None).match(b"x", False)
    if form in (b"name%d", b"foo%d*.o", b"*foo%d"):
        name = (form % 77_777).replace(b"*", b"")
        assert said(scope.match(name, False)).startswith("s:77778:")


def test_rules_over_the_limit_are_reported(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rule_set, "MOST_RULES", 3)
    rules = RuleSet.parse(b"a\nb\n[\nc\nd\n", "s")
    assert [problem.line for problem in rules.problems] == [3, 4]
    assert Scope.root([rules]).match(b"b", False) is not None
    assert Scope.root([rules]).match(b"c", False) is None
