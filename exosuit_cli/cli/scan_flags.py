"""Every option of `exosuit scan`. Imports little."""

from __future__ import annotations

from typing import Final

from exosuit_cli.cli.flags import SessionFlags, flags_of
from exosuit_cli.cli.remote import RemoteFlags
from exosuit_cli.commands.requests import ScanRequest
from exosuit_cli.config.option import OUTPUT, option
from exosuit_cli.config.options import ScanDefaults, WalkOptions
from exosuit_cli.model.dataclass import dataclass


@dataclass(frozen=True, slots=True)
class ScanReportFlags:
    """What `scan` prints."""

    tree: bool = option(False, "Tokens by directory.", changes="neither", panel=OUTPUT)
    json: bool = option(False, "One JSON document.", changes="neither", panel=OUTPUT)
    jsonl: bool = option(False, "One JSON line a path.", changes="neither", panel=OUTPUT)


SCAN: Final = flags_of(ScanRequest, ScanDefaults, WalkOptions, RemoteFlags, ScanReportFlags, SessionFlags)
"""In the order of the help."""
