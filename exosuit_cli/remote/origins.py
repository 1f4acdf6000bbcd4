"""Where a tree in the cache came from, for reports. Imports little: every report asks."""

from __future__ import annotations

import os
from typing import Final, NamedTuple

FOLDER: Final = "remote"
_FILE: Final = "origin.json"
_LARGEST: Final = 1 << 16
_COMMIT_DIGITS: Final = 40
_SHOWN_DIGITS: Final = 12


class Origin(NamedTuple):
    """The address of a source, without secrets, and the state it had there: a commit, an entity tag, a time."""

    address: str
    state: str = ""

    @property
    def shown(self) -> str:
        """For a person: the address, and the commit."""
        is_commit = len(self.state) == _COMMIT_DIGITS and self.state.isalnum()
        return f"{self.address} (commit {self.state[:_SHOWN_DIGITS]})" if is_commit else self.address


def write_origin(place: str, origin: Origin) -> None:
    """Note where the tree of a place came from; this makes it whole."""
    import json

    with open(os.path.join(place, _FILE), "w", encoding="utf-8") as file:
        json.dump({"address": origin.address, "state": origin.state}, file)


def read_origin(place: str) -> Origin | None:
    """Where the tree of a place came from; None where it is not whole."""
    import json

    try:
        with open(os.path.join(place, _FILE), encoding="utf-8") as file:
            found = json.loads(file.read(_LARGEST))
        return Origin(str(found["address"]), str(found["state"]))
    except (OSError, ValueError, KeyError, TypeError):
        return None


def origin_of(base: bytes) -> str | None:
    """Where the tree at or around `base` came from, for a report; None for a directory of the user's own."""
    if f"/exosuit/{FOLDER}/".encode() not in base:
        return None
    from exosuit_cli.system.paths import cache_directory

    folder = os.fsencode(os.path.realpath(os.path.join(cache_directory(), FOLDER))) + b"/"
    if not base.startswith(folder):
        return None
    origin = read_origin(os.fsdecode(folder + base[len(folder) :].split(b"/", 1)[0]))
    return None if origin is None else origin.shown
