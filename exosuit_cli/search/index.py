"""The lexical index of a context: brought into step with it, and open for reading.

It is derived: it lies in `NAME.search/` beside the context's database, and deleting that loses nothing. What is
damaged, or of another version, is built anew.
"""

from __future__ import annotations

import contextlib
import os
import time
from dataclasses import replace
from typing import TYPE_CHECKING, Final

import numpy as np

from exosuit_cli.context.names import index_directory
from exosuit_cli.context.rows import read_generation
from exosuit_cli.ingest.progress import Progress
from exosuit_cli.model.dataclass import dataclass
from exosuit_cli.model.errors import UsageError
from exosuit_cli.search.columns import DamagedIndex
from exosuit_cli.search.manifest import Manifest, SegmentEntry, read_manifest, write_manifest
from exosuit_cli.search.records import Refresh
from exosuit_cli.search.segment import SEGMENT_CHUNKS, Segment
from exosuit_cli.system.atomic import remove_left_behind
from exosuit_cli.system.paths import ensure_private

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy.typing as npt

    from exosuit_cli.context.reader import ContextReader
    from exosuit_cli.ingest.progress import ProgressCallback
    from exosuit_cli.system.stop import StopRequest

_ATTEMPTS: Final = 5
_SMALL_CHUNKS: Final = 4096
_MOST_SMALL: Final = 8
"""More small segments than this are made one. A segment half of whose chunks are dead is written again too."""


class Index:
    """Segments that are open for reading. `close` lets go of what is temporary."""

    def __init__(self, segments: Sequence[Segment], temporary: str | None = None) -> None:
        self.segments: Final = tuple(segments)
        self._temporary = temporary

    def close(self) -> None:
        """Delete the index where it is a temporary one."""
        if self._temporary is not None:
            import shutil

            shutil.rmtree(self._temporary, ignore_errors=True)
            self._temporary = None


def open_index(
    context: ContextReader,
    *,
    progress: ProgressCallback | None = None,
    stop: StopRequest | None = None,
    anew: str | None = None,
) -> tuple[Index, Refresh]:
    """The index of a context in step with what it holds now, and what that took.

    With `anew`, a reason, nothing of what is there is used. Raises OutputError where it cannot be written, and
    BuildStopped.
    """
    started = time.monotonic()
    directory = index_directory(context.path)
    temporary = None
    try:
        for _ in range(_ATTEMPTS):
            if anew is None:
                index = _in_step(context, directory)
                if index is not None:
                    return index, Refresh(0, 0, 0, time.monotonic() - started, None)
            from exosuit_cli.search.stored_texts import ContextChanged  # only now: mostly nothing is to be done

            if temporary is None and not _is_writable(directory):
                import tempfile

                temporary = directory = tempfile.mkdtemp(prefix="exosuit-search-")
            with contextlib.suppress(ContextChanged, FileNotFoundError):
                refresh = _Refreshing(context, directory, progress, stop).run(anew)
                if temporary is not None:
                    why = f"{index_directory(context.path)!r} cannot be written: the index is a temporary one"
                    refresh = replace(refresh, reason=why)
                manifest = read_manifest(directory)
                assert manifest is not None
                index = Index(_open_segments(directory, manifest), temporary)
                temporary = None
                return index, replace(refresh, seconds=time.monotonic() - started)
        raise UsageError(f"the context {context.name!r} is being loaded again and again; try again when that is done")
    finally:
        if temporary is not None:
            import shutil

            shutil.rmtree(temporary, ignore_errors=True)


def _is_writable(directory: str) -> bool:
    """Whether the index can be written here: also where it is not there yet."""
    place = directory if os.path.isdir(directory) else os.path.dirname(directory)
    return os.access(place, os.W_OK | os.X_OK)


def _in_step(context: ContextReader, directory: str) -> Index | None:
    """The index as it is, if it is of what the context holds now."""
    generation = read_generation(context.connection)
    with contextlib.suppress(DamagedIndex, FileNotFoundError):
        manifest = read_manifest(directory)
        if manifest is not None and generation is not None and manifest.generation == generation:
            return Index(_open_segments(directory, manifest))
    return None


def _open_segments(directory: str, manifest: Manifest) -> list[Segment]:
    found = []
    for entry in manifest.segments:
        segment = Segment(os.path.join(directory, entry.name), entry.dead)
        if (segment.files, segment.chunks) != (entry.files, entry.chunks):
            raise DamagedIndex(f"{entry.name}: it is not the one of the manifest")
        found.append(segment)
    return found


@dataclass(frozen=True, slots=True)
class _Plan:
    """What is to be done: segments that stay, with their dead files; files to index (None: all), and how many left."""

    kept: tuple[SegmentEntry, ...]
    wanted: list[int] | None
    added: int
    removed: int
    reason: str | None


