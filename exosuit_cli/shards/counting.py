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
            view = slab.data.data
            places = zip(slab.offsets.tolist(), slab.lengths.tolist(), facts.text.tolist(), strict=True)
            texts = [bytes(view[start : start + length]) for start, length, is_text in places if is_text]
            if facts.decoded:
                texts_before = np.cumsum(facts.text) - 1
                for index, text in facts.decoded.items():
                    texts[texts_before[index]] = text
            if self._clock.is_recording:
                tokens[facts.text] = self._count_timed(filled, facts, texts, self._counter)
            else:
                tokens[facts.text] = self._counter.count_batch(texts)
            size = sum(map(len, texts)) if self._clock.is_recording else 0
            self._clock.lap("tokens", len(texts), size)
        return tokens

    def _count_timed(
        self, filled: FilledSlab, facts: FileFacts, texts: list[bytes], counter: TokenCounter
    ) -> list[int]:
        """The tokens of each text; those of `TIMED_BYTES` and more are counted one by one, and timed."""
        large = {place for place, text in enumerate(texts) if len(text) >= TIMED_BYTES}
        rest = iter(counter.count_batch([text for place, text in enumerate(texts) if place not in large]))
        files = np.flatnonzero(facts.text).tolist()
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
