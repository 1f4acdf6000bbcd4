"""The vectors of a context for a person at a terminal."""

from __future__ import annotations

from typing import TYPE_CHECKING

from exosuit_cli.model.units import counted, format_bytes
from exosuit_cli.report.console import labelled_line, labelled_phrases
from exosuit_cli.system.names import display_name

if TYPE_CHECKING:
    from rich.console import Console

    from exosuit_cli.search.vectors.embed import EmbedResult


def print_embed(console: Console, result: EmbedResult) -> None:
    """What an embedding did, and what the context has now."""
    labelled_line(console, "context", result.context)
    labelled_line(console, "model", f"{display_name(result.spec)}  {result.model}")
    made_again = f"{counted(result.damaged, 'vector')} were damaged and made again" if result.damaged else ""
    labelled_phrases(
        console,
        "embedded",
        counted(result.embedded, "chunk"),
        *([made_again] if made_again else []),
        f"{result.seconds:.2f} s",
        gap="  ",
    )
    if result.partial is not None and not result.chunks:
        return
    phrases = [
        counted(result.chunks, "vector"),
        f"of {result.dimensions} numbers ({result.codec})",
        format_bytes(result.nbytes),
        counted(result.clusters, "cluster"),
    ]
    if result.embedded:
        phrases.append(f"largest error {result.largest_error:.1g}")
    labelled_phrases(console, "holds", *phrases, gap="  ")
