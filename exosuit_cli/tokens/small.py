r"""An exact counter for a few short texts, ready in a quarter of the time that the fast one takes to load.

The vocabulary stays as its file has it: a token is looked up by its base64. Texts are split by the published patterns
(see `boundaries`), written for bytes: every character of a text stands as one byte of its class, and an ASCII character
as itself.
"""

from __future__ import annotations

import re
from binascii import b2a_base64
from itertools import pairwise
from typing import TYPE_CHECKING, Final

import numpy as np

from exosuit_cli.model.counting_tables import CLASSES
from exosuit_cli.tokens.encodings import read_vocabulary
from exosuit_cli.tokens.stream import WindowedStream
from exosuit_cli.tokens.text import to_utf8

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy.typing as npt

    from exosuit_cli.model.encodings import Encoding
    from exosuit_cli.model.protocols import TokenCounter

SMALL_BYTES: Final = 512 << 10
"""Bytes of all texts after which the fast counter is loaded: its time to load is won back by then."""
_LONGEST: Final = 512
"""Bytes of the longest pre-token that is merged here: the time is the square of it."""

# The bytes of characters beyond ASCII. The long s is the only one of them that is a part of a contraction.
_LETTER, _MARK, _LONG_S = 0x80, 0x81, 0x82
_STANDS_FOR: Final = {
    "other": ord("!"), "upper": ord("A"), "lower": ord("a"), "letter": _LETTER, "mark": _MARK, "number": ord("0"),
    "white": ord("\t"),
}  # fmt: skip

_UPPER, _LOWER = rb"A-Z\x80\x81", rb"a-z\x80-\x82"
_WORD, _BLANK = rb"A-Za-z0-9\x80\x82", rb"\t-\r "
_ENDING: Final = rb"'(?:[sS\x82tTmMdD]|[rRvV][eE]|[lL][lL])"
_PATTERNS: Final = {
    True: rb"|".join(
        (
            rb"[^\r\n" + _WORD + rb"]?[" + _UPPER + rb"]*[" + _LOWER + rb"]+(?:" + _ENDING + rb")?",
            rb"[^\r\n" + _WORD + rb"]?[" + _UPPER + rb"]+[" + _LOWER + rb"]*(?:" + _ENDING + rb")?",
            rb"[0-9]{1,3}",
            rb" ?[^" + _WORD + _BLANK + rb"]+[\r\n/]*",
            rb"[" + _BLANK + rb"]*[\r\n]+",
            rb"[" + _BLANK + rb"]+(?![^" + _BLANK + rb"])",
            rb"[" + _BLANK + rb"]+",
        )
    ),
    False: rb"|".join(
        (
            _ENDING,
            rb"[^\r\n" + _WORD + rb"]?+[A-Za-z\x80\x82]++",
            rb"[0-9]{1,3}+",
            rb" ?[^" + _WORD + _BLANK + rb"]++[\r\n]*+",
            rb"[" + _BLANK + rb"]++\Z",
            rb"[" + _BLANK + rb"]*[\r\n]",
            rb"[" + _BLANK + rb"]+(?![^" + _BLANK + rb"])",
            rb"[" + _BLANK + rb"]",
        )
    ),
}
"""The pattern of an encoding, by whether it joins contractions."""


class SmallCounter:
    """Counts up to `SMALL_BYTES` by itself; see `load_counter` for what is guaranteed.

    What comes after them, and a text with a pre-token of more than `_LONGEST` bytes, is counted by gigatoken.
    """

    implementation: Final = "small"

    def __init__(self, encoding: Encoding) -> None:
        words = iter(read_vocabulary(encoding).split())
        self.encoding: Final = encoding.name
        self._ranks: dict[bytes, bytes] = dict(zip(words, words, strict=False))
        self._split = re.compile(_PATTERNS[encoding.joins_contractions]).findall
        self._known: dict[bytes, tuple[int, ...]] = {}
        self._left = SMALL_BYTES
        self._fast: TokenCounter | None = None
        self._codes: npt.NDArray[np.uint8] | None = None

    def count(self, data: bytes) -> int:
        """Return the exact number of tokens of the text that `data` holds."""
        return len(self._encode(data))

    def count_batch(self, texts: Sequence[bytes]) -> list[int]:
        """Return the count of each text."""
        return [self.count(text) for text in texts]

    def encode(self, data: bytes) -> npt.NDArray[np.uint32]:
        """Return the token ids of that text, uint32[n]; `count(data)` is their number."""
        found = self._encode(data)
        return np.array(found, np.uint32) if isinstance(found, list) else found

    def stream(self) -> WindowedStream:
        """Start to count a text that is too large to hold."""
        return WindowedStream(self.count)

    def _encode(self, data: bytes) -> list[int] | npt.NDArray[np.uint32]:
        self._left -= len(data)
        if self._left >= 0:
            known = self._known
            ids: list[int] = []
            pieces = self._pieces(data)
            if max(map(len, pieces), default=0) <= _LONGEST:
                for piece in pieces:
                    found = known.get(piece)
                    if found is None:
                        found = known[piece] = self._merged(piece)
                    ids += found
                return ids
        if self._fast is None:
            from exosuit_cli.tokens.counter import load_counter

            self._fast = load_counter(self.encoding)
        return self._fast.encode(data)

    def _pieces(self, data: bytes) -> list[bytes]:
        """The pre-tokens of a text."""
        if data.isascii():
            pieces: list[bytes] = self._split(data)
            return pieces
        text = to_utf8(data).decode()
        found, at = [], 0
        for piece in self._split(self._classes(text)):
            found.append(text[at : at + len(piece)].encode())
            at += len(piece)
        return found

    def _classes(self, text: str) -> bytes:
        """The text with each character as one byte."""
        if self._codes is None:
            from exosuit_cli.tokens.tables import character_classes

            self._codes = np.array([_STANDS_FOR.get(name, 0) for name in CLASSES], np.uint8)[character_classes()]
            self._codes[:0x80] = np.arange(0x80)
            self._codes[ord("\N{LATIN SMALL LETTER LONG S}")] = _LONG_S
        found: bytes = self._codes[np.frombuffer(text.encode("utf-32-le"), "<u4")].tobytes()
        return found

    def _merged(self, piece: bytes) -> tuple[int, ...]:
        """The tokens of a pre-token: of its neighbours, the pair that is the lowest token is joined, as long as any is.

        Source: tiktoken, `_byte_pair_merge`.
        """
        whole = self._rank(piece)
        if whole is not None:
            return (whole,)
        parts = [piece[at : at + 1] for at in range(len(piece))]
        ranks = [self._rank(first + second) for first, second in pairwise(parts)]
        while True:
            there = [rank for rank in ranks if rank is not None]
            if not there:
                break
            at = ranks.index(min(there))
            parts[at : at + 2] = [parts[at] + parts[at + 1]]
            del ranks[at]
            if at < len(ranks):
                ranks[at] = self._rank(parts[at] + parts[at + 1])
            if at:
                ranks[at - 1] = self._rank(parts[at - 1] + parts[at])
        return tuple(int(self._ranks[b2a_base64(part, newline=False)]) for part in parts)

    def _rank(self, token: bytes) -> int | None:
        found = self._ranks.get(b2a_base64(token, newline=False))
        return None if found is None else int(found)
