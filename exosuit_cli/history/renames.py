"""Which added file is a deleted one under another name: the same content, or at least half of its lines."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

_MOST_PAIRS: Final = 40_000
"""Pairs of files whose lines are compared; beyond, only the same content is a rename, as with git's renameLimit."""
_LEAST_SHARE: Final = 0.5
_LARGEST: Final = 1 << 20


def renames(
    deleted: Mapping[bytes, bytes],
    added: Mapping[bytes, bytes],
    old_text: Callable[[bytes], bytes | None],
    new_text: Callable[[bytes], bytes | None],
) -> dict[bytes, bytes]:
    """The old path of each added file that was renamed; both maps have the id of the content of each path.

    `old_text` and `new_text` return the content of a path, None where it is not to be had.
    """
    found: dict[bytes, bytes] = {}
    by_content: dict[bytes, list[bytes]] = {}
    for path in sorted(deleted, reverse=True):
        by_content.setdefault(deleted[path], []).append(path)
    for path in sorted(added):
        same = by_content.get(added[path])
        if same:
            name = path.rpartition(b"/")[2]
            best = next((old for old in reversed(same) if old.rpartition(b"/")[2] == name), same[-1])
            same.remove(best)
            found[path] = best
    taken = set(found.values())
    left = sorted(path for path in deleted if path not in taken)
    right = sorted(path for path in added if path not in found)
    if left and right and len(left) * len(right) <= _MOST_PAIRS:
        found |= _alike(left, right, old_text, new_text)
    return found


def _alike(
    left: Sequence[bytes],
    right: Sequence[bytes],
    old_text: Callable[[bytes], bytes | None],
    new_text: Callable[[bytes], bytes | None],
) -> dict[bytes, bytes]:
    old = {path: _lines(old_text(path)) for path in left}
    new = {path: _lines(new_text(path)) for path in right}
    scored = []
    for before, (old_lines, old_size) in old.items():
        for after, (new_lines, new_size) in new.items():
            largest = max(old_size, new_size)
            if not largest or min(old_size, new_size) < _LEAST_SHARE * largest:
                continue
            shared = sum(len(line) * count for line, count in (old_lines & new_lines).items())
            if shared >= _LEAST_SHARE * largest:
                same_name = before.rpartition(b"/")[2] == after.rpartition(b"/")[2]
                scored.append((-shared / largest, not same_name, before, after))
    found: dict[bytes, bytes] = {}
    taken: set[bytes] = set()
    for _, _, before, after in sorted(scored):
        if before not in taken and after not in found:
            found[after] = before
            taken.add(before)
    return found


def _lines(text: bytes | None) -> tuple[Counter[bytes], int]:
    """The lines of a text and its size; nothing of one that is not to be compared."""
    if text is None or len(text) > _LARGEST or b"\0" in text[:8_000]:
        return Counter(), 0
    text = text.replace(b"\r\n", b"\n")
    return Counter(text.splitlines(keepends=True)), len(text)
