"""Contexts without a source, as a killed first load leaves them: their names are free."""

from __future__ import annotations

import contextlib
import os
from typing import TYPE_CHECKING

from exosuit_cli.context.context import Context
from exosuit_cli.context.database import EmptyContext, connect, database_errors, writer_lock
from exosuit_cli.context.names import context_path, numbered_names, remove_context
from exosuit_cli.context.rows import read_sources
from exosuit_cli.model.errors import ExosuitError

if TYPE_CHECKING:
    from collections.abc import Collection


def new_name(suggested: str, names: Collection[str], *, refused: Collection[str] = ()) -> str:
    """The first of `suggested`, `suggested-2` and so on that no context has, or only one without a source.

    `refused` are left out. Raises what is wrong with a context that has such a name and cannot be read.
    """
    return next(
        name for name in numbered_names(suggested) if name not in refused and (name not in names or is_vacant(name))
    )


def is_vacant(name: str) -> bool:
    """Whether no context of this name has a source. Raises what is wrong with one that cannot be read."""
    try:
        with Context.open(name, read_only=True) as context:
            return not context.sources()
    except EmptyContext:
        return True
    except ExosuitError:
        if os.path.lexists(context_path(name)):
            raise
        return True  # removed since its name was listed


def discard_vacant(name: str) -> None:
    """Delete a context without a source, unless a process loads it."""
    path = context_path(name)
    with contextlib.suppress(ExosuitError), writer_lock(path, name):
        try:
            with contextlib.closing(connect(path, name)) as connection, database_errors(name, path):
                has_sources = bool(read_sources(connection))
        except EmptyContext:
            has_sources = False
        if not has_sources:
            remove_context(name)
