"""What a plan is made from and what it is: lines with their sums, and chunks, as columns."""

from __future__ import annotations

from exosuit_cli.model.dataclass import dataclass


@dataclass(frozen=True, slots=True)
class MeasuredLines:
    """The lines of one or more texts laid back to back, in forms that are quick to read one value at a time.

    Line i is `data[starts[i] : starts[i + 1]]`. `prefix[i]` is the number of tokens before it, where `is_safe[i]`; at
    other lines, where a token reaches across the line's start, it is near that number. `costs` and `kinds` are those of
    `LineStrengths`. All have one more entry for the end, which is safe and costs nothing, as every text's start does.
    `characters[i]` is the number of characters before line i; the list is empty where nobody asks.
    """

    data: memoryview
    starts: memoryview
    prefix: memoryview
    is_safe: bytes
    costs: bytes
    kinds: bytes
    characters: list[int]


Row = tuple[int, int, int, int, int, int]
"""A chunk of a plan: where it starts and ends, in bytes; the positions of its first and last line in the text, from 0;
its tokens; the number of its `Boundary`."""
