"""The lines of a slab that define something, and the names that they define, by what the lines look like.

Array operations find the few lines that may define something and read the plain names (`names.many_plain`);
`names.line_by_line` reads the others one by one.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from exosuit_cli.model.dataclass import dataclass
from exosuit_cli.structure.code.candidate_lines import Candidates, begins_macro
from exosuit_cli.structure.code.closed_lines import NEVER
from exosuit_cli.structure.families import HAS_KEYS, Family
from exosuit_cli.structure.names.line_by_line import read_lines
from exosuit_cli.structure.names.many_by_keyword import keyword_names
from exosuit_cli.structure.names.many_in_scripts import case_names, may_define
from exosuit_cli.structure.names.many_methods import method_names
from exosuit_cli.structure.names.many_plain import (
    NAMED,
    NOTHING,
    UNSURE,
    WIDTH,
    WORDLESS,
    head_names,
    macro_names,
)
from exosuit_cli.structure.symbols import SymbolKind

if TYPE_CHECKING:
    import numpy.typing as npt

    from exosuit_cli.model.slab import LineColumns, Slab
    from exosuit_cli.structure.code.strength import LineStrengths
    from exosuit_cli.structure.names.many_plain import PlainNames


@dataclass(frozen=True, slots=True)
class DefiningLines:
    """The lines of a slab that define something, ascending, as aligned columns.

    `lines` is int64[n], positions in the slab; `levels` is int64[n], the indentation, the rank of a heading, or the
    number of braces around a rule of styles. `kinds` is uint8[n] of `SymbolKind`; `names` has the n names. `ends` is
    int64[n], the last line of what each defines, `NEVER` where its own line does not say so. `annotated` is int64[k],
    the lines of equations whose name has its type right above, which defines it, and `clauses` int64[k], those that go
    on with the definition before, of the same name.
    """

    lines: npt.NDArray[np.int64]
    levels: npt.NDArray[np.int64]
    kinds: npt.NDArray[np.uint8]
    names: list[str]
    ends: npt.NDArray[np.int64]
    annotated: npt.NDArray[np.int64]
    clauses: npt.NDArray[np.int64]


def find_definitions(
    slab: Slab,
    lines: LineColumns,
    first: npt.NDArray[np.uint8],
    families: npt.NDArray[np.uint8],
    strengths: LineStrengths,
) -> DefiningLines:
    """The lines that define something.

    Args:
        slab: the texts.
        lines: their lines.
        first: uint8[lines], the first byte of each that is no blank, 0 for none.
        families: uint8[texts], of the language of each.
        strengths: of the lines.

    """
    found = _Search(slab, lines, first, families, strengths).run()
    return _with_keys(found, slab, lines, families)


class _Search:
    def __init__(
        self,
        slab: Slab,
        lines: LineColumns,
        first: npt.NDArray[np.uint8],
        families: npt.NDArray[np.uint8],
        strengths: LineStrengths,
    ) -> None:
        # A window may begin at the last byte, or after that of a line that ends the slab.
        self._bytes = np.concatenate((slab.data, np.zeros(2 * WIDTH, np.uint8)))
        self._slab = slab
        self._lines = lines
        self._strengths = strengths
        self._candidates = Candidates(self._bytes, lines, first, families, strengths)
        self._families = self._candidates.families
        self._found: list[tuple[npt.NDArray[np.int64], PlainNames]] = []

    def run(self) -> DefiningLines:
        """Plain names first; what is left is read line by line."""
        lines, families = self._lines, self._families
        candidates = self._candidates
        has_word, looks = candidates.has_word, candidates.looks
        is_c_head = looks & candidates.is_c_like & candidates.begins & (lines.indents == 0)
        is_slow = looks & ~is_c_head
        heads, macros = np.flatnonzero(is_c_head), np.flatnonzero(looks & begins_macro(lines.heads))
        is_slow[macros] = False
        words = np.flatnonzero(has_word)
        is_script = looks & (families == Family.SCRIPT)
        if len(words):
            by_word = keyword_names(self._bytes, lines.inks[words], families[words])
            self._found.append((words, by_word))
            is_slow[words] &= by_word.states == NOTHING
            is_slow[words] |= by_word.states == UNSURE
            is_script[words] &= by_word.states == NOTHING
            is_script[words] |= by_word.states == WORDLESS
            is_done = np.zeros(len(families), np.bool_)
            is_done[words[by_word.states == NAMED]] = True
            heads = heads[~(is_done | is_slow)[heads]]
            is_other = (by_word.states == NOTHING) & (families[words] == Family.JAVA)
            self._read_methods(words[is_other], by_word.starts[is_other], is_slow)
        scripts = np.flatnonzero(is_script)
        is_slow[scripts] = may_define(self._bytes, lines, scripts)
        methods = np.flatnonzero(looks & ~has_word & (families == Family.JAVA))
        self._read_methods(methods, lines.inks[methods], is_slow)
        if len(heads):
            is_cpp = families[heads] == Family.CPP
            by_head = head_names(self._bytes, lines.starts[heads], lines.starts[heads + 1], is_cpp=is_cpp)
            self._found.append((heads, by_head))
            is_slow[heads[by_head.states == UNSURE]] = True
        if len(macros):
            self._found.append((macros, macro_names(self._bytes, lines.inks[macros])))
        tests = np.flatnonzero(is_slow & (families == Family.SCRIPT))
        if len(tests):
            by_title = case_names(self._bytes, lines, tests)
            self._found.append((tests, by_title))
            is_slow[tests] = by_title.states == UNSURE
        return self._collect(np.flatnonzero(is_slow))

    def _read_methods(
        self, places: npt.NDArray[np.int64], at: npt.NDArray[np.int64], is_slow: npt.NDArray[np.bool_]
    ) -> None:
        if len(places):
            by_bracket = method_names(self._bytes, self._lines, places, at)
            self._found.append((places, by_bracket))
            is_slow[places] = by_bracket.states == UNSURE

    def _collect(self, slow: npt.NDArray[np.int64]) -> DefiningLines:
        read = read_lines(self._slab, self._lines, slow, self._families[slow], self._strengths.costs)
        plain = [(places, names, np.flatnonzero(names.states == NAMED)) for places, names in self._found]
        starts = np.concatenate([np.zeros(0, np.int64), *(names.starts[named] for _, names, named in plain)])
        ends = np.concatenate([np.zeros(0, np.int64), *(names.ends[named] for _, names, named in plain)])
        at = np.concatenate(
            [np.zeros(0, np.int64), *(places[named] for places, _, named in plain), np.array(read.lines, np.int64)]
        )
        levels = np.append(self._lines.indents[at[: len(starts)]].astype(np.int64), np.array(read.levels, np.int64))
        kinds = np.concatenate(
            [np.zeros(0, np.uint8), *(names.kinds[named] for _, names, named in plain), np.array(read.kinds, np.uint8)]
        )
        names = [*_texts(self._bytes, starts, ends), *read.names]
        owners = np.concatenate(
            [np.zeros((2, 0), np.int64), *(_owners(names)[:, named] for _, names, named in plain)], 1
        )
        owned = np.flatnonzero(owners[1] > owners[0])
        for place, owner in zip(owned.tolist(), _texts(self._bytes, *owners[:, owned]), strict=True):
            names[place] = f"{owner}.{names[place]}"
        # A rule of a style sheet is within another by braces: some layouts only indent it.
        is_style = self._families[at] == Family.STYLES
        levels[is_style] = self._lines.depths[at[is_style]]
        annotated, clauses = np.array(read.annotated, np.int64), np.array(sorted(read.clauses), np.int64)
        stops = np.full(len(at), NEVER)
        is_heading = self._families[at] == Family.HEADINGS
        if is_heading.any():
            from exosuit_cli.structure.documents.object_directives import ends_of_objects
            from exosuit_cli.structure.documents.prose_costs import OBJECT_LEVEL

            objects = np.flatnonzero(is_heading & (levels >= OBJECT_LEVEL))
            stops[objects] = ends_of_objects(self._lines, at[objects])
        return _in_order(DefiningLines(at, levels, kinds, names, stops, annotated, clauses))


def _in_order(found: DefiningLines) -> DefiningLines:
    order = np.argsort(found.lines, kind="stable")
    names = [found.names[place] for place in order.tolist()]
    return DefiningLines(
        found.lines[order],
        found.levels[order],
        found.kinds[order],
        names,
        found.ends[order],
        found.annotated,
        found.clauses,
    )


def _with_keys(found: DefiningLines, slab: Slab, lines: LineColumns, families: npt.NDArray[np.uint8]) -> DefiningLines:
    """With the keys of the texts whose language has such."""
    texts = np.flatnonzero(HAS_KEYS[families] & (slab.lengths > 0))
    if not len(texts):
        return found
    from exosuit_cli.structure.documents.keys import block_keys

    keys = block_keys(slab, lines, texts, families[texts] == Family.MEMBERS)
    joined = DefiningLines(
        np.append(found.lines, keys.lines),
        np.append(found.levels, keys.levels),
        np.append(found.kinds, np.full(len(keys.lines), SymbolKind.SECTION, np.uint8)),
        found.names + keys.names,
        np.append(found.ends, keys.ends),
        found.annotated,
        found.clauses,
    )
    return _in_order(joined)


def _owners(names: PlainNames) -> npt.NDArray[np.int64]:
    return names.owners if names.owners is not None else np.zeros((2, len(names.states)), np.int64)


def _texts(data: npt.NDArray[np.uint8], starts: npt.NDArray[np.int64], ends: npt.NDArray[np.int64]) -> list[str]:
    """The names of n spans, what undecodable bytes there are as U+FFFD."""
    if not len(starts):
        return []
    sizes = ends - starts + 1
    stops = np.cumsum(sizes)
    places = np.arange(int(stops[-1])) + np.repeat(starts - stops + sizes, sizes)
    joined = data[places]
    joined[joined == 0] = ord(" ")
    joined[stops - 1] = 0
    text: str = joined.tobytes()[:-1].decode("utf-8", "replace")
    return text.replace("::", ".").split("\0")
