"""Makes a segment from the chunks of files: words, roles and postings of one slab of texts after the other."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import numpy as np

from exosuit_cli.model.dataclass import dataclass
from exosuit_cli.search.columns import write_columns
from exosuit_cli.search.kinds import kind_of
from exosuit_cli.search.postings import Postings, count_words, sort_postings
from exosuit_cli.search.roles import DEFINITION, find_roles
from exosuit_cli.search.segment import FIELDS, PATH
from exosuit_cli.search.words import find_words, slab_of
from exosuit_cli.structure.styles import style_of
from exosuit_cli.system.atomic import atomic_file

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy.typing as npt

    from exosuit_cli.context.records import StoredFile
    from exosuit_cli.search.splitter import Terms
    from exosuit_cli.search.vocabulary import Vocabulary

SpanRow = tuple[bytes, int, int, int, int, int, int, str | None]
"""A row of `spans`: chunk, tokens, start byte, end byte, start line, end line, boundary, symbol."""
_NUMBERS: Final = ("tokens", "start_byte", "end_byte", "start_line", "end_line")


@dataclass(frozen=True, slots=True)
class FilePart:
    """The chunks of a file, from `first` to `stop`, that go into one segment; all of them but for a huge file."""

    file: StoredFile
    seal: bytes
    first: int
    stop: int


class SegmentBuilder:
    """Collects the chunks of files, in order, and writes them as one segment. The vocabulary may be that of others."""

    def __init__(self, vocabulary: Vocabulary) -> None:
        self._vocabulary = vocabulary
        self._parts: list[FilePart] = []
        self._chunks = 0
        self._ids: list[bytes] = []
        self._symbols: list[bytes] = []
        self._numbers: list[npt.NDArray[np.int64]] = []
        self._postings: list[npt.NDArray[np.uint64]] = []

    @property
    def chunks(self) -> int:
        """How many chunks it has."""
        return self._chunks

    def add(self, parts: Sequence[FilePart], rows: Sequence[SpanRow], texts: Sequence[bytes]) -> None:
        """Add files with the rows and the texts of all of their chunks, one file after the other."""
        first = self._chunks
        counts = [part.stop - part.first for part in parts]
        symbols = [(row[7] or "").encode("utf-8", "replace") for row in rows]
        named = [place for place, symbol in enumerate(symbols) if symbol]
        # A symbol is one more text of its chunk, all of it definition.
        every = [*texts, *(symbols[place] for place in named)]
        slab = slab_of(every)
        ends = np.cumsum(np.fromiter(map(len, every), np.int64, len(every)) + 1)
        starts = np.concatenate((np.zeros(1, np.int64), ends))[:-1]
        words = find_words(slab)
        numbers = self._vocabulary.number(slab, words)
        languages = [part.file.language or "" for part in parts]
        styles = np.repeat([int(style_of(each)) for each in languages], counts)
        is_python = [place for place, each in enumerate(languages) if each == "Python" and counts[place]]
        bounds = np.concatenate((starts[: len(texts)], ends[len(texts) - 1 : len(texts)]))
        edges = np.cumsum([0, *counts])
        roles = find_roles(
            slab,
            words,
            self._vocabulary.kinds[numbers],
            starts,
            np.concatenate((styles, styles[named])),
            np.stack((bounds[edges[np.array(is_python, np.int64)]], bounds[edges[np.array(is_python, np.int64) + 1]])),
        )
        place_of_text = np.concatenate((np.arange(len(texts)), np.array(named, np.int64)))
        word_counts = np.diff(np.searchsorted(words.starts, ends), prepend=0)
        chunks = np.repeat(place_of_text, word_counts) + first
        if named:
            roles[words.starts >= starts[len(texts)]] = DEFINITION
        self._postings.append(count_words(numbers, roles, chunks, self._vocabulary))
        self._parts += parts
        self._chunks += len(rows)
        self._ids.append(b"".join(row[0] for row in rows))
        self._symbols += symbols
        self._numbers.append(np.array([row[1:6] for row in rows], np.int64).reshape(-1, len(_NUMBERS)))

    def write(self, path: str) -> None:
        """Write the segment to a new file, whole or not at all. Raises OutputError."""
        columns, languages = self._columns()
        extra = {"files": len(self._parts), "chunks": self._chunks, "languages": languages}
        with atomic_file(path) as file:
            write_columns(file, columns, extra)

    def _columns(self) -> tuple[dict[str, npt.NDArray[Any]], list[str]]:
        vocabulary, chunks = self._vocabulary, self._chunks
        path_words, path_files = self._path_terms()
        used = np.zeros(len(vocabulary.terms), np.bool_)
        for part in self._postings:
            used[(part >> np.uint64(38)).astype(np.int64)] = True
        used[path_words] = True
        numbers = np.flatnonzero(used)
        numbers = numbers[np.argsort(vocabulary.terms.hashes[numbers], kind="stable")]
        rank = np.zeros(len(used), np.int64)
        rank[numbers] = np.arange(len(numbers))
        postings = sort_postings(self._postings, rank, numbers, chunks)
        counts = [part.stop - part.first for part in self._parts]
        first_chunks = np.cumsum([0, *counts])
        columns: dict[str, npt.NDArray[Any]] = {"term_hash": vocabulary.terms.hashes[numbers]}
        columns |= _term_texts(vocabulary.terms, numbers)
        for field, each in zip(FIELDS, (postings.text, postings.definitions, postings.comments), strict=True):
            columns |= _postings_columns(field, each)
        columns |= _postings_columns(PATH, _path_postings(rank[path_words], path_files, len(numbers)))
        columns["term_files"] = _files_by_term(postings.text, np.repeat(np.arange(len(counts)), counts))
        for field, lengths in zip(FIELDS, postings.lengths, strict=True):
            columns[f"{field}_length"] = lengths
        columns |= self._chunk_columns()
        return columns | self._file_columns(first_chunks), self._languages()

    def _languages(self) -> list[str]:
        return sorted({part.file.language for part in self._parts if part.file.language is not None})

    def _chunk_columns(self) -> dict[str, npt.NDArray[Any]]:
        numbers = np.concatenate([np.zeros((0, len(_NUMBERS)), np.int64), *self._numbers])
        columns: dict[str, npt.NDArray[Any]] = {
            "id": np.frombuffer(b"".join(self._ids), np.uint8),
        }
        for place, name in enumerate(_NUMBERS):
            column = numbers[:, place]
            wide = len(column) and int(column.max()) > np.iinfo(np.uint32).max
            columns[name] = column.astype(np.int64 if wide else np.uint32)
        return columns | _texts("symbol", self._symbols)

    def _file_columns(self, first_chunks: npt.NDArray[np.int64]) -> dict[str, npt.NDArray[Any]]:
        parts = self._parts
        place = {language: number for number, language in enumerate(self._languages())}
        return {
            "first_chunk": first_chunks.astype(np.uint32),
            "file_id": np.array([part.file.id for part in parts], np.int64),
            "file_seal": np.frombuffer(b"".join(part.seal for part in parts), np.uint64),
            "first_ordinal": np.array([part.first for part in parts], np.int64),
            "source": np.array([part.file.source for part in parts], np.int32),
            "language": np.array([place.get(part.file.language or "", 0xFFFF) for part in parts], np.uint16),
            "kind": np.array([kind_of(part.file.language) for part in parts], np.uint8),
            **_texts("file_path", [part.file.path for part in parts]),
        }

    def _path_terms(self) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
        """The terms of paths with the files that have them, each pair once."""
        slab = slab_of([part.file.path for part in self._parts])
        words = find_words(slab)
        numbers = self._vocabulary.number(slab, words).astype(np.int64)
        ends = np.cumsum([len(part.file.path) + 1 for part in self._parts])
        files = np.repeat(np.arange(len(self._parts)), np.diff(np.searchsorted(words.starts, ends), prepend=0))
        starts = self._vocabulary.term_starts
        counts = starts[numbers + 1] - starts[numbers]
        place = np.arange(int(counts.sum())) + np.repeat(starts[numbers] - np.cumsum(counts) + counts, counts)
        pairs = np.unique(self._vocabulary.term_numbers[place].astype(np.int64) << 32 | np.repeat(files, counts))
        return pairs >> 32, pairs & 0xFFFF_FFFF


def _texts(name: str, texts: Sequence[bytes]) -> dict[str, npt.NDArray[Any]]:
    """Texts as two columns: where each starts, and all of them."""
    starts = np.cumsum([0, *map(len, texts)], dtype=np.int64)
    wide = int(starts[-1]) > np.iinfo(np.uint32).max
    return {
        f"{name}_start": starts if wide else starts.astype(np.uint32),
        f"{name}_text": np.frombuffer(b"".join(texts), np.uint8),
    }


def _term_texts(terms: Terms, numbers: npt.NDArray[np.int64]) -> dict[str, npt.NDArray[Any]]:
    lengths = terms.starts[numbers + 1] - terms.starts[numbers]
    ends = np.cumsum(lengths)
    place = np.arange(int(lengths.sum())) + np.repeat(terms.starts[numbers] - ends + lengths, lengths)
    return {"term_start": np.concatenate(([0], ends)).astype(np.uint32), "term_text": terms.text[place]}


def _postings_columns(field: str, postings: Postings) -> dict[str, npt.NDArray[Any]]:
    return {f"{field}_start": postings.starts, f"{field}_place": postings.chunks, f"{field}_count": postings.counts}


def _path_postings(terms: npt.NDArray[np.int64], files: npt.NDArray[np.int64], count: int) -> Postings:
    order = np.lexsort((files, terms))
    starts = np.searchsorted(terms[order], np.arange(count + 1)).astype(np.uint32)
    return Postings(starts, files[order].astype(np.uint16), np.ones(len(files), np.uint8))


def _files_by_term(text: Postings, file_of_chunk: npt.NDArray[np.int64]) -> npt.NDArray[np.uint32]:
    """In how many files each term is: uint32[terms]."""
    files = file_of_chunk[text.chunks]
    is_new = np.concatenate((np.ones(min(len(files), 1), np.bool_), files[1:] != files[:-1]))
    starts = text.starts[:-1]
    is_new[starts[starts < text.starts[1:]]] = True
    sums = np.concatenate((np.zeros(1, np.int64), np.cumsum(is_new)))
    found: npt.NDArray[np.int64] = sums[text.starts[1:]] - sums[text.starts[:-1]]
    return found.astype(np.uint32)
