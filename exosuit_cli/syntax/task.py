"""One step of a walk through a syntax tree: a node whose children are yet to get their costs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from exosuit_cli.model.dataclass import dataclass
from exosuit_cli.structure.costs import ATTACHED
from exosuit_cli.syntax.grammars import BODY, HOLDS_ITEMS, LIST, WRAPPER

if TYPE_CHECKING:
    from tree_sitter import Node

    from exosuit_cli.syntax.definitions import Definition
    from exosuit_cli.syntax.sections import Section

DEEPEST: Final = ATTACHED // 4 - 1
"""Depths beyond are as this one: costs stay below those that mean something else to the planner."""


@dataclass(slots=True)
class NodeTask:
    """A node to split, on the lines `line` to `last`; what begins a line in it costs what `depth` says."""

    node: Node | Section
    role: int
    line: int
    last: int
    depth: int
    definition: Definition | None
    owns_line: bool
    """Nothing is before it on its first line."""
    block: int
    """The line where its leading comments begin."""
    head: int = -1
    """The line of the heading that its first line is not to be cut from; its own line where there is none."""

    def depth_within(self, role: int, *, is_fresh: bool) -> int:
        """The depth of what is within a child of a role; `is_fresh` where it begins a line.

        What hangs on a line that began with another node, and a body, count as part of the construct that they are of.
        """
        if role & (WRAPPER | LIST):
            return self.depth
        if self.role & (HOLDS_ITEMS | WRAPPER) or (is_fresh and not role & BODY):
            return min(self.depth + 1, DEEPEST)
        return self.depth
