"""Several sources in one folder, each in a directory with a name of its own, which paths of a report begin with."""

from __future__ import annotations

import hashlib
import os
import re
from typing import TYPE_CHECKING, Final

from exosuit_cli.remote.filling import Filling, fill, top, warnings_of
from exosuit_cli.remote.origins import Origin
from exosuit_cli.remote.places import TREE, key_of
from exosuit_cli.remote.removal import remove_tree

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from exosuit_cli.remote.address import Address
    from exosuit_cli.remote.limits import Limits

_PARTS: Final = "parts"
_ODD: Final = re.compile(r"[^\w.@+-]+")
_LONGEST: Final = 200
_END_OF_STATE: Final = "\n"


def named_apart(addresses: Sequence[Address]) -> dict[str, Address]:
    """The different sources by the names of their directories: the archive's file name, or `OWNER-REPOSITORY@REV`."""
    found: dict[str, Address] = {}
    taken: set[str] = set()
    for address in {key_of(each): each for each in addresses}.values():
        name = first = _name_of(address)
        number = 1
        while name.casefold() in taken:
            number += 1
            name = f"{first}-{number}"
        taken.add(name.casefold())
        found[name] = address
    return found


def key_of_all(members: Mapping[str, Address]) -> str:
    """The name under which sources are kept together, see `key_of`."""
    text = "\0".join(f"{name}\0{key_of(address)}" for name, address in members.items())
    return hashlib.blake2b(text.encode("utf-8", "surrogateescape"), digest_size=16).hexdigest()


def fill_all(
    members: Mapping[str, Address], place: str, known: str, *, limits: Limits, said: Callable[[str], None]
) -> tuple[Origin, tuple[str, ...]] | None:
    """Write each source into its directory of the new folder `TREE` of `place`; None where all are as `known`.

    Where one is not, all are written. Their origin, and what was left out, in words. Raises as `fill` does.
    """
    states = known.split(_END_OF_STATE)
    if len(states) != len(members):
        states = [""] * len(members)
    parts = {name: os.path.join(place, _PARTS, name) for name in members}
    found: dict[str, Filling | None] = {}
    for (name, address), state in zip(members.items(), states, strict=True):
        os.makedirs(parts[name], 0o700)
        found[name] = fill(address, parts[name], state, limits, said)
    if not any(found.values()):
        return None
    tree = os.path.join(place, TREE)
    os.mkdir(tree, 0o700)
    origins: list[Origin] = []
    left_out: list[str] = []
    for name, address in members.items():
        filling = found[name]
        if filling is None:
            remove_tree(parts[name])
            os.mkdir(parts[name], 0o700)
            filling = fill(address, parts[name], "", limits, said)
        assert filling is not None, "nothing is as an unknown state"
        os.rename(top(parts[name]), os.path.join(tree, name))
        origins.append(Origin(address.shown, filling.state))
        left_out += warnings_of(address, filling)
    remove_tree(os.path.join(place, _PARTS))
    shown = ", ".join(each.shown for each in origins)
    return Origin(shown, _END_OF_STATE.join(each.state for each in origins)), tuple(left_out)


def directory_of(place: str, name: str) -> str:
    """The directory of one of several sources, in the place that they were written into."""
    return os.path.join(place, TREE, name)


def _name_of(address: Address) -> str:
    """The name of a source's directory: it is no option, not hidden, and in no other folder."""
    if address.kind == "repository":
        _, is_url, rest = address.url.partition("://")
        path = rest.partition("/")[2] if is_url else address.url.partition(":")[2]
        name = (path.rpartition("/")[2] if address.scheme == "file" else path).removesuffix(".git")
        name += (f"@{address.revision}" if address.revision else "") + (f"-{address.folder}" if address.folder else "")
    else:
        name = address.url.partition("?")[0].rstrip("/").rpartition("/")[2]
    return _ODD.sub("-", name)[:_LONGEST].strip(".-") or "source"
