"""Under which options an index is valid: one key for what decides its rows, one for what decides its listings."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, NamedTuple

from blake3 import blake3

from exosuit_cli import __version__
from exosuit_cli.config.option import declared
from exosuit_cli.languages import LANGUAGES
from exosuit_cli.walk.git_config import deciding_variables

if TYPE_CHECKING:
    from exosuit_cli.config.option import Changes
    from exosuit_cli.config.options import ScanOptions

CONTENT_RULES = 2
"""Raised when the meaning of a row changes: what is text, how lines are counted, how a language is found."""
WALK_RULES = 3
"""Raised when the meaning of a walk changes: which rules hold where."""


class IndexKeys(NamedTuple):
    """An index with another `content` key is not used; one with another `walk` key supplies rows but no listings."""

    content: str
    walk: str


def index_keys(options: ScanOptions) -> IndexKeys:
    """What the rows of an index depend on, and what its listings do, each as one key.

    Every option that is declared to change rows or the walk takes part. Beside the options stand this program's own
    rules and tables, and the variables by which git finds ignore rules.
    """
    content = _key("content", CONTENT_RULES, __version__, LANGUAGES, _chosen(options, "rows"))
    variables = deciding_variables(os.environ) if options.walk.ignore else None
    return IndexKeys(content, _key("walk", WALK_RULES, variables, _chosen(options, "walk")))


def _chosen(options: ScanOptions, changes: Changes) -> list[tuple[str, object]]:
    """The name and the value of each option that changes this."""
    return [
        (each.name, getattr(record, each.attribute))
        for record in (options, options.walk)
        for each in declared(type(record))
        if each.changes == changes
    ]


def _key(*parts: object) -> str:
    return blake3(repr(parts).encode("utf-8", "surrogateescape")).hexdigest()
