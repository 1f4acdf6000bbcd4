"""Where contexts lie, and what their names may be."""

from __future__ import annotations

import os
import re
from itertools import count
from typing import TYPE_CHECKING, Final

from exosuit_cli.model.errors import OutputError, UsageError
from exosuit_cli.system.paths import ensure_private, state_directory

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator

_SUFFIX: Final = ".db"
_NAME: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")


def contexts_directory() -> str:
    """Name the directory of all contexts; nothing is created."""
    return os.path.join(state_directory(), "contexts")


def context_path(name: str, *, create: bool = False) -> str:
    """The path of a context's database; with `create`, its directory is made. Raises UsageError for a bad name."""
    check_name(name)
    directory = contexts_directory()
    if create:
        ensure_private(state_directory())
        ensure_private(directory)
    return os.path.join(directory, name + _SUFFIX)


def index_directory(path: str) -> str:
    """The directory of the search index that belongs to the database at `path`; it can be made again from that."""
    return path.removesuffix(_SUFFIX) + ".search"


def unused_name(name: str, taken: Collection[str]) -> str:
    """The name, or where it is taken the first of `NAME-2`, `NAME-3` and so on that is not."""
    return next(each for each in numbered_names(name) if each not in taken)


def numbered_names(name: str) -> Iterator[str]:
    """The name, then `NAME-2`, `NAME-3` and so on, without end."""
    yield name
    yield from (f"{name}-{number}" for number in count(2))


def check_name(name: str) -> str:
    """Return the name. Raises UsageError for one that is not accepted."""
    if not _NAME.fullmatch(name) or name.endswith((_SUFFIX, ".lock")):
        raise UsageError(
            f"the name {name!r} is not accepted for a context; accepted: 1 to 64 letters, digits, '.', '_' and '-', "
            "the first a letter or a digit"
        )
    return name


def context_names() -> list[str]:
    """The names of all contexts, sorted."""
    try:
        with os.scandir(contexts_directory()) as entries:
            names = [entry.name[: -len(_SUFFIX)] for entry in entries if entry.name.endswith(_SUFFIX)]
    except FileNotFoundError:
        return []
    except OSError as error:
        raise OutputError(f"cannot list the contexts: {error.filename!r}: {error.strerror}") from error
    return sorted(name for name in names if _NAME.fullmatch(name))


def missing_context(name: str) -> UsageError:
    """The error for a name that no context has."""
    known = context_names()
    import difflib

    near = difflib.get_close_matches(name, known, n=3)
    hint = f"did you mean {' or '.join(near)}?" if near else "`exosuit context list` shows those there are"
    return UsageError(f"there is no context {name!r}; {hint}")


def suggested_name(root: bytes) -> str:
    """A name for a context of the repository at `root`: its directory's, with every other character as '-'."""
    base = os.path.basename(root.rstrip(b"/")).decode("utf-8", "replace")
    name = re.sub(r"[^A-Za-z0-9._-]+", "-", base).lstrip("._-")[:56].rstrip(".-")
    return name if _NAME.fullmatch(name) and not name.endswith((_SUFFIX, ".lock")) else "context"


def remove_context(name: str) -> None:
    """Delete the files of a context; the database itself first, so that a name never has half of one.

    The caller holds the writer's lock, whose file goes last.
    """
    path = context_path(name)
    try:
        for suffix in ("", "-wal", "-shm", ".lock"):
            try:
                os.unlink(path + suffix)
            except FileNotFoundError:
                continue
        import shutil

        shutil.rmtree(path + ".new", ignore_errors=True)  # what a repair left that was killed
        shutil.rmtree(index_directory(path), ignore_errors=True)
    except OSError as error:
        raise OutputError(f"cannot drop the context {name!r}: {error.filename!r}: {error.strerror}") from error
