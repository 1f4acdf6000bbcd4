"""The chunks of an index that define a name."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from exosuit_cli.search.breadcrumb import lines_of
from exosuit_cli.search.definitions import definitions_in
from exosuit_cli.search.outline import last_part, whole_term
from exosuit_cli.search.path_facts import is_aside, is_test
from exosuit_cli.search.segment import term_hashes

if TYPE_CHECKING:
    from collections.abc import Iterator

    from exosuit_cli.search.definitions import Definition
    from exosuit_cli.search.searcher import Searcher
    from exosuit_cli.search.segment import Segment

_MOST_CHUNKS = 512


class Definer(NamedTuple):
    """A definition, and the context's number of its file."""

    definition: Definition
    file: int
    path: bytes


def definers_of(searcher: Searcher, name: str) -> list[Definer]:
    """Where a name is defined: in the files of the matter first, then in those beside it, then in tests.

    Of a name with several parts, as `Class.method`, the last one counts.
    """
    last = last_part(name)
    found = {}
    for segment, chunk in _chunks(searcher.index.segments, whole_term(name)):
        (text,) = searcher.context.get_many([segment.chunk_id(chunk)])
        if text is None:
            continue
        file = int(segment.file_of_chunk[chunk])
        number = int(segment.column("file_id", file, file + 1)[0])
        first_line = int(segment.column("start_line", chunk, chunk + 1)[0])
        for each in definitions_in(lines_of(text), first_line, segment.language(file)):
            if last_part(each.name) == last:
                found[number, each.line] = Definer(each, number, segment.path(file))
    return sorted(found.values(), key=_order)


def _chunks(segments: tuple[Segment, ...], term: str) -> Iterator[tuple[Segment, int]]:
    """The living chunks that define a term."""
    hashes = term_hashes([term])
    for segment in segments:
        (place,) = segment.terms([term], hashes)
        if place >= 0:
            places = segment.postings("definitions", place).places.astype(np.int64)
            for chunk in places[~segment.is_dead_chunk[places]][:_MOST_CHUNKS].tolist():
                yield segment, chunk


def _order(definer: Definer) -> tuple[int, int, bytes, int]:
    aside = 2 if is_test(definer.path) else 1 if is_aside(definer.path) else 0
    is_declared = definer.definition.text.rstrip().endswith(";")
    return aside, is_declared, definer.path, definer.definition.line
