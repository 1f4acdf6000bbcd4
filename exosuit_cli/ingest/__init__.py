"""The pipeline from paths to a result: walk, read, count or cut, and keep the ledger.

The public names are imported when they are first used: `exosuit scan` starts to load its vocabulary before numpy.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from exosuit_cli.model.lazy import lazy_names

if TYPE_CHECKING:
    from exosuit_cli.config.options import ScanOptions
    from exosuit_cli.ingest.chunking import ChunkResult, chunk
    from exosuit_cli.ingest.progress import Progress, ProgressCallback
    from exosuit_cli.ingest.result import ScanResult
    from exosuit_cli.ingest.scanning import scan, scan_names

_HOMES = {
    "ChunkResult": "exosuit_cli.ingest.chunking",
    "Progress": "exosuit_cli.ingest.progress",
    "ProgressCallback": "exosuit_cli.ingest.progress",
    "ScanOptions": "exosuit_cli.config.options",
    "ScanResult": "exosuit_cli.ingest.result",
    "chunk": "exosuit_cli.ingest.chunking",
    "scan": "exosuit_cli.ingest.scanning",
    "scan_names": "exosuit_cli.ingest.scanning",
}

__all__ = ["ChunkResult", "Progress", "ProgressCallback", "ScanOptions", "ScanResult", "chunk", "scan", "scan_names"]

__getattr__ = lazy_names(__name__, _HOMES)
