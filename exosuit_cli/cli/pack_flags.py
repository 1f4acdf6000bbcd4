"""Every option of `exosuit pack`. Imports little."""

from __future__ import annotations

from typing import Final

from exosuit_cli.cli.flags import SessionFlags, flags_of, output_option, with_largest_file
from exosuit_cli.cli.remote import RemoteFlags
from exosuit_cli.commands.pack_request import LARGEST_FILE, PackRequest
from exosuit_cli.config.option import OUTPUT, option
from exosuit_cli.config.options import ScanOptions, WalkOptions
from exosuit_cli.model.dataclass import dataclass
from exosuit_cli.pack.options import PackOptions


@dataclass(frozen=True, slots=True)
class PackOutputFlags:
    """What `pack` writes, and where to."""

    output: str | None = output_option()
    copy: bool = option(False, "Put the pack on the clipboard, too.", changes="neither", panel=OUTPUT)
    stats: bool = option(False, "A report on stdout; without -o instead of the pack.", changes="neither", panel=OUTPUT)
    json: bool = option(False, "The report as one JSON document.", changes="neither", panel=OUTPUT)


PACK: Final = with_largest_file(
    (
        each
        for each in flags_of(
            PackOptions, ScanOptions, WalkOptions, RemoteFlags, PackOutputFlags, PackRequest, SessionFlags
        )
        if each.is_for_chunk and each.name != "device"
    ),
    LARGEST_FILE,
)
"""In the order of the help."""
