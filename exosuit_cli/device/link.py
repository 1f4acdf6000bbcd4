"""One worker's line to the owner of a card: slots of its ring, jobs and their answers."""

from __future__ import annotations

import select
import socket
from typing import TYPE_CHECKING, NamedTuple, Self

from exosuit_cli.device.messages import (
    ANSWER,
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
from exosuit_cli.device.ring import SlabRing, Slot
from exosuit_cli.device.sizes import RingSizes
from exosuit_cli.kernels.frame import CHUNK_ID_BYTES, heading, line_bytes, most_spans, span_parts

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    from exosuit_cli.model.slab import Slab

PATIENCE_SECONDS = 60
"""A slab takes milliseconds; a card that has not answered by then is stuck."""


class Answer(NamedTuple):
    """What became of a slab; `lines` is None where there are none in the slot's memory."""

    lines: int | None = None
    has_tokens: bool = False
    failure: str | None = None
    is_final: bool = False
    """The device will not do better."""


class LinkLost(Exception):
    """The owner does not answer any more, and why."""


class DeviceLink:
    """A connection to the owner at `address`, and the slots that it has given. Raises LinkLost, also when it is made.

    Not for two threads at once.
    """

    def __init__(self, address: str) -> None:
        self._answers: dict[int, Answer] = {}
        self._free: list[Slot] = []
        self._granted: list[int] = []
        self.is_wanted = False
        """Whether another worker waits for a slot."""
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self._socket.settimeout(PATIENCE_SECONDS)
        try:
            self._socket.connect(address)
            packet, descriptors, _, _ = socket.recv_fds(self._socket, GREETING.size, 1)
        except OSError as error:
            self.close()
            raise LinkLost(_reason(error)) from error
        if not descriptors:
            self.close()
            raise LinkLost(_ENDED)
        sizes = RingSizes(*GREETING.unpack(packet))
        with open(descriptors[0], "rb+", buffering=0) as memory:
            try:
                self._ring = SlabRing(memory.fileno(), sizes)
            except OSError as error:
                self.close()
                raise LinkLost(f"no memory to share with its owner: {error.strerror}") from error
        self._poll = select.poll()
        self._poll.register(self._socket, select.POLLIN)
        self.sizes = sizes
        self.most_spans = most_spans(sizes.slab_bytes, line_bytes(sizes.lines))
        """How many spans a slot has room for, besides as many bytes as a slab."""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def take(self) -> Slot:
        """A slot to fill. Waits for one where others have all."""
        if self._free:
            return self._free.pop()
        self._send(TAKE)
        while not self._granted:
            self._hear()
        return self._ring.slot(self._granted.pop())

    def keep(self, slot: Slot) -> None:
        """Have a slot whose results are not needed any more for the next slab, or give it to those who wait."""
        if self.is_wanted:
            self._give(slot)
        else:
            self._free.append(slot)

    def rest(self) -> None:
        """Give back all slots that hold nothing, before a time in which none may be needed."""
        while self._free:
            self._give(self._free.pop())

    def _give(self, slot: Slot) -> None:
        self._send(GIVE, number=slot.number)

    def send(self, slot: Slot, slab: Slab, *, lines: bool, tokens: bool, batch: int) -> None:
        """Have the slab at the beginning of the slot's data computed."""
        head = heading(len(slab.data), slab.offsets, slab.lengths, self.sizes.width)
        slot.frame[: head.nbytes] = head.view("u1")
        flags = WITH_LINES * lines | WITH_TOKENS * tokens
        self._send(JOB, flags, slot.number, len(slab.data), len(slab), batch)

    def send_spans(
        self, slot: Slot, data_bytes: int, starts: npt.NDArray[np.int64], lengths: npt.NDArray[np.int64], batch: int
    ) -> None:
        """Have spans of the slab in a slot digested: up to `most_spans`. The lines that came with it are gone then."""
        head, _ = span_parts(slot.found, len(starts))
        head[:] = heading(data_bytes, starts, lengths, CHUNK_ID_BYTES).view("u1")
        self._send(SPANS, 0, slot.number, data_bytes, len(starts), batch)

    def is_done(self, slot: Slot) -> bool:
        """Whether `receive` returns at once."""
        while slot.number not in self._answers and self._poll.poll(0):
            self._hear()
        return slot.number in self._answers

    def receive(self, slot: Slot) -> Answer:
        """Wait for the answer to the job in a slot."""
        while slot.number not in self._answers:
            self._hear()
        return self._answers.pop(slot.number)

    def close(self) -> None:
        """End the connection."""
        self._socket.close()

    def _send(
        self, kind: int, flags: int = 0, number: int = 0, nbytes: int = 0, files: int = 0, batch: int = -1
    ) -> None:
        try:
            self._socket.send(REQUEST.pack(kind, flags, number, nbytes, files, batch))
        except OSError as error:
            raise LinkLost(_reason(error)) from error

    def _hear(self) -> None:
        try:
            packet = self._socket.recv(MOST_PACKET_BYTES)
        except OSError as error:
            self.close()  # what it may still say belongs to nothing
            raise LinkLost(_reason(error)) from error
        if len(packet) < ANSWER.size:
            raise LinkLost(_ENDED)
        kind, flags, number, lines = ANSWER.unpack_from(packet)
        if kind == GRANT:
            self._granted.append(number)
            return
        self.is_wanted = bool(flags & WANTED)
        failure = packet[ANSWER.size :].decode(errors="replace") if flags & FAILED else None
        self._answers[number] = Answer(
            lines if lines >= 0 else None,
            has_tokens=bool(flags & HAS_TOKENS),
            failure=failure,
            is_final=bool(flags & FINAL),
        )


_ENDED = "the process that owns the card ended"


def _reason(error: OSError) -> str:
    return f"no answer within {PATIENCE_SECONDS} s" if isinstance(error, TimeoutError) else _ENDED
