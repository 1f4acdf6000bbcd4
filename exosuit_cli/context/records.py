"""What a context holds and what its work gives, as records."""

from __future__ import annotations

from dataclasses import field
from typing import TYPE_CHECKING, Final

from exosuit_cli.model.dataclass import dataclass
from exosuit_cli.model.lazy import lazy_pattern

if TYPE_CHECKING:
    from collections.abc import Mapping

    from exosuit_cli.ingest.result import Throughput
    from exosuit_cli.model.records import Skip
    from exosuit_cli.system.memory import MemoryReport

_CAP: Final = lazy_pattern(r"\bmax_tokens=(\d+)")
"""In the key of a source (`SourceRequest.key`)."""


@dataclass(frozen=True, slots=True)
class Source:
    """A repository of a context. `root` is absolute; the sums are those of its files; `tokens` of whole files."""

    id: int
    root: bytes
    name: str
    given: Mapping[str, object]
    key: str
    tree_digest: str | None
    files: int
    bytes: int
    lines: int
    tokens: int
    spans: int
    span_tokens: int
    loaded_ns: int

    @property
    def cap(self) -> int | None:
        """The most tokens of a chunk, as the last load cut them; None where its key does not say."""
        found = _CAP.search(self.key)
        return int(found[1]) if found is not None else None


@dataclass(frozen=True, slots=True)
class StoredFile:
    """A file of a context; `path` is relative to its source's root.

    `below` says why it is not in the working context; None: it is.
    """

    id: int
    source: int
    path: bytes
    digest: bytes
    size: int
    lines: int | None
    tokens: int | None
    language: str | None
    spans: int
    span_tokens: int
    below: str | None


@dataclass(frozen=True, slots=True)
class StoredChunk:
    """A chunk where it lies in a file: `text` has the BLAKE3 of `id`, or is None where the row is damaged or missing.

    `path` is that of the context, with the source's name before it where there are several. Lines count from 1.
    """

    id: bytes
    path: bytes
    language: str | None
    start_byte: int
    end_byte: int
    start_line: int
    end_line: int
    tokens: int
    boundary: str
    symbol: str | None
    text: bytes | None


@dataclass(frozen=True, slots=True)
class LoadedSource:
    """What one source's load did. `unchanged` files were neither read nor cut; `seconds` of wall."""

    name: str
    root: bytes
    files: int
    unchanged: int
    loaded: int
    removed: int
    chunks: int
    tokens: int
    bytes_read: int
    seconds: float
    skipped: Mapping[str, int]
    warnings: tuple[str, ...] = ()
    unreadable: tuple[Skip, ...] = ()


@dataclass(frozen=True, slots=True)
class Below:
    """What is not in the working context for one reason."""

    reason: str
    files: int
    tokens: int


@dataclass(frozen=True, slots=True)
class Working:
    """The working context: `tokens` of `limit` (None: no limit), in `files`, and what lies below it by reason."""

    limit: int | None
    files: int
    tokens: int
    below: tuple[Below, ...] = ()


@dataclass(frozen=True, slots=True)
class Changes:
    """What took a context from one generation to another: the numbers of the files that came and that went."""

    since: str
    generation: str
    came: list[int]
    gone: list[int]


@dataclass(frozen=True, slots=True)
class LoadResult:
    """A finished load of a context. `partial` names the signal that ended it early: nothing was changed then.

    `throughput` and `memory` are of the whole load; the nvme tier is what the context and the indexes take on the disk.
    """

    name: str
    sources: tuple[LoadedSource, ...]
    working: Working
    throughput: Throughput
    memory: MemoryReport
    partial: str | None = None


@dataclass(frozen=True, slots=True)
class ContextStats:
    """Sums over a context. `chunks` counts each text once; bytes are those of texts, and of them as stored."""

    name: str
    path: str
    encoding: str
    sources: tuple[Source, ...]
    working: Working
    chunks: int
    chunk_tokens: int
    text_bytes: int
    stored_bytes: int
    file_bytes: int


@dataclass(frozen=True, slots=True)
class Damage:
    """One thing that is wrong with a context: what it concerns, and how."""

    subject: str
    problem: str


@dataclass(frozen=True, slots=True)
class CheckResult:
    """A finished check: what was looked at, and what is damaged (nothing: the context is sound)."""

    name: str
    files: int
    chunks: int
    damages: tuple[Damage, ...] = field(default=())
