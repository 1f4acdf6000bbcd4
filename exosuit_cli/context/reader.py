"""A context as it is read: by chunk, by file, or all of it in order; in one snapshot, every text verified."""

from __future__ import annotations

import sys
from dataclasses import replace
from typing import TYPE_CHECKING

from exosuit_cli.context.handle import OpenContext
from exosuit_cli.context.records import (
    Below,
    CheckResult,
    ContextStats,
    Source,
    StoredChunk,
    StoredFile,
    Working,
)
from exosuit_cli.context.rows import (
    FILE_COLUMNS,
    as_column,
    file_of,
    read_meta,
    read_sources,
)
from exosuit_cli.context.seal import file_seal, spans_seal
from exosuit_cli.context.transactions import snapshot
from exosuit_cli.model.errors import CheckFailed, UsageError
from exosuit_cli.structure.boundary import Boundary

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from exosuit_cli.context.working import OnFull

_SPAN_COLUMNS = "chunk, tokens, start_byte, end_byte, start_line, end_line, boundary, symbol"
_LEAST_PREFIX = 4
_READ_CHUNKS = 256
"""Chunks of a file whose texts are read at once."""


class ContextReader(OpenContext):
    """What can be read of a context.

    What is read is the last load that finished. A text has the BLAKE3 of its id or is not given. For one thread.
    """

    def working_ids(self) -> list[bytes]:
        """The ids of the chunks of the working context, each once, in its order."""
        with self._errors():
            rows = self.connection.execute(
                "SELECT spans.chunk FROM files JOIN spans ON spans.file = files.id "
                "WHERE files.source > 0 AND files.below IS NULL ORDER BY files.source, files.path, spans.ordinal"
            )
            return list(dict.fromkeys(row[0] for row in rows))

    def sources(self) -> list[Source]:
        """The repositories, in the order in which they were loaded first."""
        with self._errors():
            return read_sources(self.connection)

    def check(self) -> CheckResult:
        """Read everything and compare it with its digests, seals and sums."""
        from exosuit_cli.context import damages

        with self._errors():
            return damages.check(self)

    def known_sources(self) -> list[tuple[Source, bool]]:
        """The sources as their rows say, and whether each row is what was written. Raises CheckFailed if unreadable."""
        from exosuit_cli.context import upkeep

        with self._errors():
            return upkeep.known_sources(self.connection)

    def placing(self) -> tuple[int | None, OnFull]:
        """The limit of the working context, and how it was chosen."""
        with self.snapshot():
            limit, on_full = read_meta(self.connection, "limit"), read_meta(self.connection, "on_full")
        return (limit if isinstance(limit, int) else None), ("prune" if on_full == "prune" else "demote")

    def get(self, key: str | bytes) -> bytes:
        """The text of a chunk by its id (16 bytes), or by the beginning of its id in hex.

        Raises UsageError for an id that is unknown or stands for several; CheckFailed for a damaged chunk.
        """
        with self._errors():
            number = key if isinstance(key, bytes) else self.find(key)
            (text,) = self._texts([number])
            if text is None:
                if number in self.chunks:
                    raise CheckFailed(
                        f"the chunk {number.hex()} of the context {self.name!r} is damaged; "
                        f"run `exosuit context repair --name {self.name}`"
                    )
                raise UsageError(f"the context {self.name!r} has no chunk {number.hex()}")
            return text

    def get_many(self, keys: Sequence[bytes]) -> list[bytes | None]:
        """The texts of chunks by id; None for one that is missing or damaged."""
        with self._errors():
            return self._texts(keys)

    def find(self, prefix: str) -> bytes:
        """The id that begins with these hex digits, at least four. Raises UsageError: none, several, not hex."""
        digits = prefix.lower()
        if not _LEAST_PREFIX <= len(digits) <= 32 or digits.strip("0123456789abcdef"):
            raise UsageError(f"{prefix[:40]!r} is no id of a chunk; accepted: the first 4 to 32 hex digits of one")
        low, high = bytes.fromhex(digits.ljust(32, "0")), bytes.fromhex(digits.ljust(32, "f"))
        with self._errors():
            rows = self.connection.execute(
                "SELECT id FROM chunks WHERE id BETWEEN ? AND ? AND number < ? ORDER BY id LIMIT 3",
                (low, high, self._first_staged()),
            ).fetchall()
        if not rows:
            raise UsageError(f"the context {self.name!r} has no chunk whose id begins with {prefix!r}")
        if len(rows) > 1:
            shown = ", ".join(row[0].hex() for row in rows[:2])
            raise UsageError(f"{prefix!r} stands for several chunks ({shown}, ...); give more of its digits")
        found: bytes = rows[0][0]
        return found

    def places(self, key: bytes) -> list[StoredChunk]:
        """Every place of a chunk, in the order of the context, without its text."""
        with self.snapshot():
            rows = self.connection.execute(
                f"SELECT {FILE_COLUMNS} FROM files WHERE source > 0 AND id IN "  # noqa: S608
                "(SELECT file FROM spans WHERE chunk = ?) ORDER BY source, path",
                (key,),
            ).fetchall()
            names = self._prefixes()
            return [
                replace(chunk, text=None)
                for row in rows
                for chunk in self._spans_of(file_of(row), names)
                if chunk.id == key
            ]

    def files(self) -> Iterator[StoredFile]:
        """All files as their rows say, by source, then by the bytes of the path; paths that are not UTF-8 come last."""
        with self._errors():
            yield from map(
                file_of,
                self.connection.execute(
                    f"SELECT {FILE_COLUMNS} FROM files WHERE source > 0 ORDER BY source, path"  # noqa: S608
                ),
            )

    def find_files(self, source: Source, paths: Sequence[bytes]) -> list[StoredFile]:
        """The files of a source that have one of these paths; the first of them that any file has."""
        with self._errors():
            for path in paths:
                rows = self.connection.execute(
                    f"SELECT {FILE_COLUMNS} FROM files WHERE source = ? AND path = ?",  # noqa: S608
                    (source.id, as_column(path)),
                ).fetchall()
                if rows:
                    return [file_of(row) for row in rows]
        return []

    def has_files_below(self, source: Source, path: bytes) -> bool:
        """Whether a file of the source is at this path or in this directory."""
        low, high = path + b"/", path + b"0"
        ranges = [(low, high), (as_column(low), as_column(high))]  # a name that is not UTF-8 is stored as its bytes
        with self._errors():
            return bool(self.find_files(source, [path])) or any(
                self.connection.execute(
                    "SELECT 1 FROM files WHERE source = ? AND path >= ? AND path < ? LIMIT 1", (source.id, *each)
                ).fetchone()
                for each in ranges
            )

    def file(self, number: int) -> StoredFile | None:
        """The file of this number; None where there is none, as after another load."""
        with self._errors():
            row = self.connection.execute(
                f"SELECT {FILE_COLUMNS} FROM files WHERE source > 0 AND id = ?",  # noqa: S608
                (number,),
            ).fetchone()
            return file_of(row) if row is not None else None

    def holders(self, key: bytes, most: int) -> tuple[list[int], int]:
        """The numbers of the first files that have this chunk, at most so many, and how many places it has in all."""
        query = "FROM spans JOIN files ON files.id = spans.file WHERE spans.chunk = ? AND files.source > 0"
        with self._errors():
            rows = self.connection.execute(f"SELECT DISTINCT spans.file {query} LIMIT ?", (key, most)).fetchall()
            (count,) = self.connection.execute(f"SELECT count(*) {query}", (key,)).fetchone()
        return [row[0] for row in rows], count

    def encoding(self) -> str:
        """The encoding of the token counts; empty where nothing was loaded."""
        with self._errors():
            return str(read_meta(self.connection, "encoding") or "")

    def spans(self, file: StoredFile) -> list[StoredChunk]:
        """The chunks of one file in order, without their texts; none where its rows are damaged."""
        with self._errors():
            return self._spans_of(file, self._prefixes())

    def iterate(self, *, working: bool = False) -> Iterator[StoredChunk]:
        """Every chunk in the order of the context, in bounded memory; `working`: of the working context only.

        A chunk that is damaged has no text. All is of one load, as long as the iterator is not at its end.
        """
        with self.snapshot():
            names = self._prefixes()
            missing = {source.id: source.files for source in read_sources(self.connection)}
            for file in self.files():
                missing[file.source] = missing.get(file.source, 0) - 1
                if not working or file.below is None:
                    yield from self.read(file, names)
            self.damaged_files += sum(map(abs, missing.values()))

    def read(self, file: StoredFile, names: dict[int, bytes] | None = None) -> Iterator[StoredChunk]:
        """The chunks of one file, with their texts."""
        with self._errors():
            spans = self._spans_of(file, self._prefixes() if names is None else names)
            for start in range(0, len(spans), _READ_CHUNKS):
                part = spans[start : start + _READ_CHUNKS]
                for chunk, text in zip(part, self._texts([each.id for each in part]), strict=True):
                    yield replace(chunk, text=text)

    def working(self) -> Working:
        """The working context as it was placed."""
        with self.snapshot():
            limit = read_meta(self.connection, "limit")
            sources = read_sources(self.connection)
            tokens = sum(each.span_tokens for each in sources)
            if not isinstance(limit, int) or tokens <= limit:  # nothing is below it: no file has to be looked at
                known = limit if isinstance(limit, int) else None
                return Working(known, sum(each.files for each in sources), tokens, ())
            rows = self.connection.execute(
                "SELECT below, count(*), ifnull(sum(span_tokens), 0) FROM files WHERE source > 0 GROUP BY below"
            ).fetchall()
        files, tokens = next(((files, tokens) for below, files, tokens in rows if below is None), (0, 0))
        below = tuple(Below(*row) for row in sorted(rows, key=lambda row: -row[2]) if row[0] is not None)
        return Working(limit, files, tokens, below)

    def stats(self) -> ContextStats:
        """Sums over the context."""
        with self.snapshot():
            sources = read_sources(self.connection)
            working = self.working()
            usage = self.chunks.usage()
            encoding = read_meta(self.connection, "encoding")
            staged = self.connection.execute(
                "SELECT count(*), ifnull(sum(tokens), 0), ifnull(sum(size), 0), ifnull(sum(length(data)), 0) "
                "FROM chunks WHERE number >= ?",
                (self._first_staged(),),
            ).fetchone()
        return ContextStats(
            name=self.name,
            path=self.path,
            encoding=str(encoding or ""),
            sources=tuple(sources),
            working=working,
            chunks=usage.entries - staged[0],
            chunk_tokens=usage.tokens - staged[1],
            text_bytes=usage.data_bytes - staged[2],
            stored_bytes=usage.used_bytes - staged[3],
            file_bytes=self._file_bytes(),
        )

    def _spans_of(self, file: StoredFile, names: dict[int, bytes]) -> list[StoredChunk]:
        """The places of a file's chunks, without texts; with an id that no text has where the rows are damaged."""
        execute = self.connection.execute
        with snapshot(self.connection):
            rows = execute(f"SELECT {_SPAN_COLUMNS} FROM spans WHERE file = ? ORDER BY ordinal", (file.id,)).fetchall()  # noqa: S608
            (seal,) = execute("SELECT seal FROM files WHERE id = ?", (file.id,)).fetchone() or (None,)
        if seal != file_seal(file, spans_seal(rows)):
            self.damaged_files += 1
            return []
        prefix = names.get(file.source, b"")
        return [
            StoredChunk(
                id=row[0],
                path=prefix + file.path,
                language=file.language,
                start_byte=row[2],
                end_byte=row[3],
                start_line=row[4],
                end_line=row[5],
                tokens=row[1],
                boundary=Boundary(row[6]).label,
                symbol=row[7],
                text=None,
            )
            for row in rows
        ]

    def _prefixes(self) -> dict[int, bytes]:
        """What stands before the paths of each source: its name, where there are several."""
        sources = self.sources()
        if len(sources) < 2:
            return {}
        return {source.id: source.name.encode() + b"/" for source in sources}

    def _first_staged(self) -> int:
        """The number from which on chunks belong to a load that is not finished."""
        first = read_meta(self.connection, "loading")
        return first if isinstance(first, int) else sys.maxsize
