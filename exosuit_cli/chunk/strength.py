"""How good a place each line is to begin a chunk at: from indentation, brackets, blank lines and first characters.

No parser is needed, so any language gets an answer, and every step is an array operation over the lines of a slab. The
rules say what readers of code use without knowing the language: an outer construct begins further to the left; what
follows a blank line or a closing bracket begins something; a comment, a decorator or an attribute belongs to what
follows it; a line that begins with a closing bracket, or with a word such as `else`, belongs to what came before.

Costs, uint8, the lower the better:

    0 to 199     4 * level + weakness; level is the indentation in columns, or twice the bracket depth if that is more
                 (a label at the left edge within braces is no outer construct), at most 49
    ATTACHED     and the 12 above, by level: a line that belongs to the comment right before it
    CONTINUED    and up: within a statement, or right after a line that opens a block; and last of these, right after a
                 decorator or an attribute
    CLOSING      and up: a closing bracket or word
    BLANK        a line without anything
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from exosuit_cli.chunk.records import Boundary
from exosuit_cli.chunk.styles import SLASH_STYLES, Style, style_of
from exosuit_cli.model.dataclass import dataclass

if TYPE_CHECKING:
    from collections.abc import Sequence

    from exosuit_cli.model.slab import LineColumns

ATTACHED, CONTINUED, CLOSING, BLANK = 200, 213, 226, 252
_LEVELS = 49
_WEAK = 2
_PARAGRAPH, _PROSE = 48, 160
_HEAD_BYTES = 8
_LONGEST = 100
"""Lines of the longest decorator that is seen as one."""
_ONES = np.uint64(0x0101010101010101)
_BYTE = np.uint64(0xFF)


def _word(text: str) -> tuple[np.uint64, np.uint64, np.uint64]:
    """The first bytes of a head that hold a word, their mask, and how far to shift for the byte after it."""
    return (
        np.uint64(int.from_bytes(text.encode(), "little")),
        np.uint64((1 << 8 * len(text)) - 1),
        np.uint64(8 * len(text)),
    )


_CLOSING_WORDS = [
    *map(_word, ("else", "elif", "elsif", "elseif", "except", "rescue", "finally", "ensure", "catch")),
    *map(_word, ("end", "fi", "done", "esac", "endif", "then")),
]
_DIRECTIVES = [_word(word) for word in ("#else", "#elif", "#endif")]
_TEMPLATE = _word("template")[0]
_IS_WORD_BYTE = np.zeros(256, np.bool_)
_IS_WORD_BYTE[[*range(48, 58), *range(65, 91), *range(97, 123), ord("_")]] = True


def _set(characters: bytes) -> npt.NDArray[np.bool_]:
    table = np.zeros(256, np.bool_)
    table[list(characters)] = True
    return table


_CLOSES = _set(b"}])")
_CLOSES_LAST = _set(b"}]);,")
_BRACKETS = _set(b"}]")
_OPENS_BODY = _set(b"{([:")
_GOES_ON = _set(b",\\=+-*&|<(")
_BEGINS_WITHIN = _set(b".?&|+=<>,:{")
_UNFINISHED = _IS_WORD_BYTE | _set(b"*&")
_UNDERLINES = _set(b"=-~^\"'*+#`.:_")
_MAY_CLOSE = _set(b"erfcdt")


@dataclass(frozen=True, slots=True)
class LineStrengths:
    """Aligned with the lines of a slab: costs, uint8[m]; kinds, uint8[m] of `Boundary`."""

    costs: npt.NDArray[np.uint8]
    kinds: npt.NDArray[np.uint8]


def plain_strengths(lines: LineColumns) -> LineStrengths:
    """Every line as good as any other."""
    count = len(lines.indents)
    return LineStrengths(np.zeros(count, np.uint8), np.full(count, Boundary.LINE, np.uint8))


def line_strengths(lines: LineColumns, languages: Sequence[str]) -> LineStrengths:
    """The costs of a cut before each line, and what begins there; `languages` names that of each file of the slab.

    Every file is judged alone: the result does not depend on the others in the slab.
    """
    count = len(lines.indents)
    costs = np.full(count, BLANK, np.uint8)
    kinds = np.full(count, Boundary.LINE, np.uint8)
    inked = np.flatnonzero(lines.heads)
    if len(inked):
        file_styles = np.array([style_of(language) for language in languages], np.uint8)
        styles = np.repeat(file_styles, np.diff(lines.files))[inked]
        depths = _sound_depths(lines, file_styles)
        view = _View(lines, inked, styles, depths)
        costs[inked], kinds[inked] = _code(view)
        for style, rules in ((Style.MARKDOWN, _markdown), (Style.RESTRUCTURED, _restructured)):
            if (file_styles == style).any():
                chosen = np.flatnonzero(styles == style)
                costs[inked[chosen]], kinds[inked[chosen]] = rules(_View(lines, inked[chosen], styles[chosen], depths))
    return LineStrengths(costs, kinds)


class _View:
    """The lines that are not blank, and what comes right before each of them."""

    def __init__(
        self,
        lines: LineColumns,
        inked: npt.NDArray[np.int64],
        styles: npt.NDArray[np.uint8],
        depths: npt.NDArray[np.int32],
    ) -> None:
        self.styles = styles
        self.heads = lines.heads.take(inked)
        self.first = (self.heads & _BYTE).astype(np.uint8)
        self.indents = lines.indents.take(inked).astype(np.int32)
        self.depths = depths.take(inked)
        self.lasts = lines.lasts.take(inked)
        self.widths = lines.starts.take(inked + 1) - lines.inks.take(inked)
        # The first line of a file begins something, as one after a blank line does.
        begins_file = np.zeros(len(lines.indents) + 1, np.bool_)
        begins_file[lines.files] = True
        self.after_blank = np.ones(len(inked), np.bool_)
        self.after_blank[1:] = inked[1:] != inked[:-1] + 1
        self.after_blank |= begins_file.take(inked)
        file_of = np.cumsum(begins_file)[inked]
        self.same_file = np.zeros(len(inked), np.bool_)
        self.same_file[1:] = file_of[1:] == file_of[:-1]

    def before(self, values: npt.NDArray[np.bool_]) -> npt.NDArray[np.bool_]:
        """The value of the line right before, where that is not blank."""
        shifted = np.zeros(len(values), np.bool_)
        shifted[1:] = values[:-1]
        shifted &= ~self.after_blank
        return shifted

    def starts_with(self, word: tuple[np.uint64, np.uint64, np.uint64]) -> npt.NDArray[np.bool_]:
        found: npt.NDArray[np.bool_] = (self.heads & word[1]) == word[0]
        return found


def _sound_depths(lines: LineColumns, styles: npt.NDArray[np.uint8]) -> npt.NDArray[np.int32]:
    """The depths of the files whose brackets are as many closing as opening; zeros in the others.

    A bracket within a text or a regular expression would else count for the rest of the file. Where directives choose
    among lines, as in C, braces are rarely balanced and labels stand at the left edge: depths stay as they are.
    """
    inked = np.flatnonzero(lines.heads)
    if not len(inked):
        return lines.depths
    # The last line with ink of each file that has one: what it closes at its start is no longer in its depth.
    last = np.searchsorted(inked, lines.files[1:]) - 1
    has_ink = (last >= 0) & (inked[np.maximum(last, 0)] >= lines.files[:-1])
    ends = inked[np.maximum(last, 0)]
    left = lines.depths[ends].copy()
    heads = lines.heads[ends]
    is_leading = np.ones(len(ends), np.bool_)
    for place in range(_HEAD_BYTES):
        byte = ((heads >> np.uint64(8 * place)) & _BYTE).astype(np.uint8)
        is_leading &= _CLOSES_LAST.take(byte)
        left -= is_leading & _BRACKETS.take(byte)
    is_sound = (left == 0) | ~has_ink | (styles == Style.SLASH)
    if is_sound.all():
        return lines.depths
    return np.where(np.repeat(is_sound, np.diff(lines.files)), lines.depths, 0).astype(np.int32)


def _code(view: _View) -> tuple[npt.NDArray[np.uint8], npt.NDArray[np.uint8]]:
    first, indents, styles = view.first, view.indents, view.styles
    is_slash = SLASH_STYLES.take(styles)
    is_data = styles == Style.DATA
    level = np.minimum(np.maximum(indents, 2 * view.depths), _LEVELS)

    second = ((view.heads >> np.uint64(8)) & _BYTE).astype(np.uint8)
    is_hash = first == ord("#")
    comment = (first == ord("/")) & ((second == ord("/")) | (second == ord("*")))
    comment |= is_slash & (first == ord("*"))
    comment |= is_hash & ~is_slash
    comment |= (styles == Style.DASH) & (first == ord("-")) & (second == ord("-"))
    comment |= (styles == Style.SEMICOLON) & (first == ord(";"))
    comment |= (styles == Style.PERCENT) & (first == ord("%"))
    decorator = (first == ord("@")) | (view.heads == _TEMPLATE)
    decorator |= is_slash & is_hash & (second == ord("["))  # an attribute of Rust or PHP
    decorator |= is_slash & (first == ord("[")) & (view.lasts == ord("]"))
    decorator |= _closed(view, decorator)
    after_comment, after_decorator = view.before(comment), view.before(decorator)
    after_lead = after_comment | after_decorator

    previous_indents = np.zeros_like(indents)
    previous_indents[1:] = indents[:-1]
    dedents = view.same_file & (indents < previous_indents)
    closes = _CLOSES.take(first)
    closes |= _closing_words(view, dedents, is_slash & is_hash)

    goes_on = _GOES_ON.take(view.lasts) & ~is_data
    opens = _OPENS_BODY.take(view.lasts) & ~is_data & ~comment
    unfinished = (styles == Style.SLASH) & _UNFINISHED.take(view.lasts) & ~is_hash & ~comment
    continued = view.before((goes_on & ~comment) | opens) | (view.before(unfinished) & (indents <= previous_indents))
    continued |= _BEGINS_WITHIN.take(first) & ~is_data

    strong = view.after_blank | dedents | view.before(closes)
    costs = 4 * level + np.where(strong, 0, _WEAK)
    eighth = level >> 2  # at most 12
    costs = np.where(after_comment, ATTACHED + eighth, costs)
    costs = np.where(continued & ~view.after_blank & ~after_lead, CONTINUED + eighth, costs)
    costs = np.where(after_decorator, CLOSING - 1, costs)
    costs = np.where(closes, CLOSING + eighth, costs)
    begins = strong | after_lead
    kinds = np.where(level == 0, Boundary.DEFINITION, np.where(begins, Boundary.NESTED, Boundary.LINE))
    kinds[costs >= CONTINUED] = Boundary.LINE
    return costs.astype(np.uint8), kinds.astype(np.uint8)


def _closed(view: _View, openers: npt.NDArray[np.bool_]) -> npt.NDArray[np.bool_]:
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


def _closing_words(
    view: _View, dedents: npt.NDArray[np.bool_], directives: npt.NDArray[np.bool_]
) -> npt.NDArray[np.bool_]:
    """Lines that begin with a word that ends or goes on with the block before; looked for where there is one."""
    closes = np.zeros(len(view.first), np.bool_)
    for candidates, words in ((dedents & _MAY_CLOSE.take(view.first), _CLOSING_WORDS), (directives, _DIRECTIVES)):
        places = np.flatnonzero(candidates)
        heads = view.heads[places]
        found = np.zeros(len(places), np.bool_)
        for word, mask, shift in words:
            found |= ((heads & mask) == word) & ~_IS_WORD_BYTE[((heads >> shift) & _BYTE).astype(np.uint8)]
        closes[places] = found
    return closes


def _markdown(view: _View) -> tuple[npt.NDArray[np.uint8], npt.NDArray[np.uint8]]:
    """CommonMark: ATX headings by level, then what follows a blank line, never within a fenced block of code."""
    fences = [view.starts_with(_word(mark)) for mark in ("```", "~~~")]
    fence = fences[0] | fences[1]
    file_start = ~view.same_file
    file_of = np.cumsum(file_start) - 1
    marks = np.cumsum(fence)
    fenced = ((marks - (marks - fence)[file_start][file_of]) % 2 == 1) & ~fence
    closing_fence = fence & ((marks - (marks - fence)[file_start][file_of]) % 2 == 0)
    underlined = np.zeros(len(fence), np.bool_)
    underlined[:-1] = _underline(view, b"=-")[1:] & ~view.after_blank[1:]
    hashes = np.zeros(len(fence), np.int32)
    for depth in range(6, 0, -1):
        mark = np.uint64(int.from_bytes(b"#" * depth + b" ", "little"))
        mask = np.uint64((1 << 8 * (depth + 1)) - 1)
        hashes[(view.heads & mask) == mark] = depth
    hashes[underlined & (hashes == 0) & view.after_blank] = 2
    heading = (hashes > 0) & ~fenced & (view.indents < 4)
    costs = np.where(view.after_blank, _PARAGRAPH + np.minimum(view.indents, 16), _PROSE)
    costs = np.where(fenced | closing_fence, CONTINUED, costs)
    costs = np.where(heading, 4 * (hashes - 1), costs)
    kinds = np.where(heading, Boundary.SECTION, np.where(view.after_blank, Boundary.NESTED, Boundary.LINE))
    kinds[fenced | closing_fence] = Boundary.LINE
    return costs.astype(np.uint8), kinds.astype(np.uint8)


def _restructured(view: _View) -> tuple[npt.NDArray[np.uint8], npt.NDArray[np.uint8]]:
    """Titles of docutils' reStructuredText: a line of text over a line of punctuation, perhaps under one as well."""
    ruler = _underline(view, None) & (view.indents == 0)
    attached = ~view.after_blank
    title = np.zeros(len(ruler), np.bool_)
    title[:-1] = ruler[1:] & attached[1:] & ~ruler[:-1]
    under_ruler = view.before(ruler)
    overline = np.zeros(len(ruler), np.bool_)
    overline[:-1] = ruler[:-1] & title[1:] & attached[1:] & view.after_blank[:-1]
    rank = np.full(256, 3)
    for place, mark in enumerate(b"=-~"):
        rank[mark] = place
    marks = np.zeros(len(ruler), np.uint8)
    marks[:-1] = view.first[1:]
    marks[overline] = view.first[overline]
    section = overline | (title & ~(under_ruler & view.before(overline)))
    level = rank[marks] + np.where(overline, 0, 1)
    costs = np.where(view.after_blank, _PARAGRAPH + np.minimum(view.indents, 16), _PROSE)
    costs = np.where((ruler | title) & ~section, CLOSING, costs)
    costs = np.where(section, 4 * level, costs)
    kinds = np.where(section, Boundary.SECTION, np.where(view.after_blank, Boundary.NESTED, Boundary.LINE))
    return costs.astype(np.uint8), kinds.astype(np.uint8)


def _underline(view: _View, marks: bytes | None) -> npt.NDArray[np.bool_]:
    """Lines of three or more of one punctuation character, judged by their first eight bytes."""
    known = _UNDERLINES if marks is None else _set(marks)
    shown = np.clip(view.widths - 1, 0, _HEAD_BYTES).astype(np.uint64)
    mask = np.where(shown == _HEAD_BYTES, ~np.uint64(0), (np.uint64(1) << (shown * np.uint64(8))) - np.uint64(1))
    repeated = view.first.astype(np.uint64) * _ONES
    is_same: npt.NDArray[np.bool_] = ((view.heads ^ repeated) & mask) == 0
    is_same &= known[view.first] & (view.widths > 3) & (view.lasts == view.first)
    return is_same
