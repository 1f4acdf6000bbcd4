"""What the owner of a card does for its workers: it hands out slots, has their slabs computed, and says when.

One thread hears the workers and submits slabs, each to a lane of the card that is free; one waits for the lanes in turn
and answers; one locks the pages of slots that are new. So one slab is copied in while another is computed and a third
is copied out, and all of it takes a few calls a slab.
"""

from __future__ import annotations

import contextlib
import os
import queue
import select
import socket
import struct
import threading
import time
from collections import deque
from functools import partial
from typing import TYPE_CHECKING

from exosuit_cli.device.jobs import HeldSlot, JobInFlight, SlotJob
from exosuit_cli.device.messages import (
    ANSWER,
    DONE,
    FAILED,
    FINAL,
    GIVE,
    GRANT,
    GREETING,
    HAS_TOKENS,
    JOB,
    MOST_PACKET_BYTES,
    REQUEST,
    SPANS,
    TAKE,
    WANTED,
    WITH_LINES,
    WITH_TOKENS,
)
from exosuit_cli.device.ring import SlabRing, make_memory
from exosuit_cli.kernels.device import DeviceError, DeviceLost, DeviceOutOfMemory
from exosuit_cli.kernels.frame import result_bytes

if TYPE_CHECKING:
    from collections.abc import Callable

    from exosuit_cli.device.driver import OpenCard
    from exosuit_cli.device.sizes import RingSizes
    from exosuit_cli.kernels.device_lane import SlabLane

_CREDENTIALS = struct.Struct("3i")  # unix(7): struct ucred
_PAUSE_SECONDS = 0.1
_NO_LINES = -1


