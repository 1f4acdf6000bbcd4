"""PATHs that name archives and repositories elsewhere, for the commands that take them. Imports little."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from exosuit_cli.config.option import WORK, filled, option
from exosuit_cli.model.dataclass import dataclass

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    Run = Callable[[tuple[str, ...], Mapping[str, object]], None]

LARGEST_FETCH: Final = 1 << 30
_CEILINGS: Final = "GIT_CEILING_DIRECTORIES"

_LIKELY: Final = re.compile(r"[\w.+-]+:|[\w.-]+@|www\.|\w+\.\w+/|.*\.(?:t?[gx]z|tbz2|bz2|tar|zip|whl)$", re.IGNORECASE)
"""What may be a source; `remote.address` says whether it is one. Most paths are none, and need nothing imported."""


@dataclass(frozen=True, slots=True)
class RemoteFlags:
    """What becomes of a PATH that is an address or an archive."""

    keep: bool = option(False, "Keep what an address or archive has.", changes="neither", panel=WORK)
    max_fetch: int = option(
        LARGEST_FETCH, "The most to fetch of an address.", kind="size", changes="neither", panel=WORK, high=1 << 60
    )


def with_sources(
    run: Run, *, before: int = 0, keeps: Callable[[Mapping[str, object]], bool] | bool = False, has_index: bool = False
) -> Run:
    """`run` with a directory in place of each PATH that is a source. The first `before` arguments are no PATHs.

    With `keeps`, or where it is true of the values given, a source is always kept: a context is made of it, which would
    be of no use otherwise. A command that `has_index` for a scan makes none of what is not kept.
    """

    def run_with_sources(paths: tuple[str, ...], given: Mapping[str, object]) -> None:
        sources = [path for path in paths[before:] if _LIKELY.match(path)]
        if sources:
            from exosuit_cli.remote.address import is_source

            sources = [path for path in sources if is_source(path)]
        if not sources:
            run(paths, given)
            return
        from exosuit_cli.cli.border import command_border
        from exosuit_cli.cli.flags import SessionFlags

        session = filled(SessionFlags, given)
        with command_border(debug=session.debug, verbose=session.verbose, quiet=session.quiet):
            if has_index and not given.get("keep"):
                given = {**given, "index": False}
            is_kept = keeps(given) if callable(keeps) else keeps
            _run_with(run, paths, given, before=before, keeps=is_kept, quiet=session.quiet)

    run_with_sources.__doc__ = run.__doc__
    return run_with_sources


def _run_with(
    run: Run, paths: tuple[str, ...], given: Mapping[str, object], *, before: int, keeps: bool, quiet: bool
) -> None:
    import os
    from dataclasses import replace

    from exosuit_cli.cli.messages import log_warnings
    from exosuit_cli.model.errors import UsageError
    from exosuit_cli.model.units import parse_size
    from exosuit_cli.remote.address import is_source
    from exosuit_cli.remote.limits import LIMITS
    from exosuit_cli.remote.places import remote_folder
    from exosuit_cli.remote.sources import fetched
    from exosuit_cli.report.progress import status_line

    if not all(is_source(path) for path in paths[before:]):
        # Their common directory would hold the cache, and what is in a report would have another name each time.
        raise UsageError("archives and addresses are read by themselves; leave out the directories and files, or them")
    # Rules of a repository that the cache happens to lie in, as a home directory may be, are none of the source's.
    ceilings = [os.environ.get(_CEILINGS, ""), os.path.realpath(remote_folder())]
    os.environ[_CEILINGS] = os.pathsep.join(filter(None, ceilings))
    typed = given.get("max_fetch")
    limits = replace(LIMITS, fetched=LARGEST_FETCH if typed is None else parse_size(str(typed)))
    with (
        status_line(quiet) as said,
        fetched(paths[before:], keeps=keeps or filled(RemoteFlags, given).keep, limits=limits, said=said) as found,
    ):
        said("")
        log_warnings(found.warnings)
        run((*paths[:before], *found.paths), given)
