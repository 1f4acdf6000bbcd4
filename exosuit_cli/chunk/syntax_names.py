"""The name of a definition, from the nodes of its syntax tree."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from exosuit_cli.chunk.syntax_definitions import bound, first_within, name_node, wrapped
from exosuit_cli.chunk.syntax_grammars import BINDINGS, WRAPPERS
from exosuit_cli.chunk.syntax_markdown import Section

if TYPE_CHECKING:
    from tree_sitter import Node

    from exosuit_cli.chunk.syntax_definitions import Definition

_LONGEST_NAME: Final = 100


def own_name(data: bytes, definition: Definition) -> str | None:
    """The name of one definition of the text `data`, without those around it."""
    node = definition.node
    if isinstance(node, Section):
        return _text(data, node.title) if node.title is not None else None
    inner = first_within(node) if definition.is_container else node
    return _name(data, inner) if inner is not None else None


def name_line(definition: Definition) -> int:
    """The line of the name of a definition, from 0; its own first line where no node names it."""
    node = definition.node
    if isinstance(node, Section) or definition.is_container:
        return definition.line
    inner = _defining(node)
    named = name_node(inner) if inner is not None else None
    return max(named.start_point.row, definition.line) if named is not None else definition.line


def _defining(node: Node) -> Node | None:
    """The node within that defines something: below a wrapper, or what a declaration binds a name to."""
    inner: Node | None = node
    if node.type in WRAPPERS or (node.type == "expression_statement" and node.named_child_count == 1):
        inner = wrapped(node)
    if inner is not None and inner.type in BINDINGS:
        inner = bound(inner)
    return inner


def _name(data: bytes, node: Node) -> str | None:
    inner = _defining(node)
    if inner is not None and inner.type == "block":
        # HCL: resource "kind" "name" {
        return ".".join(_text(data, each).strip('"') for each in inner.named_children if each.end_byte < _brace(inner))
    named = name_node(inner) if inner is not None else None
    if inner is None or named is None:
        return None
    name = _text(data, named)
    owner = inner.child_by_field_name("receiver")
    if owner is not None and owner.type == "parameter_list":
        # Go: func (s *Server[T]) Serve()
        words = _text(data, owner).partition("[")[0].strip("( )").replace("*", " ").split()
        name = f"{words[-1]}.{name}" if words else name
    if inner.type == "impl_item":
        name = name.partition("<")[0]
    return name.strip("\"'").replace("::", ".").replace(":", ".")


def _brace(block: Node) -> int:
    """Where the body of a block opens."""
    return next((each.end_byte for each in block.named_children if each.type == "block_start"), block.start_byte)


def _text(data: bytes, node: Node) -> str:
    text = data[node.start_byte : min(node.end_byte, node.start_byte + 4 * _LONGEST_NAME)]
    return " ".join(text.decode("utf-8", "ignore").split())[:_LONGEST_NAME]
