"""One setting: its key, its type and range, and how it reads a JSON value or the text of a variable or flag."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Final, Literal

from exosuit_cli.config.places import VARIABLE_PREFIX
from exosuit_cli.model.dataclass import dataclass
from exosuit_cli.model.devices import DEVICE_FORMS, nearest_device, parse_device
from exosuit_cli.model.encodings import ENCODING_FORMS, encoding_named, nearest_encoding
from exosuit_cli.model.errors import UsageError
from exosuit_cli.model.units import SIZE_FORMS, format_bytes, parse_size

if TYPE_CHECKING:
    from collections.abc import Iterable

Value = bool | int | float | str | None
"""What a setting holds once it is checked; None only where nothing may be set."""

NONE_SET: Final = "none"
"""The word for None in a variable or a flag; JSON has null."""

_TRUE: Final = frozenset({"true", "1", "yes", "on"})
_FALSE: Final = frozenset({"false", "0", "no", "off"})
_LONGEST_NUMBER: Final = 40
_SHOWN: Final = 60
"""Characters of a rejected value that an error message repeats."""


class InvalidValue(ValueError):
    """Why a value is not accepted, in words that follow the value: `a string`, `out of range`."""


@dataclass(frozen=True, slots=True)
class Field:
    """The specification of one setting, used alike for files, environment variables, flags and `config show`.

    `low` and `high` bound an integer or a number (in its unit), a size (in bytes) or a text (in characters).
    `optional` settings may be null: none is set.
    """

    key: str
    kind: Literal["integer", "number", "size", "boolean", "choice", "text", "device", "encoding"]
    help: str
    low: int = 0
    high: int = 0
    choices: tuple[str, ...] = ()
    flag: str = ""
    optional: bool = False

    @property
    def variable(self) -> str:
        """The environment variable of this setting: `scan.top` is `EXOSUIT_SCAN_TOP`."""
        return VARIABLE_PREFIX + self.key.upper().replace(".", "_")

    @property
    def accepted(self) -> str:
        """The accepted values, in words."""
        return f"{self._accepted}, or null for none" if self.optional else self._accepted

    @property
    def _accepted(self) -> str:
        match self.kind:
            case "integer":
                return f"a whole number from {self.low} to {self.high}"
            case "number":
                return f"a number from {self.low} to {self.high}"
            case "size":
                return f"a size from {format_bytes(self.low)} to {format_bytes(self.high)} ({SIZE_FORMS})"
            case "boolean":
                return "true or false"
            case "choice":
                return "one of " + ", ".join(self.choices)
            case "text":
                return f"{self.low} to {self.high} printable characters"
            case "device":
                return DEVICE_FORMS
            case "encoding":
                return ENCODING_FORMS

    def flag_for(self, value: object) -> str:
        """Name the command-line option that gives this value: `--top`, `--no-index`; else `--set KEY`."""
        group, _, name = self.key.rpartition(".")
        if self.flag or group != "scan":
            return self.flag or f"--set {self.key}"
        return f"--{'no-' if value is False else ''}{name.replace('_', '-')}"

    def check(self, value: object) -> Value:
        """Return the setting that a JSON value stands for; a size becomes bytes. Raises InvalidValue."""
        if value is None and self.optional:
            return None
        match self.kind:
            case "boolean":
                if isinstance(value, bool):
                    return value
            case "integer":
                if isinstance(value, int) and not isinstance(value, bool):
                    return self._in_range(value)
            case "number":
                if isinstance(value, int | float) and not isinstance(value, bool):
                    return float(self._in_range(value))
            case "size":
                if isinstance(value, str):
                    return self._in_range(_size(value))
                if isinstance(value, int) and not isinstance(value, bool):
                    return self._in_range(value)
            case _:
                if isinstance(value, str):
                    return self._check_text(value)
        raise InvalidValue(_kind_of(value))

    def parse(self, text: str) -> Value:
        """Return the setting that the text of a variable or a flag stands for. Raises InvalidValue."""
        word = text.strip()
        if self.optional and word.lower() in (NONE_SET, "null"):
            return None
        match self.kind:
            case "boolean":
                if word.lower() in _TRUE | _FALSE:
                    return word.lower() in _TRUE
                raise InvalidValue("neither true nor false")
            case "integer" | "number":
                if not word.isascii() or len(word) > _LONGEST_NUMBER:
                    raise InvalidValue("no such number")
                try:
                    return self.check(float(word) if self.kind == "number" else int(word))
                except InvalidValue:
                    raise
                except ValueError:
                    raise InvalidValue("no such number") from None
            case _:
                return self.check(word)

    def _in_range(self, number: float) -> int | float:
        if isinstance(number, float) and not math.isfinite(number):
            raise InvalidValue("not a finite number")
        if not self.low <= number <= self.high:
            raise InvalidValue("out of range")
        return number

    def _check_text(self, text: str) -> str:
        if self.kind == "choice" and text not in self.choices:
            raise InvalidValue("unknown" + did_you_mean(text, self.choices))
        if self.kind == "device":
            try:
                return parse_device(text).name
            except UsageError:
                near = nearest_device(text)
                raise InvalidValue("no device" + (f" (did you mean {near}?)" if near else "")) from None
        if self.kind == "encoding":
            name = encoding_named(text)
            if name is None:
                near = nearest_encoding(text)
                raise InvalidValue("unknown" + (f" (did you mean {near}?)" if near else ""))
            return name
        if self.kind == "text" and not (self.low <= len(text) <= self.high and text.isprintable()):
            raise InvalidValue("empty, too long or not printable")
        return text


def shown(value: object) -> str:
    """Write a rejected value for a message: short, on one line, without control characters."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if value is None:
        return "null"
    if isinstance(value, dict):
        return "an object"
    if isinstance(value, list):
        return "a list"
    text = repr(value)
    return text if len(text) <= _SHOWN else text[:_SHOWN] + "…"


def did_you_mean(word: str, candidates: Iterable[str], *, cutoff: float = 0.6) -> str:
    """Return ` (did you mean X?)` for the candidate nearest to `word`, or an empty string when none is near."""
    import difflib  # only on the way to an error

    near = difflib.get_close_matches(word[:_SHOWN], tuple(candidates), n=1, cutoff=cutoff)
    return f" (did you mean {near[0]}?)" if near else ""


def _kind_of(value: object) -> str:
    if isinstance(value, float):
        return "not a whole number" if math.isfinite(value) else "not a finite number"
    names = {bool: "a boolean", int: "a number", str: "a string"}
    return "of the wrong type" + (f": {names[type(value)]}" if type(value) in names else "")


def _size(text: str) -> int:
    try:
        return parse_size(text)
    except UsageError:
        raise InvalidValue("no size, or too large a one") from None
