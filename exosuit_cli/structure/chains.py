"""Chains of what encloses what: each thing has at most one other around it, in time by the logarithm of their depth."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    import numpy.typing as npt


def outermost(parents: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
    """int64[n]: the last one of the chain of each; `parents` is int64[n], -1 for none."""
    own = np.arange(len(parents))
    return _until_still(np.where(parents >= 0, parents, own))


def least_of_chain(values: npt.NDArray[np.int64], parents: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
    """int64[n]: the least of the values of each one and of those around it."""
    found, around = values.copy(), parents.copy()
    pending = np.flatnonzero(around >= 0)
    while len(pending):
        found[pending] = np.minimum(found[pending], found[around[pending]])
        around[pending] = around[around[pending]]
        pending = pending[around[pending] >= 0]
    return found


def nearest_kept(parents: npt.NDArray[np.int64], is_left_out: npt.NDArray[np.bool_]) -> npt.NDArray[np.int64]:
    """int64[n]: the nearest one around each that is not left out, -1 for none."""
    if not is_left_out.any():
        return parents
    steps = np.append(np.where(is_left_out, parents, np.arange(len(parents))), -1)
    return _until_still(steps)[parents]


def nearest_reaching(
    parents: npt.NDArray[np.int64],
    ends: npt.NDArray[np.int64],
    at: npt.NDArray[np.int64],
    limits: npt.NDArray[np.int64],
) -> npt.NDArray[np.int64]:
    """The nearest one in each of some chains whose end is not before a limit.

    Args:
        parents: int64[n], -1 for none.
        ends: int64[n], none of which is after that of the one around it.
        at: int64[m], the first ones of the chains, -1 for none.
        limits: int64[m].

    Returns:
        int64[m], -1 for none.

    """
    found = at.copy()
    pending = np.flatnonzero(found >= 0)
    pending = pending[ends[found[pending]] < limits[pending]]
    if not len(pending):
        return found
    places, sought = found[pending], limits[pending]
    # The farthest one that ends too early: what is around it is sought.
    ends, jumps = np.append(ends, np.iinfo(np.int64).max), [np.append(parents, -1)]
    while (ends[jumps[-1][places]] < sought).any():
        jumps.append(jumps[-1][jumps[-1]])
    for jump in reversed(jumps):
        further = jump[places]
        places = np.where(ends[further] < sought, further, places)
    found[pending] = jumps[0][places]
    return found


def _until_still(steps: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
    """Where each one comes to by all its steps; one that steps to itself stays."""
    while True:
        further = steps[steps]
        if np.array_equal(further, steps):
            return steps
        steps = further
