"""What a git repository says of the past of a tree: its commits, and what differs from one; git itself is never run.

Objects are read by libgit2's object database alone. No configuration is read, no filter is run, no reference leads out
of the repository: not by a link, not by alternates, not by a `.git` file that the other side does not confirm.
"""

from __future__ import annotations

from exosuit_cli.history.changes import Changes, FileChange, changed_since
from exosuit_cli.history.hunks import Hunks
from exosuit_cli.history.log import Commit, commits
from exosuit_cli.history.repository import HistoryError, NoRepository
from exosuit_cli.history.work_files import TreeTexts

__all__ = [
    "Changes",
    "Commit",
    "FileChange",
    "HistoryError",
    "Hunks",
    "NoRepository",
    "TreeTexts",
    "changed_since",
    "commits",
]
