"""How good a place each line is to begin a chunk at: from indentation, brackets, blank lines and first characters.

No parser is needed, so any language gets an answer, and every step is an array operation over the lines of a slab. The
rules say what readers of code use without knowing the language: an outer construct begins further to the left; what
follows a blank line or a closing bracket begins something; a comment, a decorator or an attribute belongs to what
follows it; a line that begins with a closing bracket or an end tag, or with a word such as `else`, belongs to what
came before.

What a literal over several lines holds is an atom: see `literal_lines`. The scale of costs is that of `costs`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from exosuit_cli.languages.literals import FAMILIES, FAMILY_NAMES, Inside, family_of
from exosuit_cli.model.dataclass import dataclass
from exosuit_cli.structure.block_words import (
    block_words,
    closing_words,
    continuing_words,
    depths_of_classes,
    ends_class,
    flat_levels,
)
from exosuit_cli.structure.boundary import Boundary
from exosuit_cli.structure.costs import ATTACHED, BLANK, BLANK_IN_COMMENT, CLOSING, CONTINUED, IN_TEXT
from exosuit_cli.structure.documents import enter_documents
from exosuit_cli.structure.line_view import BYTE, HEAD_BYTES, LineView, byte_set, word
from exosuit_cli.structure.literal_lines import literal_lines
from exosuit_cli.structure.styles import SLASH_STYLES, Style, style_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from exosuit_cli.model.slab import LineColumns, Slab

_LEVELS = 49
_WEAK = 2
_LONGEST = 100
"""Lines of the longest decorator that is seen as one."""

_TEMPLATE = word("template")[0]

_CLOSES = byte_set(b"}])")
_CLOSES_LAST = byte_set(b"}]);,")
_BRACKETS = byte_set(b"}]")
_OPENS_BODY = byte_set(b"{([:")
_GOES_ON = byte_set(b",\\=+-*&|<(")
_BEGINS_WITHIN = byte_set(b".?&|+=<>,:{")
_IS_WORD_BYTE = np.zeros(256, np.bool_)
_IS_WORD_BYTE[[*range(48, 58), *range(65, 91), *range(97, 123), ord("_")]] = True
_UNFINISHED = _IS_WORD_BYTE | byte_set(b"*&")
_COMMENT_MARKS = [
    [
        word(each.opens.decode())
        for each in literals
        if each.to_end or each.inside == Inside.COMMENT
        if len(each.opens) < 8
    ]
    for literals in (FAMILIES[name] for name in FAMILY_NAMES)
]
"""By family: the first bytes of comments."""
_COMMENT_MARKS[0] = [word(each) for each in ("#", "//", "/*")]


@dataclass(frozen=True, slots=True)
class LineStrengths:
    """Aligned with the lines of a slab: costs, uint8[m]; kinds, uint8[m] of `Boundary`."""

    costs: npt.NDArray[np.uint8]
    kinds: npt.NDArray[np.uint8]


def plain_strengths(lines: LineColumns) -> LineStrengths:
    """Every line as good as any other."""
    count = len(lines.indents)
    return LineStrengths(np.zeros(count, np.uint8), np.full(count, Boundary.LINE, np.uint8))


def line_strengths(slab: Slab, lines: LineColumns, languages: Sequence[str]) -> LineStrengths:
    """The costs of a cut before each line, and what begins there; `languages` names that of each file of the slab.

    `lines` are those of the slab.

    Every file is judged alone: the result does not depend on the others in the slab.
    """
    count = len(lines.indents)
    costs = np.full(count, BLANK, np.uint8)
    kinds = np.full(count, Boundary.LINE, np.uint8)
    inked = np.flatnonzero(lines.heads)
    if len(inked):
        file_styles = np.array([style_of(language) for language in languages], np.uint8)
        styles = np.repeat(file_styles, np.diff(lines.files))[inked]
        inside = literal_lines(slab, lines, languages)
        depths = _sound_depths(lines, _depths_of_code(lines, inside), file_styles)
        if any(language.startswith("Objective-") for language in languages):
            depths = depths + depths_of_classes(lines, languages)
        view = LineView(lines, inked, styles, depths, inside)
        costs[(lines.heads == 0) & (inside == Inside.COMMENT)] = BLANK_IN_COMMENT
        costs[inked], kinds[inked] = _code(view, _comments(view, lines, inked, languages))
        enter_documents(slab, lines, languages, file_styles, costs, kinds)
    return LineStrengths(costs, kinds)


def _depths_of_code(lines: LineColumns, inside: npt.NDArray[np.uint8]) -> npt.NDArray[np.int32]:
    """The depths of lines without the brackets of the lines that are wholly within a literal."""
    if not inside.any():
        return lines.depths
    steps = np.diff(lines.depths, append=0)
    steps[:-1] *= (inside[:-1] != Inside.CODE) & (inside[1:] != Inside.CODE)
    steps[lines.files[1:] - 1] = 0
    within = np.cumsum(steps) - steps
    first = np.minimum(lines.files[:-1], len(inside) - 1)
    depths: npt.NDArray[np.int32] = lines.depths - within + np.repeat(within[first], np.diff(lines.files))
    return depths.astype(np.int32)


def _sound_depths(
    lines: LineColumns, depths: npt.NDArray[np.int32], styles: npt.NDArray[np.uint8]
) -> npt.NDArray[np.int32]:
    """The depths of the files whose brackets are as many closing as opening; zeros in the others.

    A bracket within a text or a regular expression would else count for the rest of the file. Where directives choose
    among lines, as in C, braces are rarely balanced and labels stand at the left edge: depths stay as they are.
    """
    inked = np.flatnonzero(lines.heads)
    if not len(inked):
        return depths
    # The last line with ink of each file that has one: what it closes at its start is no longer in its depth.
    last = np.searchsorted(inked, lines.files[1:]) - 1
    has_ink = (last >= 0) & (inked[np.maximum(last, 0)] >= lines.files[:-1])
    ends = inked[np.maximum(last, 0)]
    left = depths[ends].copy()
    heads = lines.heads[ends]
    is_leading = np.ones(len(ends), np.bool_)
    for place in range(HEAD_BYTES):
        byte = ((heads >> np.uint64(8 * place)) & BYTE).astype(np.uint8)
        is_leading &= _CLOSES_LAST.take(byte)
        left -= is_leading & _BRACKETS.take(byte)
    is_sound = (left == 0) | ~has_ink | (styles == Style.SLASH)
    if is_sound.all():
        return depths
    return np.where(np.repeat(is_sound, np.diff(lines.files)), depths, 0).astype(np.int32)


def _comments(
    view: LineView, lines: LineColumns, inked: npt.NDArray[np.int64], languages: Sequence[str]
) -> npt.NDArray[np.bool_]:
    """The lines that begin with a comment or within one; where the language has no known marks, with a usual one."""
    comment = view.in_comment | view.opens_comment
    families = np.array([family_of(language) for language in languages], np.uint8)
    of_line = np.repeat(families, np.diff(lines.files))[inked]
    for family in np.unique(families).tolist():
        own = of_line == family
        found = np.zeros(len(own), np.bool_)
        for mark in _COMMENT_MARKS[family]:
            found |= view.starts_with(mark)
        comment |= found & own
    return comment


def _code(view: LineView, comment: npt.NDArray[np.bool_]) -> tuple[npt.NDArray[np.uint8], npt.NDArray[np.uint8]]:
    first, indents, styles = view.first, view.indents, view.styles
    is_slash = SLASH_STYLES.take(styles)
    is_data = styles == Style.DATA
    level = np.minimum(np.maximum(indents, 2 * view.depths), _LEVELS)

    second = ((view.heads >> np.uint64(8)) & BYTE).astype(np.uint8)
    is_hash = first == ord("#")
    decorator = first == ord("@")
    class_end = ends_class(view, decorator)
    decorator = (decorator & ~class_end) | (view.heads == _TEMPLATE)
    decorator |= is_slash & is_hash & (second == ord("["))  # an attribute of Rust or PHP
    decorator |= is_slash & (first == ord("[")) & (view.lasts == ord("]"))
    decorator &= ~view.in_text & ~view.in_comment & (view.lasts != ord(";"))
    decorator |= _closed(view, decorator)
    comment = comment & ~decorator
    level = np.minimum(flat_levels(view, comment, level), _LEVELS)
    after_comment, after_decorator = view.before(comment), view.before(decorator)
    after_lead = after_comment | after_decorator

    previous_indents = np.zeros_like(indents)
    previous_indents[1:] = indents[:-1]
    dedents = view.same_file & (indents < previous_indents)
    closes = _CLOSES.take(first)
    closes |= (first == ord("<")) & (second == ord("/"))  # an end tag, of XML or within a program
    closes |= closing_words(view, dedents, is_slash & is_hash)
    blocks = block_words(view)
    if blocks is not None:
        closes |= blocks[0]
    closes |= class_end
    closes &= ~view.in_text & ~view.in_comment

    goes_on = _GOES_ON.take(view.lasts) & ~is_data
    opens = _OPENS_BODY.take(view.lasts) & ~is_data & ~comment
    unfinished = (
        ((styles == Style.SLASH) | (styles == Style.BLOCK)) & _UNFINISHED.take(view.lasts) & ~is_hash & ~comment
    )
    continued = view.before((goes_on & ~comment) | opens) | (view.before(unfinished) & (indents <= previous_indents))
    continued |= _BEGINS_WITHIN.take(first) & ~is_data
    continued |= continuing_words(view, ~view.after_blank & ~is_data)

    strong = view.after_blank | dedents | view.before(closes)
    costs = 4 * level + np.where(strong, 0, _WEAK)
    eighth = level >> 2  # at most 12
    costs = np.where(after_comment, ATTACHED + eighth, costs)
    costs = np.where(continued & ~view.after_blank & ~after_lead, CONTINUED + eighth, costs)
    if blocks is not None:
        costs = np.where(blocks[1], CONTINUED + eighth, costs)
    costs = np.where(after_decorator, CLOSING - 1, costs)
    costs = np.where(closes, CLOSING + eighth, costs)
    if view.in_text.any():
        within = IN_TEXT + np.minimum(view.own_indents >> 2, 5) + np.where(view.begins_paragraph, 0, 6)
        costs = np.where(view.in_text, within, costs)
    begins = strong | after_lead
    kinds = np.where(level == 0, Boundary.DEFINITION, np.where(begins, Boundary.NESTED, Boundary.LINE))
    kinds[(costs >= CONTINUED) | view.in_comment] = Boundary.LINE
    return costs.astype(np.uint8), kinds.astype(np.uint8)


def _closed(view: LineView, openers: npt.NDArray[np.bool_]) -> npt.NDArray[np.bool_]:
    """Lines that close what one of `openers` opens at its end: the next line not further to the right, if it does so.

    Looked for within `_LONGEST` lines that are not blank.
    """
    found = np.zeros(len(openers), np.bool_)
    opened = np.flatnonzero(openers & _OPENS_BODY.take(view.lasts))
    at = opened.copy()
    for _ in range(_LONGEST):
        at += 1
        going = at < len(found)
        going[going] = view.same_file[at[going]]
        opened, at = opened[going], at[going]
        if not len(opened):
            break
        ends = view.indents[at] <= view.indents[opened]
        found[at[ends & _CLOSES.take(view.first[at])]] = True
        opened, at = opened[~ends], at[~ends]
    return found
