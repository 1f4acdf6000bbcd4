"""The kernels of a card that another process owns, as a worker uses them."""

from __future__ import annotations

import os
from collections import Counter
from itertools import cycle
from typing import TYPE_CHECKING

import numpy as np

from exosuit_cli.device.link import Answer, DeviceLink, LinkLost
from exosuit_cli.device.sizes import SLOTS
from exosuit_cli.kernels.cpu import CpuKernels
from exosuit_cli.kernels.frame import CHUNK_ID_BYTES, LineRoom, columns_of, lines_of, span_parts, tokens_of
from exosuit_cli.model.errors import ResourceMissing

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    import numpy.typing as npt

    from exosuit_cli.device.ring import Slot
    from exosuit_cli.kernels.protocol import PendingSlab
    from exosuit_cli.model.slab import LineColumns, Slab, SlabBuffers, SlabColumns, TokenColumns

LEAST_SPANS = 100
"""Fewer, of a KiB or so, are digested here while a card's answer is on its way: it takes some 0.3 ms."""


class RemoteKernels:
    """The protocol `Kernels` over slots of shared memory, for one thread.

    A slab that is in none of its slots is computed here, on the CPU. When the device fails and it was demanded,
    ResourceMissing is raised. When it was not demanded, every further slab is computed here; `failures` counts those by
    the reason. Nor is a card waited for then: while it has both slots, one slab is filled and computed here. `beside`
    counts, by the names of `DeviceTotals`, what the CPU computes beside a working card.
    """

    def __init__(self, device: str, addresses: tuple[str, ...], algorithm: str, *, is_demanded: bool) -> None:
        self.device = device
        self.failures: Counter[str] = Counter()
        self._addresses = addresses
        self._is_demanded = is_demanded
        self.beside: Counter[str] = Counter()
        self._cpu = CpuKernels(algorithm)
        self._links: list[DeviceLink] = []
        self._turns: Iterator[DeviceLink] = iter(())
        self._taken: dict[int, _Taken] = {}
        """The slots that are filled, computed or not read yet, by the address of their data."""
        self._line_rooms: dict[int, LineRoom] = {}
        """By the address of a slot's data: they are valid as long as the slab in it."""
        self._own: _OwnMemory | None = None
        self._lost: str | None = None
        self.batch = -1
        """The number of the batch that slabs belong to, for a timeline."""

    def buffers(self, nbytes: int, *, lines: bool) -> Sequence[npt.NDArray[np.uint8]] | SlabBuffers:
        """Memory of slabs, shared with the owner of the card, which knows how large they are best.

        Where no such memory can be had: raises ResourceMissing if the device is demanded; otherwise returns ordinary
        memory, and slabs are computed here.
        """
        try:
            # Neighbouring processes begin with different cards.
            first = os.getpid() % len(self._addresses)
            for address in (*self._addresses[first:], *self._addresses[:first]):
                self._links.append(DeviceLink(address))
        except LinkLost as error:
            self._lose(str(error))
            return self._cpu.buffers(nbytes, lines=lines)
        self._turns = cycle(self._links)
        return _Slots(self, min(nbytes, *(link.sizes.slab_bytes for link in self._links)))

    def has_room(self, held: int) -> bool:
        """See `SlabBuffers.has_room`; `held` are those that were taken and are not read."""
        own = self._own is not None and self._own.is_held
        if held - own < SLOTS:
            return True
        return not own and not self._is_demanded and self._lost is None and not self._is_any_done()

    def take(self, nbytes: int) -> npt.NDArray[np.uint8]:
        """Memory for the next slab: a slot; ordinary memory where the card has all slots, or answers no more."""
        self._keep_read()
        if self._lost is None and not self._is_demanded and len(self._taken) >= SLOTS:
            if self._own is None:
                self._own = _OwnMemory(nbytes)
            self._own.is_held = True
            return self._own.data
        if self._lost is None:
            link = next(self._turns)
            try:
                slot = link.take()
            except LinkLost as error:
                self._lose(str(error))
            else:
                data = slot.data[:nbytes]
                self._taken[data.ctypes.data] = _Taken(link, slot)
                return data
        return np.empty(nbytes, np.uint8)

    def rest(self) -> None:
        """Let others have the slots that are not in use, before this worker waits for more to do."""
        if self._lost is None:
            self._keep_read()
            for link in self._links:
                self._on_link(link.rest)

    def close(self) -> None:
        """Give everything back."""
        for link in self._links:
            link.close()

    def columns(self, slab: Slab) -> SlabColumns:
        return self.begin(slab, lines=False).finish()[0]

    def lines(self, slab: Slab) -> LineColumns:
        """On the CPU: they are asked for where those that `begin` gave do not serve."""
        return self._cpu.lines(slab)

    def begin(self, slab: Slab, *, lines: bool, tokens: str | None = None) -> PendingSlab:
        taken = self._taken.get(slab.data.ctypes.data)
        if taken is None or not len(slab.data) or len(slab) > taken.link.sizes.files:
            if taken is not None:
                taken.is_read = True
            if self._lost is None:
                self.note_cpu(len(slab), len(slab.data))
            else:
                self.failures[self._lost] += 1
            own = self._own
            if own is not None and own.data.ctypes.data == slab.data.ctypes.data:
                return _OwnSlab(own, self._cpu.begin(slab, lines=lines))
            return self._cpu.begin(slab, lines=lines)
        if self._lost is None:
            try:
                taken.link.send(taken.slot, slab, lines=lines, tokens=tokens is not None, batch=self.batch)
            except LinkLost as error:
                self._lose(str(error))
        return _RemoteSlab(self, taken, slab, lines=lines, is_sent=self._lost is None)

    def span_digests(
        self, data: npt.NDArray[np.uint8], starts: npt.NDArray[np.int64], lengths: npt.NDArray[np.int64], width: int
    ) -> npt.NDArray[np.uint8]:
        """By the card, of a slab that lies in a slot; on the CPU of other bytes, and of few spans or too many."""
        taken = self._taken.get(data.ctypes.data) if len(starts) >= LEAST_SPANS else None
        if (
            taken is None
            or self._lost is not None
            or width != CHUNK_ID_BYTES
            or len(starts) > taken.link.most_spans
            or lengths.sum() > taken.link.sizes.slab_bytes
        ):
            return self._cpu.span_digests(data, starts, lengths, width)
        self._on_link(lambda: taken.link.send_spans(taken.slot, len(data), starts, lengths, self.batch))
        if self._lost is not None or self._answer(taken) is None:
            return self._cpu.span_digests(data, starts, lengths, width)
        return span_parts(taken.slot.found, len(starts))[1].reshape(-1, width).copy()

    def note_cpu(self, files: int, nbytes: int) -> None:
        """Count files that the CPU computes beside the card."""
        self.beside.update(cpu_files=files, cpu_bytes=nbytes)

    def finish(
        self, taken: _Taken, slab: Slab, *, lines: bool, is_sent: bool
    ) -> tuple[SlabColumns, LineColumns | None, TokenColumns | None]:
        """The results of a job, from the card or from the CPU."""
        answer = self._answer(taken) if is_sent else None
        if answer is None and not is_sent and self._lost is not None:
            self.failures[self._lost] += 1
        taken.is_read = True
        if answer is None:
            return (*self._cpu.begin(slab, lines=lines).finish(), None)
        self.beside.update(cpu_line_slabs=lines and answer.lines is None)
        room = self._line_rooms.setdefault(slab.data.ctypes.data, LineRoom())
        return _read(taken, slab, answer, room)

    def _keep_read(self) -> None:
        """Keep the slots whose results were read, for the next slabs."""
        for address in [address for address, taken in self._taken.items() if taken.is_read]:
            taken = self._taken.pop(address)
            self._on_link(taken.link.keep, taken.slot)

    def _is_any_done(self) -> bool:
        """Whether the card has answered for a slab that is not read, or will not answer any more."""
        try:
            return any(taken.link.is_done(taken.slot) for taken in self._taken.values() if not taken.is_read)
        except LinkLost as error:
            self._lose(str(error))
            return True

    def _answer(self, taken: _Taken) -> Answer | None:
        """What became of the job of a slot; None where it failed, and the CPU is to do it."""
        try:
            answer = taken.link.receive(taken.slot)
        except LinkLost as error:
            answer = Answer(failure=str(error), is_final=True)
        if answer.failure is None:
            return answer
        if answer.is_final:
            self._lose(answer.failure)
        elif self._is_demanded:
            raise ResourceMissing(f"device {self.device}: {answer.failure}")
        self.failures[answer.failure] += 1
        return None

    def _on_link(self, act: Callable[..., None], *arguments: Slot) -> None:
        """Do what may find that the owner has gone."""
        if self._lost is None:
            try:
                act(*arguments)
            except LinkLost as error:
                self._lose(str(error))

    def _lose(self, reason: str) -> None:
        if self._is_demanded:
            raise ResourceMissing(f"device {self.device}: {reason}")
        self._lost = reason


