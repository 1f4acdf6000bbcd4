"""The name that stands for a chunk where it is shown: that of the definition which the reader is after."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from exosuit_cli.model.lazy import lazy_pattern
from exosuit_cli.search.breadcrumb import lines_of
from exosuit_cli.search.definitions import definitions_in
from exosuit_cli.search.holder import holder_in
from exosuit_cli.search.outline import last_part, whole_term
from exosuit_cli.search.terms import terms_of

if TYPE_CHECKING:
    from collections.abc import Collection

    from exosuit_cli.search.breadcrumb import Breadcrumb

_CONSTANT: Final = lazy_pattern(
    r"^(?:[\w:<>,&*. ]{1,80}[ &*])?([A-Z][A-Z0-9]*_[A-Z0-9_]+)[ \t]*(?::[^=\n]*)?=(?![=>~])", re.MULTILINE
)
"""A constant that is bound in the first column, by how such names are written."""
_WHOLE: Final = 100
"""What a whole name in a question is worth beside words of it."""


def symbol_at(breadcrumb: Breadcrumb, text: bytes, first_line: int, line: int, language: str | None) -> str | None:
    """The names of all that a line of a chunk lies in, as `Class.method`; None where that is nothing."""
    holder = holder_in(lines_of(text), first_line, line, language)
    chain = [*holder.enclosing, holder.definition] if holder is not None else []
    outer = [each for each in breadcrumb.enclosing if not chain or each.level < chain[0].level]
    return ".".join(each.name for each in (*outer, *chain)) or None


def symbol_named(
    breadcrumb: Breadcrumb, text: bytes, first_line: int, terms: Collection[str], language: str | None
) -> str | None:
    """The names of the definition in a chunk that a question names, by its terms; None where it names none of several.

    A definition is named by its whole name, or by at least half of the words in it, a constant by its whole name.
    """
    wanted = set(terms)
    for constant in _CONSTANT.findall(text.decode("utf-8", "replace")):
        if whole_term(constant) in wanted:
            return str(constant)
    found = definitions_in(lines_of(text), first_line, language)
    if len(found) < 2:
        return None
    best, most = None, 0
    for each in found:
        whole, parts = whole_term(each.name), set(terms_of(last_part(each.name)))
        words = parts - {whole} or parts
        named = len(words & wanted)
        worth = len(words) + _WHOLE if len(words) > 1 and whole in wanted else named if 2 * named >= len(words) else 0
        if worth > most:
            best, most = each, worth
    return symbol_at(breadcrumb, text, first_line, best.line, language) if best is not None else None
