"""A profile that was written as JSON (`exosuit.profile/1`), read back."""

from __future__ import annotations

import base64
import json
import math
import os
import stat
from dataclasses import fields
from typing import TYPE_CHECKING, Any, Final, TypeVar

import numpy as np

from exosuit_cli.measure.profile.records import (
    FileCost,
    Profile,
    Repeat,
    Series,
    Spans,
    StageSummary,
    TierProfile,
    Track,
)
from exosuit_cli.model.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Mapping

SCHEMA: Final = "exosuit.profile/1"
_LONGEST_SCHEMA: Final = 40
_LARGEST_FILE: Final = 512 << 20

_Kind = TypeVar("_Kind")


def load_profile(path: str, *, force: bool = False) -> Profile:
    """The profile in a file that `exosuit profile --json` wrote.

    Raises UsageError: the file cannot be read, is no regular file or too large, or is no profile (see `read_profile`).
    """
    name = f"--diff {path!r}"
    wanted = "give a file that exosuit profile --json wrote"
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_NOCTTY | os.O_CLOEXEC)
        try:
            if not stat.S_ISREG(os.fstat(descriptor).st_mode):
                raise UsageError(f"{name}: not a regular file; {wanted}")
            with open(descriptor, "rb", closefd=False) as file:
                content = file.read(_LARGEST_FILE + 1)
        finally:
            os.close(descriptor)
    except OSError as error:
        raise UsageError(f"{name}: cannot be read: {error.strerror}; name another file") from error
    if len(content) > _LARGEST_FILE:
        raise UsageError(f"{name}: larger than {_LARGEST_FILE >> 20} MiB; {wanted}")
    try:
        document = json.loads(content)
    except (ValueError, RecursionError) as error:
        raise UsageError(f"{name}: no JSON; {wanted}") from error
    return read_profile(document, name, force=force)


def read_profile(document: object, name: str, *, force: bool = False) -> Profile:
    """The records of a document, the same that it was written from; `name` is what an error calls it.

    Raises UsageError: it is no profile, it is of another schema (with `force` it is read if it has all of this one), or
    what it says is not of the kind that it must be.
    """
    if not isinstance(document, dict):
        raise UsageError(f"{name}: no profile; give a file that exosuit profile --json wrote")
    schema = document.get("schema")
    if schema != SCHEMA and not force:
        what = repr(schema)[:_LONGEST_SCHEMA] if schema is not None else "no schema"
        raise UsageError(f"{name}: {what}, not {SCHEMA!r}; profile again with this version, or give --force")
    try:
        return _profile(document)
    except (KeyError, TypeError, ValueError, OverflowError, IndexError) as error:
        detail = f"no {error}" if isinstance(error, KeyError) else str(error)
        raise UsageError(f"{name}: no whole profile: {detail}; profile again") from error


def _profile(document: Mapping[str, Any]) -> Profile:
    names = tuple(_is(name, str) for name in document["stage_names"])
    totals = document["totals"]
    cache = document["cache"]
    if cache not in ("warm", "cold", "unknown"):
        raise ValueError("cache is neither warm nor cold nor unknown")
    return Profile(
        work=_is(document["work"], str),
        machine=_is(document["machine"], dict),
        options=_is(document["options"], dict),
        cache=cache,
        wall_s=_number(document["wall_s"]),
        twin_wall_s=_maybe(document["twin_wall_s"]),
        files=_is(totals["files"], int),
        bytes=_is(totals["bytes"], int),
        tokens=None if totals["tokens"] is None else _is(totals["tokens"], int),
        workers=_is(document["workers"], int),
        processors=_is(document["processors"], int),
        processor_use=_number(document["processor_use"]),
        stage_names=names,
        tracks=tuple(_track(track, len(names)) for track in document["tracks"]),
        series=tuple(_series(series) for series in document["series"]),
        stages=tuple(_stage(stage) for stage in document["stages"]),
        limiter=None if document["limiter"] is None else _is(document["limiter"], str),
        speedup_if_free=_number(document["speedup_if_free"]),
        unattributed_pct=_number(document["unattributed_pct"]),
        overhead_pct=_maybe(document["overhead_pct"]),
        dearest=tuple(_file(file) for file in document["files"]),
        tiers=tuple(_tier(name, tier) for name, tier in document["tiers"].items()),
        repeats=tuple(
            Repeat(_number(each["wall_s"]), {_is(stage, str): _number(s) for stage, s in each["stages"].items()})
            for each in document["repeats"]
        ),
        warnings=tuple(_is(warning, str) for warning in document["warnings"]),
        partial=None if document["partial"] is None else _is(document["partial"], str),
    )


