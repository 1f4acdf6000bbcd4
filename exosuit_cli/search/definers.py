"""The chunks of an index that define a name."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from exosuit_cli.search.breadcrumb import breadcrumb_of, lines_of
from exosuit_cli.search.definitions import definitions_in, indentation
from exosuit_cli.search.labels import symbol_at
from exosuit_cli.search.outline import last_part, whole_term
from exosuit_cli.search.path_facts import is_aside, is_test
from exosuit_cli.search.qualified import says_owner
from exosuit_cli.search.segment import term_hashes

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from exosuit_cli.search.definitions import Definition
    from exosuit_cli.search.searcher import Searcher
    from exosuit_cli.search.segment import Segment

_MOST_CHUNKS = 512
_MOST_HEAD_LINES = 40


class Definer(NamedTuple):
    """A definition, and the context's number of its file."""

    definition: Definition
    file: int
    path: bytes
    is_stub: bool
    """Whether it is a head without a body: an overload, a declaration."""


def definers_of(searcher: Searcher, name: str) -> list[Definer]:
    """Where a name is defined: in the files of the matter first, then in those beside it, then in tests.

    Those with a body come before stubs. Of a name with several parts, as `Class.method`, only those of that `Class`;
    where there are none, the last part counts.
    """
    last = last_part(name)
    parts = tuple(name.replace("::", ".").split("."))
    found = {}
    owned = set()
    for segment, chunk in _chunks(searcher.index.segments, whole_term(name)):
        (text,) = searcher.context.get_many([segment.chunk_id(chunk)])
        if text is None:
            continue
        file = int(segment.file_of_chunk[chunk])
        number = int(segment.column("file_id", file, file + 1)[0])
        first_line = int(segment.column("start_line", chunk, chunk + 1)[0])
        language = segment.language(file)
        lines = lines_of(text)
        for each in definitions_in(lines, first_line, language):
            if last_part(each.name) != last:
                continue
            is_stub = _is_stub(lines, each.line - first_line)
            found[number, each.line] = Definer(each, number, segment.path(file), is_stub)
            if len(parts) > 1 and (
                says_owner(each, parts[-2]) or _path_of(searcher, segment, chunk, text, each.line)[-2:] == parts[-2:]
            ):
                owned.add((number, each.line))
    return sorted((found[key] for key in (owned or found)), key=_order)


def _path_of(searcher: Searcher, segment: Segment, chunk: int, text: bytes, line: int) -> tuple[str, ...]:
    """The names of all that a line of a chunk lies in, the outermost first."""
    place = int(segment.file_of_chunk[chunk])
    file = searcher.context.file(segment.value("file_id", place))
    if file is None:
        return ()
    spans = searcher.context.spans(file)
    ordinal = segment.value("first_ordinal", place) + chunk - int(segment.first_chunks[place])
    if ordinal >= len(spans):
        return ()
    breadcrumb = breadcrumb_of(searcher.context, spans, ordinal, text)
    path = symbol_at(breadcrumb, text, spans[ordinal].start_line, line, file.language) or ""
    return tuple(path.replace("::", ".").split("."))


def _is_stub(lines: Sequence[str], place: int) -> bool:
    """Whether the definition at a place has no body: it is an overload, or ends with its head."""
    above = place - 1
    while above >= 0 and lines[above].lstrip().startswith("@"):
        if lines[above].strip().endswith("overload"):
            return True
        above -= 1
    level, own = indentation(lines[place]), [lines[place].strip()]
    for line in lines[place + 1 : place + _MOST_HEAD_LINES]:
        goes_on = indentation(line) == level and line.lstrip().startswith((")", "]", "{"))
        if line.strip() and indentation(line) <= level and not goes_on:
            break
        if line.strip():
            own.append(line.strip())
    last, whole = own[-1], " ".join(own)
    if last == "...":
        return len(own) > 1 and own[-2].endswith(":")
    return last.endswith(": ...") or (last.endswith(";") and "{" not in whole and "=>" not in whole)


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
    return aside, definer.is_stub, definer.path, definer.definition.line
