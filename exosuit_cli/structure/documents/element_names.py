"""The names of HTML's elements, as numbers, and what they say: which have no end, and which end others.

Source: the HTML standard, for elements without an end and for those whose end may be left out.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np

if TYPE_CHECKING:
    import numpy.typing as npt

Key = int | bytes
"""The name of an element in small letters: up to eight bytes as a number, the first the lowest; longer as it is."""
KEY_BYTES: Final = 8


def key_of(name: bytes) -> Key:
    """The key of a name in small letters."""
    return int.from_bytes(name, "little") if len(name) <= KEY_BYTES else name


def _keys(names: bytes) -> frozenset[Key]:
    return frozenset(map(key_of, names.split()))


_VOID_NAMES: Final = _keys(
    b"area base br col embed hr img input link meta param source track wbr !doctype frame keygen basefont"
)
_RAW_NAMES: Final = _keys(b"script style pre textarea")
CODE: Final = _keys(b"script style")
_CELLS: Final = _keys(b"td th tr")
_GROUPS: Final = _keys(b"thead tbody tfoot caption colgroup")
_PARAGRAPH: Final = _keys(b"p")
ENDED_BY: Final = {
    **dict.fromkeys(_keys(b"li"), _keys(b"li p")),
    **dict.fromkeys(_keys(b"dt dd"), _keys(b"dt dd p")),
    **dict.fromkeys(_keys(b"td th"), _keys(b"td th p")),
    **dict.fromkeys(_keys(b"tr"), _CELLS | _PARAGRAPH),
    **dict.fromkeys(_GROUPS, _CELLS | _GROUPS),
    **dict.fromkeys(_keys(b"option"), _keys(b"option")),
    **dict.fromkeys(_keys(b"optgroup"), _keys(b"option optgroup")),
    **dict.fromkeys(
        _keys(
            b"p div ul ol dl table section article aside header footer main nav form pre h1 h2 h3 h4 h5 h6 blockquote"
            b" hr figure details fieldset address"
        ),
        _PARAGRAPH,
    ),
}
"""By what begins: the elements that end before it where nothing else ends them."""
_HEADING_NAMES: Final = _keys(b"h1 h2 h3 h4 h5 h6 dt summary legend")
_TITLE_NAMES: Final = _keys(b"h1 h2 h3 h4 h5 h6")
VOID, RAW, HEADING, TITLE, ENDS_OTHERS = 1, 2, 4, 8, 16
"""Flags of names of at most eight bytes."""


def _flag_table() -> tuple[np.uint64, npt.NDArray[np.uint64], npt.NDArray[np.uint8]]:
    """A factor that gives each known name a place of its own; the names by their places, and their flags."""
    flags: dict[int, int] = {}
    sets = (
        (_VOID_NAMES, VOID),
        (_RAW_NAMES, RAW),
        (_HEADING_NAMES, HEADING),
        (_TITLE_NAMES, TITLE),
        (frozenset(ENDED_BY), ENDS_OTHERS),
    )
    for keys, flag in sets:
        for key in keys:
            if isinstance(key, int):
                flags[key] = flags.get(key, 0) | flag
    names = np.array(sorted(flags), np.uint64)
    factor = np.uint64(0x9E3779B97F4A7C15)
    while len(np.unique((names * factor) >> _PLACE_SHIFT)) < len(names):
        factor += np.uint64(2)
    places = (names * factor) >> _PLACE_SHIFT
    by_place, of_place = np.zeros(1 << _PLACE_BITS, np.uint64), np.zeros(1 << _PLACE_BITS, np.uint8)
    by_place[places], of_place[places] = names, [flags[name] for name in names.tolist()]
    return factor, by_place, of_place


_PLACE_BITS: Final = 12
_PLACE_SHIFT: Final = np.uint64(64 - _PLACE_BITS)
_FACTOR, _BY_PLACE, _FLAGS_OF = _flag_table()


def flags_of(names: npt.NDArray[np.uint64]) -> npt.NDArray[np.uint8]:
    """uint8[n], the flags of names, 0 for what is not known."""
    places = (names * _FACTOR) >> _PLACE_SHIFT
    return np.where(_BY_PLACE[places] == names, _FLAGS_OF[places], 0).astype(np.uint8)
