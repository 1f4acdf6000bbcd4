"""How an ignore pattern that holds a slash splits into path components.

The specification is gitignore(5) and what git's dir.c and wildmatch.c do with it, quirks included.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from exosuit_cli.walk.byte_members import PatternError, read_set

if TYPE_CHECKING:
    from collections.abc import Iterator

GLOBSTAR: Final = b"**"
"""A component that matches any number of directories, also none."""

_SPECIAL: Final = re.compile(rb"[*?\[\\]")
_BRACKET_OR_ESCAPE: Final = re.compile(rb"[\[\\]")
_TOKEN: Final = re.compile(rb"[^/\[\\]+|/|\[|\\(?:.)", re.DOTALL)
_STARS: Final = re.compile(rb"\*{2,}")
_GLOBSTARS: Final = re.compile(rb"(?:\*{2,}/)+")

_SLASH, _BACKSLASH, _OPEN, _STAR = b"/\\[*"


def split_path(pattern: bytes) -> list[list[bytes]]:
    """Split a pattern that holds a slash into components; a path matches if one of the alternatives matches it.

    `pattern` comes without `!` in front and without the last slash. GLOBSTAR stands for any number of directories and
    is never the last component. There is one alternative, except for a quirk of git: it compares the text before
    the first special character on its own, so that in `foo**/bar` the stars begin the rest of the pattern and cross
    directories. Raises PatternError when no path can match.
    """
    if pattern[:1] == b"/":
        pattern = pattern[1:]
    found = _SPECIAL.search(pattern)
    if found is None or pattern[found.start()] != _STAR or not found.start() or pattern[found.start() - 1] == _SLASH:
        return [_components(pattern)]
    literal = pattern[: found.start()]
    stars = _STARS.match(pattern, found.start())
    rest = pattern[stars.end() :] if stars else b""
    if stars is None or (rest and rest[0] != _SLASH and rest[:2] != rb"\/"):
        return [_components(pattern)]
    if rest[:1] == b"/":
        rest = rest[1:]
        globstars = _GLOBSTARS.match(rest)
        if globstars:
            rest = rest[globstars.end() :]
        ending = _STARS.match(rest)
        after = rest[ending.end() :] if ending else b""
        if ending is None or (after and after[:2] != rb"\/"):
            return _possible(literal + rest, literal + b"*/**/" + rest)
        rest = after
    if rest:
        return _possible(literal + b"*/**/" + rest[2:])
    return _possible(literal + b"*", literal + b"*/**")


def _possible(*alternatives: bytes) -> list[list[bytes]]:
    split: list[list[bytes]] = []
    reason: PatternError | None = None
    for alternative in alternatives:
        try:
            split.append(_components(alternative))
        except PatternError as error:
            reason = error
    if not split and reason is not None:
        raise reason
    return split


def _components(pattern: bytes) -> list[bytes]:
    components: list[bytes] = []
    for text, escaped_slash in _between_slashes(pattern):
        if not text:
            raise PatternError("it has an empty component (two slashes in a row)")
        if text in (b".", b".."):
            raise PatternError("no path has a component '.' or '..'; patterns start where their file is")
        if len(text) > 1 and not text.strip(b"*"):
            if escaped_slash:
                # `**\/`: for git the stars cross directories but never match none.
                components.append(b"*")
            if not components or components[-1] != GLOBSTAR:
                components.append(GLOBSTAR)
        else:
            components.append(text)
    if components[-1] == GLOBSTAR:
        components.append(b"*")
    return components


def _between_slashes(pattern: bytes) -> Iterator[tuple[bytes, bool]]:
    """Yield each component with whether the slash that ends it is written with a backslash."""
    if not _BRACKET_OR_ESCAPE.search(pattern):
        for text in pattern.split(b"/"):
            yield text, False
        return
    start = at = 0
    while at < len(pattern):
        token = _TOKEN.match(pattern, at)
        if token is None:
            raise PatternError("it ends in a backslash")
        before, at = at, token.end()
        first = pattern[before]
        if first == _OPEN:
            _, at = read_set(pattern, before)
        elif pattern[at - 1] == _SLASH:
            yield pattern[start:before], first == _BACKSLASH
            start = at
    yield pattern[start:], False
