"""A driver whose cards are this machine's processor: the kernels' own source, and the failures that a test asks for."""

from __future__ import annotations

import contextlib
import ctypes
import json
import os
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

from kernels.emulated import EmulatedQueue

from exosuit_cli.device.driver import Card, Usage
from exosuit_cli.kernels.device import At, DeviceLost, DeviceOutOfMemory
from exosuit_cli.kernels.sources import MODULES
from exosuit_cli.model.errors import ResourceMissing

if TYPE_CHECKING:
    from collections.abc import Iterator

    import numpy.typing as npt

VARIABLE = "EMULATED_CARDS"
"""JSON: `libraries`, a folder; `report`, a file to write; `cards`, how many; and what shall go wrong. With
`clock_only` no kernel runs, and a slab takes its bytes by `bytes_per_s`."""


def _plan() -> dict[str, Any]:
    plan: dict[str, Any] = json.loads(os.environ[VARIABLE])
    return plan


def why_not(index: int) -> str | None:
    reason: str | None = _plan().get("why_not")
    return reason


def count() -> int:
    return int(_plan().get("cards", 1))


def identity(index: int) -> str | None:
    return f"emulated card {index}"


def open_card(index: int, limit_bytes: int) -> EmulatedCard:
    plan = _plan()
    if plan.get("dies_at_start"):
        os._exit(3)
    while "waits_for" in plan and not os.path.exists(plan["waits_for"]):
        time.sleep(0.02)
    if "breaks" in plan:
        raise ValueError("a fault of the driver")
    if index >= plan.get("cards", 1):
        raise ResourceMissing("only cuda:0 is here")
    return EmulatedCard(index, limit_bytes, plan)


class EmulatedCard:
    def __init__(self, index: int, limit_bytes: int, plan: dict[str, Any]) -> None:
        self.card = Card(index, "Emulated", 1 << 30, "0.0", "1", "2", "3", "4")
        self.plan = plan
        self.lock = threading.Lock()
        self.limit_bytes = limit_bytes
        self.ranges: list[str] = []
        self.kernels: set[str] = set()
        self.uploads = self.span_uploads = self.at_work = self.most_at_work = self.pinned = self.given_back = 0
        self.began = self.ended = 0.0
        """When the first slab was there, and when the last one was across."""
        self.arrived = threading.Condition(self.lock)
        self._libraries = {module: ctypes.CDLL(str(Path(plan["libraries"]) / f"{module}.so")) for module in MODULES}

    def queue(self) -> PlannedQueue:
        return PlannedQueue(self, self._libraries, self.plan.get("budget") or self.limit_bytes or 1 << 40)

    @contextlib.contextmanager
    def named_range(self, name: str) -> Iterator[None]:
        self.ranges.append(name)
        yield

    def pin(self, memory: npt.NDArray[Any]) -> None:
        if self.plan.get("cannot_pin"):
            raise DeviceOutOfMemory("no page can be locked")
        self.pinned += memory.nbytes

    def unpin(self, memory: npt.NDArray[Any]) -> None:
        self.pinned -= memory.nbytes

    def give_back(self) -> None:
        self.given_back += 1

    def usage(self) -> Usage:
        Path(f"{self.plan['report']}.{self.card.index}").write_text(
            json.dumps(
                {
                    "uploads": self.uploads,
                    "span_uploads": self.span_uploads,
                    "most_at_work": self.most_at_work,
                    "given_back": self.given_back,
                    "limit_bytes": self.limit_bytes,
                    "ranges": self.ranges,
                    "kernels": sorted(self.kernels),
                    "busy_seconds": self.ended - self.began,
                }
            )
        )
        return Usage(pool_peak_bytes=123, process_bytes=456, card_used_bytes=789, card_bytes=1 << 30)


class PlannedMark(int):
    """A mark that knows its time: everything before it is done when it is made."""

    time = 0.0

    def __init__(self, _: int) -> None:
        self.time = time.monotonic()


class PlannedQueue(EmulatedQueue):
    """An emulated queue that tells its card of its work, and fails when it is told to."""

    def __init__(self, card: EmulatedCard, libraries: dict[str, ctypes.CDLL], budget: int) -> None:
        super().__init__(libraries, budget)
        self._card = card
        self._is_at_work = False

    def copy_in(self, target: Any, array: npt.NDArray[Any]) -> None:
        card, plan = self._card, self._card.plan
        if isinstance(target, At):  # a slab whose spans are wanted
            card.span_uploads += 1
            if card.span_uploads > plan.get("spans_fit", 1 << 60):
                raise DeviceOutOfMemory("no room for spans")
        elif target.name == "slab":
            with card.arrived:
                card.uploads += 1
                card.at_work += 1
                card.most_at_work = max(card.most_at_work, card.at_work)
                number = card.uploads
                card.began = card.began or time.monotonic()
                card.arrived.notify_all()
            self._is_at_work = True
            time.sleep(array.nbytes / plan.get("bytes_per_s", 1e12))
            card.ended = time.monotonic()
            if number > plan.get("lost_after", 1 << 60):
                raise DeviceLost("fell off the bus")
            if number > plan.get("dies_after", 1 << 60):
                os._exit(3)
            if number > plan.get("fails_after", 1 << 60):
                raise ValueError("a fault in a kernel")
            while number > plan.get("hangs_after", 1 << 60):
                time.sleep(1)
        super().copy_in(target, array)

    def launch(self, *arguments: Any) -> None:
        if self._card.plan.get("clock_only"):
            return
        with self._card.lock:  # an emulated block has its shared memory in one place for all
            super().launch(*arguments)
            self._card.kernels.add(arguments[0])

    def mark(self, name: str = "") -> PlannedMark:
        return PlannedMark(super().mark(name))

    def elapsed(self, start: object, end: object) -> float:
        assert isinstance(start, PlannedMark)
        assert isinstance(end, PlannedMark)
        return end.time - start.time

    def wait(self, mark: object) -> None:
        card = self._card
        if self._is_at_work:
            with card.arrived:  # as many as the plan says are at work at once, or the test fails
                assert card.arrived.wait_for(lambda: card.uploads >= card.plan.get("meet", 0), timeout=60)
        super().wait(mark)
        if self._is_at_work:
            self._is_at_work = False
            with card.lock:
                card.at_work -= 1
