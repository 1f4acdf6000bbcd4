"""Every verdict, and the line that decided it, is the one of `git check-ignore`."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import tempfile
from dataclasses import dataclass, field
from random import Random

import pytest
from hypothesis import HealthCheck, event, given, settings
from hypothesis import strategies as st

from exosuit_cli.walk.git_files import shown_path
from exosuit_cli.walk.rules import Rule, RuleSet, Scope, read_rules, standard_scope

pytestmark = pytest.mark.skipif(shutil.which("git") is None, reason="git is the oracle")

SHORT = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])

Verdict = tuple[str, int, bytes] | None
"""Source, line and pattern of the rule that decided; None if no rule matched."""


def check_ignore(top: bytes, paths: list[bytes], environ: dict[str, str]) -> list[Verdict]:
    """What git says about `paths`, which are relative to the work tree `top`; sources are absolute."""
    if not paths:
        return []
    answer = subprocess.run(
        ["git", "check-ignore", "--no-index", "-z", "-v", "-n", "--stdin"],
        cwd=top,
        input=b"".join(path + b"\0" for path in paths),
        capture_output=True,
        env={"PATH": os.environ["PATH"], "GIT_CONFIG_NOSYSTEM": "1", **environ},
        check=False,
    )
    assert answer.returncode in (0, 1), answer.stderr
    fields = answer.stdout.split(b"\0")[:-1]
    assert fields[3::4] == paths
    return [
        (shown_path(os.path.join(top, source)), int(line), pattern) if source else None
        for source, line, pattern in zip(fields[::4], fields[1::4], fields[2::4], strict=True)
    ]


def make_repository(top: bytes) -> None:
    """What git needs to take `top` for a work tree; running `git init` would be most of the test's time."""
    os.makedirs(top + b"/.git/objects")
    os.makedirs(top + b"/.git/refs")
    os.makedirs(top + b"/.git/info")
    write(top + b"/.git/HEAD", b"ref: refs/heads/main\n")


def write(path: bytes, data: bytes) -> None:
    with open(path, "wb") as file:
        file.write(data)


def verdict_of(rule: Rule | None, root: bytes) -> Verdict:
    return None if rule is None else (os.path.join(shown_path(root), rule.source), rule.line, rule.pattern)


# Characters that mean something in a pattern, alone and in odd places, and names that they can match.

NAME_PARTS = [b"a", b"b", b"foo", b"bar", b".", b"o", b"-", b"]", b"[", b"*", b"\\", b"!", b"#", b" ", b"\r", b"\n"]
NAME_PARTS += [b"^", b"z", b"A", b"0", b"\xff", b"\xc3\xa9", b"~", b"_", b"?", b"\t"]

SYNTAX = [b"*", b"*", b"?", b"**", b"***", b"/", b"/", b"/**/", b"**/", b"/**", b"\\", b"\\*", b"\\/", b"\\ ", b"//"]
SYNTAX += [b"[", b"]", b"[ab]", b"[!a]", b"[^a-b]", b"[]a]", b"[!]a]", b"[a-]", b"[a-z]", b"[--0]", b"[z-a]", b"[!z-a]"]
SYNTAX += [b"[\\]a]", b"[\\a-\\z]", b"[/]", b"[a/b]", b"[[a]", b"[[:alpha:]]", b"[![:alpha:]]", b"[[:digit:]a-f]"]
SYNTAX += [b"[[:upper:][:space:]]", b"[[:nothing:]]", b"[[:]", b"[[::]]", b"[[:a]", b"[a-[:alpha:]]", b"[[:alpha:]-z]"]
SYNTAX += [b"!", b"#", b"^", b"-", b".", b"\0", b"[\x80-\xff]", b"[a", b"*.o", b".*"]

CLASSES = ["alnum", "alpha", "blank", "cntrl", "digit", "graph", "lower", "print", "punct", "space", "upper", "xdigit"]

names = (
    st.lists(st.sampled_from(NAME_PARTS), min_size=1, max_size=3)
    .map(b"".join)
    .filter(lambda name: name not in (b".", b"..") and not name.startswith(b":"))
)


def patterns(pool: list[bytes]) -> st.SearchStrategy[bytes]:
    """Patterns that often touch the names in `pool`."""
    part = st.sampled_from(pool) | st.sampled_from(SYNTAX) | st.sampled_from([*SYNTAX[:11], *pool])
    body = st.lists(part, min_size=1, max_size=6).map(b"".join)
    return st.tuples(
        st.sampled_from([b"", b"", b"!", b"/", b"!/", b"**/", b"\\"]),
        body,
        st.sampled_from([b"", b"", b"", b"/", b"/**", b" ", b"\\ ", b"  "]),
    ).map(b"".join)


