"""The process that owns a card. It alone talks to the driver, for the workers that fill slabs.

Every slot has a thread here. A job waits for a free lane: a queue of the device with its own buffers. So one slab is
copied in while another is computed and a third is copied out. At most as many slabs are in flight as there are lanes;
the others wait in their slots.
"""

from __future__ import annotations

import contextlib
import importlib
import os
import queue
import signal
import socket
import struct
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import fields, replace
from multiprocessing.connection import Connection
from typing import TYPE_CHECKING, NamedTuple, cast

import numpy as np

from exosuit_cli.device.halves import halves, join_columns, join_lines, join_tokens
from exosuit_cli.device.messages import Answer, Job, OwnerSettings, Ready, Refusal, SlotSizes
from exosuit_cli.device.slot import SlotMemory
from exosuit_cli.device.totals import DeviceTotals
from exosuit_cli.kernels.device import DeviceLost, DeviceOutOfMemory, DeviceTimes
from exosuit_cli.kernels.device_kernels import DeviceKernels
from exosuit_cli.kernels.device_tokens import DeviceTables
from exosuit_cli.kernels.timeline import DeviceTimeline
from exosuit_cli.model.errors import ExosuitError
from exosuit_cli.model.slab import LineColumns, Slab, SlabColumns, TokenColumns

if TYPE_CHECKING:
    from contextlib import AbstractContextManager

    from exosuit_cli.device.driver import Driver
    from exosuit_cli.model.counting_tables import CountingTables

_CREDENTIALS = struct.Struct("3i")  # unix(7): struct ucred
_PAUSE_SECONDS = 0.1


def main(descriptor: int) -> None:
    """Run the process: its settings come first over the connection `descriptor`; it ends when that is closed."""
    for number in (signal.SIGINT, signal.SIGTERM):  # both may reach the whole group; the parent decides what they mean
        signal.signal(number, signal.SIG_IGN)
    control = Connection(descriptor)
    with contextlib.suppress(EOFError, OSError):  # the parent is gone
        settings: OwnerSettings = control.recv()
        try:
            # From the first: a worker may connect while the kernels are built.
            listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
            listener.bind(settings.address)
            listener.listen(socket.SOMAXCONN)
            owner = Owner(settings)
        except ExosuitError as error:
            control.send(Refusal(str(error)))
            return
        except Exception as error:  # noqa: BLE001  (a driver may raise anything: the parent hears of it and ends the run)
            control.send(Refusal(f"it cannot be opened: {type(error).__name__}: {error}"))
            return
        control.send(Ready(owner.card))
        threading.Thread(target=owner.accept, args=(listener,), daemon=True).start()
        control.recv()
        control.send(owner.totals())


