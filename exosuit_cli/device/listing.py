"""Which cards there are, and what was measured of each."""

from __future__ import annotations

from typing import TYPE_CHECKING

from exosuit_cli.device.choice import DeviceChoice, choose_device, load_driver
from exosuit_cli.device.probe import measure, probe_of, save_probe
from exosuit_cli.model.dataclass import dataclass
from exosuit_cli.model.errors import ResourceMissing
from exosuit_cli.system.processors import usable_processors

if TYPE_CHECKING:
    from collections.abc import Callable

    from exosuit_cli.device.driver import Card
    from exosuit_cli.device.probe import Probe


@dataclass(frozen=True, slots=True)
class ListedCard:
    """One card: what it is, or why it cannot be used; what was measured of it, if anything."""

    device: str
    card: Card | None
    reason: str | None
    probe: Probe | None


@dataclass(frozen=True, slots=True)
class DeviceListing:
    """All cards. `reason` says why there is none; `automatic` is what `auto` chooses for a scan with tokens."""

    cards: tuple[ListedCard, ...]
    reason: str | None
    automatic: DeviceChoice


def list_devices(limit_bytes: int, reading_rate: Callable[[], float], *, measuring: bool) -> DeviceListing:
    """Open every card; measure those that were not measured, or all with `measuring`, and keep it: seconds a card.

    `limit_bytes`: what the buffers on a card may take, 0 for all it has. `reading_rate`: see `measure`. Raises
    OutputError where a measurement cannot be kept.
    """
    driver = load_driver()
    reason = driver.why_not(0)
    cards: list[ListedCard] = []
    count = driver.count() if reason is None else 0
    if reason is None and not count:
        reason = "the driver reports no card; nvidia-smi shows what it knows"
    for index in range(count):
        device = f"cuda:{index}"
        try:
            opened = driver.open_card(index, limit_bytes)
            probe = None if measuring else probe_of(driver, index)
            if probe is None:
                probe = measure(driver, opened, index, limit_bytes, reading_rate)
                identity = driver.identity(index)
                if identity is not None:
                    save_probe(identity, probe)
            cards.append(ListedCard(device, opened.card, None, probe))
        except ResourceMissing as error:
            cards.append(ListedCard(device, None, str(error), None))
    return DeviceListing(tuple(cards), reason, choose_device("auto", usable_processors(), counts_tokens=True))
