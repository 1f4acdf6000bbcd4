"""Which files a pack favours where not all fit: by their paths and languages alone, so that everyone can tell why.

0. What says what the project is: the README and the manifests of package managers at the top.
1. Source code.
2. Documents, settings and all other text.
3. Tests, examples and benchmarks.
4. What people do not write or read: lock files, generated and vendored code, minified code, change logs, licences,
   data.
"""

from __future__ import annotations

import re
from typing import Final

from exosuit_cli.languages.modes import PROGRAMMING

LEAD, SOURCE, OTHER, TEST, LAST = range(5)
RANKS: Final = 5

_MANIFESTS: Final = frozenset(
    b"""build.gradle build.gradle.kts build.sbt cargo.toml composer.json deno.json dune-project
    gemfile go.mod mix.exs package.json package.swift pom.xml pubspec.yaml
    pyproject.toml setup.cfg setup.py""".split()
)
_BUILD_NAMES: Final = frozenset(
    b"cmakelists.txt configure dockerfile jenkinsfile kbuild kconfig makefile meson.build rakefile".split()
)
_LOCKS: Final = frozenset(
    b"""cargo.lock composer.lock gemfile.lock go.sum package-lock.json pipfile.lock pnpm-lock.yaml poetry.lock uv.lock
    yarn.lock bun.lock flake.lock podfile.lock mix.lock""".split()
)
_LAST_NAMES: Final = re.compile(
    rb"(changes|changelog|history|news|copying|licen[sc]e|notice|authors|contributors|credits|maintainers)([.-].*)?$"
    rb"|.*\.(min\.(js|css)|map|svg|csv|tsv|snap|po|pot|patch|diff|lock|sum|pem|key|crt)$"
    rb"|.*[._-]generated\.|.*\.pb\.|.*_pb2"
)
_LAST_DIRECTORIES: Final = frozenset(
    b"vendor vendored third_party third-party thirdparty external node_modules dist generated fixtures testdata".split()
)
_TEST_DIRECTORIES: Final = frozenset(
    b"test tests testing __tests__ spec specs examples example samples demo demos benchmark benchmarks bench".split()
)
_DOCUMENT_DIRECTORIES: Final = frozenset(b"doc docs documentation man website".split())
_TEST_NAMES: Final = re.compile(
    rb"test_.*|.*([._-](test|spec)s?)\.[a-z0-9]+$|.*tests?\.(java|cs|swift|php|scala)$|conftest\.py$"
)


def rank(path: bytes, language: str) -> int:
    """The rank of a file, 0 the first."""
    *directories, name = path.lower().split(b"/")
    if name in _LOCKS or _LAST_NAMES.match(name) or not _LAST_DIRECTORIES.isdisjoint(directories):
        return LAST
    if not _TEST_DIRECTORIES.isdisjoint(directories) or _TEST_NAMES.match(name):
        return TEST
    if not _DOCUMENT_DIRECTORIES.isdisjoint(directories):
        return OTHER
    if not directories and (name.startswith(b"readme") or name in _MANIFESTS):
        return LEAD
    if name in _BUILD_NAMES:
        return OTHER
    return SOURCE if language in PROGRAMMING else OTHER