class Owner:
    """A card with its lanes. Raises ResourceMissing where the card cannot be used."""

    def __init__(self, settings: OwnerSettings) -> None:
        self._settings = settings
        driver = cast("Driver", importlib.import_module(settings.driver))
        with ThreadPoolExecutor(1) as beside:  # a driver takes as long to open a card as the tables take
            tables = beside.submit(_counting_tables, settings.encoding)
            self._opened = driver.open_card(settings.card, settings.limit_bytes)
        self.card = self._opened.card
        self._tables = self._uploaded(tables.result())
        self._lanes: queue.SimpleQueue[DeviceKernels] = queue.SimpleQueue()
        self._all_lanes = [self._lane() for _ in range(settings.lanes)]
        for lane in self._all_lanes:
            self._lanes.put(lane)
        self._lock = threading.Lock()
        self._totals = DeviceTotals()
        self._pinned_bytes = 0
        self._lost: str | None = None

    def _uploaded(self, tables: CountingTables | None) -> DeviceTables | None:
        """The tables on the card; None where it has no room, and the workers count."""
        if tables is None:
            return None
        self._keeper = self._opened.queue()  # apart from the lanes, which may let go of their buffers
        try:
            return DeviceTables.upload(self._keeper, tables)
        except DeviceOutOfMemory:
            self._keeper.release()
            self._opened.give_back()
            return None

    def _lane(self) -> DeviceKernels:
        opened, spans = self._opened.queue(), self._settings.recorded_spans
        timeline = DeviceTimeline(opened, spans) if spans else None
        return DeviceKernels(opened, self._settings.algorithm, timeline, self._tables)

    def accept(self, listener: socket.socket) -> None:
        """Serve everyone who connects."""
        while True:
            try:
                connected, _ = listener.accept()
            except OSError:  # too many open files: some may be closed soon
                time.sleep(_PAUSE_SECONDS)
                continue
            _, user, _ = _CREDENTIALS.unpack(
                connected.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, _CREDENTIALS.size)
            )
            if user != os.geteuid():
                connected.close()
                continue
            threading.Thread(target=self._serve, args=(connected,), daemon=True).start()

    def totals(self) -> DeviceTotals:
        """What was done so far."""
        with self._lock:
            usage = self._opened.usage()
            times = [lane.times for lane in self._all_lanes]
            return replace(
                self._totals,
                **{field.name: sum(getattr(part, field.name) for part in times) for field in fields(DeviceTimes)},
                cpu_seconds=time.process_time(),
                pool_peak_bytes=usage.pool_peak_bytes,
                process_bytes=usage.process_bytes,
                card_used_bytes=usage.card_used_bytes,
                card_bytes=usage.card_bytes,
                card_reason=usage.reason,
                tracks=tuple(
                    lane.timeline.track.recorded("device", f"cuda:{self._settings.card} stream {number}")
                    for number, lane in enumerate(self._all_lanes)
                    if lane.timeline is not None
                ),
            )

    def _serve(self, connected: socket.socket) -> None:
        """One slot, for as long as its other end is there."""
        with contextlib.suppress(EOFError, OSError), Connection(connected.detach()) as connection:
            with socket.socket(fileno=os.dup(connection.fileno())) as receiver:
                _, descriptors, _, _ = socket.recv_fds(receiver, 1, 1)
            sizes: SlotSizes = connection.recv()
            memory = SlotMemory(descriptors[0], sizes, self._settings.algorithm)
            pinned = self._pin(memory)
            try:
                while True:
                    connection.send(self._answer(connection.recv(), memory))
            finally:
                if pinned:
                    self._unpin(memory)

    def _pin(self, memory: SlotMemory) -> bool:
        """Lock the pages of a slot for copies at full speed. Where that fails, copies are only slower."""
        try:
            self._opened.pin(memory.slab)
        except (DeviceOutOfMemory, DeviceLost):
            return False
        with self._lock:
            self._pinned_bytes += memory.slab.nbytes
            self._totals.pinned_bytes = max(self._totals.pinned_bytes, self._pinned_bytes)
        return True

    def _unpin(self, memory: SlotMemory) -> None:
        with contextlib.suppress(DeviceLost):
            self._opened.unpin(memory.slab)
        with self._lock:
            self._pinned_bytes -= memory.slab.nbytes

    def _answer(self, job: Job, memory: SlotMemory) -> Answer:
        if self._lost is not None:
            return Answer(failure=self._lost, is_final=True)
        slab = Slab(
            memory.slab[: job.data_bytes], np.frombuffer(job.offsets, np.int64), np.frombuffer(job.lengths, np.int64)
        )
        lane = self._lanes.get()
        if lane.timeline is not None:
            lane.timeline.batch = job.batch
        try:
            with self._named(job):
                found = self._compute(lane, slab, memory, job)
        except DeviceOutOfMemory as error:
            return Answer(failure=str(error))
        except DeviceLost as error:
            self._lost = str(error)
            return Answer(failure=self._lost, is_final=True)
        except Exception as error:  # noqa: BLE001  (a fault of ours: the worker hears of it, and its slab is not lost)
            return Answer(failure=f"{type(error).__name__}: {error}")
        finally:
            self._lanes.put(lane)
        count = None if found.lines is None else len(found.lines.heads)
        try:
            memory.write(*found)
        except ValueError as error:
            return Answer(failure=str(error))
        with self._lock:
            self._totals.slabs += 1
        return Answer(count, has_tokens=found.tokens is not None)

    def _named(self, job: Job) -> AbstractContextManager[None]:
        if not self._settings.has_ranges:
            return contextlib.nullcontext()
        return self._opened.named_range(f"exosuit: slab of batch {job.batch}, {job.data_bytes} bytes")

    def _compute(self, lane: DeviceKernels, slab: Slab, memory: SlotMemory, job: Job) -> Found:
        """The columns of a slab; where the device has no room, those of its halves, once.

        Lines are None where there is no room for theirs in the memory.
        """
        most_lines = memory.most_lines(len(slab))
        try:
            return _found(lane, slab, job, most_lines)
        except DeviceOutOfMemory:
            if len(slab) < 2:
                raise
        lane.release()
        self._opened.give_back()
        with self._lock:
            self._totals.halved_slabs += 1
        results = [_found(lane, half, job, most_lines) for half in halves(slab)]
        lines = join_lines([found.lines for found in results])
        if lines is not None and len(lines.heads) > most_lines:
            lines = None
        tokens = join_tokens([found.tokens for found in results], with_lines=lines is not None)
        return Found(join_columns([found.columns for found in results]), lines, tokens)


class Found(NamedTuple):
    """The results of a slab."""

    columns: SlabColumns
    lines: LineColumns | None
    tokens: TokenColumns | None


def _found(lane: DeviceKernels, slab: Slab, job: Job, most_lines: int) -> Found:
    pending = lane.begin(slab, lines=job.wants_lines, tokens=job.tokens)
    columns, lines = pending.finish(most_lines)
    return Found(columns, lines, pending.tokens())


def _counting_tables(encoding: str | None) -> CountingTables | None:
    if encoding is None:
        return None
    from exosuit_cli.tokens.tables import counting_tables

    return counting_tables(encoding)
