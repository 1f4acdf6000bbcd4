"""The blocks of one text: redacted, stripped, protected, put into a form, and counted exactly."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from exosuit_cli.model.dataclass import dataclass
from exosuit_cli.pack.detail import Detail
from exosuit_cli.pack.forms import FORMS, Piece
from exosuit_cli.pack.seams import Seams, seams_of
from exosuit_cli.tokens.text import to_utf8

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

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


class Draft(NamedTuple):
    """A block that is not counted yet."""

    detail: Detail
    text: bytes
    lines: tuple[int, int] | None
    seams: Seams


class BlockMaker:
    """Makes the blocks that a plan asks for: drafts first, so that those of many texts are counted at once."""

    def __init__(self, plan: PackPlan, counter: TokenCounter) -> None:
        self._plan = plan
        self._counter = counter
        self._form = FORMS[plan.form]

    def drafts(self, path: bytes, language: str, data: bytes, tokens: int) -> tuple[list[Draft], Remarks]:
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
        known = tokens if text is whole else None
        found: list[Draft] = []
        protected = 0
        for detail in plan.details:
            for draft, places in self._of_detail(detail, path, language, text, known):
                found.append(draft)
                protected += places
        return found, Remarks(secrets, protected, stripped)

    def counted(self, drafts: Sequence[Draft]) -> list[PackBlock]:
        """The blocks, counted: the counter is asked once."""
        counts = self._counter.count_batch([text for draft in drafts for text in draft.seams.texts])
        blocks = []
        at = 0
        for draft in drafts:
            after = at + len(draft.seams.texts)
            tokens = draft.seams.tokens(counts[at:after])
            blocks.append(PackBlock(draft.detail, tokens, draft.text, draft.lines))
            at = after
        return blocks

    def _of_detail(
        self, detail: Detail, path: bytes, language: str, text: bytes, tokens: int | None
    ) -> Iterator[tuple[Draft, int]]:
        if detail is Detail.FULL:
            shown = numbered(text) if self._plan.line_numbers else text
            draft, places = self._draft(Piece(path, language, detail), shown, tokens if shown is text else None)
            if not self._plan.split or self.counted([draft])[0].tokens <= self._plan.split:
                yield draft, places
                return
            yield from self._pieces(path, language, text)
            return
        from exosuit_cli.pack.outline import outline, signatures

        shortened = signatures(text, language) if detail is Detail.SIGNATURES else None
        if shortened is None:
            detail, shortened = Detail.OUTLINE, outline(text, language)
        if shortened is not None:
            yield self._draft(Piece(path, language, detail), shortened, None)

    def _pieces(self, path: bytes, language: str, text: bytes) -> Iterator[tuple[Draft, int]]:
        """A text in pieces that end where chunks do, each with fewer tokens than a part has."""
        from exosuit_cli.pack.pieces import pieces

        def made(part: bytes, lines: tuple[int, int]) -> tuple[Draft, int]:
            shown = numbered(part, lines[0]) if self._plan.line_numbers else part
            return self._draft(Piece(path, language, Detail.FULL, lines), shown, None)

        yield from pieces(text, language, self._counter, self._plan.split, made, self.counted)

    def _draft(self, piece: Piece, text: bytes, tokens: int | None) -> tuple[Draft, int]:
        form = self._form
        shown, places = form.protected(text)
        before, after = form.around(piece, shown)
        seams = seams_of(before, shown, after, tokens if shown is text else None)
        whole = b"".join((before, shown, after)) if self._plan.has_text else b""
        return Draft(piece.detail, whole, piece.lines, seams), places


def numbered(text: bytes, first: int = 1) -> bytes:
    """The text with the number of each line before it, `first` for the first."""
    lines = text.split(b"\n")
    last = lines.pop()
    shown = [b"%d\t%s\n" % (number, line) for number, line in enumerate(lines, first)]
    if last:
        shown.append(b"%d\t%s" % (first + len(lines), last))
    return b"".join(shown)
