"""Every option of `exosuit chunk`. Imports little."""

from __future__ import annotations

from typing import Final

from exosuit_cli.chunk.options import ChunkOptions
from exosuit_cli.cli.flags import SessionFlags, flags_of, output_option, with_largest_file
from exosuit_cli.cli.remote import RemoteFlags
from exosuit_cli.commands.chunk_request import LARGEST_FILE, ChunkRequest
from exosuit_cli.config.option import CHUNKS, OUTPUT, option
from exosuit_cli.config.options import ScanOptions, WalkOptions
from exosuit_cli.model.dataclass import dataclass


@dataclass(frozen=True, slots=True)
class ChunkOutputFlags:
    """Where `chunk` takes a text from, and what it writes."""

    stdin: str | None = option(
        None, "Cut the text on stdin, as a file of this name.", changes="neither", panel=CHUNKS, metavar="FILENAME"
    )
    output: str | None = output_option()
    format: str | None = option(
        None,
        "The format by its name; `exosuit manual formats` lists them.",
        changes="neither",
        panel=OUTPUT,
        metavar="NAME",
        completes="chunk-formats",
        shown="by FILE's extension, else jsonl",
    )
    text: bool = option(True, "The text of each chunk.", changes="neither", panel=OUTPUT)
    stats: bool = option(False, "Statistics on stdout; without -o instead of chunks.", changes="neither", panel=OUTPUT)
    json: bool = option(False, "The statistics as one JSON document.", changes="neither", panel=OUTPUT)
    jsonl: bool = option(False, "One JSON line a chunk, on stdout.", changes="neither", panel=OUTPUT)


CHUNK: Final = with_largest_file(
    (
        each
        for each in flags_of(
            ChunkOptions, ScanOptions, WalkOptions, RemoteFlags, ChunkOutputFlags, ChunkRequest, SessionFlags
        )
        if each.is_for_chunk
    ),
    LARGEST_FILE,
)
"""In the order of the help."""
