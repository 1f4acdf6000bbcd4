"""Which neighbours of a change a pack takes: users and tests, what the change itself uses, the users of its users."""

from __future__ import annotations

import re
from bisect import bisect_left
from typing import TYPE_CHECKING, Final

from exosuit_cli.pack.change_spans import around_lines
from exosuit_cli.pack.leaning import Span
from exosuit_cli.search.code_lines import called_names

if TYPE_CHECKING:
    from collections.abc import Sequence

    from exosuit_cli.history import FileChange
    from exosuit_cli.pack.change_spans import Around
    from exosuit_cli.pack.neighbours import Neighbourhood
    from exosuit_cli.pack.query_choice import QueryChoice
    from exosuit_cli.pack.tree_texts import TreeText

BESIDE: Final = "beside"
"""Why a definition is there that is next to what changed."""
_MOST_NEIGHBOURS: Final = 24
_MOST_LINES: Final = 40
"""Lines of a definition that is shown whole where it did not change."""
_MOST_MISSES: Final = 8
_OF_BUILT_IN: Final = frozenset(
    name for each in (bytes, dict, list, set, str) for name in dir(each) if not name.startswith("_")
)
"""Methods of Python's own types: after a dot they say nothing about a function of that name."""
_CALLED_PLAINLY: Final = re.compile(r"(?<![\w.])([^\W\d]\w*)\s*\(")


class NeighbourRoom:
    """Takes places that did not change into a choice, until `least` tokens are left or many did not fit.

    Files in `whole` are in the pack already. Files with secrets are left out where those are refused.
    """

    def __init__(self, choice: QueryChoice, least: int, whole: frozenset[bytes], *, refuses_secrets: bool) -> None:
        self._choice = choice
        self._least = least
        self._whole = whole
        self._refuses_secrets = refuses_secrets
        self._taken = self._misses = 0

    @property
    def is_full(self) -> bool:
        """Whether no further place is to be tried."""
        return self._choice.left <= self._least or self._taken >= _MOST_NEIGHBOURS or self._misses > _MOST_MISSES

    def takes(self, text: TreeText, line: int, why: str) -> bool:
        """Take what a line lies in, all of it where that is short; whether it is there now."""
        source = text.source
        if source.path in self._whole:
            return True
        if source.secrets and self._refuses_secrets:
            return False
        each = next(around_lines(text, line, line, why))
        span = each.whole[-1]
        is_short = source.text.count(b"\n", span.start, span.end) <= _MOST_LINES
        left = self._choice.left
        is_in = (is_short and self._choice.add(source, each.whole)) or self._choice.add(source, each.near)
        self._taken += self._choice.left != left
        self._misses += not is_in
        return is_in


def take_neighbours(
    room: NeighbourRoom, near: Neighbourhood, around: Sequence[tuple[TreeText, Around]], removed: Sequence[str]
) -> None:
    """Take the neighbours of what changes lie in, and of the names that were `removed`, as far as there is room."""
    names = dict.fromkeys([*(each.name for _, each in around if each.name is not None), *removed])
    users = []
    for use in near.uses_of(names):
        if room.takes(use.text, use.line, use.why) and not use.is_test and use.holder is not None:
            users.append(use.holder)
        if room.is_full:
            return
    for text, line, name in near.definitions_of(_called(around)):
        room.takes(text, line, f"defines {name}")
        if room.is_full:
            return
    for use in near.uses_of(name for name in users if name not in names):
        room.takes(use.text, use.line, use.why)
        if room.is_full:
            return


def take_beside(choice: QueryChoice, change: FileChange, text: TreeText) -> None:
    """Take the definitions of a changed file that are next to the changes, the nearest first, as far as they fit."""
    source = text.source
    lines = sorted(line for place in change.hunks.places for line in place)

    def distance(line: int) -> int:
        after = bisect_left(lines, line)
        return min(abs(line - each) for each in lines[max(after - 1, 0) : after + 1])

    beside = []
    for each, first, last in sorted(text.extents, key=lambda found: distance(found[0].line)):
        if last - first < _MOST_LINES:
            heads = [
                Span(source.file.id, *source.span_of(outer.line, outer.line), "encloses")
                for outer, _, _ in text.around(each.line)[:-1]
            ]
            beside.append((source, [*heads, Span(source.file.id, *source.span_of(first, last), BESIDE)]))
    choice.add_each(beside, _MOST_MISSES)


def _called(around: Sequence[tuple[TreeText, Around]]) -> list[str]:
    """The names that changed definitions call, in a fixed order."""
    found: dict[str, None] = {}
    for text, each in around:
        source, span = text.source, each.whole[-1]
        first, last = source.line_at(span.start), source.line_at(max(span.end - 1, span.start))
        code = text.code[first - 1 : last]
        called = called_names(code, source.file.language)
        if source.file.language == "Python":
            called -= _OF_BUILT_IN.difference(_CALLED_PLAINLY.findall("\n".join(code)))
        found |= dict.fromkeys(sorted(called))
    changed = {each.name for _, each in around}
    return [name for name in found if name not in changed]
