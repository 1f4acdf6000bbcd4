"""Manifest `.parquet`: a table of the records."""

from __future__ import annotations

from typing import TYPE_CHECKING, BinaryIO, Final

from exosuit_cli.report.arrow import pyarrow_modules
from exosuit_cli.report.scan.manifest.format import ManifestFormat

if TYPE_CHECKING:
    from exosuit_cli.ingest import ScanResult

PARQUET_ROWS: Final = 65_536
"""Rows of a row group."""

_NAME: Final = "a .parquet manifest"


def check() -> None:
    """Raise UsageError where pyarrow is not installed."""
    pyarrow_modules(_NAME)


def write(file: BinaryIO, result: ScanResult) -> None:
    """Write one row a record and one column a field, null where a record leaves it out."""
    from exosuit_cli.report.scan.records import records

    arrow, parquet = pyarrow_modules(_NAME)
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
    with parquet.ParquetWriter(file, schema, compression="zstd", store_schema=False) as writer:
        rows: list[object] = []
        for record in records(result, times=False):
            rows.append(record)
            if len(rows) == PARQUET_ROWS:
                writer.write_table(arrow.Table.from_pylist(rows, schema=schema))
                rows.clear()
        writer.write_table(arrow.Table.from_pylist(rows, schema=schema))


FORMAT: Final = ManifestFormat(".parquet", "a table, by pyarrow", write, check)
