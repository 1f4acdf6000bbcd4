"""Which device computes: the CPU, CUDA cards as a demand, or what `auto` chooses, with its reason."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, cast

from exosuit_cli.model.dataclass import dataclass
from exosuit_cli.model.devices import parse_device
from exosuit_cli.model.digests import DEFAULT_DIGEST, DIGESTS
from exosuit_cli.model.errors import ResourceMissing
from exosuit_cli.model.units import format_bytes

if TYPE_CHECKING:
    from collections.abc import Callable

    from exosuit_cli.device.driver import Driver
    from exosuit_cli.device.forecast import Forecast
    from exosuit_cli.device.probe import Probe

DRIVER = "exosuit_cli.device.cuda_driver"
"""The module that opens cards."""


@dataclass(frozen=True, slots=True)
class DeviceChoice:
    """The device a run computes on, and the reason, in words for a person.

    `joins` is the card that `auto` adds where it pays; `forecast` says what a run over files of a mean size takes.
    """

    device: str
    reason: str
    is_demanded: bool = False
    joins: str | None = None
    forecast: Callable[[float], Forecast] | None = None

    def pays(self, nbytes: int, files: int) -> bool:
        """Whether the card is to be started for what is left."""
        if self.forecast is None or not files:
            return False
        break_even = self.forecast(nbytes / files).break_even_bytes
        return break_even is not None and nbytes > break_even


def load_driver() -> Driver:
    """The module that opens cards."""
    return cast("Driver", importlib.import_module(DRIVER))


def choose_device(
    request: str, processors: int, digest: str = DEFAULT_DIGEST, *, counts_tokens: bool = False
) -> DeviceChoice:
    """Resolve a device name for a run on so many processors that computes this file digest, and perhaps tokens.

    Raises UsageError for what is no device name, and ResourceMissing for a CUDA card that is certainly not there: a
    demand is never answered by another device. Nothing heavy is imported: whether a card answers is seen when it is
    opened.
    """
    asked = parse_device(request)
    if asked.kind == "cpu":
        return DeviceChoice("cpu", "asked for")
    if not DIGESTS[digest].kernels:
        reason = f"no CUDA kernel computes the digest {digest}"
        if asked.cards:
            raise ResourceMissing(f"device {asked.name}: {reason}; or use --device cpu or --device auto")
        return DeviceChoice("cpu", reason)
    driver = load_driver()
    if asked.kind == "auto":
        return _automatic(driver, processors, counts_tokens=counts_tokens)
    for card in asked.cards:
        missing = driver.why_not(card)
        if missing is not None:
            raise ResourceMissing(f"device {asked.name}: {missing}; or use --device cpu or --device auto")
    return DeviceChoice(asked.name, "asked for", is_demanded=True)


def _automatic(driver: Driver, processors: int, *, counts_tokens: bool) -> DeviceChoice:
    reason = driver.why_not(0)
    if reason is not None:
        return DeviceChoice("cpu", reason)
    from exosuit_cli.device.probe import probe_of  # and with it the kernels

    probe = probe_of(driver, 0)
    if probe is None:
        if driver.identity(0) is None:
            return DeviceChoice("cpu", "a card is there, but NVML cannot name it, so no measurement of it is kept")
        return DeviceChoice("cpu", "a card is there, but was never measured; `exosuit device` does it")
    return decide(probe, processors, counts_tokens=counts_tokens)


def decide(probe: Probe, processors: int, *, counts_tokens: bool) -> DeviceChoice:
    """What `auto` does with a measured card.

    The run begins on the CPU, which is ready at once. The card is started where it saves time for what is left, and
    then computes beside the CPU. What it saves depends on the size of the files as well: the reason names usual ones.
    """
    usual = probe.forecast(processors, counts_tokens=counts_tokens)
    work = ", tokens counted" if counts_tokens else ""
    rates = (
        f"{usual.joined / 1e9:.1f} GB/s with the card against {usual.alone / 1e9:.1f} GB/s "
        f"on {processors} processors alone{work}"
    )
    break_even = usual.break_even_bytes
    if break_even is None:
        return DeviceChoice("cpu", f"{probe.card}: {rates}")
    return DeviceChoice(
        "cpu",
        f"{probe.card}: {rates}; it joins for more than {format_bytes(break_even)}",
        joins="cuda:0",
        forecast=lambda file_bytes: probe.forecast(processors, counts_tokens=counts_tokens, file_bytes=file_bytes),
    )
