"""Commands whose arguments are plain, carried out without typer: its import takes a third of a short command's time."""

from __future__ import annotations

import importlib
import os
from typing import TYPE_CHECKING, Final

from exosuit_cli.model.errors import ExitCode, ExosuitError

if TYPE_CHECKING:
    from collections.abc import Sequence

PLACES: Final = {
    "scan": "scan:SCAN_COMMAND",
    "chunk": "chunk:CHUNK_COMMAND",
    "query": "query:QUERY_COMMAND",
    "outline": "outline:OUTLINE_COMMAND",
    "related": "related:RELATED_COMMAND",
    "pack": "pack:PACK_COMMAND",
    "mcp": "mcp:MCP_COMMAND",
    "profile": "profile:PROFILE_COMMAND",
}
"""Where the commands are that are declared without typer."""
_COMPLETION: Final = "_EXOSUIT_COMPLETE"
"""The variable by which a shell asks typer for completions."""


def run_directly(arguments: Sequence[str]) -> int | None:
    """Carry out a command line of one of `PLACES`; its exit code. None: nothing was done, as only typer can read it."""
    from exosuit_cli.cli.command_line import CommandLine

    if not arguments or arguments[0] not in PLACES or _COMPLETION in os.environ:
        return None
    module, _, name = PLACES[arguments[0]].partition(":")
    command = getattr(importlib.import_module(f"exosuit_cli.cli.{module}"), name)
    assert isinstance(command, CommandLine)
    plain = command.plain(arguments[1:])
    if plain is None:
        return None
    try:
        command.run(*plain)
    except ExosuitError as error:
        from exosuit_cli.cli.usage import failed

        return failed(error)
    return int(ExitCode.SUCCESS)
