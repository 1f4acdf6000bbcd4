"""The device document: what `exosuit device` finds, as one JSON object (`schemas/device.schema.json`)."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from exosuit_cli.device.listing import DeviceListing

SCHEMA = "exosuit.device/1"


def device_document(listing: DeviceListing) -> dict[str, Any]:
    """The listing as an object. Rates in bytes a second."""
    return {
        "schema": SCHEMA,
        "cards": [
            {
                "device": listed.device,
                "card": asdict(listed.card) if listed.card is not None else None,
                "reason": listed.reason,
                "probe": asdict(listed.probe) if listed.probe is not None else None,
            }
            for listed in listing.cards
        ],
        "reason": listing.reason,
        "auto": {"device": listing.automatic.device, "reason": listing.automatic.reason},
    }
