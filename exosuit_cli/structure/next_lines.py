"""The next of some lines that is not deeper than a given one: where blocks end, however many depths there are.

Source: the search in a tree of minima, as of the "next smaller value" of the literature.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import numpy as np

if TYPE_CHECKING:
    import numpy.typing as npt

_WIDTH: Final = 16
"""Children of a node of the tree."""
_AT_ONCE: Final = 1 << 14
"""Searches that are made together."""
_FAR: Final = np.iinfo(np.int64).max
_CHILDREN: Final = np.arange(_WIDTH)


def next_not_deeper(
    depths: npt.NDArray[Any], first: npt.NDArray[np.int64], limits: npt.NDArray[Any]
) -> npt.NDArray[np.int64]:
    """The first line from each of some on that is no deeper than a limit.

    Args:
        depths: int[n], those of the lines, in order.
        first: int64[m], the lines to begin at, from 0 to n.
        limits: int[m], the depth that each search stops at.

    Returns:
        int64[m], n where there is no such line. Time: n + m log n.

    """
    layers = [_padded(depths.astype(np.int64))]
    parts = [
        _found(layers, len(depths), first[begin : begin + _AT_ONCE], limits[begin : begin + _AT_ONCE])
        for begin in range(0, len(first), _AT_ONCE)
    ]
    return np.concatenate([first[:0], *parts])


def _found(
    layers: list[npt.NDArray[np.int64]], count: int, first: npt.NDArray[np.int64], limits: npt.NDArray[Any]
) -> npt.NDArray[np.int64]:
    """As `next_not_deeper`; layers of the tree are added where they are needed."""
    found = np.full(len(first), count)
    pending = np.flatnonzero(first < count)
    at, limits = first[pending], limits.astype(np.int64)
    level = 0
    while len(pending):
        # The rest of the block of each node; then, a layer further up, what is after that block.
        blocks = at // _WIDTH
        may_be = layers[level][blocks] <= limits[pending, None]
        may_be &= (at % _WIDTH)[:, None] <= _CHILDREN
        has_one = may_be.any(axis=1)
        nodes = blocks[has_one] * _WIDTH + may_be[has_one].argmax(axis=1)
        found[pending[has_one]] = _descend(layers, level, nodes, limits[pending[has_one]])
        pending, at = pending[~has_one], blocks[~has_one] + 1
        is_within = at < len(layers[level])
        pending, at = pending[is_within], at[is_within]
        level += 1
        if level == len(layers):
            layers.append(_padded(layers[-1].min(axis=1)))
    return found


def nearest_above(depths: npt.NDArray[np.int64], is_first: npt.NDArray[np.bool_]) -> npt.NDArray[np.int64]:
    """The nearest line before each in its group that is less deep.

    Args:
        depths: int64[n], those of the lines, in order.
        is_first: bool[n], the lines that a group begins with.

    Returns:
        int64[n], -1 for none.

    """
    places = np.arange(len(depths))
    found = len(depths) - 1 - next_not_deeper(depths[::-1], len(depths) - places, depths - 1)
    found[found < np.maximum.accumulate(np.where(is_first, places, 0))] = -1
    return found


def _padded(values: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
    """The values in rows of `_WIDTH`; what is behind the last one is deeper than any."""
    rows = np.full(-(-len(values) // _WIDTH) * _WIDTH, _FAR)
    rows[: len(values)] = values
    return rows.reshape(-1, _WIDTH)


def _descend(
    layers: list[npt.NDArray[np.int64]], level: int, nodes: npt.NDArray[np.int64], limits: npt.NDArray[np.int64]
) -> npt.NDArray[np.int64]:
    """The first line within each node of a layer that is no deeper than its limit; there is one."""
    for layer in reversed(layers[:level]):
        nodes = nodes * _WIDTH + (layer[nodes] <= limits[:, None]).argmax(axis=1)
    return nodes
