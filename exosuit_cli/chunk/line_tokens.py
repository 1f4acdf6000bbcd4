"""How many tokens there are before each line of a slab."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from exosuit_cli.model.places import places_of_bits
from exosuit_cli.model.slab import Slab
from exosuit_cli.system.spans import TIMED_BYTES
from exosuit_cli.tokens import token_table

if TYPE_CHECKING:
    from collections.abc import Sequence

    from exosuit_cli.model.protocols import TokenCounter
    from exosuit_cli.model.slab import LineColumns, TokenColumns
    from exosuit_cli.model.spans import StageClock

_NEWLINE = 10
_BLOCK = 1 << 15


class LineTokens:
    """Counts the tokens before lines with `counter`; for one thread of one process, as its counter is."""

    def __init__(self, encoding: str, counter: TokenCounter, clock: StageClock) -> None:
        self._counter = counter
        self._clock = clock
        self._newlines = token_table(encoding).newlines
        self._held = np.empty(0, np.uint8)
        """Newlines of the tokens of a slab, kept from one to the next: fresh pages cost more than what is written."""

    def before(
        self, slab: Slab, lines: LineColumns, counted: TokenColumns | None, paths: Sequence[bytes] = ()
    ) -> tuple[npt.NDArray[np.int64], list[int]]:
        """int64[lines + 1]: the number of tokens in the slab before each line that is safe, or near that; and of texts.

        `counted` is what a device has counted; what it leaves is encoded. `paths` name the texts for a clock that
        records.
        """
        if counted is None or counted.before is None:
            return self._encoded(slab, lines, paths)
        return self._completed(slab, lines, counted.counts, counted.before)

    def _encoded(
        self, slab: Slab, lines: LineColumns, paths: Sequence[bytes] = ()
    ) -> tuple[npt.NDArray[np.int64], list[int]]:
        """See `before`.

        The k-th newline of a text is in the token that holds its k-th newline character; where a cut after it is safe,
        that token ends with it. So the tokens before a line are counted without looking at a single byte, and also
        where undecodable bytes were replaced.
        """
        held, lengths = self._held_newlines(slab, paths)
        totals = np.cumsum(lengths)
        holders = places_of_bits(np.packbits(held, bitorder="little"))
        after_newline = np.repeat(holders, held.take(holders))
        after_newline += 1
        # Each line ends with a newline, but the last one of a text may not: now it does.
        filled = np.flatnonzero(slab.lengths)
        is_open = slab.data[(slab.offsets + slab.lengths)[filled] - 1] != _NEWLINE
        if is_open.any():
            newlines = np.diff(lines.files)[filled] - is_open
            after_newline = np.insert(after_newline, np.cumsum(newlines)[is_open], 0)
        prefix = np.zeros(len(lines.starts), np.int64)
        prefix[1:] = after_newline
        prefix[lines.files[filled]] = (totals - lengths)[filled]
        prefix[-1] = totals[-1] if len(totals) else 0
        return prefix, lengths

    def _held_newlines(self, slab: Slab, paths: Sequence[bytes]) -> tuple[npt.NDArray[np.uint8], list[int]]:
        """The number of newlines in each token of the slab, and the number of tokens of each text."""
        view, encode, newlines = slab.data.data, self._counter.encode, self._newlines
        held = self._held
        used, lengths = 0, []
        for text, (start, size) in enumerate(zip(slab.offsets.tolist(), slab.lengths.tolist(), strict=True)):
            data = bytes(view[start : start + size])
            ids = self._encode_timed(paths[text], data) if paths else encode(data)
            lengths.append(len(ids))
            if used + len(ids) > len(held):
                held = np.empty(max(2 * len(held), used + len(ids), len(slab.data) // 2), np.uint8)
                held[:used] = self._held[:used]
                self._held = held
            for first in range(0, len(ids), _BLOCK):  # indices become 64 bits wide: as many as the cache holds
                block = ids[first : first + _BLOCK]
                newlines.take(block, out=held[used : used + len(block)], mode="clip")
                used += len(block)
        return held[:used], lengths

    def _completed(
        self,
        slab: Slab,
        lines: LineColumns,
        counts: npt.NDArray[np.int64],
        before: npt.NDArray[np.int64],
    ) -> tuple[npt.NDArray[np.int64], list[int]]:
        """What `_encoded` gives, from the columns of `TokenColumns`; the texts that these leave are encoded."""
        left = np.flatnonzero(counts < 0).tolist()
        of_lines = np.diff(lines.files)
        if left:
            counts, before = counts.copy(), before.copy()
            lengths = slab.lengths[left]
            starts = slab.offsets[left].tolist()
            data = np.concatenate(
                [slab.data[start : start + size] for start, size in zip(starts, lengths.tolist(), strict=True)]
            )
            own = lines.of_files(left)
            prefix, totals = self._encoded(Slab(data, np.cumsum(lengths) - lengths, lengths), own)
            is_left = np.zeros(len(counts), np.bool_)
            is_left[left] = True
            sums = np.cumsum(totals) - totals
            before[np.repeat(is_left, of_lines)] = prefix[:-1] - np.repeat(sums, of_lines[left])
            counts[left] = totals
        ends = np.cumsum(counts)
        whole = np.append(before + np.repeat(ends - counts, of_lines), ends[-1] if len(ends) else 0)
        return whole, counts.tolist()

    def _encode_timed(self, path: bytes, data: bytes) -> npt.NDArray[np.uint32]:
        began = self._clock.now()
        ids = self._counter.encode(data)
        if len(data) >= TIMED_BYTES:
            self._clock.file(path, "tokens", began, len(data))
        return ids