def ignore_files(pool: list[bytes]) -> st.SearchStrategy[bytes]:
    line = st.one_of(patterns(pool), patterns(pool), st.sampled_from([b"", b"# comment", b"*", b"!*", b"   ", b"*/"]))
    ended = st.tuples(line, st.sampled_from([b"\n", b"\n", b"\n", b"\r\n", b" \r\n"])).map(b"".join)
    return st.tuples(
        st.sampled_from([b"", b"", b"", b"\xef\xbb\xbf"]),
        st.lists(ended, min_size=1, max_size=7).map(b"".join),
        st.just(b"") | line,
    ).map(b"".join)


@st.composite
def pools(draw: st.DrawFn) -> list[bytes]:
    return draw(st.lists(names, min_size=2, max_size=4, unique=True))


# One file of rules, many paths: the syntax. Random by seed: drawing this much from Hypothesis takes longer than git.


def random_pattern(random: Random, parts: list[bytes]) -> bytes:
    start = random.choice([b"", b"", b"", b"!", b"/", b"!/", b"**/", b"\\"])
    return start + b"".join(random.choices(parts, k=random.choice([1, 2, 2, 3, 3, 4, 5, 7])))


def random_path(random: Random) -> bytes:
    components = [
        b"".join(random.choices(NAME_PARTS, k=random.choice([1, 1, 2, 3]))) for _ in range(random.randint(1, 4))
    ]
    return b"/".join(component for component in components if component not in (b".", b"..")) or b"a"


def path_for(random: Random, pattern: bytes) -> bytes:
    """A path that `pattern` has a fair chance to match."""
    pattern = pattern.partition(b"\0")[0].lstrip(b"!/").rstrip(b"/ ")
    path = b""
    for part in re.findall(rb"\*{2,}/?|\[[!^]?\]?[^]]*\]|\\\\?.|.", pattern, re.DOTALL):
        if part[:2] == b"**":
            path += random.choice([b"", b"", b"a", b"a/", b"a/b/", b"/", b"/a", b"/a/b/"])
        elif part == b"*":
            path += random.choice([b"", b"", b"a", b"foo", b"/"])
        elif part == b"?" or part[:1] == b"[":
            path += random.choice([b"a", b"b", b"z", b"]", b"-", b"A", b"[", b":"])
        else:
            path += part[-1:]
    components = [component for component in path.split(b"/") if component not in (b"", b".", b"..")]
    if random.random() < 0.2:
        components.append(random.choice(NAME_PARTS[:4]))
    if random.random() < 0.1:
        components.insert(0, random.choice(NAME_PARTS[:4]))
    return b"/".join(components) or b"a"


@settings(deadline=None, max_examples=25)
@given(seed=st.integers(0, 2**64), lines=st.sampled_from([1, 1, 4, 300]))
def test_a_file_of_rules_means_what_it_means_to_git(seed: int, lines: int) -> None:
    """Files of one line, of a few, and of so many that every kind of table is used."""
    random = Random(seed)
    parts = (
        [*SYNTAX, *NAME_PARTS[:8]] if lines < 300 else [*SYNTAX[:8], *NAME_PARTS[:8], *map(b"%d".__mod__, range(40))]
    )
    with tempfile.TemporaryDirectory() as temporary:
        top = os.path.realpath(os.fsencode(temporary))
        make_repository(top)
        asked: list[bytes] = []
        mine: list[Verdict] = []
        for number in range(60 if lines < 300 else 2):
            base = b"d%d" % number
            patterns = [random_pattern(random, parts) for _ in range(lines)]
            data = random.choice([b"", b"", b"\xef\xbb\xbf"])
            data += b"".join(pattern + random.choice([b"\n", b"\n", b"\r\n", b"  \n"]) for pattern in patterns)
            data = data[: random.choice([None, None, -1])]
            os.mkdir(os.path.join(top, base))
            write(os.path.join(top, base, b".gitignore"), data)
            scope = Scope.root([RuleSet.parse(data, os.fsdecode(base + b"/.gitignore"))])
            for path in {random_path(random) for _ in range(6)} | {
                path_for(random, random.choice(patterns)) for _ in range(14 if lines < 300 else 300)
            }:
                asked.append(base + b"/" + path)
                mine.append(verdict_of(decide(scope, path), top))
        for path, verdict, expected in zip(asked, mine, check_ignore(top, asked, {}), strict=True):
            assert verdict == expected, (path, seed)


def decide(scope: Scope, path: bytes) -> Rule | None:
    """The rule for a file at `path`, with the directories above it judged first as the walk does."""
    *directories, name = path.split(b"/")
    for directory in directories:
        rule = scope.match(directory, True)
        if rule is not None and not rule.negated:
            return rule
        scope = scope.enter(directory, None)
    return scope.match(name, False)


@pytest.mark.parametrize("class_name", CLASSES)
@pytest.mark.parametrize("form", ["[[:%s:]]", "[![:%s:]]"])
def test_a_character_class_holds_what_it_holds_in_git(class_name: str, form: str, tmp_path) -> None:
    top = os.path.realpath(os.fsencode(tmp_path))
    make_repository(top)
    data = os.fsencode("x" + form % class_name)
    write(top + b"/.gitignore", data)
    paths = [b"x" + bytes([byte]) for byte in range(1, 256) if byte != ord("/")]
    scope = Scope.root([RuleSet.parse(data, ".gitignore")])
    mine = [verdict_of(scope.match(path, False), top) for path in paths]
    assert mine == check_ignore(top, paths, {})


