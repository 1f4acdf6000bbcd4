"""The commits of a repository, the newest first, each with the paths that it changed."""

from __future__ import annotations

import heapq
from itertools import islice
from typing import TYPE_CHECKING, Final

from exosuit_cli.history.objects import HistoryError, ObjectMissing
from exosuit_cli.history.references import head
from exosuit_cli.history.repository import open_history
from exosuit_cli.history.trees import differences, subtree
from exosuit_cli.model.dataclass import dataclass

if TYPE_CHECKING:
    from collections.abc import Iterator

    from exosuit_cli.history.objects import CommitObject, ObjectStore
    from exosuit_cli.history.repository import History
    from exosuit_cli.walk.roots import PathLike

DEFAULT_LIMIT: Final = 6_000
MOST_PATHS: Final = 10_000
"""Of one commit; those beyond are not named."""


@dataclass(frozen=True, slots=True)
class Commit:
    """One commit.

    id: 40 hexadecimal digits. time: the committer's, in seconds since 1970. message: as it was written. paths: what it
    changed below the root, relative to that, sorted: both names of what it renamed, and at most MOST_PATHS.
    """

    id: str
    time: int
    message: bytes
    paths: tuple[bytes, ...]


def commits(root: PathLike, limit: int = DEFAULT_LIMIT) -> Iterator[Commit]:
    """Those of the newest `limit` commits that changed something below the directory `root`, the newest first.

    Merges are left out, and the commits at which a shallow clone ends, since nobody knows what they changed. What
    cannot be read ends the iteration: a clone may be partial, and a repository damaged. Raises NoRepository where
    there is none, HistoryError where it is not to be read; none where it has no commit yet.

    Some 2,000 commits a second.
    """
    history = open_history(root)
    start = head(history)
    return iter(()) if start is None else _newest(history, start, limit)


def _newest(history: History, start: bytes, limit: int) -> Iterator[Commit]:
    objects = history.objects
    known: dict[bytes, CommitObject] = {}
    waiting: list[tuple[int, bytes]] = []
    seen: set[bytes] = set()

    def meet(name: bytes) -> None:
        if name in seen:
            return
        seen.add(name)
        try:
            known[name] = objects.commit(name)
        except ObjectMissing:
            return  # the clone ends here
        heapq.heappush(waiting, (-known[name].time, name))

    looked_at = 0
    try:
        meet(start)
        while waiting and looked_at < limit:
            _, name = heapq.heappop(waiting)
            commit = known.pop(name)
            for parent in commit.parents:
                meet(parent)
            if len(commit.parents) > 1:
                continue
            looked_at += 1
            parent_tree = None
            if commit.parents:
                parent = commit.parents[0]
                if not objects.has(parent):
                    continue
                parent_tree = (known.get(parent) or objects.commit(parent)).tree
            paths = _changed(objects, parent_tree, commit.tree, history.prefix)
            if paths:
                yield Commit(name.hex(), commit.time, commit.message, paths)
    except HistoryError:
        return


def _changed(objects: ObjectStore, before: bytes | None, after: bytes, prefix: bytes) -> tuple[bytes, ...]:
    old = None if before is None else subtree(objects, before, prefix)
    new = subtree(objects, after, prefix)
    if old == new:
        return ()
    return tuple(sorted(path for path, *_ in islice(differences(objects, old, new), MOST_PATHS)))
