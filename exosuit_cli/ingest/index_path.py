"""Where the index of a tree lies. Kept apart from the index itself, which costs an import of numpy."""

from __future__ import annotations

import hashlib
import os
from typing import TYPE_CHECKING

from exosuit_cli.ingest.roots import PathLike, Roots, resolve_roots
from exosuit_cli.model.errors import ExosuitError
from exosuit_cli.system.paths import cache_directory

if TYPE_CHECKING:
    from collections.abc import Sequence

    from exosuit_cli.tokens import CounterLoader


def index_path(roots: Roots, algorithm: str, encoding: str | None) -> str:
    """The path of the index of these roots under this digest and encoding; nothing is created.

    Raises UsageError where no cache directory can be named.
    """
    key = repr((roots.base, sorted(roots.roots), algorithm, encoding))
    return os.path.join(
        cache_directory(), "index", hashlib.blake2b(key.encode(), digest_size=16).hexdigest() + ".index"
    )


def preload_counter(
    paths: Sequence[PathLike], algorithm: str, encoding: str, *, use_index: bool
) -> CounterLoader | None:
    """Start to load the vocabulary before anything else is imported, unless an index may make it needless.

    What is wrong with `paths` is for the scan to say: then nothing is loaded.
    """
    try:
        if use_index and os.path.exists(index_path(resolve_roots(paths), algorithm, encoding)):
            return None
    except ExosuitError:
        return None
    from exosuit_cli.tokens import CounterLoader

    return CounterLoader(encoding)
