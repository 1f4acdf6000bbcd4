"""The code points on which the Unicode tables of the packages differ, found by trying every code point.

gigatoken 0.10 and toktok 0.3 have the tables of Unicode 17.0, tiktoken 0.14 those of 16.0. These are the letters and
numbers, and for o200k_base the marks as well, that Unicode 17.0 added.
"""

from __future__ import annotations

_LETTERS_AND_NUMBERS = (
    "88F C5C CDC A7CE-A7CF A7D2 A7D4 A7F1 10940-10959 10EC5-10EC7 11DB0-11DDB 11DE0-11DE9 16EA0-16EB8 16EBB-16ED3 "
    "16FF2-16FF6 187F8-187FF 18D09-18D1E 18D80-18DF2 1E6C0-1E6DE 1E6E0-1E6E2 1E6E4-1E6E5 1E6E7-1E6ED 1E6F0-1E6F4 "
    "1E6FE-1E6FF 2B73A-2B73F 2CEA2-2CEAD 323B0-33479"
)
_MARKS = "1ACF-1ADD 1AE0-1AEB 10EFA-10EFB 11B60-11B67 1E6E3 1E6E6 1E6EE-1E6EF 1E6F5"


def _code_points(ranges: str) -> frozenset[int]:
    found: set[int] = set()
    for part in ranges.split():
        first, _, last = part.partition("-")
        found.update(range(int(first, 16), int(last or first, 16) + 1))
    return frozenset(found)


DISAGREEMENT = {
    "cl100k_base": _code_points(_LETTERS_AND_NUMBERS),
    "o200k_base": _code_points(_LETTERS_AND_NUMBERS) | _code_points(_MARKS),
}
EVERYWHERE = DISAGREEMENT["cl100k_base"] | DISAGREEMENT["o200k_base"]
