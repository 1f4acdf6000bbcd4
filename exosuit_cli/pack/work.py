"""What a worker makes of texts for a pack: blocks, rendered and counted, while the bytes of the files are in memory."""

from __future__ import annotations

import os
from collections import Counter
from dataclasses import field
from typing import TYPE_CHECKING

import numpy as np

from exosuit_cli.chunk.batch import RenderedBatch
from exosuit_cli.languages import LANGUAGES
from exosuit_cli.model.dataclass import dataclass
from exosuit_cli.pack.blocks import BlockMaker
from exosuit_cli.read.reader import same_content
from exosuit_cli.read.wide import decode_wide
from exosuit_cli.shards.work import NOT_COUNTED

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    import numpy.typing as npt

    from exosuit_cli.model.protocols import StreamCount, TokenCounter, TokenStream
    from exosuit_cli.model.records import Batch
    from exosuit_cli.model.slab import LineColumns
    from exosuit_cli.model.spans import StageClock
    from exosuit_cli.pack.blocks import Draft, PackBlock, Remarks
    from exosuit_cli.pack.detail import Detail
    from exosuit_cli.read import FilledSlab, LargeFile
    from exosuit_cli.shards.fallbacks import Fallbacks
    from exosuit_cli.shards.large import LargeContent
    from exosuit_cli.shards.rows import FileFacts
    from exosuit_cli.system.stop import StopRequest

RESULT_BYTES = 8 << 20
"""Rendered bytes of a result, after which the rest of its batch is left for another one."""


@dataclass(frozen=True, slots=True)
class PackPlan:
    """What to make of each text: a block for each of `details`, in the form `form`; see `PackOptions` for the rest.

    Without `has_text` blocks are only counted. With `split` the block of a whole text that has more tokens is made in
    pieces, each with fewer.
    """

    encoding: str
    form: str
    details: tuple[Detail, ...]
    has_text: bool = True
    line_numbers: bool = False
    secrets: str = "redact"
    strip: tuple[str, ...] = ()
    split: int = 0

    @property
    def needs_table(self) -> bool:
        """Whether the table of tokens is needed beside the vocabulary: only where texts are cut."""
        return False

    def begin(self, counter: TokenCounter, clock: StageClock) -> PackWork:
        """The work, in the process that does it."""
        return PackWork(self, counter, clock)


@dataclass(frozen=True, slots=True)
class PackBatch(RenderedBatch):
    """The blocks of the first files of a batch, in order, each rendered as one text.

    `files` is int64[m], the position in the batch of the file of each block; `details` is uint8[m] of `Detail`;
    `tokens` is int64[m], exact, without the opening. `lines` has the piece's first and last line where a block is one.
    """

    files: npt.NDArray[np.int64]
    details: npt.NDArray[np.uint8]
    tokens: npt.NDArray[np.int64]
    lines: dict[int, tuple[int, int]] = field(default_factory=dict)
    remarks: dict[int, Remarks] = field(default_factory=dict)
    """What there is to say of a file, by its position."""


class PackWork:
    """Makes blocks of texts; see `TextWork`."""

    wants_lines = wants_tokens = False

    def __init__(self, plan: PackPlan, counter: TokenCounter, clock: StageClock) -> None:
        self._plan = plan
        self._counter = counter
        self._clock = clock
        self._maker = BlockMaker(plan, counter)
        self.start_stream: Callable[[], TokenStream] | None = counter.stream
        self._paths: list[bytes] = []
        self._blocks: list[tuple[int, PackBlock]] = []
        self._remarks: dict[int, Remarks] = {}
        self._bytes = 0

    def start(self, batch: Batch) -> None:
        self._paths = batch.paths()
        self._blocks, self._remarks, self._bytes = [], {}, 0

    def take_slab(
        self,
        filled: FilledSlab,
        facts: FileFacts,
        lines: LineColumns | None,  # noqa: ARG002  (cutting needs them)
    ) -> npt.NDArray[np.int64]:
        slab = filled.slab
        tokens = np.full(len(slab), -1, np.int64)
        view = slab.data.data
        offsets, lengths = slab.offsets.tolist(), slab.lengths.tolist()
        wanted = np.flatnonzero(facts.text)
        texts = []
        for index in wanted.tolist():
            data = facts.decoded.get(index)
            start = offsets[index]
            texts.append(bytes(view[start : start + lengths[index]]) if data is None else data)
        # The counter may be another process: it is asked twice, not some times for each text.
        tokens[wanted] = counts = self._counter.count_batch(texts)
        self._take(
            [
                (filled.files[index].position, LANGUAGES[facts.languages[index]], data, count)
                for index, data, count in zip(wanted.tolist(), texts, counts, strict=True)
            ]
        )
        self._clock.lap("tokens")
        return tokens

    def take_large(self, item: LargeFile, content: LargeContent, stop: StopRequest) -> StreamCount | None:
        """See `TextWork.take_large`. The file is read once more, whole."""
        if not content.is_text or content.counted is None:
            return NOT_COUNTED
        position = item.file.position
        data: bytes | None = _read_whole(item.descriptor, content.size)
        if content.codec is not None:
            data = decode_wide(data, content.codec) if data is not None else None
        if data is None or stop or not same_content(content.status, os.fstat(item.descriptor)):
            return None
        self._take([(position, LANGUAGES[content.facts.languages[0]], data, content.counted.tokens)])
        return content.counted

    def _take(self, texts: Sequence[tuple[int, str, bytes, int]]) -> None:
        """Make the blocks of texts: of each the position of its file, its language, itself, and its tokens."""
        positions: list[int] = []
        drafts: list[Draft] = []
        for position, language, data, tokens in texts:
            made, remarks = self._maker.drafts(self._paths[position], language, data, tokens)
            positions += [position] * len(made)
            drafts += made
            if remarks:
                self._remarks[position] = remarks
        for position, block in zip(positions, self._maker.counted(drafts), strict=True):
            self._blocks.append((position, block))
            self._bytes += len(block.text)

    def forget(self, position: int) -> None:
        self._blocks = [found for found in self._blocks if found[0] != position]
        self._remarks.pop(position, None)

    def is_full(self) -> bool:
        return self._bytes > RESULT_BYTES

    def finish(self, files: int) -> tuple[PackBatch, Fallbacks]:
        blocks = [found for found in self._blocks if found[0] < files]
        batch = PackBatch(
            rendered=b"".join([block.text for _, block in blocks]),
            sizes=np.array([len(block.text) for _, block in blocks], np.int64),
            files=np.array([position for position, _ in blocks], np.int64),
            details=np.array([block.detail for _, block in blocks], np.uint8),
            tokens=np.array([block.tokens for _, block in blocks], np.int64),
            lines={place: block.lines for place, (_, block) in enumerate(blocks) if block.lines is not None},
            remarks=self._remarks,
        )
        return batch, Counter()


def _read_whole(descriptor: int, size: int) -> bytes | None:
    """The file from its start; None if it does not have this size."""
    os.lseek(descriptor, 0, os.SEEK_SET)
    parts = []
    left = size + 1
    while left and (part := os.read(descriptor, left)):
        parts.append(part)
        left -= len(part)
    return b"".join(parts) if left == 1 else None
