"""A context that is open: its database, its chunks, and the memory tiers through which they are read."""

from __future__ import annotations

import contextlib
import os
from typing import TYPE_CHECKING, Self

from exosuit_cli.context.database import connect, database_errors, database_file
from exosuit_cli.context.names import context_path
from exosuit_cli.context.transactions import snapshot
from exosuit_cli.tiers.nvme import NvmeTier

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from types import TracebackType

    from exosuit_cli.context.records import Changes
    from exosuit_cli.tiers.budgets import TierBudget
    from exosuit_cli.tiers.stack import TierStack


class OpenContext:
    """A context that is open, as a context manager. For one thread."""

    def __init__(
        self, name: str, path: str, status: os.stat_result, connection: sqlite3.Connection, *, read_only: bool
    ) -> None:
        self.name = name
        self.path = path
        self.connection = connection
        self.chunks = NvmeTier(connection)
        self.stack: TierStack | None = None
        self.changes: Changes | None = None
        """What the last load of this object changed; None where it was much, or there was none."""
        self.damaged_files = 0
        """Files whose rows were not what their seals say, since the context was opened: their chunks were not given."""
        self._read_only = read_only
        self._status = status

    @classmethod
    def open(cls, name: str, *, create: bool = False, read_only: bool = False) -> Self:
        """Open the context of this name; with `create`, an empty one where there is none.

        Raises UsageError: there is none, or a newer exosuit wrote it. CheckFailed: damaged. OutputError: not writable.
        """
        path = context_path(name, create=create)
        status = database_file(path, name, create=create)
        connection = connect(path, name, create=create, read_only=read_only)
        return cls(name, path, status, connection, read_only=read_only)

    @contextlib.contextmanager
    def snapshot(self) -> Iterator[None]:
        """Let all reads of the block see the same load, whatever another process loads meanwhile."""
        with self._errors(), snapshot(self.connection):
            yield

    def keep_in_memory(
        self, budgets: Mapping[str, TierBudget], limit: int | None, *, warn: Callable[[str], None] | None = None
    ) -> TierStack:
        """Read through memory tiers from now on: what is read twice stays there, up to `limit` tokens at once.

        The arena of shared memory has the context's name: another process that reads the same context maps it. `warn`
        takes the reason for each tier that cannot be opened.
        """
        from exosuit_cli.tiers.build import open_stack

        self.leave_memory()
        self.chunks.capacity_bytes = budgets["nvme"].capacity_bytes
        self.chunks.token_capacity = budgets["nvme"].token_capacity
        shared_name = f"context-{self.name}"
        self.stack = open_stack(budgets, self.chunks, shared_name=shared_name, limit_tokens=limit, warn=warn)
        return self.stack

    def close(self) -> None:
        """Close the database and give memory back; a second time does nothing."""
        self.leave_memory()
        self.connection.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _file_bytes(self) -> int:
        return sum(_size(self.path + suffix) for suffix in ("", "-wal"))

    def _texts(self, keys: Sequence[bytes]) -> list[bytes | None]:
        return self.chunks.get(keys) if self.stack is None else self.stack.get_many(keys)

    def leave_memory(self) -> None:
        """Read through no memory tiers from now on, and give theirs back."""
        if self.stack is not None:
            self.stack.close()
            self.stack = None

    def open_again(self) -> None:
        """Use the file that is at the path of this context now."""
        old = self.chunks
        self._status = database_file(self.path, self.name)
        self.connection = connect(self.path, self.name)
        self.chunks = NvmeTier(self.connection, capacity_bytes=old.capacity_bytes, token_capacity=old.token_capacity)

    def _errors(self) -> contextlib.AbstractContextManager[None]:
        return database_errors(self.name, self.path)


def _size(path: str) -> int:
    with contextlib.suppress(OSError):
        return os.stat(path).st_size
    return 0
