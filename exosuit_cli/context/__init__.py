"""The context store: repositories cut into chunks, kept, refreshed and read by name.

The public names are imported when they are first used: a command line is looked at before anything heavy is loaded.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from exosuit_cli.context.context import Context, drop_context
    from exosuit_cli.context.load import SourceRequest
    from exosuit_cli.context.names import context_names

_HOMES = {
    "Context": "exosuit_cli.context.context",
    "SourceRequest": "exosuit_cli.context.load",
    "context_names": "exosuit_cli.context.names",
    "drop_context": "exosuit_cli.context.context",
}

__all__ = ["Context", "SourceRequest", "context_names", "drop_context"]


def __getattr__(name: str) -> object:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    found = getattr(importlib.import_module(_HOMES[name]), name)
    globals()[name] = found
    return found
