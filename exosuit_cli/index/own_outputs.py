"""Files and directories that exosuit itself writes, as far as they decide whether a remembered walk is still valid."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import numpy as np

from exosuit_cli.model.records import READ_OUTCOMES, Outcome

if TYPE_CHECKING:
    from exosuit_cli.index.index import Index

Identities = frozenset[tuple[int, int]]
"""(st_dev, st_ino) of files and directories."""

_CHECKED_LATER = frozenset(
    {
        Outcome.VERSION_CONTROL, Outcome.HIDDEN, Outcome.IGNORED, Outcome.EXCLUDED, Outcome.NOT_INCLUDED,
        Outcome.UNREADABLE, Outcome.VANISHED,
    }
)  # fmt: skip
"""Reasons that are looked for after the one that a path is an own output."""


def makes_no_difference(index: Index, base: bytes, then: Identities, now: Identities) -> bool:
    """Whether the own outputs `now` would leave a remembered walk as it was, which met the own outputs `then`.

    They make a difference where a path that was no own output is one now, or the other way round. An own output that
    did not exist then has changed its directory.
    """
    if then == now:
        return True
    rows = index.rows
    if not np.isin(rows["outcome"], READ_OUTCOMES).all():  # of these the identity is not known
        return False
    directories = {(listing.directory.device, listing.directory.inode) for listing in index.listings}
    if any(own in directories or ((rows["inode"] == own[1]) & (rows["device"] == own[0])).any() for own in now):
        return False
    for listing in index.listings:
        for skip in listing.skips:
            was_own = skip.outcome is Outcome.OWN_OUTPUT
            if was_own or skip.outcome in _CHECKED_LATER:
                try:
                    status = os.lstat(os.path.join(base, skip.path))
                except OSError:
                    return False
                if ((status.st_dev, status.st_ino) in now) != was_own:
                    return False
    return True
