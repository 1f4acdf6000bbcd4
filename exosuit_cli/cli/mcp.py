"""`exosuit mcp`: the searches of a tree as tools of a model, by the Model Context Protocol."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from exosuit_cli.cli.border import command_border
from exosuit_cli.cli.command_line import CommandLine
from exosuit_cli.cli.flags import SessionFlags
from exosuit_cli.cli.mcp_flags import MCP
from exosuit_cli.config.option import filled

if TYPE_CHECKING:
    from collections.abc import Mapping


def _run(paths: tuple[str, ...], given: Mapping[str, object]) -> None:
    """Serve trees to a model: tools that search, read, outline and relate, over stdin and stdout or HTTP."""
    session = filled(SessionFlags, given)
    with command_border(
        debug=session.debug, verbose=session.verbose, quiet=session.quiet, log_file=session.log_file, tree=paths
    ):
        from exosuit_cli.serve.server import run_server
        from exosuit_cli.serve.session import serve_request

        run_server(serve_request(paths, given, config=session.config))


MCP_COMMAND: Final = CommandLine(
    MCP, "Directories and files to serve.", _run, without="the roots that the client names"
)
