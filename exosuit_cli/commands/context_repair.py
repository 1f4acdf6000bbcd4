"""Mending a damaged context from the trees that it was loaded from."""

from __future__ import annotations

import os
from contextlib import contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING

from exosuit_cli.commands.context import CheckOutcome, checked, find_context
from exosuit_cli.commands.context_request import source_request
from exosuit_cli.commands.requests import settings_by
from exosuit_cli.commands.shared import Ending
from exosuit_cli.context import Context
from exosuit_cli.context.damages import STRUCTURE
from exosuit_cli.context.working import working_limit
from exosuit_cli.model.errors import CheckFailed, ExitCode
from exosuit_cli.system.names import display_name

if TYPE_CHECKING:
    from collections.abc import Iterator

    from exosuit_cli.context import SourceRequest
    from exosuit_cli.context.records import CheckResult, Source
    from exosuit_cli.context.working import OnFull
    from exosuit_cli.ingest.progress import ProgressCallback
    from exosuit_cli.system.stop import StopRequest


def repair_context(
    name: str | None,
    *,
    config: str | None = None,
    stop: StopRequest | None = None,
    progress: ProgressCallback | None = None,
) -> CheckOutcome:
    """Read the damaged files again; all files, into a new database, where SQLite's own structure is damaged.

    A sound context is not touched. Raises CheckFailed where a context cannot be mended: it stays as it is.
    """
    found = find_context(name)
    with _beyond_repair(found):
        context = Context.open(found)
    with context:
        before = _check(context)
        if before is not None and not before.damages:
            return replace(checked(before), repaired_files=0)
        with _beyond_repair(found):
            known = context.known_sources()
        missing = [source for source, _ in known if not os.path.exists(source.root)]
        for source in (source for source, is_sound in known if source in missing and not is_sound):
            raise CheckFailed(
                f"what the context {found!r} knows of the source {display_name(source.name)} is damaged, and "
                f"{display_name(source.root)} is not there to be read again; `exosuit context drop {found}` gives it up"
            )
        requests = [_request(found, source, config, is_sound=sound) for source, sound in known if source not in missing]
        limit, on_full = _placing(context, config)
        partial, files, is_whole = None, 0, False
        if _is_whole(before):
            try:
                files = context.mark_damaged()
                if requests:
                    partial = context.load(requests, on_full=on_full, limit=limit, stop=stop, progress=progress).partial
                if partial is None:
                    context.drop_marked()
                is_whole = partial is not None or _is_whole(_check(context))
            except CheckFailed:
                is_whole = False
        if not is_whole:
            if missing or not requests:
                places = ", ".join(display_name(source.root) for source in missing) or "no source is known"
                raise CheckFailed(
                    f"the database of the context {found!r} is damaged, and would have to be loaded anew, but not all "
                    f"of its sources are there ({places}); `exosuit context drop {found}` gives it up"
                )
            result = context.rebuild(requests, on_full=on_full, limit=limit, stop=stop, progress=progress)
            partial, files = result.partial, sum(source.files for source in result.sources)
    with Context.open(found, read_only=True) as context:
        outcome = replace(checked(context.check()), repaired_files=files)
    if partial is not None:
        code = ExitCode.TERMINATED if partial == "SIGTERM" else ExitCode.INTERRUPTED
        error = f"interrupted by {partial}: not all is mended; run `exosuit context repair --name {found}` again"
        return replace(outcome, ending=Ending(code, (error,)))
    if missing and files:
        return replace(outcome, ending=Ending(ExitCode.CHECK_FAILED, tuple(map(_left_out, missing))))
    return outcome


def _check(context: Context) -> CheckResult | None:
    try:
        return context.check()
    except CheckFailed:
        return None


def _is_whole(result: CheckResult | None) -> bool:
    """Whether SQLite's own structure is sound."""
    return result is not None and all(each.subject != STRUCTURE for each in result.damages)


def _request(name: str, source: Source, config: str | None, *, is_sound: bool) -> SourceRequest:
    request = replace(source_request(os.fsdecode(source.root), source.given, config, ()), name=source.name)
    if not is_sound and request.key() != source.key:
        raise CheckFailed(_hopeless(name, f"the options of the source {source.name!r} are not known for sure"))
    return request


def _placing(context: Context, config: str | None) -> tuple[int | None, OnFull]:
    try:
        return context.placing()
    except CheckFailed:
        return working_limit(settings_by({}, config)), "demote"


def _left_out(source: Source) -> str:
    return f"source {source.name}: {display_name(source.root)} is not there; what was damaged of it is left out"


@contextmanager
def _beyond_repair(name: str) -> Iterator[None]:
    try:
        yield
    except CheckFailed as error:
        raise CheckFailed(_hopeless(name, str(error.__cause__ or error))) from error


def _hopeless(name: str, reason: str) -> str:
    return (
        f"the context {name!r} cannot be mended ({reason}); give it up with `exosuit context drop {name}`, "
        "and load it again"
    )
