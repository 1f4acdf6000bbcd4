"""What the owner of a card needs from a driver. `cuda_driver` is the real one; tests bring their own."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

from exosuit_cli.model.dataclass import dataclass

if TYPE_CHECKING:
    from contextlib import AbstractContextManager

    import numpy.typing as npt

    from exosuit_cli.kernels.device import DeviceQueue


@dataclass(frozen=True, slots=True)
class Card:
    """A card that answers, and what drives it. `memory_bytes` in all; versions as their makers write them."""

    index: int
    name: str
    memory_bytes: int
    compute_capability: str
    driver: str
    cuda: str
    nvrtc: str
    cupy: str


@dataclass(frozen=True, slots=True)
class Usage:
    """Device memory in bytes: the peak of this process's buffers, of all it holds, of everyone; None where unknown.

    `reason` says why the figures of the card are unknown.
    """

    pool_peak_bytes: int | None = None
    process_bytes: int | None = None
    card_used_bytes: int | None = None
    card_bytes: int | None = None
    reason: str | None = None


class OpenCard(Protocol):
    """A card with its kernels built. Its methods raise DeviceOutOfMemory or DeviceLost."""

    @property
    def card(self) -> Card:
        """Which one, and what drives it."""
        ...

    def queue(self) -> DeviceQueue:
        """A further queue."""
        ...

    def named_range(self, name: str) -> AbstractContextManager[None]:
        """Name what this thread does in the block, for the vendor's profilers."""
        ...

    def pin(self, memory: npt.NDArray[Any]) -> None:
        """Lock the pages of a host array, so that the device copies from and to it at full speed."""
        ...

    def unpin(self, memory: npt.NDArray[Any]) -> None:
        """Unlock them."""
        ...

    def give_back(self) -> None:
        """Give the memory that no buffer uses back to the device."""
        ...

    def usage(self) -> Usage:
        """How much device memory is in use."""
        ...


class Driver(Protocol):
    """A module that opens cards."""

    __name__: str

    def why_not(self, index: int) -> str | None:
        """Why card `index` certainly cannot be used, and what to do; None if it may be. Quick, and loads nothing."""
        ...

    def count(self) -> int:
        """How many cards may be opened where `why_not` is None; 0 where that is unknown."""
        ...

    def identity(self, index: int) -> str | None:
        """Card, driver and library in words, under which measurements are kept; None where they are unknown."""
        ...

    def open_card(self, index: int, limit_bytes: int) -> OpenCard:
        """Open a card whose buffers may take `limit_bytes`, 0 for all it has. Raises ResourceMissing."""
        ...
