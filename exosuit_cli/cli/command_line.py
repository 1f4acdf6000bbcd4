"""A command without typer: its declaration, and what its arguments say where they are plain. Imports little."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from exosuit_cli.config.option import Option

_INTEGER: Final = re.compile(r"[+-]?[0-9]{1,18}", re.ASCII)


class CommandLine(NamedTuple):
    """A command that has these options, takes PATHs, and calls `run`.

    `paths` is the help of PATH, empty for none; `without` says what the command takes without one. `first` is the name
    and the help of an argument that must stand before them, and that `run` gets as the first of the paths.
    `run` gets the paths, and the value of each option that was typed, by its name.
    """

    options: Sequence[Option]
    paths: str
    run: Callable[[tuple[str, ...], Mapping[str, object]], None]
    without: str = "the current directory"
    first: tuple[str, str] | None = None

    def plain(self, arguments: Sequence[str]) -> tuple[tuple[str, ...], dict[str, object]] | None:
        """What `run` gets for these arguments; None where typer has to say more: help, or what is wrong."""
        found = occurrences(arguments, self.options)
        if found is None:
            return None
        paths, typed = found
        if self.first is not None and not paths:
            return None
        if not self.paths and len(paths) > (self.first is not None):
            return None
        try:
            return tuple(paths), _values(typed)
        except ValueError:
            return None


def occurrences(
    arguments: Sequence[str], options: Sequence[Option]
) -> tuple[list[str], list[tuple[Option, str | bool]]] | None:
    """The paths of a command line, and each option in its order with its value; None if it is not plain.

    It is not plain where an option is unknown, lacks its value or has one too many, and where help is asked for.
    """
    by_flag = {flag: (option, True) for option in options for flag in option.flags}
    by_flag |= {option.negative: (option, False) for option in options if option.negative}
    paths: list[str] = []
    typed: list[tuple[Option, str | bool]] = []
    left = list(reversed(arguments))
    while left:
        argument = left.pop()
        if argument == "--":
            paths.extend(reversed(left))
            break
        if not argument.startswith("-") or argument == "-":
            paths.append(argument)
            continue
        flag, has_value, value = argument.partition("=")
        if not argument.startswith("--"):  # -qv is -q -v, and -oFILE is -o FILE
            flag, value = argument[:2], argument[2:]
            has_value = value
        option, is_on = by_flag.get(flag, (None, False))
        if option is None:
            return None
        if not option.takes_value:
            typed.append((option, is_on))
            if has_value and (argument.startswith("--") or value.startswith("-")):
                return None
            if has_value:
                left.append("-" + value)
        elif has_value:
            typed.append((option, value))
        elif left:
            typed.append((option, left.pop()))
        else:
            return None
    return paths, typed


def parse(arguments: Sequence[str], options: Sequence[Option]) -> tuple[list[str], dict[str, str | bool]] | None:
    """The paths of a command line, and the last value of each option as it is typed; None if it is not plain."""
    found = occurrences(arguments, options)
    return (found[0], {option.name: value for option, value in found[1]}) if found is not None else None


def _values(typed: Sequence[tuple[Option, str | bool]]) -> dict[str, object]:
    """The value of each option by its name; of one that is typed again, the last. Raises ValueError for a wrong one."""
    by_option: dict[str, tuple[Option, list[str | bool]]] = {}
    for option, value in typed:
        by_option.setdefault(option.name, (option, []))[1].append(value)
    return {name: _value(option.kind, all_) for name, (option, all_) in by_option.items()}


def _value(kind: str, typed: Sequence[str | bool]) -> object:
    if kind == "texts":
        return tuple(typed)
    if kind == "count":
        return len(typed)
    last = typed[-1]
    if kind == "integer" and isinstance(last, str):
        if _INTEGER.fullmatch(last) is None:
            raise ValueError(last)
        return int(last)
    if kind == "tokens" and isinstance(last, str):
        from exosuit_cli.model.errors import UsageError
        from exosuit_cli.model.units import parse_count

        try:
            return parse_count(last)
        except UsageError as error:
            raise ValueError(last) from error
    return last
