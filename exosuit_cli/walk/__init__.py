"""The tree walk under ignore rules: every path becomes an entry to ingest or a skip with its reason."""

from exosuit_cli.walk.tree import Listing, PastDirectory, RuleState, TreeWalk

__all__ = ["Listing", "PastDirectory", "RuleState", "TreeWalk"]
