"""The names of a definition, from the nodes of its syntax tree."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from exosuit_cli.structure.symbols import HOLDS_VARIABLES, SymbolKind
from exosuit_cli.syntax.bindings import bound
from exosuit_cli.syntax.definitions import Guess, first_within, wrapped
from exosuit_cli.syntax.grammars import BINDING, VALUE, WRAPPER
from exosuit_cli.syntax.kinds import SPECIFIERS
from exosuit_cli.syntax.nodes import first_named
from exosuit_cli.syntax.sections import Section

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tree_sitter import Node

    from exosuit_cli.syntax.definitions import Definition
    from exosuit_cli.syntax.grammars import Grammar, Source

Named = tuple[str, int, SymbolKind]
"""A name, its first byte, and what it names."""

_LONGEST_NAME: Final = 100
_MOST_NAMED: Final = 20
_NAMED_BY_FIRST: Final = frozenset(
    """
    associatedtype_declaration class_implementation class_interface keyframes_statement protocol_declaration rule
    rule_set table table_array_element
    """.split()  # noqa: SIM905
)
_KEYWORD_NAMES: Final = {
    "deinit_declaration": "deinit",
    "indexer_declaration": "this",
    "init_declaration": "init",
    "conversion_operator_declaration": "operator",
    "operator_declaration": "operator",
    "subscript_declaration": "subscript",
}
"""What has no name but its keyword."""
_NAMES: Final = frozenset(
    """
    add_operator alias bound_identifier class_name constructor_name field_expression function_name identifier
    image_alias method_name module_name module_type_name name object_reference operator parenthesized_operator
    simple_identifier simple_name string string_content type_constructor type_identifier type_name value_name
    variable_name word
    """.split()  # noqa: SIM905
)
"""Node types that are a name. Where a definition has no field for it, the first one down its first nodes has it."""
_SEVERAL: Final = {
    "const_declaration": ("const_element",),
    "property_declaration": ("pattern", "property_element", "struct_declaration", "variable_declaration"),
    "type_definition": ("type_binding",),
    "value_definition": ("let_binding",),
}
"""Definitions of several names, and the types of the nodes that have one each."""
_UNUSUAL: Final = frozenset(
    [
        *_SEVERAL,
        "const_spec",
        "create_index",
        "impl_item",
        "instance",
        "namespace_definition",
        "type_definition",
        "var_spec",
    ]
)
_RECEIVERS: Final = {
    "csharp": ["explicit_interface_specifier"],
    "kotlin": ["nullable_type", "parenthesized_type", "user_type"],
}
"""What is before the name of a member: the type that it is added to, or the interface that it is of."""
_MAY_HAVE_RECEIVER: Final = {
    "csharp": ["event_declaration", "indexer_declaration", "method_declaration", "property_declaration"],
    "kotlin": ["function_declaration", "property_declaration"],
}
_NO_NAMES: Final = frozenset(["attribute_list", "attributes", "modifiers", "type_literal", "type_parameters"])
_HAS_ARGUMENTS: Final = frozenset(["operator_cast", "qualified_identifier", "template_function", "template_type"])
_ARGUMENTS: Final = re.compile(r"<[^<>]*>")
_BEHIND_RECEIVER: Final = frozenset(["function_value_parameters", "parameter_list", "variable_declaration"])
_TYPE_ARGUMENTS: Final = re.compile(r"<(?:[^<>]|<(?:[^<>]|<[^<>]*>)*>)*>|\?")
_PLAIN: Final = frozenset(["field_identifier", "identifier", "property_identifier", "string", "type_identifier"])
"""What has no name within."""
_OF_PARTS: Final = frozenset([SymbolKind.METHOD, SymbolKind.RULE, SymbolKind.TEST, SymbolKind.TYPE])
"""Kinds whose names also depend on what is beside them."""
_QUOTES: Final = "\"'`"


def names_of(definition: Definition, source: Source) -> list[Named]:
    """The names that a definition of a text gives, without those around it: its own first."""
    data, grammar, node = source.data, source.grammar, definition.node
    if isinstance(node, Guess):
        return [(node.name, node.start_byte, definition.kind)]
    if isinstance(node, Section):
        title = node.title
        return [(_text(data, title), node.start_byte, definition.kind)] if title is not None else []
    role = grammar.roles[node.kind_id]
    if not (definition.is_container or role & (WRAPPER | BINDING | VALUE)):
        plain = _plain(node, definition.kind, source)
        if plain is not None:
            return [plain]
    inner: Node | None = node
    if definition.is_container:
        inner = first_within(node, source)
    while inner is not None and grammar.roles[inner.kind_id] & WRAPPER:
        found = wrapped(inner, definition.parent, source)
        inner = found[0] if found is not None else None
    if inner is None:
        return []
    role = grammar.roles[inner.kind_id]
    if role & (BINDING | VALUE):
        above = definition.parent
        is_outer = above is None or above.kind not in HOLDS_VARIABLES
        nodes = bound(inner, data, is_outer=is_outer, is_nested=above is not None)
    else:
        nodes = [(each, _kind_of(each, definition, grammar)) for each in _name_nodes(inner, source)]
    named = []
    for place, (each, kind) in enumerate(nodes):
        name = _name(data, inner, each, kind)
        if name and inner.type in _MAY_HAVE_RECEIVER.get(grammar.name, ()):
            name = _receiver(data, inner, _RECEIVERS[grammar.name]) + name
        if name:
            named.append((name, max(each.start_byte, inner.start_byte), definition.kind if place == 0 else kind))
    return named


def _plain(node: Node, kind: SymbolKind, source: Source) -> Named | None:
    """The name of a node that has it in a field, as it is: most have; None for all others."""
    if kind in _OF_PARTS or node.type in _UNUSUAL or node.type in _MAY_HAVE_RECEIVER.get(source.grammar.name, ()):
        return None
    for field in source.grammar.name_fields:
        named = node.child_by_field_id(field)
        if named is not None:
            name = _without_marks(_text(source.data, named), kind) if named.type in _PLAIN else ""
            return (name, named.start_byte, kind) if name else None
    return None


def _kind_of(named: Node, definition: Definition, grammar: Grammar) -> SymbolKind:
    """The kind of what a node names: of a typedef, also the struct that it is of."""
    around = named.parent if definition.kind is SymbolKind.TYPE else None
    return grammar.kinds.get(around.kind_id, definition.kind) if around is not None else definition.kind


def _name_nodes(node: Node, source: Source) -> list[Node]:
    """The nodes whose texts name a definition."""
    kind = node.type
    if kind not in _UNUSUAL:
        for field in source.grammar.name_fields:
            named = node.child_by_field_id(field)
            if named is not None:
                return [named]
    elif kind in _SEVERAL:
        parts = [child for child in node.named_children if child.type in _SEVERAL[kind]]
        if parts and parts[0].type == "struct_declaration":
            parts = [child for child in parts[0].named_children if child.type == "struct_declarator"]
        found = [name for part in parts if (name := _first_name(part)) is not None]
        if found:
            return found
    if kind == "impl_item":
        return [each] if (each := node.child_by_field_name("type")) is not None else []
    if kind in ("const_spec", "var_spec"):
        return [each for each in node.children_by_field_name("name") if each.is_named]
    if kind == "type_definition":
        return _typedef(node, source.data)
    if kind == "namespace_definition" and node.child_by_field_name("name") is None:
        return []
    if kind == "create_index":
        return [each] if (each := node.child_by_field_name("column")) is not None else []
    if kind in _UNUSUAL and (named := node.child_by_field_name("name")) is not None:
        return [named]
    if kind == "program" and (node.named_child_count == 0 or node.named_children[0].type != "program_statement"):
        return []  # Fortran: a main program may have no first line
    if kind in _KEYWORD_NAMES or kind == "block":
        return [node]
    if kind in _NAMED_BY_FIRST:
        names = node.named_children
        return names[1:2] if names and names[0].type == "at_keyword" else names[:1]
    declarator = node.child_by_field_name("declarator")
    if declarator is not None:
        return [declarator]
    if kind == "call" and node.named_child_count > 1:
        node = node.named_children[1]
    found_first = _first_name(node)
    return [found_first] if found_first is not None else []


def _typedef(node: Node, data: bytes) -> list[Node]:
    """C: the names of a type, then that of the struct that it is of."""
    found = node.children_by_field_name("declarator")
    inner = node.child_by_field_name("type")
    if inner is not None and inner.type in SPECIFIERS and inner.child_by_field_name("body") is not None:
        tag = inner.child_by_field_name("name")
        if tag is not None and all(_text(data, tag) != _text(data, each) for each in found):
            found.append(tag)
    return found


def _first_name(node: Node) -> Node | None:
    """The first name within a definition, near its head."""
    head = first_named(node)
    if head is not None and (named := head.child_by_field_name("name")) is not None and head.type not in _NAMES:
        return named
    nodes = [node]
    for _ in range(_MOST_NAMED):
        if not nodes:
            break
        node = nodes.pop()
        if node.type in _NAMES:
            return node
        if node.type not in _NO_NAMES:
            nodes += reversed(node.named_children[:_MOST_NAMED])
    return None


def _name(data: bytes, node: Node, named: Node, kind: SymbolKind) -> str:
    """The text of a name, as a path where it is one."""
    if named.start_byte == node.start_byte and named == node:
        return _block(data, node) if node.type == "block" else _KEYWORD_NAMES.get(node.type, "")
    if kind is SymbolKind.METHOD and node.type in ("method_declaration", "method_definition"):
        selector = _selector(data, node)
        if selector is not None:
            return selector
    if named.type not in _PLAIN:
        named = _innermost(data, named)
    if kind is SymbolKind.TEST:
        parameters = named.parent.child_by_field_name("parameters") if named.parent is not None else None
        if node.type == "function_definition" and parameters is not None:
            # C++: TEST(Suite, case)
            return ".".join(part.strip(" ()") for part in _text(data, parameters).split(",")[:2])
        title = _text(data, named)
        return title.strip(title[:1]) if title[:1] in _QUOTES else title
    name = _text(data, named)
    if named.type in _HAS_ARGUMENTS:
        name = _without_arguments(name)
    owner = node.child_by_field_name("receiver") if kind is SymbolKind.METHOD else None
    if owner is not None and owner.type == "parameter_list":
        # Go: func (s *Server[T]) Serve()
        words = _text(data, owner).partition("[")[0].strip("( )").replace("*", " ").split()
        name = f"{words[-1]}.{name}" if words else name
    if node.type == "impl_item":
        name = name.partition("<")[0]
    if node.type == "instance" and (patterns := node.child_by_field_name("patterns")) is not None:
        return f"{name} {_text(data, patterns)}"  # Haskell: the class and the types that it is of
    if node.type == "property_declaration":
        name = name.lstrip("$")  # PHP
    return _without_marks(name, kind)


def _receiver(data: bytes, node: Node, kinds: Sequence[str]) -> str:
    """The type that a member is added to, with a dot; "" for none."""
    for child in node.named_children:
        if child.type in kinds:
            return _TYPE_ARGUMENTS.sub("", _text(data, child)).strip("().") + "."
        if child.type in _BEHIND_RECEIVER:
            break
    return ""


def _without_marks(name: str, kind: SymbolKind) -> str:
    """A name as a path, without quotes; a colon of a key or a selector stays."""
    name = name.strip(_QUOTES)
    if kind is SymbolKind.SECTION:
        return name
    name = name.removeprefix("this.")
    if kind is SymbolKind.RULE:
        return name
    return name.replace("::", ".").replace(":", ".") if ":" in name else name


def _innermost(data: bytes, named: Node) -> Node:
    """The name within declarators, as in `char *(*name)[3]`, or in what Elixir's `def` is called with."""
    for _ in range(_MOST_NAMED):
        if named.type.endswith("declarator"):
            within = named.child_by_field_name("declarator")
            if within is None:
                within = first_named(named)
        elif named.type == "binary_operator":
            operator = named.child_by_field_name("operator")
            is_guard = operator is not None and _text(data, operator) == "when"
            within = named.child_by_field_name("left") if is_guard else operator
        else:
            within = named.child_by_field_name("target") if named.type == "call" else None
        if within is None:
            break
        named = within
    return named


