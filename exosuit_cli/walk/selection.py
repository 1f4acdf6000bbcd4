"""Which names of a directory the options and the ignore rules leave out."""

from __future__ import annotations

from typing import TYPE_CHECKING

from exosuit_cli.model.records import Outcome, Skip
from exosuit_cli.walk.rule_set import RuleSet

if TYPE_CHECKING:
    from exosuit_cli.config.options import WalkOptions
    from exosuit_cli.walk.work_tree import Surroundings

VERSION_CONTROL_NAME = b".git"


def hiding_rule(around: Surroundings, name: bytes, *, is_directory: bool) -> str:
    """The ignore rule, as FILE:LINE, that hides an entry as long as it is not tracked; empty without one."""
    if around.hidden_by:
        return around.hidden_by
    rule = around.scope.match(name, is_directory)
    return f"{rule.source}:{rule.line}" if rule is not None and not rule.negated else ""


class Selection:
    """The choice that a walk makes among names. `asked_for` are paths that no rule leaves out.

    Raises UsageError for an --include or --exclude that is not a glob.
    """

    def __init__(self, options: WalkOptions, asked_for: frozenset[bytes]) -> None:
        self._hidden = options.hidden
        self._include = RuleSet.from_globs(options.include, "--include") if options.include else None
        self._exclude = RuleSet.from_globs(options.exclude, "--exclude") if options.exclude else None
        self._asked_for = asked_for

    def choose(
        self, names: list[bytes], prefix: bytes, around: Surroundings | None, skips: list[Skip], *, is_directory: bool
    ) -> list[bytes]:
        """Keep the names that no rule leaves out, and append a skip for each of the others."""
        matching = around is not None and (around.hidden_by or not around.scope.empty)
        if not (matching or self._exclude or self._include or not self._hidden or VERSION_CONTROL_NAME in names):
            return names
        kept: list[bytes] = []
        for name in names:
            skip = self._leave_out(name, prefix, around if matching else None, is_directory=is_directory)
            if skip is None or skip.path in self._asked_for:
                kept.append(name)
            else:
                skips.append(skip)
        return kept

    def _leave_out(self, name: bytes, prefix: bytes, around: Surroundings | None, *, is_directory: bool) -> Skip | None:
        if name == VERSION_CONTROL_NAME:
            return Skip(prefix + name, Outcome.VERSION_CONTROL, is_directory=is_directory)
        if not self._hidden and name.startswith(b"."):
            return Skip(prefix + name, Outcome.HIDDEN, is_directory=is_directory)
        if around is not None:
            detail = around.hidden_by
            if not detail:  # as `hiding_rule`, without a call for every name
                rule = around.scope.match(name, is_directory)
                detail = f"{rule.source}:{rule.line}" if rule is not None and not rule.negated else ""
            tree = around.work_tree
            if detail and (tree is None or not tree.holds(prefix + name, is_directory=is_directory)):
                return Skip(prefix + name, Outcome.IGNORED, detail, is_directory)
        if self._exclude is not None:
            rule = self._exclude.last_match(prefix + name, name, is_directory)
            if rule is not None and not rule.negated:
                pattern = rule.pattern.decode("utf-8", "backslashreplace")
                return Skip(prefix + name, Outcome.EXCLUDED, pattern, is_directory)
        if self._include is not None and not is_directory:
            rule = self._include.last_match(prefix + name, name, is_directory)
            if (rule is None or rule.negated) and not self._inside_included(prefix):
                return Skip(prefix + name, Outcome.NOT_INCLUDED)
        return None

    def _inside_included(self, prefix: bytes) -> bool:
        """Whether an --include pattern names one of the directories above, as `--include src` does."""
        assert self._include is not None
        end = prefix.find(b"/")
        while end >= 0:
            path = prefix[:end]
            rule = self._include.last_match(path, path.rpartition(b"/")[2], True)
            if rule is not None and not rule.negated:
                return True
            end = prefix.find(b"/", end + 1)
        return False
