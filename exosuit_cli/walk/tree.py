"""The walk: one directory at a time, no recursion, one open directory at a time, nothing followed unless asked."""

from __future__ import annotations

import errno
import os
import stat
from collections import Counter, defaultdict
from dataclasses import field
from typing import TYPE_CHECKING, NamedTuple

from exosuit_cli.model.dataclass import dataclass
from exosuit_cli.model.records import Directory, Outcome, Skip, clamp_ns
from exosuit_cli.system.safe_open import open_base, open_directory
from exosuit_cli.walk import limits
from exosuit_cli.walk.directory_rules import DirectoryRules, LeftOut
from exosuit_cli.walk.entries import list_entries
from exosuit_cli.walk.listing import Listing, PastDirectory, RuleState
from exosuit_cli.walk.selection import VERSION_CONTROL_NAME as MARKER
from exosuit_cli.walk.selection import Selection

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from exosuit_cli.config.options import WalkOptions
    from exosuit_cli.walk.rule_set import BadLine
    from exosuit_cli.walk.work_tree import Surroundings


class _QueuedDirectory(NamedTuple):
    """A directory that the walk has not come to yet."""

    path: bytes
    trusted: bool
    """Whether the rules that led here are those of the past walk."""
    around: Surroundings | None
    """What holds in the directory that listed it, where that is known already."""
    ancestors: tuple[tuple[int, int], ...]
    """The identities of the directories above, under --follow."""


