"""How much a source from elsewhere may take, and what is said of one that takes more."""

from __future__ import annotations

from exosuit_cli.model.dataclass import dataclass
from exosuit_cli.model.errors import ResourceMissing, UsageError
from exosuit_cli.model.units import format_bytes


class SourceRefused(UsageError):
    """An archive or a repository that is damaged, too large, or that would write outside of its folder."""


class SourceUnreachable(ResourceMissing):
    """A server that does not answer, or does not have what is asked for."""


@dataclass(frozen=True, slots=True)
class Limits:
    """The most that is taken of one source.

    fetched: bytes over the network. unpacked: bytes of its files. entries: files, folders and links. ratio: of unpacked
    to packed bytes, once `ratio_from` bytes are unpacked.
    """

    fetched: int = 1 << 30
    unpacked: int = 8 << 30
    entries: int = 1_000_000
    ratio: int = 200
    ratio_from: int = 64 << 20

    def check(self, entries: int, unpacked: int, packed: int) -> None:
        """Raise SourceRefused for the limit that was met."""
        if entries > self.entries:
            raise SourceRefused(f"it has more than {self.entries:,} entries; unpack it yourself, and name the folder")
        if unpacked > self.unpacked:
            raise SourceRefused(
                f"it unpacks to more than {format_bytes(self.unpacked)}; unpack it yourself, and name the folder"
            )
        if unpacked > self.ratio_from and unpacked > self.ratio * max(packed, 1):
            raise SourceRefused(
                f"it unpacks to more than {self.ratio} times its size, which no source code does; "
                "unpack it yourself if you trust it, and name the folder"
            )


LIMITS = Limits()
