"""The context store: repositories cut into chunks, kept, refreshed and read by name.

The public names are imported when they are first used: a command line is looked at before anything heavy is loaded.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from exosuit_cli.model.lazy import lazy_names

if TYPE_CHECKING:
    from exosuit_cli.context.context import Context, drop_context
    from exosuit_cli.context.names import context_names
    from exosuit_cli.context.requests import SourceRequest

_HOMES = {
    "Context": "exosuit_cli.context.context",
    "SourceRequest": "exosuit_cli.context.requests",
    "context_names": "exosuit_cli.context.names",
    "drop_context": "exosuit_cli.context.context",
}

__all__ = ["Context", "SourceRequest", "context_names", "drop_context"]

__getattr__ = lazy_names(__name__, _HOMES)
