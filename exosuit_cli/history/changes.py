"""What differs between a work tree and a commit: files with their status and their hunks."""

from __future__ import annotations

import os
from collections import Counter
from dataclasses import field
from typing import TYPE_CHECKING, Final

from exosuit_cli.config.options import WalkOptions
from exosuit_cli.history.hunks import LARGEST_COMPARED, Hunks, hunks
from exosuit_cli.history.objects import HistoryError
from exosuit_cli.history.references import resolve
from exosuit_cli.history.renames import renames
from exosuit_cli.history.repository import open_history
from exosuit_cli.history.trees import differences, subtree
from exosuit_cli.history.work_files import WorkFiles
from exosuit_cli.model.dataclass import dataclass
from exosuit_cli.walk.selection import Selection

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from exosuit_cli.history.repository import History
    from exosuit_cli.walk.roots import PathLike

MOST_FILES: Final = 2_000_000
"""Of a commit's tree."""

ADDED, MODIFIED, DELETED, RENAMED = "added", "modified", "deleted", "renamed"


@dataclass(frozen=True, slots=True)
class FileChange:
    """A file that differs. `path` is relative to the root; `old_path` is that of a renamed file in the commit."""

    path: bytes
    status: str
    old_path: bytes | None = None
    hunks: Hunks = field(default_factory=Hunks)


@dataclass(frozen=True, slots=True)
class Changes:
    """All that differs from the commit (40 digits) that `revision` means, in the order of the paths.

    `walked` are the paths of all files that the tree has, as far as the options take them.
    """

    revision: str
    commit: str
    files: tuple[FileChange, ...]
    walked: tuple[bytes, ...] = ()

    @property
    def counts(self) -> Mapping[str, int]:
        """How many files have each status."""
        return Counter(change.status for change in self.files)

    @property
    def present(self) -> list[bytes]:
        """The paths of files that are there."""
        return [change.path for change in self.files if change.status != DELETED]


def changed_since(
    root: PathLike,
    revision: str,
    options: WalkOptions | None = None,
    *,
    roots: Sequence[bytes] = (b"",),
    with_hunks: bool = False,
    rewrite: Callable[[bytes, bytes], bytes] | None = None,
) -> Changes:
    """What differs between the files below the directory `root` and a commit of the repository that holds it.

    A file of the work tree is one that the walk finds by `options`, tracked or not; `roots`, relative to `root`, limit
    it. One that an option leaves out is not deleted. Contents are compared, not modes; a text whose line ends alone are
    CRLF is unchanged; no filter is run. Hunks are of what `rewrite` makes of a text and its path. Links, submodules and
    nested repositories are left out. Raises NoRepository, and HistoryError for a revision that is not known.
    """
    options = options if options is not None else WalkOptions()
    history = open_history(root)
    if history.is_bare:
        raise HistoryError(f"{os.fsdecode(root)!r} is a bare repository: it has no files to compare; name a work tree")
    commit = resolve(history, revision)
    before = _files_of(history, commit, roots)
    files = WorkFiles(history, history.root)
    try:
        walked = _walked(history.root, roots, options)
        old, new = _differing(files, before, walked, options)
        changes = _changes(history, files, before, old, new, rewrite or _as_it_is if with_hunks else None)
    finally:
        files.close()
    return Changes(revision, commit.hex(), changes, tuple(walked))


def _as_it_is(text: bytes, path: bytes) -> bytes:  # noqa: ARG001  (others want the path)
    return text


def _files_of(history: History, commit: bytes, roots: Sequence[bytes]) -> dict[bytes, bytes]:
    """The id of the content of each regular file that a commit has below the roots."""
    top = subtree(history.objects, history.objects.commit(commit).tree, history.prefix)
    within = tuple(root + b"/" for root in roots)
    found: dict[bytes, bytes] = {}
    for number, (path, _, entry) in enumerate(differences(history.objects, None, top)):
        if number > MOST_FILES:
            raise HistoryError(f"commit {commit.hex()[:12]} has more than {MOST_FILES:,} files")
        if entry is None or entry.is_link or entry.is_repository:
            continue
        if b"" in roots or path in roots or path.startswith(within):
            found[path] = entry.id
    return found


def _walked(base: bytes, roots: Sequence[bytes], options: WalkOptions) -> list[bytes]:
    """The files that a walk finds."""
    from exosuit_cli.walk import TreeWalk

    found = []
    for listing, _ in TreeWalk(base, roots, options):
        prefix = listing.directory.path + b"/" if listing.directory.path else b""
        found += [prefix + name for name in listing.names]
    return found


def _differing(
    files: WorkFiles, before: Mapping[bytes, bytes], walked: Sequence[bytes], options: WalkOptions
) -> tuple[dict[bytes, bytes], dict[bytes, bytes]]:
    """The ids of what is in the commit only, or is another there, and of what is in the work tree likewise."""
    old: dict[bytes, bytes] = {}
    new: dict[bytes, bytes] = {}
    nested: dict[bytes, bool] = {}
    for path in walked:
        was = before.get(path)
        if was is None and files.is_nested(path, nested):
            continue
        now = files.content_id(path, was)
        if now is not None and now != was:
            new[path] = now
            if was is not None:
                old[path] = was
    seen = frozenset(walked)
    gone = [path for path in before if path not in seen and files.is_absent(path)]
    if gone:
        selection = Selection(options, frozenset())
        old |= {path: before[path] for path in gone if _is_selected(selection, path)}
    return old, new


def _is_selected(selection: Selection, path: bytes) -> bool:
    """Whether the options, ignore rules apart, would take a file that is not there any more."""
    prefix = b""
    *directories, name = path.split(b"/")
    for each in directories:
        if not selection.choose([each], prefix, None, [], is_directory=True):
            return False
        prefix += each + b"/"
    return bool(selection.choose([name], prefix, None, [], is_directory=False))


def _changes(
    history: History,
    files: WorkFiles,
    before: Mapping[bytes, bytes],
    old: Mapping[bytes, bytes],
    new: Mapping[bytes, bytes],
    rewrite: Callable[[bytes, bytes], bytes] | None,
) -> tuple[FileChange, ...]:
    """The changes, with hunks where there is `rewrite`."""

    def old_text(path: bytes) -> bytes | None:
        name = before[path]
        if history.objects.size(name) > LARGEST_COMPARED:
            return None
        return history.objects.read(name, "blob", LARGEST_COMPARED)

    def new_text(path: bytes) -> bytes | None:
        return files.text(path, LARGEST_COMPARED)

    deleted = {path: name for path, name in old.items() if path not in new}
    added = {path: name for path, name in new.items() if path not in old}
    renamed = renames(deleted, added, old_text, new_text)
    moved = frozenset(renamed.values())
    found = []
    for path in sorted(old.keys() | new.keys()):
        if path in moved and path not in new:
            continue
        source = renamed.get(path, path if path in old else None)
        status = RENAMED if path in renamed else ADDED if source is None else MODIFIED if path in new else DELETED
        differing = Hunks()
        if rewrite is not None and not (status == RENAMED and before[source or b""] == new[path]):
            texts = (None if source is None else old_text(source), new_text(path) if path in new else None)
            if (source is not None and texts[0] is None) or (path in new and texts[1] is None):
                differing = Hunks(why_none=f"larger than {LARGEST_COMPARED >> 20} MiB")
            else:
                before_text, after_text = (text and rewrite(text, path) for text in texts)
                differing = hunks(before_text, after_text, source or path, path)
        found.append(FileChange(path, status, renamed.get(path), differing))
    return tuple(found)
