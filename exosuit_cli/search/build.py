"""Builds segments from files of a context, in worker processes where that pays."""

from __future__ import annotations

import contextlib
import os
import signal
from collections.abc import Callable
from multiprocessing import Pipe
from multiprocessing.connection import Connection, wait
from typing import TYPE_CHECKING, Final

from exosuit_cli.context.database import connect
from exosuit_cli.model.dataclass import dataclass
from exosuit_cli.search.records import BuildStopped
from exosuit_cli.search.segment import SEGMENT_CHUNKS
from exosuit_cli.search.segment_builder import SegmentBuilder
from exosuit_cli.search.stored_texts import read_slabs
from exosuit_cli.search.vocabulary import Vocabulary
from exosuit_cli.system.forked import ForkedProcess, fork, start_method
from exosuit_cli.system.processors import usable_processors
from exosuit_cli.tiers.nvme import NvmeTier

if TYPE_CHECKING:
    from collections.abc import Sequence

    from exosuit_cli.context.reader import ContextReader
    from exosuit_cli.search.segment_builder import FilePart
    from exosuit_cli.system.stop import StopRequest

PARALLEL_CHUNKS: Final = 6000
"""Fewer chunks are indexed by this process: starting others would cost more than it saves."""
_RANGE_CHUNKS: Final = 48 << 10
"""Chunks after which a segment is written: two workers that sort their postings at once stay below 1 GB."""
_MOST_WORDS: Final = 1 << 18
"""A worker forgets its words at the end of a segment where it knows more: a bound for its memory."""
_PATIENCE_SECONDS: Final = 0.1
_NUMBER_BYTES: Final = 4

ChunksDone = Callable[[int], None]
"""Takes how many more chunks are indexed."""


@dataclass(frozen=True, slots=True)
class BuiltSegment:
    """A segment that was written: the name of its file, and what it holds."""

    name: str
    files: int
    chunks: int


def build_segments(
    context: ContextReader,
    parts: Sequence[FilePart],
    directory: str,
    *,
    done: ChunksDone,
    stop: StopRequest | None = None,
) -> list[BuiltSegment]:
    """Write segments of these files into a directory, in the order of the files.

    Raises BuildStopped; ContextChanged where a file is another one by now; OutputError.
    """
    total = sum(part.stop - part.first for part in parts)
    workers = min(usable_processors(), max(total // (PARALLEL_CHUNKS // 2), 1)) if total >= PARALLEL_CHUNKS else 1
    if start_method() != "fork":
        workers = 1
    ranges = _ranges(parts, min(_RANGE_CHUNKS, -(-total // workers)))
    built: dict[int, BuiltSegment] = {}
    if workers > 1:
        built = _in_processes(context, ranges, directory, workers, done, stop)
    if len(built) < len(ranges):  # no processes, or one that was killed
        indexer = _Indexer(context.connection, directory, done, stop)
        for number, each in enumerate(ranges):
            if number not in built:
                built[number] = indexer.index(each)
    return [built[number] for number in range(len(ranges))]


def _ranges(parts: Sequence[FilePart], most: int) -> list[Sequence[FilePart]]:
    """The files in ranges of about `most` chunks, never more than a segment may have."""
    ranges: list[Sequence[FilePart]] = []
    start = chunks = 0
    for place, part in enumerate(parts):
        count = part.stop - part.first
        if chunks and (chunks + count > SEGMENT_CHUNKS or chunks >= most):
            ranges.append(parts[start:place])
            start, chunks = place, 0
        chunks += count
    if start < len(parts):
        ranges.append(parts[start:])
    return ranges


class _Indexer:
    """Makes one segment after the other of what one connection reads."""

    def __init__(self, connection: object, directory: str, done: ChunksDone, stop: StopRequest | None) -> None:
        self._connection = connection
        self._chunks = NvmeTier(connection)  # type: ignore[arg-type]
        self._directory = directory
        self._done = done
        self._stop = stop
        self._vocabulary = Vocabulary()

    def index(self, parts: Sequence[FilePart]) -> BuiltSegment:
        if len(self._vocabulary) > _MOST_WORDS:
            self._vocabulary = Vocabulary()
        builder = SegmentBuilder(self._vocabulary)
        for files, rows, texts in read_slabs(self._connection, self._chunks, parts):  # type: ignore[arg-type]
            if self._stop:
                raise BuildStopped
            builder.add(files, rows, texts)
            self._done(len(rows))
        name = f"segment-{os.urandom(8).hex()}"
        builder.write(os.path.join(self._directory, name))
        return BuiltSegment(name, len(parts), builder.chunks)


def _in_processes(
    context: ContextReader,
    ranges: Sequence[Sequence[FilePart]],
    directory: str,
    workers: int,
    done: ChunksDone,
    stop: StopRequest | None,
) -> dict[int, BuiltSegment]:
    """What worker processes built, by the number of the range; a range of a worker that was killed is not there."""
    todo, fill = os.pipe()
    for number in range(len(ranges)):
        os.write(fill, number.to_bytes(_NUMBER_BYTES, "little"))
    os.close(fill)
    processes: dict[Connection, ForkedProcess] = {}
    built: dict[int, BuiltSegment] = {}
    try:
        for _ in range(workers):
            ours, theirs = Pipe(duplex=False)

            def live(connection: Connection = theirs, others: Sequence[Connection] = (ours, *processes)) -> None:
                for other in others:
                    other.close()
                _work(context.path, context.name, ranges, directory, todo, connection)

            processes[ours] = ForkedProcess(fork(live), is_child=True)
            theirs.close()
        waiting = list(processes)
        while waiting:
            if stop:
                raise BuildStopped
            for connection in wait(waiting, _PATIENCE_SECONDS):
                assert isinstance(connection, Connection)
                try:
                    message = connection.recv()
                except (EOFError, OSError):
                    waiting.remove(connection)
                    continue
                if isinstance(message, Exception):
                    raise message
                if isinstance(message, int):
                    done(message)
                else:
                    number, segment = message
                    built[number] = segment
    finally:
        os.close(todo)
        for connection, process in processes.items():
            connection.close()
            process.kill()
            process.join()
    return built


def _work(
    path: str,
    name: str,
    ranges: Sequence[Sequence[FilePart]],
    directory: str,
    todo: int,
    connection: Connection,
) -> None:
    """Index one range after the other until none is left, or the parent is gone."""
    for each in (signal.SIGINT, signal.SIGTERM):  # both may reach the whole group; the parent decides
        signal.signal(each, signal.SIG_IGN)
    with contextlib.suppress(BrokenPipeError):
        try:
            indexer = _Indexer(connect(path, name, read_only=True), directory, connection.send, None)
            while number := os.read(todo, _NUMBER_BYTES):
                place = int.from_bytes(number, "little")
                connection.send((place, indexer.index(ranges[place])))
        except BrokenPipeError:
            raise
        except Exception as error:  # noqa: BLE001  (the parent raises it)
            connection.send(error)
