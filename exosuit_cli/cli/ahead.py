"""Loading the vocabulary before the command line is understood, where it is plain that it will be needed.

Typer and the settings take longer to import than a small repository takes to read, and a vocabulary to load longer than
both; so it starts first.
"""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Sequence

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
    # The values of options look like paths. Where an index is looked for, they are not there, and nothing is started.
    paths = [argument for argument in arguments[1:] if not argument.startswith("-")]
    from exosuit_cli.workers.ahead import begin

    begin(
        arguments[0],
        paths,
        hash=_HASH,
        encoding=encoding,
        workers=0,
        use_index=not is_chunk and "--no-index" not in options,
        follow="--follow" in options,
        with_table=is_chunk,
    )


def discard() -> None:
    """End what was started ahead, if anything was, and not taken over."""
    if "exosuit_cli.workers.ahead" in sys.modules:
        from exosuit_cli.workers.ahead import end

        end()
