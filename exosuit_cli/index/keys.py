"""Under which options an index is valid: one key for what decides its rows, one for what decides its listings."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, NamedTuple

from blake3 import blake3

from exosuit_cli import __version__
from exosuit_cli.languages import LANGUAGES
from exosuit_cli.walk.git_files import VARIABLES

if TYPE_CHECKING:
    from exosuit_cli.config.options import ScanOptions

CONTENT_RULES = 1
"""Raised when the meaning of a row changes: what is text, how lines are counted."""
WALK_RULES = 2
"""Raised when the meaning of a walk changes: which rules hold where."""


class IndexKeys(NamedTuple):
    """An index with another `content` key is not used; one with another `walk` key supplies rows but no listings."""

    content: str
    walk: str


def index_keys(options: ScanOptions) -> IndexKeys:
    """The keys of an index that a scan with these options writes and accepts."""
    walk = options.walk
    return IndexKeys(
        _key("content", CONTENT_RULES, __version__, options.hash, options.encoding, options.max_file_size, LANGUAGES),
        _key(
            "walk", WALK_RULES, walk.ignore, walk.hidden, walk.follow, walk.one_file_system, walk.include, walk.exclude,
            [os.environ.get(name) for name in VARIABLES] if walk.ignore else None,
        ),
    )  # fmt: skip


def _key(*parts: object) -> str:
    return blake3(repr(parts).encode("utf-8", "surrogateescape")).hexdigest()
