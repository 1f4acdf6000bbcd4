"""One list of ignore rules, as a .gitignore file holds it, ready to judge names."""

from __future__ import annotations

import os
import re
from typing import TYPE_CHECKING, Final

from exosuit_cli.model.dataclass import dataclass
from exosuit_cli.model.errors import UsageError
from exosuit_cli.walk.braces import expand_braces
from exosuit_cli.walk.byte_members import PatternError
from exosuit_cli.walk.globs import check
from exosuit_cli.walk.name_index import NameRules
from exosuit_cli.walk.patterns import GLOBSTAR, split_path
from exosuit_cli.walk.places import Place

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from exosuit_cli.walk.name_index import NameIndex, Screen

LONGEST_QUOTE: Final = 80
"""Bytes of a line that a problem quotes."""
MOST_PROBLEMS: Final = 10
"""Lines of one list that are reported one by one; the rest is a number."""
LONGEST_PATTERN: Final = 8192
"""Bytes. A longer line is reported and not applied: names have at most 255 bytes, so it cannot be a real pattern."""
MOST_RULES: Final = 250_000
"""The most rules that apply in one directory, of all its ignore files; the rest is reported. Each takes up to 2 kB."""

_BYTE_ORDER_MARK: Final = b"\xef\xbb\xbf"
_RULE_LINE: Final = re.compile(rb"^[^#\n][^\n]*", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Rule:
    """One rule as written, without the line's end and trailing spaces."""

    pattern: bytes
    line: int
    """The line number, from 1; for a command-line option, the number of the value, from 1."""
    source: str
    """The file, or the option, that it comes from."""
    negated: bool
    """It starts with `!`: what it matches is not ignored."""


@dataclass(frozen=True, slots=True)
class BadLine:
    """A line that is not applied, or a file (line 0) that could not be read, and why."""

    source: str
    line: int
    text: bytes
    why: str


class Level:
    """The rules of one list as they apply in one directory."""

    __slots__ = ("_indexes", "_places", "rules")

    def __init__(self, rules: RuleSet, places: tuple[Place, ...]) -> None:
        self.rules = rules
        self._places = places
        self._indexes: list[tuple[NameIndex, ...] | None] = [None, None]

    def enter(self, name: bytes) -> Level | None:
        """Return the same rules inside the subdirectory `name`; None if none of them reaches there."""
        if not self._places:
            return self
        places = tuple(dict.fromkeys([place for above in self._places for place in above.enter(name)]))
        if places == self._places:
            return self
        return Level(self.rules, places) if places else self.rules.anywhere

    def screens(self, *, is_directory: bool) -> list[Screen]:
        """Return cheap tests: a name that `decide` has a rule for passes at least one of them."""
        return [index.screen for index in self._tables(is_directory)]

    def decide(self, name: bytes, is_directory: bool) -> Rule | None:
        """Return the last rule of the list that matches the entry `name` of this directory."""
        found = [rank for index in self._tables(is_directory) for rank in index.find(name)]
        return self.rules.rule(max(found)) if found else None

    def _tables(self, is_directory: bool) -> tuple[NameIndex, ...]:
        tables = self._indexes[is_directory]
        if tables is None:
            lists = [self.rules.names, *(place.names for place in self._places)]
            tables = tuple(names.index(is_directory=is_directory) for names in lists if names)
            self._indexes[is_directory] = tables
        return tables


class RuleSet:
    """The rules of one ignore file, in the meaning of gitignore(5), relative to the directory that they apply to.

    A line that can match nothing is in `problems`; the rest applies.
    """

    __slots__ = ("_braces", "_lines", "_rules", "_texts", "anywhere", "count", "names", "problems", "source", "top")

    def __init__(
        self,
        patterns: Iterable[tuple[int, bytes]],
        source: str,
        problems: Sequence[BadLine] = (),
        *,
        most: int | None = None,
        quote: bool = True,
        braces: bool = False,
    ) -> None:
        """Take pairs of a line number and a pattern, which has no comment, line end or trailing space.

        At most `most` of them apply, by default MOST_RULES. Problems quote the start of a line where `quote` allows it.
        With `braces`, `*.{a,b}` stands for two patterns; to git these are characters like any other.
        """
        self.source = source
        self.names = NameRules()
        """The rules that apply to a name in any directory."""
        self._lines: list[int] = []
        self._texts: list[bytes] = []
        self._rules: dict[int, Rule] = {}
        self._braces = braces
        self.count = 0
        """How many patterns apply."""
        most = MOST_RULES if most is None else most
        found = list(problems)
        places = Place()
        unlisted = 0
        unread = 0
        for line, text in patterns:
            if self.count + unread >= most:
                found.append(BadLine(source, line, b"", f"not applied, as all below: over {most} rules"))
                break
            try:
                self._add(text, places)
            except PatternError as error:
                unread += 1
                if len(found) < MOST_PROBLEMS:
                    found.append(BadLine(source, line, text[:LONGEST_QUOTE] if quote else b"", str(error)))
                else:
                    unlisted += 1
            else:
                self._lines.append(line)
                self._texts.append(text)
        if unlisted:
            found.append(BadLine(source, 0, b"", f"{unlisted} more lines are not applied"))
        self.problems = tuple(found)
        self.anywhere = Level(self, ()) if self.names else None
        """The rules below every directory that a pattern with a slash names; None if there are none."""
        reached = tuple(places.here())
        self.top = Level(self, reached) if reached else self.anywhere
        """The rules in the directory that they apply to; None if there are none."""

    @classmethod
    def parse(
        cls, data: bytes, source: str, *, most: int | None = None, quote: bool = True, braces: bool = False
    ) -> RuleSet:
        """Read an ignore file. Nothing in it is an error: what cannot be applied is reported in `problems`."""
        return cls(_rule_lines(data), source, most=most, quote=quote, braces=braces)

    @classmethod
    def from_globs(cls, globs: Sequence[str], option: str) -> RuleSet:
        """Take the values of a command-line option: `!` in front negates, `#` is a character, braces are alternatives.

        Raises UsageError for a value that can match nothing.
        """
        rules = cls(enumerate(map(os.fsencode, globs), 1), option, braces=True)
        for problem in rules.problems:
            shown = problem.text.decode("utf-8", "backslashreplace")
            raise UsageError(f"{option} {shown!r} can match nothing: {problem.why}; write it like a line of .gitignore")
        return rules

    def rule(self, rank: int) -> Rule:
        """Return the rule that is the `rank`-th pattern, counted from 0."""
        rule = self._rules.get(rank)
        if rule is None:
            text = self._texts[rank]
            rule = self._rules[rank] = Rule(text, self._lines[rank], self.source, text.startswith(b"!"))
        return rule

    def last_match(self, path: bytes, name: bytes, is_dir: bool) -> Rule | None:
        """Return the rule that decides about `path`, which is relative to the base; `name` is its last component.

        Only the path itself is judged, not the directories that it is in.
        """
        level = self.top
        if level is not self.anywhere:
            for component in path.split(b"/")[:-1]:
                if level is None:
                    return None
                level = level.enter(component)
        return level.decide(name, is_dir) if level is not None else None

    def _add(self, text: bytes, places: Place) -> None:
        """Enter the pattern under its coming rank. Raises PatternError."""
        if len(text) > LONGEST_PATTERN:
            raise PatternError(f"it is longer than {LONGEST_PATTERN} bytes")
        rank = len(self._texts)
        pattern = text[1:] if text[:1] == b"!" else text
        # All are read before the first is entered: a line applies as a whole.
        found = [_read(each) for each in (expand_braces(pattern) if self._braces else [pattern])]
        for alternatives, only_directories in found:
            for components in alternatives:
                if len(components) == 2 and components[0] == GLOBSTAR:
                    self.names.add(components[1], rank, only_directories=only_directories)
                else:
                    places.add(components, rank, only_directories=only_directories)
        self.count += len(found)


def _read(pattern: bytes) -> tuple[list[list[bytes]], bool]:
    """The components of a pattern in all its readings, and whether it matches only directories. Raises PatternError."""
    only_directories = pattern[-1:] == b"/"
    if only_directories:
        pattern = pattern[:-1]
    if not pattern:
        raise PatternError("it names nothing")
    if b"/" in pattern:
        return split_path(pattern), only_directories
    check(pattern)
    return [[GLOBSTAR, pattern]], only_directories


def _rule_lines(data: bytes) -> Iterator[tuple[int, bytes]]:
    """Yield (line number, pattern) for the lines that hold one."""
    data = data.removeprefix(_BYTE_ORDER_MARK)
    line, counted = 1, 0
    for found in _RULE_LINE.finditer(data):
        start = found.start()
        line += data.count(b"\n", counted, start)
        counted = start
        # git reads C strings: it does not see what follows a NUL.
        text = _trim(found.group().removesuffix(b"\r").partition(b"\0")[0])
        if text:
            yield line, text


def _trim(text: bytes) -> bytes:
    """Remove trailing spaces, except an escaped one."""
    if text[-1:] != b" ":
        return text
    kept = text.rstrip(b" ")
    backslashes = len(kept) - len(kept.rstrip(b"\\"))
    return text[: len(kept) + backslashes % 2]