class _Taken:
    """A slot that this worker fills or has filled."""

    def __init__(self, link: DeviceLink, slot: Slot) -> None:
        self.link, self.slot = link, slot
        self.is_read = False
        """Whether its results have been taken, so that it may be filled again once the slab is not needed."""


class _OwnMemory:
    """Ordinary memory for one slab that this worker computes itself."""

    def __init__(self, nbytes: int) -> None:
        self.data = np.empty(nbytes, np.uint8)
        self.is_held = False
        """Whether a slab is filled or computed in it, whose results are not read."""


class _OwnSlab:
    """A slab in memory of this worker."""

    def __init__(self, own: _OwnMemory, computed: PendingSlab) -> None:
        self._own, self._computed = own, computed

    def finish(self) -> tuple[SlabColumns, LineColumns | None]:
        self._own.is_held = False
        return self._computed.finish()

    def tokens(self) -> TokenColumns | None:
        return self._computed.tokens()


class _Slots:
    """See `SlabBuffers`."""

    def __init__(self, kernels: RemoteKernels, nbytes: int) -> None:
        self._kernels, self.nbytes = kernels, nbytes

    def has_room(self, held: int) -> bool:
        return self._kernels.has_room(held)

    def take(self) -> npt.NDArray[np.uint8]:
        return self._kernels.take(self.nbytes)


