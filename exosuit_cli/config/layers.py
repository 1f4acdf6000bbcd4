"""One layer of settings at a time: a file, the environment or the flags, checked and flattened to dotted keys."""

from __future__ import annotations

import errno
import json
import os
import stat
from typing import TYPE_CHECKING, Final, Literal, TypeAlias

from exosuit_cli.config.fields import Field, InvalidValue, Value, did_you_mean, shown
from exosuit_cli.config.places import VARIABLE_PREFIX
from exosuit_cli.config.schema import FIELDS, PHASE_COUNT, VARIABLES
from exosuit_cli.model.dataclass import dataclass
from exosuit_cli.model.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

LARGEST_FILE: Final = 1 << 20
"""Bytes of a settings file; a longer one is refused unread."""

_OPEN_FLAGS: Final = os.O_RDONLY | os.O_CLOEXEC | os.O_NOCTTY | os.O_NONBLOCK


@dataclass(frozen=True, slots=True)
class Origin:
    """Where a setting comes from; as text: `default`, a file's path, `environment EXOSUIT_X`, `flag --x`, `phase 3`."""

    kind: Literal["default", "file", "environment", "flag", "derived"]
    name: str

    def __str__(self) -> str:
        match self.kind:
            case "default":
                return "default"
            case "environment" | "flag":
                return f"{self.kind} {self.name}"
            case _:
                return self.name


Layer: TypeAlias = "Mapping[str, tuple[Value, Origin]]"
"""The settings that one source gives, each checked by itself and with its origin, by dotted key."""


class _Object(dict[str, object]):
    """A JSON object that remembers the first key that was written twice in it."""

    repeated: str | None = None


def read_file(path: str, *, demanded: bool) -> bytes | None:
    """Return the content of a settings file; None when it does not exist and was not `demanded`.

    Never blocks on a FIFO without a writer and never reads more than `LARGEST_FILE` bytes.
    Raises ConfigError: missing though demanded, unreadable, not a regular file or pipe, too large.
    """
    try:
        descriptor = os.open(path, _OPEN_FLAGS)
        try:
            kind = os.fstat(descriptor).st_mode
            if not stat.S_ISREG(kind) and not (demanded and stat.S_ISFIFO(kind)):
                raise ConfigError(f"{_quoted(path)}: is not a regular file; name a JSON file of settings")
            os.set_blocking(descriptor, True)
            with open(descriptor, "rb", closefd=False) as file:
                content = file.read(LARGEST_FILE + 1)
        finally:
            os.close(descriptor)
    except OSError as error:
        if not demanded and error.errno in (errno.ENOENT, errno.ENOTDIR):
            return None
        raise ConfigError(f"{_quoted(path)}: settings cannot be read: {error.strerror}") from error
    except ValueError as error:  # a NUL in the path
        raise ConfigError(f"{_quoted(path)}: settings cannot be read: {error}") from error
    if len(content) > LARGEST_FILE:
        raise ConfigError(f"{_quoted(path)}: is larger than {LARGEST_FILE} bytes; a settings file is small")
    return content


def parse_document(content: bytes, path: str) -> dict[str, object]:
    """Read strict JSON (RFC 8259, UTF-8) whose top is an object. Raises ConfigError naming `path` and the line."""
    source = _quoted(path)
    try:
        document = json.loads(content.decode("utf-8-sig"), object_pairs_hook=_object)
    except UnicodeDecodeError as error:
        raise ConfigError(f"{source}: not UTF-8 at byte {error.start}; write the settings as UTF-8 JSON") from error
    except json.JSONDecodeError as error:
        where = f"line {error.lineno}, column {error.colno}"
        raise ConfigError(f"{source}: not JSON: {error.msg} at {where}") from error
    except (ValueError, RecursionError) as error:  # a number of thousands of digits; thousands of brackets
        raise ConfigError(f"{source}: not JSON that can be settings: a number too long or nested too deeply") from error
    if not isinstance(document, _Object):
        raise ConfigError(f"{source}: the whole is {shown(document)}; accepted: an object of settings in braces")
    return document


def file_layer(document: Mapping[str, object], path: str, kind: Literal["default", "file"] = "file") -> Layer:
    """Check the settings of a parsed file. Raises ConfigError naming the file, the dotted key and what is accepted."""
    origin = Origin(kind, path)
    return {key: (value, origin) for key, value in _walk(document, "", _quoted(path))}


def environment_layer(environ: Mapping[str, str]) -> Layer:
    """Check the variables whose name starts with `EXOSUIT_`.

    Raises ConfigError for a value that is not accepted, and for a variable that is no setting: it names the nearest.
    """
    layer: dict[str, tuple[Value, Origin]] = {}
    for variable in sorted(name for name in environ if name.startswith(VARIABLE_PREFIX)):
        source = f"environment variable {_quoted(variable)}"
        field = VARIABLES.get(variable)
        if field is None:
            hint = did_you_mean(variable, VARIABLES, cutoff=0.0)
            raise ConfigError(f"{source}: no such setting{hint}; unset it, or see exosuit config show")
        layer[field.key] = (_parse(field, environ[variable], source), Origin("environment", variable))
    return layer


