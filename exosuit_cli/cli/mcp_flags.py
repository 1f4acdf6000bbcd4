"""Every option of `exosuit mcp`. Imports little."""

from __future__ import annotations

from typing import Final

from exosuit_cli.cli.flags import SessionFlags, flags_of
from exosuit_cli.serve.session import ServeOptions

MCP: Final = tuple(each for each in flags_of(ServeOptions, SessionFlags) if each.name != "stdin0")
