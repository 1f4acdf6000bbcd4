"""Counting the tokens of texts."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

import numpy as np

from exosuit_cli.shards.work import NOT_COUNTED

if TYPE_CHECKING:
    import numpy.typing as npt

    from exosuit_cli.model.protocols import StreamCount, TokenCounter
    from exosuit_cli.model.records import Batch
    from exosuit_cli.model.slab import LineColumns
    from exosuit_cli.read import FilledSlab, LargeFile
    from exosuit_cli.shards.fallbacks import Fallbacks
    from exosuit_cli.shards.large import LargeContent
    from exosuit_cli.shards.rows import FileFacts
    from exosuit_cli.shards.totals import Laps
    from exosuit_cli.system.stop import StopRequest


class Counting:
    """Counts with `counter`, or counts nothing without one; see `TextWork`."""

    wants_lines = False

    def __init__(self, counter: TokenCounter | None, laps: Laps) -> None:
        self._counter = counter
        self._laps = laps
        self.start_stream = counter.stream if counter is not None else None

    def start(self, batch: Batch) -> None:
        pass

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
            tokens[facts.text] = self._counter.count_batch(texts)
            self._laps.lap("tokens")
        return tokens

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
