"""The working context: which files may be resident at once, under the limit of tokens that a phase promises."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, Literal, NamedTuple

from exosuit_cli.model.lazy import lazy_pattern

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from exosuit_cli.config.schema import Settings

OnFull = Literal["demote", "stop", "prune"]
ON_FULL: Final = ("demote", "stop", "prune")
OVER: Final = "over the limit"

_LOCK_FILES: Final = lazy_pattern(
    rb"(?:^|/)(?:package-lock\.json|npm-shrinkwrap\.json|yarn\.lock|pnpm-lock\.yaml|bun\.lockb?|Cargo\.lock|poetry\.lock|"
    rb"uv\.lock|pdm\.lock|Pipfile\.lock|composer\.lock|Gemfile\.lock|go\.sum|flake\.lock|mix\.lock|pubspec\.lock|"
    rb"Podfile\.lock|packages\.lock\.json|gradle\.lockfile|deno\.lock|conan\.lock)$"
)
_VENDORED: Final = lazy_pattern(
    rb"(?:^|/)(?:vendor|vendored|_vendor|third[_-]?party|3rdparty|external|node_modules|bower_components|deps|extern)/"
)
_GENERATED: Final = lazy_pattern(
    rb"(?:^|/)(?:dist|generated|__generated__)/|\.min\.(?:js|css)$|\.(?:js|css)\.map$|_pb2(?:_grpc)?\.pyi?$|\.pb\.(?:go|cc|h)$|"
    rb"\.g\.(?:cs|dart)$|\.generated\.\w+$|(?:^|/)zz_generated[^/]*$|\.snap$|_generated\.\w+$"
)
_TESTS: Final = lazy_pattern(
    rb"(?:^|/)(?:tests?|testdata|__tests__|spec|fixtures|selftests)/|(?:^|/)test_[^/]*$|_test\.\w+$"
)
_DOCUMENTS: Final = frozenset({"Markdown", "reStructuredText", "AsciiDoc", "Text", "Org", "TeX"})
_DATA: Final = frozenset({"JSON", "YAML", "TOML", "INI", "XML", "CSV", "SVG", "JSON with Comments"})

_KEEP, _DATA_RANK, _TEST_RANK = 0, 2, 3


class Candidate(NamedTuple):
    """A file that wants into the working context; `tokens` are those of its chunks."""

    file: int
    path: bytes
    digest: bytes
    tokens: int
    language: str | None


class Placing(NamedTuple):
    """A file, and why it is below the working context; None: it is in it."""

    file: int
    below: str | None


def working_limit(settings: Settings) -> int | None:
    """The limit of the working context in tokens: that of the phase in force; None where none is set."""
    return settings.current_token_limit if settings.current_phase is not None else None


def place(files: Sequence[Candidate], limit: int | None, on_full: OnFull) -> Iterator[Placing]:
    """Each file, placed as `on_full` says."""
    return place_by_relevance(files, limit) if on_full == "prune" else place_in_order(files, limit)


def place_in_order(files: Iterable[Candidate], limit: int | None) -> Iterator[Placing]:
    """Each file in turn, as long as it fits the limit; a file that does not fit leaves room for smaller ones."""
    used = 0
    for each in files:
        fits = limit is None or used + each.tokens <= limit
        used += each.tokens if fits else 0
        yield Placing(each.file, None if fits else OVER)


def place_by_relevance(files: Sequence[Candidate], limit: int | None) -> Iterator[Placing]:
    """The most relevant first; where not all fit, repeated, generated, vendored and lock files leave first.

    After them leave tests, then data, then documents, then code; within each, the last in the order of the context.
    Where all files fit, none is left out.
    """
    if limit is None or sum(each.tokens for each in files) <= limit:
        yield from (Placing(each.file, None) for each in files)
        return
    seen: set[bytes] = set()
    ranked = []
    for place, each in enumerate(files):
        rank, reason = _rank(each)
        if each.digest in seen and each.tokens:
            rank, reason = 7, "repeated"
        seen.add(each.digest)
        ranked.append((rank, place, reason, each))
    used = 0
    for _, _, reason, each in sorted(ranked, key=lambda item: item[:2]):
        fits = used + each.tokens <= limit
        used += each.tokens if fits else 0
        yield Placing(each.file, None if fits else reason)


def _rank(each: Candidate) -> tuple[int, str]:
    path = each.path
    if _GENERATED.search(path):
        return 6, "generated"
    if _VENDORED.search(path):
        return 5, "vendored"
    if _LOCK_FILES.search(path):
        return 4, "lock file"
    if _TESTS.search(path):
        return _TEST_RANK, "test, over the limit"
    if each.language in _DATA or each.language is None:
        return _DATA_RANK, "data, over the limit"
    if each.language in _DOCUMENTS:
        return 1, "document, over the limit"
    return _KEEP, OVER
