"""Every option of `exosuit context load`. Imports little."""

from __future__ import annotations

from typing import Final

from exosuit_cli.chunk.options import ChunkOptions
from exosuit_cli.cli.flags import SessionFlags, flags_of
from exosuit_cli.commands.context_request import ContextLoadOptions
from exosuit_cli.config.option import OUTPUT, option
from exosuit_cli.config.options import ScanOptions, WalkOptions
from exosuit_cli.model.dataclass import dataclass


@dataclass(frozen=True, slots=True)
class ContextReportFlags:
    """What `context load` prints."""

    json: bool = option(False, "One JSON document.", changes="neither", panel=OUTPUT)


CONTEXT_LOAD: Final = tuple(
    each
    for each in flags_of(ChunkOptions, ScanOptions, WalkOptions, ContextLoadOptions, ContextReportFlags, SessionFlags)
    if each.is_for_chunk and each.name not in ("stdin0", "context")
)
"""In the order of the help."""
