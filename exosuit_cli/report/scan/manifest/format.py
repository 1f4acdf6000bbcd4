"""What a manifest format is."""

from __future__ import annotations

from typing import TYPE_CHECKING, BinaryIO

from exosuit_cli.model.dataclass import dataclass

if TYPE_CHECKING:
    from collections.abc import Callable

    from exosuit_cli.ingest import ScanResult


def _nothing_is_missing() -> None:
    pass


@dataclass(frozen=True, slots=True)
class ManifestFormat:
    """One format.

    Args:
        suffix: the ending of the file's name, by which the format is chosen.
        help: what the format is, in a few words.
        write: writes the records to a binary file.
        check: raises UsageError where what the format needs is not installed.

    """

    suffix: str
    help: str
    write: Callable[[BinaryIO, ScanResult], None]
    check: Callable[[], None] = _nothing_is_missing
