"""What a pack of the answers to a question holds, and what was left out of it."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from exosuit_cli.model.dataclass import dataclass
from exosuit_cli.pack.detail import Detail

if TYPE_CHECKING:
    from collections.abc import Sequence

    from exosuit_cli.pack.blocks import Secret
    from exosuit_cli.pack.result import PackPart, Reason
    from exosuit_cli.pack.shown_changes import ShownChanges


@dataclass(frozen=True, slots=True)
class ShownLines:
    """Lines of a file that the pack has."""

    first: int
    last: int


@dataclass(frozen=True, slots=True)
class QueriedFile:
    """A file of which the pack has something; `tokens` are those of its block, opening included.

    `shown` are the lines that the pack has, `reasons` what of them was chosen, and why, in the order of the choice.
    """

    path: bytes
    language: str
    size: int
    lines: int
    file_tokens: int
    detail: Detail
    tokens: int
    shown: tuple[ShownLines, ...]
    reasons: tuple[Reason, ...]
    secrets: tuple[Secret, ...]
    protected: int


@dataclass(frozen=True, slots=True)
class LeftOut:
    """An answer that did not fit, with the tokens of its text."""

    path: bytes
    first: int
    last: int
    symbol: str | None
    tokens: int
    score: float


@dataclass(frozen=True, slots=True)
class QueryPack:
    """A finished pack: its files, the most relevant first; the answers that were left out, the next one first.

    `answers` is how many were found, `answers_in` how many of them the pack has. `near` are terms of the index, where
    nothing matched. `files_searched` and `chunks_searched` are after the filters. `seconds` of wall, without the index.
    `changes` are those that are shown, where they were asked for.
    """

    query: str
    files: Sequence[QueriedFile]
    left_out: Sequence[LeftOut]
    answers: int
    answers_in: int
    part: PackPart
    terms: tuple[str, ...]
    near: tuple[str, ...]
    files_searched: int
    chunks_searched: int
    seconds: float
    warnings: tuple[str, ...] = ()
    changes: ShownChanges | None = None

    @property
    def details(self) -> dict[Detail, int]:
        """How many files have each detail, the most first."""
        found = Counter(file.detail for file in self.files)
        return {detail: found[detail] for detail in sorted(Detail, reverse=True) if found[detail]}

    @property
    def secrets(self) -> int:
        """How many secrets were found in the files."""
        return sum(len(file.secrets) for file in self.files)
