"""The pipeline: walk, read, kernels, tokens; workers and their supervision, the incremental index, the result.

The public names are imported when they are first used: `exosuit scan` starts to load its vocabulary before numpy.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from exosuit_cli.ingest.chunking import ChunkResult, chunk
    from exosuit_cli.ingest.options import ScanOptions
    from exosuit_cli.ingest.pipeline import Progress, ProgressCallback, scan, scan_names
    from exosuit_cli.ingest.result import ScanResult

_HOMES = {
    "ChunkResult": "chunking",
    "Progress": "pipeline",
    "ProgressCallback": "pipeline",
    "ScanOptions": "options",
    "ScanResult": "result",
    "chunk": "chunking",
    "scan": "pipeline",
    "scan_names": "pipeline",
}

__all__ = ["ChunkResult", "Progress", "ProgressCallback", "ScanOptions", "ScanResult", "chunk", "scan", "scan_names"]


def __getattr__(name: str) -> object:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    found = getattr(importlib.import_module(f"{__name__}.{_HOMES[name]}"), name)
    globals()[name] = found
    return found
