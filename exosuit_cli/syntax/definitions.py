"""What a node of a syntax tree defines, and of what kind it is."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from exosuit_cli.model.dataclass import dataclass
from exosuit_cli.structure.names.words import KEYWORDS
from exosuit_cli.structure.symbols import HOLDS_METHODS, HOLDS_VARIABLES, SymbolKind
from exosuit_cli.syntax.bindings import bound
from exosuit_cli.syntax.grammars import BINDING, CONTAINER, MAY_DEFINE, NEEDS_BODY, VALUE, WRAPPER
from exosuit_cli.syntax.nodes import last_named
from exosuit_cli.syntax.sections import Section

if TYPE_CHECKING:
    from tree_sitter import Node

    from exosuit_cli.syntax.grammars import Source

_MOST_SOUGHT: Final = 200
_MOST_KEYWORDS: Final = 3
_TEST_MACRO: Final = re.compile(rb"(?:TYPED_)?TEST\w*|BENCHMARK\w*")
_TYPES: Final = {"interface_type": SymbolKind.INTERFACE, "struct_type": SymbolKind.STRUCT}
"""What a Go type is by its value."""
_FUNCTION_BODIES: Final = frozenset(["fun_expression", "function_expression"])


@dataclass(slots=True)
class Guess:
    """What a line in an error defines by its looks, in place of a node."""

    name: str
    start_byte: int
    end_byte: int
    type: str = "ERROR"


@dataclass(slots=True)
class Definition:
    """A definition that a walk found. Bytes `start` to `end` are whole lines, its leading comments among them.

    What shares its line with what comes before has none of its own: `end` is `start`.
    """

    start: int
    end: int
    line: int
    node: Node | Section | Guess
    parent: Definition | None
    kind: SymbolKind = SymbolKind.OTHER
    is_container: bool = False
    """It only may have definitions within, and is none itself."""


def kind_of(node: Node | Section, role: int, above: Definition | None, source: Source) -> SymbolKind | None:
    """What a node that may define something does define, within the definition `above`; None for nothing.

    A function within a class is a method; a variable within a function is no definition.
    """
    if isinstance(node, Section):
        return SymbolKind.SECTION if node.heading is not None else None
    if role & WRAPPER:
        inner = wrapped(node, above, source)
        return inner[1] if inner is not None else None
    if role & NEEDS_BODY and node.child_by_field_name("body") is None:
        return None
    is_local = above is not None and above.kind in HOLDS_VARIABLES
    if role & (BINDING | VALUE):
        names = bound(node, source.data, is_outer=not is_local, is_nested=above is not None)
        kind = names[0][1] if names else None
    else:
        kind = _kind(node, source)
    if kind is SymbolKind.CONSTANT and is_local:
        return None
    is_method = kind is SymbolKind.FUNCTION and above is not None and above.kind in HOLDS_METHODS
    return SymbolKind.METHOD if is_method else kind


def _kind(node: Node, source: Source) -> SymbolKind:
    """The kind by the type of the node, and what it has within."""
    kind = source.grammar.kinds.get(node.kind_id, SymbolKind.OTHER)
    find = _BY_PARTS.get(node.type) if kind in _HAS_PARTS else None
    return (find(node, source.data) if find is not None else None) or kind


def _by_keyword(node: Node, data: bytes) -> SymbolKind | None:
    """Swift: `class_declaration` is also a struct, an enum, an extension; Kotlin: also an interface."""
    for child in node.children[:_MOST_KEYWORDS]:
        if child.type == "modifiers" and b"enum" in data[child.start_byte : child.end_byte].split():
            return SymbolKind.ENUM
        kind = KEYWORDS.get(child.type.encode())
        if kind is not None:
            return kind
    return None


def _by_declarator(node: Node, data: bytes) -> SymbolKind | None:
    """C++: what is defined out of its class, a method; a test case by a macro."""
    named = node.child_by_field_name("declarator")
    while named is not None and named.type in ("pointer_declarator", "reference_declarator"):
        named = last_named(named)
    if named is None:
        return None
    inner = named.child_by_field_name("declarator")
    if "qualified_identifier" in (named.type, inner.type if inner is not None else ""):
        return SymbolKind.METHOD
    if inner is None:
        return None
    is_test = _TEST_MACRO.fullmatch(data, inner.start_byte, inner.end_byte) is not None
    return SymbolKind.TEST if is_test and node.child_by_field_name("type") is None else None


def _by_type(node: Node, _data: bytes) -> SymbolKind | None:
    value = node.child_by_field_name("type")
    return _TYPES.get(value.type) if value is not None else None


def _by_parameters(node: Node, _data: bytes) -> SymbolKind | None:
    """OCaml: a value that takes nothing is a constant."""
    bindings = [child for child in node.named_children if child.type == "let_binding"]
    binding = bindings[0] if bindings else node
    is_function = any(child.type in ("parameter", "function_type") for child in binding.named_children)
    body = binding.child_by_field_name("body")
    is_function = is_function or (body is not None and body.type in _FUNCTION_BODIES)
    return SymbolKind.FUNCTION if is_function else SymbolKind.CONSTANT


_BY_PARTS: Final = {
    "class_declaration": _by_keyword,
    "function_definition": _by_declarator,
    "type_spec": _by_type,
    "value_definition": _by_parameters,
    "value_specification": _by_parameters,
}
_HAS_PARTS: Final = frozenset([SymbolKind.CLASS, SymbolKind.FUNCTION, SymbolKind.TYPE])


def wrapped(node: Node, above: Definition | None, source: Source) -> tuple[Node, SymbolKind] | None:
    """The one definition in an `export`, a template, decorators or a Go `type`; None where there is not just one."""
    found: tuple[Node, SymbolKind] | None = None
    roles = source.grammar.roles
    for child in node.named_children:
        role = roles[child.kind_id]
        if not role & MAY_DEFINE or role & CONTAINER:
            continue
        inner = wrapped(child, above, source) if role & WRAPPER else None
        kind = kind_of(child, role, above, source) if not role & WRAPPER else None
        if kind is not None:
            inner = child, kind
        if inner is not None and found is not None:
            return None
        found = inner or found
    return found


def first_within(container: Node, source: Source) -> Node | None:
    """The first definition in a container, if it is among its first nodes."""
    nodes = [container]
    for _ in range(_MOST_SOUGHT):
        if not nodes:
            break
        node = nodes.pop()
        role = source.grammar.roles[node.kind_id]
        if role & MAY_DEFINE and not role & CONTAINER and kind_of(node, role, None, source) is not None:
            return node
        if role & CONTAINER or node.type == "declaration_list":
            nodes += reversed(node.named_children)
    return None
