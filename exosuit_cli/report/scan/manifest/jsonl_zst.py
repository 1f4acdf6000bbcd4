"""Manifest `.jsonl.zst`: the JSON lines, compressed in one Zstandard frame with a checksum."""

from __future__ import annotations

from typing import TYPE_CHECKING, BinaryIO, Final

from exosuit_cli.report.scan.manifest import jsonl
from exosuit_cli.report.scan.manifest.format import ManifestFormat

if TYPE_CHECKING:
    from exosuit_cli.ingest import ScanResult

LEVEL: Final = 9


def write(file: BinaryIO, result: ScanResult) -> None:
    """Write the frame."""
    import zstandard

    compressor = zstandard.ZstdCompressor(level=LEVEL, write_checksum=True)
    with compressor.stream_writer(file, closefd=False) as stream:
        jsonl.write(stream, result)


FORMAT: Final = ManifestFormat(".jsonl.zst", "JSON lines, compressed", write)
