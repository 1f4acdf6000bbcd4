"""What of a source has changed: the files of a scan beside those that the context has."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np

from exosuit_cli.context.rows import as_column
from exosuit_cli.model.dataclass import dataclass

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Sequence

    from exosuit_cli.context.records import Source
    from exosuit_cli.ingest.result import ScanResult

_DIGEST_BYTES: Final = 32
_FEW_FILES: Final = 1000
"""As many files are looked up by path; for more, all rows are read."""


@dataclass(frozen=True, slots=True)
class FileChanges:
    """The paths to cut, and the numbers of the files that they replace or that have gone: the last `removed` of them.

    `executable` has the execute bits that are others, with the numbers of their files.
    """

    changed: list[bytes]
    outdated: list[int]
    executable: list[tuple[bool, int]]
    removed: int


def compare(connection: sqlite3.Connection, result: ScanResult, source: Source) -> FileChanges:
    """What a scan found other than the context has it."""
    rows, paths = result.rows, result.paths
    few = result.read
    if result.basis is None or result.basis != source.tree_digest or few is None or len(few) > _FEW_FILES:
        few = None
    if few is not None:
        rows, paths = rows[few], [paths[place] for place in few.tolist()]
    known = known_files(connection, source.id, None if few is None else paths)
    if few is not None and source.files - len(known) != len(result.paths) - len(paths):
        # one that was read before has gone
        rows, paths, known = result.rows, result.paths, known_files(connection, source.id)
    digests = rows["digest"].tobytes()
    ends = range(_DIGEST_BYTES, len(digests) + 1, _DIGEST_BYTES)
    changed: list[bytes] = []
    outdated: list[int] = []
    executables: list[tuple[bool, int]] = []
    for path, executable, end in zip(paths, rows["executable"].tolist(), ends, strict=True):
        old = known.pop(path, None)
        if old is None:
            changed.append(path)
        elif old[2] != digests[end - _DIGEST_BYTES : end]:
            changed.append(path)
            outdated.append(old[1])
        elif bool(old[3]) != bool(executable):
            executables.append((bool(executable), old[1]))
    gone = [each[1] for each in known.values()]
    return FileChanges(changed, outdated + gone, executables, len(gone))


def known_files(
    connection: sqlite3.Connection, source: int, paths: Sequence[bytes] | None = None
) -> dict[bytes, tuple[bytes, int, bytes, int]]:
    """The path, number, digest and execute bit of a source's files at these paths, or of all of them, by path."""
    query = "SELECT CAST(path AS BLOB), id, digest, executable FROM files WHERE source = ?"
    if paths is None:
        rows = connection.execute(query, (source,)).fetchall()
    else:
        rows = [row for path in paths for row in connection.execute(f"{query} AND path = ?", (source, as_column(path)))]
    return {row[0]: row for row in rows}


def agree(again: ScanResult, result: ScanResult) -> bool:
    """Whether the files of `again` have the content that `result` says."""
    place_of = {path: place for place, path in enumerate(result.paths)}
    places = [place_of[path] for path in again.paths]
    return bool(np.array_equal(result.rows["digest"][places], again.rows["digest"]))
