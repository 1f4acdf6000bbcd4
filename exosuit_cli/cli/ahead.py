"""Loading the vocabulary before the command line is understood, where it is plain that it will be needed.

Typer and the settings take longer to import than a small repository takes to read, and a vocabulary to load longer than
both; so it starts first. A guess that turns out wrong costs a process, never a wrong answer: `obtain` hands it out only
for what was loaded.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Sequence

    from exosuit_cli.index.stat_table import StatTable
    from exosuit_cli.workers.preload import Zygote

_ENCODING: Final = "o200k_base"
_HASH: Final = "blake3"
_COMMANDS: Final = ("scan", "chunk")
_UNCLEAR: Final = frozenset(
    {
        "--encoding", "--hash", "--workers", "--config", "--stdin", "--stdin0", "--verify",
        "--help", "-h", "--version", "-V",
    }
)  # fmt: skip
"""Options under which something else may be needed, or nothing."""

_OTHER_TREE: Final = frozenset({"--follow", "--verify", "--no-index", "--device"})
"""Options under which the index is not compared with the tree as it is."""

_zygotes: list[Zygote] = []
_stats: list[StatTable] = []


def load_ahead(arguments: Sequence[str]) -> None:
    """Start to load what `arguments` most probably ask for, if that can be told from a look at them."""
    options = {argument.partition("=")[0] for argument in arguments if argument.startswith("-")}
    if not arguments or arguments[0] not in _COMMANDS or options & _UNCLEAR:
        return
    if any(name.startswith("EXOSUIT_") for name in os.environ):
        return
    is_chunk = arguments[0] == "chunk"
    encoding = None if "--no-tokens" in options else _ENCODING
    if encoding is None and "--tokens" in options:
        return
    # The values of options look like paths. Where an index is looked for, they are not there, and nothing is loaded.
    paths = [argument for argument in arguments[1:] if not argument.startswith("-")]
    use_index = not is_chunk and "--no-index" not in options
    if use_index and not options & _OTHER_TREE:
        from exosuit_cli.index.path import stat_early

        stats = stat_early(paths, _HASH, encoding)
        if stats is not None:
            _stats.append(stats)
            return
    if encoding is not None:
        obtain(paths, _HASH, encoding, workers=0, use_index=use_index, with_table=is_chunk)


def obtain(
    paths: Sequence[str], algorithm: str, encoding: str, *, workers: int, use_index: bool, with_table: bool = False
) -> Zygote | None:
    """The process that was forked ahead, if it is what is needed; else one that is forked now, see `fork_early`."""
    from exosuit_cli.index.path import fork_early

    for zygote in _zygotes:
        if zygote.encoding == encoding and not workers:
            return zygote
    _discard_zygotes()
    forked = fork_early(paths, algorithm, encoding, workers=workers, use_index=use_index, with_table=with_table)
    if forked is not None:
        _zygotes.append(forked)
    return forked


def stats_ahead() -> StatTable | None:
    """The table that a forked process fills since the start, if there is one; whether it fits, `recheck` looks."""
    return _stats[0] if _stats else None


def discard() -> None:
    """End every process that was forked here and has not gone over to a pool."""
    while _stats:
        _stats.pop().close()
    _discard_zygotes()


def _discard_zygotes() -> None:
    while _zygotes:
        _zygotes.pop().close()
