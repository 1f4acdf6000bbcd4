"""Running the installed command on hostile trees, and the parts of the pipeline by hand."""

from __future__ import annotations

import base64
import json
import os
import subprocess
import sys
import time
from collections import Counter
from dataclasses import dataclass
from itertools import count
from typing import TYPE_CHECKING, Any

from exosuit_cli.config.options import WalkOptions
from exosuit_cli.model.records import Batch, Outcome
from exosuit_cli.shards.settings import ShardSettings
from exosuit_cli.shards.shard import Shard
from exosuit_cli.walk import TreeWalk

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from warm import WarmProcess

    from exosuit_cli.model.protocols import TokenCounter
    from exosuit_cli.model.records import Rows
    from exosuit_cli.walk import Listing

HANG = 120
"""Seconds after which a command that should have ended is a failure."""

_EXEC = "os.execv(sys.argv[1], sys.argv[1:])"

UNPRIVILEGED = (
    sys.executable,
    "-c",
    # Root passes over permission bits by these two capabilities (capabilities(7)); another user's id could not read
    # the interpreter of every installation.
    "import ctypes, os, sys\n"
    "if os.geteuid() == 0:\n"
    "    for capability in (1, 2):  # CAP_DAC_OVERRIDE, CAP_DAC_READ_SEARCH\n"
    "        assert ctypes.CDLL(None).prctl(24, capability, 0, 0, 0) == 0  # PR_CAPBSET_DROP\n" + _EXEC,
)
"""Put before a command, this makes permission bits count for root too."""


def limited(name: str, value: int) -> tuple[str, ...]:
    """Put before a command, this limits a resource of it, for example RLIMIT_NOFILE."""
    limit = f"resource.setrlimit(resource.{name}, ({value}, {value}))"
    return (sys.executable, "-c", f"import os, resource, sys\n{limit}\n{_EXEC}")


@dataclass(frozen=True)
class Scanned:
    """One run of `exosuit scan`: its JSON document, and a record for every path but its own outputs."""

    stderr: str
    document: dict[str, Any]
    records: dict[bytes, dict[str, Any]]

    def outcome(self, path: bytes | str) -> str:
        """`ingested`, or the reason of the skip."""
        record = self.records[os.fsencode(path)]
        return str(record.get("skipped", "ingested"))

    def outcomes(self) -> dict[bytes, str]:
        return {path: self.outcome(path) for path in self.records}

    @property
    def skipped(self) -> dict[str, int]:
        found: dict[str, int] = self.document["ledger"]["skipped"]
        return found


class Scanner:
    """Runs `exosuit scan` and checks what holds for every run: valid output, a ledger that adds up, no traceback."""

    def __init__(self, exosuit: Path, directory: Path, warm_process: WarmProcess) -> None:
        self.command = str(exosuit)
        self._directory = directory
        self._warm_process = warm_process
        self._numbers = count()

    def __call__(
        self,
        *arguments: object,
        code: int | tuple[int, ...] = 0,
        before: Sequence[str] = (),
        env: dict[str, str] | None = None,
        tokens: bool = False,
    ) -> Scanned:
        """Scan the paths and options given; without `tokens` none are counted, which takes half the time."""
        manifest = self._directory / f"{next(self._numbers)}.jsonl"
        fixed = ["--json", "--manifest", str(manifest), "--tokens" if tokens else "--no-tokens"]
        words = ["scan", *fixed, *plain(arguments)]
        environ = {**os.environ, **(env or {})}
        if not before and self._warm_process.can_run(environ):
            done = self._warm_process.run(list(map(os.fsencode, words)), os.getcwd(), environ)
        else:
            command = [*before, self.command, *words]
            done = subprocess.run(command, capture_output=True, timeout=HANG, check=False, env=environ)
        assert done.returncode in (code if isinstance(code, tuple) else (code,)), (done.returncode, done.stderr)
        stderr = done.stderr.decode()
        assert "Traceback" not in stderr
        records = {}
        for line in manifest.read_bytes().splitlines():
            record = json.loads(line)
            records[path_of(record)] = record
        scanned = Scanned(stderr, json.loads(done.stdout), records)
        check_ledger(scanned)
        return scanned


def path_of(record: dict[str, Any]) -> bytes:
    """The exact bytes of a record's path."""
    if "path_b64" in record:
        return base64.b64decode(record["path_b64"], validate=True)
    return str(record["path"]).encode()


