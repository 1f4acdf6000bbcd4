"""Cutting texts into chunks, which counts their tokens as well."""

from __future__ import annotations

import os
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np

from exosuit_cli.chunk.chunker import Chunker
from exosuit_cli.chunk.parts import linked
from exosuit_cli.chunk.slab_chunks import slab_chunks
from exosuit_cli.chunk.wide import spans_in_file
from exosuit_cli.languages import LANGUAGES
from exosuit_cli.model.protocols import StreamCount
from exosuit_cli.model.slab import Slab
from exosuit_cli.read.reader import same_content
from exosuit_cli.read.wide import MARK_BYTES, wide_codec
from exosuit_cli.shards.fallbacks import FallbackBuilder
from exosuit_cli.shards.large import chunk_large
from exosuit_cli.shards.work import NOT_COUNTED

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    import numpy.typing as npt

    from exosuit_cli.chunk.batch import ChunkBatch, Chunking
    from exosuit_cli.chunk.records import FileChunks
    from exosuit_cli.kernels.protocol import Kernels
    from exosuit_cli.model.protocols import TokenCounter, TokenStream
    from exosuit_cli.model.records import Batch
    from exosuit_cli.model.slab import LineColumns
    from exosuit_cli.model.spans import StageClock
    from exosuit_cli.read import FilledSlab, LargeFile
    from exosuit_cli.shards.fallbacks import Fallbacks
    from exosuit_cli.shards.large import LargeContent
    from exosuit_cli.shards.rows import FileFacts
    from exosuit_cli.system.stop import StopRequest

RESULT_BYTES = 8 << 20
"""Rendered chunks of a result, after which the rest of its batch is left for another one."""


class Cutting:
    """Cuts texts and renders their chunks; see `TextWork`."""

    wants_lines = wants_tokens = True
    start_stream: Callable[[], TokenStream] | None = None

    def __init__(self, chunking: Chunking, counter: TokenCounter, kernels: Kernels, clock: StageClock) -> None:
        self._chunking = chunking
        self._chunker = Chunker(chunking.options, counter, kernels, clock)
        self._counter = counter
        self._clock = clock
        self._paths: list[bytes] = []
        self._builder = FallbackBuilder(chunking, self._paths)

    def start(self, batch: Batch) -> None:
        self._paths = batch.paths()
        self._builder = FallbackBuilder(self._chunking, self._paths)

    def take_slab(self, filled: FilledSlab, facts: FileFacts, lines: LineColumns | None) -> npt.NDArray[np.int64]:
        slab = filled.slab
        tokens = np.full(len(slab), -1, np.int64)
        texts = np.flatnonzero(facts.text).tolist()
        counted = facts.counted if lines is not None and not facts.decoded else None
        if len(texts) < len(slab) or facts.decoded:
            slab = _with_decoded(slab, texts, facts.decoded) if facts.decoded else _part(slab, texts)
            counted = counted.of_files(texts, lines) if counted is not None and lines is not None else None
            lines = lines.of_files(texts) if lines is not None and not facts.decoded else None
        languages = [LANGUAGES[facts.languages[index]] for index in texts]
        positions = [filled.files[index].position for index in texts]
        paths = [self._paths[position] for position in positions]
        timed = paths if self._clock.is_recording else ()
        plan = self._chunker.plan_slab(slab, languages, lines, timed, counted)
        rendered = self._builder.bytes
        if facts.decoded or self._chunking.options.context:
            view, offsets = slab.data.data, slab.offsets.tolist()
            found = plan.parts()
            for place, index in enumerate(texts):
                if index in facts.decoded:
                    start = int(filled.slab.offsets[index])
                    codec = wide_codec(bytes(filled.slab.data[start : start + MARK_BYTES]))
                    assert codec is not None
                    found[place] = spans_in_file(found[place], facts.decoded[index], codec)
                if self._chunking.options.context:
                    found[place] = self._with_contexts(positions[place], view, offsets[place], found[place])
            if found:
                self._builder.add_slab(positions, slab_chunks(paths, languages, view, offsets, found))
        else:
            self._builder.add_slab(positions, plan.of_slab(paths, languages))
        tokens[facts.text] = plan.text_tokens
        self._clock.lap("chunk", len(texts), len(slab.data), self._builder.bytes - rendered, step="render")
        return tokens

    def take_large(self, item: LargeFile, content: LargeContent, stop: StopRequest) -> StreamCount | None:
        """See `TextWork.take_large`. The file is read once more, for its chunks."""
        if not content.is_text:
            return NOT_COUNTED
        position = item.file.position
        language = LANGUAGES[content.facts.languages[0]]
        tokens, exact = 0, True
        is_sound = True
        try:
            for (segment, offset), chunks in linked(chunk_large(item, content, self._chunker, language, stop)):
                tokens += chunks.text_tokens
                exact = exact and bool(chunks.text_is_exact)
                part = chunks
                if self._chunking.options.context:
                    part = self._with_contexts(position, memoryview(segment), -offset, chunks)
                self._builder.add(position, language, memoryview(segment), -offset, part)
        except UnicodeDecodeError:  # it could be decoded when it was read first
            is_sound = False
        if not is_sound or not same_content(content.status, os.fstat(item.descriptor)):
            self._builder.forget(position)
            return None
        return StreamCount(tokens, exact)

    def _with_contexts(self, position: int, data: memoryview, offset: int, chunks: FileChunks) -> FileChunks:
        from exosuit_cli.chunk.contexts import with_contexts

        return with_contexts(chunks, self._paths[position], data, offset, self._counter, self._chunking.options)

    def forget(self, position: int) -> None:
        self._builder.forget(position)

    def is_full(self) -> bool:
        return self._builder.bytes > RESULT_BYTES

    def finish(self, files: int) -> tuple[ChunkBatch, Fallbacks]:
        return self._builder.build(files), self._builder.fallbacks()


def _part(slab: Slab, files: list[int]) -> Slab:
    """A slab of some of the files, where the whole one was: they move up over the others."""
    starts, lengths = slab.offsets[files], slab.lengths[files]
    ends = np.cumsum(lengths)
    offsets = ends - lengths
    view = slab.data.data
    runs = np.flatnonzero(np.diff(starts - offsets, prepend=0)).tolist()  # what moves further than what is before it
    for first, stop in pairwise([*runs, len(files)]):
        start, place, end = int(starts[first]), int(offsets[first]), int(ends[stop - 1])
        view[place:end] = view[start : start + end - place]
    return Slab(slab.data[: lengths.sum()], offsets, lengths)


def _with_decoded(slab: Slab, files: list[int], decoded: Mapping[int, bytes]) -> Slab:
    """A slab of some of the files; of those in `decoded`, what they were decoded to."""
    pieces = [
        np.frombuffer(decoded[index], np.uint8) if index in decoded else slab.data[start : start + length]
        for index, start, length in zip(files, slab.offsets[files].tolist(), slab.lengths[files].tolist(), strict=True)
    ]
    lengths = np.array([len(piece) for piece in pieces], np.int64)
    data = np.concatenate(pieces) if pieces else np.zeros(0, np.uint8)
    return Slab(data, np.cumsum(lengths) - lengths, lengths)
