"""A slab in two, and the results of both as those of one."""

from __future__ import annotations

from typing import Any

import numpy as np

from exosuit_cli.model.slab import LineColumns, Slab, SlabColumns, TokenColumns


def halves(slab: Slab) -> list[Slab]:
    """The files of a slab in two slabs of about as many bytes, each of at least one file."""
    ends = slab.offsets + slab.lengths
    middle = min(max(int(np.searchsorted(ends, len(slab.data) // 2, side="right")), 1), len(slab) - 1)
    at = int(slab.offsets[middle])
    return [
        Slab(slab.data[:at], slab.offsets[:middle], slab.lengths[:middle]),
        Slab(slab.data[at:], slab.offsets[middle:] - at, slab.lengths[middle:]),
    ]


def join_columns(parts: list[SlabColumns]) -> SlabColumns:
    """The columns of slabs, one behind the other."""
    return SlabColumns(*(np.concatenate([getattr(part, name) for part in parts]) for name in SlabColumns.__slots__))


def join_lines(parts: list[LineColumns | None]) -> LineColumns | None:
    """The lines of slabs that were one, with offsets and positions as in that one."""
    found: dict[str, list[Any]] = {name: [] for name in LineColumns.__slots__}
    at = count = 0
    for part in parts:
        if part is None:
            return None
        found["files"].append(part.files[:-1] + count)
        found["starts"].append(part.starts[:-1] + at)
        found["inks"].append(part.inks + at)
        for name in ("indents", "heads", "lasts", "depths"):
            found[name].append(getattr(part, name))
        count += len(part.heads)
        at += int(part.starts[-1])
    found["files"].append(np.array([count], np.int64))
    found["starts"].append(np.array([at], np.int64))
    return LineColumns(**{name: np.concatenate(arrays) for name, arrays in found.items()})


def join_tokens(parts: list[TokenColumns | None], *, with_lines: bool) -> TokenColumns | None:
    """The tokens of slabs, one behind the other."""
    known = [part for part in parts if part is not None]
    if len(known) < len(parts):
        return None
    before = [part.before for part in known if part.before is not None]
    return TokenColumns(
        np.concatenate([part.counts for part in known]),
        np.concatenate(before) if with_lines and len(before) == len(parts) else None,
    )
