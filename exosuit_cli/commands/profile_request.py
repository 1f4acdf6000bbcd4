"""What a front can ask of `profile`: a request, made from the values of options by name. Imports little."""

from __future__ import annotations

import os
from dataclasses import field, replace
from typing import TYPE_CHECKING, Final, Literal, cast

from exosuit_cli.config.option import OUTPUT, WORK, filled, option
from exosuit_cli.model.dataclass import dataclass
from exosuit_cli.model.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from exosuit_cli.commands.chunk_request import ChunkRequest
    from exosuit_cli.commands.requests import ScanRequest

WORKS: Final = ("tokens", "scan", "chunk", "context")
CACHES: Final = ("warm", "cold")
MOST_REPEATS: Final = 1000


@dataclass(frozen=True, slots=True)
class ProfileOptions:
    """What is profiled, how often and how closely. Raises UsageError for a value that is not accepted."""

    work: str = option("tokens", "What is done", choices=WORKS, changes="neither", panel=WORK)
    repeat: int = option(1, "Profiled runs, each with an unprofiled twin.", changes="neither", panel=WORK)
    cache: str = option("warm", "The page cache before each run", choices=CACHES, changes="neither", panel=WORK)
    index: bool = option(
        False, "Let a scan use the index, so that what it knows is not read.", changes="neither", panel=WORK
    )
    nvtx: bool = option(False, "Mark the stages for NVIDIA's profilers; needs a card.", changes="neither", panel=WORK)
    sample_ms: int = option(20, "Milliseconds between two readings of memory.", changes="neither", panel=WORK)

    def __post_init__(self) -> None:
        for name, low, high in (("repeat", 1, MOST_REPEATS), ("sample_ms", 1, 60_000)):
            value = getattr(self, name)
            if not low <= value <= high:
                raise UsageError(f"{name} {value} is not accepted; accepted: {low} to {high:,}")
        for name, accepted in (("work", WORKS), ("cache", CACHES)):
            if getattr(self, name) not in accepted:
                raise UsageError(f"{name} {getattr(self, name)!r} is not accepted; accepted: {', '.join(accepted)}")


@dataclass(frozen=True, slots=True)
class ProfileOutputs:
    """What is made of a profile. Raises UsageError for a list of less than nothing."""

    trace: str | None = option(
        None,
        "Write a Chrome trace to FILE; .gz compresses it.",
        changes="neither",
        panel=OUTPUT,
        metavar="FILE",
    )
    speedscope: str | None = option(
        None, "Write a profile for speedscope to FILE.", changes="neither", panel=OUTPUT, metavar="FILE"
    )
    html: str | None = option(
        None, "Write one page for a browser to FILE.", changes="neither", panel=OUTPUT, metavar="FILE"
    )
    diff: str | None = option(
        None, "Compare with FILE, the --json of an earlier profile.", changes="neither", panel=OUTPUT, metavar="FILE"
    )
    force: bool = option(False, "Compare with another machine or another work, too.", changes="neither", panel=OUTPUT)
    json: bool = option(False, "One JSON document.", changes="neither", panel=OUTPUT)
    top: int = option(10, "Length of the list of files.", changes="neither", panel=OUTPUT)

    def __post_init__(self) -> None:
        if not 0 <= self.top <= 10_000:
            raise UsageError(f"top {self.top} is not accepted; accepted: 0 to 10,000")

    def files(self) -> tuple[str, ...]:
        """The files that are written."""
        return tuple(name for name in (self.trace, self.speedscope, self.html) if name is not None)


@dataclass(frozen=True, slots=True)
class ProfileRequest:
    """A profile of one kind of work on paths: `scan` for `scan` and `tokens`, `chunk` for `chunk` and `context`."""

    options: ProfileOptions
    outputs: ProfileOutputs
    paths: tuple[str, ...]
    scan: ScanRequest | None = None
    chunk: ChunkRequest | None = None
    given: Mapping[str, object] = field(default_factory=dict)
    config: str | None = None

    @property
    def cache(self) -> Literal["warm", "cold"]:
        """The page cache that is asked for."""
        return cast("Literal['warm', 'cold']", self.options.cache)


def profile_request(
    paths: Sequence[str],
    given: Mapping[str, object],
    *,
    config: str | None = None,
    outputs: Iterable[str | int | None] = (),
) -> ProfileRequest:
    """The request for a profile by the given options, else by the settings; see `scan_request` and `chunk_request`.

    Raises UsageError and ConfigError for options, OutputError for a file that cannot be written.
    """
    from exosuit_cli.commands.chunk_request import chunk_request
    from exosuit_cli.commands.requests import scan_request
    from exosuit_cli.system.atomic import check_writable
    from exosuit_cli.system.outputs import refuse_links_inside

    paths = tuple(paths) or (os.curdir,)
    options, wanted = filled(ProfileOptions, given), filled(ProfileOutputs, given)
    if wanted.force and wanted.diff is None:
        raise UsageError("--force is for --diff; name the earlier profile")
    written = wanted.files()
    if len({os.path.realpath(name) for name in written}) < len(written):
        raise UsageError("two outputs name one file; name a file for each")
    for name in written:
        refuse_links_inside(name, paths)
        check_writable(name)
    outputs = (*outputs, *written)
    if options.nvtx:
        given = {**given, "device": _card_for_ranges(given.get("device"))}
    base = {name: value for name, value in given.items() if name not in ("format", "output")}
    if options.work in ("scan", "tokens"):
        tokens = options.work == "tokens"
        request = scan_request(
            paths, {**base, "index": options.index, "tokens": tokens}, config=config, outputs=outputs
        )
        if not tokens:
            request = replace(request, options=replace(request.options, encoding=None))
        return ProfileRequest(options, wanted, paths, scan=request, given=given, config=config)
    chunk = chunk_request(paths, base, config=config, outputs=outputs)
    return ProfileRequest(options, wanted, paths, chunk=chunk, given=given, config=config)


def _card_for_ranges(device: object) -> str:
    """The device of a profile that marks what a card does: a card. Raises UsageError for the CPU."""
    if device in (None, "auto"):
        return "cuda:0"
    if device == "cpu":
        raise UsageError("--nvtx marks what a card does, and --device cpu uses none; give one of them")
    return str(device)
