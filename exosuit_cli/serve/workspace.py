"""Contexts that stay open between calls, each brought up to date before it answers."""

from __future__ import annotations

import os
from collections import OrderedDict
from typing import TYPE_CHECKING, Final

from exosuit_cli.commands.context import roots_of
from exosuit_cli.commands.kept_context import KeptContext
from exosuit_cli.commands.query_request import SearchPlace
from exosuit_cli.context.rows import read_generation
from exosuit_cli.search.records import Refresh
from exosuit_cli.search.searcher import Searcher
from exosuit_cli.serve.watch import Watch

if TYPE_CHECKING:
    from collections.abc import Callable

    from exosuit_cli.commands.query_context import SearchedContext
    from exosuit_cli.ingest.progress import Progress
    from exosuit_cli.serve.messages import Call
    from exosuit_cli.system.stop import StopRequest

    ShowProgress = Callable[[str, Progress], None]

_MOST_OPEN: Final = 4


class Workspace:
    """One context with its search, kept open. For one thread."""

    def __init__(self, place: SearchPlace) -> None:
        self._kept = KeptContext(place)
        self._roots = list(map(os.fsencode, place.paths)) or roots_of(place.context or "")
        self._searcher: Searcher | None = None
        self._generation: str | None = None
        self._watch: Watch | None = None

    @property
    def is_watched(self) -> bool:
        """Whether the system reports changes, so that an unchanged tree is not looked through."""
        return self._watch is not None and self._watch.is_whole

    def fresh(
        self, *, stop: StopRequest, progress: ShowProgress
    ) -> tuple[SearchedContext, Searcher] | tuple[None, None]:
        """The context and its search, in step with the tree; nothing where `stop` asked for it."""
        if self._watch is None:
            self._watch = Watch(self._roots)
        changed = self._watch.has_changed()
        is_done = False
        try:
            found = self._kept.fresh(may_have_changed=changed, stop=stop, progress=lambda each: progress("files", each))
            is_done = found.partial is None and not found.warnings
        finally:
            if not is_done:
                self._watch.suspect()  # it was not brought up to date: the next call tries again
        if found.partial is not None:
            return None, None
        return found, self._in_step(found, stop, progress)

    def close(self) -> None:
        """Close the context and its search."""
        if self._watch is not None:
            self._watch.close()
        self._watch = None
        self._close_searcher()
        self._kept.close()

    def _in_step(self, found: SearchedContext, stop: StopRequest, progress: ShowProgress) -> Searcher:
        """The search of the context as it is now; it is kept as long as nothing has changed."""
        context = found.context
        generation = read_generation(context.connection)
        searcher = self._searcher
        if searcher is None or searcher.context is not context or generation is None or generation != self._generation:
            self._close_searcher()
            searcher = Searcher.open(context, progress=lambda each: progress("chunks", each), stop=stop)
            self._searcher, self._generation = searcher, generation
        else:
            searcher.refresh = Refresh(0, 0, 0, 0.0, None)
        return searcher

    def _close_searcher(self) -> None:
        if self._searcher is not None:
            self._searcher.close()
        self._searcher = None


class Workspaces:
    """The workspaces of the last few places that were asked for."""

    def __init__(self) -> None:
        self._open: OrderedDict[tuple[tuple[str, ...], str | None], Workspace] = OrderedDict()

    def of(self, call: Call) -> Workspace:
        """The workspace of a call."""
        key = call.roots, call.context
        if key not in self._open:
            self._open[key] = Workspace(SearchPlace(call.roots, call.context, call.config))
        self._open.move_to_end(key)
        while len(self._open) > _MOST_OPEN:
            self._open.popitem(last=False)[1].close()
        return self._open[key]

    def close(self) -> None:
        """Close all of them."""
        while self._open:
            self._open.popitem()[1].close()
