"""Blocks at the left edge whose content is there, too: `namespace a {`, as usual in C++, and modules of Julia."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np

from exosuit_cli.model.byte_sets import IS_LETTER, byte_set
from exosuit_cli.structure.line_view import BYTE, word
from exosuit_cli.structure.next_lines import next_not_deeper
from exosuit_cli.structure.symbols import SymbolKind

if TYPE_CHECKING:
    import numpy.typing as npt

    from exosuit_cli.model.slab import LineColumns
    from exosuit_cli.structure.code.defining_lines import DefiningLines

_MOST_LINES: Final = 20
"""Lines at the start of a block that are looked at for one that tells whether its content is at the left edge."""
_TELLS: Final = IS_LETTER | byte_set(b"@")
_MODULE, _MODULE_MASK, _ = word("module ")
_END, _END_MASK, _ = word("end")


def flat_depths(
    lines: LineColumns, found: DefiningLines, has_word_blocks: npt.NDArray[np.bool_]
) -> npt.NDArray[np.uint16] | None:
    """How many blocks at the left edge each line is in whose content is there, too; None where there is no such block.

    A block ends at the first brace at the left edge that closes it, or `end` where words are around it; where there is
    none, with its text. Its own lines are not in it.

    Args:
        lines: the lines of the texts.
        found: what they define.
        has_word_blocks: bool[texts], whether blocks end with `end`.

    Returns:
        uint16[lines].

    """
    heads = found.lines[(found.kinds == SymbolKind.MODULE) & (found.levels == 0)]
    if not len(heads):
        return None
    texts = np.searchsorted(lines.files, heads, "right") - 1
    stops = lines.files[texts + 1]
    first = (lines.heads & BYTE).astype(np.uint8)
    by_word = has_word_blocks[texts] & ((lines.heads[heads] & _MODULE_MASK) == _MODULE)
    last = stops - 1
    following = np.minimum(heads + 1, last)
    is_below = (lines.lasts[heads] != ord("{")) & (first[following] == ord("{"))
    opens = np.where(is_below, following, heads)
    depths = lines.depths[heads]
    is_open = by_word | (lines.depths[np.minimum(opens + 1, last)] > depths)
    is_flat = np.zeros(len(heads), np.bool_)
    pending, at = np.flatnonzero(is_open), opens[is_open] + 1
    for _ in range(_MOST_LINES):
        pending, at = pending[at < stops[pending]], at[at < stops[pending]]
        tells = _TELLS.take(first[at])
        is_flat[pending[tells]] = lines.indents[at[tells]] == 0
        pending, at = pending[~tells], at[~tells] + 1
    chosen = np.flatnonzero(is_flat)
    if not len(chosen):
        return None
    is_edge = lines.indents == 0
    braces = np.flatnonzero(is_edge & (first == ord("}")))
    words = np.flatnonzero(is_edge & ((lines.heads & _END_MASK) == _END))
    begins, ends = opens[chosen] + 1, stops[chosen]
    is_word = by_word[chosen]
    rows = words[np.maximum(np.searchsorted(words, ends[is_word]) - 1, 0)] if len(words) else begins[is_word] - 1
    ends[is_word] = np.where(rows >= begins[is_word], rows, ends[is_word])
    after = np.searchsorted(braces, begins[~is_word])
    rows = next_not_deeper(lines.depths[braces], after, depths[chosen[~is_word]] + 1)
    ends[~is_word] = np.minimum(np.append(braces, len(first))[rows], ends[~is_word])
    changes = np.zeros(len(first) + 1, np.int32)
    np.add.at(changes, begins, 1)
    np.subtract.at(changes, ends, 1)
    return np.cumsum(changes[:-1]).astype(np.uint16)
