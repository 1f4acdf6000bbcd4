"""What if a stage took no time: the timeline is run again without it.

Each track does what it did, in the same order, and every span takes as long as it took. Waits are computed anew. A
worker waits until the main process has dispatched its batch; the main process waits until a worker has made the result
that it receives next; a worker whose result did not fit into the pipe waits until it is received.

What stays as it was: which worker did which batch, the order in which the main process received them, and how long a
span takes. So the answer is careful where a free stage would let the others share the work better, and where it would
leave them more of a processor that all of them wanted.
"""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import field
from typing import TYPE_CHECKING, Final

from exosuit_cli.model.dataclass import dataclass
from exosuit_cli.model.spans import STAGES

if TYPE_CHECKING:
    from collections.abc import Sequence

    from exosuit_cli.measure.profile.records import Track

_DISPATCH, _RECEIVE, _RESULT = (STAGES.index(name) for name in ("dispatch", "receive", "result"))
_INPUT, _OUTPUT, _WORKERS, _DEVICE = (
    STAGES.index(name) for name in ("input wait", "output wait", "worker wait", "device wait")
)
_DEVICE_STAGES: Final = tuple(STAGES.index(name) for name in ("copy in", "kernel", "copy out"))
_BEFORE_WORK: Final = (STAGES.index("start"), STAGES.index("vocabulary"), _INPUT)
_BLOCKED_NS: Final = 200_000
"""A result that is sent in less time did not wait for the reader of the pipe."""


@dataclass(slots=True)
class _Line:
    """A track as lists, and how far it has been run again: the new end of each of its spans."""

    stages: list[int]
    starts: list[int]
    ends: list[int]
    batches: list[int]
    is_main: bool
    is_worker: bool
    new_ends: list[int] = field(default_factory=list)
    last_receive: int = -1

    def __post_init__(self) -> None:
        if _RECEIVE in self.stages:
            self.last_receive = len(self.stages) - 1 - self.stages[::-1].index(_RECEIVE)

    @property
    def at(self) -> int:
        """The next span."""
        return len(self.new_ends)

    @property
    def is_done(self) -> bool:
        return self.at == len(self.stages)


class Replay:
    """The timeline of some tracks, to be run again without a stage."""

    def __init__(self, tracks: Sequence[Track], wall_ns: int) -> None:
        self._wall_ns = wall_ns
        self._lines = [
            _Line(
                track.spans.stage.tolist(),
                track.spans.start_ns.tolist(),
                track.spans.end_ns.tolist(),
                track.spans.batch.tolist(),
                track.kind == "main",
                track.kind == "worker",
            )
            for track in tracks
            if track.kind != "device" and len(track.spans)
        ]
        self._device_share = _device_shares(tracks)
        self._as_it_was = self._run(None)

    def speedup(self, stage: str) -> float:
        """How many times as fast the whole would be without the time of `stage`."""
        return max(self._as_it_was / max(self._run(STAGES.index(stage)), 1), 1.0)

    def _run(self, free: int | None) -> int:
        """The nanoseconds of the whole."""
        main = next((line for line in self._lines if line.is_main), None)
        if main is None:
            return self._wall_ns
        for line in self._lines:
            line.new_ends = []
        run = _Run(self._lines, main, free, self._device_share)
        while any(not line.is_done for line in self._lines):
            if not run.advance():
                run.force()
        return main.new_ends[-1] + self._wall_ns - main.ends[-1]


