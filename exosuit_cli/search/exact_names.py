"""Chunks whose symbol is exactly what a question names, by array operations."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np

from exosuit_cli.model.byte_sets import IS_WIDE_WORD

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy.typing as npt

    from exosuit_cli.search.segment import Segment

_MOST_NAMES: Final = 32


def chunks_of_names(segment: Segment, chunks: npt.NDArray[np.int64], names: Sequence[str]) -> npt.NDArray[np.bool_]:
    """Whether the symbol of each chunk ends with one of the names, as written: bool[chunks].

    `Session.send` ends with `send`; `resend` does not.
    """
    found = np.zeros(len(chunks), np.bool_)
    starts, text = segment.column("symbol_start"), segment.column("symbol_text")
    firsts, stops = starts[chunks].astype(np.int64), starts[chunks + 1].astype(np.int64)
    for name in names[:_MOST_NAMES]:
        wanted = np.frombuffer(name.encode("utf-8", "replace"), np.uint8)
        enough = np.flatnonzero(stops - firsts >= len(wanted))
        if not len(enough) or not len(wanted):
            continue
        begins = stops[enough] - len(wanted)
        same = (text[begins[:, None] + np.arange(len(wanted))] == wanted).all(axis=1)
        same &= (begins == firsts[enough]) | ~IS_WIDE_WORD[text[np.maximum(begins - 1, 0)]]
        found[enough[same]] = True
    return found
