"""The symbols of chunks: the names of the definitions that they are in, or that begin in them."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from typing import TYPE_CHECKING, Final

from exosuit_cli.chunk.syntax_definitions import bound, first_within, name_node, wrapped
from exosuit_cli.chunk.syntax_grammars import BINDINGS, WRAPPERS
from exosuit_cli.chunk.syntax_markdown import Section

if TYPE_CHECKING:
    from tree_sitter import Node

    from exosuit_cli.chunk.syntax_definitions import Definition
    from exosuit_cli.chunk.syntax_grammars import Grammar

_LONGEST_NAME: Final = 100


class Names:
    """The names of the definitions of one text, each looked for when it is first asked for."""

    def __init__(self, data: bytes, grammar: Grammar, definitions: list[Definition]) -> None:
        self._data = data
        self._separator = " > " if grammar.name == "markdown" else "."
        self._definitions = definitions
        self._starts = [found.start for found in definitions]
        self._paths: dict[int, str | None] = {}

    def of_chunk(self, start: int, end: int) -> str | None:
        """The symbol of the chunk of bytes from `start` to `end`."""
        text = self._data[start:end]
        first, last = start, end
        if stripped := text.rstrip():
            first, last = end - len(text.lstrip()), start + len(stripped)
        place = bisect_right(self._starts, first)
        around = self._definitions[place - 1] if place else None
        while around is not None and (around.is_container or around.end <= first):
            around = around.parent
        whole = around
        while whole is not None and (whole.is_container or whole.end < last):
            whole = whole.parent
        if (found := whole or around) is not None:
            return self._path(found)
        for later in range(bisect_left(self._starts, start), bisect_left(self._starts, end)):
            if path := self._path(self._definitions[later]):
                return path
        return None

    def _path(self, definition: Definition) -> str | None:
        """The names of the definition and of those around it."""
        names = []
        step: Definition | None = definition
        while step is not None:
            if id(step) in self._paths:
                names.append(self._paths[id(step)])
                break
            names.append(self.own_name(step))
            step = step.parent
        path = self._separator.join(name for name in reversed(names) if name) or None
        self._paths[id(definition)] = path
        return path

    def own_name(self, definition: Definition) -> str | None:
        """The name of one definition, without those around it."""
        node = definition.node
        if isinstance(node, Section):
            return self._text(node.title) if node.title is not None else None
        inner = first_within(node) if definition.is_container else node
        return self._name(inner) if inner is not None else None

    def _name(self, node: Node) -> str | None:
        inner: Node | None = node
        if node.type in WRAPPERS or (node.type == "expression_statement" and node.named_child_count == 1):
            inner = wrapped(node)
        if inner is not None and inner.type in BINDINGS:
            inner = bound(inner)
        named = name_node(inner) if inner is not None else None
        if inner is None or named is None:
            return None
        name = self._text(named)
        owner = inner.child_by_field_name("receiver")
        if owner is not None and owner.type == "parameter_list":
            # Go: func (s *Server[T]) Serve()
            words = self._text(owner).partition("[")[0].strip("( )").replace("*", " ").split()
            name = f"{words[-1]}.{name}" if words else name
        if inner.type == "impl_item":
            name = name.partition("<")[0]
        return name.strip("\"'").replace("::", ".").replace(":", ".")

    def _text(self, node: Node) -> str:
        text = self._data[node.start_byte : min(node.end_byte, node.start_byte + 4 * _LONGEST_NAME)]
        return " ".join(text.decode("utf-8", "ignore").split())[:_LONGEST_NAME]
