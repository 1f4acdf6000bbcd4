"""Further passes over files that a run has read: blocks at other details, in order, by the workers of that run."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Final

from exosuit_cli.pack.collector import blocks_by_file, chosen_tasks
from exosuit_cli.pack.work import PackBatch

if TYPE_CHECKING:
    from collections.abc import Generator, Sequence

    from exosuit_cli.pack.collector import PackCollector, RenderedBlock
    from exosuit_cli.pack.detail import Detail
    from exosuit_cli.pack.work import PackPlan
    from exosuit_cli.system.stop import StopRequest
    from exosuit_cli.workers.carrier import Carrier
    from exosuit_cli.workers.tasks import FinishedTask

_WAIT_SECONDS: Final = 0.1
_FILES_A_TASK: Final = 50
"""Few, so that not many are read in vain where the first ones spend the budget."""


class Rendering:
    """Renders files of a finished run again. A file that has changed or gone since then has no blocks."""

    def __init__(self, carrier: Carrier, collector: PackCollector, plan: PackPlan, stop: StopRequest) -> None:
        self._carrier = carrier
        self._collector = collector
        self._plan = plan
        self._stop = stop

    def blocks(
        self, files: Sequence[int], details: tuple[Detail, ...], *, has_text: bool
    ) -> Generator[tuple[int, list[RenderedBlock]]]:
        """Each of the files, by its number in the collector, with its blocks, in the order given.

        May be closed early. The files are in the order of the pack, as they are in the collector.
        """
        carrier = self._carrier
        carrier.use_work(replace(self._plan, details=details, has_text=has_text))
        expected = [self._place(number) for number in files]
        number_of = dict(zip(expected, files, strict=True))
        places = [self._collector.places[number] for number in files]
        waiting = [
            task.part(start, start + _FILES_A_TASK)
            for task in chosen_tasks(self._collector.tasks, places)
            for start in range(0, len(task.places), _FILES_A_TASK)
        ]
        waiting.reverse()
        found: dict[int, list[RenderedBlock]] = {}
        try:
            for place in expected:
                while place not in found:
                    while waiting and carrier.has_room() and not self._stop:
                        carrier.submit(waiting.pop())
                    if not carrier.is_busy():
                        return  # asked to stop
                    for finished in carrier.collect(_WAIT_SECONDS):
                        self._enter(finished, found)
                yield number_of[place], found.pop(place)
        finally:
            while carrier.is_busy():
                carrier.collect(_WAIT_SECONDS)

    def _place(self, number: int) -> int:
        """The place of a file in the run."""
        task, position = self._collector.places[number]
        return int(self._collector.tasks[task].places[position])

    @staticmethod
    def _enter(finished: FinishedTask, found: dict[int, list[RenderedBlock]]) -> None:
        result = finished.result
        blocks = {}
        if result is not None and isinstance(result.chunks, PackBatch):
            blocks = blocks_by_file(result.chunks)
        for position, place in enumerate(finished.task.places.tolist()):
            found[place] = blocks.get(position, [])