def check_ledger(scanned: Scanned) -> None:
    ledger = scanned.document["ledger"]
    assert ledger["discovered"] == ledger["ingested"] + sum(ledger["skipped"].values())
    reasons = Counter(record["skipped"] for record in scanned.records.values() if "skipped" in record)
    assert {reason: number for reason, number in ledger["skipped"].items() if reason != "own_output"} == reasons
    assert ledger["ingested"] == len(scanned.records) - reasons.total()


def plain(arguments: Sequence[object]) -> list[str | bytes]:
    return [argument if isinstance(argument, (str, bytes)) else str(argument) for argument in arguments]


def scan_command(
    exosuit: Path, *arguments: object, before: Sequence[str] = (), **options: Any
) -> subprocess.Popen[bytes]:
    """Start `exosuit scan` and leave it running."""
    command = [*before, str(exosuit), "scan", *plain(arguments)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, **options)


def wait_until(condition: Callable[[], Any], what: str, process: subprocess.Popen[bytes] | None = None) -> Any:
    """Poll until `condition` is true and return what it returned; `what` says what did not come about otherwise.

    A `process` that ends before is a failure at once.
    """
    deadline = time.monotonic() + HANG
    while time.monotonic() < deadline:
        found = condition()
        if found:
            return found
        assert process is None or process.poll() is None, (what, process.communicate())
        time.sleep(0.01)
    raise AssertionError(f"waited in vain: {what}")


def family(tree: Path) -> list[int]:
    """The living processes of commands on a tree: those that have its path among their arguments."""
    found = []
    for name in os.listdir("/proc"):
        if name.isdigit() and is_alive(int(name)):
            try:
                with open(f"/proc/{name}/cmdline", "rb") as file:
                    arguments = file.read().split(b"\0")
            except OSError:
                continue
            if os.fsencode(tree) in arguments:
                found.append(int(name))
    return found


def is_alive(pid: int) -> bool:
    """Whether a process runs; one that is dead and not yet waited for does not."""
    try:
        with open(f"/proc/{pid}/stat", encoding="ascii") as file:
            return file.read().rpartition(")")[2].split()[0] not in "ZX"
    except OSError:
        return False


def bytes_read(pid: int) -> int:
    """What a process has read so far, by all its read calls."""
    try:
        with open(f"/proc/{pid}/io", encoding="ascii") as file:
            return int(file.readline().split()[1])
    except (OSError, IndexError):
        return 0


def kill_for_good(process: subprocess.Popen[bytes]) -> None:
    """Leave nothing of a command behind, whatever a test found out about it."""
    if process.poll() is None:
        process.kill()  # its workers end with it, or another test says that they do not
    process.wait()
    for stream in (process.stdin, process.stdout, process.stderr):
        if stream is not None:
            stream.close()


def walk(base: Path, **options: Any) -> list[Listing]:
    """Every listing of a walk of one tree."""
    return [listing for listing, _ in TreeWalk(os.fsencode(base), [b""], WalkOptions(**options))]


def batch_of(listings: Sequence[Listing]) -> tuple[Batch, list[bytes]]:
    """Everything that was listed as one batch, and the paths in its order."""
    batch = Batch(tuple((listing.directory, listing.names) for listing in listings if listing.names))
    paths = [os.path.join(directory.path, name) for directory, names in batch.groups for name in names]
    return batch, paths


def settings_of(base: Path, **changes: Any) -> ShardSettings:
    chosen: dict[str, Any] = {
        "encoding": None,
        "hash": "blake3",
        "device": "cpu",
        "max_file_size": 0,
        "slab_bytes": 1 << 20,
        "follow": False,
        **changes,
    }
    return ShardSettings(base=os.fsencode(base), **chosen)


class HandShard:
    """A shard whose batch is ingested step by step: what was listed, then what a test does, then the reading."""

    def __init__(self, base: Path, counter: TokenCounter | None = None, **changes: Any) -> None:
        self.shard = Shard(settings_of(base, **changes), counter)

    def ingest(self, listings: Sequence[Listing]) -> dict[bytes, Any]:
        """The row of every path."""
        batch, paths = batch_of(listings)
        try:
            rows: Rows = self.shard.ingest(batch).rows
        finally:
            self.shard.close()
        assert len(rows) == len(paths)
        return dict(zip(paths, rows, strict=True))


def outcome_of(row: Any) -> Outcome:
    return Outcome(int(row["outcome"]))
