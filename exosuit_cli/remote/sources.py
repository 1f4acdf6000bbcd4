"""PATHs that name sources, each brought here as a directory for as long as it is needed."""

from __future__ import annotations

import contextlib
import os
import shutil
from itertools import islice
from typing import TYPE_CHECKING, Final

from exosuit_cli.history.objects import HistoryError
from exosuit_cli.model.dataclass import dataclass
from exosuit_cli.model.errors import ExosuitError, UsageError
from exosuit_cli.model.units import counted
from exosuit_cli.remote.address import is_source, parse_address
from exosuit_cli.remote.limits import LIMITS, SourceRefused
from exosuit_cli.remote.origins import Origin, write_origin
from exosuit_cli.remote.places import TREE, keep, kept_place, key_of, temporary_place

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from exosuit_cli.remote.address import Address
    from exosuit_cli.remote.limits import Limits
    from exosuit_cli.remote.writer import FolderWriter

_WORK: Final = "work"


@dataclass(frozen=True, slots=True)
class Sources:
    """The paths to read in place of those that were typed, and what was left out on the way."""

    paths: tuple[str, ...]
    warnings: tuple[str, ...]


@contextlib.contextmanager
def fetched(
    paths: Sequence[str],
    *,
    keeps: bool = False,
    limits: Limits = LIMITS,
    said: Callable[[str], None] = lambda _: None,
) -> Iterator[Sources]:
    """Bring each of the paths that is a source here; the others stay as they are. All is removed at the end.

    With `keeps` it stays, and the next call fetches only what has changed since; one that was kept is used without
    `keeps`, too. `said` is told how far it is. Raises SourceUnreachable, SourceRefused, HistoryError, UsageError; what
    was begun is removed.
    """
    found: list[str] = []
    warnings: list[str] = []
    with contextlib.ExitStack() as stack:
        for path in paths:
            if not is_source(path):
                found.append(path)
                continue
            address = parse_address(path)
            with _named(address):
                tree, left_out = _bring(address, stack, limits, said, keeps=keeps)
            found.append(tree)
            if left_out:
                warnings.append(f"{address.shown}: {left_out}")
        yield Sources(tuple(found), tuple(warnings))


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


def _bring(
    address: Address,
    stack: contextlib.ExitStack,
    limits: Limits,
    said: Callable[[str], None],
    *,
    keeps: bool,
) -> tuple[str, str]:
    """The directory of a source, which the stack holds, and what was left out of it."""
    key = key_of(address)
    with kept_place(key) as kept:
        known = kept[1].state if kept is not None else ""
        is_kept = kept is not None
    with contextlib.ExitStack() as working:
        place = working.enter_context(temporary_place())
        state, writer = _fill(address, place, limits, known, said)
        left_out = _left_out(writer) if writer is not None else ""
        if writer is not None:
            write_origin(place, Origin(address.shown, state))
            if not (keeps or is_kept) or keep(place, key) is None:  # or the older one is in use
                stack.push(working.pop_all())
                return _top(place), left_out
    kept = stack.enter_context(kept_place(key))
    if kept is None:
        raise SourceRefused("what was kept of it has been removed just now; run the command again")
    return _top(kept[0]), left_out


def _fill(
    address: Address, place: str, limits: Limits, known: str, said: Callable[[str], None]
) -> tuple[str, FolderWriter | None]:
    """Write the files of a source into `place`, unless it is as `known`; its state, and what wrote them."""
    tree = os.path.join(place, TREE)
    work = os.path.join(place, _WORK)
    os.mkdir(tree, 0o700)
    os.mkdir(work, 0o700)
    try:
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
    finally:
        shutil.rmtree(work, ignore_errors=True)


def _top(place: str) -> str:
    """The directory that holds the files: the tree, or the one directory that is all of it, as in a source archive."""
    tree = os.path.join(place, TREE)
    with os.scandir(tree) as entries:
        found = list(islice(entries, 2))
    if len(found) == 1 and found[0].is_dir(follow_symlinks=False) and found[0].name != ".git":
        return os.path.join(tree, found[0].name)
    return tree


def _left_out(writer: FolderWriter) -> str:
    said = []
    if writer.links:
        said.append(f"{counted(writer.links, 'link')} left out")
    if writer.special:
        said.append(f"{counted(writer.special, 'submodule or special file', 'submodules or special files')} left out")
    if writer.repeated:
        said.append(f"{counted(writer.repeated, 'name')} there more than once, the last is kept")
    return ", ".join(said)
