"""Definitions that have no lines of their own node: those that share a line, and those in what does not parse."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from exosuit_cli.structure.names.of_one_line import named_by
from exosuit_cli.structure.symbols import HOLDS_METHODS, HOLDS_VARIABLES, SymbolKind
from exosuit_cli.syntax.definitions import Definition, Guess, kind_of
from exosuit_cli.syntax.grammars import (
    BINDING,
    CONTAINER,
    HOLDER,
    MAY_DEFINE,
    MAY_HOLD,
    NEEDS_BODY,
    OUTER,
    SECTION,
    VALUE,
    WRAPPER,
)
from exosuit_cli.syntax.sections import Section

if TYPE_CHECKING:
    from tree_sitter import Node

    from exosuit_cli.structure.families import Family
    from exosuit_cli.syntax.grammars import Source

_MAY_DEFINE_WITHIN: Final = re.compile(rb"[{=]|\b(?:function|case|do|create)\b", re.IGNORECASE)
_CHAIN: Final = frozenset(
    """
    assignment_expression export_statement expression_statement lexical_declaration variable_declaration
    variable_declarator
    """.split()  # noqa: SIM905
)
"""What assigns a value to several names, from the innermost assignment outwards."""


class Inline:
    """Collects the definitions of a text that its lines share."""

    def __init__(self, source: Source, starts: list[int], family: Family) -> None:
        self._source = source
        self._data = source.data
        self._text = memoryview(source.data)
        self._starts = [*starts, len(source.data)]
        self._roles = source.grammar.roles
        self._family = family
        self.definitions: list[Definition] = []

    def look_within(self, node: Node | Section, role: int, above: Definition | None, line: int) -> None:
        """Note what is defined within a node that is on one line."""
        if role & (HOLDER | VALUE) and not _MAY_DEFINE_WITHIN.search(self._data, node.start_byte, node.end_byte):
            return
        nodes = [(node, role, above)]
        while nodes:
            node, role, above = nodes.pop()
            if not role & MAY_HOLD or role & SECTION:
                continue
            if role & (HOLDER | VALUE) and not _MAY_DEFINE_WITHIN.search(self._data, node.start_byte, node.end_byte):
                continue
            for child in node.children:
                inner = self._roles[child.kind_id]
                if inner & MAY_HOLD:
                    nodes.append((child, inner, self.define(node, child, inner, above, line)))

    def define(
        self, node: Node | Section, child: Node | Section, role: int, above: Definition | None, line: int
    ) -> Definition | None:
        """The definition around what is in the child of a node, both on one line; noted where the child is one."""
        is_wrapped = above is not None and above.node is node and self._roles[node.kind_id] & WRAPPER != 0
        if is_wrapped or not role & MAY_DEFINE or role & CONTAINER:
            return above
        if above is not None and above.line == line and is_part(child, role, above):
            return above
        if above is not None and is_chained(child, node, above):
            return above
        kind = kind_of(child, role, above, self._source)
        if kind is None:
            return above
        found = Definition(self._starts[line], self._starts[line], line, child, above, kind)
        self.definitions.append(found)
        return found

    def guess(self, above: Definition | None, first: int, stop: int) -> None:
        """Note what the lines from `first` up to `stop` define by their looks, but for those within a function."""
        if above is not None and above.kind in HOLDS_VARIABLES:
            return
        for line in range(first, stop):
            start, end = self._starts[line], self._starts[line + 1]
            found = named_by(self._family, self._text, start, end)
            if found is not None:
                name, kind = found
                is_method = kind is SymbolKind.FUNCTION and above is not None and above.kind in HOLDS_METHODS
                kind = SymbolKind.METHOD if is_method else kind
                self.definitions.append(Definition(start, end, line, Guess(name, start, end), above, kind))


def is_chained(node: Node | Section, parent: Node | Section, above: Definition) -> bool:
    """Whether a node in `above` assigns the value of `above` once more: `exports.f =` in `a = exports.f =`.

    The definition `above` has its names as well.
    """
    if node.type != "assignment_expression" or parent.type not in ("assignment_expression", "variable_declarator"):
        return False
    around: Node | Section | None = parent
    while not isinstance(around, Section | None) and around.type in _CHAIN:
        if around == above.node:
            return True
        around = around.parent
    return False


def is_part(node: Node | Section, role: int, above: Definition) -> bool:
    """Whether a node only is the value or the type of the definition that it is in, on the same line.

    The struct of a typedef, the function that has a name.
    """
    if role & NEEDS_BODY:
        return True
    is_value = role & (BINDING | VALUE | OUTER) != 0 or node.type == "class"
    return is_value and node.end_byte >= above.node.end_byte - 1
