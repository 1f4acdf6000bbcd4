"""Two trees of a repository beside each other: the paths at which they differ. No recursion, and a bound."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from exosuit_cli.history.objects import NO_ENTRIES, TreeEntry

if TYPE_CHECKING:
    from collections.abc import Iterator

    from exosuit_cli.history.objects import Entries, ObjectStore

MOST_DEPTH: Final = 2_000
Difference = tuple[bytes, TreeEntry | None, TreeEntry | None]
"""A path, and what is there before and after: never a tree."""


def differences(objects: ObjectStore, before: bytes | None, after: bytes | None) -> Iterator[Difference]:
    """Where two trees differ, by their names; None is the empty tree. In no order. Raises HistoryError.

    A tree may name one other many times: the caller stops where there is too much.
    """
    waiting: list[tuple[bytes, bytes | None, bytes | None, int]] = [(b"", before, after, 0)]
    while waiting:
        prefix, old, new, depth = waiting.pop()
        for first, second in _pairs(_entries(objects, old), _entries(objects, new)):
            name = prefix + (first or second).name  # type: ignore[union-attr]  # one of them is there
            old_tree = first.id if first is not None and first.is_directory else None
            new_tree = second.id if second is not None and second.is_directory else None
            if (old_tree is not None or new_tree is not None) and depth < MOST_DEPTH:
                waiting.append((name + b"/", old_tree, new_tree, depth + 1))
            old_file = None if first is None or first.is_directory else first
            new_file = None if second is None or second.is_directory else second
            if old_file is not None or new_file is not None:
                yield name, old_file, new_file


def subtree(objects: ObjectStore, tree: bytes, prefix: bytes) -> bytes | None:
    """The tree at `prefix`, which is b"" or ends with a slash; None where there is none. Raises HistoryError."""
    found: bytes | None = tree
    for name in prefix.split(b"/")[:-1]:
        if found is None:
            return None
        entry = next((TreeEntry._make(entry) for entry in objects.tree(found) if entry[1] == name), None)
        found = entry.id if entry is not None and entry.is_directory else None
    return found


def _entries(objects: ObjectStore, tree: bytes | None) -> Entries:
    return NO_ENTRIES if tree is None else objects.tree(tree)


def _pairs(before: Entries, after: Entries) -> list[tuple[TreeEntry | None, TreeEntry | None]]:
    """The entries that are not the same on both sides, by name."""
    old = {entry[1]: TreeEntry._make(entry) for entry in before - after}
    new = {entry[1]: TreeEntry._make(entry) for entry in after - before}
    return [(old.get(name), new.get(name)) for name in old.keys() | new.keys()]
