"""A segment of the index: at most 65,536 chunks of some files, with their postings, in one file that never changes."""

from __future__ import annotations

import os
from functools import cached_property
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from exosuit_cli.model.dataclass import dataclass
from exosuit_cli.search.columns import Columns, DamagedIndex
from exosuit_cli.search.words import hash_texts

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy.typing as npt

ID_BYTES: Final = 16
"""Bytes of a chunk's id."""
SEGMENT_CHUNKS: Final = 1 << 16
"""The most chunks of a segment: their numbers are 16 bits."""
FIELDS: Final = ("text", "definitions", "comments")
"""The fields of a chunk that have postings of their own; `text` is all of it."""
PATH: Final = "path"
"""The field of a file that has postings: the words of its path."""


@dataclass(frozen=True, slots=True)
class TermPostings:
    """The postings of one term in one segment: where (uint16[n], ascending) and how often (uint8[n])."""

    places: npt.NDArray[np.uint16]
    counts: npt.NDArray[np.uint8]


class Segment:
    """A segment that is mapped for reading. Raises DamagedIndex where what is asked for is not what was written.

    Chunks and files are numbered from 0; the chunks of file `n` are `first_chunks[n]` to `first_chunks[n + 1]`.
    """

    def __init__(self, path: str, dead: npt.NDArray[np.bool_] | None = None) -> None:
        self._columns = Columns(path)
        try:
            self.files: Final = int(self._columns.extra["files"])
            self.chunks: Final = int(self._columns.extra["chunks"])
            self.languages: Final = tuple(map(str, self._columns.extra["languages"]))
        except (KeyError, TypeError, ValueError) as error:
            raise DamagedIndex(f"{os.path.basename(path)}: its header makes no sense ({error})") from error
        self.size: Final = self._columns.size
        self.dead = np.zeros(self.files, np.bool_) if dead is None else dead
        """bool[files]: no longer in the context, or replaced."""
        if len(self.dead) != self.files:
            raise DamagedIndex(f"{os.path.basename(path)}: it is not the one of the manifest")

    def column(self, name: str, start: int = 0, stop: int | None = None) -> npt.NDArray[Any]:
        """A column by its name, or a part of it."""
        return self._columns.column(name, start, stop)

    def value(self, name: str, at: int) -> int:
        """One whole number of a column."""
        return self._columns.value(name, at)

    @cached_property
    def first_chunks(self) -> npt.NDArray[np.int64]:
        """int64[files + 1]."""
        return self.column("first_chunk").astype(np.int64)

    @cached_property
    def file_of_chunk(self) -> npt.NDArray[np.int64]:
        """int64[chunks]."""
        return np.repeat(np.arange(self.files), np.diff(self.first_chunks))

    @cached_property
    def is_dead_chunk(self) -> npt.NDArray[np.bool_]:
        """bool[chunks]: of files that are dead."""
        return self.dead[self.file_of_chunk]

    @property
    def live_chunks(self) -> int:
        """Chunks of files that are not dead."""
        return self.chunks - int(np.diff(self.first_chunks)[self.dead].sum()) if self.dead.any() else self.chunks

    def terms(self, terms: Sequence[str], hashes: npt.NDArray[np.uint64]) -> list[int]:
        """The number of each term here, by the term and its hash; -1 where no text has it."""
        known = self.column("term_hash")
        places = np.searchsorted(known, hashes).tolist()
        return [
            self._place_of(term, known, place, value) for term, place, value in zip(terms, places, hashes, strict=True)
        ]

    def _place_of(self, term: str, known: npt.NDArray[np.uint64], place: int, value: np.uint64) -> int:
        while place < len(known) and known[place] == value:
            if self.term(place) == term:
                return place
            place += 1  # another term of this hash
        return -1

    def term(self, number: int) -> str:
        """A term by its number."""
        start, stop = self.value("term_start", number), self.value("term_start", number + 1)
        return self.column("term_text", start, stop).tobytes().decode("utf-8", "replace")

    def postings(self, field: str, term: int) -> TermPostings:
        """The postings of a term, by its number, in a field: of chunks, and of files where the field is `PATH`."""
        (places,), (counts,) = self.postings_of(field, [term])
        return TermPostings(places, counts)

    def postings_of(
        self, field: str, terms: Sequence[int]
    ) -> tuple[list[npt.NDArray[np.uint16]], list[npt.NDArray[np.uint8]]]:
        """The places and the counts of the postings of each of these terms in a field, as `postings` has them."""
        bounds = self._columns.parts(f"{field}_start", terms, [term + 2 for term in terms])
        starts, stops = [int(each[0]) for each in bounds], [int(each[1]) for each in bounds]
        places = self._columns.parts(f"{field}_place", starts, stops)
        return places, self._columns.parts(f"{field}_count", starts, stops)

    def path(self, file: int) -> bytes:
        """The path of a file below its source's root."""
        start, stop = self.value("file_path_start", file), self.value("file_path_start", file + 1)
        return self.column("file_path_text", start, stop).tobytes()

    def chunk_id(self, chunk: int) -> bytes:
        """The id of a chunk in the context."""
        return self.column("id", ID_BYTES * chunk, ID_BYTES * (chunk + 1)).tobytes()

    def symbol(self, chunk: int) -> str | None:
        """The symbol of a chunk."""
        start, stop = self.value("symbol_start", chunk), self.value("symbol_start", chunk + 1)
        return self.column("symbol_text", start, stop).tobytes().decode("utf-8", "replace") if start < stop else None

    def language(self, file: int) -> str | None:
        """The language of a file."""
        number = self.value("language", file)
        return self.languages[number] if number < len(self.languages) else None


def term_hashes(terms: Sequence[str]) -> npt.NDArray[np.uint64]:
    """The hash of each term, by which segments order them: uint64[n]."""
    return hash_texts([term.encode("utf-8", "surrogatepass") for term in terms])
