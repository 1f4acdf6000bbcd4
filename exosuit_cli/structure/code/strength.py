"""How good a place each line is to begin a chunk at: from indentation, brackets, blank lines and first characters.

No parser is needed, so any language gets an answer, and every step is an array operation over the lines of a slab. The
rules say what readers of code use without knowing the language: an outer construct begins further to the left; what
follows a blank line or a closing bracket begins something; a comment, a decorator or an attribute belongs to what
follows it; a line that begins with a closing bracket or an end tag, or with a word such as `else`, belongs to what
came before.

What a literal over several lines holds is an atom: see `literal_lines`. The scale of costs is that of `costs`.
"""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from exosuit_cli.languages.literals import FAMILIES, FAMILY_NAMES, Inside, family_of
from exosuit_cli.model.byte_sets import IS_WORD, byte_set
from exosuit_cli.model.dataclass import dataclass
from exosuit_cli.structure.boundary import Boundary
from exosuit_cli.structure.by_language import by_language
from exosuit_cli.structure.code.block_words import (
    block_words,
    closing_words,
    continuing_words,
    depths_of_classes,
    ends_of_classes,
    flat_levels,
    has_classes,
)
from exosuit_cli.structure.code.comment_lines import as_deep_as_code, below_banners
from exosuit_cli.structure.code.decorator_lines import CLOSES, OPENS_BODY, closed_by, further_lines
from exosuit_cli.structure.code.literal_lines import literal_lines
from exosuit_cli.structure.costs import ATTACHED, BLANK, BLANK_IN_COMMENT, CLOSING, CONTINUED, IN_TEXT
from exosuit_cli.structure.documents.borders import elements_of, enter_documents
from exosuit_cli.structure.line_view import BYTE, HEAD_BYTES, LineView, word
from exosuit_cli.structure.styles import OWN_BLOCKS, SLASH_STYLES, Style, style_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from exosuit_cli.model.slab import LineColumns, Slab
    from exosuit_cli.structure.line_view import Word

_LEVELS = np.uint8(49)
_WEAK = np.uint8(2)

_TEMPLATE = word("template")[0]
_USUAL_MARKS = [word(each) for each in ("#", "//", "/*")]

_CLOSES_LAST = byte_set(b"}]);,")
_BRACKETS = byte_set(b"}]")
_GOES_ON = byte_set(b",\\=+-*&|<(")
_BEGINS_WITHIN = byte_set(b".?&|+=<>,:{")
_UNFINISHED = IS_WORD | byte_set(b"*&")
_FIRST = np.stack((CLOSES, _BEGINS_WITHIN), 1) @ np.array([1, 2], np.uint8)
_LAST = np.stack((OPENS_BODY, _GOES_ON, _UNFINISHED), 1) @ np.array([1, 2, 4], np.uint8)
"""uint8[256]: the sets that a byte is in; one look-up of a byte costs as much as many comparisons."""


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
    file_styles = by_language(style_of, languages)
    inked = np.flatnonzero(lines.heads != 0)
    elements = elements_of(slab, lines, file_styles)
    has_rules = OWN_BLOCKS.take(file_styles)
    if elements is not None:
        has_rules[elements.as_code] = False
    own_languages = languages
    if has_rules.any():
        inked = inked[~np.repeat(has_rules, np.diff(lines.files))[inked]]
        own_languages = ["" if own else name for own, name in zip(has_rules.tolist(), languages, strict=True)]
    if len(inked):
        inside = literal_lines(slab, lines, own_languages)
        depths = _sound_depths(lines, inked, _depths_of_code(lines, inside), file_styles)
        have_classes = has_classes(own_languages)
        if have_classes.any():
            depths = depths + depths_of_classes(lines, have_classes)
        view = LineView(lines, inked, file_styles, depths, inside)
        if inside.any():
            costs[(lines.heads == 0) & (inside == Inside.COMMENT)] = BLANK_IN_COMMENT
        costs[inked], kinds[inked] = _code(view, _comments(view, own_languages), have_classes)
    if len(slab):
        enter_documents(slab, lines, languages, file_styles, costs, kinds)
    if elements is not None:
        elements.enter(costs, kinds)
    return LineStrengths(costs, kinds)


def _depths_of_code(lines: LineColumns, inside: npt.NDArray[np.uint8]) -> npt.NDArray[np.int32]:
    """The depths of lines without the brackets of the lines that are wholly within a literal."""
    is_within = inside[:-1] != Inside.CODE
    is_within &= inside[1:] != Inside.CODE
    is_within &= lines.depths[1:] != lines.depths[:-1]
    places = np.flatnonzero(is_within)
    files = np.searchsorted(lines.files, places, "right")
    is_last = places + 1 == lines.files[files]
    places, files = places[~is_last], files[~is_last]
    if not len(places):
        return lines.depths
    steps = lines.depths[places + 1] - lines.depths[places]
    changes = np.zeros(len(inside) + 1, np.int32)
    changes[places + 1] = steps
    np.subtract.at(changes, lines.files[files], steps)
    depths: npt.NDArray[np.int32] = lines.depths - np.cumsum(changes[:-1], dtype=np.int32)
    return depths


def _sound_depths(
    lines: LineColumns,
    inked: npt.NDArray[np.int64],
    depths: npt.NDArray[np.int32],
    styles: npt.NDArray[np.uint8],
) -> npt.NDArray[np.int32]:
    """The depths of the files whose brackets are as many closing as opening; zeros in the others.

    A bracket within a text or a regular expression would else count for the rest of the file. Where directives choose
    among lines, as in C, braces are rarely balanced and labels stand at the left edge: depths stay as they are.
    """
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