def flag_layer(overrides: Mapping[str, object]) -> Layer:
    """Check settings given as flags: dotted key to value; None means that the flag was not given.

    A string is read like the text of a variable, so `--set scan.top=5` and a typed option come to the same.
    Raises ConfigError naming the flag, the key and what is accepted.
    """
    layer: dict[str, tuple[Value, Origin]] = {}
    for key, value in overrides.items():
        field = FIELDS.get(key)
        if field is None:
            hint = did_you_mean(key, FIELDS)
            raise ConfigError(f"flags: {_quoted(key)}: no such setting{hint}; see exosuit config show")
        if value is None:
            continue
        source = f"flag {field.flag_for(value)}"
        checked = _parse(field, value, source) if isinstance(value, str) else _check(field, value, source)
        layer[key] = (checked, Origin("flag", field.flag_for(checked)))
    return layer


def _walk(group: Mapping[str, object], prefix: str, source: str) -> Iterator[tuple[str, Value]]:
    names = _CHILDREN[prefix]
    _refuse_repeated(group, prefix, source)
    for name, value in group.items():
        key = prefix + name
        if name not in names:
            raise _unknown(name, prefix, source)
        if key == "phases":
            yield from _walk_phases(value, source)
        elif f"{key}." not in _CHILDREN:
            yield key, _check(FIELDS[key], value, source)
        elif isinstance(value, dict):
            yield from _walk(value, f"{key}.", source)
        else:
            raise ConfigError(f"{source}: {key}: {shown(value)} is not accepted; accepted: an object in braces")


def _walk_phases(value: object, source: str) -> Iterator[tuple[str, Value]]:
    """Phases merge by number, so a file may list only the phases that it changes."""
    form = f'a list of objects, each with "phase" (a whole number from 0 to {PHASE_COUNT - 1}) and what it changes'
    if not isinstance(value, list):
        raise ConfigError(f"{source}: phases: {shown(value)} is not accepted; accepted: {form}")
    seen: set[int] = set()
    for place, item in enumerate(value):
        if not isinstance(item, dict):
            raise ConfigError(f"{source}: phases[{place}]: {shown(item)} is not accepted; accepted: {form}")
        _refuse_repeated(item, f"phases[{place}].", source)
        number = item.get("phase")
        if not isinstance(number, int) or isinstance(number, bool) or not 0 <= number < PHASE_COUNT:
            given = shown(number) if "phase" in item else "missing"
            raise ConfigError(f"{source}: phases[{place}].phase: {given} is not accepted; accepted: {form}")
        if number in seen:
            raise ConfigError(f"{source}: phases[{place}].phase: {number} is listed twice; accepted: each phase once")
        seen.add(number)
        yield from _walk({name: item[name] for name in item if name != "phase"}, f"phases.{number}.", source)


def _check(field: Field, value: object, source: str) -> Value:
    try:
        return field.check(value)
    except InvalidValue as reason:
        raise _rejected(field, value, source, reason) from None


def _parse(field: Field, text: str, source: str) -> Value:
    try:
        return field.parse(text)
    except InvalidValue as reason:
        raise _rejected(field, text, source, reason) from None


def _rejected(field: Field, value: object, source: str, reason: InvalidValue) -> ConfigError:
    return ConfigError(f"{source}: {field.key}: {shown(value)} is {reason}; accepted: {field.accepted}")


def _unknown(name: str, prefix: str, source: str) -> ConfigError:
    siblings = _CHILDREN[prefix]
    here = "phase, " + ", ".join(siblings) if prefix.startswith("phases.") else ", ".join(siblings)
    hint = did_you_mean(name, siblings)
    if not hint:  # the right name in the wrong place
        hint = next((f" (did you mean {key}?)" for key in FIELDS if key in (name, f"scan.{name}")), "")
    return ConfigError(f"{source}: {prefix}{_quoted(name)}: unknown key{hint}; accepted here: {here}")


def _refuse_repeated(group: object, prefix: str, source: str) -> None:
    if isinstance(group, _Object) and group.repeated is not None:
        raise ConfigError(f"{source}: {prefix}{_quoted(group.repeated)}: written twice; accepted: each key once")


def _object(pairs: list[tuple[str, object]]) -> _Object:
    made = _Object()
    for key, value in pairs:
        if key in made and made.repeated is None:
            made.repeated = key
        made[key] = value
    return made


def _quoted(text: str) -> str:
    return text if text.isprintable() and text else repr(text)


def _children() -> dict[str, tuple[str, ...]]:
    found: dict[str, dict[str, None]] = {}
    for key in FIELDS:
        parts = key.split(".")
        for depth, part in enumerate(parts):
            found.setdefault("".join(f"{above}." for above in parts[:depth]), {})[part] = None
    return {prefix: tuple(names) for prefix, names in found.items()}


_CHILDREN: Final = _children()
"""The names that may stand in each object; the top is the empty prefix."""
