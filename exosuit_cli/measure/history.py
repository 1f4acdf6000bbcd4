"""The history: one JSON line for each suite of a run. It is appended under a lock, and a cut line harms no other."""

from __future__ import annotations

import contextlib
import json
import logging
import math
import os
from dataclasses import asdict
from typing import TYPE_CHECKING, Any, Final

from exosuit_cli.measure.metrics import METRICS
from exosuit_cli.model.dataclass import dataclass
from exosuit_cli.model.errors import OutputError, UsageError
from exosuit_cli.system.atomic import check_writable
from exosuit_cli.system.lock import lock_exclusively
from exosuit_cli.system.paths import ensure_private, state_directory

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from exosuit_cli.measure.result import BenchResult, SuiteResult

SCHEMA: Final = "exosuit.bench_history/1"
_LOCK_PATIENCE_S: Final = 30.0

logger = logging.getLogger("exosuit.bench")


@dataclass(frozen=True, slots=True)
class Figure:
    """The median of a metric in one run, with its 95% interval and the number of samples."""

    median: float
    low: float
    high: float
    count: int


@dataclass(frozen=True, slots=True)
class Entry:
    """One suite of one run, as it is stored."""

    id: str
    time: str
    label: str | None
    version: str
    bench_version: int
    fingerprint: str
    suite: str
    corpus: str
    corpus_digest: str
    files: int
    size: int
    cache: str
    device: str | None
    mode: str
    verdict: str | None
    figures: Mapping[str, Figure]
    ratios: Mapping[str, Figure]

    def line(self) -> bytes:
        """The entry as one line of JSON, newline included."""
        return json.dumps({"schema": SCHEMA, **asdict(self)}, sort_keys=True).encode("ascii") + b"\n"


def default_history() -> str:
    """The history in the state directory, which is created with mode 0700."""
    return os.path.join(ensure_private(state_directory()), "bench-history.jsonl")


def entries_of(result: BenchResult) -> list[Entry]:
    """The entries that a run adds to the history: its suites that measured something and are not invalid."""
    return [
        entry
        for position, suite in enumerate(result.suites)
        if (entry := _entry(result, suite, position)) is not None and suite.verdict != "invalid"
    ]


def append_entries(path: str, entries: Sequence[Entry]) -> None:
    """Append whole lines in one write under an exclusive lock (flock), synced. A cut last line is ended first.

    Raises OutputError: the file cannot be written, or another process has held it for half a minute.
    """
    if not entries:
        return
    content = b"".join(entry.line() for entry in entries)
    with _opened(path, os.O_CREAT) as descriptor:
        _lock(descriptor, path)
        size = os.fstat(descriptor).st_size
        if size and os.pread(descriptor, 1, size - 1) != b"\n":
            content = b"\n" + content
        _write_all(descriptor, content, size)
        os.fsync(descriptor)


def check_history(path: str) -> None:
    """Check, before anything is measured, that entries can be appended later. Raises OutputError."""
    if os.path.lexists(path):
        with _opened(path):
            return
    try:
        check_writable(path)
    except OutputError as error:
        raise OutputError(f"history: {error}; name another --history") from error


