"""Lines of files that a text names: `app/views.py:30` of a compiler, frames of a stack trace."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

from exosuit_cli.model.lazy import lazy_pattern

if TYPE_CHECKING:
    from collections.abc import Sequence

MOST_PLACES: Final = 64

# Every run is bounded, or begins where none can have begun before: the time is linear in the text.
_PLACE: Final = lazy_pattern(
    r"File \"(?P<framed>[^\"\n]{1,1024})\", line (?P<of_frame>\d{1,8})\b|"
    r"(?<![\w./\\@+~-])(?P<path>[\w.@+~-]{0,128}(?:[/\\][\w.@+~-]{1,128}){0,64})(?::|#L|,? line )(?P<line>\d{1,8})\b"
)
_WHOLE: Final = lazy_pattern(r"(?P<path>\S*?)(?::|#L)\d{1,8}(?:[:-]\d{1,8})?:?")


class TextPlace(NamedTuple):
    """A line, from 1, of a file whose path has these parts, in lower case, the name first."""

    parts: tuple[str, ...]
    line: int


def places_in(text: str) -> tuple[TextPlace, ...]:
    """The lines that a text names, the innermost frame of a trace first; at most `MOST_PLACES`."""
    found: dict[TextPlace, None] = {}
    is_python = False
    for match in _PLACE.finditer(text):
        is_python |= match["framed"] is not None
        path = (match["framed"] or match["path"]).replace("\\", "/")
        parts = tuple(part.lower() for part in reversed(path.split("/")) if part not in ("", ".", "..", "~"))
        is_file = parts and ("." in parts[0].strip(".") or len(parts) > 1) and not parts[0].replace(".", "").isdigit()
        if is_file:
            found[TextPlace(parts, int(match["line"] or match["of_frame"]))] = None
    ordered = tuple(found)
    return (tuple(reversed(ordered)) if is_python else ordered)[:MOST_PLACES]  # Python's innermost frame is the last


def without_line(text: str) -> str:
    """A text that is a path and a line, without the line; any other as it is."""
    found = _WHOLE.fullmatch(text)
    return found["path"] if found is not None and places_in(text) else text


def agreement(place: TextPlace, path: Sequence[str]) -> int:
    """How many parts, from the name on, a file's path has in common with a place's; 0 where they cannot be the same.

    `path` is in lower case, the name first. One of the two may begin further up than the other.
    """
    same = 0
    for ours, theirs in zip(place.parts, path, strict=False):
        if ours != theirs:
            break
        same += 1
    is_whole = same == min(len(place.parts), len(path))
    return same if same > 1 or (same and is_whole) else 0
