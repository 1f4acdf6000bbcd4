"""BM25 over the fields of an index, and the files that are candidates for a question.

Source: Robertson and Zaragoza, "The Probabilistic Relevance Framework: BM25 and Beyond" (2009), section 3.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import numpy as np

from exosuit_cli.model.dataclass import dataclass
from exosuit_cli.search.distinct import distinct, first_places
from exosuit_cli.search.hits import Hits
from exosuit_cli.search.segment import FIELDS, PATH, term_hashes

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import numpy.typing as npt

    from exosuit_cli.search.scope import Scope
    from exosuit_cli.search.segment import Segment

CANDIDATES: Final = 300
"""Files that are looked at closely: far more than are shown, few enough for a page of arithmetic."""
K1: Final = 1.2
B: Final = 0.75
_CHUNKS: Final = 1024
"""The best chunks over all, from whose files the candidates come."""
SEGMENT_BITS: Final = 16


@dataclass(frozen=True, slots=True)
class Candidates:
    """Files that may answer a question, and all of their chunks.

    Files and chunks have numbers of the index: the segment's place << 16 | the number in it. `n` files, `m` chunks and
    `t` terms; float32 but for numbers.

    Attributes:
        files: int64[n].
        counts: by field (`FIELDS` and `PATH`), float32[n, t]: how often the file has the term there.
        lengths: by field of `FIELDS`, float32[n]: terms of the file there.
        scores: by field, float32[n]: BM25 of the file; and `chunk`, that of its best chunk.
        weights: float32[t], the inverse frequency of each term over chunks times the weight that the question gives.
        path_weights: float32[t], the same over the paths of files.
        chunks: int64[m], file by file.
        file_of_chunk: int64[m], the place in `files`.
        chunk_scores: by field of `FIELDS`, float32[m]: BM25 of the chunk.

    """

    files: npt.NDArray[np.int64]
    counts: Mapping[str, npt.NDArray[np.float32]]
    lengths: Mapping[str, npt.NDArray[np.float32]]
    scores: Mapping[str, npt.NDArray[np.float32]]
    weights: npt.NDArray[np.float32]
    path_weights: npt.NDArray[np.float32]
    chunks: npt.NDArray[np.int64]
    file_of_chunk: npt.NDArray[np.int64]
    chunk_scores: Mapping[str, npt.NDArray[np.float32]]


class Lexical:
    """Answers from the postings of segments that are open. For one thread."""

    def __init__(self, segments: Sequence[Segment]) -> None:
        self._segments = segments
        self._chunks = sum(segment.live_chunks for segment in segments)
        self._files = sum(segment.files - int(segment.dead.sum()) for segment in segments)
        self._means = {field: self._mean(field) for field in FIELDS}
        self._norms: dict[tuple[int, str], npt.NDArray[np.float32]] = {}

    def candidates(
        self,
        terms: Sequence[str],
        weights: Sequence[float],
        scope: Scope,
        also: npt.NDArray[np.int64] | None = None,
    ) -> Candidates:
        """The files within a scope that answer best by any field, with what the postings say of them.

        `weights` are the question's, one for each term; the terms are distinct. `also` are files
        that are candidates anyhow.
        """
        numbers = self._numbers(terms)
        given = np.array(weights, np.float32)
        hits = [
            {field: Hits(segment, field, each, joins_all=field == PATH) for field in (*FIELDS, PATH)}
            for segment, each in zip(self._segments, numbers, strict=True)
        ]
        idf = {field: given * self._idf(field, hits, len(terms)) for field in (*FIELDS, PATH)}
        chosen = self._choose(hits, idf, scope, np.zeros(0, np.int64) if also is None else also)
        return self._look_closely(hits, idf, chosen, len(terms))

    def sizes(self, scope: Scope) -> tuple[int, int]:
        """How many files and chunks a scope has."""
        if scope.is_everything:
            return self._files, self._chunks
        files = chunks = 0
        for segment in self._segments:
            allowed = scope.files(segment)
            files += int(allowed.sum())
            chunks += int(np.diff(segment.first_chunks)[allowed].sum())
        return files, chunks

    def _numbers(self, terms: Sequence[str]) -> list[list[int]]:
        hashes = term_hashes(terms)
        return [segment.terms(terms, hashes) for segment in self._segments]

    def _mean(self, field: str) -> float:
        total = 0
        for segment in self._segments:
            lengths = segment.column(f"{field}_length")
            total += int(lengths.sum(dtype=np.int64))
            if segment.dead.any():
                total -= int(lengths[segment.is_dead_chunk].sum(dtype=np.int64))
        return max(total / max(self._chunks, 1), 1.0)

    def _norm(self, place: int, field: str) -> npt.NDArray[np.float32]:
        """k1 (1 - b + b length / mean) of each chunk of a segment."""
        key = (place, field)
        if key not in self._norms:
            self._norms[key] = self._norm_by(field, self._lengths(place, field))
        return self._norms[key]

    def _norm_of(self, place: int, field: str, chunks: npt.NDArray[np.int64]) -> npt.NDArray[np.float32]:
        """The same of some chunks; where all are not known yet, of these alone."""
        known = self._norms.get((place, field))
        return known[chunks] if known is not None else self._norm_by(field, self._lengths(place, field)[chunks])

    def _norm_by(self, field: str, lengths: npt.NDArray[np.number[Any]]) -> npt.NDArray[np.float32]:
        scale = np.float32(B / self._means[field])
        return np.float32(K1) * (np.float32(1 - B) + scale * lengths.astype(np.float32))

    def _lengths(self, place: int, field: str) -> npt.NDArray[np.number[Any]]:
        return self._segments[place].column(f"{field}_length")

    def _idf(self, field: str, hits: Sequence[Mapping[str, Hits]], terms: int) -> npt.NDArray[np.float32]:
        """ln(1 + (N - n + 0.5) / (n + 0.5)) of each term, over the chunks that have it in the field, or the files."""
        counts = sum((each[field].chunks_of_terms(terms) for each in hits), np.zeros(terms))
        total = self._files if field == PATH else self._chunks
        return np.log1p((np.maximum(total - counts, 0) + 0.5) / (counts + 0.5)).astype(np.float32)

    def _choose(
        self,
        hits: Sequence[Mapping[str, Hits]],
        idf: Mapping[str, npt.NDArray[np.float32]],
        scope: Scope,
        also: npt.NDArray[np.int64],
    ) -> list[npt.NDArray[np.int64]]:
        """The candidates of each segment: files with the best chunks, definitions and paths of all, ascending."""
        allowed = [scope.files(segment) for segment in self._segments]
        paths = []
        for place, (segment, each) in enumerate(zip(self._segments, hits, strict=True)):
            joined = each[PATH].joined
            scores = _sums(joined.places, idf[PATH][joined.terms], segment.files)
            files = np.flatnonzero((scores > 0) & allowed[place])
            paths.append((files | place << SEGMENT_BITS, scores[files]))
        chosen = distinct(
            np.concatenate(
                [
                    also,
                    _best_files(self._best_chunks("text", hits, idf["text"], allowed), CANDIDATES),
                    _best_files(self._best_chunks("definitions", hits, idf["definitions"], allowed), CANDIDATES // 3),
                    _best_files(paths, CANDIDATES // 3),
                ]
            )
        )
        return [
            chosen[chosen >> SEGMENT_BITS == place] & ((1 << SEGMENT_BITS) - 1) for place in range(len(self._segments))
        ]

    def _best_chunks(
        self,
        field: str,
        hits: Sequence[Mapping[str, Hits]],
        idf: npt.NDArray[np.float32],
        allowed: Sequence[npt.NDArray[np.bool_]],
    ) -> list[tuple[npt.NDArray[np.int64], npt.NDArray[np.float64]]]:
        """The files and the scores of chunks, among them the best `_CHUNKS` of all segments."""
        weights = idf * np.float32(K1 + 1)
        best = np.zeros(_CHUNKS)
        has_long = any(each[field].has_long for each in hits)
        parts = []
        for place, each in enumerate(hits):
            if each[field]:
                scores = each[field].short_scores(self._norm(place, field), weights)
                self._leave_out(scores, place, allowed[place])
                best = _best(best, scores) if has_long else best
                parts.append((place, scores))
        # What a chunk has to reach to be among the best of all: first by a part of the scores, then by all of them.
        least = (1 - 1e-9) * float(best.min())
        best = np.zeros(_CHUNKS)
        found = []
        for place, scores in parts:
            hits[place][field].add_long(scores, self._norm(place, field), weights, least)
            self._leave_out(scores, place, allowed[place])
            chunks = np.flatnonzero(scores > least)
            if len(chunks) > _CHUNKS:
                chunks = chunks[np.argpartition(scores[chunks], -_CHUNKS)[-_CHUNKS:]]
            best = _best(best, scores[chunks]) if len(parts) > 1 else best
            least = max(least, float(best.min()))
            found.append((self._segments[place].file_of_chunk[chunks] | place << SEGMENT_BITS, scores[chunks]))
        return found

    def _leave_out(self, scores: npt.NDArray[np.float64], place: int, allowed: npt.NDArray[np.bool_]) -> None:
        """Give no score to the chunks of files that are not looked at."""
        if not allowed.all():
            scores[~allowed[self._segments[place].file_of_chunk]] = 0

    def _look_closely(
        self,
        hits: Sequence[Mapping[str, Hits]],
        idf: Mapping[str, npt.NDArray[np.float32]],
        chosen: Sequence[npt.NDArray[np.int64]],
        terms: int,
    ) -> Candidates:
        parts = [
            _Close(self, place, segment, files, each, idf, terms)
            for place, (segment, files, each) in enumerate(zip(self._segments, chosen, hits, strict=True))
            if len(files)
        ]
        fields = (*FIELDS, PATH)
        counts = {field: _joined([part.counts[field] for part in parts], (0, terms)) for field in fields}
        lengths = {field: _joined([part.lengths[field] for part in parts], (0,)) for field in FIELDS}
        offsets = np.cumsum([0, *(len(part.files) for part in parts)])
        chunk_scores = {field: _joined([part.chunk_scores[field] for part in parts], (0,)) for field in FIELDS}
        file_of_chunk = np.concatenate(
            [
                np.zeros(0, np.int64),
                *(part.file_of_chunk + offset for part, offset in zip(parts, offsets, strict=False)),
            ]
        )
        scores = {field: self._file_scores(field, counts[field], lengths[field], idf[field]) for field in FIELDS}
        scores[PATH] = (np.minimum(counts[PATH], 1) @ idf[PATH]).astype(np.float32)
        best = np.zeros(int(offsets[-1]), np.float32)
        np.maximum.at(best, file_of_chunk, chunk_scores["text"])
        scores["chunk"] = best
        return Candidates(
            files=np.concatenate([np.zeros(0, np.int64), *(part.files | part.place << SEGMENT_BITS for part in parts)]),
            counts=counts,
            lengths=lengths,
            scores=scores,
            weights=idf["text"],
            path_weights=idf[PATH],
            chunks=np.concatenate(
                [np.zeros(0, np.int64), *(part.chunks | part.place << SEGMENT_BITS for part in parts)]
            ),
            file_of_chunk=file_of_chunk,
            chunk_scores=chunk_scores,
        )

    def _file_scores(
        self,
        field: str,
        counts: npt.NDArray[np.float32],
        lengths: npt.NDArray[np.float32],
        idf: npt.NDArray[np.float32],
    ) -> npt.NDArray[np.float32]:
        """BM25 of whole files in a field."""
        mean = max(self._means[field] * self._chunks / max(self._files, 1), 1.0)
        norm = np.float32(K1) * (np.float32(1 - B) + np.float32(B / mean) * lengths)
        found: npt.NDArray[np.float32] = (counts / (counts + norm[:, None])) @ (idf * np.float32(K1 + 1))
        return found


class _Close:
    """What the postings of one segment say of some of its files."""

    def __init__(
        self,
        lexical: Lexical,
        place: int,
        segment: Segment,
        files: npt.NDArray[np.int64],
        hits: Mapping[str, Hits],
        idf: Mapping[str, npt.NDArray[np.float32]],
        terms: int,
    ) -> None:
        firsts, stops = segment.first_chunks[files], segment.first_chunks[files + 1]
        counts = stops - firsts
        self.place = place
        self.files = files
        self.file_of_chunk = np.repeat(np.arange(len(files)), counts)
        self.chunks = np.arange(len(self.file_of_chunk)) + np.repeat(firsts - np.cumsum(counts) + counts, counts)
        slots = np.full(segment.chunks, -1, np.int32)
        slots[self.chunks] = np.arange(len(self.chunks), dtype=np.int32)
        self.counts = {}
        self.lengths = {}
        self.chunk_scores = {}
        for field in FIELDS:
            postings = hits[field].of_chunks(self.chunks, slots)
            found, count, term = postings.places, postings.counts, postings.terms
            file = self.file_of_chunk[found]
            self.counts[field] = _matrix(file, term, count, len(files), terms)
            lengths = segment.column(f"{field}_length")[self.chunks]
            self.lengths[field] = np.bincount(self.file_of_chunk, lengths, len(files)).astype(np.float32)
            values = count / (count + lexical._norm_of(place, field, self.chunks)[found])  # noqa: SLF001
            values *= (idf[field] * np.float32(K1 + 1))[term]
            self.chunk_scores[field] = np.bincount(found, values, len(self.chunks)).astype(np.float32)
        slots = np.full(segment.files, -1, np.int32)
        slots[files] = np.arange(len(files), dtype=np.int32)
        paths = hits[PATH].joined
        found = slots[paths.places].astype(np.int64)
        keep = np.flatnonzero(found >= 0)
        self.counts[PATH] = _matrix(found[keep], paths.terms[keep], paths.counts[keep], len(files), terms)


def _matrix(
    files: npt.NDArray[np.int64],
    terms: npt.NDArray[np.int64],
    counts: npt.NDArray[np.float32],
    most_files: int,
    most_terms: int,
) -> npt.NDArray[np.float32]:
    flat = np.bincount(files * most_terms + terms, counts, most_files * most_terms)
    return flat.reshape(most_files, most_terms).astype(np.float32)


def _sums(places: npt.NDArray[np.int64], values: npt.NDArray[np.float32], count: int) -> npt.NDArray[np.float64]:
    """The sum of the values of each place: float64[count]."""
    return np.bincount(places, values, count).astype(np.float64, copy=False)


def _best(best: npt.NDArray[np.float64], scores: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """The best scores of both, as many as `best` has."""
    more = scores[scores > best.min()]
    if not len(more):
        return best
    return np.partition(np.concatenate([best, more]), len(more))[len(more) :]


def _joined(parts: Sequence[npt.NDArray[np.float32]], empty: tuple[int, ...]) -> npt.NDArray[np.float32]:
    return np.concatenate([np.zeros(empty, np.float32), *parts])


def _best_files(
    found: Sequence[tuple[npt.NDArray[np.int64], npt.NDArray[np.float64]]], most: int
) -> npt.NDArray[np.int64]:
    """The files of the best scores, each once; of equal ones, those that come first."""
    if not found:
        return np.zeros(0, np.int64)
    files = np.concatenate([each for each, _ in found])
    scores = np.concatenate([each for _, each in found])
    order = np.lexsort((files, -scores))
    order = order[first_places(files[order])[:most]]
    return files[order]
