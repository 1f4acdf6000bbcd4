"""The tree walk under ignore rules: every path becomes an entry to ingest or a skip with its reason.

The public names are imported when they are first used: `walk.roots` is needed before numpy is.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from exosuit_cli.model.lazy import lazy_names

if TYPE_CHECKING:
    from exosuit_cli.walk.listing import Listing, PastDirectory, RuleState
    from exosuit_cli.walk.tree import TreeWalk

_HOMES = {
    "Listing": "exosuit_cli.walk.listing",
    "PastDirectory": "exosuit_cli.walk.listing",
    "RuleState": "exosuit_cli.walk.listing",
    "TreeWalk": "exosuit_cli.walk.tree",
}

__all__ = ["Listing", "PastDirectory", "RuleState", "TreeWalk"]

__getattr__ = lazy_names(__name__, _HOMES)
