"""Every option of `exosuit query`, `outline` and `related`. Imports little."""

from __future__ import annotations

from typing import Final

from exosuit_cli.cli.flags import SessionFlags, flags_of
from exosuit_cli.cli.remote import RemoteFlags
from exosuit_cli.commands.query_request import (
    AnswerOptions,
    FilterOptions,
    OutlineOptions,
    PlaceOptions,
    RelatedOptions,
)
from exosuit_cli.config.option import OUTPUT, option
from exosuit_cli.model.dataclass import dataclass


@dataclass(frozen=True, slots=True)
class QueryReportFlags:
    """What `query` prints."""

    json: bool = option(False, "One JSON document.", changes="neither", panel=OUTPUT)
    jsonl: bool = option(False, "One JSON line an answer.", changes="neither", panel=OUTPUT)


@dataclass(frozen=True, slots=True)
class SearchReportFlags:
    """What `outline` and `related` print."""

    json: bool = option(False, "One JSON document.", changes="neither", panel=OUTPUT)


QUERY: Final = tuple(
    each
    for each in flags_of(FilterOptions, PlaceOptions, AnswerOptions, RemoteFlags, QueryReportFlags, SessionFlags)
    if each.name not in ("stdin0", "keep")
)
OUTLINE: Final = tuple(
    each
    for each in flags_of(OutlineOptions, FilterOptions, PlaceOptions, RemoteFlags, SearchReportFlags, SessionFlags)
    if each.name not in ("stdin0", "keep")
)
RELATED: Final = tuple(
    each for each in flags_of(PlaceOptions, RelatedOptions, SearchReportFlags, SessionFlags) if each.name != "stdin0"
)
"""Each in the order of its help."""
