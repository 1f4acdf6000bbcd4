"""What a cut before each line of HTML, Vue, Svelte and the templates of such costs: by the nesting of elements.

An element is cut between its children rather than within one of them. Scripts and styles are cut as code is.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

import numpy as np

from exosuit_cli.model.byte_sets import byte_set
from exosuit_cli.structure.boundary import Boundary
from exosuit_cli.structure.costs import ATTACHED, BLANK, CLOSING, CONTINUED
from exosuit_cli.structure.documents.element_tags import element_tags
from exosuit_cli.structure.documents.prose_costs import PROSE
from exosuit_cli.structure.documents.prose_lines import document_lines, latest

if TYPE_CHECKING:
    import numpy.typing as npt

    from exosuit_cli.model.slab import LineColumns, Slab
    from exosuit_cli.structure.documents.element_tags import Tags
    from exosuit_cli.structure.documents.prose_lines import DocumentLines

_TAB: Final = 8
_TEMPLATE: Final = re.compile(rb"\{%|\{\{[#/^]|\{[#:/@]|<%|<\?|@(?:if|else|end|foreach|for|section)\b")
_TEMPLATE_END: Final = re.compile(
    rb"\{%-?\s*(?:end|else|elif)|\{\{[/^]|\{\{\s*else|\{[:/]|<%-?\s*(?:end|\}|else)|@(?:end|else)"
)
_MAY_BE_TEMPLATE: Final = byte_set(b"{<@")
_IS_SPACE: Final = byte_set(b" \t\r\n\v\f")
_DEEPEST: Final = 38
_WIDEST: Final = 24
_LONGEST_GAP: Final = 200


class Elements:
    """The texts of a slab at some positions, with their tags. Time: linear in the texts."""

    def __init__(self, slab: Slab, lines: LineColumns, positions: npt.NDArray[np.int64]) -> None:
        self._lines = own = document_lines(slab, lines, positions, _TAB)
        self._begins = begins = own.starts[own.texts[:-1]]
        self._tags = tags = element_tags(own.data, begins, own.ends[own.texts[1:] - 1])
        has_tags = np.zeros(len(positions), np.bool_)
        has_tags[np.searchsorted(begins, tags.starts, "right") - 1] = True
        has_code = np.zeros(len(positions), np.bool_)
        code = [each.first for each in tags.raw if each.is_code and own.data.find(b"\n", each.first, each.stop) >= 0]
        has_code[np.searchsorted(begins, code, "right") - 1] = True
        self.as_code = positions[~has_tags | has_code]
        """The positions of texts with lines that are judged as code: those in scripts and styles; all without a tag."""

    def enter(self, costs: npt.NDArray[np.uint8], kinds: npt.NDArray[np.uint8]) -> None:
        """Put in the costs and kinds of the lines; where texts are judged as code, that is in there."""
        if len(self._tags.starts):
            at = self._lines.at
            costs[at], kinds[at] = _element_costs(self._lines, self._begins, self._tags, costs[at], kinds[at])


def _element_costs(
    lines: DocumentLines,
    begins_text: npt.NDArray[np.int64],
    tags: Tags,
    looks: npt.NDArray[np.uint8],
    look_kinds: npt.NDArray[np.uint8],
) -> tuple[npt.NDArray[np.uint8], npt.NDArray[np.uint8]]:
    """The costs of lines and their kinds, from those that they have as lines of code."""
    inks, inked = lines.inks, lines.inked
    tag = np.searchsorted(tags.starts, inks, "right") - 1
    has_tags = (tag >= 0) & (tags.starts[tag] >= np.repeat(begins_text, np.diff(lines.texts)))
    begins = (tags.starts[tag] == inks) & tags.is_tag[tag]
    is_within = ~begins & (tags.ends[tag] > inks)
    own, after = np.minimum(tags.own, _DEEPEST), np.minimum(tags.after, _DEEPEST)
    depths = np.where(begins, own[tag], after[tag])
    before = tag - begins
    is_next = _is_next(lines, tags.ends[before])
    found = np.where(begins, 4 * depths, np.where(lines.after_blank | is_next, 4 * depths + 2, PROSE))
    found = np.where(begins & tags.closes[tag], CLOSING + np.minimum(depths >> 2, 12), found)
    found = np.where(is_within, CONTINUED, found)
    lead = np.where(is_next & (found < ATTACHED), tags.leads[before], 0)
    costs = np.where(inked, np.maximum(found, lead), BLANK).astype(np.uint8)
    _enter_templates(lines, costs, inked & ~begins & ~is_within, depths)
    kinds = np.where(depths == 0, Boundary.DEFINITION, Boundary.NESTED).astype(np.uint8)
    kinds[(costs >= ATTACHED) | ~begins] = Boundary.LINE
    kinds[begins & tags.is_title[tag]] = Boundary.SECTION
    if tags.raw:
        columns = np.minimum(inks - lines.starts, _WIDEST) >> 2
        whole = CONTINUED + columns + np.where(lines.after_blank, 0, 6)  # worse than to part it from what follows
        whole = np.where(inked, whole, BLANK).astype(np.uint8)
        bounds = np.searchsorted(inks, [(each.first, each.stop) for each in tags.raw])
        for (first, stop), each in zip(bounds.tolist(), tags.raw, strict=True):
            if stop > first:
                costs[first:stop] = _below(looks[first:stop], each.depth) if each.is_code else whole[first:stop]
    return np.where(has_tags, costs, looks), np.where(has_tags, kinds, look_kinds)


def _is_next(lines: DocumentLines, ends: npt.NDArray[np.int64]) -> npt.NDArray[np.bool_]:
    """bool[lines]: nothing but blanks is between an end, of the tag before each line, and the line."""
    gaps = lines.inks - ends
    found = (gaps > 0) & (gaps < _LONGEST_GAP)
    last = np.append(-1, latest(lines.inked)[:-1])
    own = np.flatnonzero(found & (last >= 0) & (ends < lines.ends[last]))
    if lines.data.count(b"\r") > lines.data.count(b"\r\n"):
        own = np.flatnonzero(found)  # words may follow a return that ends no line, on a line that looks blank
    else:
        # The tag ends on the last line before that is not blank, perhaps not at the end of it.
        data = np.frombuffer(lines.data, np.uint8)
        found[own] = _IS_SPACE.take(data[ends[own]])
        own = own[found[own] & (ends[own] + 1 < lines.ends[last[own]])]
    for line, end, ink in zip(own.tolist(), ends[own].tolist(), lines.inks[own].tolist(), strict=True):
        found[line] = not lines.data[end:ink].strip()
    return found


def _enter_templates(
    lines: DocumentLines,
    costs: npt.NDArray[np.uint8],
    chosen: npt.NDArray[np.bool_],
    depths: npt.NDArray[np.int64],
) -> None:
    """Lines that begin with a statement of a template language, among those that are chosen."""
    places = np.flatnonzero(chosen & _MAY_BE_TEMPLATE.take(lines.leads))
    for line, ink in zip(places.tolist(), lines.inks[places].tolist(), strict=True):
        if _TEMPLATE.match(lines.data, ink):
            is_end = _TEMPLATE_END.match(lines.data, ink) is not None
            costs[line] = CLOSING if is_end else 4 * int(depths[line]) + 1


def _below(looks: npt.NDArray[np.uint8], depth: int) -> npt.NDArray[np.uint8]:
    """The costs of the lines of a script within an element at a depth, in the order of their looks."""
    is_open = looks < ATTACHED
    least = int(looks[is_open].min(initial=ATTACHED)) & ~3
    base = 4 * min(depth + 1, _DEEPEST)
    inner = np.minimum(base + looks.astype(np.int64) - least, ATTACHED - 1)
    return np.where(is_open, inner, looks).astype(np.uint8)
