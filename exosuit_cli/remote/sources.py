"""PATHs that name sources, each brought here as a directory for as long as it is needed."""

from __future__ import annotations

import contextlib
from functools import partial
from typing import TYPE_CHECKING

from exosuit_cli.model.dataclass import dataclass
from exosuit_cli.remote.address import is_source, parse_address
from exosuit_cli.remote.filling import fill, top, warnings_of
from exosuit_cli.remote.limits import LIMITS, SourceRefused
from exosuit_cli.remote.origins import Origin, write_origin
from exosuit_cli.remote.places import keep, kept_place, key_of, temporary_place
from exosuit_cli.remote.together import directory_of, fill_all, key_of_all, named_apart

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from exosuit_cli.remote.address import Address
    from exosuit_cli.remote.limits import Limits

    Write = Callable[[str, str], tuple[Origin, tuple[str, ...]] | None]
    """Writes a tree into a new place, unless it is as an earlier state: its origin, and what was left out, in words."""


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

    Several sources come into one folder, where each has a directory with its own name.

    With `keeps` it stays, and the next call fetches only what has changed since; one that was kept is used without
    `keeps`, too. `said` is told how far it is. Raises SourceUnreachable, SourceRefused, HistoryError, UsageError; what
    was begun is removed.
    """
    addresses = {path: parse_address(path) for path in paths if is_source(path)}
    members = named_apart(list(addresses.values()))
    with contextlib.ExitStack() as stack:
        directories: dict[str, str] = {}
        warnings: tuple[str, ...] = ()
        if len(members) == 1:
            ((name, address),) = members.items()
            place, warnings = _bring(key_of(address), _writing(address, limits, said), stack, keeps=keeps)
            directories[name] = top(place)
        elif members:
            write = partial(fill_all, members, limits=limits, said=said)
            place, warnings = _bring(key_of_all(members), write, stack, keeps=keeps)
            directories = {name: directory_of(place, name) for name in members}
        by_key = {key_of(address): directories[name] for name, address in members.items()}
        found = (by_key[key_of(addresses[path])] if path in addresses else path for path in paths)
        yield Sources(tuple(found), warnings)


def _writing(address: Address, limits: Limits, said: Callable[[str], None]) -> Write:
    def write(place: str, known: str) -> tuple[Origin, tuple[str, ...]] | None:
        filling = fill(address, place, known, limits, said)
        return None if filling is None else (Origin(address.shown, filling.state), warnings_of(address, filling))

    return write


def _bring(key: str, write: Write, stack: contextlib.ExitStack, *, keeps: bool) -> tuple[str, tuple[str, ...]]:
    """The place of what is written, which the stack holds, and what was left out of it."""
    with kept_place(key) as kept:
        known = kept[1].state if kept is not None else ""
        is_kept = kept is not None
    with contextlib.ExitStack() as working:
        place = working.enter_context(temporary_place())
        written = write(place, known)
        left_out: tuple[str, ...] = ()
        if written is not None:
            origin, left_out = written
            write_origin(place, origin)
            if not (keeps or is_kept) or keep(place, key) is None:  # or the older one is in use
                stack.push(working.pop_all())
                return place, left_out
    kept = stack.enter_context(kept_place(key))
    if kept is None:
        raise SourceRefused("what was kept of it has been removed just now; run the command again")
    return kept[0], left_out
