"""A program that scans with workers that die: `fatal.py TREE HOW`, the result as JSON on stdout.

HOW is `poison` (a counter that kills its process at a marker in a text), `sending` (the first worker dies in the
middle of its answer), or `never` (as it should be).
"""

from __future__ import annotations

import json
import os
import signal
import struct
import sys
from typing import Any

os.environ["OPENBLAS_NUM_THREADS"] = "1"  # workers are forked, as by the command, from a process without threads

from exosuit_cli import tokens
from exosuit_cli.model.protocols import StreamCount

POISON = b"this text kills its reader"


class FatalCounter:
    """Counts bytes; a text with the marker ends the process at once, as the kernel does when memory is short."""

    encoding = "o200k_base"
    implementation = "fatal"

    def count(self, data: bytes) -> int:
        if POISON in data:
            os.kill(os.getpid(), signal.SIGKILL)
        return len(data)

    def count_batch(self, texts: Any) -> list[int]:
        return [self.count(bytes(text)) for text in texts]

    def encode(self, data: bytes) -> Any:
        raise NotImplementedError

    def stream(self) -> FatalStream:
        return FatalStream(self)


class FatalStream:
    def __init__(self, counter: FatalCounter) -> None:
        self._counter = counter
        self._fed = b""

    def feed(self, data: bytes) -> None:
        self._fed += data

    def finish(self) -> StreamCount:
        return StreamCount(self._counter.count(self._fed), exact=True)


def die_while_sending(flag: str) -> None:
    """Have the first worker that answers send the first half of it only."""
    from exosuit_cli.workers import worker

    send = worker.send_result

    def send_half(connection: Any, *rest: Any) -> None:
        try:
            os.close(os.open(flag, os.O_CREAT | os.O_EXCL))
        except FileExistsError:
            pass
        else:
            os.write(connection.fileno(), struct.pack("!i", 100_000) + b"x" * 1000)
            os.kill(os.getpid(), signal.SIGKILL)
        send(connection, *rest)

    worker.send_result = send_half


def main() -> None:
    tree, how = sys.argv[1:]
    counter = FatalCounter()
    tokens.load_counter = lambda encoding: counter  # type: ignore[assignment,misc]
    if how == "sending":
        die_while_sending(tree + ".flag")
    from exosuit_cli.ingest import ScanOptions, scan
    from exosuit_cli.model.errors import ExosuitError

    try:
        result = scan(tree, ScanOptions(workers=2, batch_files=64, use_index=False))
    except ExosuitError as error:
        json.dump({"error": str(error), "code": int(error.exit_code)}, sys.stdout)
        return
    json.dump(
        {
            "paths": [os.fsdecode(path) for path in result.paths],
            "tokens": result.rows["tokens"].tolist(),
            "skips": {os.fsdecode(skip.path): skip.outcome.label for skip in result.skips},
            "unreadable": len(result.unreadable),
            "tree_digest": result.tree_digest,
            "deaths": result.throughput.worker_deaths,
        },
        sys.stdout,
    )


if __name__ == "__main__":
    main()
