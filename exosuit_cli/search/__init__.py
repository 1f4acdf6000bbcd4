"""Questions to a context: terms, the lexical index beside it, features, the ranker, outlines and related code.

The public names are imported when they are first used: a command line is looked at before anything heavy is loaded.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from exosuit_cli.model.lazy import lazy_names

if TYPE_CHECKING:
    from exosuit_cli.search.records import Answer, Filters, QueryResult, Refresh

_HOMES = {
    "Answer": "exosuit_cli.search.records",
    "Filters": "exosuit_cli.search.records",
    "QueryResult": "exosuit_cli.search.records",
    "Refresh": "exosuit_cli.search.records",
}

__all__ = ["Answer", "Filters", "QueryResult", "Refresh"]

__getattr__ = lazy_names(__name__, _HOMES)
