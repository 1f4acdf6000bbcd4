"""Which files of a batch exosuit wrote itself: their first bytes say so."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import numpy as np

from exosuit_cli.model.byte_sets import byte_set
from exosuit_cli.model.marks import FIRST_BYTES, MARK_BYTES, is_marked

if TYPE_CHECKING:
    import numpy.typing as npt

    from exosuit_cli.model.slab import Slab

_IS_FIRST = byte_set(FIRST_BYTES)


def marked_files(slab: Slab, text: npt.NDArray[np.bool_]) -> list[int]:
    """The positions of the marked files in a slab; `text` is bool[n], which files are text."""
    candidates = np.flatnonzero(text & (slab.lengths > 0))
    candidates = candidates[_IS_FIRST[slab.data[slab.offsets[candidates]]]]
    view, found = slab.data.data, []
    for index in candidates.tolist():
        start = int(slab.offsets[index])
        if is_marked(bytes(view[start : start + min(int(slab.lengths[index]), MARK_BYTES)])):
            found.append(index)
    return found


def is_marked_file(descriptor: int) -> bool:
    """Whether an open file carries the mark. Raises OSError."""
    return is_marked(os.pread(descriptor, MARK_BYTES, 0))
