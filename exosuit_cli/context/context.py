"""A context: files of repositories, cut into chunks, kept in one database, loaded and read by name."""

from __future__ import annotations

import contextlib
import os
import sqlite3
import sys
import time
from dataclasses import replace
from typing import TYPE_CHECKING, Self

from exosuit_cli.chunk.options import ChunkOptions
from exosuit_cli.chunk.records import Boundary
from exosuit_cli.config.options import ScanOptions
from exosuit_cli.context.account import STORE, LoadAccount
from exosuit_cli.context.database import (
    EmptyContext,
    connect,
    database_errors,
    database_file,
    is_same_file,
    snapshot,
    transaction,
    write_back,
    writer_lock,
)
from exosuit_cli.context.load import LoadInterrupted, SourceLoad, SourceRequest
from exosuit_cli.context.names import context_path, missing_context, remove_context, suggested_name
from exosuit_cli.context.records import (
    Below,
    CheckResult,
    ContextStats,
    LoadResult,
    Source,
    StoredChunk,
    StoredFile,
    Working,
)
from exosuit_cli.context.rows import (
    FILE_COLUMNS,
    as_column,
    as_path,
    count_sources,
    file_of,
    read_meta,
    read_sources,
    write_meta,
)
from exosuit_cli.context.seal import file_seal, spans_seal
from exosuit_cli.context.working import Candidate, OnFull, place
from exosuit_cli.model.errors import CheckFailed, ExosuitError, UsageError
from exosuit_cli.model.units import format_bytes
from exosuit_cli.tiers.build import open_stack
from exosuit_cli.tiers.nvme import NvmeTier

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from types import TracebackType

    from exosuit_cli.ingest.progress import ProgressCallback
    from exosuit_cli.system.stop import StopRequest
    from exosuit_cli.tiers.budgets import TierBudget
    from exosuit_cli.tiers.stack import TierStack
    from exosuit_cli.walk.roots import PathLike

_SPAN_COLUMNS = "chunk, tokens, start_byte, end_byte, start_line, end_line, boundary, symbol"
_LEAST_PREFIX = 4
_READ_CHUNKS = 256
"""Chunks of a file whose texts are read at once."""


