"""The transactions of a load that is not finished."""

from __future__ import annotations

from typing import TYPE_CHECKING

from exosuit_cli.context.first_load import drop_indexes
from exosuit_cli.context.rows import write_meta
from exosuit_cli.tiers.seen_keys import SeenKeys

if TYPE_CHECKING:
    import sqlite3

    from exosuit_cli.tiers.nvme import NvmeTier


class Staging:
    """Opens the transactions of a load; the first one marks what readers must not see, and what a killed load leaves.

    A load that finds nothing changed opens none, and writes nothing. Where the tables are empty, `chunks` is filled
    without indexes until `end`.
    """

    def __init__(self, connection: sqlite3.Connection, chunks: NvmeTier) -> None:
        self.has_begun = False
        self._connection = connection
        self._chunks = chunks

    def __call__(self) -> None:
        """Open a transaction, unless there is one."""
        execute = self._connection.execute
        if not self._connection.in_transaction:
            execute("BEGIN IMMEDIATE")
        if not self.has_begun:
            (first,) = execute("SELECT ifnull(max(number), 0) + 1 FROM chunks").fetchone()
            write_meta(self._connection, "loading", first)
            if drop_indexes(self._connection):
                self._chunks.seen = SeenKeys()
            self.has_begun = True

    def end(self) -> None:
        """Have no more of what comes taken for the first; whoever ends a load makes the indexes."""
        self._chunks.seen = None
