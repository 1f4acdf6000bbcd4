"""What a pack holds, file by file, and how it was written."""

from __future__ import annotations

from collections import Counter
from dataclasses import field
from typing import TYPE_CHECKING

from exosuit_cli.model.dataclass import dataclass
from exosuit_cli.pack.detail import Detail

if TYPE_CHECKING:
    from collections.abc import Sequence

    from exosuit_cli.ingest.result import ScanResult
    from exosuit_cli.pack.blocks import Remarks
    from exosuit_cli.pack.shown_changes import ShownChanges


@dataclass(frozen=True, slots=True)
class Reason:
    """Why lines of a file are there: `answers`, `encloses`, `imports`, `defines NAME`, `changed`, `calls NAME`."""

    first: int
    last: int
    why: str


@dataclass(slots=True)
class PackedFile:
    """A text file: `file_tokens` are those of the file, `tokens` those of its block, opening included.

    One in pieces has its `reasons`. A neighbour did not change: it uses what did, or is used by it.
    """

    path: bytes
    size: int
    lines: int
    file_tokens: int
    language: str
    detail: Detail
    tokens: int = 0
    pieces: int = 1
    remarks: Remarks | None = None
    reasons: Sequence[Reason] = ()
    is_neighbour: bool = False


@dataclass(frozen=True, slots=True)
class PackPart:
    """One file that was written: its name, None for stdout; its exact tokens and its bytes."""

    name: str | None
    tokens: int
    bytes: int


@dataclass(frozen=True, slots=True)
class PackResult:
    """A finished pack. `files` are the text files in the order of the pack, `binary` the paths of all others."""

    scan: ScanResult
    files: Sequence[PackedFile]
    binary: Sequence[bytes]
    parts: Sequence[PackPart]
    warnings: Sequence[str] = field(default_factory=tuple)
    changes: ShownChanges | None = None

    @property
    def tokens(self) -> int:
        """The exact tokens of all that was written."""
        return sum(part.tokens for part in self.parts)

    @property
    def bytes(self) -> int:
        """The bytes of all that was written."""
        return sum(part.bytes for part in self.parts)

    @property
    def details(self) -> dict[Detail, int]:
        """How many files have each detail, the most first."""
        found = Counter(file.detail for file in self.files)
        return {detail: found[detail] for detail in sorted(Detail, reverse=True) if found[detail]}

    @property
    def secrets(self) -> int:
        """How many secrets were found."""
        return sum(len(file.remarks.secrets) for file in self.files if file.remarks is not None)
