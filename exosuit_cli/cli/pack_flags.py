"""Every option of `exosuit pack`. Imports little."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Final

from exosuit_cli.cli.flags import SessionFlags, flags_of
from exosuit_cli.commands.pack_request import LARGEST_FILE, PackRequest
from exosuit_cli.config.option import OUTPUT, option
from exosuit_cli.config.options import ScanOptions, WalkOptions
from exosuit_cli.pack.options import PackOptions


@dataclass(frozen=True, slots=True)
class PackOutputFlags:
    """What `pack` writes, and where to."""

    output: str | None = option(
        None,
        "Write to FILE; - is stdout.",
        changes="neither",
        panel=OUTPUT,
        metavar="FILE",
        short="-o",
        shown="stdout",
    )
    copy: bool = option(False, "Put the pack on the clipboard, too.", changes="neither", panel=OUTPUT)
    stats: bool = option(False, "A report on stdout; without -o instead of the pack.", changes="neither", panel=OUTPUT)
    json: bool = option(False, "The report as one JSON document.", changes="neither", panel=OUTPUT)


PACK: Final = tuple(
    replace(each, shown=f"{LARGEST_FILE >> 20}MiB") if each.name == "max_file_size" else each
    for each in flags_of(PackOptions, ScanOptions, WalkOptions, PackOutputFlags, PackRequest, SessionFlags)
    if each.is_for_chunk and each.name != "device"
)
"""In the order of the help."""
