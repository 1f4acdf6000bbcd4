"""Which device computes: `cpu`, `cuda:N` as a demand, or `auto`, which says what it chose and why."""

from __future__ import annotations

import importlib
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, cast

from exosuit_cli.model.errors import ResourceMissing, UsageError
from exosuit_cli.model.units import LARGEST_SIZE, format_bytes

if TYPE_CHECKING:
    from exosuit_cli.device.driver import Driver
    from exosuit_cli.device.probe import Probe

DRIVER = "exosuit_cli.device.cuda_driver"
"""The module that opens cards."""


@dataclass(frozen=True, slots=True)
class DeviceChoice:
    """The device a run computes on, and the reason, in words for a person.

    `break_even_bytes`: `auto` chose the CPU to begin with; with more bytes to read than these, `joins` pays.
    """

    device: str
    reason: str
    is_demanded: bool = False
    joins: str | None = None
    break_even_bytes: int | None = None


def load_driver() -> Driver:
    """The module that opens cards."""
    return cast("Driver", importlib.import_module(DRIVER))


def choose_device(request: str, processors: int) -> DeviceChoice:
    """Resolve `auto`, `cpu` or `cuda:N` for a run on so many processors.

    Raises UsageError for any other word, and ResourceMissing for a CUDA device that is certainly not there: a demand is
    never answered by another device. Nothing heavy is imported: whether a card answers is seen when it is opened.
    """
    if request == "cpu":
        return DeviceChoice("cpu", "asked for")
    if request == "auto":
        return _automatic(load_driver(), processors)
    if not re.fullmatch(r"cuda:\d{1,4}(,\d{1,4})*", request) or len(set(cards_of(request))) < len(cards_of(request)):
        raise UsageError(
            f"unknown device {request!r}: expected auto, cpu or cuda:N, for example cuda:0; cuda:0,1 for two cards"
        )
    driver = load_driver()
    for card in cards_of(request):
        reason = driver.why_not(card)
        if reason is not None:
            raise ResourceMissing(f"device {request}: {reason}; or use --device cpu or --device auto")
    return DeviceChoice(request, "asked for", is_demanded=True)


def cards_of(device: str) -> list[int]:
    """The cards of `cuda:N` or `cuda:N,M`."""
    return [int(number) for number in device.removeprefix("cuda:").split(",")]


def _automatic(driver: Driver, processors: int) -> DeviceChoice:
    reason = driver.why_not(0)
    if reason is not None:
        return DeviceChoice("cpu", reason)
    from exosuit_cli.device.probe import probe_of  # and with it the kernels

    probe = probe_of(driver, 0)
    if probe is None:
        return DeviceChoice("cpu", "a card is there, but was never measured; `exosuit device` does it")
    return decide(probe, processors)


def decide(probe: Probe, processors: int) -> DeviceChoice:
    """What `auto` does with a measured card.

    The run begins on the CPU, which is there at once. A card starts up while the CPU works and then replaces it for the
    columns; that pays from `break_even_bytes` on: while the card started, and with the difference of the rates.
    """
    card, cpu = probe.device_bytes_per_s, probe.cpu_bytes_per_s * processors
    rates = f"{card / 1e9:.1f} GB/s from host memory against {cpu / 1e9:.1f} GB/s on {processors} processors"
    if card <= cpu:
        return DeviceChoice("cpu", f"{probe.card}: {rates}")
    # start + bytes / card = bytes / cpu, and never more bytes than there can be
    break_even = int(min(probe.start_seconds * cpu * (card / (card - cpu)), LARGEST_SIZE))
    return DeviceChoice(
        "cpu",
        f"{probe.card}: {rates}; it joins for more than {format_bytes(break_even)}",
        joins="cuda:0",
        break_even_bytes=break_even,
    )
