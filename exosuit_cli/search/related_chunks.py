"""The chunks of an index as related code is looked for: by their terms, with their texts and how near they lie."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from exosuit_cli.model.dataclass import dataclass
from exosuit_cli.search.breadcrumb import lines_of
from exosuit_cli.search.definitions import definitions_in
from exosuit_cli.search.path_facts import is_test
from exosuit_cli.search.segment import term_hashes

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from exosuit_cli.context.reader import ContextReader
    from exosuit_cli.search.definitions import Definition
    from exosuit_cli.search.segment import Segment


class Spot(NamedTuple):
    """A chunk by its place in the index: the segment, and its number there."""

    segment: int
    chunk: int


@dataclass(frozen=True, slots=True)
class Relation:
    """A chunk that is related to another: `file` and `ordinal` are the context's. `likeness` is that of twins, 0 to 1.

    `name` is the name that both have, in line `line` of the file, which reads `text`; twins have none. A mention has it
    outside of code.
    """

    id: bytes
    file: int
    ordinal: int
    score: float
    name: str | None = None
    line: int = 0
    text: str = ""
    likeness: float = 0.0
    is_mention: bool = False


class IndexedChunks:
    """The chunks of the index by their terms, and their texts."""

    def __init__(self, context: ContextReader, segments: Sequence[Segment], path: bytes) -> None:
        self._context = context
        self._segments = segments
        self._path = path.split(b"/")
        self._nearness: dict[tuple[int, int], float] = {}

    def with_terms(self, terms: Sequence[str], field: str) -> list[list[Spot]]:
        """The living chunks that have each term in a field."""
        hashes = term_hashes(terms)
        found: list[list[Spot]] = [[] for _ in terms]
        for number, segment in enumerate(self._segments):
            for place, term in enumerate(segment.terms(terms, hashes)):
                if term >= 0:
                    places = segment.postings(field, term).places.astype(np.int64)
                    living = places[~segment.is_dead_chunk[places]].tolist()
                    found[place] += [Spot(number, chunk) for chunk in living]
        return found

    def files_with(self, terms: Sequence[str]) -> list[int]:
        """In how many files each term is."""
        hashes = term_hashes(terms)
        found = [0] * len(terms)
        for segment in self._segments:
            for place, term in enumerate(segment.terms(terms, hashes)):
                if term >= 0:
                    found[place] += int(segment.column("term_files", term, term + 1)[0])
        return found

    def nearest(self, spots: Iterable[Spot], most: int) -> list[Spot]:
        """The chunks that lie nearest by their paths."""
        return sorted(spots, key=lambda spot: (-self.nearness(spot), spot))[:most]

    def nearness(self, spot: Spot) -> float:
        """The share of directories in common, and 1 in the same file."""
        segment = self._segments[spot.segment]
        file = int(segment.file_of_chunk[spot.chunk])
        known = self._nearness.get((spot.segment, file))
        if known is None:
            parts = segment.path(file).split(b"/")
            same = next(
                (at for at, (a, b) in enumerate(zip(parts, self._path, strict=False)) if a != b),
                min(len(parts), len(self._path)),
            )
            known = self._nearness[spot.segment, file] = same / max(len(parts), len(self._path))
        return known

    def file_of(self, spot: Spot) -> tuple[int, int]:
        """The file of a chunk: the segment, and its number there."""
        return spot.segment, int(self._segments[spot.segment].file_of_chunk[spot.chunk])

    def is_test(self, spot: Spot) -> bool:
        """Whether the chunk lies in a file of tests."""
        segment = self._segments[spot.segment]
        return is_test(segment.path(int(segment.file_of_chunk[spot.chunk])))

    def id_of(self, spot: Spot) -> bytes:
        """The id of a chunk."""
        return self._segments[spot.segment].chunk_id(spot.chunk)

    def read(self, spots: Sequence[Spot]) -> Iterator[tuple[Spot, bytes]]:
        """The chunks with their texts, without those that are damaged."""
        texts = self._context.get_many([self.id_of(spot) for spot in spots])
        yield from ((spot, text) for spot, text in zip(spots, texts, strict=True) if text is not None)

    def definitions(self, spot: Spot, text: bytes) -> list[Definition]:
        """The definitions of a chunk."""
        return definitions_in(lines_of(text), self.first_line(spot), self.language(spot))

    def language(self, spot: Spot) -> str | None:
        """The language of the file of a chunk."""
        segment = self._segments[spot.segment]
        return segment.language(int(segment.file_of_chunk[spot.chunk]))

    def first_line(self, spot: Spot) -> int:
        """The line of its file at which a chunk begins."""
        return int(self._segments[spot.segment].column("start_line", spot.chunk, spot.chunk + 1)[0])

    def relation(self, spot: Spot, score: float, name: str | None = None, line: int = 0, text: str = "") -> Relation:
        """A chunk as one that is related."""
        segment = self._segments[spot.segment]
        place = int(segment.file_of_chunk[spot.chunk])
        file = int(segment.column("file_id", place, place + 1)[0])
        first = int(segment.column("first_ordinal", place, place + 1)[0])
        ordinal = first + spot.chunk - int(segment.first_chunks[place])
        return Relation(self.id_of(spot), file, ordinal, score, name, line, text)

    def spot_of(self, file: int, ordinal: int) -> Spot | None:
        """The place in the index of a chunk of the context."""
        for number, segment in enumerate(self._segments):
            for place in np.flatnonzero((segment.column("file_id") == file) & ~segment.dead).tolist():
                at = ordinal - int(segment.column("first_ordinal", place, place + 1)[0])
                if 0 <= at < int(segment.first_chunks[place + 1] - segment.first_chunks[place]):
                    return Spot(number, int(segment.first_chunks[place]) + at)
        return None
