"""A profile as a command: runs that are recorded, each beside one that is not, and what follows from them."""

from __future__ import annotations

import os
import time
from dataclasses import field, replace
from typing import TYPE_CHECKING, Literal

from exosuit_cli.commands.profile_work import work_of
from exosuit_cli.commands.shared import Ending, interrupted, unreadable_paths
from exosuit_cli.measure.cache import drop_pages, look_at_pages
from exosuit_cli.measure.profile.build import Circumstances, RecordedRun, build_profile
from exosuit_cli.measure.profile.cost import FileFigures, dearest_files
from exosuit_cli.measure.profile.probes import peak_rates
from exosuit_cli.measure.profile.sampler import Sampler
from exosuit_cli.measure.profile.tiers import memory_series, tier_profiles
from exosuit_cli.measure.profile.tracks import tracks_of
from exosuit_cli.model.dataclass import dataclass
from exosuit_cli.model.errors import ExitCode, ResourceMissing
from exosuit_cli.system.spans import Recording

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from contextlib import AbstractContextManager

    from exosuit_cli.commands.chunk import OpenOutput
    from exosuit_cli.commands.profile_request import ProfileRequest
    from exosuit_cli.commands.profile_work import ProfiledWork, WorkDone
    from exosuit_cli.measure.cache import CacheReading
    from exosuit_cli.measure.profile.records import Profile
    from exosuit_cli.system.stop import StopRequest

_COLD_SHARE, _WARM_SHARE = 0.05, 0.95
"""Of the corpus in the page cache: at most that much is cold, at least that much is warm."""


@dataclass(frozen=True, slots=True)
class ProfileOutcome:
    """A finished profile, or what there is of one, and what kept files from being read."""

    request: ProfileRequest
    profile: Profile
    unreadable: str | None = None

    def ending(self, stop: StopRequest) -> Ending:
        """How the run ends; asked when the report is out, since a signal may arrive until then."""
        if stop.signal is not None:
            return interrupted(stop.signal)
        if self.unreadable is not None:
            return Ending(ExitCode.UNREADABLE_PATHS, (self.unreadable,))
        return Ending(ExitCode.SUCCESS)


def run_profile(
    request: ProfileRequest,
    open_output: Callable[[], AbstractContextManager[OpenOutput]],
    *,
    stop: StopRequest,
    progress: Callable[[str], None] = lambda _: None,
) -> ProfileOutcome:
    """Do the work once to warm up, then in turn recorded and not, as often as asked for.

    An interrupted run gives what was recorded up to then, marked as partial. Raises as the work
    does, and ResourceMissing for `nvtx` without a card.
    """
    if request.options.nvtx:
        _check_card()
    profiler = _Profiler(request, work_of(request, open_output), stop, progress)
    profiler.run()
    return profiler.outcome()