# Whole trees: files of rules on every level, real directories and links, every source of rules.


@dataclass
class Tree:
    """What to lay out; paths are tuples of names."""

    directories: list[tuple[bytes, ...]] = field(default_factory=lambda: [()])
    files: list[tuple[bytes, ...]] = field(default_factory=list)
    links: list[tuple[bytes, ...]] = field(default_factory=list)
    ignore: dict[tuple[bytes, ...], bytes] = field(default_factory=dict)
    exclude: bytes | None = None
    user: bytes | None = None
    configured: bool = False
    root: tuple[bytes, ...] = ()


@st.composite
def trees(draw: st.DrawFn) -> Tree:
    pool = draw(pools())
    tree = Tree()
    taken: set[tuple[bytes, ...]] = set()
    for _ in range(draw(st.integers(3, 14))):
        above = draw(st.sampled_from(tree.directories))
        path = (*above, draw(st.sampled_from([*pool, *pool, pool[0] + b".o", b"a"])))
        if path in taken or len(path) > 4:
            continue
        taken.add(path)
        kind = draw(st.sampled_from([tree.directories, tree.directories, tree.files, tree.files, tree.links]))
        kind.append(path)
    rules = ignore_files(pool)
    for directory in draw(st.lists(st.sampled_from(tree.directories), min_size=1, max_size=4, unique=True)):
        tree.ignore[directory] = draw(rules)
    tree.exclude = draw(st.none() | rules)
    tree.user = draw(st.none() | rules)
    tree.configured = draw(st.booleans())
    tree.root = draw(st.just(()) | st.sampled_from(tree.directories))
    return tree


def lay_out(tree: Tree, top: bytes, home: bytes) -> dict[str, str]:
    """Write the tree and the user's files; returns the environment that names them."""
    make_repository(top)
    for path in tree.directories[1:]:
        os.mkdir(os.path.join(top, *path))
    for path in tree.files:
        write(os.path.join(top, *path), b"")
    for path in tree.links:
        os.symlink(top, os.path.join(top, *path))
    for path, data in tree.ignore.items():
        write(os.path.join(top, *path, b".gitignore"), data)
    if tree.exclude is not None:
        write(top + b"/.git/info/exclude", tree.exclude)
    os.makedirs(home + b"/.config/git")
    if tree.user is not None:
        if tree.configured:
            write(home + b"/.gitconfig", b"[core]\n\texcludesFile = ~/my-ignore\n")
        write(home + (b"/my-ignore" if tree.configured else b"/.config/git/ignore"), tree.user)
    return {"HOME": os.fsdecode(home)}


def walk(root: bytes, environ: dict[str, str]) -> dict[bytes, Verdict]:
    """The verdict about every path below `root`; what is inside an ignored directory shares its rule."""
    verdicts: dict[bytes, Verdict] = {}
    environ = {"GIT_CONFIG_NOSYSTEM": "1", **environ}
    pending = [(b"", standard_scope(root, environ=environ).scope)]
    while pending:
        directory, scope = pending.pop()
        for entry in os.scandir(os.path.join(root, directory)):
            path = os.path.join(directory, entry.name)
            is_directory = entry.is_dir(follow_symlinks=False)
            if path == b".git":
                continue
            rule = scope.match(entry.name, is_directory)
            verdicts[path] = verdict_of(rule, root)
            if is_directory and (rule is None or rule.negated):
                rules = read_rules(os.path.join(root, path), path + b"/.gitignore")
                pending.append((path, scope.enter(entry.name, rules)))
            elif is_directory:
                for above, directories, files in os.walk(os.path.join(root, path)):
                    for name in directories + files:
                        verdicts[os.path.relpath(os.path.join(above, name), root)] = verdicts[path]
    return verdicts


@settings(SHORT, max_examples=400)
@given(trees())
def test_a_tree_is_judged_as_git_judges_it(tree: Tree) -> None:
    with tempfile.TemporaryDirectory() as temporary:
        base = os.path.realpath(os.fsencode(temporary))
        top = base + b"/top"
        environ = lay_out(tree, top, base + b"/home")
        root = os.path.join(top, *tree.root)
        mine = walk(root, environ)
        prefix = b"".join(name + b"/" for name in tree.root)
        root_verdict = check_ignore(top, [prefix[:-1]], environ)[0] if prefix else None
        if root_verdict is not None and not root_verdict[2].startswith(b"!"):
            event("the root itself is ignored")  # git has one answer for all that is in it; here it was asked for
            return
        theirs = check_ignore(top, [prefix + path for path in mine], environ)
        event(f"verdicts {min(3, sum(verdict is not None for verdict in theirs))}")
        for path, verdict in zip(mine, theirs, strict=True):
            assert mine[path] == verdict, path
