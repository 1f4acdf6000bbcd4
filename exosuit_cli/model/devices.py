"""The one grammar of device names: settings, flags, scans, benchmarks and the device commands all read it."""

from __future__ import annotations

import re
from typing import Final

from exosuit_cli.model.dataclass import dataclass
from exosuit_cli.model.errors import UsageError

MOST_CARDS: Final = 1000
"""Card numbers are below this."""
DEVICE_FORMS: Final = "auto, cpu, cuda, cuda:N or cuda:N,M: cuda:0 is one card, cuda:0,1 are two"
"""What `parse_device` accepts, in words."""

_NUMBER: Final = r"(?:0|[1-9][0-9]{0,2})"
_CUDA: Final = re.compile(rf"cuda(?::({_NUMBER}(?:,{_NUMBER})*))?")
_OTHER_NAMES: Final = re.compile(r"(?:gpu|nvidia|nv|gfx)s?:?([0-9,]*)", re.IGNORECASE)
"""What people call a card."""


@dataclass(frozen=True, slots=True)
class DeviceRequest:
    """A device as a person asks for it: `auto`, `cpu`, or the numbers of CUDA cards in the given order."""

    kind: str
    """`auto`, `cpu` or `cuda`."""
    cards: tuple[int, ...] = ()

    @property
    def name(self) -> str:
        """The one spelling of this request: `cuda` is `cuda:0`."""
        return f"{self.kind}:{','.join(map(str, self.cards))}" if self.cards else self.kind


def parse_device(text: str) -> DeviceRequest:
    """Read a device name. Raises UsageError with the accepted forms, and with the nearest name if there is one."""
    if text in ("auto", "cpu"):
        return DeviceRequest(text)
    match = _CUDA.fullmatch(text)
    cards = tuple(map(int, (match[1] or "0").split(","))) if match else ()
    if not cards or len(set(cards)) < len(cards):
        near = nearest_device(text)
        hint = f" (did you mean {near}?)" if near else ""
        raise UsageError(f"unknown device {text[:60]!r}{hint}: expected {DEVICE_FORMS}")
    return DeviceRequest("cuda", cards)


def nearest_device(text: str) -> str:
    """The device name that a rejected text most likely means; empty where none is near."""
    match = _OTHER_NAMES.fullmatch(text.strip())
    if match:
        spelled = f"cuda:{match[1]}" if match[1] else "cuda"
        return spelled if _CUDA.fullmatch(spelled) else "cuda"
    import difflib  # only on the way to an error

    near = difflib.get_close_matches(text.strip().lower()[:60], ("auto", "cpu", "cuda", "cuda:0", "cuda:0,1"), n=1)
    return near[0] if near else ""
