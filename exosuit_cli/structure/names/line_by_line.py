"""The names of the definitions among some lines of a slab that are read one by one."""

from __future__ import annotations

from dataclasses import field
from typing import TYPE_CHECKING, Final

import numpy as np

from exosuit_cli.model.dataclass import dataclass
from exosuit_cli.structure.families import Family
from exosuit_cli.structure.line_view import BYTE
from exosuit_cli.structure.names.of_one_line import rule_of
from exosuit_cli.structure.names.words import LONGEST
from exosuit_cli.structure.symbols import SymbolKind

if TYPE_CHECKING:
    import numpy.typing as npt

    from exosuit_cli.model.slab import LineColumns, Slab
    from exosuit_cli.structure.names.words import Found

_BYTES_A_LINE: Final = 2000
_LONGEST_HEADING: Final = 300
_LONGEST_SELECTOR: Final = 1000
_FEW: Final = 16
"""Lines within which further clauses and equations of the same name are not listed."""


@dataclass(frozen=True, slots=True)
class ReadLines:
    """The lines that define something, as aligned lists: positions in the slab, levels, kinds and names.

    `annotated` has the lines of equations whose name has its type right above, which defines it, `clauses` those that
    go on with the definition before, of the same name.
    """

    lines: list[int] = field(default_factory=list)
    levels: list[int] = field(default_factory=list)
    kinds: list[int] = field(default_factory=list)
    names: list[str] = field(default_factory=list)
    annotated: list[int] = field(default_factory=list)
    clauses: list[int] = field(default_factory=list)


def read_lines(
    slab: Slab,
    lines: LineColumns,
    places: npt.NDArray[np.int64],
    families: npt.NDArray[np.uint8],
    costs: npt.NDArray[np.uint8],
) -> ReadLines:
    """Read the lines at `places`, family by family; `families` is uint8[places], and `costs` those of all lines."""
    found = ReadLines()
    if not len(places):
        return found
    # A copy of all bytes is worth it where many lines are read.
    data = slab.data.data if len(places) * _BYTES_A_LINE < len(slab.data) else slab.data.tobytes()
    for number in sorted(set(families.tolist())):
        own = places[families == number]
        if number == Family.HEADINGS:
            _read_headings(data, lines, own, costs, found)
        else:
            _read_family(data, lines, own, number, found)
    return found


def _read_family(
    data: bytes | memoryview, lines: LineColumns, places: npt.NDArray[np.int64], family: int, found: ReadLines
) -> None:
    starts = lines.starts[places]
    ends = np.minimum(lines.starts[places + 1], starts + LONGEST)
    if family == Family.OBJECTIVE:  # the labels of a method may be on several lines
        first = lines.heads[places] & BYTE
        is_method = (first == ord("+")) | (first == ord("-"))
        ends[is_method] = np.minimum(starts[is_method] + _LONGEST_SELECTOR, len(data))
    rule = rule_of(family)
    names = [rule(bytes(data[start:end])) for start, end in zip(starts.tolist(), ends.tolist(), strict=True)]
    named = [place for place, each in enumerate(names) if each and each[0]]
    if family in (Family.CLAUSES, Family.EQUATIONS):
        named, repeated = _first_ones(lines, places, names, named)
        found.clauses.extend([line for _, line in repeated])
        if family == Family.EQUATIONS:
            found.annotated.extend(_annotated(data, lines, repeated))
    rows = places[named]
    chosen = [each for place in named if (each := names[place]) is not None]
    kinds = [kind for _, kind in chosen]
    levels = lines.indents[rows].astype(np.int64)
    if family == Family.OBJECTIVE:  # its methods are at the left edge, as is what they are in
        levels += np.array([kind is SymbolKind.METHOD for kind in kinds], np.bool_)
    found.lines.extend(rows.tolist())
    found.levels.extend(levels.tolist())
    found.kinds.extend(kinds)
    found.names.extend([name for name, _ in chosen])


def _first_ones(
    lines: LineColumns,
    places: npt.NDArray[np.int64],
    names: list[Found | None],
    named: list[int],
) -> tuple[list[int], list[tuple[int, int]]]:
    """Those of `named` that do not go on with a definition shortly before; its line and that of each that does."""
    rows, files = places.tolist(), np.searchsorted(lines.files, places, "right").tolist()
    kept: list[int] = []
    repeated = []
    name = ""
    for place in named:
        found = names[place]
        own = found[0] if found is not None else ""
        if kept and own == name and rows[place] - rows[kept[-1]] <= _FEW and files[place] == files[kept[-1]]:
            repeated.append((rows[kept[-1]], rows[place]))
        else:
            kept.append(place)
            name = own
    return kept, repeated


def _annotated(data: bytes | memoryview, lines: LineColumns, repeated: list[tuple[int, int]]) -> list[int]:
    """The second lines of pairs, where the first one has the type of a name and the second one comes right after it."""
    from exosuit_cli.structure.names.in_functional import is_annotation

    found = []
    for line, following in repeated:
        start, end = lines.starts[line : line + 2].tolist()
        after = line
        if is_annotation(bytes(data[start : min(end, start + LONGEST)])):
            stop = min(line + _FEW, len(lines.indents) - 1)
            after += 1
            while after < stop and lines.heads[after] and lines.indents[after]:
                after += 1
        if following <= after:
            found.append(following)
    return found


def _read_headings(
    data: bytes | memoryview,
    lines: LineColumns,
    places: npt.NDArray[np.int64],
    costs: npt.NDArray[np.uint8],
    found: ReadLines,
) -> None:
    """The texts and levels of headings; below labels or a line of punctuation, that of the first other line."""
    from exosuit_cli.structure.documents import headings, marked_headings
    from exosuit_cli.structure.documents.object_directives import object_name
    from exosuit_cli.structure.documents.prose_costs import OBJECT_LEVEL, heading_level

    stops = lines.files[np.searchsorted(lines.files, places, "right")]
    for line, ink, after, last, end, cost in zip(
        places.tolist(),
        lines.inks[places].tolist(),
        lines.starts[places + 1].tolist(),
        (stops - 1).tolist(),
        lines.starts[stops].tolist(),
        costs[places].tolist(),
        strict=True,
    ):
        marked = None
        if data[ink] in marked_headings.FIRST_BYTES:
            marked = marked_headings.marked_heading(bytes(data[ink : min(end, ink + marked_headings.LONGEST)]))
        if marked is not None:
            name, level = marked
        else:
            level = heading_level(cost)
            text = bytes(data[ink : min(after, ink + _LONGEST_HEADING)]).rstrip()
            at, furthest = line, min(line + headings.MOST_LABELS, last)
            while at < furthest and headings.is_above_title(text):
                at += 1
                text = _heading_text(data, lines, at)
            name = (object_name(text) if text.startswith(b"..") else None) or ""
            if name:
                level = OBJECT_LEVEL + int(lines.indents[line])
            else:
                name = headings.plain_heading(text)
        if name:
            found.lines.append(line)
            found.levels.append(level)
            found.kinds.append(SymbolKind.SECTION)
            found.names.append(name)


def _heading_text(data: bytes | memoryview, lines: LineColumns, line: int) -> bytes:
    start, end = lines.starts[line : line + 2].tolist()
    return bytes(data[start : min(end, start + _LONGEST_HEADING)]).strip()
