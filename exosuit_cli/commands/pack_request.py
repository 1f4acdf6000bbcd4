"""What a front can ask of `pack`: a request, made from the values of options by name, as for a scan."""

from __future__ import annotations

import os
from dataclasses import field, replace
from typing import TYPE_CHECKING

from exosuit_cli.commands.query_request import FilterOptions, checked_text
from exosuit_cli.commands.requests import limit_file_size, names_below, options_by, settings_by, without_outputs
from exosuit_cli.config.option import OUTPUT, PACK, declared, filled, option
from exosuit_cli.config.options import ScanOptions, WalkOptions
from exosuit_cli.model.dataclass import dataclass
from exosuit_cli.model.errors import UsageError
from exosuit_cli.pack.options import PackOptions
from exosuit_cli.system.outputs import refuse_links_inside

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

_OF_QUERY = frozenset({"encoding", "include", "exclude", "workers"})
"""Options of a walk that a question may have, too."""
LARGEST_FILE = 64 << 20
"""Bytes of the largest file that is packed, unless another limit is given: no model reads as much."""


@dataclass(frozen=True, slots=True)
class PackRequest:
    """A pack of the files below paths; with `names`, of what they name below the one path.

    output: the file that the front writes the pack to, None for a stream of its own.
    size_is_chosen: the limit of a file's size was asked for, so that it needs no warning.
    config, filters, has_tree: for a pack of a question's answers; the tree is there where it was asked for.
    """

    paths: tuple[str, ...]
    packing: PackOptions
    options: ScanOptions
    output: str | None = None
    names: tuple[bytes, ...] | None = None
    size_is_chosen: bool = False
    template: str | None = option(
        None, "A Jinja2 template of your own instead of a format.", changes="neither", panel=PACK, metavar="FILE"
    )
    instructions: str | None = option(
        None, "End with the text of FILE, for the model.", changes="neither", panel=PACK, metavar="FILE"
    )
    since: str | None = option(
        None, "Only files that changed since a git revision.", changes="neither", panel=PACK, metavar="REV"
    )
    diff: bool = option(
        False, "The hunks of what changed, too; without --since since HEAD.", changes="neither", panel=PACK
    )
    config: str | None = None
    filters: FilterOptions = field(default_factory=FilterOptions)
    has_tree: bool = True
    strict: bool = option(False, "Any warning or estimate is a failed check.", changes="neither", panel=OUTPUT)


def pack_request(
    paths: Sequence[str],
    given: Mapping[str, object],
    *,
    output: str | None = None,
    config: str | None = None,
    names: Iterable[bytes] | None = None,
    outputs: Iterable[str | int | None] = (),
) -> PackRequest:
    """The request for a pack by the given options, else by the settings; see `scan_request` and `PackRequest`."""
    refuse_links_inside(output, paths or (os.curdir,))
    settings = settings_by(given, config)
    options = options_by(settings, given)
    assert options.encoding is not None, "a setting is never left out"
    packing = filled(PackOptions, given, encoding=options.encoding)
    if packing.split and output is None:
        raise UsageError("--split writes each part to its own file; say how they are called with -o, as -o pack.xml")
    if given.get("template") is not None:
        contradicting = [name for name in ("format", "split") if given.get(name) is not None]
        if contradicting:
            raise UsageError(f"--template is a form of its own; leave out --{' and --'.join(contradicting)}")
    if names is not None and (given.get("since") is not None or given.get("diff")):
        raise UsageError("--stdin0 names the files, and --since and --diff choose them; leave one of them out")
    if packing.query is not None:
        packing = _of_query(packing, given, names)
    options, size_is_chosen = limit_file_size(options, given, LARGEST_FILE)
    return filled(
        PackRequest,
        given,
        paths=tuple(paths) or (".",),
        packing=packing,
        options=without_outputs(options, (*outputs, output)),
        output=output,
        names=names_below(paths, names),
        size_is_chosen=size_is_chosen,
        config=config,
        filters=FilterOptions(include=options.walk.include, exclude=options.walk.exclude),
        has_tree=given.get("tree") is True,
    )


def _of_query(packing: PackOptions, given: Mapping[str, object], names: Iterable[bytes] | None) -> PackOptions:
    """The packing of a question's answers. Raises UsageError for what an index does not know of."""
    packing = replace(packing, query=checked_text(packing.query or ""))
    if names is not None:
        raise UsageError("--query searches PATHs, and --stdin0 names files; leave one of them out")
    fixed = [
        each.flags[0] if given[each.name] or not each.negative else each.negative
        for each in (*declared(ScanOptions), *declared(WalkOptions))
        if each.name not in _OF_QUERY and given.get(each.name) is not None
    ]
    if fixed:
        raise UsageError(
            f"--query searches the index of the tree, which has its own options; leave out {', '.join(fixed)}"
        )
    if given.get("budget") == 0:
        raise UsageError(
            "--query takes what is most relevant, up to a budget; give --budget 1 or more, or leave it out"
        )
    return packing
