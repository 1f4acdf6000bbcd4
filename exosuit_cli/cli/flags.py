"""Every option of `scan` and `chunk` in the order of their help, those of the shell declared here. Imports little."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from exosuit_cli.chunk.options import ChunkOptions
from exosuit_cli.commands.requests import ChunkRequest, ScanRequest
from exosuit_cli.config.option import CHUNKS, OUTPUT, PANELS, SELECTION, declared, option
from exosuit_cli.config.options import ScanDefaults, ScanOptions, WalkOptions

if TYPE_CHECKING:
    from exosuit_cli.config.option import Option


@dataclass(frozen=True, slots=True)
class NameFlags:
    """Where names come from."""

    stdin0: bool = option(
        False, "Take the NUL-separated names on stdin, below PATH.", changes="neither", panel=SELECTION
    )


@dataclass(frozen=True, slots=True)
class ScanReportFlags:
    """What `scan` prints."""

    tree: bool = option(False, "Tokens by directory.", changes="neither", panel=OUTPUT)
    json: bool = option(False, "One JSON document.", changes="neither", panel=OUTPUT)
    jsonl: bool = option(False, "One JSON line a path.", changes="neither", panel=OUTPUT)


@dataclass(frozen=True, slots=True)
class ChunkOutputFlags:
    """Where `chunk` takes a text from, and what it writes."""

    stdin: str | None = option(
        None, "Cut the text on stdin, as a file of this name.", changes="neither", panel=CHUNKS, metavar="FILENAME"
    )
    output: str | None = option(
        None,
        "Write to FILE; - is stdout.",
        changes="neither",
        panel=OUTPUT,
        metavar="FILE",
        short="-o",
        shown="stdout",
    )
    format: str | None = option(
        None,
        "The format by its name; `exosuit manual formats` lists them.",
        changes="neither",
        panel=OUTPUT,
        metavar="NAME",
        shown="by FILE's extension, else jsonl",
    )
    text: bool = option(True, "The text of each chunk.", changes="neither", panel=OUTPUT)
    stats: bool = option(False, "Statistics on stdout; without -o instead of chunks.", changes="neither", panel=OUTPUT)
    json: bool = option(False, "The statistics as one JSON document.", changes="neither", panel=OUTPUT)


@dataclass(frozen=True, slots=True)
class SessionFlags:
    """Settings and messages of one run of the command."""

    config: str | None = option(None, "A settings file to use.", changes="neither", panel=OUTPUT, metavar="FILE")
    log_file: str | None = option(
        None, "Append JSON log lines to FILE.", changes="neither", panel=OUTPUT, metavar="FILE"
    )
    verbose: int = option(0, "Say more.", kind="count", changes="neither", panel=OUTPUT, short="-v")
    quiet: bool = option(False, "Errors only.", changes="neither", panel=OUTPUT, short="-q")
    debug: bool = option(False, "Traceback with an error.", changes="neither", panel=OUTPUT)


def _flags(*records: type[Any]) -> tuple[Option, ...]:
    """The options of these records that have a flag, panel by panel."""
    found = [each for record in records for each in declared(record) if each.has_flag]
    return tuple(sorted(found, key=lambda each: PANELS.index(each.panel)))


SCAN: Final = _flags(ScanRequest, ScanDefaults, WalkOptions, NameFlags, ScanReportFlags, SessionFlags)
"""The options of `exosuit scan`."""

CHUNK: Final = tuple(
    each
    for each in _flags(ChunkOptions, ScanOptions, WalkOptions, NameFlags, ChunkOutputFlags, ChunkRequest, SessionFlags)
    if each.is_for_chunk
)
"""The options of `exosuit chunk`."""
