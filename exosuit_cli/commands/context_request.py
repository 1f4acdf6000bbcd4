"""The request for a load of a context. Imports little: its options are read before anything heavy is loaded."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Final

from exosuit_cli.chunk.options import ChunkOptions
from exosuit_cli.commands.requests import settings_by
from exosuit_cli.config.option import OUTPUT, WORK, declared, filled, option
from exosuit_cli.config.options import ScanOptions, WalkOptions
from exosuit_cli.context.working import ON_FULL, working_limit
from exosuit_cli.model.dataclass import dataclass
from exosuit_cli.model.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from exosuit_cli.context import SourceRequest

_KEPT: Final = tuple(
    each.name
    for record in (ChunkOptions, ScanOptions, WalkOptions)
    for each in declared(record)
    if each.changes != "neither" or record is ChunkOptions or each.name in ("encoding", "max_file_size")
)
"""Options that a source keeps for its next load: what they change would be changed back without them."""


@dataclass(frozen=True, slots=True)
class ContextLoadOptions:
    """What a load does beside selecting and cutting."""

    name: str | None = option(
        None,
        "The context.",
        changes="neither",
        panel=OUTPUT,
        metavar="NAME",
        shown="that of these paths, else the directory's name",
    )
    on_full: str = option(
        "demote", "Where the phase's limit is exceeded", choices=ON_FULL, changes="neither", panel=OUTPUT
    )
    anew: bool = option(False, "Read and cut every file, as if nothing were known.", changes="neither", panel=WORK)
    strict: bool = option(False, "Any warning is a failed check.", changes="neither", panel=OUTPUT)


@dataclass(frozen=True, slots=True)
class ContextLoadRequest:
    """A load of sources into the context of a name, under a limit of tokens (None: none).

    capacity_bytes, token_capacity: what the persistent tier may hold. is_new: the name was chosen for a context that
    is not there yet; where another process has it by then, another one does.
    """

    name: str
    sources: tuple[SourceRequest, ...]
    on_full: str
    limit: int | None
    capacity_bytes: int
    token_capacity: int
    strict: bool
    anew: bool = False
    is_new: bool = False


def load_request(
    paths: Sequence[str],
    given: Mapping[str, object],
    *,
    config: str | None = None,
    outputs: Iterable[str | int | None] = (),
) -> ContextLoadRequest:
    """The request for a load of paths by the given options; without paths, for all sources of a context once more.

    A source that the context has already keeps the options of the loads before, unless others are given.

    Raises UsageError for a path that is not there, for a context that is not there, and where it is unclear which.
    """
    from exosuit_cli.commands.context import find_context, sources_of
    from exosuit_cli.context import Context

    flags = filled(ContextLoadOptions, given)
    if flags.on_full not in ON_FULL:
        raise UsageError(f"--on-full {flags.on_full!r} is not accepted; accepted: {', '.join(ON_FULL)}")
    settings = settings_by(given, config)
    is_new = False
    if paths:
        roots = [os.path.realpath(os.fsencode(path)) for path in paths]
        name, is_new = _name_for(roots) if flags.name is None else (flags.name, False)
        kept = {each.root: each.given for each in sources_of(name)}
        sources = [
            source_request(path, {**kept.get(root, {}), **given}, config, outputs)
            for path, root in zip(paths, roots, strict=True)
        ]
    else:
        name = find_context(flags.name)
        with Context.open(name, read_only=True) as context:
            known = context.sources()
        if not known:
            raise UsageError(f"the context {name!r} has no sources; name a PATH to load")
        sources = [source_request(os.fsdecode(each.root), {**each.given, **given}, config, outputs) for each in known]
    store = settings.layer("nvme_ssd")
    return ContextLoadRequest(
        name=name,
        sources=tuple(sources),
        on_full=flags.on_full,
        limit=working_limit(settings),
        capacity_bytes=store.capacity_bytes,
        token_capacity=store.token_capacity,
        strict=flags.strict,
        anew=flags.anew,
        is_new=is_new,
    )


def source_request(
    path: str, given: Mapping[str, object], config: str | None, outputs: Iterable[str | int | None]
) -> SourceRequest:
    """The load of one path by the given options, of which it keeps those that its next load needs."""
    from exosuit_cli.commands.chunk_request import chunk_request
    from exosuit_cli.context import SourceRequest
    from exosuit_cli.walk.roots import ADDRESS_HINT, is_address

    if is_address(path):
        raise UsageError(f"cannot read {path!r}: {ADDRESS_HINT}")
    request = chunk_request((path,), given, config=config, outputs=outputs)
    root = os.path.realpath(os.fsencode(path))
    kept = {name: value for name in _KEPT if (value := given.get(name)) is not None}
    return SourceRequest(root, request.chunking, request.options, kept)


def _name_for(roots: Sequence[bytes]) -> tuple[str, bool]:
    """The context that has exactly these sources, else a new name; whether it is new."""
    from exosuit_cli.commands.context import roots_of
    from exosuit_cli.context import context_names
    from exosuit_cli.context.names import suggested_name
    from exosuit_cli.context.vacant import new_name

    names = context_names()
    for name in names:
        if set(roots_of(name)) == set(roots):
            return name, False
    return new_name(suggested_name(roots[0]), names), True
