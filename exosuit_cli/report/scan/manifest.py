"""Manifests: the records of a scan in a file that is byte-identical for identical trees.

A manifest holds no times: two checkouts of one commit are one tree.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from exosuit_cli.model.errors import OutputError, UsageError
from exosuit_cli.report.arrow import pyarrow_modules
from exosuit_cli.report.scan.jsonl import write_jsonl
from exosuit_cli.report.scan.records import records
from exosuit_cli.system.atomic import atomic_file, check_writable

if TYPE_CHECKING:
    from exosuit_cli.ingest import ScanResult

FORMATS = (".jsonl", ".jsonl.zst", ".parquet")
ZSTD_LEVEL = 9
PARQUET_ROWS = 65_536


def check_manifest(path: str) -> None:
    """Find out before the scan what would make `write_manifest` fail after it. Raises UsageError and OutputError."""
    if not path.endswith(FORMATS):
        raise UsageError(f"--manifest {path!r}: the name must end in {', '.join(FORMATS)}")
    if path.endswith(".parquet"):
        pyarrow_modules("a .parquet manifest")
    check_writable(path)


def write_manifest(path: str, result: ScanResult) -> int:
    """Write the manifest atomically; its size in bytes. Raises OutputError; an older manifest then stays as it was."""
    check_manifest(path)
    try:
        if path.endswith(".parquet"):
            _write_parquet(path, result)
        elif path.endswith(".zst"):
            import zstandard

            with atomic_file(path, mode=0o644) as file:
                compressor = zstandard.ZstdCompressor(level=ZSTD_LEVEL, write_checksum=True)
                with compressor.stream_writer(file, closefd=False) as stream:
                    write_jsonl(stream, result, times=False)
        else:
            with atomic_file(path, mode=0o644) as file:
                write_jsonl(file, result, times=False)
        return os.stat(path).st_size
    except OSError as error:
        raise OutputError(f"cannot write {path!r}: {error.strerror or error}") from error


def _write_parquet(path: str, result: ScanResult) -> None:
    """One row a record and one column a field, null where a record leaves it out."""
    arrow, parquet = pyarrow_modules("a .parquet manifest")
    schema = arrow.schema(
        [
            ("path", arrow.string()),
            ("path_b64", arrow.string()),
            ("size", arrow.int64()),
            ("kind", arrow.string()),
            ("language", arrow.string()),
            ("lines", arrow.int64()),
            (result.hash, arrow.string()),
            ("tokens", arrow.int64()),
            ("tokens_estimated", arrow.bool_()),
            ("skipped", arrow.string()),
            ("detail", arrow.string()),
        ]
    )
    with (
        atomic_file(path, mode=0o644) as file,
        parquet.ParquetWriter(file, schema, compression="zstd", store_schema=False) as writer,
    ):
        rows: list[object] = []
        for record in records(result, times=False):
            rows.append(record)
            if len(rows) == PARQUET_ROWS:
                writer.write_table(arrow.Table.from_pylist(rows, schema=schema))
                rows.clear()
        writer.write_table(arrow.Table.from_pylist(rows, schema=schema))
