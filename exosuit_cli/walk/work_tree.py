"""The repository that a directory of a walk belongs to, and the rules in force there."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, NamedTuple

from exosuit_cli.walk.git_files import shown_path
from exosuit_cli.walk.git_index import IndexDamaged, Tracked, read_tracked
from exosuit_cli.walk.listing import state_of
from exosuit_cli.walk.rule_set import BadLine

if TYPE_CHECKING:
    from exosuit_cli.model.records import Outcome
    from exosuit_cli.walk.git_files import Repository
    from exosuit_cli.walk.listing import RuleState
    from exosuit_cli.walk.rules import Scope


class WorkTree:
    """A repository's work tree, asked which paths of a walk below `base` are tracked.

    The index is read when a rule first hides something; then its state goes to `rules`, since what the walk keeps
    depends on it. One that cannot be read is one of the `problems`.
    """

    def __init__(
        self, repository: Repository, base: bytes, rules: dict[bytes, RuleState | None], problems: list[BadLine]
    ) -> None:
        self.common = repository.common
        self._directory = repository.directory
        self._base = base
        self._top = repository.top.rstrip(b"/") + b"/"
        self._rules = rules
        self._problems = problems
        self._tracked: Tracked | None = None

    @property
    def was_asked(self) -> bool:
        """Whether a rule has hidden anything so far: if not, no hidden directory was entered."""
        return self._tracked is not None

    def holds(self, path: bytes, *, is_directory: bool) -> bool:
        """Whether `path`, relative to the base, is tracked or a directory that holds something tracked."""
        if self._tracked is None:
            self._tracked = self._read()
        full = os.path.join(self._base, path)
        return self._tracked.holds(full.removeprefix(self._top), is_directory=is_directory)

    def _read(self) -> Tracked:
        if self._directory is None:
            return Tracked()
        file = os.path.join(self._directory, b"index")
        self._rules[file] = state_of(file)
        try:
            return read_tracked(self._directory)
        except (OSError, IndexDamaged) as error:
            why = (error.strerror or str(error)) if isinstance(error, OSError) else str(error)
            self._problems.append(BadLine(shown_path(file), 0, b"", f"tracked files are not known: {why}"))
            return Tracked()


class Hiding(NamedTuple):
    """Why an entry is left out as long as it is not tracked."""

    outcome: Outcome
    detail: str
    """The rule as FILE:LINE, or what the entry is."""


class Surroundings(NamedTuple):
    """What holds for the entries of a directory."""

    scope: Scope
    work_tree: WorkTree | None
    lists: tuple[Scope, ...] = ()
    """The rules of the other ignore files, one scope a name, the strongest first; none where there are no such rules.

    They hold for tracked files too.
    """
    hidden_by: Hiding | None = None
    """What hides the directory, which is entered only since something in it is tracked."""
