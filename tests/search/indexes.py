"""What an index says, as plain values that a test can compare."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from exosuit_cli.context.reader import ContextReader
from exosuit_cli.search.index import Index, open_index
from exosuit_cli.search.segment import FIELDS, PATH, Segment

if TYPE_CHECKING:
    from exosuit_cli.search.records import Refresh


def refresh(name: str, **options: Any) -> Refresh:
    """Bring the index of a context into step; what that did."""
    with ContextReader.open(name) as context:
        index, done = open_index(context, **options)
        index.close()
        return done


def dump(name: str, **options: Any) -> dict[Any, Any]:
    """All that a query sees of a context's index, by chunk and by file, without numbers of rows and of segments."""
    with ContextReader.open(name) as context:
        index, _ = open_index(context, **options)
        found = dump_index(index)
        index.close()
        return found


def dump_index(index: Index) -> dict[Any, Any]:
    """The same of an index that is open."""
    found: dict[Any, Any] = {}
    for segment in index.segments:
        keys = _keys(segment)
        for field in (*FIELDS, PATH):
            for term in range(len(segment.column("term_hash"))):
                postings = segment.postings(field, term)
                for place, count in zip(postings.places.tolist(), postings.counts.tolist(), strict=True):
                    file = place if field == PATH else int(segment.file_of_chunk[place])
                    if not segment.dead[file]:
                        chunk = -1 if field == PATH else place - int(segment.first_chunks[file])
                        key = (*keys[file], chunk + int(segment.column("first_ordinal")[file]), field)
                        assert segment.term(term) not in found.setdefault(key, {})
                        found[key][segment.term(term)] = count
        for file in np.flatnonzero(~segment.dead).tolist():
            first, stop = segment.first_chunks[file : file + 2].tolist()
            names = ("start_line", "end_line", "start_byte", "end_byte", "tokens", "text_length", "comments_length")
            places = [tuple(int(segment.column(name)[at]) for name in names) for at in range(first, stop)]
            chunks = [(segment.chunk_id(at), segment.symbol(at)) for at in range(first, stop)]
            about = (segment.language(file), int(segment.column("kind")[file]), places, chunks)
            found[(*keys[file], int(segment.column("first_ordinal")[file]))] = about
    return found


def _keys(segment: Segment) -> list[tuple[int, bytes]]:
    sources = segment.column("source").tolist()
    return [(source, segment.path(file)) for file, source in enumerate(sources)]
