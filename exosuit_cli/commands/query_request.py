"""What a front can ask of a search: requests, made from the values of options by name. Imports little."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from exosuit_cli.config.option import OUTPUT, SELECTION, filled, option
from exosuit_cli.model.dataclass import dataclass
from exosuit_cli.model.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

KINDS: Final = ("code", "docs", "config", "all")
MOST_TOP: Final = 1000
LARGEST_QUERY: Final = 1 << 20
"""Bytes of the longest query: ten times an issue with its logs."""
CHUNKING: Final[Mapping[str, object]] = {"max_tokens": 256, "boundaries": "structure"}
"""How the first query of a tree cuts it. A context that is there already keeps its own options."""

_PLACE: Final = re.compile(r"(?P<path>.+):(?P<line>[0-9]{1,9})", re.DOTALL)
_CHUNK: Final = re.compile(r"[0-9a-fA-F]{4,32}")


@dataclass(frozen=True, slots=True)
class PlaceOptions:
    """Where to search."""

    context: str | None = option(
        None,
        "Search the context of this name.",
        changes="neither",
        panel=SELECTION,
        metavar="NAME",
        completes="contexts",
        shown="that of PATH, else a new one",
    )


@dataclass(frozen=True, slots=True)
class FilterOptions:
    """What is searched. Globs have the syntax of a line in .gitignore, with braces, relative to each PATH.

    Raises UsageError for a kind that is not known.
    """

    kind: str = option("all", "Search these files only", choices=KINDS, changes="neither", panel=SELECTION)
    include: tuple[str, ...] = option(
        (), "Search only what matches; repeatable.", changes="neither", panel=SELECTION, metavar="GLOB"
    )
    exclude: tuple[str, ...] = option(
        (), "Leave out what matches; repeatable.", changes="neither", panel=SELECTION, metavar="GLOB"
    )
    languages: tuple[str, ...] = option(
        (),
        "Search only files in this language; repeatable.",
        name="language",
        changes="neither",
        panel=SELECTION,
        metavar="NAME",
        completes="languages",
    )

    def __post_init__(self) -> None:
        if self.kind not in KINDS:
            raise UsageError(f"unknown --kind {self.kind!r}: expected {', '.join(KINDS)}")


@dataclass(frozen=True, slots=True)
class AnswerOptions:
    """How many answers there may be. Raises UsageError for a number that is out of range.

    top: the most places; under a budget, the most files, of which more places follow. budget: the most tokens of texts.
    """

    top: int = option(
        10, "The most places; with --budget, the most files.", low=1, high=MOST_TOP, changes="neither", panel=OUTPUT
    )
    budget: int | None = option(
        None,
        "The most tokens of all texts together; more places of the best files follow as long as they fit.",
        kind="tokens",
        low=1,
        changes="neither",
        panel=OUTPUT,
        shown="no limit",
    )
    explain: bool = option(False, "The share of each signal in a score.", changes="neither", panel=OUTPUT)

    def __post_init__(self) -> None:
        check_range("top", self.top, MOST_TOP)
        check_range("budget", self.budget)


@dataclass(frozen=True, slots=True)
class OutlineOptions:
    """How much an outline may say. Raises UsageError for a number that is out of range."""

    budget: int = option(1000, "The most tokens of the outline.", kind="tokens", low=1, changes="neither", panel=OUTPUT)
    query: str | None = option(
        None, "What matters, in words or names.", changes="neither", panel=SELECTION, metavar="TEXT"
    )

    def __post_init__(self) -> None:
        check_range("budget", self.budget)


@dataclass(frozen=True, slots=True)
class RelatedOptions:
    """How many chunks of each kind may be related. Raises UsageError for a number that is out of range."""

    top: int = option(5, "The most chunks of each kind.", low=1, high=MOST_TOP, changes="neither", panel=OUTPUT)

    def __post_init__(self) -> None:
        check_range("top", self.top, MOST_TOP)


@dataclass(frozen=True, slots=True)
class SearchPlace:
    """Where to search: below `paths` (none: the current directory), or in the `context` of a name.

    `outputs` are files and descriptors that the front writes, which are no content of the tree.
    """

    paths: tuple[str, ...] = ()
    context: str | None = None
    config: str | None = None
    outputs: tuple[str | int | None, ...] = ()


@dataclass(frozen=True, slots=True)
class QueryRequest:
    """A question to what lies at a place."""

    text: str
    place: SearchPlace
    filters: FilterOptions
    answers: AnswerOptions


@dataclass(frozen=True, slots=True)
class OutlineRequest:
    """An outline of what lies at a place."""

    place: SearchPlace
    filters: FilterOptions
    options: OutlineOptions


@dataclass(frozen=True, slots=True)
class RelatedRequest:
    """What is related to a chunk: the one at `line` (from 1) of the file `path`, or the one whose id begins so."""

    place: SearchPlace
    options: RelatedOptions
    path: str | None = None
    line: int = 0
    chunk: str | None = None


def query_request(
    text: str | bytes,
    paths: Sequence[str],
    given: Mapping[str, object],
    *,
    config: str | None = None,
    outputs: Iterable[str | int | None] = (),
) -> QueryRequest:
    """The request for answers to a text by the given options.

    Raises UsageError for a text without a word, or over `LARGEST_QUERY` bytes, and for an option out of range.
    """
    return QueryRequest(
        text=checked_text(text),
        place=_place(paths, given, config, outputs),
        filters=filled(FilterOptions, given),
        answers=filled(AnswerOptions, given),
    )


def outline_request(
    paths: Sequence[str],
    given: Mapping[str, object],
    *,
    config: str | None = None,
    outputs: Iterable[str | int | None] = (),
) -> OutlineRequest:
    """The request for an outline by the given options. Raises UsageError as `query_request` does."""
    options = filled(OutlineOptions, given)
    if options.query is not None:
        checked_text(options.query)
    return OutlineRequest(_place(paths, given, config, outputs), filled(FilterOptions, given), options)


def related_request(
    chunk: str,
    given: Mapping[str, object],
    *,
    config: str | None = None,
    outputs: Iterable[str | int | None] = (),
) -> RelatedRequest:
    """The request for what is related to `PATH:LINE`, or to the chunk whose id begins with these hex digits.

    Raises UsageError for a text that is neither.
    """
    options = filled(RelatedOptions, given)
    found = _PLACE.fullmatch(chunk)
    if found is not None:
        place = _place((), given, config, outputs)
        return RelatedRequest(place, options, path=found["path"], line=int(found["line"]))
    if _CHUNK.fullmatch(chunk):
        return RelatedRequest(_place((), given, config, outputs), options, chunk=chunk)
    raise UsageError(f"{chunk[:200]!r} is no chunk; give PATH:LINE, as src/main.py:20, or 4 to 32 hex digits of an id")


def checked_text(text: str | bytes) -> str:
    """The text of a query. Raises UsageError for one that is too long, or that has no word in it."""
    raw = text if isinstance(text, bytes) else text.encode("utf-8", "surrogateescape")
    if len(raw) > LARGEST_QUERY:
        raise UsageError(f"the query has {len(raw):,} bytes; accepted: up to {LARGEST_QUERY:,}")
    words = raw.decode("utf-8", "replace")
    if not any(character.isalnum() for character in words):
        shown = "is empty" if not words.strip() else f"{words[:40]!r} has no word in it"
        raise UsageError(f"the query {shown}; give words, names or an error message to look for")
    return words


def check_range(name: str, value: int | None, high: int | None = None) -> None:
    """Raise UsageError for a number below 1 or above `high`; None was not given."""
    if value is None or (value >= 1 and (high is None or value <= high)):
        return
    accepted = "1 and more" if high is None else f"1 to {high:,}"
    raise UsageError(f"--{name} {value} is not accepted; accepted: {accepted}")


def _place(
    paths: Sequence[str], given: Mapping[str, object], config: str | None, outputs: Iterable[str | int | None]
) -> SearchPlace:
    context = given.get("context")
    return SearchPlace(tuple(paths), None if context is None else str(context), config, tuple(outputs))
