"""The kernels of a card that another process owns, as a worker uses them."""

from __future__ import annotations

import os
import socket
from collections import Counter
from multiprocessing.connection import Connection
from typing import TYPE_CHECKING

from exosuit_cli.device.messages import Answer, Job, SlotSizes
from exosuit_cli.device.slot import FILE_BYTES, LINE_BYTES, SlotMemory
from exosuit_cli.kernels.cpu import CpuKernels
from exosuit_cli.model.errors import ResourceMissing

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    from exosuit_cli.kernels.protocol import PendingSlab
    from exosuit_cli.model.slab import LineColumns, Slab, SlabColumns, TokenColumns

SLOTS = 2
"""Slabs of a worker: one is with the device while the next is filled."""
_PAGE = 4096
_LINE = 12
"""Bytes of a mean line: the results have room for as many lines as a slab of such lines has."""
_PATIENCE_SECONDS = 60
"""A slab takes milliseconds; a card that has not answered by then is stuck."""


class RemoteKernels:
    """The protocol `Kernels` over slots of shared memory, for one thread.

    A slab that is in none of `buffers` is computed here, on the CPU. When the device fails and it was demanded,
    ResourceMissing is raised. When it was not demanded, every further slab is computed here; `failures` counts those by
    the reason. `beside` counts, by the names of `DeviceTotals`, what the CPU computes beside a working card.
    `batch_files`: the most files of a slab.
    """

    def __init__(
        self, device: str, addresses: tuple[str, ...], algorithm: str, *, batch_files: int, is_demanded: bool
    ) -> None:
        self.device = device
        self.failures: Counter[str] = Counter()
        self._addresses = addresses
        self._algorithm = algorithm
        self._is_demanded = is_demanded
        self._batch_files = batch_files
        self.beside: Counter[str] = Counter()
        self._cpu = CpuKernels(algorithm)
        self._slots: list[_Slot] = []
        self._lost: str | None = None
        self.batch = -1
        """The number of the batch that slabs belong to, for a timeline."""

    def buffers(self, nbytes: int, *, lines: bool) -> list[npt.NDArray[np.uint8]]:
        """Memory of slabs, shared with the owner of the card. Behind each is room for the results.

        Where no such memory can be made: raises ResourceMissing if the device is demanded; otherwise returns ordinary
        memory, and slabs are computed here.
        """
        slab_bytes = -(-nbytes // _PAGE) * _PAGE
        line_bytes = slab_bytes // _LINE * LINE_BYTES if lines else 0
        sizes = SlotSizes(slab_bytes, -(-(self._batch_files * FILE_BYTES + line_bytes + _PAGE) // _PAGE) * _PAGE)
        for number in range(SLOTS):
            # Neighbouring processes begin with different cards.
            address = self._addresses[(os.getpid() + number) % len(self._addresses)]
            try:
                self._slots.append(_Slot(sizes, self._algorithm, address))
            except OSError as error:
                self._lose(f"no memory to share with its owner: {error.strerror}")
                self._slots.clear()
                return self._cpu.buffers(nbytes, lines=lines)
        return [slot.memory.slab[:nbytes] for slot in self._slots]

    def columns(self, slab: Slab) -> SlabColumns:
        return self.begin(slab, lines=False).finish()[0]

    def lines(self, slab: Slab) -> LineColumns:
        lines = self.begin(slab, lines=True).finish()[1]
        return lines if lines is not None else self._cpu.lines(slab)

    def begin(self, slab: Slab, *, lines: bool, tokens: str | None = None) -> PendingSlab:
        slot = next((slot for slot in self._slots if slot.holds(slab)), None)
        if slot is None:
            self.note_cpu(len(slab), len(slab.data))
            return self._cpu.begin(slab, lines=lines)
        if self._lost is None:
            try:
                slot.send(slab, lines=lines, tokens=tokens, batch=self.batch)
            except OSError:
                self._lose("the process that owns the card ended")
        return _RemoteSlab(self, slot, slab, lines=lines, is_sent=self._lost is None)

    def span_digests(
        self, data: npt.NDArray[np.uint8], starts: npt.NDArray[np.int64], lengths: npt.NDArray[np.int64], width: int
    ) -> npt.NDArray[np.uint8]:
        """On the CPU: the spans are known when the slab has left the device, and another copy would cost more."""
        return self._cpu.span_digests(data, starts, lengths, width)

    def note_cpu(self, files: int, nbytes: int) -> None:
        """Count files that the CPU computes because of their size."""
        self.beside.update(cpu_files=files, cpu_bytes=nbytes)

    def finish(
        self, slot: _Slot, slab: Slab, *, lines: bool, is_sent: bool
    ) -> tuple[SlabColumns, LineColumns | None, TokenColumns | None]:
        """The results of a job, from the card or from the CPU."""
        if is_sent:
            try:
                answer = slot.receive()
            except (EOFError, OSError):
                answer = Answer(failure="the process that owns the card ended", is_final=True)
            if answer.failure is None:
                self.beside.update(cpu_line_slabs=lines and answer.lines is None)
                return slot.memory.read(len(slab), answer.lines, has_tokens=answer.has_tokens)
            if answer.is_final:
                self._lose(answer.failure)
            elif self._is_demanded:
                raise ResourceMissing(f"device {self.device}: {answer.failure}")
            self.failures[answer.failure] += 1
        elif self._lost is not None:
            self.failures[self._lost] += 1
        return (*self._cpu.begin(slab, lines=lines).finish(), None)

    def _lose(self, reason: str) -> None:
        if self._is_demanded:
            raise ResourceMissing(f"device {self.device}: {reason}")
        self._lost = reason


class _Slot:
    """One slab's memory and the line to the thread that serves it."""

    def __init__(self, sizes: SlotSizes, algorithm: str, address: str) -> None:
        descriptor = os.memfd_create("exosuit-slab", os.MFD_CLOEXEC)
        try:
            os.ftruncate(descriptor, sizes.slab_bytes + sizes.result_bytes)
        except OSError:
            os.close(descriptor)
            raise
        self._connection: Connection | None = None
        try:
            connected = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
            connected.connect(address)
            socket.send_fds(connected, [b"\0"], [descriptor])
            self._connection = Connection(connected.detach())
            self._connection.send(sizes)
        except OSError:
            self._connection = None  # the owner is gone: the first job finds it so
        self.memory = SlotMemory(descriptor, sizes, algorithm)
        self._address = self.memory.slab.ctypes.data

    def holds(self, slab: Slab) -> bool:
        """Whether the slab lies at the start of this memory."""
        return len(slab.data) > 0 and slab.data.ctypes.data == self._address

    def send(self, slab: Slab, *, lines: bool, tokens: str | None, batch: int) -> None:
        if self._connection is None:
            raise ConnectionResetError
        self._connection.send(Job(len(slab.data), slab.offsets.tobytes(), slab.lengths.tobytes(), lines, batch, tokens))

    def receive(self) -> Answer:
        if self._connection is None:
            raise ConnectionResetError
        if not self._connection.poll(_PATIENCE_SECONDS):
            self._connection.close()
            self._connection = None
            return Answer(failure=f"no answer within {_PATIENCE_SECONDS} s", is_final=True)
        answer: Answer = self._connection.recv()
        return answer


class _RemoteSlab:
    def __init__(self, kernels: RemoteKernels, slot: _Slot, slab: Slab, *, lines: bool, is_sent: bool) -> None:
        self._kernels, self._slot, self._slab, self._lines, self._is_sent = kernels, slot, slab, lines, is_sent
        self._tokens: TokenColumns | None = None

    def finish(self) -> tuple[SlabColumns, LineColumns | None]:
        columns, lines, self._tokens = self._kernels.finish(
            self._slot, self._slab, lines=self._lines, is_sent=self._is_sent
        )
        return columns, lines

    def tokens(self) -> TokenColumns | None:
        return self._tokens
