"""The sections of Markdown, for both kinds of headings, and what belongs together in them."""

from __future__ import annotations

import re
from dataclasses import field
from typing import TYPE_CHECKING, Final

import numpy as np

from exosuit_cli.model.dataclass import dataclass
from exosuit_cli.structure.boundary import Boundary
from exosuit_cli.structure.costs import BLANK, CLOSING
from exosuit_cli.structure.documents.headings import LABEL
from exosuit_cli.structure.documents.prose_costs import HEADED, INTRODUCED
from exosuit_cli.syntax.grammars import HEADINGS

if TYPE_CHECKING:
    from tree_sitter import Node

    from exosuit_cli.structure.code.strength import LineStrengths

_MARKER: Final = re.compile(r"(?:atx|setext)_h([1-6])_")
_DEEPEST: Final = 6
_LONGEST_LABEL: Final = 300
_MOST_LABELS: Final = 8
"""Lines of labels above a heading."""


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


def sections(document: Node, kind_id: int, data: bytes) -> Section:
    """The sections of a document in order, those of lower levels within; `kind_id` is their number in the grammar.

    The grammar's own sections begin at headings with `#` only, and without the labels right above.
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
            labels: list[Node | Section] = []
            before = opened[-1].children
            while is_heading and before and _is_label(before[-1], data):
                labels.insert(0, before.pop())
            while opened[-1].level >= level:
                opened.pop()
            section = Section(kind_id, level, block if is_heading else None)
            opened[-1].children.append(section)
            opened.append(section)
            section.children += labels
        opened[-1].children.append(block)
    return whole


def _is_label(block: Node | Section, data: bytes) -> bool:
    """Whether a block is one line that names what follows it."""
    start, end = block.start_byte, block.end_byte
    return end - start < _LONGEST_LABEL and LABEL.match(data[start:end].rstrip()) is not None


def announces(data: bytes, block: Node | Section) -> bool:
    """Whether a block is a paragraph that announces what follows it: a list is cut rather than the two apart."""
    return block.type == "paragraph" and data[block.start_byte : block.end_byte].rstrip().endswith(b":")


def is_items(block: Node | Section) -> bool:
    """Whether a block is a list of Markdown: its second item begins as good a chunk as any."""
    return block.type == "list" and any(child.type == "list_item" for child in block.children[:1])


def keep_together(costs: bytearray, kinds: bytearray, looks: LineStrengths) -> None:
    """Raise the costs of lines that belong to the block before them, as their looks say.

    A label takes the cost of its heading. What a paragraph announces is cut from it rather than within.
    """
    belongs = (looks.costs == INTRODUCED) | ((looks.costs >= HEADED) & (looks.costs < CLOSING))
    for line in np.flatnonzero(looks.kinds == Boundary.SECTION).tolist():
        heading = kinds.find(Boundary.SECTION, line, line + _MOST_LABELS)
        if heading > line:
            costs[line], kinds[line] = costs[heading], Boundary.SECTION
            belongs[line] = looks.costs[line] >= HEADED
    for line in np.flatnonzero(belongs).tolist():
        costs[line] = max(costs[line], int(looks.costs[line]))
        above = line - 1
        while above >= 0 and looks.costs[above] == BLANK:
            costs[above] = max(costs[above], costs[line])
            above -= 1


def _level(heading: Node) -> int:
    markers = (_MARKER.match(child.type) for child in heading.children)
    return next((int(marker[1]) for marker in markers if marker is not None), _DEEPEST)
