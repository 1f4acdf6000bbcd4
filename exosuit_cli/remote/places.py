"""The folder of the cache that sources are brought into: private, and nothing in it is used before it is whole.

`remote/tmp-*` are at work: each has a lock that its process holds, so that what a killed one left is removed by the
next. `remote/KEY` are kept: they take their name only when they are whole.
"""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import os
import secrets
from typing import TYPE_CHECKING, Final

from exosuit_cli.remote.origins import FOLDER, Origin, read_origin
from exosuit_cli.remote.removal import remove_tree
from exosuit_cli.system.lock import not_inherited
from exosuit_cli.system.paths import cache_directory, ensure_private

if TYPE_CHECKING:
    from collections.abc import Iterator

    from exosuit_cli.remote.address import Address

_TEMPORARY: Final = "tmp-"
TREE: Final = "tree"
_LOCK: Final = "lock"
_LOCK_FLAGS: Final = os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW
_KEY_DIGITS: Final = 32


def remote_folder() -> str:
    """The folder of all sources, made where it is missing."""
    return ensure_private(os.path.join(ensure_private(cache_directory()), FOLDER))


def key_of(address: Address) -> str:
    """The name under which a source is kept."""
    text = f"{address.kind}\0{address.url}\0{address.revision}\0{address.folder}"
    if address.kind == "archive":
        text += "\0" + os.path.realpath(address.url)
    return hashlib.blake2b(text.encode("utf-8", "surrogateescape")).hexdigest()[:_KEY_DIGITS]


@contextlib.contextmanager
def temporary_place() -> Iterator[str]:
    """A new folder, removed at the end unless it was given another name. What killed processes left is removed, too."""
    folder = remote_folder()
    place = os.path.join(folder, _TEMPORARY + secrets.token_hex(8))
    gate = os.open(f"{folder}.lock", _LOCK_FLAGS, 0o600)
    try:
        fcntl.flock(gate, fcntl.LOCK_EX)  # while it is held, a place without a locked lock is nobody's
        _remove_left(folder)
        os.mkdir(place, 0o700)
        descriptor = os.open(os.path.join(place, _LOCK), _LOCK_FLAGS, 0o600)
        fcntl.flock(descriptor, fcntl.LOCK_EX)
    finally:
        os.close(gate)
    try:
        with not_inherited(descriptor):
            yield place
    finally:
        remove_tree(place)
        os.close(descriptor)


def keep(place: str, key: str) -> str | None:
    """Give a place its lasting name, in the stead of an older one; None where that one is in use."""
    kept = os.path.join(remote_folder(), key)
    old = os.path.join(place, "old")
    with contextlib.ExitStack() as stack:
        if os.path.isdir(kept):
            descriptor = os.open(os.path.join(kept, _LOCK), _LOCK_FLAGS, 0o600)
            stack.callback(os.close, descriptor)
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                return None
            os.rename(kept, old + ".tmp")
            remove_tree(old + ".tmp")
        os.rename(place, kept)
    return kept


@contextlib.contextmanager
def kept_place(key: str) -> Iterator[tuple[str, Origin] | None]:
    """The place that is kept under this name, which stays as it is meanwhile, and its origin; None where there is none.

    A place without an origin is not whole, and none.
    """
    kept = os.path.join(remote_folder(), key)
    try:
        descriptor = os.open(os.path.join(kept, _LOCK), os.O_RDWR | os.O_CLOEXEC | os.O_NOFOLLOW)
    except OSError:
        yield None
        return
    try:
        fcntl.flock(descriptor, fcntl.LOCK_SH)
        with not_inherited(descriptor):
            origin = read_origin(kept)
            yield None if origin is None else (kept, origin)
    finally:
        os.close(descriptor)


def _remove_left(folder: str) -> None:
    """Remove what killed processes left."""
    for name in os.listdir(folder):
        if not name.startswith(_TEMPORARY):
            continue
        place = os.path.join(folder, name)
        if os.path.islink(place) or not os.path.isdir(place):  # nothing of ours, and nothing behind it is touched
            with contextlib.suppress(OSError):
                os.unlink(place)
            continue
        try:
            descriptor = os.open(os.path.join(place, _LOCK), _LOCK_FLAGS, 0o600)
        except OSError:  # another process has just removed it
            continue
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            remove_tree(place)
        except OSError:
            pass  # at work
        finally:
            os.close(descriptor)
