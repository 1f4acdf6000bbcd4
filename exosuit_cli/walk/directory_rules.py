"""What holds in each directory of a walk: the rules of ignore files, from outside and on the way, and its markers."""

from __future__ import annotations

import os
import stat
from collections import defaultdict
from dataclasses import field
from typing import TYPE_CHECKING

from exosuit_cli.model.dataclass import dataclass
from exosuit_cli.model.records import Outcome, Skip
from exosuit_cli.system.safe_open import open_directory
from exosuit_cli.walk.default_rules import DIRECTORY_MARKERS, FILE_MARKERS, marked_as
from exosuit_cli.walk.git_files import Lookup, is_git_directory, repository_at
from exosuit_cli.walk.listing import IGNORE_NAME, RuleState, state_of
from exosuit_cli.walk.rule_set import MOST_RULES
from exosuit_cli.walk.rules import enter_lists, nested_scope, read_rules, standard_scope
from exosuit_cli.walk.selection import VERSION_CONTROL_NAME as MARKER
from exosuit_cli.walk.selection import Selection
from exosuit_cli.walk.work_tree import Hiding, Surroundings, WorkTree

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from exosuit_cli.config.options import WalkOptions
    from exosuit_cli.walk.rule_set import BadLine, RuleSet

_NEVER = RuleState(-2, 0, 0, 0)
"""Equal to no state that can be found."""


class LeftOut(Exception):
    """The directory is not entered."""

    def __init__(self, hiding: Hiding) -> None:
        super().__init__(hiding.detail)
        self.hiding = hiding


