"""What a scan is asked to do: resolved and checked."""

from __future__ import annotations

from dataclasses import dataclass, field

from exosuit_cli.model.errors import UsageError
from exosuit_cli.model.slab import TEXT_PROBE_BYTES

_LEAST = {"workers": 0, "max_file_size": 0, "slab_bytes": TEXT_PROBE_BYTES, "batch_files": 1}


@dataclass(frozen=True, slots=True)
class WalkOptions:
    """What the walk leaves out. Globs have the syntax of a line in .gitignore, relative to the base."""

    ignore: bool = True
    hidden: bool = True
    follow: bool = False
    one_file_system: bool = True
    include: tuple[str, ...] = ()
    exclude: tuple[str, ...] = ()
    own_outputs: frozenset[tuple[int, int]] = frozenset()
    """(st_dev, st_ino) of files that exosuit itself writes, and of directories that hold nothing else."""


@dataclass(frozen=True, slots=True)
class ScanOptions:
    """How to scan. The defaults are those of the command line.

    encoding: a name known to `tokens`, or None to count no tokens.
    hash: `blake3` (BLAKE3-256) or `xxh3` (XXH3-128).
    workers: processes; 0 means one a usable CPU, or none for a small tree.
    max_file_size, slab_bytes: bytes; a max_file_size of 0 means no limit.
    batch_files: the most files in one batch. vram_bytes: what a CUDA device may hold; None means all it
        has, and 0 that none is used.
    use_index: take unchanged files from the index, and write it. verify: read everything and compare with the index.

    Raises UsageError for a number that is too small.
    """

    encoding: str | None = "o200k_base"
    hash: str = "blake3"
    workers: int = 0
    device: str = "auto"
    walk: WalkOptions = field(default_factory=WalkOptions)
    max_file_size: int = 4 << 30
    slab_bytes: int = 1 << 20
    batch_files: int = 800
    use_index: bool = True
    verify: bool = False
    vram_bytes: int | None = None

    def __post_init__(self) -> None:
        for name, least in _LEAST.items():
            if getattr(self, name) < least:
                raise UsageError(f"{name} {getattr(self, name)} is not accepted; accepted: {least} and more")
