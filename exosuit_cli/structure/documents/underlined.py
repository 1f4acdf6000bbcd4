"""Plain texts with underlined titles: which these are. They are cut as reStructuredText is, which has such titles."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np

from exosuit_cli.model.byte_sets import byte_set
from exosuit_cli.structure.documents.headings import USUAL

if TYPE_CHECKING:
    import numpy.typing as npt

    from exosuit_cli.model.slab import LineColumns, Slab

_BYTE: Final = np.uint64(0xFF)
_IS_MARK: Final = byte_set(USUAL)
_LONGEST: Final = 1000
"""Bytes of a title."""


def underlined_texts(slab: Slab, lines: LineColumns, positions: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
    """Those of the texts at `positions` that have a title: a line, and below it as much of one mark again and again.

    Nothing, or nothing but marks, is on the line before it. Time: linear in the lines.
    """
    heads = lines.heads
    at = np.flatnonzero(_IS_MARK.take((heads & _BYTE).astype(np.uint8)) & (lines.inks == lines.starts[:-1]))
    repeated = (heads[at] & _BYTE) * np.uint64(0x010101)
    at = at[(heads[at] & np.uint64(0xFFFFFF)) == repeated]
    texts = np.searchsorted(lines.files, at, "right") - 1
    firsts = lines.files[texts]
    is_under = np.isin(texts, positions) & (at > firsts)
    is_under[is_under] = heads[at[is_under] - 1] != 0
    found: set[int] = set()
    for line, text, first in zip(
        at[is_under].tolist(), texts[is_under].tolist(), firsts[is_under].tolist(), strict=True
    ):
        if text not in found and _is_title(slab, lines, line, first):
            found.add(text)
    return np.array(sorted(found), np.int64)


def _is_title(slab: Slab, lines: LineColumns, line: int, first: int) -> bool:
    """Whether the line before one is a title, and it the line below; the text begins at the line `first`."""
    mark, title = _row(slab, lines, line), _row(slab, lines, line - 1)
    if not _is_run(mark) or len(title.strip().decode("utf-8", "replace")) > len(mark) or _is_run(title.strip()):
        return False
    before = _row(slab, lines, line - 2).strip() if line - 2 >= first else b""
    return not before or _is_run(before)


def _is_run(row: bytes) -> bool:
    return row.count(row[:1]) == len(row)


def _row(slab: Slab, lines: LineColumns, line: int) -> bytes:
    start, end = int(lines.starts[line]), int(lines.starts[line + 1])
    return bytes(slab.data.data[start : min(end, start + _LONGEST)]).rstrip()
