"""Questions to a context: terms, the lexical index beside it, features, the ranker, outlines and related code.

The public names are imported when they are first used: a command line is looked at before anything heavy is loaded.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from exosuit_cli.search.records import Answer, Filters, QueryResult, Refresh

_HOMES = {
    "Answer": "exosuit_cli.search.records",
    "Filters": "exosuit_cli.search.records",
    "QueryResult": "exosuit_cli.search.records",
    "Refresh": "exosuit_cli.search.records",
}

__all__ = ["Answer", "Filters", "QueryResult", "Refresh"]


def __getattr__(name: str) -> object:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    found = getattr(importlib.import_module(_HOMES[name]), name)
    globals()[name] = found
    return found