class Context:
    """A context that is open, as a context manager. One process may load; any number may read, also meanwhile.

    What is read is the last load that finished. A text has the BLAKE3 of its id or is not given. For one thread.
    """

    def __init__(
        self, name: str, path: str, status: os.stat_result, connection: sqlite3.Connection, *, read_only: bool
    ) -> None:
        self.name = name
        self.path = path
        self.connection = connection
        self.chunks = NvmeTier(connection)
        self.stack: TierStack | None = None
        self.damaged_files = 0
        """Files whose rows were not what their seals say, since the context was opened: their chunks were not given."""
        self._read_only = read_only
        self._status = status

    @classmethod
    def open(cls, name: str, *, create: bool = False, read_only: bool = False) -> Self:
        """Open the context of this name; with `create`, an empty one where there is none.

        Raises UsageError: there is none, or a newer exosuit wrote it. CheckFailed: damaged. OutputError: not writable.
        """
        path = context_path(name, create=create)
        status = database_file(path, name, create=create)
        connection = connect(path, name, create=create, read_only=read_only)
        return cls(name, path, status, connection, read_only=read_only)

    @contextlib.contextmanager
    def snapshot(self) -> Iterator[None]:
        """Let all reads of the block see the same load, whatever another process loads meanwhile."""
        with self._errors(), snapshot(self.connection):
            yield

    def keep_in_memory(
        self, budgets: Mapping[str, TierBudget], limit: int | None, *, warn: Callable[[str], None] | None = None
    ) -> TierStack:
        """Read through memory tiers from now on: what is read twice stays there, up to `limit` tokens at once.

        The arena of shared memory has the context's name: another process that reads the same context maps it. `warn`
        takes the reason for each tier that cannot be opened.
        """
        self._close_stack()
        self.chunks.capacity_bytes = budgets["nvme"].capacity_bytes
        self.chunks.token_capacity = budgets["nvme"].token_capacity
        shared_name = f"context-{self.name}"
        self.stack = open_stack(budgets, self.chunks, shared_name=shared_name, limit_tokens=limit, warn=warn)
        return self.stack

    def working_ids(self) -> list[bytes]:
        """The ids of the chunks of the working context, each once, in its order."""
        with self._errors():
            rows = self.connection.execute(
                "SELECT spans.chunk FROM files JOIN spans ON spans.file = files.id "
                "WHERE files.source > 0 AND files.below IS NULL ORDER BY files.source, files.path, spans.ordinal"
            )
            return list(dict.fromkeys(row[0] for row in rows))

    def close(self) -> None:
        """Close the database and give memory back; a second time does nothing."""
        self._close_stack()
        self.connection.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def sources(self) -> list[Source]:
        """The repositories, in the order in which they were loaded first."""
        with self._errors():
            return read_sources(self.connection)

    def load(
        self,
        sources: PathLike | SourceRequest | Sequence[PathLike | SourceRequest],
        *,
        anew: bool = False,
        on_full: OnFull = "demote",
        limit: int | None = None,
        stop: StopRequest | None = None,
        progress: ProgressCallback | None = None,
    ) -> LoadResult:
        """Load repositories, or bring them up to date. A source that was loaded with other options is cut anew.

        A file is read only if the index says that it may have changed, and cut only if its digest did. All sources
        become visible together, at the end; an interrupted load (`stop`) changes nothing. With `anew`, every file is
        read and cut as if nothing were known; where that is all of the context, its database is written anew, and
        what `keep_in_memory` opened is closed.

        `limit` is that of the working context in tokens, None for none. What exceeds it is below it: with `demote` the
        last files, with `prune` the least relevant; `stop` refuses.

        Raises UsageError for a path that cannot be read or another writer; CheckFailed for `stop`.
        """
        with self._writing():
            self._clean_up()
            account = LoadAccount()
            known = read_sources(self.connection)
            requests = self._requests(sources, known)
            if anew and known and {each.root for each in known} <= {each.root for each in requests}:
                places = {each.root: place for place, each in enumerate(known)}
                requests.sort(key=lambda request: places.get(request.root, len(known)))
                return self._load_beside(
                    requests, is_sound=True, on_full=on_full, limit=limit, stop=stop, progress=progress
                )
            execute = self.connection.execute
            (first,) = execute("SELECT ifnull(max(number), 0) + 1 FROM chunks").fetchone()
            write_meta(self.connection, "loading", first)
            loads, loaded = [], []
            number = max((source.id for source in known), default=0)
            try:
                for request in requests:
                    source = next((each for each in known if each.root == request.root), None)
                    number += source is None
                    load = SourceLoad(
                        self.connection,
                        self.chunks,
                        request,
                        source,
                        number if source is None else source.id,
                        account=account,
                        anew=anew,
                        stop=stop,
                        progress=progress,
                    )
                    loads.append(load)
                    loaded.append(load.stage())
                with self._last_transaction():
                    for load in loads:
                        load.finish()
                    self._delete_left_over()
                    self._check_capacity()
                    count_sources(self.connection)
                    write_meta(self.connection, "encoding", requests[0].chunking.encoding)
                    working = self._place(on_full, limit, is_changed=any(load.changes_anything for load in loads))
                    execute("DELETE FROM meta WHERE key = 'loading'")
            except BaseException as error:
                with contextlib.suppress(sqlite3.Error):
                    if self.connection.in_transaction:
                        execute("ROLLBACK")
                    self._clean_up()
                if isinstance(error, LoadInterrupted):
                    return LoadResult(
                        self.name, tuple(loaded), self.working(), *account.close(self._file_bytes()), partial=str(error)
                    )
                raise
            write_back(self.connection)
            return LoadResult(self.name, tuple(loaded), working, *account.close(self._file_bytes()))

    def check(self) -> CheckResult:
        """Read everything and compare it with its digests, seals and sums."""
        from exosuit_cli.context import upkeep

        with self._errors():
            return upkeep.check(self)

    def mark_damaged(self) -> int:
        """Have the next load read again what is damaged; how many files those are. Until then they stay damaged."""
        from exosuit_cli.context import upkeep

        with self._writing():
            return upkeep.mark_damaged(self)

    def drop_marked(self) -> None:
        """Delete the damaged files that no load has replaced."""
        from exosuit_cli.context import upkeep

        with self._writing():
            upkeep.drop_marked(self)

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

    def rebuild(
        self,
        requests: Sequence[SourceRequest],
        *,
        on_full: OnFull = "demote",
        limit: int | None = None,
        stop: StopRequest | None = None,
        progress: ProgressCallback | None = None,
    ) -> LoadResult:
        """Load into a new file, which then takes the place of this one; this context is of no use then but to close.

        As long as the new one is not whole, the old one stays. Raises as `load` does.
        """
        with self._writing():
            return self._load_beside(
                requests, is_sound=False, on_full=on_full, limit=limit, stop=stop, progress=progress
            )

    def compact(self) -> tuple[int, int]:
        """Compress all chunks anew and give free pages back; the bytes of the file before and after."""
        from exosuit_cli.context import upkeep

        with self._writing():
            self._clean_up()
            return upkeep.compact(self)

    def forget(self, name: str) -> None:
        """Remove one source with its files. Raises UsageError for a name that no source has."""
        with self._writing():
            self._clean_up()
            source = next((each for each in read_sources(self.connection) if each.name == name), None)
            if source is None:
                raise UsageError(f"the context {self.name!r} has no source {name!r}")
            with self._last_transaction():
                execute = self.connection.execute
                execute("INSERT INTO temp.outdated SELECT id FROM files WHERE source = ?", (source.id,))
                execute("INSERT INTO temp.left_over SELECT DISTINCT chunk FROM spans WHERE file IN temp.outdated")
                execute("DELETE FROM spans WHERE file IN temp.outdated")
                execute("DELETE FROM files WHERE source = ?", (source.id,))
                execute("DELETE FROM sources WHERE id = ?", (source.id,))
                count_sources(self.connection)
                self._delete_left_over()

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
            rows = self.connection.execute(
                "SELECT below, count(*), ifnull(sum(span_tokens), 0) FROM files WHERE source > 0 GROUP BY below"
            ).fetchall()
            limit = read_meta(self.connection, "limit")
        files, tokens = next(((files, tokens) for below, files, tokens in rows if below is None), (0, 0))
        below = tuple(Below(*row) for row in sorted(rows, key=lambda row: -row[2]) if row[0] is not None)
        return Working(limit if isinstance(limit, int) else None, files, tokens, below)

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

    def _file_bytes(self) -> int:
        return sum(_size(self.path + suffix) for suffix in ("", "-wal"))

    def _spans_of(self, file: StoredFile, names: dict[int, bytes]) -> list[StoredChunk]:
        """The places of a file's chunks, without texts; with an id that no text has where the rows are damaged."""
        execute = self.connection.execute
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

    def _requests(
        self, sources: PathLike | SourceRequest | Sequence[PathLike | SourceRequest], known: Sequence[Source]
    ) -> list[SourceRequest]:
        several: Sequence[PathLike | SourceRequest]
        several = [sources] if isinstance(sources, (str, bytes, os.PathLike, SourceRequest)) else sources
        requests: dict[bytes, SourceRequest] = {}
        for each in several:
            request = each if isinstance(each, SourceRequest) else _default_request(each)
            requests[request.root] = request
        if not requests:
            raise UsageError("no PATH is given to load")
        encodings = {request.chunking.encoding for request in requests.values()}
        if any(each.root not in requests for each in known):
            encodings.add(str(read_meta(self.connection, "encoding")))
        if len(encodings) > 1:
            raise UsageError(
                f"the context {self.name!r} would have several encodings ({', '.join(sorted(encodings))}); "
                "load all of its sources with one"
            )
        names = {source.root: source.name for source in known}
        taken = set(names.values())
        for root, request in requests.items():
            name = names.get(root) or _unused(request.name or suggested_name(root), taken)
            taken.add(name)
            requests[root] = replace(request, name=name)
        return list(requests.values())

    def _load_beside(
        self,
        requests: Sequence[SourceRequest],
        *,
        is_sound: bool,
        on_full: OnFull,
        limit: int | None,
        stop: StopRequest | None,
        progress: ProgressCallback | None,
    ) -> LoadResult:
        """Load into a new database, and let this context have it. Of a sound one, readers see what they see of a load.

        The caller holds the writer's lock.
        """
        from exosuit_cli.context.rebuild import hand_over, replace_database, room_beside

        with room_beside(self.path) as path:
            status = database_file(path, self.name, create=True)
            with Context(self.name, path, status, connect(path, self.name, create=True), read_only=False) as context:
                context.chunks.capacity_bytes = self.chunks.capacity_bytes
                context.chunks.token_capacity = self.chunks.token_capacity
                result = context.load(
                    requests, anew=is_sound, on_full=on_full, limit=limit, stop=stop, progress=progress
                )
            if not is_sound:
                if result.partial is None:
                    replace_database(path, self.path)
                return result
            if result.partial is not None:
                return replace(result, working=self.working())
            started = time.monotonic()
            self._close_stack()
            if hand_over(self.connection, path, self.path):
                self._open_again()
            throughput = result.throughput
            wall = throughput.wall_s + time.monotonic() - started
            stages = {**throughput.stages, STORE: throughput.stages[STORE] + time.monotonic() - started}
            return replace(result, throughput=replace(throughput, wall_s=wall, stages=stages))

    def _open_again(self) -> None:
        """Use the file that is at the path of this context now."""
        old = self.chunks
        self._status = database_file(self.path, self.name)
        self.connection = connect(self.path, self.name)
        self.chunks = NvmeTier(self.connection, capacity_bytes=old.capacity_bytes, token_capacity=old.token_capacity)

    def _place(self, on_full: OnFull, limit: int | None, *, is_changed: bool) -> Working:
        """Say of each file whether it is in the working context. Raises CheckFailed for `stop` where not all fit."""
        execute = self.connection.execute
        known = (read_meta(self.connection, "limit"), read_meta(self.connection, "on_full"))
        if not is_changed and known == (limit, on_full):
            return self.working()
        (tokens,) = execute("SELECT ifnull(sum(span_tokens), 0) FROM sources").fetchone()
        if limit is None or tokens <= limit:
            execute("UPDATE files SET below = NULL WHERE below IS NOT NULL")
        elif on_full == "stop":
            raise CheckFailed(
                f"the context {self.name!r} would have {tokens:,} tokens, {tokens - limit:,} over the limit of "
                f"{limit:,}; nothing was changed: load less, use --on-full demote or prune, or set a higher phase"
            )
        else:
            rows = execute(
                "SELECT id, path, digest, span_tokens, language, below FROM files WHERE source > 0 "
                "ORDER BY source, path"
            ).fetchall()
            files = [Candidate(row[0], as_path(row[1]), *row[2:5]) for row in rows]
            placing = place(files, limit, on_full)
            was = {row[0]: row[5] for row in rows}
            self.connection.executemany(
                "UPDATE files SET below = ? WHERE id = ?",
                ((each.below, each.file) for each in placing if was[each.file] != each.below),
            )
        write_meta(self.connection, "limit", limit)
        write_meta(self.connection, "on_full", on_full)
        return self.working()

    def _clean_up(self) -> None:
        """Remove what a load left that did not end."""
        first = read_meta(self.connection, "loading")
        if not isinstance(first, int):
            return
        execute = self.connection.execute
        with transaction(self.connection):
            execute("DELETE FROM files WHERE source < 0")
            execute("DELETE FROM spans WHERE file > (SELECT ifnull(max(id), 0) FROM files)")
            execute("DELETE FROM chunks WHERE number >= ? AND id NOT IN (SELECT chunk FROM spans)", (first,))
            execute("DELETE FROM meta WHERE key = 'loading'")

    @contextlib.contextmanager
    def _last_transaction(self) -> Iterator[None]:
        """The transaction that changes what readers see; it has the tables `outdated` and `left_over` to work with."""
        execute = self.connection.execute
        if self.connection.in_transaction:  # what was staged last
            execute("COMMIT")
        execute("CREATE TEMP TABLE IF NOT EXISTS outdated (file INTEGER PRIMARY KEY)")
        execute("CREATE TEMP TABLE IF NOT EXISTS left_over (chunk BLOB)")
        with transaction(self.connection):
            execute("DELETE FROM temp.outdated")
            execute("DELETE FROM temp.left_over")
            yield

    def _delete_left_over(self) -> None:
        self.connection.execute(
            "DELETE FROM chunks WHERE id IN temp.left_over AND NOT EXISTS "
            "(SELECT 1 FROM spans WHERE spans.chunk = chunks.id)"
        )

    def _first_staged(self) -> int:
        """The number from which on chunks belong to a load that is not finished."""
        first = read_meta(self.connection, "loading")
        return first if isinstance(first, int) else sys.maxsize

    @contextlib.contextmanager
    def _writing(self) -> Iterator[None]:
        """Be the one writer of this context in the block."""
        with self._errors(), writer_lock(self.path, self.name):
            if self._read_only:
                raise UsageError(f"the context {self.name!r} was opened to be read only")
            if self.connection.in_transaction:
                raise UsageError(
                    f"the context {self.name!r} is still being read here; close what iterates over it first"
                )
            if not is_same_file(self.path, self._status):
                raise UsageError(f"the context {self.name!r} was dropped or mended meanwhile; open it again")
            yield

    def _check_capacity(self) -> None:
        """Raise CheckFailed where the persistent tier would hold more than it may."""
        over_bytes, over_tokens = self.chunks.excess()
        if over_bytes or over_tokens:
            over = (
                f"{format_bytes(over_bytes)} over capacity_gb" if over_bytes else f"{over_tokens:,} over token_capacity"
            )
            raise CheckFailed(
                f"the context {self.name!r} does not fit the persistent tier: {over} of memory_layers.nvme_ssd; "
                "nothing was changed: load less, or raise the setting"
            )

    def _texts(self, keys: Sequence[bytes]) -> list[bytes | None]:
        return self.chunks.get(keys) if self.stack is None else self.stack.get_many(keys)

    def _close_stack(self) -> None:
        if self.stack is not None:
            self.stack.close()
            self.stack = None

    def _errors(self) -> contextlib.AbstractContextManager[None]:
        return database_errors(self.name, self.path)


def drop_context(name: str) -> None:
    """Delete a context. Raises UsageError where there is none, or a process loads it."""
    path = context_path(name)
    if not os.path.lexists(path):
        raise missing_context(name)
    with writer_lock(path, name):
        remove_context(name)


def discard_empty(name: str) -> None:
    """Delete a context that never held a source: what a first load leaves that did not end."""
    path = context_path(name)
    with contextlib.suppress(ExosuitError), writer_lock(path, name):
        try:
            with contextlib.closing(connect(path, name)) as connection, database_errors(name, path):
                is_empty = not read_sources(connection)
        except EmptyContext:
            is_empty = True
        if is_empty:
            remove_context(name)


def _default_request(path: PathLike) -> SourceRequest:
    root = os.path.realpath(os.fsencode(path))
    return SourceRequest(root, ChunkOptions(), ScanOptions())


def _unused(name: str, taken: set[str]) -> str:
    if name not in taken:
        return name
    return next(candidate for n in range(2, len(taken) + 3) if (candidate := f"{name}-{n}") not in taken)


def _size(path: str) -> int:
    with contextlib.suppress(OSError):
        return os.stat(path).st_size
    return 0