@dataclass(slots=True)
class DirectoryRules:
    """Follows a walk from its roots down: `enter` says what holds in a directory by what holds in its parent.

    `problems` and `states` are those of `TreeWalk`; `past_states` are the states of the past walk. A directory that
    is in `asked_for` is entered whatever its parent's rules say. `selection` is given once the walk begins.
    """

    base: bytes
    options: WalkOptions
    asked_for: frozenset[bytes]
    past_states: Mapping[bytes, RuleState | None]
    states: dict[bytes, RuleState | None]
    problems: list[BadLine]
    selection: Selection = field(init=False)
    _known: dict[bytes, Surroundings] = field(default_factory=dict, init=False)
    _users: RuleSet | None = field(default=None, init=False)
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
        for source in self.past_states:
            if not source.startswith(b"/"):
                self._past_special[source.rpartition(b"/")[0]].append(source)

    def enter_root(self, root: bytes) -> tuple[Surroundings | None, bool]:
        """What holds in a root by the rules from outside, and whether they are those of the past walk."""
        self._known.clear()
        trusted = not self.options.follow
        if not self.options.ignore:
            return None, trusted
        standard = standard_scope(os.path.join(self.base, root) if root else self.base, shown=root, names=self._names)
        self.problems.extend([problem for problem in standard.problems if problem not in self.problems])
        for source in standard.sources:
            state = state_of(source, follow=True)
            trusted = trusted and self.past_states.get(source, _NEVER) == state
            self.states[source] = state
        # What the past walk looked at in git directories: lists of nested repositories, indexes of tracked files.
        elsewhere = {
            source: state
            for source, state in self.past_states.items()
            if source.startswith(b"/") and source not in self.states
        }
        trusted = trusted and all(state_of(source) == state for source, state in elsewhere.items())
        if trusted:
            self.states.update(elsewhere)
        self._users = standard.users
        repository = standard.repository
        tree = WorkTree(repository, self.base, self.states, self.problems) if repository is not None else None
        around = self._known[root] = Surroundings(standard.scope, tree, standard.lists)
        return around, trusted

    def keep(self, path: bytes) -> None:
        """Note that a directory is taken from the past walk: what decided about it then does so now."""
        for source in self._past_special.get(path, ()):
            self.states[source] = self.past_states[source]

    def surroundings_of(self, path: bytes, base_fd: int) -> Surroundings:
        """What holds inside a directory that was not listed this time."""
        unknown: list[bytes] = []
        while (around := self._known.get(path)) is None:
            unknown.append(path)
            path = path.rpartition(b"/")[0]
        for path in reversed(unknown):
            descriptor = open_directory(base_fd, path)
            try:
                special = [
                    name for name in (*self._special, *DIRECTORY_MARKERS) if state_of(name, descriptor) is not None
                ]
                around, _ = self.enter(path, descriptor, around, _marker_of(descriptor), special)
            finally:
                os.close(descriptor)
            self._known[path] = around
        return around

    def special_among(
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

    def enter(
        self, path: bytes, descriptor: int, around: Surroundings, marker: int, special: Collection[bytes]
    ) -> tuple[Surroundings, bool]:
        """What holds inside an open directory, and whether what decides it is the same as in the past walk.

        `around` is what holds in its parent, `marker` the file type of its `.git`, 0 without one, `special` those of
        the names that decide something which it has. Git's rules end at the top of a nested repository. Raises
        LeftOut.
        """
        name = path.rpartition(b"/")[2]
        repository = lookup = None
        if marker == stat.S_IFREG or (marker == stat.S_IFDIR and is_git_directory(b".git", directory=descriptor)):
            lookup = Lookup()
            repository = repository_at(os.path.join(self.base, path), marker, lookup)
            if repository.common is not None and repository.common != repository.directory:
                tree = around.work_tree
                if tree is not None and tree.common is not None and os.path.realpath(tree.common) == repository.common:
                    raise LeftOut(Hiding(Outcome.LINKED_WORKTREE, ""))
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
            if around.work_tree is not None and around.work_tree.was_asked and path not in self.asked_for:
                hidden_by = self.selection.hidden_by(name, around)
            if hidden_by is None and special:
                hidden_by = self._marked(path, descriptor, around, special)
            return Surroundings(around.scope.enter(name, rules), around.work_tree, lists, hidden_by), trusted
        scope = nested_scope(repository, rules, self._users, self.base, b"", lookup)
        self.problems.extend(lookup.problems)
        for outer in lookup.sources:
            outer_state = self.states[outer] = state_of(outer)
            trusted = trusted and self.past_states.get(outer, _NEVER) == outer_state
        return Surroundings(scope, WorkTree(repository, self.base, self.states, self.problems), lists), trusted

    def _remember(self, path: bytes, descriptor: int, special: Collection[bytes]) -> bool:
        """Note the state of what decides about an open directory; whether it is the one of the past walk."""
        states = {path + b"/" + name: state_of(name, descriptor) for name in special}
        self.states.update(states)
        return states == {source: self.past_states[source] for source in self._past_special.get(path, ())}

    def _read_rules(self, path: bytes, descriptor: int, name: bytes, most: int) -> RuleSet | None:
        rules = read_rules(descriptor, path + b"/" + name, name=name, most=most)
        if rules is not None:
            self.problems.extend(rules.problems)
        return rules

    def _marked(self, path: bytes, descriptor: int, around: Surroundings, special: Collection[bytes]) -> Hiding | None:
        """What an open directory is by its markers, if it is entered only for something tracked. Raises LeftOut."""
        if not self.options.default_ignore or path in self.asked_for:
            return None
        kind = marked_as(descriptor, special)
        if not kind or self.selection.takes_marked(path.rpartition(b"/")[2], around):
            return None
        hiding = Hiding(Outcome.DEFAULT_IGNORED, kind)
        tree = around.work_tree
        if tree is None or not tree.holds(path, is_directory=True):
            raise LeftOut(hiding)
        return hiding


def _marker_of(descriptor: int) -> int:
    """The file type of `.git` in an open directory; 0 without one."""
    try:
        return stat.S_IFMT(os.lstat(MARKER, dir_fd=descriptor).st_mode)
    except OSError:
        return 0
