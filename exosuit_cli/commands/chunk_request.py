"""What a front can ask of `chunk`: a request, made from the values of options by name, as for a scan."""

from __future__ import annotations

import os
from dataclasses import replace
from typing import TYPE_CHECKING

from exosuit_cli.chunk.options import ChunkOptions
from exosuit_cli.commands.requests import limit_file_size, names_below, options_by, settings_by, without_outputs
from exosuit_cli.config.option import OUTPUT, filled, option
from exosuit_cli.model.dataclass import dataclass
from exosuit_cli.model.errors import UsageError
from exosuit_cli.system.outputs import refuse_links_inside

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from exosuit_cli.config.options import ScanOptions

LARGEST_FILE = 256 << 20
"""Bytes of the largest file that is cut, unless another limit is given: its chunks are held until it is read."""
SLAB_BYTES = 7 << 20
"""The least slab for chunks: what is computed for all its lines at once costs as much per call as for many lines."""


@dataclass(frozen=True, slots=True)
class ChunkRequest:
    """Chunks of the files below paths; with `names`, of what they name below the one path.

    output: the file that the front writes the chunks to, None for a stream of its own.
    size_is_chosen: the limit of a file's size was asked for, so that it needs no warning.
    """

    paths: tuple[str, ...]
    chunking: ChunkOptions
    options: ScanOptions
    output: str | None = None
    names: tuple[bytes, ...] | None = None
    size_is_chosen: bool = False
    strict: bool = option(False, "Any warning or estimate is a failed check.", changes="neither", panel=OUTPUT)


def chunk_request(
    paths: Sequence[str],
    given: Mapping[str, object],
    *,
    output: str | None = None,
    config: str | None = None,
    names: Iterable[bytes] | None = None,
    outputs: Iterable[str | int | None] = (),
) -> ChunkRequest:
    """The request for chunks by the given options, else by the settings; see `scan_request` and `ChunkRequest`."""
    refuse_links_inside(output, paths or (os.curdir,))
    settings = settings_by(given, config)
    options = options_by(settings, given)
    assert options.encoding is not None, "a setting is never left out"
    if (least := given.get("min_tokens")) is not None and int(str(least)) < 0:  # -1 means to ChunkOptions: not given
        raise UsageError(f"min_tokens {least} is not accepted; accepted: 0 to below max_tokens")
    chunking = filled(ChunkOptions, given, encoding=options.encoding)
    options, size_is_chosen = limit_file_size(options, given, LARGEST_FILE)
    options = replace(options, slab_bytes=max(options.slab_bytes, SLAB_BYTES))
    return filled(
        ChunkRequest,
        given,
        paths=tuple(paths) or (".",),
        chunking=chunking,
        options=without_outputs(options, (*outputs, output)),
        output=output,
        names=names_below(paths, names),
        size_is_chosen=size_is_chosen,
    )
