"""What a front can ask of a scan: a request, made from the values of options by name, settings for all others.

A value comes by the name of its option, as `exosuit_cli.config.option` has it; None or no value means not given.
"""

from __future__ import annotations

import os
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from exosuit_cli.config.option import OUTPUT, WORK, declared, filled, option
from exosuit_cli.config.options import ScanOptions, WalkOptions
from exosuit_cli.model.dataclass import dataclass
from exosuit_cli.model.errors import UsageError
from exosuit_cli.system.outputs import refuse_links_inside

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from exosuit_cli.config import Settings


@dataclass(frozen=True, slots=True)
class ScanRequest:
    """A scan of paths; with `names`, of what they name below the one path. Without `tokens`, none are counted."""

    paths: tuple[str, ...]
    options: ScanOptions
    settings: Settings
    names: tuple[bytes, ...] | None = None
    tokens: bool = option(True, "Count tokens.", changes="rows", panel=WORK)
    manifest: str | None = option(
        None,
        "Write records to FILE, in the format of its ending; `exosuit manual formats` lists them.",
        changes="neither",
        panel=OUTPUT,
        metavar="FILE",
        short="-o",
        long="--output",
    )
    format: str | None = option(
        None,
        "The format of that FILE by its name.",
        changes="neither",
        panel=OUTPUT,
        metavar="NAME",
        completes="manifests",
        shown="by FILE's ending",
    )
    strict: bool = option(False, "Any warning or estimate is a failed check.", changes="neither", panel=OUTPUT)


def scan_request(
    paths: Sequence[str],
    given: Mapping[str, object],
    *,
    config: str | None = None,
    names: Iterable[bytes] | None = None,
    outputs: Iterable[str | int | None] = (),
) -> ScanRequest:
    """The request for a scan by the given options, else by the settings; `config` is a settings file.

    Without paths it is the current directory. `outputs` are paths and descriptors that the front writes to: they are
    not scanned. `names` are read here, once the options are known to be sound. Raises UsageError for options that
    contradict each other, ConfigError for a value that is not accepted, OutputError for an output behind a link that
    lies in the tree.
    """
    paths = tuple(paths) or (".",)
    settings = settings_by(given, config)
    request = filled(ScanRequest, given, paths=paths, options=options_by(settings, given), settings=settings)
    options = request.options
    refuse_links_inside(request.manifest, paths)
    if options.verify and not options.use_index:
        raise UsageError("--verify compares with the index, which --no-index leaves out; give one of them")
    if request.format is not None and request.manifest is None:
        raise UsageError("--format is the format of a FILE; name it with --output, or give --jsonl for lines on stdout")
    options = without_outputs(options, (*outputs, request.manifest))
    return replace(request, options=options, names=names_below(paths, names))


def without_outputs(options: ScanOptions, outputs: Iterable[str | int | None]) -> ScanOptions:
    """The same options, and the regular files among these paths and descriptors are left out of the walk."""
    own = options.walk.own_outputs | _identities(outputs)
    return replace(options, walk=replace(options.walk, own_outputs=own))


NO_NAMES = "no names came on stdin, so nothing was looked at; without --stdin0 all of PATH is"


def limit_file_size(options: ScanOptions, given: Mapping[str, object], largest: int) -> tuple[ScanOptions, bool]:
    """The options with a limit of a file's size, `largest` bytes where none was given, and whether one was given."""
    if given.get("max_file_size") is not None:
        return options, True
    return replace(options, max_file_size=min(options.max_file_size or largest, largest)), False


def base_of(paths: Sequence[str]) -> str:
    """The directory that names are relative to. Raises UsageError where several paths are given."""
    if len(paths) > 1:
        raise UsageError("--stdin0 takes one PATH, the directory that the names are relative to")
    return paths[0] if paths else "."


def names_below(paths: Sequence[str], names: Iterable[bytes] | None) -> tuple[bytes, ...] | None:
    """The names, read to their end once it is known what they are relative to. Raises UsageError as `base_of` does."""
    if names is None:
        return None
    base_of(paths)
    return tuple(names)


def settings_by(given: Mapping[str, object], config: str | None) -> Settings:
    """The settings, where what is given is stronger than all of `config` and the environment."""
    from exosuit_cli.config.load import load_settings
    from exosuit_cli.config.schema import DECLARED

    return load_settings(config, {each.key: given.get(each.name) for each in DECLARED}).settings


def options_by(settings: Settings, given: Mapping[str, object]) -> ScanOptions:
    """The options of the settings, and what is given of those that are no setting."""
    return replace(
        settings.scan,
        walk=replace(settings.scan.walk, **_besidesettings_by(WalkOptions, given)),
        batch_files=settings.batch_files,
        vram_bytes=settings.layer("gpu_vram").capacity_bytes,  # 0 turns it off
        **_besidesettings_by(ScanOptions, given),
    )


def _besidesettings_by(record: type[Any], given: Mapping[str, object]) -> dict[str, Any]:
    return {
        each.attribute: given[each.name]
        for each in declared(record)
        if not each.is_setting and given.get(each.name) is not None
    }


def _identities(outputs: Iterable[str | int | None]) -> frozenset[tuple[int, int]]:
    """(st_dev, st_ino) of the regular files among paths and descriptors."""
    found = set()
    for output in outputs:
        if output is None:
            continue
        try:
            status = os.stat(output)
        except (OSError, ValueError):
            continue  # not there yet, closed, or no name of a file
        if status.st_mode & 0o170000 == 0o100000:
            found.add((status.st_dev, status.st_ino))
    return frozenset(found)
