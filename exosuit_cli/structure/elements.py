"""What a cut before each line of HTML, Vue, Svelte and the templates of such costs: by the nesting of elements.

An element is cut between its children rather than within one of them. Scripts and styles are cut as code is.
Source: the HTML standard, for elements without an end and for those whose end may be left out.
"""

from __future__ import annotations

import re
from functools import cache
from typing import TYPE_CHECKING, Final

import numpy as np
import numpy.typing as npt

from exosuit_cli.structure.boundary import Boundary
from exosuit_cli.structure.costs import ATTACHED, BLANK, CLOSING, CONTINUED
from exosuit_cli.structure.document_costs import PROSE

if TYPE_CHECKING:
    from exosuit_cli.model.slab import LineColumns, Slab

_VOID: Final = frozenset(
    b"area base br col embed hr img input link meta param source track wbr !doctype frame keygen basefont".split()
)
_RAW: Final = frozenset(b"script style pre textarea".split())
_CODE: Final = frozenset(b"script style".split())
_ROWS: Final = frozenset(b"td th tr".split())
_GROUPS: Final = frozenset(b"thead tbody tfoot caption colgroup".split())
_ENDED_BY: Final = {
    b"li": frozenset([b"li", b"p"]),
    b"dt": frozenset(b"dt dd p".split()),
    b"dd": frozenset(b"dt dd p".split()),
    b"td": frozenset(b"td th p".split()),
    b"th": frozenset(b"td th p".split()),
    b"tr": _ROWS | {b"p"},
    **dict.fromkeys(_GROUPS, _ROWS | _GROUPS),
    b"option": frozenset([b"option"]),
    b"optgroup": frozenset(b"option optgroup".split()),
    **dict.fromkeys(
        b"p div ul ol dl table section article aside header footer main nav form pre h1 h2 h3 h4 h5 h6 blockquote hr"
        b" figure details fieldset address".split(),
        frozenset([b"p"]),
    ),
}
"""By what begins: the elements that end before it where nothing else ends them."""
_HEADINGS: Final = frozenset(b"h1 h2 h3 h4 h5 h6 dt summary legend".split())
_TITLES: Final = frozenset(b"h1 h2 h3 h4 h5 h6".split())
_BRACES: Final = rb"\{[^{}]{0,500}+(?:\{[^{}]{0,500}+\}[^{}]{0,500}+){0,20}+\}"
_TAG: Final = re.compile(
    rb"<(?:(!--)|(/?)([A-Za-z!][\w:.-]*+)"
    rb"(?:[^<>\"'{}]{1,2000}+|\"[^\"]{0,2000}+\"|'[^']{0,2000}+'|" + _BRACES + rb"|[\"'{}]){0,300}+>)"
)
"""A comment's first mark, or a whole tag; quotation marks and braces without a partner stand for themselves."""
_TEMPLATE: Final = re.compile(rb"\{%|\{\{[#/^]|\{[#:/@]|<%|<\?|@(?:if|else|end|foreach|for|section)\b")
_TEMPLATE_END: Final = re.compile(
    rb"\{%-?\s*(?:end|else|elif)|\{\{[/^]|\{\{\s*else|\{[:/]|<%-?\s*(?:end|\}|else)|@(?:end|else)"
)
_DEEPEST: Final = 38
_WIDEST: Final = 24
_LONGEST_GAP: Final = 200
_FAR: Final = 60
"""Open elements that are looked at for the one that a tag ends."""


def enter_elements(
    slab: Slab,
    lines: LineColumns,
    positions: npt.NDArray[np.int64],
    costs: npt.NDArray[np.uint8],
    kinds: npt.NDArray[np.uint8],
) -> None:
    """Put in the costs and kinds of the lines of some texts of a slab; what they are as lines of code is in there.

    A text without a tag stays as it is. Time: linear in the texts.
    """
    _Elements(slab, positions).enter(lines, costs, kinds)


