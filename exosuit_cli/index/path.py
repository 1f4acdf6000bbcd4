"""Where the index of a tree lies. Kept apart from the index itself, which costs an import of numpy."""

from __future__ import annotations

import hashlib
import os
from typing import TYPE_CHECKING

from exosuit_cli.system.paths import cache_directory

if TYPE_CHECKING:
    from exosuit_cli.walk.roots import Roots


def index_path(roots: Roots, algorithm: str, encoding: str | None) -> str:
    """The path of the index of these roots under this digest and encoding; nothing is created.

    Raises UsageError where no cache directory can be named.
    """
    key = repr((roots.base, sorted(roots.roots), algorithm, encoding))
    return os.path.join(
        cache_directory(), "index", hashlib.blake2b(key.encode(), digest_size=16).hexdigest() + ".index"
    )