class _Refreshing:
    """Brings the index in a directory into step, as its one writer."""

    def __init__(
        self, context: ContextReader, directory: str, progress: ProgressCallback | None, stop: StopRequest | None
    ) -> None:
        self._context = context
        self._directory = directory
        self._progress = progress
        self._stop = stop
        self._started = time.monotonic()

    def run(self, anew: str | None) -> Refresh:
        """Do it. Raises ContextChanged where another process has loaded the context meanwhile."""
        from exosuit_cli.search.build import build_segments
        from exosuit_cli.search.index_lock import index_lock
        from exosuit_cli.search.stored_texts import list_parts

        context, directory = self._context, self._directory
        ensure_private(directory)
        with index_lock(directory, context.name, self._stop):
            with context.snapshot():
                generation = read_generation(context.connection)
                plan = self._plan(anew, generation)
                parts = list(list_parts(context.connection, plan.wanted, SEGMENT_CHUNKS))
            self._total = sum(part.stop - part.first for part in parts)
            self._done = 0
            self._report(0)
            built = build_segments(context, parts, directory, done=self._report, stop=self._stop)
            entries = [
                SegmentEntry(each.name, each.files, each.chunks, np.zeros(each.files, np.bool_)) for each in built
            ]
            write_manifest(directory, Manifest(generation, (*plan.kept, *entries)))
            self._remove_others({each.name for each in (*plan.kept, *entries)})
        return Refresh(plan.added, self._total, plan.removed, 0.0, plan.reason)

    def _plan(self, anew: str | None, generation: str | None) -> _Plan:
        from exosuit_cli.search.stored_texts import count_files, file_keys, with_chunks

        reason = anew
        connection, changes = self._context.connection, self._context.changes
        if anew is None:
            try:
                manifest = read_manifest(self._directory)
                if manifest is not None:
                    if changes is not None and (changes.since, changes.generation) == (manifest.generation, generation):
                        return self._take_over(manifest, with_chunks(connection, changes.came), changes.gone)
                    return self._compare(manifest, *file_keys(connection))
            except (DamagedIndex, FileNotFoundError) as error:
                reason = str(error) if isinstance(error, DamagedIndex) else "a segment is missing"
        return _Plan((), None, count_files(connection), 0, reason)

    def _take_over(self, manifest: Manifest, came: list[int], gone: list[int]) -> _Plan:
        """What is to be done where it is known which files came and which went."""
        kept: list[tuple[SegmentEntry, Segment]] = []
        removed = 0
        for entry, segment in zip(manifest.segments, _open_segments(self._directory, manifest), strict=True):
            is_gone = np.isin(segment.column("file_id"), gone) & ~entry.dead
            removed += int(np.count_nonzero(is_gone))
            kept.append((replace(entry, dead=entry.dead | is_gone), segment))
        return self._planned(kept, came, len(came), removed)

    def _compare(self, manifest: Manifest, wanted: npt.NDArray[np.int64], seals: npt.NDArray[np.uint64]) -> _Plan:
        """What is to be done. `wanted` are the numbers of the files that are there now, ascending."""
        kept: list[tuple[SegmentEntry, Segment]] = []
        is_missing = np.ones(len(wanted), np.bool_)
        removed = 0
        for entry, segment in zip(manifest.segments, _open_segments(self._directory, manifest), strict=True):
            numbers = segment.column("file_id")
            places = np.minimum(np.searchsorted(wanted, numbers), max(len(wanted) - 1, 0))
            is_there = wanted[places] == numbers if len(wanted) else np.zeros(len(numbers), np.bool_)
            is_same = is_there.copy()
            is_same[is_there] = seals[places[is_there]] == segment.column("file_seal")[is_there]
            is_missing[places[is_same & ~entry.dead]] = False
            removed += int(np.count_nonzero(~is_there & ~entry.dead))
            kept.append((replace(entry, dead=entry.dead | ~is_same), segment))
        return self._planned(kept, wanted[is_missing].tolist(), int(np.count_nonzero(is_missing)), removed)

    def _planned(
        self, kept: Sequence[tuple[SegmentEntry, Segment]], missing: list[int], added: int, removed: int
    ) -> _Plan:
        """The plan where these segments are kept, and these files are missing in them."""
        again = self._to_write_again(kept)
        staying, missing = [], list(missing)
        for entry, segment in kept:
            if entry.name in again:
                missing += segment.column("file_id")[~entry.dead].tolist()
            else:
                staying.append(entry)
        return _Plan(tuple(staying), list(dict.fromkeys(missing)), added, removed, None)

    def _to_write_again(self, segments: Sequence[tuple[SegmentEntry, Segment]]) -> set[str]:
        """The names of segments that are mostly dead, and of small ones where there are too many."""
        again, small = set(), []
        for entry, segment in segments:
            counts = np.diff(segment.first_chunks)
            live = int(counts[~entry.dead].sum())
            if 2 * live < entry.chunks or entry.dead.all():
                again.add(entry.name)
            elif entry.chunks < _SMALL_CHUNKS:
                small.append(entry.name)
        return again | set(small if len(small) > _MOST_SMALL else ())

    def _report(self, chunks: int) -> None:
        self._done += chunks
        if self._progress is not None:
            seconds = time.monotonic() - self._started
            self._progress(Progress(self._total, True, self._done, 0, seconds))

    def _remove_others(self, names: set[str]) -> None:
        """Delete what the manifest does not name; who has it mapped keeps it."""
        with contextlib.suppress(OSError):
            for name in os.listdir(self._directory):
                if name.startswith("segment-") and name not in names:
                    path = os.path.join(self._directory, name)
                    with contextlib.suppress(OSError):
                        if os.path.isdir(path) and not os.path.islink(path):
                            import shutil

                            shutil.rmtree(path)
                        else:
                            os.unlink(path)
        remove_left_behind(self._directory)
