"""How long a run takes on the processors alone, and with a card beside them: what `auto` decides by."""

from __future__ import annotations

from typing import Final

from exosuit_cli.device.sizes import SLAB_BYTES, SLOTS
from exosuit_cli.model.dataclass import dataclass
from exosuit_cli.model.units import LARGEST_SIZE

LEAST_GAIN: Final = 1.1
"""A card that makes a run faster by less is not worth a process of its own."""


@dataclass(frozen=True, slots=True)
class Forecast:
    """A run on so many processors, by bytes of input a second.

    `core`: what one processor computes of slabs. `read`: what one processor does of all else. `card`: slabs through the
    process that owns the card, kernels and link included. The processors read in either case. Where `auto` lets a card
    join, a worker whose slots are all at the card computes a slab itself, so a slow card holds it up at the end only.
    """

    processors: int
    core: float
    read: float
    card: float
    start_seconds: float
    """Until the card is open, for which one processor works meanwhile."""
    slab_bytes: int = SLAB_BYTES

    @property
    def alone(self) -> float:
        """The processors read and compute."""
        return self.processors / (1 / self.core + 1 / self.read)

    @property
    def joined(self) -> float:
        """The card takes what it can, and the processors do the rest."""
        spared = self.card * self.read / (self.core + self.read)  # what they get done in the time of what it computes
        return min(self.processors * self.read, self.alone + spared)

    @property
    def demanded(self) -> float:
        """The card computes all: the slower of it and those who read sets the pace."""
        return min(self.processors * self.read, self.card)

    @property
    def drain_seconds(self) -> float:
        """At the end, all workers may wait for the slabs that all of them have at the card."""
        return SLOTS * self.processors * self.slab_bytes / self.card

    def seconds_alone(self, nbytes: float) -> float:
        """Of so many bytes on the processors."""
        return nbytes / self.alone

    def seconds_joined(self, nbytes: float) -> float:
        """Where the card is started now, and joins when it is open."""
        meanwhile = self.alone * (self.processors - 1) / self.processors
        if nbytes < meanwhile * self.start_seconds:
            return nbytes / meanwhile
        return self.start_seconds + (nbytes - meanwhile * self.start_seconds) / self.joined + self.drain_seconds

    def seconds_demanded(self, nbytes: float) -> float:
        """Where nothing is done before the card is open."""
        return self.start_seconds + nbytes / self.demanded + self.drain_seconds

    @property
    def break_even_bytes(self) -> int | None:
        """From where on a card that joins saves time; None where it gains too little."""
        alone, joined = self.alone, self.joined
        if joined < alone * LEAST_GAIN:
            return None
        meanwhile = alone * (self.processors - 1) / self.processors
        # nbytes / alone = start + (nbytes - meanwhile * start) / joined + drain, and never more bytes than there can be
        lost = self.start_seconds * (joined - meanwhile) + self.drain_seconds * joined
        return int(min(lost * (alone / (joined - alone)), LARGEST_SIZE))
