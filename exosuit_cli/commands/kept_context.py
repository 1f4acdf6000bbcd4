"""A context that a server keeps open between searches."""

from __future__ import annotations

import contextlib
import time
from dataclasses import replace
from typing import TYPE_CHECKING

from exosuit_cli.commands.context import roots_of
from exosuit_cli.commands.context_choice import choose_context
from exosuit_cli.commands.query_context import NameTaken, load_for, opened_context, searched_after_load
from exosuit_cli.context.database import ContextReplaced
from exosuit_cli.model.errors import UsageError
from exosuit_cli.system.forked import without_fork

if TYPE_CHECKING:
    from exosuit_cli.commands.context_choice import ContextChoice
    from exosuit_cli.commands.query_context import SearchedContext
    from exosuit_cli.commands.query_request import SearchPlace
    from exosuit_cli.ingest.progress import ProgressCallback
    from exosuit_cli.system.stop import StopRequest


class KeptContext:
    """A context that stays open between searches, of which all is searched. For one thread.

    It is the one that has exactly the paths of the place, or has the name that is given; a new one where there is none.
    What no path encloses is in none of its answers.
    """

    def __init__(self, place: SearchPlace) -> None:
        self._place = place
        self._stack = contextlib.ExitStack()
        self._choice: ContextChoice | None = None
        self._found: SearchedContext | None = None

    def fresh(
        self,
        *,
        may_have_changed: bool = True,
        stop: StopRequest | None = None,
        progress: ProgressCallback | None = None,
    ) -> SearchedContext:
        """The context, opened if it is not, and brought up to date unless nothing may have changed.

        Raises as `searched_context` does, and UsageError where the context of the name has other sources, too.
        """
        if self._found is None or self._choice is None:
            return self._open(stop, progress)
        if not may_have_changed:
            return replace(self._found, changed_files=0, seconds=0.0)
        started = time.monotonic()
        context = self._found.context
        try:
            with without_fork():
                result = load_for(context, self._choice, self._place, stop, progress, lambda _: None, is_warm=True)
        except (UsageError, NameTaken):  # dropped, mended, read only, or in use: opening it again says which
            self.close()
            return self._open(stop, progress)
        found = searched_after_load(context, self._choice, result, [], started)
        if found.partial is None:
            self._found = found
        return found

    def close(self) -> None:
        """Close the context; a second time does nothing."""
        self._stack.close()
        self._found = None

    def _open(self, stop: StopRequest | None, progress: ProgressCallback | None) -> SearchedContext:
        choice = choose_context(self._place, allows_enclosing=False)
        if not choice.is_new and choice.wanted != dict.fromkeys(roots_of(choice.name), (b"",)):
            raise UsageError(
                f"the context {choice.name!r} has other sources than the given paths; "
                "leave out the paths to search all of it, or leave out --context"
            )
        try:
            found = self._stack.enter_context(opened_context(choice, self._place, stop, progress, lambda _: None))
        except (NameTaken, ContextReplaced):
            return self._open(stop, progress)
        if found.partial is not None:
            self._stack.close()
            return found
        self._choice = replace(choice, is_new=False)
        self._found = found
        return found
