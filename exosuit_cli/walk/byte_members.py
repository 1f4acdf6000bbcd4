"""Sets of bytes, as the bracket expressions of ignore patterns write them.

The specification is git's wildmatch.c. A set is an int: bit n says whether it has the byte n.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterable

ANY: Final = (1 << 256) - 1
"""Every byte."""
_BACKSLASH, _OPEN, _CLOSE, _DASH, _COLON = b"\\[]-:"


class PatternError(ValueError):
    """A pattern that can match nothing; the message says why."""


def _mask(members: Iterable[int]) -> int:
    """The set of bytes as bits, in 60 bytes of memory: bit n for the byte n."""
    mask = 0
    for member in members:
        mask |= 1 << member
    return mask


def members_of(mask: int) -> list[int]:
    """The bytes of a set, ascending."""
    members = []
    while mask:
        lowest = mask & -mask
        members.append(lowest.bit_length() - 1)
        mask ^= lowest
    return members


_DIGITS: Final = _mask(b"0123456789")
_UPPER: Final = _mask(b"ABCDEFGHIJKLMNOPQRSTUVWXYZ")
_LOWER: Final = _mask(b"abcdefghijklmnopqrstuvwxyz")
_SPACE: Final = _mask(b" ")
_PRINTABLE: Final = _mask(range(0x20, 0x7F))
_CLASSES: Final[dict[bytes, int]] = {
    b"alnum": _DIGITS | _UPPER | _LOWER,
    b"alpha": _UPPER | _LOWER,
    b"blank": _mask(b" \t"),
    b"cntrl": _mask(range(0x20)) | _mask(b"\x7f"),
    b"digit": _DIGITS,
    b"graph": _PRINTABLE & ~_SPACE,
    b"lower": _LOWER,
    b"print": _PRINTABLE,
    b"punct": _PRINTABLE & ~(_SPACE | _DIGITS | _UPPER | _LOWER),
    b"space": _mask(b" \t\n\r"),  # git's own table of characters knows neither \v nor \f
    b"upper": _UPPER,
    b"xdigit": _DIGITS | _mask(b"abcdefABCDEF"),
}


def read_set(text: bytes, at: int) -> tuple[int, int]:
    """Return the members, as bits, of the bracket expression that starts at `at`, and the position after it."""
    unterminated = PatternError("a bracket expression is not closed")
    at += 1
    negated = text[at : at + 1] in (b"!", b"^")
    at += negated
    members = 0
    previous = 0
    closing = -1
    start = at
    while True:
        if at >= len(text):
            raise unterminated
        byte = text[at]
        if byte == _CLOSE and at > start:
            break
        if byte == _BACKSLASH:
            at += 1
            if at == len(text):
                raise unterminated
            previous = text[at]
            members |= 1 << previous
        elif byte == _DASH and previous and at + 1 < len(text) and text[at + 1] != _CLOSE:
            at += 1 + (text[at + 1] == _BACKSLASH)
            if at == len(text):
                raise unterminated
            members |= (1 << max(text[at] + 1, previous)) - (1 << previous)
            previous = 0
        elif byte == _OPEN and text[at + 1 : at + 2] == b":":
            if closing < at + 2:
                closing = text.find(b"]", at + 2)
                if closing < 0:
                    raise unterminated
            if closing == at + 2 or text[closing - 1] != _COLON:
                previous = _OPEN  # no `:]`: the bracket is a member like any other
                members |= 1 << previous
            else:
                named = _CLASSES.get(text[at + 2 : closing - 1])
                if named is None:
                    raise PatternError("a bracket expression names a character class that does not exist")
                members |= named
                previous = 0
                at = closing
        else:
            previous = byte
            members |= 1 << byte
        at += 1
    chosen = ANY & ~members if negated else members
    if not chosen:
        raise PatternError("a bracket expression holds no character")
    return chosen, at + 1
