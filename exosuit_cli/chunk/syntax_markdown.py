"""The sections of Markdown, for both kinds of headings."""

from __future__ import annotations

import re
from dataclasses import field
from typing import TYPE_CHECKING, Final

from exosuit_cli.chunk.syntax_grammars import HEADINGS
from exosuit_cli.model.dataclass import dataclass

if TYPE_CHECKING:
    from tree_sitter import Node

_MARKER: Final = re.compile(r"(?:atx|setext)_h([1-6])_")
_DEEPEST: Final = 6


@dataclass(slots=True)
class Section:
    """A heading and what is below it, up to the next heading of its level or above; as a node where a walk looks.

    What is before the first heading is a section without one, and the whole document is another.
    """

    kind_id: int
    level: int
    heading: Node | None = None
    children: list[Node | Section] = field(default_factory=list)

    @property
    def type(self) -> str:
        """That of the grammar's sections."""
        return "section"

    @property
    def has_error(self) -> bool:
        """No: any text is Markdown."""
        return False

    @property
    def start_byte(self) -> int:
        """Where its first block starts."""
        return self.children[0].start_byte if self.children else 0

    @property
    def end_byte(self) -> int:
        """Where its last block ends."""
        return self.children[-1].end_byte if self.children else 0

    @property
    def title(self) -> Node | None:
        """The node of the heading's text."""
        return self.heading.child_by_field_name("heading_content") if self.heading is not None else None


def sections(document: Node, kind_id: int) -> Section:
    """The sections of a document in order, those of lower levels within; `kind_id` is their number in the grammar.

    The grammar's own sections begin at headings with `#` only.
    """
    whole = Section(kind_id, 0)
    opened = [whole]
    blocks = document.children[::-1]
    while blocks:
        block = blocks.pop()
        if block.type == "section":
            blocks += block.children[::-1]
            continue
        is_heading = block.type in HEADINGS
        if is_heading or opened == [whole]:
            level = _level(block) if is_heading else _DEEPEST + 1
            while opened[-1].level >= level:
                opened.pop()
            section = Section(kind_id, level, block if is_heading else None)
            opened[-1].children.append(section)
            opened.append(section)
        opened[-1].children.append(block)
    return whole


def _level(heading: Node) -> int:
    markers = (_MARKER.match(child.type) for child in heading.children)
    return next((int(marker[1]) for marker in markers if marker is not None), _DEEPEST)
