"""What did not change and yet belongs to a change: lines of code elsewhere that use the names which it defines.

Names decide, not types. The files nearest to what changed are read first, and no more than `_MOST_READ` bytes.
"""

from __future__ import annotations

import re
from collections import Counter
from itertools import chain, zip_longest
from typing import TYPE_CHECKING, Final, NamedTuple

from exosuit_cli.languages.registry import names_a_program
from exosuit_cli.search.definitions import definition_at
from exosuit_cli.search.outline import last_part
from exosuit_cli.search.path_facts import is_aside, is_test

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from exosuit_cli.pack.tree_texts import ChangedTree, TreeText

_MOST_READ: Final = 64 << 20
_LARGEST: Final = 512 << 10
"""Bytes of the largest file that is looked into: longer ones are mostly tables."""
_MOST_NAMES: Final = 24
_SHORTEST: Final = 3
_COMMON: Final = 40
"""A name that more files have says nothing about which is meant."""
_FEW_DEFINITIONS: Final = 3
_A_FILE: Final = 3
"""Places of one file."""
_BOUND: Final = re.compile(r"(?m)^(?:[a-z]+[ \t]+){0,3}([^\W\d]\w{2,})[ \t]*(?::[^=\n]+)?=(?![=>])")
"""What gives a value to a name at the left edge."""


class Use(NamedTuple):
    """A line of a text that uses a name: calls it, or else names it in code."""

    text: TreeText
    line: int
    name: str
    is_call: bool
    is_test: bool

    @property
    def holder(self) -> str | None:
        """The name of the definition that the line is in."""
        around = self.text.around(self.line)
        return last_part(around[-1][0].name) if around else None

    @property
    def why(self) -> str:
        """The use in words."""
        return f"{'tests' if self.is_test else 'calls' if self.is_call else 'uses'} {self.name}"


class Neighbourhood:
    """The code of a tree around files that changed. `walked` are the files that there are."""

    def __init__(self, tree: ChangedTree, changed: Sequence[bytes], walked: Sequence[bytes]) -> None:
        self._tree = tree
        self._changed = frozenset(changed)
        self._nearest = _nearest(changed, walked)

    def uses_of(self, names: Iterable[str]) -> Iterator[Use]:
        """Where names are used, calls and the nearest files first; two callers, then one test.

        A file that did not change and defines such a name for itself, outside of all else, means its own.
        """
        users: Counter[str] = Counter()
        found: list[list[Use]] = []
        for text, pattern in self._texts_with(names):
            path = text.source.path
            bound = frozenset() if path in self._changed else _bound_in(text)
            own = [use for use in _uses_in(text, pattern, is_test=is_test(path)) if use.name not in bound]
            users.update({use.name for use in own})
            found.append(own)
        rare = [use for own in found for use in _few([use for use in own if users[use.name] <= _COMMON])]
        rare.sort(key=lambda use: not use.is_call)
        callers = [use for use in rare if not use.is_test]
        tests = [use for use in rare if use.is_test]
        pairs = zip_longest(callers[::2], callers[1::2], tests)
        yield from (use for use in chain.from_iterable(pairs) if use is not None)

    def definitions_of(self, names: Iterable[str]) -> Iterator[tuple[TreeText, int, str]]:
        """Where names are defined outside of tests: the text, the line, the name; what many define is left out."""
        found: dict[str, list[tuple[TreeText, int]]] = {}
        for text, pattern in self._texts_with(names):
            if is_test(text.source.path):
                continue
            for each, _, _ in text.extents:
                name = last_part(each.name)
                if pattern.fullmatch(name.encode("utf-8", "replace")) is not None:
                    found.setdefault(name, []).append((text, each.line))
        for name, places in found.items():
            if len(places) <= _FEW_DEFINITIONS:
                yield (*places[0], name)

    def _texts_with(self, names: Iterable[str]) -> Iterator[tuple[TreeText, re.Pattern[bytes]]]:
        """The texts that have one of the names, the nearest first."""
        wanted = [name for name in dict.fromkeys(names) if len(name) >= _SHORTEST and not name.startswith("__")]
        if not wanted:
            return
        words = b"|".join(re.escape(name.encode("utf-8", "replace")) for name in wanted[:_MOST_NAMES])
        pattern = re.compile(rb"(?<![\w$])(?:%b)(?![\w$])" % words)
        left = _MOST_READ
        for path in self._nearest:
            data = self._tree.raw(path, _LARGEST)
            if data is not None and pattern.search(data) is not None and (text := self._tree.of(path)) is not None:
                yield text, pattern
            left -= len(data or b"")
            if left <= 0:
                return


def _bound_in(text: TreeText) -> frozenset[str]:
    """The names that a text defines outside of all else."""
    defined = (last_part(each.name) for each, _, _ in text.extents if each.level == 0)
    return frozenset(_BOUND.findall("\n".join(text.code))).union(defined)


def _few(uses: Sequence[Use]) -> Sequence[Use]:
    """The first uses in different definitions of a file, calls first."""
    places: dict[int, Use] = {}
    for use in sorted(uses, key=lambda use: not use.is_call):
        around = use.text.around(use.line)
        places.setdefault(around[-1][1] if around else 0, use)
    return list(places.values())[:_A_FILE]


def _uses_in(text: TreeText, pattern: re.Pattern[bytes], *, is_test: bool) -> Iterator[Use]:
    language = text.source.file.language
    for place, code in enumerate(text.code):
        for name in dict.fromkeys(found[0].decode() for found in pattern.finditer(code.encode("utf-8", "replace"))):
            defined = definition_at(text.source.line_texts[place], 1, language)
            if defined is None or last_part(defined.name) != name:
                yield Use(text, place + 1, name, re.search(rf"\b{re.escape(name)}\s*\(", code) is not None, is_test)


def _nearest(changed: Sequence[bytes], walked: Sequence[bytes]) -> list[bytes]:
    """The files of code, those that share most directories with a changed one first, then tests."""
    near = {directory: depth for path in changed for depth, directory in enumerate(_directories(path), 1)}
    keyed = []
    for path in walked:
        if not names_a_program(path.rpartition(b"/")[2]):
            continue
        shared = next((near[each] for each in reversed(_directories(path)) if each in near), 0)
        tests = is_test(path)
        keyed.append((path not in changed, -shared, not tests and is_aside(path), not tests, path))
    return [path for *_, path in sorted(keyed)]


def _directories(path: bytes) -> list[bytes]:
    """The directories of a path, the outermost first."""
    parts = path.split(b"/")[:-1]
    return [b"/".join(parts[:count]) for count in range(1, len(parts) + 1)]
