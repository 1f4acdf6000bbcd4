"""What a walk takes at most. No real tree meets these; a tree that is made to have no end does.

Each limit that is met is a skip with its reason, so that the ledger names it.
"""

from __future__ import annotations

from typing import Final

MOST_LEVELS: Final = 2048
"""Directories on the way to a directory that is entered."""
LONGEST_PATH: Final = 1 << 16
"""Bytes of the path of a directory that is entered. PATH_MAX of Linux is 4096."""
MOST_NAMES: Final = 4_000_000
"""Entries of one directory. One that has more is left out as a whole: nobody knows where it ends."""
MOST_ENTRIES: Final = 50_000_000
"""Entries of a whole walk. Each takes some 250 bytes of memory."""
MOST_MET: Final = 100
"""How often a walk goes on after a limit was met: a tree without an end meets them again and again."""
MOST_VISITS: Final = 16
"""Under --follow, the paths through links by which one directory is entered: links that fan out give 4^15 of them."""


class Endless(Exception):
    """A directory that holds more than MOST_NAMES entries."""


def too_deep(path: bytes) -> str:
    """Why the directories inside the directory `path` are not entered; empty where they are."""
    if path.count(b"/") + 2 > MOST_LEVELS:
        return f"deeper than {MOST_LEVELS:,} levels"
    if len(path) > LONGEST_PATH:
        return f"its path is longer than {LONGEST_PATH:,} bytes"
    return ""