@cache
def _comment_marks(family: int) -> list[Word]:
    """The first bytes of comments; of a family without any, those of most languages."""
    literals = FAMILIES[FAMILY_NAMES[family]]
    marks = [each.opens for each in literals if (each.to_end or each.inside == Inside.COMMENT)]
    return [word(mark.decode()) for mark in marks if len(mark) < HEAD_BYTES] if literals else _USUAL_MARKS


def _comments(view: LineView, languages: Sequence[str]) -> npt.NDArray[np.bool_]:
    """The lines that begin with a comment or within one; where the language has no known marks, with a usual one."""
    comment = view.in_comment | view.opens_comment
    families = by_language(family_of, languages)
    of_line = view.of_files(families)
    present = sorted(set(families.tolist()))
    for family in present:
        begins = np.zeros(len(comment), np.bool_)
        for byte in sorted({int(mark[0] & BYTE) for mark in _comment_marks(family)}):
            begins |= view.first == byte
        if len(present) > 1:
            begins &= of_line == family
        places = np.flatnonzero(begins)
        heads = view.heads.take(places)
        found = np.zeros(len(places), np.bool_)
        for text, mask, _ in _comment_marks(family):
            found |= (heads & mask) == text
        comment[places[found]] = True
    return comment


def _code(
    view: LineView, comment: npt.NDArray[np.bool_], have_classes: npt.NDArray[np.bool_]
) -> tuple[npt.NDArray[np.uint8], npt.NDArray[np.uint8]]:
    first, second, indents, lasts = view.first, view.second, view.indents, view.lasts
    is_slash = view.of_files(SLASH_STYLES.take(view.file_styles))
    is_code = view.of_files(view.file_styles != Style.DATA)
    by_semicolon = view.of_files((view.file_styles == Style.SLASH) | (view.file_styles == Style.BLOCK))
    of_first, of_last = _FIRST.take(first), _LAST.take(lasts)
    is_literal = view.in_text | view.in_comment
    level = np.clip(view.depths, 0, _LEVELS).astype(np.uint8)
    level += level
    np.maximum(level, np.minimum(indents, _LEVELS).astype(np.uint8), out=level)
    np.minimum(level, _LEVELS, out=level)

    is_hash = first == ord("#")
    decorator = first == ord("@")
    class_ends = ends_of_classes(view, have_classes)
    decorator[class_ends] = False
    decorator |= view.heads == _TEMPLATE
    decorator |= is_slash & is_hash & (second == ord("["))  # an attribute of Rust or PHP
    decorator |= is_slash & (first == ord("[")) & (lasts == ord("]"))
    decorator &= ~is_literal & (lasts != ord(";"))
    decorator |= further_lines(view, decorator)
    decorator |= closed_by(view, decorator)
    comment = comment & ~decorator
    level = np.minimum(flat_levels(view, comment, level), _LEVELS)
    level, deepened = as_deep_as_code(view, comment, level)
    after_comment, after_decorator = view.before(comment), view.before(decorator)
    after_lead = after_comment | after_decorator

    previous_indents = np.zeros_like(indents)
    previous_indents[1:] = indents[:-1]
    dedents = view.same_file & (indents < previous_indents)
    dedents[deepened] = False
    closes = (of_first & 1).view(np.bool_)
    closes |= (first == ord("<")) & (second == ord("/"))  # an end tag, of XML or within a program
    closes |= closing_words(view, dedents, is_slash & is_hash)
    blocks = block_words(view)
    if blocks is not None:
        closes |= blocks[0]
    closes[class_ends] = True
    closes &= ~is_literal

    opens = (of_last & 1).view(np.bool_)
    goes_on = (of_last & 2) != 0
    unfinished = by_semicolon & ((of_last & 4) != 0) & ~is_hash & ~comment
    unfinished[class_ends] = False
    continued = view.before((goes_on | opens) & is_code & ~comment)
    continued |= view.before(unfinished) & (indents <= previous_indents)
    continued |= ((of_first & 2) != 0) & is_code
    continued |= continuing_words(view, ~view.after_blank & is_code)

    strong = view.after_blank | dedents | view.before(closes)
    costs = level << np.uint8(2)
    costs += (~strong).view(np.uint8) * _WEAK
    eighth = level >> np.uint8(2)  # at most 12
    _enter(costs, after_comment | below_banners(view, comment), eighth + np.uint8(ATTACHED))
    _enter(costs, continued & ~view.after_blank & ~after_lead, eighth + np.uint8(CONTINUED))
    if blocks is not None:
        _enter(costs, blocks[1], eighth + np.uint8(CONTINUED))
    _enter(costs, after_decorator, np.uint8(CLOSING - 1))
    _enter(costs, closes, eighth + np.uint8(CLOSING))
    if view.in_text.any():
        within = np.minimum(view.own_indents >> np.uint16(2), np.uint16(5)).astype(np.uint8)
        within += (~view.begins_paragraph).view(np.uint8) * np.uint8(6)
        _enter(costs, view.in_text, within + np.uint8(IN_TEXT))
    kinds = np.full(len(costs), Boundary.LINE, np.uint8)
    _enter(kinds, strong | after_lead, np.uint8(Boundary.NESTED))
    _enter(kinds, level == 0, np.uint8(Boundary.DEFINITION))
    _enter(kinds, (costs >= CONTINUED) | view.in_comment, np.uint8(Boundary.LINE))
    return costs, kinds


def _enter(
    column: npt.NDArray[np.uint8], rows: npt.NDArray[np.bool_], values: npt.NDArray[np.uint8] | np.uint8
) -> None:
    """Put `values` into those rows of a column: as `np.where`, in a tenth of its time, since nothing branches."""
    changes = column ^ values
    changes &= np.negative(rows.view(np.uint8))
    column ^= changes
