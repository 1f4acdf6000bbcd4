"""What a scan is asked to do: resolved and checked. Every option of it is declared here, once."""

from __future__ import annotations

from dataclasses import field

from exosuit_cli.config.option import OUTPUT, SELECTION, WORK, declared, option
from exosuit_cli.model.dataclass import dataclass
from exosuit_cli.model.devices import DEVICE_FORMS
from exosuit_cli.model.digests import DEFAULT_DIGEST, file_digests
from exosuit_cli.model.encodings import DEFAULT_ENCODING, ENCODING_FORMS
from exosuit_cli.model.errors import UsageError
from exosuit_cli.model.slab import TEXT_PROBE_BYTES
from exosuit_cli.model.spans import SpanRecording  # noqa: TC001  (the settings' types are looked up)

DEFAULT_IGNORE_FILES = (".exosuitignore", ".ignore")
"""The first is for exosuit alone; `.ignore` is what ripgrep, fd and others read too."""


@dataclass(frozen=True, slots=True)
class WalkOptions:
    """What the walk leaves out. Globs have the syntax of a line in .gitignore, with braces, relative to the base.

    Raises UsageError for an ignore file that is a path.
    """

    ignore: bool = option(True, "Apply ignore rules as git does.", changes="walk", panel=SELECTION, setting=True)
    ignore_files: tuple[str, ...] = option(
        DEFAULT_IGNORE_FILES,
        "Ignore files to read besides git's, the strongest first; repeatable.",
        name="ignore_file",
        changes="walk",
        panel=SELECTION,
        metavar="NAME",
        shown=", ".join(DEFAULT_IGNORE_FILES),
    )
    default_ignore: bool = option(
        True,
        "Leave out virtual environments, node_modules, caches and their like.",
        changes="walk",
        panel=SELECTION,
        setting=True,
    )
    hidden: bool = option(True, "Take names that start with a dot.", changes="walk", panel=SELECTION, setting=True)
    follow: bool = option(False, "Follow symbolic links.", changes="walk", panel=SELECTION, setting=True)
    one_file_system: bool = option(
        True, "Stay on the file system of PATH.", changes="walk", panel=SELECTION, setting=True
    )
    include: tuple[str, ...] = option(
        (), "Take only what matches; repeatable.", changes="walk", panel=SELECTION, metavar="GLOB"
    )
    exclude: tuple[str, ...] = option(
        (), "Leave out what matches; repeatable.", changes="walk", panel=SELECTION, metavar="GLOB"
    )
    own_outputs: frozenset[tuple[int, int]] = frozenset()
    """(st_dev, st_ino) of files that exosuit itself writes, and of directories that hold nothing else."""

    def __post_init__(self) -> None:
        for name in self.ignore_files:
            if "/" in name or "\0" in name or name in (".", ".."):
                raise UsageError(
                    f"--ignore-file {name!r} is no name of a file; it names files in the scanned directories, for "
                    "example .ignore; give patterns of your own with --exclude"
                )


@dataclass(frozen=True, slots=True)
class ScanOptions:
    """How to scan. The defaults are those of the command line.

    encoding: a name known to `tokens`, or None to count no tokens.
    hash: `blake3` (BLAKE3-256) or `xxh3` (XXH3-128).
    workers: processes; 0 means one per usable CPU, or none for a small tree.
    own_outputs: take files that carry exosuit's mark (`model.marks`), which are skipped otherwise.
    max_file_size, slab_bytes: bytes; a max_file_size of 0 means no limit.
    batch_files: the most files in one batch. vram_bytes: what a CUDA device may hold; None means all that it has, and
        0 that none is used.
    use_index: take unchanged files from the index, and write it. verify: read everything and compare with the index.
    recording: where all processes record what they do, None for nowhere; nothing depends on it.

    Raises UsageError for a number that is too small.
    """

    encoding: str | None = option(
        DEFAULT_ENCODING,
        f"Count tokens in this encoding: {ENCODING_FORMS}.",
        kind="encoding",
        changes="rows",
        panel=WORK,
        setting=True,
    )
    hash: str = option(
        DEFAULT_DIGEST,
        "Make this digest of each file",
        choices=file_digests(),
        changes="rows",
        panel=WORK,
        setting=True,
        chunk=False,
    )
    workers: int = option(
        0, "Worker processes; 0: one per usable CPU.", high=1024, changes="neither", panel=WORK, setting=True
    )
    device: str = option(
        "auto",
        f"Where the kernels run: {DEVICE_FORMS}.",
        kind="device",
        changes="neither",
        panel=WORK,
        setting=True,
    )
    walk: WalkOptions = field(default_factory=WalkOptions)
    max_file_size: int = option(
        4 << 30,
        "Skip larger files; 0: no limit.",
        kind="size",
        high=1 << 60,
        changes="walk",
        panel=SELECTION,
        setting=True,
    )
    own_outputs: bool = option(
        False, "Take files that exosuit wrote, too.", changes="rows", panel=SELECTION, setting=True
    )
    slab_bytes: int = option(
        2 << 20,
        "Bytes of files that are handled as one batch.",
        kind="size",
        low=1 << 16,
        high=1 << 30,
        least=TEXT_PROBE_BYTES,
        changes="neither",
        panel=WORK,
        setting=True,
        flag=False,
    )
    batch_files: int = option(
        800, "The most files in one batch; the phase sets it.", low=1, changes="neither", panel=WORK, flag=False
    )
    use_index: bool = option(
        True, "Use the incremental index.", name="index", changes="neither", panel=WORK, setting=True, chunk=False
    )
    verify: bool = option(
        False, "Read everything and compare it with the index.", changes="neither", panel=WORK, chunk=False
    )
    vram_bytes: int | None = None
    recording: SpanRecording | None = field(default=None, compare=False)

    def __post_init__(self) -> None:
        for each in declared(type(self)):
            if each.kind in ("integer", "size"):
                value, least = getattr(self, each.attribute), each.low if each.least is None else each.least
                if value < least:
                    raise UsageError(f"{each.attribute} {value} is not accepted; accepted: {least} and more")


@dataclass(frozen=True, slots=True)
class ScanDefaults(ScanOptions):
    """What `scan` does unless a flag says otherwise; besides the options of a scan, those of its report."""

    top: int = option(
        10, "Length of the lists.", high=10_000, changes="neither", panel=OUTPUT, setting=True, chunk=False
    )
