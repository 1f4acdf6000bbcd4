"""The context store: repositories cut into chunks, kept, refreshed and read by name."""

from __future__ import annotations

from exosuit_cli.context.context import Context, drop_context
from exosuit_cli.context.load import SourceRequest
from exosuit_cli.context.names import context_names

__all__ = ["Context", "SourceRequest", "context_names", "drop_context"]
