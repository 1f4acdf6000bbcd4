"""The pack document: what a pack has of each file, as one JSON object (`schemas/pack.schema.json`)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from exosuit_cli.pack.detail import Detail
from exosuit_cli.report.scan.document import scan_document
from exosuit_cli.report.scan.records import skip_record
from exosuit_cli.system.names import text_name

if TYPE_CHECKING:
    from exosuit_cli.pack.options import PackOptions
    from exosuit_cli.pack.result import PackedFile, PackResult
    from exosuit_cli.pack.shown_changes import ShownChanges

SCHEMA = "exosuit.pack/1"
_SHARED = (
    "exosuit_version", "base", "base_b64", "origin", "partial", "tree_digest", "totals", "ledger", "unreadable",
    "throughput", "memory", "ignore_problems", "warnings",
)  # fmt: skip


def pack_document(result: PackResult, options: PackOptions, *, is_template: bool = False) -> dict[str, Any]:
    """The report of a run. What a scan document has too has the same name here."""
    scanned = scan_document(result.scan, (), 0, top=0, tree=False)
    document: dict[str, Any] = {"schema": SCHEMA}
    document |= {name: scanned[name] for name in _SHARED if name in scanned}
    document |= {
        "tokens": result.tokens,
        "bytes": result.bytes,
        "budget": options.budget or None,
        "encoding": options.encoding,
        "format": "template" if is_template else options.format,
        "parts": [{"path": part.name, "tokens": part.tokens, "bytes": part.bytes} for part in result.parts],
        "details": {detail.label: result.details.get(detail, 0) for detail in sorted(Detail, reverse=True)},
        "files": [_file(file) for file in result.files if file.detail is not Detail.LEFT_OUT],
        "left_out": [_file(file) for file in result.files if file.detail is Detail.LEFT_OUT],
        "binary": [_path(path) for path in result.binary],
        "secrets": [
            _path(file.path) | {"line": secret.line, "kind": secret.kind}
            for file in result.files
            if file.remarks is not None
            for secret in file.remarks.secrets
        ],
        "changes": changes_record(result.changes),
        "skips": [skip_record(skip) for skip in result.scan.skips],
    }
    return document


def changes_record(changes: ShownChanges | None) -> dict[str, Any] | None:
    """What has changed, as both documents of a pack have it."""
    return None if changes is None else changes.records() | {"hunks_left_out": changes.left_out}


def _path(path: bytes) -> dict[str, Any]:
    name, exact = text_name(path)
    return {"path": name} | ({"path_b64": exact} if exact is not None else {})


def _file(file: PackedFile) -> dict[str, Any]:
    record = _path(file.path) | {
        "detail": file.detail.label,
        "tokens": file.tokens,
        "file_tokens": file.file_tokens,
        "size": file.size,
        "lines": file.lines,
        "language": file.language or None,
    }
    if file.pieces > 1:
        record["pieces"] = file.pieces
    if file.reasons:
        record["reasons"] = [
            {"start_line": each.first, "end_line": each.last, "why": each.why} for each in file.reasons
        ]
    if file.is_neighbour:
        record["neighbour"] = True
    return record
