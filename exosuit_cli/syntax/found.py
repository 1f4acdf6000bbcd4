"""What a walk through a syntax tree finds defined, and where that begins."""

from __future__ import annotations

from typing import TYPE_CHECKING

from exosuit_cli.structure.boundary import Boundary
from exosuit_cli.structure.symbols import SymbolKind
from exosuit_cli.syntax.definitions import Definition, kind_of
from exosuit_cli.syntax.grammars import CONTAINER, MAY_DEFINE, SECTION, VALUE, WRAPPER
from exosuit_cli.syntax.inline import is_chained, is_part

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tree_sitter import Node

    from exosuit_cli.syntax.grammars import Source
    from exosuit_cli.syntax.sections import Section
    from exosuit_cli.syntax.task import NodeTask


class FoundDefinitions:
    """Notes definitions among `definitions`, and what begins at their lines in `kinds`, a byte a line of `Boundary`."""

    def __init__(self, source: Source, starts: Sequence[int], kinds: bytearray, definitions: list[Definition]) -> None:
        self._source = source
        self._starts = starts
        self._kinds = kinds
        self._roles = source.grammar.roles
        self.definitions = definitions

    def is_defining(self, task: NodeTask, child: Node | Section, role: int) -> bool:
        """Whether a child of the task's node, of a role, defines something."""
        return role & MAY_DEFINE != 0 and kind_of(child, role, task.definition, self._source) is not None

    def define(
        self,
        task: NodeTask,
        child: Node | Section,
        role: int,
        lines: tuple[int, int, int],
        *,
        owns_line: bool,
        is_split: bool,
    ) -> Definition | None:
        """What a child of the task's node defines, if anything; noted among the definitions.

        `lines`: that of its leading comments, its own first, and the one after its last.
        """
        above = task.definition
        block, line, stop = lines
        is_container = role & CONTAINER != 0
        kind = SymbolKind.OTHER
        if is_container:
            if stop == line + 1 or is_split:
                return None
        else:
            if above is not None:
                if above.node is task.node and task.role & WRAPPER:
                    # It is what the wrapper stands for, below decorators.
                    self._kinds[line] = Boundary.DEFINITION if above.parent is None else Boundary.NESTED
                    return None
                if above.line == line and not owns_line and is_part(child, role, above):
                    return None
                if is_chained(child, task.node, above):
                    return None
            found_kind = kind_of(child, role, above, self._source)
            if found_kind is None:
                return None
            kind = found_kind
            if owns_line:
                nested = Boundary.DEFINITION if above is None else Boundary.NESTED
                self._kinds[block] = self._kinds[line] = Boundary.SECTION if role & SECTION else nested
        start, end = self._starts[block], self._starts[stop]
        if not owns_line and stop == line + 1:
            end = start
        found = Definition(start, end, line, child, above, kind, is_container)
        self.definitions.append(found)
        return None if is_container else found

    def mark_statement(self, task: NodeTask, child: Node | Section, block: int, line: int) -> None:
        """Say that a statement of JavaScript that fits begins a definition, where what it assigns or calls is one."""
        if child.type != "expression_statement" or not child.children:
            return
        inner = child.children[0]
        role = self._roles[inner.kind_id]
        if role & VALUE and kind_of(inner, role, task.definition, self._source) is not None:
            self._kinds[block] = self._kinds[line] = Boundary.DEFINITION if task.definition is None else Boundary.NESTED
