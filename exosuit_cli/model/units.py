"""The one way to read and write sizes and counts for people."""

from __future__ import annotations

import re
from typing import Final

from exosuit_cli.model.errors import UsageError

LARGEST_SIZE: Final = 2**63 - 1
"""Bytes: the largest file offset of the operating system (off_t)."""

SIZE_FORMS: Final = (
    "a whole number of bytes, or a number with K, M, G, T or KiB, MiB, GiB, TiB (1024) or KB, MB, GB, TB (1000)"
)
"""What `parse_size` accepts, in words."""

_FACTORS: Final[dict[str, int]] = {"": 1, "b": 1}
for _power, _letter in enumerate("kmgt", start=1):
    _FACTORS[_letter] = _FACTORS[_letter + "ib"] = 1024**_power
    _FACTORS[_letter + "b"] = 1000**_power

_SIZE: Final = r"([0-9]{1,20})(?:\.([0-9]{1,20}))? ?([A-Za-z]{0,3})"


def parse_size(text: str) -> int:
    """Read a size such as `4GiB`, `10MB`, `512` or `1.5K`, exactly, in bytes.

    KiB, MiB, GiB, TiB and the bare letters K, M, G, T are powers of 1024; KB, MB, GB, TB are powers of 1000
    (IEC 80000-13). Letter case does not matter, one space may stand before the unit, a fraction of a byte is dropped.

    Raises UsageError, naming the accepted forms, for any other text, for a fraction without a unit, and above
    `LARGEST_SIZE`.
    """
    match = re.fullmatch(_SIZE, text.strip())
    factor = _FACTORS.get(match[3].lower()) if match else None
    if match is None or factor is None or (match[2] is not None and factor == 1):
        raise UsageError(f"{text[:60]!r} is not a size; accepted: {SIZE_FORMS}, for example 4GiB")
    decimals = match[2] or ""
    size: int = int(match[1] + decimals) * factor // 10 ** len(decimals)
    if size > LARGEST_SIZE:
        raise UsageError(f"{text[:60]!r} is too large a size; the largest is {LARGEST_SIZE} bytes (8 EiB)")
    return size


def parse_count(text: str) -> int:
    """Read a count such as `8000`, `8k`, `1.5M`, exactly; k and M are 1,000 and 1,000,000, in either case.

    A sign is read, so that what a count is for can name its own range. A fraction of one is dropped.

    Raises UsageError, naming the accepted forms, for any other text.
    """
    match = re.fullmatch(r"([+-]?)([0-9]{1,18})(?:\.([0-9]{1,18})(?=[kKmM]))?([kKmM]?)", text.strip())
    if match is None:
        raise UsageError(f"{text[:60]!r} is not a count; accepted: a whole number, or one with k or M, as 8k for 8,000")
    decimals = match[3] or ""
    factor = {"": 1, "k": 1000, "m": 1_000_000}[match[4].lower()]
    count: int = int(match[2] + decimals) * factor // 10 ** len(decimals)
    return -count if match[1] == "-" else count


def format_bytes(size: int) -> str:
    """Write a number of bytes with one decimal and a binary unit: `512 B`, `1.5 KiB`, `4.0 GiB`, `-2.0 MiB`."""
    return _scaled(size, 1024, ("KiB", "MiB", "GiB", "TiB", "PiB", "EiB"), " B")


def format_count(count: int) -> str:
    """Write a count with one decimal and a decimal unit: `999`, `78.6 K`, `401.6 M`, `1.3 G`."""
    return _scaled(count, 1000, ("K", "M", "G", "T", "P", "E"), "")


def counted(count: int, noun: str, plural: str = "") -> str:
    """Write a count with its noun: `1 file`, `2,300 files`; `plural` is for nouns that take more than an s."""
    return f"{count:,} {noun if count == 1 else plural or noun + 's'}"


def _scaled(value: int, step: int, units: tuple[str, ...], plain: str) -> str:
    sign, magnitude = ("-", -value) if value < 0 else ("", value)
    if magnitude < step:
        return f"{sign}{magnitude}{plain}"
    divisor = step
    for unit in units:
        tenths = (magnitude * 20 + divisor) // (divisor * 2)  # integers: a float loses digits above 2**53
        if tenths < step * 10 or unit == units[-1]:
            return f"{sign}{tenths // 10}.{tenths % 10} {unit}"
        divisor *= step
    raise AssertionError("unreachable: the last unit always answers")
