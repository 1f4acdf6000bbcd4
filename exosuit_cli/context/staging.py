"""The transactions of a load that is not finished."""

from __future__ import annotations

from typing import TYPE_CHECKING

from exosuit_cli.context.rows import write_meta

if TYPE_CHECKING:
    import sqlite3


class Staging:
    """Opens the transactions of a load; the first one marks what readers must not see, and what a killed load leaves.

    A load that finds nothing changed opens none, and writes nothing.
    """

    def __init__(self, connection: sqlite3.Connection) -> None:
        self.has_begun = False
        self._connection = connection

    def __call__(self) -> None:
        """Open a transaction, unless there is one."""
        execute = self._connection.execute
        if not self._connection.in_transaction:
            execute("BEGIN IMMEDIATE")
        if not self.has_begun:
            (first,) = execute("SELECT ifnull(max(number), 0) + 1 FROM chunks").fetchone()
            write_meta(self._connection, "loading", first)
            self.has_begun = True
