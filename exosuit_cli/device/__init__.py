"""The one process that owns a card: slabs in shared memory, the lanes that work on them, the choice of a device."""

from exosuit_cli.device.choice import DeviceChoice, choose_device
from exosuit_cli.device.totals import DeviceTotals

__all__ = ["DeviceChoice", "DeviceTotals", "choose_device"]
