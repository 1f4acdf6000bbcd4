"""The devices of this machine, as any front asks for them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from exosuit_cli.config import load_settings
from exosuit_cli.device.listing import list_devices
from exosuit_cli.model.dataclass import dataclass
from exosuit_cli.shards.rate import reading_rate

if TYPE_CHECKING:
    from exosuit_cli.device.listing import DeviceListing


MEASURED_SECONDS: Final = 0.5
"""Of the work of one worker."""


@dataclass(frozen=True, slots=True)
class DevicesRequest:
    """`config` is the settings file, None for the usual ones; `measure` measures cards again that were measured."""

    config: str | None = None
    measure: bool = False


def find_devices(request: DevicesRequest) -> DeviceListing:
    """List the cards, and measure each that was never measured: some seconds a card.

    The settings limit the memory that is taken on a card. Raises UsageError for settings that cannot be read, and
    OutputError where a measurement cannot be stored.
    """
    settings = load_settings(request.config).settings
    limit_bytes = settings.layer("gpu_vram").capacity_bytes
    return list_devices(limit_bytes, lambda: reading_rate(MEASURED_SECONDS), measuring=request.measure)
