"""What an open search answers besides questions: definitions by importance, what is related to a chunk, its size."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

from exosuit_cli.search.columns import DamagedIndex
from exosuit_cli.search.outline import rank_definitions
from exosuit_cli.search.records import Filters
from exosuit_cli.search.related import find_related, find_used
from exosuit_cli.search.scope import Scope

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    import numpy as np
    import numpy.typing as npt

    from exosuit_cli.context.records import StoredChunk, StoredFile
    from exosuit_cli.search.definitions import Definition
    from exosuit_cli.search.holder import Holder
    from exosuit_cli.search.outline import RankedDefinition
    from exosuit_cli.search.related_chunks import Relation, Spot
    from exosuit_cli.search.searcher import Searcher

_Result = TypeVar("_Result")
_EVERYTHING = Filters()


def definitions_of(
    searcher: Searcher, *, most: int, filters: Filters = _EVERYTHING, relevance: Mapping[int, float] | None = None
) -> list[RankedDefinition]:
    """The definitions in what is searched, the most important first; see `rank_definitions`."""
    return _mended(
        searcher,
        lambda: rank_definitions(
            searcher.context, searcher.index.segments, _wanted(searcher, filters), most=most, relevance=relevance
        ),
    )


def related_to(
    searcher: Searcher,
    file: StoredFile,
    span: StoredChunk,
    ordinal: int,
    text: bytes,
    enclosing: Sequence[Definition],
    holder: Holder | None,
    *,
    top: int,
) -> dict[str, list[Relation]]:
    """What is related to a definition or a chunk; see `find_related`."""
    return _mended(
        searcher,
        lambda: find_related(
            searcher.context, searcher.index.segments, file, span, ordinal, text, enclosing, holder, top=top
        ),
    )


def used_by(
    searcher: Searcher,
    file: StoredFile,
    text: bytes,
    own_names: set[str],
    known: dict[tuple[Spot, str], tuple[int, str] | None],
) -> list[Relation]:
    """What defines the names that a text uses; see `find_used`."""
    return _mended(searcher, lambda: find_used(searcher.context, searcher.index.segments, file, text, own_names, known))


def sizes_of(searcher: Searcher, filters: Filters = _EVERYTHING) -> tuple[int, int]:
    """How many files and chunks are searched."""

    def work() -> tuple[int, int]:
        files = chunks = 0
        for segment, wanted in zip(searcher.index.segments, _wanted(searcher, filters), strict=True):
            files += int(wanted.sum())
            chunks += int((segment.first_chunks[1:] - segment.first_chunks[:-1])[wanted].sum())
        return files, chunks

    return _mended(searcher, work)


def _wanted(searcher: Searcher, filters: Filters) -> list[npt.NDArray[np.bool_]]:
    """Whether each file of each segment is searched."""
    sources = {source.id: source.name for source in searcher.context.sources()}
    prefixes = {number: name.encode() + b"/" for number, name in sources.items()} if len(sources) > 1 else {}
    scope = Scope(filters, sources, prefixes)
    return [scope.files(segment) for segment in searcher.index.segments]


def _mended(searcher: Searcher, work: Callable[[], _Result]) -> _Result:
    """What `work` gives. Where the index turns out to be damaged, it is built anew, and the work done again."""
    try:
        return work()
    except DamagedIndex as error:
        searcher.build_anew(str(error))
        return work()
