"""Counting the tokens of texts."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

import numpy as np

from exosuit_cli.model.records import Batch
from exosuit_cli.shards.work import NOT_COUNTED
from exosuit_cli.system.spans import TIMED_BYTES

if TYPE_CHECKING:
    import numpy.typing as npt

    from exosuit_cli.model.protocols import StreamCount, TokenCounter
    from exosuit_cli.model.slab import LineColumns
    from exosuit_cli.model.spans import StageClock
    from exosuit_cli.read import FilledSlab, LargeFile
    from exosuit_cli.shards.fallbacks import Fallbacks
    from exosuit_cli.shards.large import LargeContent
    from exosuit_cli.shards.rows import FileFacts
    from exosuit_cli.system.stop import StopRequest


class Counting:
    """Counts with `counter`, or counts nothing without one; see `TextWork`."""

    wants_lines = False
    wants_tokens = True

    def __init__(self, counter: TokenCounter | None, clock: StageClock) -> None:
        self._counter = counter
        self._clock = clock
        self._batch = Batch(())
        self.start_stream = counter.stream if counter is not None else None

    def start(self, batch: Batch) -> None:
        self._batch = batch

    def take_slab(
        self,
        filled: FilledSlab,
        facts: FileFacts,
        lines: LineColumns | None,  # noqa: ARG002  (cutting needs them)
    ) -> npt.NDArray[np.int64]:
        slab = filled.slab
        tokens = np.full(len(slab), -1, np.int64)
        if self._counter is not None:
            is_left = self._take_counted(facts, tokens)
            view = slab.data.data
            places = zip(slab.offsets.tolist(), slab.lengths.tolist(), is_left.tolist(), strict=True)
            texts = [bytes(view[start : start + length]) for start, length, is_text in places if is_text]
            if facts.decoded:
                texts_before = np.cumsum(is_left) - 1
                for index, text in facts.decoded.items():
                    texts[texts_before[index]] = text
            if self._clock.is_recording:
                tokens[is_left] = self._count_timed(filled, np.flatnonzero(is_left).tolist(), texts, self._counter)
            else:
                tokens[is_left] = self._counter.count_batch(texts)
            size = sum(map(len, texts)) if self._clock.is_recording else 0
            self._clock.lap("tokens", len(texts), size)
        return tokens

    @staticmethod
    def _take_counted(facts: FileFacts, tokens: npt.NDArray[np.int64]) -> npt.NDArray[np.bool_]:
        """Enter what a device has counted; the texts that are left."""
        if facts.counted is None:
            return facts.text
        is_counted = facts.text & (facts.counted.counts >= 0)
        is_counted[list(facts.decoded)] = False
        tokens[is_counted] = facts.counted.counts[is_counted]
        return facts.text & ~is_counted

    def _count_timed(
        self, filled: FilledSlab, files: list[int], texts: list[bytes], counter: TokenCounter
    ) -> list[int]:
        """The tokens of the texts of `files`; those of `TIMED_BYTES` and more are counted one by one, and timed."""
        large = {place for place, text in enumerate(texts) if len(text) >= TIMED_BYTES}
        rest = iter(counter.count_batch([text for place, text in enumerate(texts) if place not in large]))
        paths = self._batch.paths() if large else []
        counts = []
        for place, text in enumerate(texts):
            if place not in large:
                counts.append(next(rest))
                continue
            began = self._clock.now()
            counts.append(counter.count(text))
            self._clock.file(paths[filled.files[files[place]].position], "tokens", began, len(text))
        return counts

    def take_large(
        self,
        item: LargeFile,  # noqa: ARG002  (cutting reads it once more)
        content: LargeContent,
        stop: StopRequest,  # noqa: ARG002
    ) -> StreamCount | None:
        return content.counted or NOT_COUNTED

    def forget(self, position: int) -> None:
        pass

    def is_full(self) -> bool:
        return False

    def finish(self, files: int) -> tuple[None, Fallbacks]:  # noqa: ARG002  (nothing was cut)
        return None, Counter()