class _Run:
    """One run: what was dispatched, made and received so far, in old and in new time."""

    def __init__(self, lines: list[_Line], main: _Line, free: int | None, device_shares: dict[int, float]) -> None:
        self._lines, self._main, self._free = lines, main, free
        self._device_shares = device_shares
        self._dispatched: dict[int, tuple[int, int]] = {}
        self._made: dict[int, tuple[int, int]] = {}
        self._received: dict[int, int] = {}
        self._known = {
            stage: {
                batch for line in lines for own, batch in zip(line.stages, line.batches, strict=True) if own == stage
            }
            for stage in (_DISPATCH, _RESULT, _RECEIVE)
        }

    def advance(self) -> bool:
        """Run every track as far as it gets; whether any got on."""
        moved = False
        for line in self._lines:
            while not line.is_done and self._step(line, forced=False):
                moved = True
        return moved

    def force(self) -> None:
        """Let the span that began first go on without what it waits for: spans were dropped, or clocks disagree."""
        line = min((line for line in self._lines if not line.is_done), key=lambda line: line.starts[line.at])
        self._step(line, forced=True)

    def _step(self, line: _Line, *, forced: bool) -> bool:
        """Run the next span of a track; False where what it depends on is not known yet."""
        at = line.at
        stage, start, end, batch = line.stages[at], line.starts[at], line.ends[at], line.batches[at]
        begin = self._begin(line, at)
        if begin is None and forced:
            begin = line.new_ends[-1] if at else start
        if begin is None:
            return False
        new_end = self._end(line, at, begin, forced=forced)
        if new_end is None:
            return False
        line.new_ends.append(new_end)
        if stage == _DISPATCH and line.is_main:
            self._dispatched[batch] = (end, new_end)
        elif stage == _RESULT and line.is_worker:
            self._made[batch] = (end, new_end)
        return True

    def _begin(self, line: _Line, at: int) -> int | None:
        """When the span can begin by its own track."""
        if at:
            return line.new_ends[at - 1] + line.starts[at] - line.ends[at - 1]
        return line.starts[0] if line.is_main else self._moved(line.starts[0], line)

    def _end(self, line: _Line, at: int, begin: int, *, forced: bool) -> int | None:
        stage, start, end, batch = line.stages[at], line.starts[at], line.ends[at], line.batches[at]
        took = 0 if stage == self._free else end - start
        if stage == _INPUT:
            if batch < 0:
                moved = self._moved(end, line) if at + 1 < len(line.stages) else begin
                return None if moved is None else max(begin, moved)
            if batch in self._known[_DISPATCH] and not forced:
                if batch not in self._dispatched:
                    return None
                old, new = self._dispatched[batch]
                return max(begin, new) + max(end - max(start, old), 0)
            return begin + took
        if stage == _OUTPUT:
            if took < _BLOCKED_NS or batch not in self._known[_RECEIVE] or forced:
                return begin + took
            return max(begin, self._received[batch]) if batch in self._received else None
        if stage == _WORKERS:
            return begin + (took if at > line.last_receive else 0)
        if stage == _RECEIVE:
            if batch in self._known[_RESULT] and not forced:
                if batch not in self._made:
                    return None
                old, new = self._made[batch]
                waited = at > 0 and line.stages[at - 1] == _WORKERS
                late = max(start - max(line.starts[at - 1], old), 0) if waited else 0
                begin = max(begin, new + late)
            self._received[batch] = begin
            return begin + took
        if stage == _DEVICE and self._free in _DEVICE_STAGES:
            return begin + round(took * (1 - self._device_shares.get(self._free or 0, 0.0)))
        return begin + took

    def _moved(self, moment: int, line: _Line) -> int | None:
        """Where a moment of the old time lies in the new, by the tracks that may have held this one up.

        That is the main process, and for workers the first one, which has loaded the vocabulary.
        """
        found = 0
        for other in (self._main, next(each for each in self._lines if each.is_worker)):
            if other is line:
                continue
            place = bisect_right(other.ends, moment) - 1
            if place < 0:
                continue
            if other.is_worker and other.stages[place] not in _BEFORE_WORK:
                continue  # it works: nobody waits for that to begin
            if place >= len(other.new_ends):
                return None
            found = max(found, other.new_ends[place] + moment - other.ends[place])
        return found


def _device_shares(tracks: Sequence[Track]) -> dict[int, float]:
    """The share of each stage of a device in what its streams did."""
    sums = dict.fromkeys(_DEVICE_STAGES, 0)
    for track in tracks:
        if track.kind == "device":
            for stage, start, end in zip(
                track.spans.stage.tolist(), track.spans.start_ns.tolist(), track.spans.end_ns.tolist(), strict=True
            ):
                sums[stage] += end - start
    total = sum(sums.values())
    return {stage: each / total for stage, each in sums.items()} if total else {}
