"""A profile as a command: runs that are recorded, each beside one that is not, and what follows from them."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from exosuit_cli.commands.profile_work import work_of
from exosuit_cli.commands.shared import Ending, interrupted
from exosuit_cli.measure.profile.build import Circumstances, RecordedRun, build_profile
from exosuit_cli.model.errors import ExitCode
from exosuit_cli.system.spans import Recording

if TYPE_CHECKING:
    from collections.abc import Callable
    from contextlib import AbstractContextManager

    from exosuit_cli.commands.chunk import OpenOutput
    from exosuit_cli.commands.profile_request import ProfileRequest
    from exosuit_cli.commands.profile_work import ProfiledWork, WorkDone
    from exosuit_cli.measure.profile.records import Profile
    from exosuit_cli.system.stop import StopRequest


@dataclass(frozen=True, slots=True)
class ProfileOutcome:
    """A finished profile, or what there is of one; how it ended."""

    request: ProfileRequest
    profile: Profile

    def ending(self, stop: StopRequest) -> Ending:
        """How the run ends."""
        if stop.signal is not None:
            return interrupted(stop.signal)
        return Ending(ExitCode.SUCCESS)


def run_profile(
    request: ProfileRequest,
    open_output: Callable[[], AbstractContextManager[OpenOutput]],
    *,
    stop: StopRequest,
    progress: Callable[[str], None] = lambda _: None,
) -> ProfileOutcome:
    """Do the work once to warm up, then in turn recorded and not, as often as asked for.

    An interrupted run gives what was recorded up to then, marked as partial. Raises as the work does.
    """
    work = work_of(request, open_output)
    runs: list[RecordedRun] = []
    twins: list[float] = []
    if request.cache == "warm":
        progress("warming up")
        work.run(None, stop)
    for number in range(request.options.repeat):
        if stop and runs:
            break
        for is_recorded in (number % 2 == 0, number % 2 == 1):  # each kind is first as often as the other
            if stop and (runs or not is_recorded):
                continue
            if is_recorded:
                progress(f"profiled run {number + 1} of {request.options.repeat}")
                runs.append(_recorded_run(work, stop))
            else:
                progress(f"twin {number + 1} of {request.options.repeat}")
                started = time.monotonic()
                done = work.run(None, stop)
                if done.partial is None:
                    twins.append(time.monotonic() - started)
    circumstances = Circumstances(
        work=request.options.work, options=_options(request), cache=request.cache, twins_s=twins, peaks={}
    )
    return ProfileOutcome(request, build_profile(runs, circumstances))


def _recorded_run(work: ProfiledWork, stop: StopRequest) -> RecordedRun:
    recording = Recording()
    done = work.run(recording, stop)
    ended_ns = time.monotonic_ns()
    return _run_of(recording, ended_ns, done)


def _run_of(recording: Recording, ended_ns: int, done: WorkDone) -> RecordedRun:
    return RecordedRun(
        recorded=recording.tracks(),
        started_ns=recording.started_ns,
        ended_ns=ended_ns,
        cpu_s=done.throughput.cpu_s,
        files=done.files,
        bytes=done.bytes,
        tokens=done.tokens,
        workers=done.throughput.workers,
        partial=done.partial,
        warnings=done.warnings,
    )


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
    }
    if request.chunk is not None:
        chunking = request.chunk.chunking
        found |= {"max_tokens": chunking.max_tokens, "boundaries": chunking.boundaries}
    return found
