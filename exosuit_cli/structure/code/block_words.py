"""The lines that begin with a word that ends a block or goes on with one: `end`, `else`, `begin`, `is`, `public`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np

from exosuit_cli.model.byte_sets import IS_WORD, byte_set
from exosuit_cli.structure.line_view import BYTE, word
from exosuit_cli.structure.styles import BLOCK_STYLES, Style

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    import numpy.typing as npt

    from exosuit_cli.model.slab import LineColumns
    from exosuit_cli.structure.line_view import LineView, Word

_CASE: Final = np.uint64(0x2020202020202020)
"""Makes small letters of a head's capital ones."""


def _folded(text: str) -> Word:
    """A word in small letters, as it is in a head with `_CASE`."""
    bytes_of, mask, shift = word(text)
    return bytes_of | (_CASE & mask), mask, shift


def _words(text: str) -> list[Word]:
    return [_folded(each) for each in text.split()]


def _beginnings(text: str) -> list[Word]:
    """What lines begin with, between commas; the word may go on."""
    return [(each[0], each[1], np.uint64(0)) for each in map(_folded, text.split(","))]


_CLOSING: Final = _words(
    "else elif elsif elseif except rescue finally ensure catch end fi done esac then begin private "
    "endif enddo endfor endtry endcase endsub endtask"
)
_LONG: Final = _beginnings("excepti,endwhil,endfunc,endmeth,endclas,endmodu,endgene,endprop,endproc,endsele,endswit")
_CONTINUING: Final = _words("is as begin where")
"""What follows the header of a body, in Ada, VHDL, SQL, Haskell and Rust."""
_ENDS: Final = _words("end endif enddo endsub")
_BEGINS: Final = _words("begin is as")
_DECLARES: Final = _words("var const label type uses")
_SECTIONS: Final = [(*each, np.uint8(size)) for each, size in zip(
    [*_words("private public strict"), *_beginnings("protect,publish")], (7, 6, 16, 9, 9), strict=True
)]  # fmt: skip
"""The words that begin a part of a class, and how long the line of one is at most."""
_CLASSES: Final = [word(each) for each in ("@implem", "@interf", "@protoc")]
_END_OF_CLASS: Final = word("@end")
_DIRECTIVES: Final = _words("#else #elif #endif")
_UNITS: Final = [
    *_beginnings("subrout,functio,program,module,interfa,submodu,recursi,element,endsubr,endfunc,endmodu,endprog"),
    *_words("pure type block create alter drop go end"),
]
"""What begins or ends a unit of a program in Fortran and T-SQL."""
_UNIT_ENDS: Final = _beginnings("end sub,end fun,end mod,end pro,end int,end typ,endsubr,endfunc")
_LONE_ENDS: Final = _words("end go")
_ALL_CLOSING: Final = (*_CLOSING, *_LONG)
_TWO_BYTES: Final = np.uint64(0xFFFF)


def _first_pairs(words: Iterable[Word]) -> npt.NDArray[np.bool_]:
    """bool[65536]: the first two bytes of one of these words, in small letters."""
    found = np.zeros(1 << 16, np.bool_)
    found[[int(each[0] & _TWO_BYTES) for each in words]] = True
    return found


_MAY_CLOSE: Final = _first_pairs(_ALL_CLOSING)
_MAY_CONTINUE: Final = _first_pairs(_CONTINUING)
_BEGINS_CONTINUING: Final = byte_set(b"iIaAbBwW")
_MAY_BE_BLOCK: Final = byte_set(b"eEbBiIaAvVcClLtTuUpPsS")
_DEEPER: Final = np.uint8(2)
_LINE_END: Final = 3
"""A colon, and the bytes that end a line."""


def closing_words(
    view: LineView, dedents: npt.NDArray[np.bool_], directives: npt.NDArray[np.bool_]
) -> npt.NDArray[np.bool_]:
    """Lines that begin with a word that ends or goes on with the block before; looked for where there is one."""
    closes = _begins_with(view, dedents, _ALL_CLOSING, _MAY_CLOSE)
    return closes | _begins_with(view, directives, _DIRECTIVES)


def continuing_words(view: LineView, candidates: npt.NDArray[np.bool_]) -> npt.NDArray[np.bool_]:
    """Those of the candidates that go on with a header."""
    return _begins_with(view, candidates & _BEGINS_CONTINUING.take(view.first), _CONTINUING, _MAY_CONTINUE)


def block_words(view: LineView) -> tuple[npt.NDArray[np.bool_], npt.NDArray[np.bool_]] | None:
    """The lines that end a block, and those that go on with a header, in languages whose blocks are words; else None.

    There `end` need not be further to the left than what is before it, `begin` may be after a blank line, and the
    declarations between a header and its `begin` may be at the header's own edge.
    """
    has_blocks = BLOCK_STYLES.take(view.file_styles)
    if not has_blocks.any():
        return None
    rows = view.of_files(has_blocks)
    rows &= _MAY_BE_BLOCK.take(view.first) & ~view.in_text & ~view.in_comment
    ends = _begins_with(view, rows, _ENDS)
    places = np.flatnonzero(rows)
    widths = view.widths(places)
    for *each, size in _SECTIONS:
        is_narrow = np.zeros(len(rows), np.bool_)
        is_narrow[places[widths <= size + _LINE_END]] = True
        ends |= _begins_with(view, is_narrow, [(each[0], each[1], each[2])])
    goes_on = _begins_with(view, rows, _BEGINS)
    return ends, goes_on | _begins_with(view, rows & ~view.after_blank, _DECLARES)


