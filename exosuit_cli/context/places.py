"""Writes down which files are in the working context, and which are below it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from exosuit_cli.context.rows import as_path, write_meta
from exosuit_cli.context.working import Candidate, place
from exosuit_cli.model.errors import CheckFailed

if TYPE_CHECKING:
    import sqlite3

    from exosuit_cli.context.working import OnFull


def write_places(connection: sqlite3.Connection, name: str, limit: int | None, on_full: OnFull) -> None:
    """Say of each file of the context `name` where it is, in the caller's transaction.

    Raises CheckFailed for `stop` where not all fit.
    """
    execute = connection.execute
    (tokens,) = execute("SELECT ifnull(sum(span_tokens), 0) FROM sources").fetchone()
    if limit is None or tokens <= limit:
        execute("UPDATE files SET below = NULL WHERE below IS NOT NULL")
    elif on_full == "stop":
        raise CheckFailed(
            f"the context {name!r} would have {tokens:,} tokens, {tokens - limit:,} over the limit of "
            f"{limit:,}; nothing was changed: load less, use --on-full demote or prune, or set a higher phase"
        )
    else:
        rows = execute(
            "SELECT id, path, digest, span_tokens, language, below FROM files WHERE source > 0 ORDER BY source, path"
        ).fetchall()
        files = [Candidate(row[0], as_path(row[1]), *row[2:5]) for row in rows]
        was = {row[0]: row[5] for row in rows}
        connection.executemany(
            "UPDATE files SET below = ? WHERE id = ?",
            ((each.below, each.file) for each in place(files, limit, on_full) if was[each.file] != each.below),
        )
    write_meta(connection, "limit", limit)
    write_meta(connection, "on_full", on_full)
