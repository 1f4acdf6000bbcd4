"""Ignore rules exactly as git applies them, with the file and line that decided.

The specification is gitignore(5) and git's dir.c: the last matching line of a file decides; a deeper .gitignore has
precedence over one further up, that over the repository's info/exclude, and that over the user's own list. The tests
compare every verdict and every deciding line with `git check-ignore`. Git itself is never run.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Final

from exosuit_cli.model.dataclass import dataclass
from exosuit_cli.walk.git_config import user_excludes
from exosuit_cli.walk.git_files import Lookup, Repository, enclosing_repository, read_file, shown_path
from exosuit_cli.walk.rule_set import MOST_RULES, BadLine, Rule, RuleSet

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from exosuit_cli.walk.name_index import Search
    from exosuit_cli.walk.rule_set import Level

    Screens = list[
        tuple[dict[bytes, list[int]], list[tuple[bytes, ...]], list[tuple[bytes, ...]], Search | None, Level]
    ]

__all__ = ["BadLine", "Rule", "RuleSet", "Scope", "StandardRules", "read_rules", "standard_scope"]

IGNORE_FILE: Final = b".gitignore"
LARGEST_LIST: Final = 4 << 20
"""Bytes of an ignore file that is not git's; larger ones are not read."""


class Scope:
    """The rules in force inside one directory. A scope never changes; directories with the same rules share one."""

    __slots__ = ("_above", "_directories", "_files", "_own", "count")

    def __init__(self, above: tuple[Level, ...], own: tuple[Level, ...], count: int) -> None:
        self._above = above
        self._own = own
        self.count = count
        """Rules of the lists that lead here, counted as they were read."""
        self._files: Screens | None = None
        self._directories: Screens | None = None

    @classmethod
    def root(cls, rule_sets: Iterable[RuleSet] = (), *, above: Iterable[RuleSet] = ()) -> Scope:
        """Return the scope of the directory that `rule_sets` are relative to; a later set has precedence.

        The sets in `above` have precedence over all others, also over the .gitignore files further down.
        """
        above, rule_sets = tuple(above), tuple(rule_sets)
        return cls(_tops(above), _tops(rule_sets), sum(rules.count for rules in (*above, *rule_sets)))

    @property
    def room(self) -> int:
        """How many more rules may come to apply here."""
        return max(MOST_RULES - self.count, 0)

    @property
    def empty(self) -> bool:
        """Whether there is no rule for anything here or below."""
        return not self._above and not self._own

    def enter(self, name: bytes, rules: RuleSet | None) -> Scope:
        """Return the scope inside the subdirectory `name`, which has the .gitignore file `rules` or none."""
        above = _enter(self._above, name)
        own = _enter(self._own, name)
        if rules is not None and rules.top is not None:
            own = (rules.top, *own)
        elif above is self._above and own is self._own:
            return self
        return Scope(above, own, self.count + (rules.count if rules is not None else 0))

    def match(self, name: bytes, is_dir: bool) -> Rule | None:
        """Return the rule that decides about the entry `name` of this directory.

        The entry is ignored if there is a rule and it is not negated. `is_dir` is true for a directory itself, not for
        a link to one. Entries of an ignored directory are ignored whatever the rules say: the caller does not enter it.
        """
        screens = self._directories if is_dir else self._files
        if screens is None:
            screens = self._screen(is_dir)
        first = name[0]
        last = name[-1]
        for exact, tails, heads, search, level in screens:
            if (
                name in exact
                or (tails[last] and name.endswith(tails[last]))
                or (heads[first] and name.startswith(heads[first]))
                or (search is not None and search(name))
            ):
                rule = level.decide(name, is_dir)
                if rule is not None:
                    return rule
        return None

    def _screen(self, is_dir: bool) -> Screens:
        levels = (*self._above, *self._own)
        screens = [(*screen, level) for level in levels for screen in level.screens(is_directory=is_dir)]
        if is_dir:
            self._directories = screens
        else:
            self._files = screens
        return screens


def _tops(rule_sets: Iterable[RuleSet]) -> tuple[Level, ...]:
    return tuple(rules.top for rules in rule_sets if rules.top is not None)[::-1]


def _enter(levels: tuple[Level, ...], name: bytes) -> tuple[Level, ...]:
    below = tuple([inside for level in levels if (inside := level.enter(name)) is not None])
    return levels if below == levels else below


def read_rules(
    directory: int | bytes, source: str | bytes = IGNORE_FILE, *, name: bytes = IGNORE_FILE, most: int = MOST_RULES
) -> RuleSet | None:
    """Read the ignore file `name` of a directory (a path or an open descriptor); None when it has none.

    `source` is the name under which its rules are reported; at most `most` of them apply. A file that cannot be read,
    or that git would not read because it is a symbolic link, gives no rules and one problem. In a file that is not
    git's, braces mean alternatives, as to ripgrep.
    """
    is_gits = name == IGNORE_FILE
    largest = None if is_gits else LARGEST_LIST
    shown = source if isinstance(source, str) else shown_path(source)
    try:
        if isinstance(directory, int):
            data = read_file(name, directory=directory, follow=False, largest=largest)
        else:
            data = read_file(os.path.join(directory, name), follow=False, largest=largest)
    except OSError as error:
        return RuleSet((), shown, [BadLine(shown, 0, b"", f"not applied: {error.strerror}")])
    return None if data is None else RuleSet.parse(data, shown, most=most, braces=not is_gits)


