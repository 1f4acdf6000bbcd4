"""One declaration of an option, beside the field that holds it; everything else about the option is derived.

Its flag and its help, its setting and its variable, the check of its range, and what it means for the index.
Imports little: a command line is looked at before anything heavy is loaded.
"""

from __future__ import annotations

from dataclasses import field, fields, replace
from typing import TYPE_CHECKING, Any, Final, Literal, TypeVar

from exosuit_cli.model.dataclass import dataclass

if TYPE_CHECKING:
    from collections.abc import Mapping

SELECTION: Final = "Selection"
WORK: Final = "Work"
CHUNKS: Final = "Chunks"
PACK: Final = "Pack"
OUTPUT: Final = "Output"
PANELS: Final = (PACK, CHUNKS, WORK, SELECTION, OUTPUT)
"""The panels of a help, in their order."""

Kind = Literal["boolean", "count", "integer", "tokens", "size", "choice", "device", "encoding", "text", "texts"]
Changes = Literal["rows", "walk", "neither"]
"""What another value of an option changes: the row of a file, which files the walk finds, or neither of them."""

_METAVARS: Final = {
    "integer": "N", "tokens": "TOKENS", "size": "SIZE", "choice": "NAME", "device": "NAME", "encoding": "NAME",
    "text": "TEXT", "texts": "TEXT",
}  # fmt: skip
_DECLARATION: Final = "option"

_declared: Final[dict[type[Any], tuple[Option, ...]]] = {}

_Value = TypeVar("_Value")
_Record = TypeVar("_Record")


@dataclass(frozen=True, slots=True)
class Option:
    """An option as it is declared; `name` and `attribute` come from its field.

    name: as it is typed and set: `max_file_size` is `--max-file-size` and `scan.max_file_size`.
    attribute: the field of the record that holds it.
    short, long: further spellings of the flag: `-o`, `--output`.
    low, high: the range of a number, in bytes for a size. least: what Python callers may go down to, if below `low`.
    completes: what a shell completes its values from, where neither `kind` nor `choices` say it.
    shown: the default in words, where the value itself says too little.
    is_setting: it can be set in a file and by a variable. has_flag: it can be typed. is_for_chunk: also for `chunk`.
    """

    default: object
    help: str
    kind: Kind
    changes: Changes
    panel: str
    name: str = ""
    attribute: str = ""
    metavar: str = ""
    short: str = ""
    long: str = ""
    low: int = 0
    high: int = 0
    least: int | None = None
    choices: tuple[str, ...] = ()
    completes: str = ""
    shown: str = ""
    is_setting: bool = False
    has_flag: bool = True
    is_for_chunk: bool = True

    @property
    def key(self) -> str:
        """The key of the setting: `scan.max_file_size`."""
        return f"scan.{self.name}"

    @property
    def takes_value(self) -> bool:
        """Whether a value follows the flag."""
        return self.kind not in ("boolean", "count")

    @property
    def flags(self) -> tuple[str, ...]:
        """The flags that turn it on or give it a value: `--output`, `-o`."""
        long = f"--{self.name.replace('_', '-')}"
        return tuple(flag for flag in (long, self.long, self.short) if flag)

    @property
    def negative(self) -> str:
        """The flag that turns it off, if there is one: what is off unless it is typed needs none."""
        if self.kind == "boolean" and (self.is_setting or self.default):
            return f"--no-{self.name.replace('_', '-')}"
        return ""


def option(
    default: _Value,
    meaning: str,
    *,
    changes: Changes,
    panel: str = OUTPUT,
    kind: Kind | None = None,
    name: str = "",
    metavar: str = "",
    short: str = "",
    long: str = "",
    low: int = 0,
    high: int = 0,
    least: int | None = None,
    choices: tuple[str, ...] = (),
    completes: str = "",
    shown: str = "",
    setting: bool = False,
    flag: bool = True,
    chunk: bool = True,
) -> _Value:
    """Declare the field of a dataclass as an option; see `Option`. `meaning` is its help."""
    of_kind = kind or _kind(default, choices)
    declaration = Option(
        default=default,
        help=meaning,
        kind=of_kind,
        changes=changes,
        panel=panel,
        name=name,
        metavar=metavar or _METAVARS.get(of_kind, ""),
        short=short,
        long=long,
        low=low,
        high=high,
        least=least,
        choices=choices,
        completes=completes,
        shown=shown,
        is_setting=setting,
        has_flag=flag,
        is_for_chunk=chunk,
    )
    return field(default=default, metadata={_DECLARATION: declaration})


def declared(record: type[Any]) -> tuple[Option, ...]:
    """The options that a dataclass declares, in the order of its fields."""
    if record not in _declared:
        _declared[record] = tuple(
            replace(found, name=found.name or each.name, attribute=each.name)
            for each in fields(record)
            if (found := each.metadata.get(_DECLARATION)) is not None
        )
    return _declared[record]


def filled(record: type[_Record], given: Mapping[str, object], **others: object) -> _Record:
    """A record with the values that are given by the names of its options, and the defaults for all others."""
    values = {each.attribute: given[each.name] for each in declared(record) if given.get(each.name) is not None}
    return record(**values, **others)


def _kind(default: object, choices: tuple[str, ...]) -> Kind:
    if choices:
        return "choice"
    if isinstance(default, bool):
        return "boolean"
    if isinstance(default, int):
        return "integer"
    return "texts" if isinstance(default, tuple) else "text"
