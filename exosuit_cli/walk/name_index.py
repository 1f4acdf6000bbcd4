"""Many component patterns as one table, which finds those that match a name without trying each of them."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import TYPE_CHECKING, Final, NamedTuple

from exosuit_cli.walk.globs import MOST_SPELLINGS, Glob, is_literal, spellings

if TYPE_CHECKING:
    from collections.abc import Iterable

_MOST_IN_SCREEN: Final = 12
_MOST_IN_BUCKET: Final = 64
_MOST_WRITTEN_OUT: Final = 10_000
"""Globs that bracket expressions are written out to in one table; no list that a person writes has as many."""
_NO_ENDS: Final[list[tuple[bytes, ...]]] = [()] * 256


Search = Callable[[bytes], re.Match[bytes] | None]

_EVERY_NAME: Final[Search] = re.compile(b"").search


class Screen(NamedTuple):
    """The cheap test before a look-up; no pattern matches a name that passes none of the four parts.

    `name in exact`, `name.endswith(tails[name[-1]])`, `name.startswith(heads[name[0]])`, `search(name)`.
    """

    exact: dict[bytes, list[int]]
    tails: list[tuple[bytes, ...]]
    heads: list[tuple[bytes, ...]]
    search: Search | None


class _Bucket:
    """Patterns that share a literal end: those that require nothing more, and those that do."""

    __slots__ = ("globs", "plain")

    def __init__(self) -> None:
        self.plain: list[int] = []
        self.globs: list[tuple[int, Glob]] = []


class _Ends:
    """Buckets by the literal at one end of the name, found by trying the lengths that occur for its outermost byte."""

    __slots__ = ("_buckets", "_from_start", "_lengths")

    def __init__(self, *, from_start: bool) -> None:
        self._from_start = from_start
        self._buckets: dict[bytes, _Bucket] = {}
        self._lengths: dict[int, dict[int, None]] = {}

    def bucket(self, literal: bytes) -> _Bucket:
        bucket = self._buckets.get(literal)
        if bucket is None:
            bucket = self._buckets[literal] = _Bucket()
            self._lengths.setdefault(literal[0] if self._from_start else literal[-1], {})[len(literal)] = None
        return bucket

    def collect(self, name: bytes, found: list[int]) -> None:
        from_start = self._from_start
        size = len(name)
        for length in self._lengths.get(name[0] if from_start else name[-1], ()):
            if length > size:
                break
            bucket = self._buckets.get(name[:length] if from_start else name[size - length :])
            if bucket is not None:
                found += bucket.plain
                if bucket.globs:
                    found += [identity for identity, glob in bucket.globs if glob.matches(name)]

    def finish(self) -> list[tuple[bytes, ...]]:
        """Return the screen for this end; nothing is added after that."""
        if not self._buckets:
            return _NO_ENDS
        self._lengths = {byte: dict.fromkeys(sorted(lengths)) for byte, lengths in self._lengths.items()}
        by_byte: dict[int, list[bytes]] = {}
        for literal in self._buckets:
            by_byte.setdefault(literal[0] if self._from_start else literal[-1], []).append(literal)
        screen = list(_NO_ENDS)
        for byte, literals in by_byte.items():
            screen[byte] = tuple(literals) if len(literals) <= _MOST_IN_SCREEN else (bytes([byte]),)
        return screen


class NameIndex:
    """Finds the patterns that match a name, in time that does not grow with the number of those that do not.

    Literals, and literal ends, are looked up in dictionaries; a pattern with neither is found by its longest literal
    inside. Only patterns without any literal (`?*`) are tried one by one.
    """

    __slots__ = ("_always", "_exact", "_heads", "_inner", "_loose", "_tails", "screen")

    def __init__(self, components: Iterable[tuple[bytes, int]]) -> None:
        """Index `components`: (text, identity). Raises PatternError."""
        self._always: list[int] = []
        self._exact: dict[bytes, list[int]] = {}
        self._heads = _Ends(from_start=True)
        self._tails = _Ends(from_start=False)
        self._inner: dict[int, dict[bytes, list[tuple[int, Glob]]]] = {}
        self._loose: list[tuple[int, Glob]] = []
        written_out = 0
        for text, identity in components:
            if is_literal(text):
                self._exact.setdefault(text, []).append(identity)
            else:
                globs = spellings(text, MOST_SPELLINGS if written_out < _MOST_WRITTEN_OUT else 1)
                written_out += len(globs) - 1
                for glob in globs:
                    self._add(glob, identity)
        self.screen = Screen(self._exact, self._tails.finish(), self._heads.finish(), self._screen_search())

    def _add(self, glob: Glob, identity: int) -> None:
        if glob.literal:
            self._exact.setdefault(glob.head, []).append(identity)
        elif glob.anything:
            self._always.append(identity)
        elif glob.only_tail:
            self._tails.bucket(glob.tail).plain.append(identity)
        elif glob.only_head:
            self._heads.bucket(glob.head).plain.append(identity)
        else:
            if glob.head or glob.tail:
                by_head = len(glob.head) >= len(glob.tail)
                bucket = self._heads.bucket(glob.head) if by_head else self._tails.bucket(glob.tail)
                if not glob.needle or len(bucket.globs) < _MOST_IN_BUCKET:
                    bucket.globs.append((identity, glob))
                    return
            if glob.needle:
                group = self._inner.setdefault(len(glob.needle), {})
                group.setdefault(glob.needle, []).append((identity, glob))
            else:
                self._loose.append((identity, glob))

    def _screen_search(self) -> Search | None:
        if self._always or self._loose:
            return _EVERY_NAME
        # Needles that begin with the same two bytes are represented by their common start.
        common: dict[bytes, bytes] = {}
        for group in self._inner.values():
            for needle in group:
                known = common.setdefault(needle[:2], needle)
                if not needle.startswith(known):
                    common[needle[:2]] = _common_start(known, needle)
        if len(common) > _MOST_IN_SCREEN:
            return _EVERY_NAME
        return re.compile(b"|".join(map(re.escape, common.values()))).search if common else None

    def find(self, name: bytes) -> list[int]:
        """Return the identities of the patterns that match `name`, in no order, some perhaps twice."""
        found = [*self._always, *self._exact.get(name, ())]
        self._tails.collect(name, found)
        self._heads.collect(name, found)
        search = self.screen.search
        if search is not None and search(name):
            self._collect_inner(name, found)
        return found

    def _collect_inner(self, name: bytes, found: list[int]) -> None:
        candidates = list(self._loose)
        for length, group in self._inner.items():
            if len(group) <= len(name) - length:
                for needle, globs in group.items():
                    if name.find(needle) >= 0:
                        candidates += globs
            else:
                for part in {name[start : start + length] for start in range(len(name) - length + 1)}:
                    candidates += group.get(part, ())
        found += [identity for identity, glob in candidates if glob.matches(name)]


def _common_start(one: bytes, other: bytes) -> bytes:
    same = [a == b for a, b in zip(one, other, strict=False)]
    return one[: [*same, False].index(False)]


class NameRules:
    """The rules of one file for names at one place, with the tables for files and for directories built when needed."""

    __slots__ = ("_all", "_files", "_rules", "_some_only_directories")

    def __init__(self) -> None:
        self._rules: list[tuple[bytes, int, bool]] = []
        self._some_only_directories = False
        self._files: NameIndex | None = None
        self._all: NameIndex | None = None

    def __len__(self) -> int:
        return len(self._rules)

    def add(self, text: bytes, rank: int, *, only_directories: bool) -> None:
        """Add a rule by its component pattern; a later rule has the higher rank."""
        self._rules.append((text, rank, only_directories))
        self._some_only_directories |= only_directories

    def index(self, *, is_directory: bool) -> NameIndex:
        """Return the table of the rules that apply to a directory, or to anything else."""
        if is_directory or not self._some_only_directories:
            if self._all is None:
                self._all = self._build(is_directory=True)
            return self._all
        if self._files is None:
            self._files = self._build(is_directory=False)
        return self._files

    def _build(self, *, is_directory: bool) -> NameIndex:
        # The last of equal patterns decides; one that is repeated a million times must not give a million matches.
        last = {text: rank for text, rank, only_directories in self._rules if is_directory or not only_directories}
        return NameIndex(last.items())
