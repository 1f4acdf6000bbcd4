"""Loads a repository into a context, and brings it up to date: only files that changed are read and cut again."""

from __future__ import annotations

import json
import time
from dataclasses import replace
from typing import TYPE_CHECKING

from exosuit_cli.context.file_changes import agree, compare, known_files
from exosuit_cli.context.records import LoadedSource, Source, StoredFile
from exosuit_cli.context.requests import SourceRequest, scan_options
from exosuit_cli.context.rows import FILE_SUMS, as_column, next_number, staged_row, sum_source
from exosuit_cli.context.seal import file_seal
from exosuit_cli.index.format import IndexUnusable, check_head, open_index
from exosuit_cli.index.path import index_path
from exosuit_cli.ingest import scan
from exosuit_cli.languages import LANGUAGES
from exosuit_cli.walk.roots import resolve_roots

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Callable, Mapping, Sequence

    from exosuit_cli.context.account import LoadAccount
    from exosuit_cli.context.collector import ContextCollector
    from exosuit_cli.ingest.progress import ProgressCallback
    from exosuit_cli.ingest.result import ScanResult
    from exosuit_cli.system.stop import StopRequest
    from exosuit_cli.tiers.nvme import NvmeTier

_DIGEST_BYTES = 32
_FEW_FILES = 1000
"""As many files are looked up by path; for more, all rows are read."""
_FILE = "INSERT INTO files VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, NULL)"


class LoadInterrupted(Exception):
    """A signal ended a load before its last transaction; the argument is the signal's name."""


