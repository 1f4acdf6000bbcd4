"""Small trees, the batches that hold their files, and rows as plain values."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

from exosuit_cli.languages import LANGUAGES
from exosuit_cli.model.records import Batch, Directory, Kind, Outcome

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from exosuit_cli.model.records import Rows


def write(base: Path, files: Mapping[str, bytes]) -> None:
    for name, content in files.items():
        (base / name).parent.mkdir(parents=True, exist_ok=True)
        (base / name).write_bytes(content)


def batch_of(base: Path, paths: list[str]) -> Batch:
    """The paths, grouped by directory in the order of their first file."""
    groups: dict[str, list[bytes]] = {}
    for path in paths:
        groups.setdefault(os.path.dirname(path), []).append(os.fsencode(os.path.basename(path)))
    return Batch(tuple((directory_of(base, path), tuple(names)) for path, names in groups.items()))


def directory_of(base: Path, path: str) -> Directory:
    status = (base / path).stat()
    return Directory(os.fsencode(path), status.st_dev, status.st_ino, status.st_mtime_ns, status.st_ctime_ns)


def plain(rows: Rows) -> list[dict[str, Any]]:
    """Rows as dictionaries that pytest can compare and show."""
    return [
        {
            **{name: row[name].item() for name in row.dtype.names if name != "digest"},
            "digest": bytes(row["digest"]).rstrip(b"\0").hex(),
            "language": LANGUAGES[row["language"]],
            "kind": Kind(row["kind"]).name,
            "outcome": Outcome(row["outcome"]).name if row["outcome"] != 255 else "PENDING",
        }
        for row in rows
    ]
