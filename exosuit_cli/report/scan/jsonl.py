"""JSON lines: one record a path, in ascending byte order, written as they are made."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, BinaryIO

from exosuit_cli.report.scan.records import records

if TYPE_CHECKING:
    from exosuit_cli.ingest import ScanResult

_LINES_AT_ONCE = 1000


def write_jsonl(file: BinaryIO, result: ScanResult, *, times: bool) -> None:
    """Write every record (`schemas/record.schema.json`) as one line of ASCII JSON."""
    encode = json.JSONEncoder(separators=(",", ":")).encode
    lines: list[str] = []
    for record in records(result, times=times):
        lines.append(encode(record))
        if len(lines) == _LINES_AT_ONCE:
            file.write("\n".join([*lines, ""]).encode("ascii"))
            lines.clear()
    file.write("\n".join([*lines, ""]).encode("ascii") if lines else b"")