class SourceLoad:
    """The load of one source. `stage` works, in transactions of its own; `finish` makes it what readers see.

    `changes` are then the numbers of the files that came, and of those that went; None where they are many.

    `begin` opens a transaction for what is staged, unless there is one. `source` is what the context has of it, None
    for a new one, which will be `number`. With `anew`, nothing is taken from there or from the index.
    """

    def __init__(
        self,
        connection: sqlite3.Connection,
        chunks: NvmeTier,
        request: SourceRequest,
        source: Source | None,
        number: int,
        *,
        account: LoadAccount,
        anew: bool,
        begin: Callable[[], None],
        stop: StopRequest | None,
        progress: ProgressCallback | None,
    ) -> None:
        self.number = number
        self.changes_anything = True
        self.changes: tuple[list[int], list[int]] | None = ([], [])
        self._begin = begin
        self._connection = connection
        self._chunks = chunks
        self._request = request
        self._source = source
        self._options = scan_options(request)
        self._key = request.key()
        self._account = account
        self._anew = anew
        self._stop = stop
        self._progress = progress
        self._outdated: list[int] = []
        self._executable: list[tuple[bool, int]] = []
        self._tree_digest: str | None = None

    def stage(self) -> LoadedSource:
        """Read, cut and write what changed. Raises LoadInterrupted, with nothing to be seen of it."""
        started = time.monotonic()
        source = self._source
        if source is None or source.key != self._key or self._anew:
            self._outdated = (
                [] if source is None else [each[1] for each in known_files(self._connection, source.id).values()]
            )
            result, collector = self._cut(None)
            self._tree_digest = result.tree_digest
            return self._loaded(result, started, collector, loaded=len(result.paths), removed=0)
        result, first = self._look()
        self._tree_digest = result.tree_digest
        if result.tree_digest == source.tree_digest:
            self.changes_anything = False
            self._discard(first, ())
            return self._loaded(result, started, None, loaded=0, removed=0)
        changes = compare(self._connection, result, source)
        changed = changes.changed
        self._outdated += changes.outdated
        self._executable += changes.executable
        self._discard(first, changed)
        cut = [path for path in changed if first is not None and path in first.cuts]
        if first is not None:
            self._write_files(result, first, cut)
        loaded, collectors = len(cut), [first]
        if len(cut) < len(changed):  # what another scan has seen since the last load, or no index knew of
            missing = sorted(set(changed).difference(cut)) if cut else changed
            again, second = self._cut(missing)
            loaded += len(again.paths)
            collectors.append(second)
            if again.paths != missing or not agree(again, result):
                self._tree_digest = None  # the tree changed between the two looks: the next load compares again
        return self._loaded(result, started, *collectors, loaded=loaded, removed=changes.removed)

    def finish(self) -> None:
        """Make what was staged the state of the source, in the caller's transaction."""
        execute, number = self._connection.execute, self.number
        sums = self._sums_before()
        if self.changes_anything:
            self._connection.executemany("INSERT INTO temp.outdated VALUES (?)", ((each,) for each in self._outdated))
            self._connection.executemany("UPDATE files SET executable = ? WHERE id = ?", self._executable)
            came = execute(f"SELECT {FILE_SUMS} FROM files WHERE source = ?", (-number,)).fetchone()  # noqa: S608
            gone = execute(
                f"SELECT {FILE_SUMS} FROM files WHERE source = ? AND id IN temp.outdated",  # noqa: S608
                (number,),
            ).fetchone()
            sums = [before + more - less for before, more, less in zip(sums, came, gone, strict=True)]
            self._note_changes()
            delete_outdated(self._connection)
            execute("UPDATE files SET source = ? WHERE source = ?", (number, -number))
        request = self._request
        execute(
            "INSERT OR REPLACE INTO sources VALUES (?, ?, ?, ?, ?, ?, 0, 0, 0, 0, 0, 0, ?, x'')",
            (
                number,
                as_column(request.root),
                request.name,
                _as_text(request.given),
                self._key,
                self._tree_digest,
                time.time_ns(),
            ),
        )
        sum_source(self._connection, number, sums)

    def _sums_before(self) -> list[int]:
        """What `FILE_SUMS` were before this load."""
        old = self._source
        if old is None:
            return [0] * 6
        return [old.files, old.bytes, old.lines, old.tokens, old.spans, old.span_tokens]

    def _note_changes(self) -> None:
        """Keep the numbers of the files that come and go, where they are few."""
        query = "SELECT id FROM files WHERE source = ? LIMIT ?"
        came = self._connection.execute(query, (-self.number, _FEW_FILES + 1)).fetchall()
        if len(came) <= _FEW_FILES and len(self._outdated) <= _FEW_FILES:
            self.changes = [row[0] for row in came], self._outdated
        else:
            self.changes = None

    def is_recorded(self) -> bool:
        """Whether the context says all that `finish` would write, but for the moment of it."""
        source, request = self._source, self._request
        if self.changes_anything or source is None:
            return False
        return (source.name, _as_text(source.given)) == (request.name, _as_text(request.given))

    def _look(self) -> tuple[ScanResult, ContextCollector | None]:
        """Scan the source. Where an index knows it, what it says has changed is cut in the same pass."""
        from exosuit_cli.ingest.chunking import chunk_into

        stop, progress = self._stop, self._progress
        collector = None
        if self._is_indexed():
            collector = self._collector()
            taking = collector
            result = self._account.run(
                lambda: chunk_into(
                    taking, self._request.root, self._options, only_changed=True, stop=stop, progress=progress
                )
            )
            self._account.store_seconds += collector.seconds
        else:
            result = self._account.run(lambda: scan([self._request.root], self._options, stop=stop, progress=progress))
        _check(result)
        if collector is not None:
            collector.finish()
        return result, collector

    def _is_indexed(self) -> bool:
        """Whether there is an index of the source; without one every file would be cut."""
        options = self._options
        try:
            path = index_path(resolve_roots([self._request.root]), options.hash, options.encoding)
            with open_index(path) as file:
                check_head(file)
        except (OSError, IndexUnusable):
            return False
        return True

    def _discard(self, collector: ContextCollector | None, wanted: Sequence[bytes]) -> None:
        """Take back what was cut of files whose content the context has already."""
        needless = set(collector.cuts).difference(wanted) if collector is not None else ()
        if collector is not None and needless:
            numbers = [(collector.cuts[path].file,) for path in needless]
            self._begin()
            self._connection.executemany("DELETE FROM spans WHERE file = ?", numbers)
            collector.forget(needless)

    def _collector(self) -> ContextCollector:
        from exosuit_cli.chunk.batch import Chunking
        from exosuit_cli.context.collector import ContextCollector, TextRenderer

        chunking = Chunking(self._request.chunking, TextRenderer(), with_flags=False)
        number = next_number(self._connection, "files")
        return ContextCollector(chunking, self._connection, self._chunks, number, self._begin)

    def _cut(self, names: Sequence[bytes] | None) -> tuple[ScanResult, ContextCollector]:
        """Cut the whole source, or what `names` says of it, into staged files."""
        from exosuit_cli.ingest.chunking import chunk_into

        collector = self._collector()
        options, path = self._options, self._request.root
        if names is not None:
            path = resolve_roots([path]).base
            options = replace(options, use_index=False)
        result = self._account.run(
            lambda: chunk_into(
                collector,
                path,
                options,
                names=names,
                reads_index=not self._anew,
                stop=self._stop,
                progress=self._progress,
            )
        )
        self._account.store_seconds += collector.seconds
        _check(result)
        collector.finish()
        self._write_files(result, collector, result.paths)
        return result, collector

    def _write_files(self, result: ScanResult, collector: ContextCollector, paths: Sequence[bytes]) -> None:
        """Stage the rows of files that were cut."""
        rows = result.rows
        if len(paths) < len(result.paths):
            place_of = {path: place for place, path in enumerate(result.paths)}
            rows = rows[[place_of[path] for path in paths]]
        digests = rows["digest"].tobytes()
        columns = (rows[name].tolist() for name in ("executable", "size", "lines", "tokens", "language"))
        staged = []
        for place, (path, executable, size, lines, tokens, language) in enumerate(zip(paths, *columns, strict=True)):
            cut = collector.cut_of(path)
            is_text = lines >= 0
            file = StoredFile(
                id=cut.file,
                source=-self.number,
                path=path,
                digest=digests[_DIGEST_BYTES * place : _DIGEST_BYTES * (place + 1)],
                size=size,
                lines=lines if is_text else None,
                tokens=tokens if is_text else None,
                language=LANGUAGES[language] or None,
                spans=cut.spans,
                span_tokens=cut.tokens,
                below=None,
            )
            staged.append(staged_row(file, executable, file_seal(file, cut.seal)))
        self._begin()
        self._connection.executemany(_FILE, staged)

    def _loaded(
        self, result: ScanResult, started: float, *collectors: ContextCollector | None, loaded: int, removed: int
    ) -> LoadedSource:
        return LoadedSource(
            name=self._request.name,
            root=self._request.root,
            files=len(result.paths),
            unchanged=len(result.paths) - loaded,
            loaded=loaded,
            removed=removed,
            chunks=sum(each.chunks for each in collectors if each is not None),
            tokens=sum(each.tokens for each in collectors if each is not None),
            bytes_read=result.throughput.bytes_read,
            seconds=time.monotonic() - started,
            skipped=result.skipped,
            warnings=tuple(result.warnings),
            unreadable=tuple(result.unreadable),
        )


def delete_outdated(connection: sqlite3.Connection) -> None:
    """Delete the files of `temp.outdated` with their spans, and note their chunks in `temp.left_over`."""
    connection.execute("INSERT INTO temp.left_over SELECT DISTINCT chunk FROM spans WHERE file IN temp.outdated")
    connection.execute("DELETE FROM spans WHERE file IN temp.outdated")
    connection.execute("DELETE FROM files WHERE id IN temp.outdated")


def _as_text(given: Mapping[str, object]) -> str:
    """The given options as they stand in the row of a source."""
    return json.dumps(dict(given), sort_keys=True)


def _check(result: ScanResult) -> None:
    if result.partial is not None:
        raise LoadInterrupted(result.partial)