@dataclass(slots=True)
class _Profiler:
    request: ProfileRequest
    work: ProfiledWork
    stop: StopRequest
    progress: Callable[[str], None]
    runs: list[RecordedRun] = field(default_factory=list)
    twins_s: list[float] = field(default_factory=list)
    caches: list[CacheReading] = field(default_factory=list)
    last: WorkDone | None = None

    def run(self) -> None:
        """Every run, in turn."""
        repeats = self.request.options.repeat
        if self.request.cache == "warm":
            self.progress("reading the corpus once, so that it is in the page cache")
            self.work.run(None, self.stop)
        for number in range(repeats):
            for is_recorded in (number % 2 == 0, number % 2 == 1):  # each kind is first as often as the other
                if self.stop and self.runs:
                    return
                if is_recorded:
                    self.progress(f"profiled run {number + 1} of {repeats}")
                    self._recorded()
                elif not self.stop:
                    self.progress(f"run {number + 1} of {repeats} without a profiler")
                    self._twin()

    def outcome(self) -> ProfileOutcome:
        """What follows from the runs."""
        request, stop = self.request, self.stop
        options = _options(request)
        cache, warnings = self._cache()
        peaks: Mapping[str, float] = {}
        if not stop:
            self.progress("measuring this machine")
            encoding = options["encoding"]
            peaks = peak_rates(str(options["hash"]), str(encoding) if encoding is not None else None)
        profile = build_profile(
            self.runs,
            Circumstances(
                work=request.options.work,
                options=options,
                cache=cache,
                twins_s=self.twins_s,
                peaks=peaks,
                warnings=warnings,
            ),
        )
        if stop.signal is not None:
            profile = replace(profile, partial=stop.signal.name)
        scan = self.last.scan if self.last is not None else None
        return ProfileOutcome(request, profile, unreadable_paths(scan) if scan is not None else None)

    def _twin(self) -> None:
        if self.request.cache == "cold":
            self._set_cache()
        started = time.monotonic_ns()
        done = self.work.run(None, self.stop)
        if done.partial is None:
            self.twins_s.append((done.ended_ns - started) / 1e9)

    def _recorded(self) -> None:
        before = self._set_cache()
        self.caches.append(before)
        with Sampler(self.request.options.sample_ms) as sampler:
            recording = Recording(has_ranges=self.request.options.nvtx)
            done = self.last = self.work.run(recording, self.stop)
        recorded = recording.tracks()
        started, wall = recording.started_ns, done.ended_ns - recording.started_ns
        self.runs.append(
            RecordedRun(
                recorded=recorded,
                started_ns=started,
                ended_ns=done.ended_ns,
                cpu_s=done.throughput.cpu_s,
                files=done.files,
                bytes=done.bytes,
                tokens=done.tokens,
                workers=done.throughput.workers,
                partial=done.partial,
                warnings=done.warnings,
                series=memory_series(sampler.readings, tracks_of(recorded, started, wall), started),
                tiers=tier_profiles(done.memory, sampler.readings, before, self._look()),
                dearest=dearest_files(recorded, self.request.outputs.top, _figures(done)),
            )
        )

    def _set_cache(self) -> CacheReading:
        """Bring the page cache into the state that is asked for, as far as the system lets it."""
        if self.request.cache == "warm":
            return self._look()
        readings = [drop_pages(path) for path in self.request.paths]
        return _sum(readings)

    def _look(self) -> CacheReading:
        return _sum([look_at_pages(path) for path in self.request.paths])

    def _cache(self) -> tuple[Literal["warm", "cold", "unknown"], list[str]]:
        """What the page cache held before the profiled runs, and a warning where that is not what was asked for."""
        wanted = self.request.cache
        for reading in self.caches:
            if reading.sampled_bytes is None or reading.cached_bytes is None:
                return "unknown", [f"nobody knows whether the page cache was {wanted}: {reading.reason}"]
            share = reading.cached_bytes / reading.sampled_bytes if reading.sampled_bytes else 0.0
            if wanted == "cold" and share > _COLD_SHARE:
                return "unknown", [f"{share:.0%} of the corpus stayed in the page cache: the run was not cold"]
            if wanted == "warm" and reading.sampled_bytes and share < _WARM_SHARE:
                return "unknown", [f"only {share:.0%} of the corpus was in the page cache: the run was not warm"]
        return wanted, []


def _sum(readings: Sequence[CacheReading]) -> CacheReading:
    unknown = next((each for each in readings if each.reason is not None), None)
    if unknown is not None:
        return unknown
    sampled = sum(each.sampled_bytes or 0 for each in readings)
    return replace(readings[0], sampled_bytes=sampled, cached_bytes=sum(each.cached_bytes or 0 for each in readings))


def _figures(done: WorkDone) -> Callable[[bytes], FileFigures | None]:
    """What is known of a file of a run by its path."""
    scan = done.scan
    places = {path: place for place, path in enumerate(scan.paths)} if scan is not None else {}

    def figures(path: bytes) -> FileFigures | None:
        place = places.get(path)
        if scan is None or place is None:
            return None
        row = scan.rows[place]
        lines, tokens = int(row["lines"]), int(row["tokens"])
        try:
            links = os.lstat(os.path.join(scan.base, path)).st_nlink
        except (OSError, ValueError):
            links = None
        return FileFigures(int(row["size"]), lines if lines >= 0 else None, tokens if tokens >= 0 else None, links)

    return figures


def _check_card() -> None:
    """Raise ResourceMissing where there is no card that NVTX could serve."""
    from exosuit_cli.device.choice import load_driver

    missing = load_driver().why_not(0)
    if missing is not None:
        raise ResourceMissing(f"--nvtx marks the stages for a CUDA card: {missing}; leave it out")


def _options(request: ProfileRequest) -> dict[str, object]:
    """What a profile depends on beside the tree and the machine."""
    scanned = request.scan if request.scan is not None else request.chunk
    assert scanned is not None
    found: dict[str, object] = {
        "encoding": scanned.options.encoding,
        "hash": scanned.options.hash,
        "device": scanned.options.device,
        "workers": scanned.options.workers,
        "index": request.options.index,
        "repeat": request.options.repeat,
        "paths": list(request.paths),
    }
    if request.chunk is not None:
        chunking = request.chunk.chunking
        found |= {"max_tokens": chunking.max_tokens, "boundaries": chunking.boundaries}
    return found
