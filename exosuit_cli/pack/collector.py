"""Brings the blocks of a run back into the order of the walk, in whatever order the workers finish."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple, Protocol

import numpy as np

from exosuit_cli.languages import LANGUAGES
from exosuit_cli.model.records import Kind, Outcome
from exosuit_cli.pack.detail import Detail
from exosuit_cli.pack.result import PackedFile
from exosuit_cli.pack.work import PackBatch

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from exosuit_cli.chunk.batch import Chunking
    from exosuit_cli.pack.work import PackPlan
    from exosuit_cli.shards.work import WorkPlan
    from exosuit_cli.workers.tasks import FinishedTask, Task

HELD_BYTES: Final = 64 << 20
HELD_BATCHES: Final = 128
"""No new batch is begun while so many rendered bytes, or batches, wait for an earlier one. Each holds a descriptor."""


class RenderedBlock(NamedTuple):
    """A block as it came from a worker; `text` is valid until the next block is asked for."""

    detail: Detail
    tokens: int
    text: memoryview


class Stage(Protocol):
    """Takes the files of a run, in order."""

    def take(self, file: PackedFile, blocks: Sequence[RenderedBlock]) -> None:
        """Take the next file and its blocks."""
        ...


class PackCollector:
    """Hands each text file to a stage, in the order of the walk, and remembers where each one was read."""

    def __init__(self, plan: PackPlan, stage: Stage) -> None:
        self._plan = plan
        self._stage = stage
        self.files: list[PackedFile] = []
        self.binary: list[bytes] = []
        self.places: list[tuple[int, int]] = []
        """Of each file, the task in `tasks` and its position in that."""
        self.tasks: list[Task] = []
        self._next = 0
        self._held: dict[int, FinishedTask] = {}
        self._held_bytes = 0

    @property
    def chunking(self) -> Chunking | WorkPlan:
        """What the workers make of texts."""
        return self._plan

    def has_room(self) -> bool:
        """Whether another batch may be begun."""
        return self._held_bytes < HELD_BYTES and len(self._held) < HELD_BATCHES

    def take(self, finished: FinishedTask) -> None:
        """Take in a batch, and hand over every batch that is next in order."""
        if not len(finished.task.places):
            return  # interrupted before its first file
        self._held[int(finished.task.places[0])] = finished
        self._held_bytes += _size(finished)
        while (following := self._held.pop(self._next, None)) is not None:
            self._held_bytes -= _size(following)
            self._next += len(following.task.places)
            self._hand_over(following)

    def _hand_over(self, finished: FinishedTask) -> None:
        result = finished.result
        if result is None or not isinstance(result.chunks, PackBatch):
            return
        number = len(self.tasks)
        self.tasks.append(finished.task)
        blocks = blocks_by_file(result.chunks)
        rows = result.rows
        columns = [rows[name].tolist() for name in ("outcome", "kind", "size", "lines", "tokens", "language")]
        for position, (path, outcome, kind, size, lines, tokens, language) in enumerate(
            zip(finished.task.batch.paths(), *columns, strict=False)
        ):
            if outcome != Outcome.INGESTED:
                continue
            if kind == Kind.BINARY:
                self.binary.append(path)
                continue
            file = PackedFile(path, size, lines, tokens, LANGUAGES[language], Detail.PATH)
            file.remarks = result.chunks.remarks.get(position)
            self.files.append(file)
            self.places.append((number, position))
            self._stage.take(file, blocks.get(position, ()))


def blocks_by_file(batch: PackBatch) -> dict[int, list[RenderedBlock]]:
    """The blocks of each file of a batch, by its position."""
    found: dict[int, list[RenderedBlock]] = {}
    view = memoryview(batch.rendered)
    ends = np.cumsum(batch.sizes).tolist()
    columns = zip(
        batch.files.tolist(), batch.details.tolist(), batch.tokens.tolist(), batch.sizes.tolist(), ends, strict=True
    )
    for position, detail, tokens, size, end in columns:
        block = RenderedBlock(Detail(detail), tokens, view[end - size : end])
        found.setdefault(position, []).append(block)
    return found


def chosen_tasks(tasks: Sequence[Task], places: Sequence[tuple[int, int]]) -> Iterator[Task]:
    """Tasks that read only the files at these places of `tasks`, in their order."""
    from dataclasses import replace

    positions: dict[int, list[int]] = {}
    for number, position in places:
        positions.setdefault(number, []).append(position)
    for number, wanted in positions.items():
        task = tasks[number]
        groups = []
        first = 0
        for directory, names in task.batch.groups:
            kept = tuple(names[each - first] for each in wanted if first <= each < first + len(names))
            if kept:
                groups.append((directory, kept))
            first += len(names)
        yield replace(
            task, batch=replace(task.batch, groups=tuple(groups)), places=task.places[wanted], read_links=True
        )


def _size(finished: FinishedTask) -> int:
    chunks = finished.result.chunks if finished.result is not None else None
    return len(chunks.rendered) if chunks is not None else 0