class _Elements:
    """The tags of some texts of a slab, as aligned columns; each text begins with an entry that is no tag."""

    def __init__(self, slab: Slab, positions: npt.NDArray[np.int64]) -> None:
        self._data = bytes(slab.data.data)
        self._has_tags = np.zeros(len(slab), np.bool_)
        self._starts: list[int] = []
        self._ends: list[int] = []
        self._own: list[int] = []
        """The depth that each tag stands at, and below, that of what follows it."""
        self._after: list[int] = []
        self._closes: list[bool] = []
        self._titles: list[int] = []
        self._is_tag: list[bool] = []
        self._leads: list[int] = []
        """0 for none; else what follows the tag belongs to it."""
        self._raw: list[tuple[int, int, int, bool]] = []
        """What is taken as it is: its first byte, the byte after it, its depth, and whether it is code."""
        offsets, sizes = slab.offsets[positions].tolist(), slab.lengths[positions].tolist()
        for position, offset, size in zip(positions.tolist(), offsets, sizes, strict=True):
            self._has_tags[position] = self._read(offset, offset + size)

    def _read(self, begin: int, stop: int) -> bool:
        """Enter the tags of a text; whether there are any."""
        data, search = self._data, _TAG.search
        stack: list[bytes] = []
        missing: set[bytes] = set()
        starts, ends, own, after, closes, leads = (
            self._starts,
            self._ends,
            self._own,
            self._after,
            self._closes,
            self._leads,
        )
        found = search(data, begin, stop)
        if found is None:
            return False
        starts.append(begin)
        ends.append(begin)
        own.append(0)
        after.append(0)
        closes.append(False)
        self._is_tag.append(False)
        leads.append(0)
        while found is not None:
            end = found.end()
            starts.append(found.start())
            is_close, lead = False, 0
            if found[1]:
                depth = len(stack)
                closer = -1 if b"--" in missing else data.find(b"-->", end, stop)
                if closer < 0:
                    missing.add(b"--")
                else:
                    self._raw.append((end, closer, depth, False))
                    end, lead = closer + 3, ATTACHED
            else:
                name = found[3].lower()
                if found[2]:
                    is_close = True
                    if stack and stack[-1] == name:
                        stack.pop()
                    elif name in stack[-_FAR:]:
                        while stack.pop() != name:
                            pass
                    depth = len(stack)
                    lead = CONTINUED if name in _HEADINGS else 0
                else:
                    ended = _ENDED_BY.get(name)
                    if ended is not None:
                        while stack and stack[-1] in ended:
                            stack.pop()
                    depth = len(stack)
                    if name in _TITLES:
                        self._titles.append(found.start())
                    if name in _VOID or data[end - 2] == 47:
                        pass
                    elif name in _RAW:
                        end = self._skip_raw(name, end, stop, depth, missing)
                    else:
                        stack.append(name)
            ends.append(end)
            own.append(depth)
            after.append(len(stack))
            closes.append(is_close)
            leads.append(lead)
            found = search(data, end, stop)
        self._is_tag += [True] * (len(starts) - len(self._is_tag))
        return True

    def _skip_raw(self, name: bytes, end: int, stop: int, depth: int, missing: set[bytes]) -> int:
        """The end of an element that holds no tags, which begins at a byte; that byte where nothing ends it."""
        closing = None if name in missing else _closing(name).search(self._data, end, stop)
        if closing is None:
            missing.add(name)
            return end
        self._raw.append((end, closing.start(), depth, name in _CODE))
        return closing.end()

    def enter(self, lines: LineColumns, all_costs: npt.NDArray[np.uint8], all_kinds: npt.NDArray[np.uint8]) -> None:
        """Put the costs and kinds of lines in."""
        if not self._starts:
            return
        at = np.flatnonzero(np.repeat(self._has_tags, np.diff(lines.files)))
        inks, is_blank = lines.inks[at], lines.heads[at] == 0
        begins_text = np.zeros(len(lines.heads) + 1, np.bool_)
        begins_text[lines.files] = True
        after_blank = np.append(True, is_blank[:-1]) | begins_text[at]
        starts, ends = np.array(self._starts), np.array(self._ends)
        own, after = np.minimum(self._own, _DEEPEST), np.minimum(self._after, _DEEPEST)
        tag = np.searchsorted(starts, inks, "right") - 1
        begins = (starts[tag] == inks) & np.array(self._is_tag)[tag]
        is_within = ~begins & (ends[tag] > inks)
        depths = np.where(begins, own[tag], after[tag])
        before = tag - begins
        is_next = self._is_next(inks, before)
        is_fresh = after_blank | is_next
        plain = np.where(is_fresh, 4 * depths + 2, PROSE)
        found = np.where(begins, 4 * depths, plain)
        found = np.where(begins & np.array(self._closes)[tag], CLOSING + np.minimum(depths >> 2, 12), found)
        found = np.where(is_within, CONTINUED, found)
        lead = np.where(is_next & (found < ATTACHED), np.array(self._leads)[before], 0)
        found = np.maximum(found, lead)
        code = np.where(is_blank, BLANK, found).astype(np.uint8)
        self._enter_templates(code, inks, begins | is_within, depths)
        kinds = np.where(depths == 0, Boundary.DEFINITION, Boundary.NESTED)
        kinds[(code >= ATTACHED) | ~begins] = Boundary.LINE
        kinds[np.isin(inks, self._titles)] = Boundary.SECTION
        looks = all_costs[at]
        columns = np.minimum(inks - lines.starts[at], _WIDEST) >> 2
        whole = CONTINUED + columns + np.where(after_blank, 0, 6)  # worse than to part it from what follows
        whole = np.where(is_blank, BLANK, whole).astype(np.uint8)
        bounds = np.searchsorted(inks, [(first, stop) for first, stop, _, _ in self._raw] or np.zeros((0, 2)))
        for (first, stop), (_, _, depth, is_code) in zip(bounds.tolist(), self._raw, strict=True):
            if stop > first:
                code[first:stop] = _below(looks[first:stop], depth) if is_code else whole[first:stop]
        all_costs[at], all_kinds[at] = code, kinds

    def _is_next(self, inks: npt.NDArray[np.int64], tags: npt.NDArray[np.int64]) -> npt.NDArray[np.bool_]:
        """bool[lines]: nothing but blanks is between a tag and the line."""
        data = self._data
        gaps = zip(np.array(self._ends)[tags].tolist(), inks.tolist(), strict=True)
        return np.array([0 < ink - end < _LONGEST_GAP and not data[end:ink].strip() for end, ink in gaps], np.bool_)

    def _enter_templates(
        self,
        costs: npt.NDArray[np.uint8],
        inks: npt.NDArray[np.int64],
        is_done: npt.NDArray[np.bool_],
        depths: npt.NDArray[np.int64],
    ) -> None:
        """Lines that begin with a statement of a template language."""
        lines = np.flatnonzero(~is_done & (costs != BLANK))
        for line, ink in zip(lines.tolist(), inks[lines].tolist(), strict=True):
            if self._data[ink] in b"{<@" and _TEMPLATE.match(self._data, ink):
                is_end = _TEMPLATE_END.match(self._data, ink) is not None
                costs[line] = CLOSING if is_end else 4 * int(depths[line]) + 1


def _below(looks: npt.NDArray[np.uint8], depth: int) -> npt.NDArray[np.uint8]:
    """The costs of the lines of a script within an element at a depth, in the order of their looks."""
    is_open = looks < ATTACHED
    least = int(looks[is_open].min(initial=ATTACHED)) & ~3
    base = 4 * min(depth + 1, _DEEPEST)
    inner = np.minimum(base + looks.astype(np.int64) - least, ATTACHED - 1)
    return np.where(is_open, inner, looks).astype(np.uint8)


@cache
def _closing(name: bytes) -> re.Pattern[bytes]:
    """What ends an element that holds no tags."""
    return re.compile(b"</" + re.escape(name) + rb"(?=[\s/>])[^>]{0,200}>", re.IGNORECASE)