def _track(row: Mapping[str, Any], stages: int) -> Track:
    kind = row["kind"]
    if kind not in ("main", "worker", "device"):
        raise ValueError("a track is neither main nor worker nor device")
    columns = {column.name: np.array(row["spans"][column.name], np.int64) for column in fields(Spans)}
    lengths = {column.shape for column in columns.values()}
    if lengths != {(len(columns["start_ns"]),)}:
        raise ValueError("the columns of a track have different lengths")
    stage = columns.pop("stage")
    if len(stage) and not 0 <= int(stage.min()) <= int(stage.max()) < stages:
        raise ValueError("a span has a stage that is not among stage_names")
    spans = Spans(stage.astype(np.uint8), **columns)
    return Track(_is(row["name"], str), kind, _is(row["pid"], int), spans, _is(row["dropped"], int))


def _series(row: Mapping[str, Any]) -> Series:
    unit = row["unit"]
    if unit not in ("bytes", "count", "per_s"):
        raise ValueError("a series is neither of bytes nor a count nor per_s")
    times = np.array(row["times_ns"], np.int64)
    values = np.array([_reading(value) for value in row["values"]], np.float64)
    if times.shape != values.shape:
        raise ValueError("the columns of a series have different lengths")
    return Series(_is(row["name"], str), unit, times, values)


def _stage(row: Mapping[str, Any]) -> StageSummary:
    """Fields that this version does not have are left out."""
    found: dict[str, Any] = {"name": _is(row["name"], str)}
    for field in fields(StageSummary)[1:]:
        found[field.name] = _maybe(row[field.name])
    return StageSummary(**found)


def _file(row: Mapping[str, Any]) -> FileCost:
    exact = row.get("path_b64")
    path = base64.b64decode(exact, validate=True) if exact is not None else _is(row["path"], str).encode("utf-8")
    why = row["why"]
    return FileCost(path, _is(row["stage"], str), _number(row["seconds"]), _is(row["size"], int), why and _is(why, str))


def _tier(name: str, row: Mapping[str, Any]) -> TierProfile:
    sizes = (row["start_bytes"], row["peak_bytes"], row["end_bytes"])
    start, peak, end = (None if size is None else _is(size, int) for size in sizes)
    details = {_is(key, str): _maybe(value) for key, value in row["details"].items()}
    return TierProfile(name, start, peak, end, row["reason"] and _is(row["reason"], str), details)


def _is(value: object, kind: type[_Kind]) -> _Kind:
    if not isinstance(value, kind) or isinstance(value, bool):
        raise TypeError(f"{repr(value)[:_LONGEST_SCHEMA]} where {kind.__name__} is wanted")
    return value


def _number(value: object) -> Any:
    """A finite number as it is, so that a count stays one."""
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not math.isfinite(value):
        raise TypeError(f"{repr(value)[:_LONGEST_SCHEMA]} where a number is wanted")
    return value


def _reading(value: object) -> float:
    """A reading; NaN where there was none."""
    return math.nan if value is None or value != value else float(_number(value))


def _maybe(value: object) -> Any:
    return None if value is None else _number(value)
