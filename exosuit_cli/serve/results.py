"""What the tools give, as models that the protocol describes to its clients."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict, Field


class _Result(BaseModel):
    model_config = ConfigDict(extra="ignore", use_attribute_docstrings=True)


class Place(_Result):
    """Lines of a file."""

    path: str
    """Relative to the base of the roots; give it to `read` as it is."""
    start_line: int
    """From 1."""
    end_line: int


class Found(Place):
    """A chunk that answers the query."""

    id: str
    """Give it to `read` or `related` as `chunk`."""
    symbol: str | None
    """The function, class or heading that it is, with what encloses it."""
    language: str | None
    score: float
    tokens: int
    """Exact tokens of the text."""
    text: str
    twins: list[Place]
    """Other places of the same text."""


class Index(_Result):
    """What was searched, and what it took to bring it up to date."""

    files: int
    chunks: int
    refreshed: int
    """Files that had changed and were read again."""
    seconds: float


class SearchResult(_Result):
    """The answers, the best first."""

    results: list[Found]
    left_out: int
    """Answers that did not fit the budget."""
    tokens: int
    """Exact tokens of the text of this answer."""
    budget: int
    encoding: str
    terms: list[str]
    """What was looked for."""
    near: list[str]
    """Where nothing matched: words of the tree that are close."""
    index: Index
    warnings: list[str]


class ReadResult(Place):
    """Lines of a file, without their numbers."""

    language: str | None
    symbol: str | None
    file_lines: int
    next_line: int | None
    """Where to go on with `start_line`; null: all that was asked for is here."""
    text: str
    others: list[str]
    """Other definitions of the symbol, as path:line."""
    tokens: int
    """Exact tokens of the text of this answer."""
    budget: int
    encoding: str
    warnings: list[str]


class Definition(_Result):
    """A line that defines something."""

    path: str
    line: int
    name: str
    text: str
    language: str | None
    files: int
    """How many files that were looked at use the name."""


class OutlineResult(_Result):
    """The most important definitions, in path order."""

    definitions: list[Definition]
    left_out: int
    tokens: int
    """Exact tokens of the text of this answer."""
    budget: int
    encoding: str
    warnings: list[str]


class At(_Result):
    """The line that shows the relation."""

    name: str
    line: int
    text: str


class Lines(_Result):
    """Lines of a file, from 1, the last included."""

    start_line: int
    end_line: int


class Relation(Place):
    """A chunk that is related."""

    id: str
    symbol: str | None
    definition: Lines | None
    """The lines of the definition that `symbol` names; null: it is said of all the chunk."""
    language: str | None
    tokens: int
    why: str
    at: At | None


class Chunk(Place):
    """The chunk that was asked about."""

    id: str
    symbol: str | None


class RelatedResult(_Result):
    """What is related to a chunk."""

    chunk: Chunk
    callers: list[Relation]
    callees: list[Relation]
    tests: list[Relation]
    twins: list[Relation]
    mentions: list[Relation]
    left_out: int
    tokens: int
    """Exact tokens of the text of this answer."""
    budget: int
    encoding: str
    warnings: list[str]


class PackedFile(_Result):
    """What the pack has of a file."""

    path: str
    detail: str
    """full, pieces, signatures, outline or path."""
    tokens: int
    """In the pack."""
    file_tokens: int
    """Of the whole file."""


class PackResult(_Result):
    """The files as one text."""

    text: str
    tokens: int
    """Exact tokens of the text."""
    budget: int
    encoding: str
    files: list[PackedFile]
    left_out: list[str]
    """Paths that did not fit at all; of a query, answers as path:first-last, the most relevant first."""
    secrets: int
    """Keys and passwords that were redacted."""
    warnings: list[str]


class StatusResult(_Result):
    """What can be searched and read."""

    version: str
    context: str
    encoding: str
    roots: list[str]
    """Nothing outside of these directories is readable."""
    files: int
    lines: int
    tokens: int = Field(description="Exact tokens of all files.")
    chunks: int
    refreshed: int
    watched: bool
    """The system reports changes: an unchanged tree is not looked through."""
    warnings: list[str]
