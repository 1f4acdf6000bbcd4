"""How many elements each tag of HTML and its like stands in, and what follows it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np

from exosuit_cli.structure.documents.element_names import ENDED_BY, Key
from exosuit_cli.structure.documents.prose_lines import latest

if TYPE_CHECKING:
    import numpy.typing as npt

_FAR: Final = 60
"""Open elements that are looked at for the one that a tag ends."""
_ROUNDS: Final = 3


def element_depths(
    names: npt.NDArray[np.uint64],
    long: dict[int, bytes],
    is_named: npt.NDArray[np.bool_],
    is_close: npt.NDArray[np.bool_],
    pushes: npt.NDArray[np.bool_],
    ends_others: npt.NDArray[np.bool_],
    begins_text: npt.NDArray[np.bool_],
) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    """int64[n] and int64[n], the depths that n entries stand at, and those of what follows them.

    An element with nothing but such elements in it changes the depth for these alone; only the others are followed.
    """
    is_followed = begins_text | is_close | pushes | ends_others
    is_followed[list(long)] = True
    left = np.flatnonzero(is_followed)
    steps = np.zeros(len(names), np.int64)
    is_plain = pushes & ~ends_others
    is_plain[list(long)] = False
    for _ in range(_ROUNDS):
        first, second = left[:-1], left[1:]
        pairs = np.flatnonzero(is_plain[first] & is_close[second] & (names[first] == names[second]))
        steps[left[pairs]], steps[left[pairs + 1]] = 1, -1
        is_left = np.ones(len(left), np.bool_)
        is_left[pairs] = is_left[pairs + 1] = False
        left = left[is_left]
    keys: list[Key] = names[left].tolist()
    for place, name in zip(np.searchsorted(left, list(long)).tolist(), long.values(), strict=True):
        keys[place] = name
    columns = (is_named, is_close, pushes)
    own_left, after_left = _followed(keys, *(column[left].tolist() for column in columns))
    is_followed = np.zeros(len(names), np.bool_)
    is_followed[left] = True
    known = np.zeros(len(names), np.int64)
    known[left] = after_left
    sums = np.cumsum(steps)
    before = latest(is_followed)
    after = known[before] + sums - sums[before]
    own = after - (steps > 0)
    own[left] = own_left
    return own, after


def _followed(
    keys: list[Key], are_tags: list[bool], are_closing: list[bool], do_push: list[bool]
) -> tuple[list[int], list[int]]:
    """The depths of tags, and of what follows them, in turn."""
    stack: list[Key] = []
    own: list[int] = []
    after: list[int] = []
    for key, is_tag, is_close, pushes in zip(keys, are_tags, are_closing, do_push, strict=True):
        if is_close:
            if stack and stack[-1] == key:
                stack.pop()
            elif key in stack[-_FAR:]:
                while stack.pop() != key:
                    pass
            own.append(len(stack))
        elif is_tag:
            ended = ENDED_BY.get(key)
            if ended is not None:
                while stack and stack[-1] in ended:
                    stack.pop()
            own.append(len(stack))
            if pushes:
                stack.append(key)
        else:
            stack.clear()
            own.append(0)
        after.append(len(stack))
    return own, after
