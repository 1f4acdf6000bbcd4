"""The files of one source, written into a folder."""

from __future__ import annotations

import contextlib
import os
from itertools import islice
from typing import TYPE_CHECKING, Final

from exosuit_cli.history.objects import HistoryError
from exosuit_cli.model.dataclass import dataclass
from exosuit_cli.model.errors import ExosuitError, UsageError
from exosuit_cli.model.units import counted
from exosuit_cli.remote.places import TREE
from exosuit_cli.remote.removal import remove_tree

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from exosuit_cli.remote.address import Address
    from exosuit_cli.remote.limits import Limits
    from exosuit_cli.remote.writer import FolderWriter

_WORK: Final = "work"


@dataclass(frozen=True, slots=True)
class Filling:
    """What was written: its state, which tells it from a later one, and what was left out of it, in words."""

    state: str
    left_out: str


def fill(address: Address, place: str, known: str, limits: Limits, said: Callable[[str], None]) -> Filling | None:
    """Write the files of a source into the new folder `TREE` of `place`; None, with nothing in it, if it is as `known`.

    Raises SourceUnreachable, SourceRefused, UsageError, which name the source.
    """
    with _named(address):
        os.mkdir(os.path.join(place, TREE), 0o700)
        os.mkdir(os.path.join(place, _WORK), 0o700)
        try:
            state, writer = _fill(address, place, known, limits, said)
        finally:
            remove_tree(os.path.join(place, _WORK))
    return None if writer is None else Filling(state, _left_out(writer))


def top(place: str) -> str:
    """The directory that holds the files: the tree, or the one directory that is all of it, as in a source archive."""
    tree = os.path.join(place, TREE)
    with os.scandir(tree) as entries:
        found = list(islice(entries, 2))
    if len(found) == 1 and found[0].is_dir(follow_symlinks=False) and found[0].name != ".git":
        return os.path.join(tree, found[0].name)
    return tree


def warnings_of(address: Address, filling: Filling) -> tuple[str, ...]:
    """What was left out of a source, in words."""
    return (f"{address.shown}: {filling.left_out}",) if filling.left_out else ()


@contextlib.contextmanager
def _named(address: Address) -> Iterator[None]:
    """Name the source in an error that it causes."""
    try:
        yield
    except ExosuitError as error:
        if address.shown in str(error):
            raise
        kind = UsageError if isinstance(error, HistoryError) else type(error)
        raise kind(f"cannot read {address.shown!r}: {error}") from error
    except OSError as error:
        raise UsageError(f"cannot bring {address.shown!r} here: {error.strerror or error}") from error


def _fill(
    address: Address, place: str, known: str, limits: Limits, said: Callable[[str], None]
) -> tuple[str, FolderWriter | None]:
    tree = os.path.join(place, TREE)
    work = os.path.join(place, _WORK)
    if address.kind == "repository":
        from exosuit_cli.remote.clone import fetch, write_files

        clone = fetch(address, work, limits, lambda text: said(f"fetching {address.shown}: {text}"), known)
        if clone is None:
            return known, None
        said(f"unpacking {address.shown}")
        return clone.commit, write_files(clone, address.folder, tree, limits)
    from exosuit_cli.remote.archives import unpack

    path = address.url
    if address.kind == "archive":
        status = os.stat(path)
        state = f"{status.st_size}-{status.st_mtime_ns}-{status.st_ino}"
        if state == known:
            return state, None
    else:
        from exosuit_cli.remote.download import download

        path = os.path.join(work, "archive")
        got = download(
            address.url,
            address.secret,
            path,
            limits.fetched,
            known=known,
            said=lambda text: said(f"fetching {address.shown}: {text}"),
        )
        state = got.state
        if not got.is_new:
            return state, None
    said(f"unpacking {address.shown}")
    return state, unpack(path, tree, limits)


def _left_out(writer: FolderWriter) -> str:
    said = [] if writer.files else ["there is no file in it"]
    if writer.links:
        said.append(f"{counted(writer.links, 'link')} left out")
    if writer.special:
        said.append(f"{counted(writer.special, 'submodule or special file', 'submodules or special files')} left out")
    if writer.repeated:
        said.append(f"{counted(writer.repeated, 'name')} there more than once, the last is kept")
    return ", ".join(said)
