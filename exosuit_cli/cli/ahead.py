"""Loading the vocabulary before the command line is understood, where it is plain that it will be needed.

Typer and the settings take longer to import than a small repository takes to read, and a vocabulary to load longer than
both; so it starts first. A guess that turns out wrong costs a process, never a wrong answer: `take` hands it out only
for what was loaded.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Sequence

    from exosuit_cli.ingest.zygote import Zygote

_ENCODING: Final = "o200k_base"
_HASH: Final = "blake3"
_COMMANDS: Final = ("scan", "chunk")
_UNCLEAR: Final = frozenset(
    {
        "--no-tokens", "--encoding", "--hash", "--workers", "--config", "--stdin", "--stdin0", "--verify",
        "--help", "-h", "--version", "-V",
    }
)  # fmt: skip
"""Options under which something else may be needed, or nothing."""

_zygotes: list[Zygote] = []


def load_ahead(arguments: Sequence[str]) -> None:
    """Start to load what `arguments` most probably ask for, if that can be told from a look at them."""
    options = {argument.partition("=")[0] for argument in arguments if argument.startswith("-")}
    if not arguments or arguments[0] not in _COMMANDS or options & _UNCLEAR:
        return
    if any(name.startswith("EXOSUIT_") for name in os.environ):
        return
    from exosuit_cli.ingest.index_path import fork_early

    is_chunk = arguments[0] == "chunk"
    # The values of options look like paths. Where an index is looked for, they are not there, and nothing is loaded.
    paths = [argument for argument in arguments[1:] if not argument.startswith("-")]
    use_index = not is_chunk and "--no-index" not in options
    zygote = fork_early(paths, _HASH, _ENCODING, workers=0, use_index=use_index, with_table=is_chunk)
    if zygote is not None:
        _zygotes.append(zygote)


def take(encoding: str | None, workers: int) -> Zygote | None:
    """What was loaded ahead, if it is this encoding for this number of workers (0: one a processor)."""
    if not _zygotes:
        return None
    zygote = _zygotes.pop()
    if zygote.encoding == encoding and not workers:
        return zygote
    zygote.close()
    return None


def discard() -> None:
    """End what was loaded and never taken."""
    while _zygotes:
        _zygotes.pop().close()
