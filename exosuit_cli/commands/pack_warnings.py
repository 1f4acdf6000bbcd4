"""What `exosuit pack` did not do as one may have expected it, in words."""

from __future__ import annotations

from typing import TYPE_CHECKING

from exosuit_cli.model.records import Outcome
from exosuit_cli.model.units import counted
from exosuit_cli.system.names import display_name

if TYPE_CHECKING:
    from exosuit_cli.pack.result import PackResult


def pack_warnings(result: PackResult, *, size_is_chosen: bool) -> list[str]:
    """The warnings of a run beyond those of its scan; `size_is_chosen`: that large files are left out was asked for."""
    scanned = result.scan
    found = list(result.warnings)
    large = [skip for skip in scanned.skips if skip.outcome is Outcome.TOO_LARGE]
    if large and not size_is_chosen:
        which = "1 file is" if len(large) == 1 else f"{len(large):,} files are"
        found.append(
            f"{which} larger than what a model reads and left out, the first: {display_name(large[0].path)}; "
            "see --max-file-size"
        )
    if not result.files and not scanned.partial and not scanned.warnings and not found:
        binary = f": {counted(len(result.binary), 'file')}, all binary" if result.binary else ""
        found.append(f"nothing to pack: there is no text{binary}")
    return found
