"""What text a file's bytes hold: the one rule for bytes that are no UTF-8."""

from __future__ import annotations


def to_utf8(data: bytes) -> bytes:
    """Return valid UTF-8: `data` itself where it is valid, else `data` with its undecodable parts replaced by U+FFFD.

    Each maximal subpart of an ill-formed sequence becomes one U+FFFD, the practice of the Unicode Standard (section
    3.9, U+FFFD substitution of maximal subparts), of the WHATWG Encoding Standard and of `bytes.decode("utf-8",
    "replace")`, which does the work. A byte order mark stays U+FEFF. ASCII costs one scan and no copy.
    """
    if data.isascii():
        return data
    try:
        data.decode("utf-8")
    except UnicodeDecodeError:
        return data.decode("utf-8", "replace").encode("utf-8")
    return data


def last_character_start(data: bytes | bytearray) -> int:
    """Return the largest position, 0 for no bytes, that cuts no UTF-8 sequence: all before it decodes the same alone.

    Of the last four bytes, the one that begins a character, be it whole or cut off. Four continuation bytes in a row
    belong to no sequence together, so the last of them begins its own U+FFFD.
    """
    for position in range(len(data) - 1, max(len(data) - 5, -1), -1):
        if data[position] & 0xC0 != 0x80:
            return position
    return max(len(data) - 1, 0)
