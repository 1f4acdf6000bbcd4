"""What one component of an ignore pattern matches: a name, without slashes.

The specification is git's wildmatch.c. Patterns and names are bytes; upper and lower case differ.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, ClassVar, Final

from exosuit_cli.walk.byte_members import ANY, PatternError, members_of, read_set

if TYPE_CHECKING:
    from collections.abc import Sequence

_SPECIAL: Final = re.compile(rb"[*?\[\\]")
_FALLIBLE: Final = re.compile(rb"[\[\\]")
_TOKEN: Final = re.compile(rb"[^*?\[\\]+|\*+|\?|\[|\\(?:.)", re.DOTALL)

MOST_SPELLINGS: Final = 16
"""How many globs stand for one component with bracket expressions."""
_MOST_COMPILED: Final = 1000
"""Regular expressions that are kept for all rules; each takes some kilobytes."""

_BACKSLASH, _OPEN, _STAR, _QUESTION = b"\\[*?"


Token = bytes | int | None
"""A literal, a set of bytes (as bits) of which the name has one here, or None for a star."""


def is_literal(text: bytes) -> bool:
    """Whether `text` holds no character that is special in a pattern."""
    return _SPECIAL.search(text) is None


def check(text: bytes) -> None:
    """Raise PatternError if no name can match the component `text`."""
    if _FALLIBLE.search(text):
        _read_tokens(text)


def _read_tokens(text: bytes) -> list[Token]:
    """Read one component; no two stars and no two literals are neighbours. Raises PatternError."""
    tokens: list[Token] = []
    at = 0
    while at < len(text):
        found = _TOKEN.match(text, at)
        if found is None:
            raise PatternError("it ends in a backslash")
        first = text[at]
        if first == _OPEN:
            members, at = read_set(text, at)
            tokens.append(members)
            continue
        at = found.end()
        if first == _STAR:
            tokens.append(None)
        elif first == _QUESTION:
            tokens.append(ANY)
        else:
            _append_literal(tokens, text[at - 1 : at] if first == _BACKSLASH else found.group())
    return tokens


def _append_literal(tokens: list[Token], literal: bytes) -> None:
    if tokens and isinstance(tokens[-1], bytes):
        tokens[-1] += literal
    else:
        tokens.append(literal)


def spellings(text: bytes, most: int = MOST_SPELLINGS) -> list[Glob]:
    """Return at most `most` globs that together match exactly what the component `text` matches. Raises PatternError.

    Small bracket expressions are written out, as `*.tab.c` and `*.tab.h` for `*.tab.[ch]`: literals are what an index
    can look up.
    """
    if text.count(b"*") == 1 and is_literal(text.replace(b"*", b"")):
        # Most patterns by far are of this kind.
        head, _, tail = text.partition(b"*")
        return [Glob([token for token in (head, None, tail) if token != b""])]
    variants: list[list[Token]] = [[]]
    for token in _read_tokens(text):
        if isinstance(token, int) and token.bit_count() * len(variants) <= most:
            members = members_of(token)
            variants = [[*variant] for variant in variants for _ in members]
            for position, variant in enumerate(variants):
                _append_literal(variant, bytes([members[position % len(members)]]))
        elif isinstance(token, bytes):
            for variant in variants:
                _append_literal(variant, token)
        else:
            for variant in variants:
                variant.append(token)
    return [Glob(variant) for variant in variants]


class Glob:
    """One component with its literal ends, so that most names are refused without a regular expression.

    `matches` takes time linear in the name for any pattern: a part between two stars has a fixed length, and the
    leftmost place where it fits is always as good as a later one, so no choice is ever taken back.
    """

    __slots__ = ("_middles", "_regex", "_tokens", "head", "least", "needle", "open", "tail")
    _compiled: ClassVar[int] = 0
    """Regular expressions of all globs."""

    def __init__(self, tokens: Sequence[Token]) -> None:
        first, last = tokens[0], tokens[-1]
        self.head = first if isinstance(first, bytes) else b""
        self.tail = last if isinstance(last, bytes) and len(tokens) > 1 else b""
        self.open = False
        """Whether it holds a star; if not, a name of any other length than `least` does not match."""
        self.least = 0
        self.needle = b""
        """The longest literal that is neither head nor tail."""
        self._tokens = tokens
        self._middles: list[bytes] | None = []
        self._regex: re.Pattern[bytes] | None = None
        for position, token in enumerate(tokens):
            if token is None:
                self.open = True
            elif isinstance(token, int):
                self.least += 1
                self._middles = None
            else:
                self.least += len(token)
                if 0 < position < len(tokens) - 1:
                    if len(token) > len(self.needle):
                        self.needle = token
                    if self._middles is not None:
                        self._middles.append(token)

    @property
    def literal(self) -> bool:
        """Whether exactly one name matches: `head`."""
        return len(self._tokens) == 1 and isinstance(self._tokens[0], bytes)

    @property
    def anything(self) -> bool:
        """Whether every name matches."""
        return self.open and len(self._tokens) == 1

    @property
    def only_tail(self) -> bool:
        """Whether the names that end in `tail` are the ones that match."""
        return self.open and len(self._tokens) == 2 and bool(self.tail)

    @property
    def only_head(self) -> bool:
        """Whether the names that start with `head` are the ones that match."""
        return self.open and len(self._tokens) == 2 and bool(self.head)

    def matches(self, name: bytes) -> bool:
        """Whether the whole of `name` matches."""
        size = len(name)
        if size < self.least or not (name.startswith(self.head) and name.endswith(self.tail)):
            return False
        if self._middles is None:
            if not self.open and size != self.least:
                return False
            if self._regex is None:
                if Glob._compiled >= _MOST_COMPILED:
                    return _fits(self._tokens, name)
                Glob._compiled += 1
                self._regex = _compile(self._tokens)
            return self._regex.fullmatch(name) is not None
        if not self.open:
            return size == self.least
        at, end = len(self.head), size - len(self.tail)
        for middle in self._middles:
            at = name.find(middle, at, end)
            if at < 0:
                return False
            at += len(middle)
        return True


def _fits(tokens: Sequence[Token], name: bytes) -> bool:
    """Whether the whole of a name, which is long enough, matches: as `_compile` says it, in no memory of its own."""
    parts: list[list[bytes | int]] = [[]]
    for token in tokens:
        if token is None:
            parts.append([])
        else:
            parts[-1].append(token)
    sizes = [sum(len(token) if isinstance(token, bytes) else 1 for token in part) for part in parts]
    if not _is_at(parts[0], name, 0):
        return False
    if len(parts) == 1:
        return True
    at, end = sizes[0], len(name) - sizes[-1]
    if end < at or not _is_at(parts[-1], name, end):
        return False
    for part, size in zip(parts[1:-1], sizes[1:-1], strict=True):
        while at + size <= end and not _is_at(part, name, at):
            at += 1
        at += size
        if at > end:
            return False
    return True


def _is_at(part: Sequence[bytes | int], name: bytes, at: int) -> bool:
    for token in part:
        if isinstance(token, bytes):
            if not name.startswith(token, at):
                return False
            at += len(token)
        else:
            if not token >> name[at] & 1:
                return False
            at += 1
    return True


def _compile(tokens: Sequence[Token]) -> re.Pattern[bytes]:
    parts: list[bytes] = [b""]
    for token in tokens:
        if token is None:
            parts.append(b"")
        elif isinstance(token, bytes):
            parts[-1] += re.escape(token)
        elif token == ANY:
            parts[-1] += b"."
        else:
            parts[-1] += b"[" + b"".join(b"\\x%02x" % member for member in members_of(token)) + b"]"
    if len(parts) > 1:
        parts[1:-1] = [b"(?>.*?" + part + b")" for part in parts[1:-1]]
        parts[-1] = b".*" + parts[-1]
    return re.compile(b"".join(parts), re.DOTALL)
