"""What a question says exactly: the line of a file, the definition of a qualified name, the words of a message.

The ranker weighs terms; this lifts the chunks that have the very thing.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Final

import numpy as np

from exosuit_cli.search.defined_chunks import defined_chunks
from exosuit_cli.search.lexical import SEGMENT_BITS
from exosuit_cli.search.qualified import qualified_chunks
from exosuit_cli.search.text_places import agreement
from exosuit_cli.search.verbatim import verbatim_chunks

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import numpy.typing as npt

    from exosuit_cli.context.reader import ContextReader
    from exosuit_cli.search.lexical import Candidates
    from exosuit_cli.search.path_facts import PathFacts
    from exosuit_cli.search.question import Question
    from exosuit_cli.search.ranker import Ranking
    from exosuit_cli.search.segment import Segment

_MOST_FRAMES: Final = 8
_IN_SEGMENT: Final = (1 << SEGMENT_BITS) - 1


def lift_exact(
    question: Question,
    candidates: Candidates,
    facts: Sequence[PathFacts],
    ranking: Ranking,
    segments: Sequence[Segment],
    context: ContextReader,
) -> Ranking:
    """A ranking in which the chunks that have what the question says exactly lead their files, and these are lifted.

    The shares of the scores have one more signal, `exact`, where anything is lifted.
    """
    spread = float(np.ptp(ranking.scores)) + 1 if len(ranking.scores) else 0.0
    lifts = chunks_at_places(question, candidates, segments, spread)
    if question.qualifier is not None:
        lifts = {**qualified_chunks(question, candidates, facts, segments, context), **lifts}
    if question.asked is not None:
        lifts = {**defined_chunks(question.asked, candidates, facts, segments, context, spread), **lifts}
    if question.message:
        lifts = {**verbatim_chunks(question, candidates, facts, segments, context), **lifts}
    return _lifted(candidates, ranking, lifts) if lifts else ranking


def chunks_at_places(
    question: Question, candidates: Candidates, segments: Sequence[Segment], spread: float
) -> Mapping[int, float]:
    """The chunks that hold the lines that the question names, and by how much they are lifted.

    Each is lifted above those of the places after it: `spread` is more than two files' scores differ by.

    Of the files that a path may mean, those that agree in most parts. In the text of an issue, a frame is one thing
    among many: it leads its file, and the file stays where it is.
    """
    found: dict[int, int] = {}
    frames = 0
    paths: list[tuple[str, ...]] = []
    for place in question.places:
        if not paths:
            paths = [_path(segments, number) for number in candidates.files.tolist()]
        same = np.array([agreement(place, path) for path in paths])
        if not same.any():
            continue
        for file in np.flatnonzero(same == same.max()).tolist():
            chunk = _chunk_at(candidates, segments, file, place.line)
            if chunk is not None:
                found.setdefault(chunk, frames)
        frames += 1
        if frames == _MOST_FRAMES:
            break
    step = 0.0 if question.kind == "issue" else spread
    return {chunk: step * (frames - frame) for chunk, frame in found.items()}


def _path(segments: Sequence[Segment], number: int) -> tuple[str, ...]:
    path = segments[number >> SEGMENT_BITS].path(number & _IN_SEGMENT)
    return tuple(reversed(path.decode("utf-8", "replace").lower().split("/")))


def _chunk_at(candidates: Candidates, segments: Sequence[Segment], file: int, line: int) -> int | None:
    """The place in the candidates' chunks of the one that holds a line of a file; None: the file has no such line."""
    first, stop = np.searchsorted(candidates.file_of_chunk, [file, file + 1]).tolist()
    chunks = candidates.chunks[first:stop] & _IN_SEGMENT
    segment = segments[int(candidates.files[file]) >> SEGMENT_BITS]
    holds = (segment.column("start_line")[chunks] <= line) & (segment.column("end_line")[chunks] >= line)
    found = np.flatnonzero(holds)
    return first + int(found[-1]) if len(found) else None


def _lifted(candidates: Candidates, ranking: Ranking, lifts: Mapping[int, float]) -> Ranking:
    chunks = ranking.chunks.copy()
    top = float(chunks.max(initial=0))
    of_file = np.zeros(len(candidates.files), np.float32)
    for chunk, worth in lifts.items():
        chunks[chunk] += np.float32(top + worth)
        file = int(candidates.file_of_chunk[chunk])
        of_file[file] = max(float(of_file[file]), worth)
    exact: npt.NDArray[np.float32] = of_file[ranking.files]
    scores = ranking.scores + exact
    order = np.argsort(-scores, kind="stable")
    signals = {name: each[order] for name, each in {**ranking.signals, "exact": exact}.items()}
    return replace(ranking, files=ranking.files[order], scores=scores[order], signals=signals, chunks=chunks)
