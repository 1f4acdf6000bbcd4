"""A context: files of repositories, cut into chunks, kept in one database, loaded and read by name."""

from __future__ import annotations

import contextlib
import os
import sqlite3
from typing import TYPE_CHECKING

from exosuit_cli.context.account import LoadAccount
from exosuit_cli.context.database import (
    ContextReplaced,
    OtherSources,
    is_same_file,
    write_back,
    writer_lock,
)
from exosuit_cli.context.first_load import make_indexes
from exosuit_cli.context.load import LoadInterrupted, SourceLoad, delete_outdated
from exosuit_cli.context.names import context_path, missing_context, remove_context
from exosuit_cli.context.places import write_places
from exosuit_cli.context.reader import ContextReader
from exosuit_cli.context.records import (
    Changes,
    LoadResult,
)
from exosuit_cli.context.requests import SourceRequest, named_requests, requests_of
from exosuit_cli.context.rows import (
    change_generation,
    count_sources,
    read_generation,
    read_meta,
    read_sources,
    write_meta,
)
from exosuit_cli.context.staging import Staging
from exosuit_cli.context.transactions import transaction
from exosuit_cli.model.errors import CheckFailed, UsageError
from exosuit_cli.model.units import format_bytes

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from exosuit_cli.context.working import OnFull
    from exosuit_cli.ingest.progress import ProgressCallback
    from exosuit_cli.system.stop import StopRequest
    from exosuit_cli.walk.roots import PathLike


class Context(ContextReader):
    """A context that is open, as a context manager. One process may load; any number may read, also meanwhile."""

    def load(
        self,
        sources: PathLike | SourceRequest | Sequence[PathLike | SourceRequest],
        *,
        anew: bool = False,
        adds: bool = True,
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

        Without `adds`, a context that has sources gets no other one: OtherSources is raised, and nothing was changed.
        Whoever looks for itself looks too early, since another process may load meanwhile.

        `limit` is that of the working context in tokens, None for none. What exceeds it is below it: with `demote` the
        last files, with `prune` the least relevant; `stop` refuses.

        Raises UsageError for a path that cannot be read or another writer; CheckFailed for `stop`.
        """
        asked = requests_of(sources)
        with self._writing(tuple(asked)):
            self._clean_up()
            account = LoadAccount()
            known = read_sources(self.connection)
            requests = named_requests(self.name, asked, known, self.connection)
            if not adds and known and not {each.root for each in requests} <= {each.root for each in known}:
                raise OtherSources(f"the context {self.name!r} has other sources")
            if anew and known and {each.root for each in known} <= {each.root for each in requests}:
                from exosuit_cli.context.rebuild import load_beside

                places = {each.root: place for place, each in enumerate(known)}
                requests.sort(key=lambda request: places.get(request.root, len(known)))
                return load_beside(
                    self, requests, is_sound=True, on_full=on_full, limit=limit, stop=stop, progress=progress
                )
            execute = self.connection.execute
            begin = Staging(self.connection, self.chunks)
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
                        begin=begin,
                        stop=stop,
                        progress=progress,
                    )
                    loads.append(load)
                    loaded.append(load.stage())
                if not begin.has_begun and self._is_recorded(loads, on_full, limit):
                    self._check_capacity()
                    return LoadResult(self.name, tuple(loaded), self.working(), *account.close(self._file_bytes()))
                with self._last_transaction():
                    for load in loads:
                        load.finish()
                    make_indexes(self.connection)
                    self._delete_left_over()
                    self._check_capacity()
                    count_sources(self.connection)
                    write_meta(self.connection, "encoding", requests[0].chunking.encoding)
                    is_changed = any(load.changes_anything for load in loads)
                    since = read_generation(self.connection)
                    if is_changed:
                        change_generation(self.connection)
                    placing = (read_meta(self.connection, "limit"), read_meta(self.connection, "on_full"))
                    if is_changed or placing != (limit, on_full):
                        write_places(self.connection, self.name, limit, on_full)
                    working = self.working()
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
            finally:
                begin.end()
            self.changes = _changes_of(loads, since, read_generation(self.connection))
            write_back(self.connection)
            return LoadResult(self.name, tuple(loaded), working, *account.close(self._file_bytes()))

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
        from exosuit_cli.context.rebuild import load_beside

        with self._writing():
            return load_beside(
                self, requests, is_sound=False, on_full=on_full, limit=limit, stop=stop, progress=progress
            )

    @contextlib.contextmanager
    def writing(self) -> Iterator[sqlite3.Connection]:
        """Be the one writer of this context in the block, for what is kept beside its chunks. Raises as `load` does."""
        with self._writing():
            self._clean_up()
            yield self.connection

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
                delete_outdated(self.connection)
                execute("DELETE FROM sources WHERE id = ?", (source.id,))
                count_sources(self.connection)
                change_generation(self.connection)
                self._delete_left_over()

    def _is_recorded(self, loads: Sequence[SourceLoad], on_full: OnFull, limit: int | None) -> bool:
        """Whether nothing has changed that a load writes down."""
        return all(load.is_recorded() for load in loads) and self.placing() == (limit, on_full)

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
            make_indexes(self.connection)
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
        self.connection.execute(
            "DELETE FROM vectors WHERE chunk IN temp.left_over AND chunk NOT IN (SELECT id FROM chunks)"
        )

    @contextlib.contextmanager
    def _writing(self, roots: Sequence[bytes] = ()) -> Iterator[None]:
        """Be the one writer of this context in the block, which loads these roots."""
        with self._errors(), writer_lock(self.path, self.name, roots):
            if self._read_only:
                raise UsageError(f"the context {self.name!r} was opened to be read only")
            if self.connection.in_transaction:
                raise UsageError(
                    f"the context {self.name!r} is still being read here; close what iterates over it first"
                )
            if not is_same_file(self.path, self._status):
                raise ContextReplaced(f"the context {self.name!r} was dropped or mended meanwhile; open it again")
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


def drop_context(name: str) -> None:
    """Delete a context. Raises UsageError where there is none, or a process loads it."""
    path = context_path(name)
    if not os.path.lexists(path):
        raise missing_context(name)
    with writer_lock(path, name):
        remove_context(name)


def _changes_of(loads: Sequence[SourceLoad], since: str | None, generation: str | None) -> Changes | None:
    """What loads that ended have changed; None where it is much."""
    parts = [load.changes for load in loads if load.changes is not None]
    if since is None or generation is None or len(parts) < len(loads):
        return None
    came, gone = ([number for part in parts for number in part[side]] for side in (0, 1))
    return Changes(since, generation, came, gone)
