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

from exosuit_cli.chunk.costs import ATTACHED, BLANK, CLOSING, CONTINUED
from exosuit_cli.chunk.document_costs import PROSE
from exosuit_cli.chunk.records import Boundary

if TYPE_CHECKING:
    from exosuit_cli.chunk.text_lines import TextLines

TAB: Final = 8
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


def element_costs(text: TextLines, costs: npt.NDArray[np.uint8], kinds: npt.NDArray[np.uint8]) -> None:
    """Put in the costs and kinds of the lines of a text; what they are as lines of code is in there.

    Time: linear in the text.
    """
    _Elements(text).enter(costs, kinds)


class _Elements:
    def __init__(self, text: TextLines) -> None:
        self._data = text.data
        self._text = text
        self._starts: list[int] = []
        self._ends: list[int] = []
        self._own: list[int] = []
        """The depth that each tag stands at, and below, that of what follows it."""
        self._after: list[int] = []
        self._closes: list[bool] = []
        self._leads: list[int] = []
        """0 for none; else what follows the tag belongs to it."""
        self._raw: list[tuple[int, int, int, bool]] = []
        """What is taken as it is: its first byte, the byte after it, its depth, and whether it is code."""
        self._read()

    def _read(self) -> None:
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
        found = search(data)
        while found is not None:
            end = found.end()
            starts.append(found.start())
            is_close, lead = False, 0
            if found[1]:
                depth = len(stack)
                stop = -1 if b"--" in missing else data.find(b"-->", end)
                if stop < 0:
                    missing.add(b"--")
                else:
                    self._raw.append((end, stop, depth, False))
                    end, lead = stop + 3, ATTACHED
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
                    if name in _VOID or data[end - 2] == 47:
                        pass
                    elif name in _RAW:
                        end = self._skip_raw(name, end, depth, missing)
                    else:
                        stack.append(name)
            ends.append(end)
            own.append(depth)
            after.append(len(stack))
            closes.append(is_close)
            leads.append(lead)
            found = search(data, end)

    def _skip_raw(self, name: bytes, end: int, depth: int, missing: set[bytes]) -> int:
        """The end of an element that holds no tags, which begins at a byte; that byte where nothing ends it."""
        closing = None if name in missing else _closing(name).search(self._data, end)
        if closing is None:
            missing.add(name)
            return end
        self._raw.append((end, closing.start(), depth, name in _CODE))
        return closing.end()

    def enter(self, costs: npt.NDArray[np.uint8], kinds: npt.NDArray[np.uint8]) -> None:
        """Put the costs and kinds of lines in."""
        if not self._starts:
            return
        inks = np.array(self._text.inks)
        is_blank = np.array(self._text.inked[:-1]) != np.arange(len(inks))
        starts, ends = np.array(self._starts), np.array(self._ends)
        own, after = np.minimum(self._own, _DEEPEST), np.minimum(self._after, _DEEPEST)
        tag = np.searchsorted(starts, inks, "right") - 1
        begins = (tag >= 0) & (starts[tag] == inks)
        is_within = (tag >= 0) & (starts[tag] < inks) & (ends[tag] > inks)
        depths = np.where(begins, own[tag], np.where(tag >= 0, after[tag], 0))
        before = np.maximum(tag - begins, 0)
        is_next = self._is_next(inks, before)
        is_fresh = np.frombuffer(self._text.after_blank, np.bool_) | is_next
        plain = np.where(is_fresh, 4 * depths + 2, PROSE)
        found = np.where(begins, 4 * depths, plain)
        found = np.where(begins & np.array(self._closes)[tag], CLOSING + np.minimum(depths >> 2, 12), found)
        found = np.where(is_within, CONTINUED, found)
        lead = np.where(is_next & (found < ATTACHED), np.array(self._leads)[before], 0)
        found = np.maximum(found, lead)
        code = np.where(is_blank, BLANK, found).astype(np.uint8)
        self._enter_templates(code, begins | is_within, depths)
        looks = costs.copy()
        costs[:] = code
        kinds[:] = np.where(begins & (code < ATTACHED), np.where(depths == 0, Boundary.DEFINITION, Boundary.NESTED), 0)
        kinds[(code >= ATTACHED) | ~begins] = Boundary.LINE
        for first, stop, depth, is_code in self._raw:
            self._enter_raw(costs, looks, np.searchsorted(inks, (first, stop)), depth, is_code=is_code)

    def _is_next(self, inks: npt.NDArray[np.int64], tags: npt.NDArray[np.int64]) -> npt.NDArray[np.bool_]:
        """bool[lines]: nothing but blanks is between a tag and the line."""
        data = self._data
        gaps = zip(np.array(self._ends)[tags].tolist(), inks.tolist(), strict=True)
        return np.array([0 < ink - end < _LONGEST_GAP and not data[end:ink].strip() for end, ink in gaps], np.bool_)

    def _enter_templates(
        self, costs: npt.NDArray[np.uint8], is_done: npt.NDArray[np.bool_], depths: npt.NDArray[np.int64]
    ) -> None:
        """Lines that begin with a statement of a template language."""
        inks = self._text.inks
        for line in np.flatnonzero(~is_done & (costs != BLANK)).tolist():
            ink = inks[line]
            if self._data[ink] in b"{<@" and _TEMPLATE.match(self._data, ink):
                is_end = _TEMPLATE_END.match(self._data, ink) is not None
                costs[line] = CLOSING if is_end else 4 * int(depths[line]) + 1

    def _enter_raw(
        self,
        costs: npt.NDArray[np.uint8],
        looks: npt.NDArray[np.uint8],
        lines: npt.NDArray[np.int64],
        depth: int,
        *,
        is_code: bool,
    ) -> None:
        """The lines within a comment, a script or the like: below the element, in the order of their looks."""
        own = slice(int(lines[0]), int(lines[1]))
        seen = looks[own]
        if not len(seen):
            return
        base = 4 * min(depth + 1, _DEEPEST)
        is_open = seen < ATTACHED
        if is_code:
            least = int(seen[is_open].min(initial=ATTACHED)) & ~3
            costs[own] = np.where(is_open, np.minimum(base + seen.astype(np.int64) - least, ATTACHED - 1), seen)
        else:
            # Worse than to part it from what follows.
            columns = np.minimum(self._text.columns[own], _WIDEST) >> 2
            inner = CONTINUED + columns + np.where(np.frombuffer(self._text.after_blank, np.bool_)[own], 0, 6)
            costs[own] = np.where(costs[own] == BLANK, BLANK, inner)


@cache
def _closing(name: bytes) -> re.Pattern[bytes]:
    """What ends an element that holds no tags."""
    return re.compile(b"</" + re.escape(name) + rb"(?=[\s/>])[^>]{0,200}>", re.IGNORECASE)
