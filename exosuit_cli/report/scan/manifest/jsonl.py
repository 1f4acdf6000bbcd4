"""Manifest `.jsonl`: one JSON line a record."""

from __future__ import annotations

from typing import TYPE_CHECKING, BinaryIO, Final

from exosuit_cli.report.scan.manifest.format import ManifestFormat

if TYPE_CHECKING:
    from exosuit_cli.ingest import ScanResult


def write(file: BinaryIO, result: ScanResult) -> None:
    """Write the lines of `scan --jsonl` without times."""
    from exosuit_cli.report.scan.jsonl import write_jsonl

    write_jsonl(file, result, times=False)


FORMAT: Final = ManifestFormat(".jsonl", "JSON lines", write)
