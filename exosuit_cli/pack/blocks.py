"""The blocks of one text: redacted, stripped, protected, put into a form, and counted exactly."""

from __future__ import annotations

from typing import TYPE_CHECKING

from exosuit_cli.model.dataclass import dataclass
from exosuit_cli.pack.detail import Detail
from exosuit_cli.pack.forms import FORMS, Piece
from exosuit_cli.pack.seams import tokens_between
from exosuit_cli.tokens.text import to_utf8

if TYPE_CHECKING:
    from collections.abc import Iterator

    from exosuit_cli.model.protocols import TokenCounter
    from exosuit_cli.pack.work import PackPlan


@dataclass(frozen=True, slots=True)
class Secret:
    """A secret that was found: the line, from 1, and what it is."""

    line: int
    kind: str


@dataclass(frozen=True, slots=True)
class Remarks:
    """What there is to say of one file.

    protected: how many places were changed so that they pass for text. stripped: bytes that `strip` left out.
    """

    secrets: tuple[Secret, ...] = ()
    protected: int = 0
    stripped: int = 0

    def __bool__(self) -> bool:
        return bool(self.secrets or self.protected or self.stripped)


@dataclass(frozen=True, slots=True)
class PackBlock:
    """A block without its opening. `text` is empty where it was only counted; `lines` are those of a piece."""

    detail: Detail
    tokens: int
    text: bytes
    lines: tuple[int, int] | None = None


class BlockMaker:
    """Makes the blocks that a plan asks for."""

    def __init__(self, plan: PackPlan, counter: TokenCounter) -> None:
        self._plan = plan
        self._counter = counter
        self._form = FORMS[plan.form]

    def blocks(self, path: bytes, language: str, data: bytes, tokens: int) -> tuple[list[PackBlock], Remarks]:
        """The blocks of a text of so many tokens, and what there is to say of it."""
        plan = self._plan
        if plan.details == (Detail.PATH,):
            return [], Remarks()
        text = to_utf8(data)
        whole = text
        secrets: tuple[Secret, ...] = ()
        if plan.secrets != "ignore":
            from exosuit_cli.pack.secrets import redacted

            text, secrets = redacted(text, path)
        stripped = 0
        if plan.strip:
            from exosuit_cli.pack.strip import strip

            before = len(text)
            text = strip(text, plan.strip)
            stripped = before - len(text)
        if text is not whole:
            tokens = self._counter.count(text)
        found: list[PackBlock] = []
        protected = 0
        for detail in plan.details:
            for block, places in self._of_detail(detail, path, language, text, tokens):
                found.append(block)
                protected += places
        return found, Remarks(secrets, protected, stripped)

    def _of_detail(
        self, detail: Detail, path: bytes, language: str, text: bytes, tokens: int
    ) -> Iterator[tuple[PackBlock, int]]:
        if detail is Detail.FULL:
            shown = numbered(text) if self._plan.line_numbers else text
            block, places = self._block(Piece(path, language, detail), shown, tokens if shown is text else None)
            if not self._plan.split or block.tokens <= self._plan.split:
                yield block, places
                return
            yield from self._pieces(path, language, text)
            return
        from exosuit_cli.pack.outline import outline, signatures

        shortened = signatures(text, language) if detail is Detail.SIGNATURES else None
        if shortened is None:
            detail, shortened = Detail.OUTLINE, outline(text, language)
        if shortened is not None:
            yield self._block(Piece(path, language, detail), shortened, None)

    def _pieces(self, path: bytes, language: str, text: bytes) -> Iterator[tuple[PackBlock, int]]:
        """A text in pieces that end where chunks do, each with fewer tokens than a part has."""
        from exosuit_cli.pack.pieces import pieces

        def made(part: bytes, lines: tuple[int, int]) -> tuple[PackBlock, int]:
            shown = numbered(part, lines[0]) if self._plan.line_numbers else part
            return self._block(Piece(path, language, Detail.FULL, lines), shown, None)

        yield from pieces(text, language, self._counter, self._plan.split, made)

    def _block(self, piece: Piece, text: bytes, tokens: int | None) -> tuple[PackBlock, int]:
        form = self._form
        shown, places = form.protected(text)
        before, after = form.around(piece, shown)
        if tokens is None or shown is not text:
            tokens = self._counter.count(shown)
        total = tokens_between(self._counter, before, shown, after, tokens)
        whole = b"".join((before, shown, after)) if self._plan.has_text else b""
        return PackBlock(piece.detail, total, whole, piece.lines), places


def numbered(text: bytes, first: int = 1) -> bytes:
    """The text with the number of each line before it, `first` for the first."""
    lines = text.split(b"\n")
    last = lines.pop()
    shown = [b"%d\t%s\n" % (number, line) for number, line in enumerate(lines, first)]
    if last:
        shown.append(b"%d\t%s" % (first + len(lines), last))
    return b"".join(shown)
