"""The time of a device's work, whose queues overlap."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from exosuit_cli.kernels.timeline import DeviceClock
from kernels.emulated import EmulatedQueue

SPANS = st.lists(st.tuples(st.integers(0, 40), st.integers(0, 9)), max_size=12)


@given(SPANS)
def test_what_overlaps_counts_once(spans: list[tuple[int, int]]) -> None:
    clock = DeviceClock(EmulatedQueue({}, kernels={}))
    spans.sort()
    clock.share("copy in", 0, 100)  # is of no account for other work
    found = [clock.share("kernel", start, start + length) for start, length in spans]
    assert sum(found) == len({second for start, length in spans for second in range(start, start + length)})
