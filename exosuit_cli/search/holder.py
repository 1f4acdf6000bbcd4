"""The definition that a line is in: the smallest one, with its lines, from the texts of its file."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from exosuit_cli.model.dataclass import dataclass
from exosuit_cli.model.lazy import lazy_pattern
from exosuit_cli.search.breadcrumb import lines_of
from exosuit_cli.search.code_lines import code_lines
from exosuit_cli.search.definitions import definitions_in, indentation, is_comment, is_sectioned

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from exosuit_cli.context.reader import ContextReader
    from exosuit_cli.context.records import StoredChunk
    from exosuit_cli.search.definitions import Definition

_CHUNKS_BEFORE: Final = 256
_CHUNKS_AFTER: Final = 64
_MOST_ABOVE: Final = 40
"""Lines of comments and decorators right above a definition that belong to it."""
_ABOVE: Final = lazy_pattern(r"\s*(?:@|#|//|/\*|\*|--|;|\[\w)")
_GOES_ON: Final = lazy_pattern(r"\s*(?:[)\]{]|where\b)")
_CLOSES: Final = lazy_pattern(r"\s*(?:\}|end\b|fi\b|done\b|esac\b)")
_LABEL: Final = lazy_pattern(r"\w+\s*:\s*$")


@dataclass(frozen=True, slots=True)
class Holder:
    """A definition with its lines, `first` to `last` of the file, those above that belong to it included.

    `enclosing` are the definitions that it lies in, the outermost first. `code` are its lines as `code_lines` has them.
    """

    definition: Definition
    enclosing: tuple[Definition, ...]
    first: int
    last: int
    code: tuple[str, ...]

    @property
    def symbol(self) -> str:
        """The names of all that it lies in and its own, as `Class.method`."""
        return ".".join(each.name for each in (*self.enclosing, self.definition))


def holder_of(
    context: ContextReader,
    spans: Sequence[StoredChunk],
    place: int,
    line: int,
    *,
    before: int = _CHUNKS_BEFORE,
    after: int = _CHUNKS_AFTER,
) -> Holder | None:
    """The smallest definition that has a line of the chunk at `place` among the spans of its file; None: it is in none.

    Of a file of many chunks those near are looked at: `before` that one, and `after` it.
    """
    near = spans[max(place - before, 0) : place + after]
    content, reached = b"", near[0].start_byte
    for span, text in zip(near, context.get_many([each.id for each in near]), strict=True):
        if text is None:  # damaged: the lines keep their numbers
            text = b"\n" * (span.end_line - span.start_line)
        content += text[max(reached - span.start_byte, 0) :]
        reached = max(reached, span.end_byte)
    return holder_in(lines_of(content), near[0].start_line, line, spans[place].language)


def holder_in(lines: Sequence[str], first_line: int, line: int, language: str | None) -> Holder | None:
    """The smallest definition that has a line, among lines of which the first is `first_line` of the file."""
    code = code_lines(lines, language)
    around = []
    for each, first, last in extents(lines, code, first_line, language):
        if each.line > line + _MOST_ABOVE:
            break
        if first <= line - first_line <= last:
            around.append((each, first, last))
    if not around:
        return None
    inner, first, last = around[-1]
    outer = tuple(each for each, _, end in around[:-1] if end >= last and each.level < inner.level)
    return Holder(inner, outer, first + first_line, last + first_line, tuple(code[first : last + 1]))


def extents(
    lines: Sequence[str], code: Sequence[str], first_line: int, language: str | None
) -> Iterator[tuple[Definition, int, int]]:
    """Every definition with the places of its first and its last line; `code` is what `code_lines` makes of them."""
    found = [each for each in definitions_in(lines, first_line, language) if code[each.line - first_line].strip()]
    for number, each in enumerate(found):
        at = each.line - first_line
        if is_sectioned(language):
            after = (found[place] for place in range(number + 1, len(found)))
            ends = (other.line for other in after if other.line > each.line and other.level <= each.level)
            end = next(ends, first_line + len(lines)) - first_line - 1
        else:
            end = _end(lines, at, each)
        yield each, _above(lines, at), end


def _above(lines: Sequence[str], at: int) -> int:
    """The first of the comments and decorators right above a line, as deep as it is."""
    level, first = indentation(lines[at]), at
    while first > max(at - _MOST_ABOVE, 0) and _ABOVE.match(lines[first - 1]):
        if indentation(lines[first - 1]) < level or lines[first - 1].lstrip().startswith("#include"):
            break
        first -= 1
    return first


def _end(lines: Sequence[str], at: int, definition: Definition) -> int:
    """The last line of a definition: before the next one that is as far out, or where the indentation goes back."""
    last = at
    for place in range(at + 1, len(lines)):
        text = lines[place]
        if not text.strip():
            continue
        if indentation(text) <= definition.level and not _GOES_ON.match(text):
            if _CLOSES.match(text):
                if not text.rstrip().endswith(("{", "(")):
                    return place
            elif not is_comment(text) and not _LABEL.match(text):
                break
            else:
                continue
        last = place
    return last
