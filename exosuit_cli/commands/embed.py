"""The vectors of a context, as any front asks for them: brought up to date, or deleted."""

from __future__ import annotations

from typing import TYPE_CHECKING

from exosuit_cli.commands.context import find_context
from exosuit_cli.commands.shared import Ending, interrupted
from exosuit_cli.context import Context
from exosuit_cli.model.dataclass import dataclass
from exosuit_cli.model.errors import ExitCode
from exosuit_cli.model.units import counted
from exosuit_cli.search.vectors.embed import embed, forget_vectors

if TYPE_CHECKING:
    from collections.abc import Callable

    from exosuit_cli.search.vectors.embed import EmbedResult
    from exosuit_cli.system.stop import StopRequest


@dataclass(frozen=True, slots=True)
class EmbedOutcome:
    """An embedding, and how it ended."""

    result: EmbedResult
    ending: Ending


def embed_context(
    name: str | None,
    model: str | None = None,
    codec: str | None = None,
    *,
    anew: bool = False,
    stop: StopRequest | None = None,
    progress: Callable[[str], None] | None = None,
) -> EmbedOutcome:
    """Give every chunk of a context a vector. Raises as `embed` does."""

    def show(done: int, todo: int) -> None:
        if progress is not None:
            progress(f"{done:,} of {counted(todo, 'chunk')} embedded")

    with Context.open(find_context(name)) as context:
        result = embed(context, model, codec=codec, anew=anew, stop=stop, progress=show)
    return EmbedOutcome(result, _ending(result, stop))


def remove_vectors(name: str | None) -> tuple[str, int]:
    """Delete the vectors of a context; its name, and how many there were."""
    with Context.open(find_context(name)) as context:
        return context.name, forget_vectors(context)


def _ending(result: EmbedResult, stop: StopRequest | None) -> Ending:
    if result.partial is not None and stop is not None and stop.signal is not None:
        return interrupted(stop.signal, "; the next run goes on from there")
    if result.unreadable:
        count = counted(result.unreadable, "chunk")
        error = (
            f"{count} of the context {result.context!r} are damaged and have no vector; "
            f"run `exosuit context repair --name {result.context}`"
        )
        return Ending(ExitCode.CHECK_FAILED, (error,))
    return Ending(ExitCode.SUCCESS)
