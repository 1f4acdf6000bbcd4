"""Which names of a directory the options and the ignore rules leave out."""

from __future__ import annotations

from typing import TYPE_CHECKING

from exosuit_cli.model.records import Outcome, Skip
from exosuit_cli.walk.default_rules import NAMED
from exosuit_cli.walk.rule_set import RuleSet
from exosuit_cli.walk.work_tree import Hiding

if TYPE_CHECKING:
    from exosuit_cli.config.options import WalkOptions
    from exosuit_cli.walk.rule_set import Rule
    from exosuit_cli.walk.work_tree import Surroundings

VERSION_CONTROL_NAME = b".git"


class Selection:
    """The choice that a walk makes among names. `asked_for` are paths that no rule leaves out.

    Raises UsageError for an --include or --exclude that is not a glob.
    """

    def __init__(self, options: WalkOptions, asked_for: frozenset[bytes]) -> None:
        self._hidden = options.hidden
        self._include = RuleSet.from_globs(options.include, "--include") if options.include else None
        self._exclude = RuleSet.from_globs(options.exclude, "--exclude") if options.exclude else None
        self._asked_for = asked_for
        self._has_defaults = options.ignore and options.default_ignore

    def choose(
        self, names: list[bytes], prefix: bytes, around: Surroundings | None, skips: list[Skip], *, is_directory: bool
    ) -> list[bytes]:
        """Keep the names that no rule leaves out, and append a skip for each of the others."""
        matching = around is not None and not (
            around.hidden_by is None
            and around.scope.empty
            and not around.lists
            and not (is_directory and self._has_defaults and not NAMED.keys().isdisjoint(names))
        )
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
            if is_directory or around.lists or around.hidden_by is not None:
                hiding = self._hiding(name, prefix, around, is_directory=is_directory)
            else:  # nearly every file: the same without a call for each
                rule = around.scope.match(name, is_directory)
                hiding = None
                if rule is not None and not rule.negated:
                    hiding = self._hiding(name, prefix, around, is_directory=is_directory)
            if hiding is not None:
                return Skip(prefix + name, hiding.outcome, hiding.detail, is_directory)
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

    def _hiding(self, name: bytes, prefix: bytes, around: Surroundings, *, is_directory: bool) -> Hiding | None:
        """What leaves an entry out: a rule of an ignore file, or one of the defaults."""
        rule = _listed(around, name, is_directory=is_directory)
        if rule is not None and not rule.negated:
            return _hiding_by(rule)
        hiding = around.hidden_by
        if hiding is None and rule is None:
            hiding = self.unless_tracked(name, around, is_directory=is_directory)
        tree = around.work_tree
        if hiding is None or (tree is not None and tree.holds(prefix + name, is_directory=is_directory)):
            return None
        return hiding

    def unless_tracked(self, name: bytes, around: Surroundings, *, is_directory: bool) -> Hiding | None:
        """What hides an entry as long as it is not tracked, where no other ignore file decides about it."""
        rule = around.scope.match(name, is_directory)
        if rule is not None:
            return None if rule.negated else _hiding_by(rule)
        if is_directory and self._has_defaults and name in NAMED:
            return Hiding(Outcome.DEFAULT_IGNORED, NAMED[name].name)
        return None

    def hidden_by(self, name: bytes, around: Surroundings) -> Hiding | None:
        """What hides a directory that was entered all the same, since something in it is tracked."""
        if around.hidden_by is not None:
            return around.hidden_by
        if _listed(around, name, is_directory=True) is not None:
            return None
        return self.unless_tracked(name, around, is_directory=True)

    def takes_marked(self, name: bytes, around: Surroundings) -> bool:
        """Whether a rule of an ignore file names a directory with `!`, so that its marker does not count."""
        rule = _listed(around, name, is_directory=True) or around.scope.match(name, is_dir=True)
        return rule is not None and rule.negated

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


def _listed(around: Surroundings, name: bytes, *, is_directory: bool) -> Rule | None:
    """The rule of the other ignore files that decides about an entry."""
    for scope in around.lists:
        rule = scope.match(name, is_directory)
        if rule is not None:
            return rule
    return None


def _hiding_by(rule: Rule) -> Hiding:
    return Hiding(Outcome.IGNORED, f"{rule.source}:{rule.line}")