@dataclass(frozen=True, slots=True)
class StandardRules:
    """The rules that git would apply to a directory, and where they come from."""

    scope: Scope
    sources: tuple[bytes, ...]
    """Every file that was read or looked for, existing or not. While none of them changes, the rules do not either."""
    problems: tuple[BadLine, ...]
    repository: Repository | None
    users: RuleSet | None
    """The user's own list, which holds in nested repositories too."""
    lists: tuple[Scope, ...]
    """The rules of the other ignore files, one scope a name."""


def standard_scope(
    root: bytes,
    *,
    shown: bytes = b"",
    above: Sequence[RuleSet] = (),
    names: Sequence[bytes] = (),
    environ: Mapping[str, str] | None = None,
) -> StandardRules:
    """Collect what git applies to the entries of `root`: the user's list, info/exclude and the .gitignore files.

    The .gitignore files are those from the top of the enclosing repository down to and including `root`; outside a
    repository only that of `root`. A rule that hides `root` itself, or a directory above it, is not applied: `root` was
    asked for. `shown` is the name of `root` in the sources of rules, `above` are rules with precedence over all others,
    `names` are those of other ignore files, which are looked for beside every .gitignore, and `environ` is the
    process's environment.
    """
    environ = os.environ if environ is None else environ
    lookup = Lookup()
    real = os.path.realpath(root)
    repository = enclosing_repository(real, lookup, environ)
    top = repository.top if repository else real
    users, own = user_excludes(lookup, environ), repository.exclude if repository else None
    users_list, own_list = [
        _list(os.path.join(top, path), real, shown, lookup, follow=is_users) if path else None
        for path, is_users in ((users, True), (own, False))
    ]
    rule_sets = [rules for rules in (users_list, own_list) if rules is not None]
    below = [name for name in real[len(top) :].split(b"/") if name]
    directory = top
    scope: Scope | None = None
    lists: tuple[Scope, ...] = ()
    for name in (b"", *below):
        directory = os.path.join(directory, name) if name else directory
        file = os.path.join(directory, IGNORE_FILE)
        lookup.sources.append(file)
        room = MOST_RULES - sum(rules.count for rules in rule_sets)
        rules = read_rules(directory, _shown(file, real, shown), most=max(room, 0))
        if rules is not None:
            rule_sets.append(rules)
        scope = scope.enter(name, rules) if scope else Scope.root(rule_sets, above=above)
        found: list[RuleSet | None] = []
        for at, each in enumerate(names):
            file = os.path.join(directory, each)
            lookup.sources.append(file)
            most = lists[at].room if lists else MOST_RULES
            rules = read_rules(directory, _shown(file, real, shown), name=each, most=most)
            lookup.problems.extend(rules.problems if rules is not None else ())
            found.append(rules)
        lists = enter_lists(lists, name, found)
    assert scope is not None
    for rule_set in rule_sets:
        lookup.problems.extend(rule_set.problems)
    return StandardRules(scope, tuple(lookup.sources), tuple(lookup.problems), repository, users_list, lists)


def enter_lists(lists: tuple[Scope, ...], name: bytes, found: Sequence[RuleSet | None]) -> tuple[Scope, ...]:
    """The scopes inside the subdirectory `name`, which has the ignore files `found`, one place a name of a file.

    `lists` has as many places, or none where there was no such file so far.
    """
    if not lists and not any(rules is not None and rules.top is not None for rules in found):
        return ()
    above = lists or tuple(Scope.root() for _ in found)
    return tuple([scope.enter(name, rules) for scope, rules in zip(above, found, strict=True)])


def nested_scope(
    repository: Repository, own: RuleSet | None, users: RuleSet | None, root: bytes, shown: bytes, lookup: Lookup
) -> Scope:
    """The rules at the top of a repository that lies inside a walked tree: none from above but the user's.

    `own` is the .gitignore file of its top; `root` and `shown` are as in `standard_scope`.
    """
    exclude = None
    if repository.exclude is not None:
        exclude = _list(repository.exclude, root, shown, lookup, follow=False)
        if exclude is not None:
            lookup.problems.extend(exclude.problems)
    return Scope.root([rules for rules in (users, exclude, own) if rules is not None])


def _list(path: bytes, root: bytes, shown: bytes, lookup: Lookup, *, follow: bool) -> RuleSet | None:
    """A list of patterns that lies outside of the tree or in a git directory: none of it is quoted."""
    data = lookup.read(path, follow=follow)
    return None if data is None else RuleSet.parse(data, _shown(path, root, shown), quote=False)


def _shown(path: bytes, root: bytes, shown: bytes) -> str:
    """Return the path relative to the root where it lies inside, as the paths of the walk are; else absolute."""
    inside = path.removeprefix(root.rstrip(b"/") + b"/")
    return shown_path(path if inside == path else os.path.join(shown, inside))
