"""The devices for a person at a terminal."""

from __future__ import annotations

from typing import TYPE_CHECKING

from exosuit_cli.model.units import format_bytes
from exosuit_cli.report.console import labelled_line, labelled_phrases

if TYPE_CHECKING:
    from rich.console import Console

    from exosuit_cli.device.listing import DeviceListing


def print_devices(console: Console, listing: DeviceListing) -> None:
    """Print the listing."""
    if listing.reason is not None:
        labelled_phrases(console, "cards", f"none: {listing.reason}")
    for listed in listing.cards:
        card, probe = listed.card, listed.probe
        if card is None:
            labelled_phrases(console, listed.device, f"cannot be used: {listed.reason}")
            continue
        labelled_line(console, listed.device, f"{card.name}, {format_bytes(card.memory_bytes)}")
        labelled_phrases(
            console,
            "",
            f"compute capability {card.compute_capability}, driver {card.driver},",
            f"CUDA {card.cuda}, NVRTC {card.nvrtc}, CuPy {card.cupy}",
        )
        if probe is not None:
            labelled_phrases(
                console,
                "",
                f"copy in {probe.copy_bytes_per_s / 1e9:.1f} GB/s,",
                f"kernels {probe.kernel_bytes_per_s / 1e9:.1f} GB/s,",
                f"from host memory {probe.device_bytes_per_s / 1e9:.1f} GB/s;",
                f"one processor {probe.cpu_bytes_per_s / 1e9:.1f} GB/s;",
                f"with tokens {probe.device_token_bytes_per_s / 1e9:.1f} GB/s,",
                f"one processor {probe.cpu_token_bytes_per_s / 1e9:.2f} GB/s;",
                f"reading {probe.read_bytes_per_s / 1e9:.2f} GB/s;",
                f"ready after {probe.start_seconds:.1f} s",
            )
    labelled_phrases(console, "auto", f"{listing.automatic.device}: {listing.automatic.reason}")
