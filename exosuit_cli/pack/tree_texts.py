"""Texts of a tree as a pack of changes shows them: read through no link, secrets replaced, with their definitions."""

from __future__ import annotations

from bisect import bisect_right
from functools import cached_property
from typing import TYPE_CHECKING, Final

from exosuit_cli.context.records import StoredFile
from exosuit_cli.history import TreeTexts
from exosuit_cli.languages import LANGUAGES, claim_of_name, language_of
from exosuit_cli.model.slab import TEXT_PROBE_BYTES
from exosuit_cli.pack.source_text import SourceText, line_starts
from exosuit_cli.search.breadcrumb import lines_of
from exosuit_cli.search.code_lines import code_lines
from exosuit_cli.search.holder import extents
from exosuit_cli.tokens.text import to_utf8

if TYPE_CHECKING:
    from exosuit_cli.pack.blocks import Secret
    from exosuit_cli.search.definitions import Definition

LARGEST: Final = 4 << 20
"""Bytes of the largest text that is read."""


class TreeText:
    """The text of a file, with the lines of code and the definitions in it."""

    def __init__(self, source: SourceText) -> None:
        self.source = source

    @cached_property
    def code(self) -> list[str]:
        """Its lines, without comments, strings and imports."""
        return code_lines(self.source.line_texts, self.source.file.language)

    @cached_property
    def extents(self) -> list[tuple[Definition, int, int]]:
        """Every definition with its first and its last line, from 1."""
        found = extents(self.source.line_texts, self.code, 1, self.source.file.language)
        return [(each, first + 1, last + 1) for each, first, last in found]

    def around(self, line: int) -> list[tuple[Definition, int, int]]:
        """The definitions that a line lies in, the outermost first."""
        bounds, around = self._by_line
        place = bisect_right(bounds, line) - 1
        return around[place] if place >= 0 else []

    def first_after(self, line: int) -> int | None:
        """The line where the next definition begins that begins after a line."""
        place = bisect_right(self._sorted, line, key=_begins)
        return self._sorted[place][1] if place < len(self._sorted) else None

    def has_others(self, begins: int, ends: int) -> bool:
        """Whether a definition begins after the first of these lines and ends before or in the last."""
        for place in range(bisect_right(self._sorted, begins, key=_begins), len(self._sorted)):
            _, first, last = self._sorted[place]
            if last <= ends:
                return True
            if first > ends:
                return False
        return False

    @cached_property
    def _sorted(self) -> list[tuple[Definition, int, int]]:
        """The definitions in the order in which they begin, with what is above them."""
        return sorted(self.extents, key=_begins)

    @cached_property
    def _by_line(self) -> tuple[list[int], list[list[tuple[Definition, int, int]]]]:
        """The lines from which on other definitions are around, and those definitions, the outermost first."""
        begun: dict[int, list[int]] = {}
        ended: dict[int, list[int]] = {}
        for number, (_, first, last) in enumerate(self.extents):
            begun.setdefault(first, []).append(number)
            ended.setdefault(last + 1, []).append(number)
        bounds = sorted(begun.keys() | ended.keys())
        inside: set[int] = set()
        around = []
        for line in bounds:
            inside.update(begun.get(line, ()))
            inside.difference_update(ended.get(line, ()))
            found = [self.extents[number] for number in sorted(inside)]
            around.append([each for each in found[:-1] if each[0].level < found[-1][0].level] + found[-1:])
        return bounds, around


class ChangedTree:
    """Reads files of a tree by their paths, each once; close it. With `redacts`, secrets are replaced."""

    def __init__(self, base: bytes, *, redacts: bool) -> None:
        self._texts = TreeTexts(base)
        self._redacts = redacts
        self._known: dict[bytes, TreeText | None] = {}

    def close(self) -> None:
        """Let go of the tree."""
        self._texts.close()

    def raw(self, path: bytes, largest: int) -> bytes | None:
        """The bytes of a file; None for one that is larger, or cannot be read."""
        return self._texts.text(path, largest)

    def of(self, path: bytes) -> TreeText | None:
        """The text of a file; None for one that is binary, too large or gone."""
        if path not in self._known:
            data = self.raw(path, LARGEST)
            number = len(self._known)
            self._known[path] = None if data is None or b"\0" in data else self._made(path, data, number)
        return self._known[path]

    def _made(self, path: bytes, data: bytes, number: int) -> TreeText:
        text = to_utf8(data)
        language = language_at(path, text)
        secrets: tuple[Secret, ...] = ()
        if self._redacts:
            from exosuit_cli.pack.secrets import redacted

            text, secrets = redacted(text, path)
        starts = line_starts(text)
        file = StoredFile(number, 0, path, b"", len(data), len(starts) - 1, None, language or None, 0, 0, None)
        return TreeText(SourceText(file, path, text, starts, tuple(lines_of(text)), (), (), secrets))


def _begins(extent: tuple[Definition, int, int]) -> int:
    return extent[1]


def language_at(path: bytes, text: bytes) -> str:
    """The language of a text by its name and its beginning; empty where it is not known."""
    head = text[:TEXT_PROBE_BYTES]
    return LANGUAGES[language_of(claim_of_name(path.rpartition(b"/")[2]), head, is_whole=len(text) <= len(head))]
