"""Where the index of a tree lies. Kept apart from the index itself, which costs an import of numpy."""

from __future__ import annotations

import contextlib
import hashlib
import os
from typing import TYPE_CHECKING

from exosuit_cli.index.stat_table import StatTable
from exosuit_cli.model.errors import ExosuitError
from exosuit_cli.system.forked import start_method
from exosuit_cli.system.paths import cache_directory
from exosuit_cli.system.processors import usable_processors
from exosuit_cli.walk.roots import PathLike, Roots, resolve_roots

if TYPE_CHECKING:
    from collections.abc import Sequence

    from exosuit_cli.workers.preload import Zygote


def index_path(roots: Roots, algorithm: str, encoding: str | None) -> str:
    """The path of the index of these roots under this digest and encoding; nothing is created.

    Raises UsageError where no cache directory can be named.
    """
    key = repr((roots.base, sorted(roots.roots), algorithm, encoding))
    return os.path.join(
        cache_directory(), "index", hashlib.blake2b(key.encode(), digest_size=16).hexdigest() + ".index"
    )


def stat_early(paths: Sequence[PathLike], algorithm: str, encoding: str | None) -> StatTable | None:
    """Have a forked process stat what the index of these paths knows, if there is one; before anything is imported."""
    try:
        roots = resolve_roots(paths)
        path = index_path(roots, algorithm, encoding)
    except ExosuitError:
        return None
    if start_method() != "fork" or usable_processors() < 2:
        return None
    try:
        return StatTable.fork_ahead(path, roots.base)
    except OSError:  # there is no index, or there are too many processes
        return None


def fork_early(
    paths: Sequence[PathLike],
    algorithm: str,
    encoding: str,
    *,
    workers: int,
    use_index: bool,
    with_table: bool = False,
) -> Zygote | None:
    """Fork the zygote before anything heavy is imported, unless an index may make it needless.

    What is wrong with `paths` is for the scan to say: then nothing is forked.
    """
    try:
        if use_index and os.path.exists(index_path(resolve_roots(paths), algorithm, encoding)):
            return None
    except ExosuitError:
        return None
    from exosuit_cli.model.encodings import ENCODINGS
    from exosuit_cli.workers.preload import Zygote

    if encoding not in ENCODINGS or start_method() != "fork":
        return None
    with contextlib.suppress(OSError):  # too many processes or open files: the scan does without
        return Zygote(encoding, workers or usable_processors(), with_table=with_table)
    return None
