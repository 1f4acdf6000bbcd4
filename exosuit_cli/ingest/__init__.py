"""The pipeline: walk, read, kernels, tokens; workers and their supervision, the incremental index, the manifest."""

from exosuit_cli.ingest.options import ScanOptions
from exosuit_cli.ingest.result import ScanResult
from exosuit_cli.ingest.scan import Progress, ProgressCallback, scan, scan_names

__all__ = ["Progress", "ProgressCallback", "ScanOptions", "ScanResult", "scan", "scan_names"]