def has_classes(languages: Sequence[str]) -> npt.NDArray[np.bool_]:
    """bool[files]: those whose classes go on until `@end`, as in Objective-C."""
    own = {language for language in set(languages) if language.startswith("Objective-")}
    return np.array([language in own for language in languages] if own else np.zeros(len(languages)), np.bool_)


def ends_of_classes(view: LineView, has_end: npt.NDArray[np.bool_]) -> npt.NDArray[np.int64]:
    """The lines that end a class, in the files that `has_end`, bool[files], is true for."""
    if not has_end.any():
        return np.zeros(0, np.int64)
    text, mask, shift = _END_OF_CLASS
    is_end = ((view.heads & mask) == text) & view.of_files(has_end)
    rows = np.flatnonzero(is_end)
    after = ((view.heads[rows] >> shift) & BYTE).astype(np.uint8)
    found: npt.NDArray[np.int64] = rows[~IS_WORD.take(after)]
    return found


def depths_of_classes(lines: LineColumns, is_own: npt.NDArray[np.bool_]) -> npt.NDArray[np.int32]:
    """int32[lines]: 1 within a class of Objective-C, whose methods are as far to the left as itself; else 0.

    `is_own`, bool[files], is that of `has_classes`.
    """
    begins = np.zeros(len(lines.heads), np.bool_)
    for text, mask, _ in _CLASSES:
        begins |= (lines.heads & mask) == text
    begins &= (lines.lasts != ord(";")) & np.repeat(is_own, np.diff(lines.files))
    places = np.flatnonzero(begins)
    ends = np.flatnonzero((lines.heads & _END_OF_CLASS[1]) == _END_OF_CLASS[0])
    found = np.zeros(len(begins), np.int32)
    if len(places) and len(ends):
        at = np.searchsorted(ends, places)
        stops = ends[np.minimum(at, len(ends) - 1)]
        files = np.searchsorted(lines.files, places, "right")
        is_whole = (at < len(ends)) & (np.searchsorted(lines.files, stops, "right") == files)
        steps = np.zeros(len(begins) + 1, np.int32)
        np.add.at(steps, places[is_whole] + 1, 1)
        np.subtract.at(steps, stops[is_whole], 1)
        found = np.minimum(np.cumsum(steps[:-1]), 1).astype(np.int32)
    return found


def flat_levels(view: LineView, comment: npt.NDArray[np.bool_], level: npt.NDArray[np.uint8]) -> npt.NDArray[np.uint8]:
    """The levels of the lines, where a body may be as far to the left as its header: deeper but for what begins a unit.

    What follows the end of a unit begins one too, and a comment is as the line after it: its column says nothing.
    """
    is_flat = view.file_styles == Style.BLOCK_OPEN
    if not is_flat.any():
        return level
    rows = view.of_files(is_flat)
    places = np.flatnonzero(rows & ~comment & ~view.in_text)
    if not len(places):
        return level
    code = np.zeros(len(rows), np.bool_)
    code[places] = True
    ends = _begins_with(view, code, _UNIT_ENDS)
    is_narrow = np.zeros(len(rows), np.bool_)
    is_narrow[places[view.widths(places) <= _LINE_END + 3]] = True
    ends |= _begins_with(view, is_narrow, _LONE_ENDS)
    units = _begins_with(view, code, _UNITS)
    files = np.cumsum(~view.same_file)
    units[places[1:]] |= ends[places[:-1]] | (files[places[1:]] != files[places[:-1]])
    units[places[:1]] = True
    following = places[np.minimum(np.searchsorted(places, np.arange(len(rows))), len(places) - 1)]
    following = np.where(rows & (files[following] == files), following, np.arange(len(rows)))
    found: npt.NDArray[np.uint8] = level[following] + _DEEPER * (rows & ~units[following]).view(np.uint8)
    return found


def _begins_with(
    view: LineView,
    candidates: npt.NDArray[np.bool_],
    words: Iterable[Word],
    pairs: npt.NDArray[np.bool_] | None = None,
) -> npt.NDArray[np.bool_]:
    """Those of the candidates that begin with one of the words, whatever the case; beginnings are a shift of 0.

    `pairs` are the `_first_pairs` of the words, where most of the candidates are others.
    """
    begins = np.zeros(len(view.first), np.bool_)
    places = np.flatnonzero(candidates)
    heads = view.heads.take(places)
    folded = heads | _CASE
    if pairs is not None:
        rows = np.flatnonzero(pairs.take((folded & _TWO_BYTES).view(np.int64)))
        places, heads, folded = places[rows], heads[rows], folded[rows]
    if not len(places):
        return begins
    found = np.zeros(len(places), np.bool_)
    for text, mask, shift in words:
        is_word = (folded & mask) == text
        if shift:
            is_word &= ~IS_WORD[((heads >> shift) & BYTE).astype(np.uint8)]
        found |= is_word
    begins[places] = found
    return begins