class _RemoteSlab:
    def __init__(self, kernels: RemoteKernels, taken: _Taken, slab: Slab, *, lines: bool, is_sent: bool) -> None:
        self._kernels, self._taken, self._slab, self._lines, self._is_sent = kernels, taken, slab, lines, is_sent
        self._tokens: TokenColumns | None = None

    def finish(self) -> tuple[SlabColumns, LineColumns | None]:
        columns, lines, self._tokens = self._kernels.finish(
            self._taken, self._slab, lines=self._lines, is_sent=self._is_sent
        )
        return columns, lines

    def tokens(self) -> TokenColumns | None:
        return self._tokens


def _read(
    taken: _Taken, slab: Slab, answer: Answer, room: LineRoom
) -> tuple[SlabColumns, LineColumns | None, TokenColumns | None]:
    """The results in a slot, in memory of their own, those of lines in `room`."""
    results, found, files, width = taken.slot.results, taken.slot.found, len(slab), taken.link.sizes.width
    lines = lines_of(found, answer.lines, results, slab.lengths, width, room) if answer.lines is not None else None
    tokens = None
    if answer.has_tokens:
        tokens = tokens_of(results, files, width, found if lines is not None else None, answer.lines or 0, room)
    return columns_of(results, files, width), lines, tokens