class SlabService:
    """The slots of one card and those who fill them. `lanes` are free now, and their layout is the ring's.

    Raises OSError where there is no memory to share.
    """

    def __init__(
        self, opened: OpenCard, lanes: list[SlabLane], sizes: RingSizes, *, counts_tokens: bool, has_ranges: bool
    ) -> None:
        self._opened, self._sizes, self._counts_tokens, self._has_ranges = opened, sizes, counts_tokens, has_ranges
        self._descriptor = make_memory(sizes)
        ring = SlabRing(self._descriptor, sizes)
        self._data_offset = ring.layout.data_offset
        self._held = [HeldSlot(ring.slot(number)) for number in range(sizes.slots)]
        self._free = deque(self._held)
        self._takers: deque[socket.socket] = deque()
        self._jobs: deque[SlotJob] = deque()
        self._idle = deque(lanes)
        self._flights: queue.SimpleQueue[JobInFlight] = queue.SimpleQueue()
        self._unpinned: queue.SimpleQueue[HeldSlot] = queue.SimpleQueue()
        self._freed: deque[HeldSlot] = deque()
        """Slots whose worker has gone, and whose slab is done."""
        self._wake = os.eventfd(0, os.EFD_CLOEXEC | os.EFD_NONBLOCK)
        self._lost: str | None = None
        self._lock = threading.Lock()
        """Over who holds a slot and whether it is computed."""
        self.slabs = self.spans = 0
        self.pinned_bytes = 0

    def start(self, listener: socket.socket) -> None:
        """Serve everyone who connects, until the process ends."""
        for run in (lambda: self._hear(listener), self._complete, self._pin):
            threading.Thread(target=run, daemon=True).start()

    # The thread that hears and submits.

    def _hear(self, listener: socket.socket) -> None:
        workers: dict[int, socket.socket] = {}
        with select.epoll() as poll:
            poll.register(listener, select.EPOLLIN)
            poll.register(self._wake, select.EPOLLIN)
            while True:
                for number, _ in poll.poll():
                    worker = workers.get(number)
                    if worker is not None:
                        if not self._listen(worker):
                            poll.unregister(number)
                            self._leave(workers.pop(number))
                    elif number == self._wake:
                        with contextlib.suppress(BlockingIOError):
                            os.eventfd_read(self._wake)
                    elif (accepted := self._accept(listener)) is not None:
                        workers[accepted.fileno()] = accepted
                        poll.register(accepted, select.EPOLLIN)
                while self._freed:
                    self._free.append(self._freed.popleft())
                self._submit()
                self._grant()

    def _accept(self, listener: socket.socket) -> socket.socket | None:
        """The next worker, once it has its greeting."""
        try:
            connected, _ = listener.accept()
        except OSError:  # too many open files: some may be closed soon
            time.sleep(_PAUSE_SECONDS)
            return None
        _, user, _ = _CREDENTIALS.unpack(connected.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, _CREDENTIALS.size))
        sizes = self._sizes
        greeting = GREETING.pack(sizes.slots, sizes.slab_bytes, sizes.files, sizes.lines, sizes.width)
        try:
            if user != os.geteuid():
                raise PermissionError
            socket.send_fds(connected, [greeting], [self._descriptor])
        except OSError:
            connected.close()
            return None
        return connected

    def _listen(self, worker: socket.socket) -> bool:
        """Take one message of a worker; whether it is still there."""
        try:
            packet = worker.recv(MOST_PACKET_BYTES)
        except OSError:
            packet = b""
        if len(packet) != REQUEST.size:
            return False
        kind, flags, number, data_bytes, files, batch = REQUEST.unpack(packet)
        if kind == TAKE:
            self._takers.append(worker)
            return True
        held = self._held[number] if number < len(self._held) else None
        if held is None or held.holder is not worker or held.is_computed:
            return True  # it is not the worker's
        if kind == GIVE:
            held.holder = None
            self._free.appendleft(held)  # its pages are there
        elif kind in {JOB, SPANS}:
            held.is_computed = True
            self._jobs.append(SlotJob(kind, held, data_bytes, files, flags, batch))
        return True

    def _leave(self, worker: socket.socket) -> None:
        """Take back what a worker held that has ended; what is with the device stays until that is done."""
        self._takers = deque(taker for taker in self._takers if taker is not worker)
        with self._lock:
            for held in self._held:
                if held.holder is worker:
                    held.holder = None
                    if not held.is_computed:
                        self._free.append(held)
        worker.close()

    def _grant(self) -> None:
        """Give free slots to those who wait for one, in their order."""
        while self._takers and self._free:
            worker, held = self._takers.popleft(), self._free.popleft()
            held.holder = worker
            if not held.is_pinned.is_set():
                self._unpinned.put(held)
            self._send(worker, ANSWER.pack(GRANT, 0, held.slot.number, _NO_LINES))

    def _submit(self) -> None:
        """Begin the jobs whose pages are locked, one on each idle lane; the others once they are."""
        waiting: list[SlotJob] = []
        while self._jobs and self._idle:
            job = self._jobs.popleft()
            if not job.held.is_pinned.is_set():
                waiting.append(job)
                continue
            lane = self._idle.popleft()
            has_tokens = bool(job.flags & WITH_TOKENS) and self._counts_tokens
            failure, is_final = self._lost, self._lost is not None
            if failure is None:
                try:
                    self._begin(job, lane, has_tokens=has_tokens)
                except DeviceLost as error:
                    failure, is_final = str(error), True
                except DeviceOutOfMemory as error:
                    failure = str(error)
                except Exception as error:  # noqa: BLE001  (a fault of ours: the worker hears of it)
                    failure = f"{type(error).__name__}: {error}"
            self._flights.put(JobInFlight(job, lane, has_tokens, failure, is_final))
        self._jobs.extendleft(reversed(waiting))

    def _begin(self, job: SlotJob, lane: SlabLane, *, has_tokens: bool) -> None:
        sizes, slot, is_slab = self._sizes, job.held.slot, job.kind == JOB
        if job.data_bytes > sizes.slab_bytes or job.files > (sizes.files if is_slab else lane.most_spans):
            what = "files" if is_slab else "spans"
            raise ValueError(f"a slab of {job.data_bytes} bytes and {job.files} {what} has no room in a slot")
        if lane.timeline is not None:
            lane.timeline.batch, lane.timeline.files = job.batch, job.files if is_slab else 0
        begin: Callable[[], None]
        if is_slab:
            begin = partial(
                lane.submit,
                slot.frame[: self._data_offset + job.data_bytes],
                slot.results[: result_bytes(job.files, sizes.width)],
                lines=bool(job.flags & WITH_LINES),
                tokens=has_tokens,
            )
        else:
            begin = partial(lane.submit_spans, slot.data[: job.data_bytes], slot.found, job.files)
        if self._has_ranges:
            with self._opened.named_range(f"exosuit: slab of batch {job.batch}, {job.data_bytes} bytes"):
                begin()
        else:
            begin()

    # The thread that waits and answers.

    def _complete(self) -> None:
        while True:
            self._end(self._flights.get())

    def _end(self, flight: JobInFlight) -> None:
        """Wait for what was submitted, and answer."""
        job, lane, has_tokens, failure, is_final = flight
        lines: int | None = None
        if failure is None:
            try:
                lines = lane.finish(job.held.slot.found)
                if job.kind == JOB:
                    self.slabs += 1
                else:
                    self.spans += job.files
            except DeviceLost as error:
                failure, is_final = str(error), True
            except Exception as error:  # noqa: BLE001  (as when it is submitted)
                failure = str(error) if isinstance(error, DeviceOutOfMemory) else f"{type(error).__name__}: {error}"
        if is_final and self._lost is None:
            self._lost = failure
        self._idle.append(lane)
        with self._lock:
            job.held.is_computed = False
            worker = job.held.holder
        if worker is None:
            self._freed.append(job.held)
        if self._jobs or worker is None:
            os.eventfd_write(self._wake, 1)
        if worker is not None:
            flags = WANTED if self._takers else 0
            if failure is not None:
                flags |= FAILED | FINAL if is_final else FAILED
            elif has_tokens:
                flags |= HAS_TOKENS
            packet = ANSWER.pack(DONE, flags, job.held.slot.number, _NO_LINES if lines is None else lines)
            self._send(worker, packet if failure is None else packet + _cut(failure))

    @staticmethod
    def _send(worker: socket.socket, packet: bytes) -> None:
        with contextlib.suppress(OSError):  # it has gone: that is heard of
            worker.send(packet)

    # The thread that locks pages.

    def _pin(self) -> None:
        """Lock the pages of slots for copies at full speed. Where that fails, copies are only slower."""
        while True:
            held = self._unpinned.get()
            if held.is_pinned.is_set():
                continue
            try:
                self._opened.pin(held.slot.memory)
                self.pinned_bytes += held.slot.memory.nbytes
            except DeviceError:
                pass
            finally:
                held.is_pinned.set()
                os.eventfd_write(self._wake, 1)  # its slab may wait for that


def _cut(failure: str) -> bytes:
    """As much of it as a packet holds."""
    return failure.encode()[: MOST_PACKET_BYTES - ANSWER.size]
