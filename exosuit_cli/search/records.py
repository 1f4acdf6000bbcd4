"""What a search gives, as records."""

from __future__ import annotations

from typing import TYPE_CHECKING

from exosuit_cli.model.dataclass import dataclass

if TYPE_CHECKING:
    from collections.abc import Mapping


class BuildStopped(Exception):
    """A signal asked to stop while the index was built; what was written is of no use."""


@dataclass(frozen=True, slots=True)
class Answer:
    """A chunk that answers a question, where it lies in a file.

    `path` is that of the context, with the source's name before it where there are several; lines count from 1.
    `signals` are the shares of the score: they add up to it. `file` is the context's number of the file, and `ordinal`
    the place of the chunk in it, from 0.
    """

    id: bytes
    path: bytes
    language: str | None
    start_line: int
    end_line: int
    start_byte: int
    end_byte: int
    tokens: int
    symbol: str | None
    score: float
    signals: Mapping[str, float]
    file: int
    ordinal: int


@dataclass(frozen=True, slots=True)
class QueryResult:
    """The answers to a question, the best first.

    `files` and `chunks` were searched, after the filters; `terms` are what was looked for; `near`, where nothing
    matched, are terms of the index that are close to them. `seconds` of wall. `warnings` say what kept the vectors of
    the context from being weighed, and how many of its chunks have none.
    """

    answers: tuple[Answer, ...]
    files: int
    chunks: int
    terms: tuple[str, ...]
    near: tuple[str, ...]
    seconds: float
    warnings: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Refresh:
    """What bringing the index into step did: `files` with `chunks` indexed, and files `removed`; `seconds` of wall.

    `reason` says why the index was built anew where there was one; None: it was not.
    """

    files: int
    chunks: int
    removed: int
    seconds: float
    reason: str | None


@dataclass(frozen=True, slots=True)
class Filters:
    """What is searched.

    Args:
        kind: `code`, `docs`, `config` or `all`.
        include: patterns as in .gitignore files; where there are any, only paths that match one of them.
        exclude: patterns of paths that are left out.
        languages: display names, as `Python`; where there are any, only files of these.
        sources: names of the context's sources; where there are any, only these.
        paths: the only files that are searched, as the context shows them; None: all.

    """

    kind: str = "all"
    include: tuple[str, ...] = ()
    exclude: tuple[str, ...] = ()
    languages: tuple[str, ...] = ()
    sources: tuple[str, ...] = ()
    paths: frozenset[bytes] | None = None
