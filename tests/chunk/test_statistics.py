"""Sums over chunks: against plain Python, in any order and any grouping."""

from __future__ import annotations

import math
from collections import Counter
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from exosuit_cli.chunk import Boundary, ChunkOptions, FileChunks, chunk_text
from exosuit_cli.chunk.statistics import ChunkStatistics

from .texts import program

if TYPE_CHECKING:
    from collections.abc import Sequence

CAP = 20


def chunks_of(tokens: Sequence[int], kinds: Sequence[int], fallback: str | None = None) -> FileChunks:
    """Chunks of as many bytes as they have tokens."""
    ends = np.cumsum(np.array(tokens, np.int64), dtype=np.int64)
    lines = np.ones(len(tokens), np.int64)
    return FileChunks(
        size=sum(tokens),
        starts=ends - np.array(tokens, np.int64),
        ends=ends,
        start_lines=lines,
        end_lines=lines,
        tokens=np.array(tokens, np.int64),
        boundaries=np.array(kinds, np.uint8),
        ids=np.zeros((len(tokens), 16), np.uint8),
        symbols=[],
        fallback=fallback,
    )


def facts(statistics: ChunkStatistics) -> dict[str, Any]:
    return {
        "files": statistics.files,
        "bytes": statistics.bytes,
        "repeated": (statistics.repeated_chunks, statistics.repeated_tokens),
        "fallbacks": statistics.fallbacks,
        "sizes": statistics.sizes.tolist(),
        "boundaries": statistics.boundaries.tolist(),
    }


chunk = st.tuples(st.integers(1, CAP), st.sampled_from(list(Boundary)))
file = st.tuples(st.lists(chunk, max_size=8), st.sampled_from([None, None, "no grammar", "does not parse cleanly"]))


@given(st.lists(file, max_size=8), st.data())
@settings(deadline=None, max_examples=60)
def test_sums_are_those_of_plain_python(files: list[Any], data: st.DataObject) -> None:
    whole = ChunkStatistics(CAP)
    parts = [ChunkStatistics(CAP) for _ in range(3)]
    for own, fallback in files:
        found = chunks_of([tokens for tokens, _ in own], [kind for _, kind in own], fallback)
        whole.add(found)
        part = data.draw(st.sampled_from(parts))
        part.add(found)
        part.repeated_chunks += len(own) // 2
        whole.repeated_chunks += len(own) // 2
        part.repeated_tokens += len(own)
        whole.repeated_tokens += len(own)
    left, right = ChunkStatistics(CAP), ChunkStatistics(CAP)
    for part in parts:
        left.merge(part)
    for part in reversed(parts):
        right.merge(part)
    assert facts(left) == facts(right) == facts(whole)

    sizes = sorted(tokens for own, _ in files for tokens, _ in own)
    kinds = Counter(kind for own, _ in files for _, kind in own)
    assert whole.files == len(files)
    assert whole.chunks == len(sizes)
    assert whole.bytes == whole.tokens == sum(sizes)
    assert whole.forced == kinds[Boundary.FORCED]
    assert whole.boundaries.tolist() == [kinds[kind] for kind in Boundary]
    assert whole.fallbacks == Counter(fallback for _, fallback in files if fallback is not None)
    if sizes:
        assert whole.fill == pytest.approx(sum(sizes) / len(sizes) / CAP)
        for share in (0.01, 0.1, 0.25, 0.5, 0.75, 0.9, 0.99, 1.0):
            assert whole.percentile(share) == sizes[max(math.ceil(share * len(sizes)) - 1, 0)]


def test_of_nothing() -> None:
    statistics = ChunkStatistics(CAP)
    assert (statistics.chunks, statistics.tokens, statistics.forced) == (0, 0, 0)
    assert statistics.fill is None
    assert statistics.percentile(0.5) is None
    statistics.add(chunks_of([], []))
    assert (statistics.files, statistics.fill) == (1, None)


def test_chunks_at_the_cap_count() -> None:
    statistics = ChunkStatistics(CAP)
    statistics.add(chunks_of([CAP, CAP], [Boundary.FILE, Boundary.FORCED]))
    assert (statistics.fill, statistics.percentile(0.01), statistics.percentile(1.0)) == (1.0, CAP, CAP)


def test_several_files_at_once() -> None:
    statistics = ChunkStatistics(CAP)
    statistics.add(chunks_of([1, 2, 3], [0, 0, 0]), files=3)
    assert (statistics.files, statistics.chunks) == (3, 3)


def test_of_real_chunks() -> None:
    data = program(20)
    chunks = chunk_text(data, language="Python", options=ChunkOptions(max_tokens=100, min_tokens=10))
    statistics = ChunkStatistics(100)
    statistics.add(chunks)
    assert statistics.bytes == len(data)
    assert statistics.tokens == int(chunks.tokens.sum())
    assert statistics.boundaries[Boundary.FILE] == 1
