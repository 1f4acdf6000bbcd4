"""What a path says of a file: the terms of its name and of its directories, and what the file is for."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Final

from exosuit_cli.model.dataclass import dataclass
from exosuit_cli.model.lazy import lazy_pattern
from exosuit_cli.search.terms import terms_of

FLAGS: Final = ("test", "example", "vendored", "docs", "tools", "declaration", "platform")
"""What a path may say that a file is for; `platform`: for one that is no common Unix."""

# ASCII is named and not what lies beyond: a range that large takes 10 ms to compile.
_WORD: Final = lazy_pattern(r"[^\x00-/:-@\[-^`{-\x7f]+")
_NOT_LETTERS: Final = lazy_pattern(r"[\x00-/:-`{-\x7f]+")
_EXTENSION: Final = lazy_pattern(r"(?<=.)\.[A-Za-z0-9_+-]{1,12}$")
_NAMED_BY_DIRECTORY: Final = frozenset(("__init__", "index", "mod", "main", "lib", "init", "package", "default"))
_OF_DIRECTORY: Final = {
    "test": "test tests testing spec specs __tests__ testdata fixture fixtures mock mocks __mocks__ e2e unittests",
    "example": "example examples sample samples demo demos bench benches benchmark benchmarks playground tutorial "
    "tutorials cookbook perf",
    "vendored": "vendor vendored third_party third-party thirdparty 3rdparty node_modules external extern deps _vendor "
    ".yarn dist generated gen",
    "docs": "doc docs documentation website site www man",
    "tools": "script scripts tool tools hack ci .github contrib migrations deprecated legacy",
}
_FLAG_OF_DIRECTORY: Final = {name: FLAGS.index(flag) for flag, names in _OF_DIRECTORY.items() for name in names.split()}
_PLATFORMS: Final = """
    win win32 win64 windows mingw cygwin msvc os390 zos aix sunos solaris ibmi qnx haiku hurd vms wasm wasi emscripten
"""
PLATFORMS: Final = frozenset(_PLATFORMS.split())
CI: Final = frozenset(("workflow", "ci", "circleci", "github", "gitlab", "buildkit"))
"""Terms of directories whose configuration says what runs when a change is pushed."""
UNIX: Final = frozenset(("unix", "posix", "linux", "darwin", "macos", "bsd"))
_TEST_DIRECTORY: Final = lazy_pattern(r"^tests?[-_.]|[-_.]tests?$|(?<=[a-z])Tests?$")
_SHIPPED: Final = lazy_pattern(r"(?:^|/)lib(?:/|$)")
"""`lib/test_helpers` is what a library gives to those who test, unless a directory of tests is below."""
_TEST_FILE: Final = lazy_pattern(r"^test_|^conftest$|[-_.](?:test|tests|spec)$|(?<=[a-z])(?:Test|Tests|Spec|TestCase)$")
_PART: Final = lazy_pattern(r"[_.-]")
_BENCH_FILE: Final = lazy_pattern(r"^(?:bench|benchmark|example)", re.IGNORECASE)
_GENERATED_FILE: Final = lazy_pattern(r"\.min\.|[._-](?:generated|gen)\.|_pb2?\.|\.pb\.|\.lock$|\.snap$", re.IGNORECASE)
_DECLARATIONS: Final = lazy_pattern(r"\.d\.ts$|\.pyi$")


@dataclass(frozen=True, slots=True)
class PathFacts:
    """What a path says.

    `name` is the file's name without extensions, or its directory's where the name says nothing (`mod.rs`,
    `__init__.py`), in lower case without separators. `flags` has one of 0 and 1 for each of `FLAGS`.
    """

    name: str
    name_terms: tuple[str, ...]
    directory_terms: tuple[str, ...]
    parts: tuple[str, ...]
    flags: tuple[int, ...]


@lru_cache(maxsize=1 << 16)
def path_facts(path: bytes) -> PathFacts:
    """What a path, from its source's root on, says of its file."""
    text = path.decode("utf-8", "replace")
    directory, _, base = text.rpartition("/")
    name = _EXTENSION.sub("", base)
    flags = _flags(directory, base, name)
    name = _EXTENSION.sub("", name)
    told = directory.rpartition("/")[2] if name.lower() in _NAMED_BY_DIRECTORY and directory else name
    return PathFacts(
        name=_NOT_LETTERS.sub("", told.lower()),
        name_terms=_terms(told),
        directory_terms=_directory_terms(directory),
        parts=(name.lower(), *reversed(directory.lower().split("/"))) if directory else (name.lower(),),
        flags=flags,
    )


def is_test(path: bytes) -> bool:
    """Whether a file holds tests, by its path."""
    return bool(path_flags(path)[FLAGS.index("test")])


def is_aside(path: bytes) -> bool:
    """Whether a file is no part of what its repository is about: an example, vendored or generated code, a tool."""
    flags = path_flags(b"/".join(part.lstrip(b"_") or part for part in path.split(b"/")))  # `_examples`, as in Go
    return any(flags[FLAGS.index(flag)] for flag in ("example", "vendored", "docs", "tools"))


def path_flags(path: bytes) -> tuple[int, ...]:
    """The flags of `path_facts` alone."""
    directory, _, base = path.decode("utf-8", "replace").rpartition("/")
    return _flags(directory, base, _EXTENSION.sub("", base))


def _flags(directory: str, base: str, name: str) -> tuple[int, ...]:
    flags = list(_directory_flags(directory))
    if _TEST_FILE.search(name) and not (name.startswith("test_") and _SHIPPED.search(directory)):
        flags[FLAGS.index("test")] = 1
    if _BENCH_FILE.search(name):
        flags[FLAGS.index("example")] = 1
    if _GENERATED_FILE.search(base):
        flags[FLAGS.index("vendored")] = 1
    if _DECLARATIONS.search(base):
        flags[FLAGS.index("declaration")] = 1
    if not PLATFORMS.isdisjoint(_PART.split(name.lower())):
        flags[FLAGS.index("platform")] = 1
    return tuple(flags)


_terms_of = lru_cache(maxsize=1 << 15)(terms_of)
"""The paths of a tree are made of few words."""


def _terms(text: str) -> tuple[str, ...]:
    return tuple(dict.fromkeys(term for word in _WORD.findall(text) for term in _terms_of(word)))


@lru_cache(maxsize=1 << 14)
def _directory_terms(directory: str) -> tuple[str, ...]:
    return _terms(directory)


@lru_cache(maxsize=1 << 14)
def _directory_flags(directory: str) -> tuple[int, ...]:
    flags = [0] * len(FLAGS)
    for part in directory.split("/") if directory else ():
        flag = _FLAG_OF_DIRECTORY.get(part.lower())
        if flag is not None:
            flags[flag] = 1
        if _TEST_DIRECTORY.search(part):
            flags[FLAGS.index("test")] = 1
        if part.lower() in PLATFORMS:
            flags[FLAGS.index("platform")] = 1
    return tuple(flags)
