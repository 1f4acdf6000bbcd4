"""What a file's path says of its chunks: tests, generated files, minified files, licences."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Final

from exosuit_cli.chunk.flag_kinds import GENERATED, LICENCE, MINIFIED, TEST

_TEST_DIRECTORIES: Final = frozenset(
    b"test tests __tests__ __mocks__ __snapshots__ testdata selftests unittests unit-tests e2e".split()
)
_SPEC_DIRECTORIES: Final = frozenset((b"spec", b"specs"))
"""Tests where the file is in one of the languages whose frameworks say so; elsewhere a specification."""
_HAS_SPECS: Final = (b".rb", b".js", b".ts", b".jsx", b".tsx", b".mjs", b".cjs", b".coffee", b".cr", b".lua")

_TEST_NAME: Final = re.compile(
    rb"(?:test_[^/]*|[^/]*_tests?|conftest|tests)\.pyi?"
    rb"|[^/]*_test\.(?:go|dart|exs|rb|clj[cs]?|lua)"
    rb"|[^/]*[._-](?:test|spec|cy|e2e-spec)\.(?:[cm]?[jt]sx?|vue|coffee)"
    rb"|(?:[^/]*[a-z0-9](?:Tests?|TestCase|IT|Spec|Specification)|Test[A-Z][^/]*)\.(?:java|kt|scala|groovy)"
    rb"|[^/]*[a-z0-9](?:Tests?|Spec)\.(?:cs|fs|vb|php|swift|hs|cpp|cc|mm?)"
    rb"|(?:[^/]*_spec|test_[^/]*)\.rb|[^/]*_spec\.lua"
    rb"|(?:[^/]*_tests?|tests)\.rs"
    rb"|(?:[^/]*[_-](?:unit)?tests?|test_[^/]*|[^/]*_kunit)\.(?:c|cc|cpp|cxx)"
    rb"|[^/]*(?:_SUITE|_tests)\.erl|runtests\.jl|test[-_][^/]*\.(?:[Rr]|ml)|[^/]*\.(?:t|bats)"
)
_GENERATED_NAME: Final = re.compile(
    rb"package-lock\.json|npm-shrinkwrap\.json|yarn\.lock|pnpm-lock\.yaml|bun\.lock|deno\.lock|cargo\.lock|poetry\.lock|"
    rb"uv\.lock|pdm\.lock|pipfile\.lock|composer\.lock|gemfile\.lock|go\.sum|flake\.lock|mix\.lock|pubspec\.lock|"
    rb"podfile\.lock|packages\.lock\.json|gradle\.lockfile|conan\.lock"
    rb"|[^/]*(?:_pb2(?:_grpc)?\.pyi?|\.pb\.(?:go|cc|h|swift)|\.pb\.gw\.go|\.g\.(?:cs|dart)|\.freezed\.dart|\.designer\.cs|"
    rb"\.(?:js|css|mjs)\.map|\.generated\.\w+|[_.-]generated\.(?:go|rs|c|h|cc|cpp|py|ts|js|java|kt|cs))"
    rb"|zz_generated[^/]*\.go"
)
_MINIFIED_NAME: Final = re.compile(rb"[^/]*[.-]min\.(?:js|mjs|css)")
_LICENCE_NAME: Final = re.compile(
    rb"(?:[^/]*[-_.])?(?:licen[cs]es?|copying|unlicense)"
    rb"(?:[-_.](?:\d|mit|apache|bsd|gpl|lgpl|agpl|mpl|isc|boost|zlib|lesser|lib|third|docs)[^/]*)?(?:\.(?:md|txt|rst))?"
)


_HAS_REASON: Final = re.compile(
    rb"test|spec|_suite|_kunit|[._-]cy\.|it\.|\.(?:t|bats)\Z|min\.|licen|copying"
    rb"|lock|shrinkwrap|go\.sum|generated|_pb2|\.pb\.|\.g\.|\.freezed|\.designer|\.map\Z"
)
"""What one of the names above has in it, in small letters; few names do."""


def flags_of_path(path: bytes) -> int:
    """The flags of every chunk of a file at this path: a sum of `flag_kinds.Flag`."""
    directory, _, name = path.rpartition(b"/")
    flags, has_specs = _of_directory(directory)
    lower = name.lower()
    if has_specs and lower.endswith(_HAS_SPECS):
        flags |= TEST
    if _HAS_REASON.search(lower) is None:
        return flags
    if _TEST_NAME.fullmatch(name):
        flags |= TEST
    if _GENERATED_NAME.fullmatch(lower):
        flags |= GENERATED
    if _MINIFIED_NAME.fullmatch(lower):
        flags |= MINIFIED
    if _LICENCE_NAME.fullmatch(lower):
        flags |= LICENCE
    return flags


@lru_cache(maxsize=1024)
def _of_directory(directory: bytes) -> tuple[int, bool]:
    """The flags of all in a directory, and whether it has specifications, which are tests in some languages."""
    parts = directory.split(b"/")
    flags = 0 if _TEST_DIRECTORIES.isdisjoint(parts) else TEST
    if b"LICENSES" in parts:  # reuse.software, and Linux
        flags |= LICENCE
    return flags, not _SPEC_DIRECTORIES.isdisjoint(parts)
