"""What differs since a commit, as a pack shows it: a line for each file, and the hunks that fit."""

from __future__ import annotations

import bisect
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from exosuit_cli.model.dataclass import dataclass
from exosuit_cli.model.units import counted
from exosuit_cli.system.names import display_name, text_name
from exosuit_cli.tokens.text import to_utf8

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from exosuit_cli.history import Changes, FileChange
    from exosuit_cli.pack.output import CountBatch

_SHOWN_DIGITS = 12
_LISTING_SHARE = 4
"""The lines of files take at most a fourth of what there is, and with the hunks three fourths."""


@dataclass(frozen=True, slots=True)
class ShownChanges:
    """Changes, of which the first `listed` files are named and those in `with_hunks` have their hunks."""

    changes: Changes
    listed: int
    with_hunks: frozenset[int]

    @property
    def left_out(self) -> int:
        """How many files have hunks that did not fit."""
        hunks = [number for number, change in enumerate(self.changes.files) if change.hunks.text]
        return len(set(hunks) - self.with_hunks)

    def text(self) -> str:
        """All of it, for a model."""
        changes = self.changes
        counts = ", ".join(f"{count:,} {status}" for status, count in changes.counts.items()) or "none"
        title = f"Changes since {display_name(changes.revision)} (commit {changes.commit[:_SHOWN_DIGITS]}): {counts}"
        lines = [title, *(self._line(number) for number in range(self.listed))]
        if self.listed < len(changes.files):
            lines.append(f"and {counted(len(changes.files) - self.listed, 'more file')}")
        hunks = [_utf8(changes.files[number]) for number in sorted(self.with_hunks)]
        return "\n".join(lines) + "\n" + ("\n" + "".join(hunks) if hunks else "")

    def records(self) -> dict[str, Any]:
        """All of it, for a program."""
        files = []
        for number, change in enumerate(self.changes.files[: self.listed]):
            record = _named("path", change.path) | {"status": change.status}
            if change.old_path is not None:
                record |= _named("old_path", change.old_path)
            if change.hunks.text:
                record |= {"added": change.hunks.added, "removed": change.hunks.removed}
            if number in self.with_hunks:
                record["hunks"] = _utf8(change)
            elif change.hunks.why_none:
                record["no_hunks"] = change.hunks.why_none
            elif change.hunks.text:
                record["no_hunks"] = "left out"
            files.append(record)
        return {"revision": self.changes.revision, "commit": self.changes.commit, "files": files}

    def _line(self, number: int) -> str:
        change = self.changes.files[number]
        name = display_name(change.path)
        if change.old_path is not None:
            name = f"{display_name(change.old_path)} -> {name}"
        said = []
        if change.hunks.text:
            said.append(f"+{change.hunks.added:,} -{change.hunks.removed:,}")
            if number not in self.with_hunks:
                said.append("hunks left out")
        elif change.hunks.why_none:
            said.append(change.hunks.why_none)
        return f"{change.status} {name}" + (f" ({', '.join(said)})" if said else "")


def all_of(changes: Changes) -> ShownChanges:
    """The changes with every hunk."""
    hunks = frozenset(number for number, change in enumerate(changes.files) if change.hunks.text)
    return ShownChanges(changes, len(changes.files), hunks)


def fitting(
    shown: ShownChanges,
    most: int,
    count: CountBatch,
    enclosed: Callable[[str], bytes],
    rank_of: Callable[[bytes], int],
) -> ShownChanges:
    """As much as fits about `most` tokens: the lines of the first files, then the hunks of those that fit, by rank.

    `enclosed` makes of a text what the form of the pack writes of it.
    """
    files = shown.changes.files

    def tokens(found: ShownChanges) -> int:
        return count([enclosed(found.text())])[0]

    if tokens(shown) <= most * 3 // _LISTING_SHARE:
        return shown
    bare = replace(shown, with_hunks=frozenset())
    listed = len(files)
    if tokens(bare) > most // _LISTING_SHARE:
        # The first number of lines that is too much, less one.
        numbers = range(len(files) + 1)
        listed = max(
            bisect.bisect_right(numbers, most // _LISTING_SHARE, key=lambda n: tokens(replace(bare, listed=n))) - 1, 0
        )
    bare = replace(bare, listed=listed)
    left = most * 3 // _LISTING_SHARE - tokens(bare)
    kept = set()
    costs = zip(*_costs(files[:listed], count), strict=True)
    for number, cost in sorted(costs, key=lambda found: (rank_of(files[found[0]].path), found[0])):
        if cost <= left:
            kept.add(number)
            left -= cost
    return replace(bare, with_hunks=frozenset(kept))


def _costs(files: Sequence[FileChange], count: CountBatch) -> tuple[list[int], list[int]]:
    """The numbers of the files that have hunks, and the tokens of those."""
    numbers = [number for number, change in enumerate(files) if change.hunks.text]
    return numbers, count([_utf8(files[number]).encode() for number in numbers]) if numbers else []


def _utf8(change: FileChange) -> str:
    return to_utf8(change.hunks.text).decode()


def _named(key: str, path: bytes) -> dict[str, Any]:
    name, exact = text_name(path)
    return {key: name} | ({f"{key}_b64": exact} if exact is not None else {})
