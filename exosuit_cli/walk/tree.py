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
from exosuit_cli.walk.default_rules import DIRECTORY_MARKERS, FILE_MARKERS, marked_as
from exosuit_cli.walk.entries import list_entries
from exosuit_cli.walk.git_files import Lookup, is_git_directory, repository_at
from exosuit_cli.walk.listing import IGNORE_NAME, Listing, PastDirectory, RuleState, state_of
from exosuit_cli.walk.rule_set import MOST_RULES
from exosuit_cli.walk.rules import enter_lists, nested_scope, read_rules, standard_scope
from exosuit_cli.walk.selection import VERSION_CONTROL_NAME as MARKER
from exosuit_cli.walk.selection import Selection
from exosuit_cli.walk.work_tree import Hiding, Surroundings, WorkTree

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping, Sequence

    from exosuit_cli.config.options import WalkOptions
    from exosuit_cli.walk.rule_set import BadLine, RuleSet

_NEVER = RuleState(-2, 0, 0, 0)
"""Equal to no state that can be found."""


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
    _asked_for: frozenset[bytes] = field(default=frozenset(), init=False)
    _selection: Selection = field(init=False)
    _device: int = field(default=0, init=False)
    _known: dict[bytes, Surroundings] = field(default_factory=dict, init=False)
    _users: RuleSet | None = field(default=None, init=False)
    _visits: Counter[tuple[int, int]] = field(default_factory=Counter, init=False)
    _entries: int = field(default=0, init=False)
    _met: int = field(default=0, init=False)
    _names: tuple[bytes, ...] = field(default=(), init=False)
    """Of ignore files that are not git's, the strongest first."""
    _special: frozenset[bytes] = field(default=frozenset(), init=False)
    """Names of files in a directory that decide about it or about what is in it."""
    _past_special: defaultdict[bytes, list[bytes]] = field(default_factory=lambda: defaultdict(list), init=False)
    """The files with such names whose state the past walk remembered, by directory."""

    def __post_init__(self) -> None:
        if self.options.ignore:
            self._names = tuple(dict.fromkeys(os.fsencode(name) for name in self.options.ignore_files if name))
            markers = FILE_MARKERS if self.options.default_ignore else ()
            self._special = frozenset((IGNORE_NAME, *self._names, *markers))
        for source in self.past_rules:
            if not source.startswith(b"/"):
                self._past_special[source.rpartition(b"/")[0]].append(source)

    def __iter__(self) -> Iterator[tuple[Listing, PastDirectory | None]]:
        """Yield a listing for each directory, parents before children, and the past one that it was taken from, if any.

        Raises UsageError for an --include or --exclude that is not a glob.
        """
        self._asked_for = frozenset(self.roots)
        self._selection = Selection(self.options, self._asked_for)
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
        return tuple(self.roots) == (b"",) and self._enter_root(b"")[1]

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
        around, trusted = self._enter_root(root)
        self._known = {} if around is None else {root: around}
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
                for source in self._past_special.get(path, ()):
                    self.rules[source] = self.past_rules[source]
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

    def _enter_root(self, root: bytes) -> tuple[Surroundings | None, bool]:
        """What holds in a root by the rules from outside, and whether they are those of the past walk."""
        trusted = not self.options.follow
        if not self.options.ignore:
            return None, trusted
        standard = standard_scope(os.path.join(self.base, root) if root else self.base, shown=root, names=self._names)
        self.problems.extend([problem for problem in standard.problems if problem not in self.problems])
        for source in standard.sources:
            state = state_of(source, follow=True)
            trusted = trusted and self.past_rules.get(source, _NEVER) == state
            self.rules[source] = state
        # What the past walk looked at in git directories: lists of nested repositories, indexes of tracked files.
        elsewhere = {
            source: state
            for source, state in self.past_rules.items()
            if source.startswith(b"/") and source not in self.rules
        }
        trusted = trusted and all(state_of(source) == state for source, state in elsewhere.items())
        if trusted:
            self.rules.update(elsewhere)
        self._users = standard.users
        repository = standard.repository
        tree = WorkTree(repository, self.base, self.rules, self.problems) if repository is not None else None
        return Surroundings(standard.scope, tree, standard.lists), trusted

    def _surroundings_of(self, path: bytes) -> Surroundings:
        """What holds inside a directory that was not listed this time."""
        unknown: list[bytes] = []
        while (around := self._known.get(path)) is None:
            unknown.append(path)
            path = path.rpartition(b"/")[0]
        for path in reversed(unknown):
            descriptor = open_directory(self._base_fd, path)
            try:
                special = [
                    name for name in (*self._special, *DIRECTORY_MARKERS) if state_of(name, descriptor) is not None
                ]
                around, _ = self._enter(path, descriptor, around, _marker_of(descriptor), special)
            finally:
                os.close(descriptor)
            self._known[path] = around
        return around

    def _enter(
        self, path: bytes, descriptor: int, around: Surroundings, marker: int, special: Collection[bytes]
    ) -> tuple[Surroundings, bool]:
        """What holds inside an open directory, and whether what decides it is the same as in the past walk.

        `around` is what holds in its parent, `marker` the file type of its `.git`, 0 without one, `special` those of
        the names that decide something which it has. Git's rules end at the top of a nested repository. Raises
        _LeftOut.
        """
        name = path.rpartition(b"/")[2]
        repository = lookup = None
        if marker == stat.S_IFREG or (marker == stat.S_IFDIR and is_git_directory(b".git", directory=descriptor)):
            lookup = Lookup()
            repository = repository_at(os.path.join(self.base, path), marker, lookup)
            if repository.common is not None and repository.common != repository.directory:
                tree = around.work_tree
                if tree is not None and tree.common is not None and os.path.realpath(tree.common) == repository.common:
                    raise _LeftOut(Hiding(Outcome.LINKED_WORKTREE, ""))
        is_nested = repository is not None and repository.directory is not None
        trusted = self._remember(path, descriptor, special)
        rules = None
        lists = around.lists
        if special:
            if IGNORE_NAME in special:
                most = MOST_RULES if is_nested else around.scope.room
                rules = self._read_rules(path, descriptor, IGNORE_NAME, most)
            rooms = [scope.room for scope in lists] or [MOST_RULES] * len(self._names)
            found = [
                self._read_rules(path, descriptor, each, room) if each in special else None
                for each, room in zip(self._names, rooms, strict=True)
            ]
            lists = enter_lists(lists, name, found)
        elif lists:
            lists = enter_lists(lists, name, [None] * len(lists))
        if repository is None or lookup is None or not is_nested:
            hidden_by = None
            if around.work_tree is not None and around.work_tree.was_asked and path not in self._asked_for:
                hidden_by = self._selection.hidden_by(name, around)
            if hidden_by is None and special:
                hidden_by = self._marked(path, descriptor, around, special)
            return Surroundings(around.scope.enter(name, rules), around.work_tree, lists, hidden_by), trusted
        scope = nested_scope(repository, rules, self._users, self.base, b"", lookup)
        self.problems.extend(lookup.problems)
        for outer in lookup.sources:
            outer_state = self.rules[outer] = state_of(outer)
            trusted = trusted and self.past_rules.get(outer, _NEVER) == outer_state
        return Surroundings(scope, WorkTree(repository, self.base, self.rules, self.problems), lists), trusted

    def _special_among(
        self, path: bytes, files: list[bytes], directories: list[bytes], skips: list[Skip]
    ) -> Collection[bytes]:
        """The names among the entries of a directory that decide something.

        So does an ignore file that is a link or a FIFO: it is not applied, which is a problem to report.
        """
        special = self._special.intersection(files)
        if skips:
            prefix = len(path) + 1
            special |= {IGNORE_NAME, *self._names}.intersection([skip.path[prefix:] for skip in skips])
        if self.options.default_ignore:
            special |= DIRECTORY_MARKERS.keys() & directories
        return special

    def _remember(self, path: bytes, descriptor: int, special: Collection[bytes]) -> bool:
        """Note the state of what decides about an open directory; whether it is the one of the past walk."""
        states = {path + b"/" + name: state_of(name, descriptor) for name in special}
        self.rules.update(states)
        return states == {source: self.past_rules[source] for source in self._past_special.get(path, ())}

    def _read_rules(self, path: bytes, descriptor: int, name: bytes, most: int) -> RuleSet | None:
        rules = read_rules(descriptor, path + b"/" + name, name=name, most=most)
        if rules is not None:
            self.problems.extend(rules.problems)
        return rules

    def _marked(self, path: bytes, descriptor: int, around: Surroundings, special: Collection[bytes]) -> Hiding | None:
        """What an open directory is by its markers, if it is entered only for something tracked. Raises _LeftOut."""
        if not self.options.default_ignore or path in self._asked_for:
            return None
        kind = marked_as(descriptor, special)
        if not kind or self._selection.takes_marked(path.rpartition(b"/")[2], around):
            return None
        hiding = Hiding(Outcome.DEFAULT_IGNORED, kind)
        tree = around.work_tree
        if tree is None or not tree.holds(path, is_directory=True):
            raise _LeftOut(hiding)
        return hiding

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
                parent = around if around is not None else self._surroundings_of(path.rpartition(b"/")[0])
                special = self._special_among(path, files, directories, skips)
                around, is_same = self._enter(path, descriptor, parent, marker, special)
                trusted = trusted and is_same
        except _LeftOut as left_out:
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


class _LeftOut(Exception):
    """The directory is not entered."""

    def __init__(self, hiding: Hiding) -> None:
        super().__init__(hiding.detail)
        self.hiding = hiding


def _marker_of(descriptor: int) -> int:
    """The file type of `.git` in an open directory; 0 without one."""
    try:
        return stat.S_IFMT(os.lstat(MARKER, dir_fd=descriptor).st_mode)
    except OSError:
        return 0


_REPLACED = (errno.ENOENT, errno.ENOTDIR, errno.ELOOP, errno.EXDEV)


def _outcome_of(error: OSError) -> Outcome:
    # A directory that is none any more, or has a link in its path, when it is opened was replaced after it was listed.
    return Outcome.VANISHED if error.errno in _REPLACED else Outcome.UNREADABLE


def _directory(path: bytes, status: os.stat_result) -> Directory:
    mtime_ns, ctime_ns = clamp_ns(status.st_mtime_ns), clamp_ns(status.st_ctime_ns)
    return Directory(path, status.st_dev, status.st_ino, mtime_ns, ctime_ns)