def _block(data: bytes, node: Node) -> str:
    """HCL: `resource "kind" "name" {`."""
    brace = next((each.end_byte for each in node.named_children if each.type == "block_start"), node.start_byte)
    return ".".join(_text(data, each).strip('"') for each in node.named_children if each.end_byte < brace)


def _selector(data: bytes, node: Node) -> str | None:
    """Objective-C: `setX:forKey:`; None for a method of another language."""
    children = node.named_children
    if not any(child.type == "method_type" for child in children[:2]):
        return None
    labels = [_text(data, child) for child in children if child.type == "identifier"]
    has_parameters = any(child.type == "method_parameter" for child in children)
    return "".join(f"{label}:" for label in labels) if has_parameters else "".join(labels[:1])


def _without_arguments(name: str) -> str:
    """C++: `A<T>::f` as `A::f`; an operator as it is, without its parameters."""
    before, operator, after = name.partition("operator")
    shorter = _ARGUMENTS.sub("", before)
    while shorter != before:
        before, shorter = shorter, _ARGUMENTS.sub("", shorter)
    if operator and after[:1] not in ("", "("):
        after = after.partition("(")[0]
    return f"{before}{operator}{after}"


def _text(data: bytes, node: Node | Section) -> str:
    text = data[node.start_byte : min(node.end_byte, node.start_byte + 4 * _LONGEST_NAME)]
    return " ".join(text.decode("utf-8", "ignore").split())[:_LONGEST_NAME]
