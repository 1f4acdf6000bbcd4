"""What a device needs to count the tokens of an encoding: lists of numbers that `tokens` makes and `kernels` reads."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from exosuit_cli.model.dataclass import dataclass

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

CLASSES: Final = (
    "other", "upper", "lower", "letter", "mark", "number", "newline", "space", "white", "slash", "apostrophe",
)  # fmt: skip
"""Classes of characters by number, as tokens.cu has them.

Upper: Lu and Lt. Lower: Ll. Letter: Lm and Lo. Mark: M. Number: N. Newline: CR and LF. Space: U+0020. White: all other
white space."""

RULES: Final = {"o200k_base": 0, "cl100k_base": 1}
"""The number of the pattern that splits texts, by encoding, as tokens.cu has it."""

KEY_BYTES: Final = 15
"""The longest word that `CountingTables.words` holds."""

WORD_FACTORS: Final = (0x9E3779B97F4A7C15, 0xC2B2AE3D27D4EB4F, 0xD6E8FEB86659FD93)
"""A word is at slot h >> 40 or behind it, where h = (m ^ m >> 32) * f2 and m = low * f0 + high * f1."""

PAIR_FACTOR: Final = 0x9E3779B97F4A7C15
"""A pair is at slot (first << 18 | second) * f >> 40 or behind it."""

TOKEN_BITS: Final = 18
"""A token fits into so many bits."""


@dataclass(frozen=True, slots=True)
class CountingTables:
    """Tables of one encoding.

    planes: uint16[0x110000 / 128], the row of `kinds` for so many code points; row 0 is that of ASCII.
    kinds: uint8[rows * 128], the class of each code point.
    words: uint64[slots, 2], every token of at most `KEY_BYTES` bytes: its bytes, the first the lowest, and its length
        in the highest byte of the second; zeros where a slot is empty. `slots` is a power of two.
    pairs: uint64[slots], every two tokens whose bytes together are a token: first << 36 | second << 18 | that token; 0
        where a slot is empty. `slots` is a power of two.
    byte_tokens: uint32[256], the token of each byte.

    Every token is reached by merging its bytes, so one that is not in `words` is found as well.
    """

    encoding: str
    planes: npt.NDArray[np.uint16]
    kinds: npt.NDArray[np.uint8]
    words: npt.NDArray[np.uint64]
    pairs: npt.NDArray[np.uint64]
    byte_tokens: npt.NDArray[np.uint32]