@dataclass(slots=True)
class TreeWalk:
    """Walks `roots`, paths relative to the directory `base`; a path that several roots name is visited once.

    A root that is a directory is walked by the rules that git would apply inside it; a root that is a file is taken as
    it is. `past` are the directories that are unchanged since an earlier walk with the same options, `past_rules` the
    state of the ignore files then: while the rules that lead to it are the same, such a directory is not listed again.
    After the iteration `problems` holds the ignore lines that could not be applied, and `rules` the state of every
    ignore file that was in force or looked for above the roots.
    """

    base: bytes
    roots: Sequence[bytes]
    options: WalkOptions
    past: Mapping[bytes, PastDirectory] = field(default_factory=dict)
    past_rules: Mapping[bytes, RuleState | None] = field(default_factory=dict)
    problems: list[BadLine] = field(default_factory=list)
    rules: dict[bytes, RuleState | None] = field(default_factory=dict)
    _base_fd: int = field(default=-1, init=False)
    _plain: set[bytes] = field(default_factory=set, init=False)
    _rules: DirectoryRules = field(init=False)
    _selection: Selection = field(init=False)
    _device: int = field(default=0, init=False)
    _visits: Counter[tuple[int, int]] = field(default_factory=Counter, init=False)
    _entries: int = field(default=0, init=False)
    _met: int = field(default=0, init=False)

    def __post_init__(self) -> None:
        asked_for = frozenset(self.roots)
        self._rules = DirectoryRules(self.base, self.options, asked_for, self.past_rules, self.rules, self.problems)

    def __iter__(self) -> Iterator[tuple[Listing, PastDirectory | None]]:
        """Yield a listing for each directory, parents before children, and the past one that it was taken from, if any.

        Raises UsageError for an --include or --exclude that is not a glob.
        """
        self._selection = self._rules.selection = Selection(self.options, self._rules.asked_for)
        try:
            self._base_fd = open_base(self.base)
        except OSError as error:  # it was there when the paths were resolved
            yield self._not_entered(b"", error), None
            return
        try:
            yield from self._walk_roots()
        finally:
            os.close(self._base_fd)

    def is_unchanged(self) -> bool:
        """Whether a walk would yield the same as the past one, for a caller that knows that no directory changed.

        It would under the same rules from outside. Only a walk whose one root is the base is looked at.
        """
        return tuple(self.roots) == (b"",) and self._rules.enter_root(b"")[1]

    def _walk_roots(self) -> Iterator[tuple[Listing, PastDirectory | None]]:
        directories: set[bytes] = set()
        files: defaultdict[bytes, dict[bytes, None]] = defaultdict(dict)
        for root in sorted(set(self.roots)):
            link = None if self.options.follow else self._link_above(root)
            if link is not None:
                shown = link.decode("utf-8", "backslashreplace")
                skip = Skip(root, Outcome.SYMLINK, f"{shown} is a symbolic link")
                yield Listing(Directory(root, 0, 0, 0, 0), skips=(skip,), entered=False), None
            elif not root or self._is_directory(root):
                directories.add(root)
            else:
                parent, _, name = root.rpartition(b"/")
                files[parent][name] = None
        walked: set[bytes] = set()
        for root in sorted(directories):
            if root not in walked:
                for listing, past in self._walk_tree(root, directories, walked):
                    for name in _seen_names(listing) if listing.directory.path in files else ():
                        files[listing.directory.path].pop(name, None)
                    yield listing, past
        for parent, names in files.items():
            if names:
                yield self._list_named(parent, tuple(names)), None

    def _link_above(self, root: bytes) -> bytes | None:
        """The first directory on the way to a root that is a symbolic link: what lies behind it is not in the tree."""
        end = root.find(b"/")
        while end >= 0:
            path = root[:end]
            if path not in self._plain:
                try:
                    if stat.S_ISLNK(os.lstat(path, dir_fd=self._base_fd).st_mode):
                        return path
                except OSError:
                    return None  # opening it will say why
                self._plain.add(path)
            end = root.find(b"/", end + 1)
        return None

    def _is_directory(self, root: bytes) -> bool:
        try:
            status = os.stat(root, dir_fd=self._base_fd, follow_symlinks=self.options.follow)
        except OSError:
            return False
        return stat.S_ISDIR(status.st_mode)

    def _walk_tree(
        self, root: bytes, roots: set[bytes], walked: set[bytes]
    ) -> Iterator[tuple[Listing, PastDirectory | None]]:
        around, trusted = self._rules.enter_root(root)
        self._device = -1
        stack = [_QueuedDirectory(root, trusted, around, ())]
        while stack:
            pending = stack.pop()
            path = pending.path
            if path in roots:
                if path in walked:
                    continue
                walked.add(path)
            past = self.past.get(path) if pending.trusted else None
            if self._entries > limits.MOST_ENTRIES or self._met > limits.MOST_MET:
                yield self._at_limit(path, self._why_ended()), None
            elif past is not None:
                if path == root:
                    self._device = past.listing.directory.device
                self._rules.keep(path)
                prefix = path + b"/" if path else b""
                self._entries += len(past.listing.names) + len(past.listing.skips) + len(past.below)
                stack.extend([_QueuedDirectory(prefix + name, True, None, ()) for name in reversed(past.below)])
                yield past.listing, past
            else:
                listing = self._list(pending, stack, root)
                if not listing.entered and path != root and path in roots:
                    walked.remove(path)  # its turn comes as a root, which may lie on another file system
                    continue
                yield listing, None

    def _list(self, pending: _QueuedDirectory, stack: list[_QueuedDirectory], root: bytes) -> Listing:
        path, trusted, around, ancestors = pending
        options = self.options
        is_root = path == root
        try:
            descriptor = open_directory(self._base_fd, path, follow=options.follow)
        except OSError as error:
            return self._not_entered(path, error)
        try:
            status = os.fstat(descriptor)
            if is_root:
                self._device = status.st_dev
            directory = _directory(path, status)
            if options.one_file_system and status.st_dev != self._device:
                skip = Skip(path, Outcome.OTHER_FILESYSTEM, is_directory=True)
                return Listing(directory, skips=(skip,), entered=False)
            identity = (status.st_dev, status.st_ino)
            if options.follow and identity in ancestors:
                return Listing(directory, skips=(Skip(path, Outcome.LOOP, is_directory=True),), entered=False)
            if options.follow and self._is_repeated(path, identity):
                why = f"it was entered by {limits.MOST_VISITS} other paths, through links"
                skip = Skip(path, Outcome.REPEATED, why, is_directory=True)
                return Listing(directory, skips=(skip,), entered=False)
            files, directories, skips = list_entries(descriptor, path, status.st_dev, options)
            if options.ignore and not is_root:
                marker = stat.S_IFREG if MARKER in files else stat.S_IFDIR if MARKER in directories else 0
                parent = (
                    around
                    if around is not None
                    else self._rules.surroundings_of(path.rpartition(b"/")[0], self._base_fd)
                )
                special = self._rules.special_among(path, files, directories, skips)
                around, is_same = self._rules.enter(path, descriptor, parent, marker, special)
                trusted = trusted and is_same
        except LeftOut as left_out:
            skip = Skip(path, left_out.hiding.outcome, left_out.hiding.detail, is_directory=True)
            return Listing(directory, skips=(skip,), entered=False)
        except limits.Endless:
            return self._at_limit(path, f"more than {limits.MOST_NAMES:,} entries")
        except OSError as error:
            return self._not_entered(path, error)
        finally:
            os.close(descriptor)
        self._entries += len(files) + len(directories) + len(skips)
        prefix = path + b"/" if path else b""
        below = self._selection.choose(directories, prefix, around, skips, is_directory=True)
        names = self._selection.choose(files, prefix, around, skips, is_directory=False)
        below.sort()  # the system's order is any: with names in order, so is everything that streams
        names.sort()
        why = limits.too_deep(path) if below else ""
        if why:
            self._met += 1
            skips.extend([Skip(prefix + name, Outcome.WALK_LIMIT, why, is_directory=True) for name in below])
            return Listing(directory, tuple(names), tuple(skips))
        chain = (*ancestors, identity) if options.follow else ()
        stack.extend([_QueuedDirectory(prefix + name, trusted, around, chain) for name in reversed(below)])
        return Listing(directory, tuple(names), tuple(skips))

    def _list_named(self, parent: bytes, names: tuple[bytes, ...]) -> Listing:
        """A listing of the files that were asked for by name."""
        prefix = parent + b"/" if parent else b""
        try:
            descriptor = open_directory(self._base_fd, parent, follow=self.options.follow)
        except OSError as error:
            missing = [Skip(prefix + name, _outcome_of(error), error.strerror or "") for name in names]
            return Listing(Directory(parent, 0, 0, 0, 0), skips=tuple(missing), entered=False)
        kept: list[bytes] = []
        skips: list[Skip] = []
        try:
            status = os.fstat(descriptor)
            for name in names:
                try:
                    os.stat(name, dir_fd=descriptor, follow_symlinks=False)
                    kept.append(name)
                except OSError as error:
                    skips.append(Skip(prefix + name, _outcome_of(error), error.strerror or ""))
        finally:
            os.close(descriptor)
        # Only the named files are known of this directory: it must not be remembered as listed.
        return Listing(_directory(parent, status), tuple(kept), tuple(skips), entered=False)

    def _is_repeated(self, path: bytes, identity: tuple[int, int]) -> bool:
        """Whether a directory was entered by many paths, and this one leads through a link as well."""
        self._visits[identity] += 1
        if self._visits[identity] <= limits.MOST_VISITS:
            return False
        try:
            os.close(open_directory(self._base_fd, path))
        except OSError:
            return True
        return False

    def _why_ended(self) -> str:
        if self._entries > limits.MOST_ENTRIES:
            return f"the walk has over {limits.MOST_ENTRIES:,} entries"
        return f"the walk ended: it met a limit over {limits.MOST_MET} times"

    def _at_limit(self, path: bytes, why: str) -> Listing:
        self._met += 1
        skip = Skip(path, Outcome.WALK_LIMIT, why, is_directory=True)
        return Listing(Directory(path, 0, 0, 0, 0), skips=(skip,), entered=False)

    def _not_entered(self, path: bytes, error: OSError) -> Listing:
        skip = Skip(path, _outcome_of(error), error.strerror or str(error), is_directory=True)
        return Listing(Directory(path, 0, 0, 0, 0), skips=(skip,), entered=False)


def _seen_names(listing: Listing) -> Iterator[bytes]:
    """The names that a listing has an answer for; directories below that were entered are not among them."""
    yield from listing.names
    for skip in listing.skips:
        yield skip.path.rpartition(b"/")[2]


_REPLACED = (errno.ENOENT, errno.ENOTDIR, errno.ELOOP, errno.EXDEV)


def _outcome_of(error: OSError) -> Outcome:
    # A directory that is none any more, or has a link in its path, when it is opened was replaced after it was listed.
    return Outcome.VANISHED if error.errno in _REPLACED else Outcome.UNREADABLE


def _directory(path: bytes, status: os.stat_result) -> Directory:
    mtime_ns, ctime_ns = clamp_ns(status.st_mtime_ns), clamp_ns(status.st_ctime_ns)
    return Directory(path, status.st_dev, status.st_ino, mtime_ns, ctime_ns)
