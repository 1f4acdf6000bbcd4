"""What a node of a syntax tree defines, and which node within it has the name."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from exosuit_cli.chunk.syntax_grammars import (
    BINDING,
    BINDINGS,
    CONTAINERS,
    DEFINITIONS,
    NAMESPACES,
    NEEDS_BODY,
    SPECIFIERS,
    WRAPPER,
    WRAPPERS,
)
from exosuit_cli.chunk.syntax_markdown import Section
from exosuit_cli.model.dataclass import dataclass

if TYPE_CHECKING:
    from tree_sitter import Node

_FUNCTION_VALUES: Final = frozenset(
    ["arrow_function", "class", "function", "function_expression", "generator_function"]
)
_NAMED_BY_FIRST: Final = frozenset(
    ["class_implementation", "class_interface", "keyframes_statement", "rule_set", "table", "table_array_element"]
)
_MOST_SOUGHT: Final = 200
_NAMED_WITHIN: Final = frozenset(
    """
    call class_definition class_method_definition class_statement create_function create_index
    create_materialized_view create_table create_trigger create_view derived_type_definition function
    function_definition function_statement macro_definition module module_definition program property_declaration
    struct_definition subroutine type_definition value_definition
    """.split()  # noqa: SIM905
)
_NAMES: Final = frozenset(
    """
    alias function_name identifier module_name name object_reference simple_name type_constructor value_name
    """.split()  # noqa: SIM905
)
"""Node types that are a name. Where a definition has no field for it, the first one down its first nodes has it."""
_MOST_NAMED: Final = 20
_ELIXIR: Final = re.compile(rb"def(?:module|macro|protocol|impl|struct|delegate|guard)?p?")


@dataclass(slots=True)
class Definition:
    """A definition that a walk found. Bytes `start` to `end` are whole lines, its leading comments among them."""

    start: int
    end: int
    line: int
    node: Node | Section
    parent: Definition | None
    is_container: bool = False
    """It only may have definitions within, and is none itself."""


def defines(node: Node | Section, role: int, above: Definition | None) -> bool:
    """Whether a node that may define something does, within the definition `above`; a binding of one line never."""
    if isinstance(node, Section):
        return node.heading is not None
    if role & WRAPPER:
        return wrapped(node) is not None
    if node.type == "call":
        target = node.child_by_field_name("target")
        return target is not None and _ELIXIR.fullmatch(target.text or b"") is not None
    if role & NEEDS_BODY:
        return node.child_by_field_name("body") is not None
    if role & BINDING:
        is_outer = above is None or above.node.type in NAMESPACES
        return (is_outer or node.type != "declaration") and bound(node) is not None
    return True


def wrapped(node: Node) -> Node | None:
    """The one definition in an `export`, a template, decorators or a Go `type`; None where there is not just one."""
    for _ in range(4):
        inner = [
            child
            for child in node.named_children
            if child.type in DEFINITIONS
            or child.type in WRAPPERS
            or (child.type in SPECIFIERS and child.child_by_field_name("body") is not None)
            or (child.type in BINDINGS and bound(child) is not None)
        ]
        if len(inner) != 1:
            return None
        node = inner[0]
        if node.type not in WRAPPERS:
            return node
    return None


def bound(node: Node) -> Node | None:
    """What has the name in a declaration of a function, a class or an initialised table; None in any other."""
    if node.type == "declaration":
        kind = node.child_by_field_name("type")
        for child in node.children_by_field_name("declarator"):
            if child.type == "init_declarator":
                return child
        has_body = kind is not None and kind.type in SPECIFIERS and kind.child_by_field_name("body") is not None
        return kind if has_body else None
    for child in node.named_children:
        value = child.child_by_field_name("value")
        if value is not None and value.type in _FUNCTION_VALUES:
            return child
    return None


def name_node(node: Node) -> Node | None:
    """The node whose text names a definition."""
    for field in ("name", "key"):
        named = node.child_by_field_name(field)
        if named is not None:
            return named
    if node.type == "impl_item":
        return node.child_by_field_name("type")
    if node.type in _NAMED_BY_FIRST:
        return node.named_child(0) if node.named_child_count else None
    # C: the innermost of declarators, as in `char *(*name)[3]`.
    named = node.child_by_field_name("declarator")
    while named is not None and named.type.endswith("declarator"):
        within = named.child_by_field_name("declarator")
        if within is None and named.named_child_count:
            within = named.named_child(0)
        named = within
    return _first_name(node) if named is None and node.type in _NAMED_WITHIN else named


def _first_name(node: Node) -> Node | None:
    """The first name within a definition, near its head; in Elixir, within its arguments."""
    if node.type == "call":
        node = node.named_children[1] if node.named_child_count > 1 else node
    nodes = [node]
    for _ in range(_MOST_NAMED):
        if not nodes:
            break
        node = nodes.pop()
        if node.type in _NAMES:
            return node
        if node.type != "modifiers":
            nodes += reversed(node.named_children[:_MOST_NAMED])
    return None


def first_within(container: Node) -> Node | None:
    """The first definition in a container, if it is among its first nodes."""
    nodes = [container]
    for _ in range(_MOST_SOUGHT):
        if not nodes:
            break
        node = nodes.pop()
        kind = node.type
        if kind in DEFINITIONS or (kind in SPECIFIERS and node.child_by_field_name("body") is not None):
            return node
        if (kind in BINDINGS and bound(node) is not None) or (kind in WRAPPERS and wrapped(node) is not None):
            return node
        if kind in CONTAINERS or kind == "declaration_list":
            nodes += reversed(node.named_children)
    return None
