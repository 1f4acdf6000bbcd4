"""Where the index of a tree lies. Kept apart from the index itself, which costs an import of numpy."""

from __future__ import annotations

import os
from _blake2 import blake2b  # `hashlib` would load OpenSSL with it, for 5 ms
from typing import TYPE_CHECKING

from exosuit_cli.system.paths import cache_directory

if TYPE_CHECKING:
    from exosuit_cli.walk.roots import Roots


def index_path(roots: Roots, algorithm: str, encoding: str | None) -> str:
    """The path of the index of these roots under this digest and encoding; nothing is created.

    All lists of names below a base have one index: the next list is a little different, and most rows are the same.
    Raises UsageError where no cache directory can be named.
    """
    chosen = "listed" if roots.listed else sorted(roots.roots)
    return os.path.join(cache_directory(), "index", _key(roots.base, chosen, algorithm, encoding) + ".index")


def roots_key(roots: Roots) -> str:
    """A key that is another one for other roots."""
    return _key(sorted(roots.roots))


def _key(*parts: object) -> str:
    return blake2b(repr(parts).encode(), digest_size=16).hexdigest()