@contextlib.contextmanager
def _opened(path: str, create: int = 0) -> Iterator[int]:
    try:
        descriptor = os.open(path, os.O_RDWR | create | os.O_APPEND | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
        try:
            yield descriptor
        finally:
            os.close(descriptor)
    except OSError as error:
        raise OutputError(f"history {path!r}: cannot be written: {error.strerror}; name another --history") from error


def read_history(path: str) -> list[Entry]:
    """The entries in the order in which they were appended, whatever the clock did.

    Lines that are no entry are left out with a warning that names them. A missing file is an empty history. Raises
    UsageError when it cannot be read.
    """
    try:
        with open(path, "rb") as file:
            lines = file.read().split(b"\n")
    except FileNotFoundError:
        return []
    except OSError as error:
        raise UsageError(f"history {path!r}: cannot be read: {error.strerror}; name another --history") from error
    entries = []
    bad = []
    for number, line in enumerate(lines, start=1):
        if not line.strip():
            continue
        entry = parse_entry(line)
        if entry is None:
            bad.append(number)
        else:
            entries.append(entry)
    if bad:
        shown = ", ".join(map(str, bad[:5])) + (" ..." if len(bad) > 5 else "")
        logger.warning(
            "history %r: %d of %d lines are no entries and were left out (line %s)",
            path, len(bad), len(bad) + len(entries), shown,
        )  # fmt: skip
    return entries


def parse_entry(line: bytes) -> Entry | None:
    """The entry of a line, or None: cut in the middle, of another schema, or with a field of the wrong type."""
    with contextlib.suppress(ValueError, KeyError, TypeError, AttributeError):
        fields = json.loads(line)
        if fields.pop("schema") != SCHEMA:
            return None
        fields["figures"] = _figures(fields["figures"])
        fields["ratios"] = _figures(fields["ratios"])
        entry = Entry(**{name: fields[name] for name in Entry.__slots__})
        if _is_whole(entry):
            return entry
    return None


def _is_whole(entry: Entry) -> bool:
    texts = (
        entry.id, entry.time, entry.version, entry.fingerprint, entry.suite, entry.corpus, entry.corpus_digest,
        entry.cache, entry.mode,
    )  # fmt: skip
    return (
        all(isinstance(text, str) for text in texts)
        and all(text is None or isinstance(text, str) for text in (entry.label, entry.device, entry.verdict))
        and all(type(count) is int for count in (entry.bench_version, entry.files, entry.size))
    )


def clock_stepped_back(entries: Iterable[Entry], now: str) -> str | None:
    """The time of the last entry, if it lies after `now`; both in UTC, RFC 3339."""
    last = max((entry.time for entry in entries), default="")
    return last if last > now else None


def _figures(fields: Mapping[str, Any]) -> dict[str, Figure]:
    found = {}
    for name, values in fields.items():
        figure = Figure(float(values["median"]), float(values["low"]), float(values["high"]), int(values["count"]))
        if name in METRICS and all(map(math.isfinite, (figure.median, figure.low, figure.high))):
            found[name] = figure
    return found


def _entry(result: BenchResult, suite: SuiteResult, position: int) -> Entry | None:
    side, block = suite.candidate, suite.block
    if side is None or block is None:
        return None
    figures, ratios = {}, {}
    for metric in block.metrics:
        own, ratio = metric.candidate_interval, metric.ratio
        if own is not None:
            figures[metric.metric.name] = Figure(own.median, own.low, own.high, own.count)
        if ratio is not None:
            ratios[metric.metric.name] = Figure(ratio.median, ratio.low, ratio.high, ratio.count)
    stamp = result.started_at.translate({ord(mark): None for mark in "-:.TZ"})
    return Entry(
        id=f"{stamp}-{position}",
        time=result.started_at,
        label=result.label,
        version=side.version or result.version,
        bench_version=result.bench_version,
        fingerprint=result.machine.fingerprint,
        suite=suite.name,
        corpus=result.corpus.synthetic or result.corpus.name,
        corpus_digest=str(side.work.get("tree_digest", "")),
        files=int(side.work["files"]),
        size=int(side.work["bytes"]),
        cache=result.cache,
        device=side.device,
        mode=result.mode,
        verdict=suite.verdict.value if suite.verdict is not None else None,
        figures=figures,
        ratios=ratios,
    )


def _lock(descriptor: int, path: str) -> None:
    try:
        lock_exclusively(descriptor, _LOCK_PATIENCE_S)
    except TimeoutError as error:
        raise OutputError(
            f"history {path!r}: another process holds it; run again later, or name another --history"
        ) from error


def _write_all(descriptor: int, content: bytes, size: int) -> None:
    view = memoryview(content)
    try:
        while view:
            view = view[os.write(descriptor, view) :]
    except OSError:
        with contextlib.suppress(OSError):
            os.ftruncate(descriptor, size)  # the disk is full: half a line must not stay
        raise
