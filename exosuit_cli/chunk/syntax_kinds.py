"""The kind of a definition, from the node of its syntax tree."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from exosuit_cli.chunk.symbols import SymbolKind
from exosuit_cli.chunk.syntax_definitions import bound, wrapped
from exosuit_cli.chunk.syntax_grammars import BINDINGS, WRAPPERS
from exosuit_cli.chunk.syntax_markdown import Section

if TYPE_CHECKING:
    from tree_sitter import Node

    from exosuit_cli.chunk.syntax_definitions import Definition

_KINDS: Final = {
    "abstract_class_declaration": SymbolKind.CLASS,
    "alias_declaration": SymbolKind.TYPE,
    "class_implementation": SymbolKind.IMPLEMENTATION,
    "concept_definition": SymbolKind.INTERFACE,
    "delegate_declaration": SymbolKind.TYPE,
    "impl_item": SymbolKind.IMPLEMENTATION,
    "internal_module": SymbolKind.MODULE,
    "object_definition": SymbolKind.CLASS,
    "pair": SymbolKind.SECTION,
    "preproc_function_def": SymbolKind.MACRO,
    "record_declaration": SymbolKind.STRUCT,
    "rule_set": SymbolKind.RULE,
    "keyframes_statement": SymbolKind.RULE,
    "static_item": SymbolKind.CONSTANT,
    "table": SymbolKind.SECTION,
    "table_array_element": SymbolKind.SECTION,
    "type_definition": SymbolKind.TYPE,
    "type_spec": SymbolKind.TYPE,
}
"""Kinds of node types that do not say so by their first words."""
_WORDS: Final = (
    ("function", SymbolKind.FUNCTION), ("method", SymbolKind.FUNCTION), ("constructor", SymbolKind.FUNCTION),
    ("destructor", SymbolKind.FUNCTION), ("singleton_method", SymbolKind.FUNCTION), ("operator", SymbolKind.FUNCTION),
    ("abstract_method", SymbolKind.FUNCTION), ("generator_function", SymbolKind.FUNCTION),
    ("arrow_function", SymbolKind.FUNCTION), ("protocol_function", SymbolKind.FUNCTION),
    ("init_decl", SymbolKind.FUNCTION),
    ("class", SymbolKind.CLASS), ("struct", SymbolKind.STRUCT), ("union", SymbolKind.UNION), ("enum", SymbolKind.ENUM),
    ("interface", SymbolKind.INTERFACE), ("trait", SymbolKind.INTERFACE), ("protocol", SymbolKind.INTERFACE),
    ("annotation_type", SymbolKind.INTERFACE), ("namespace", SymbolKind.MODULE), ("module", SymbolKind.MODULE),
    ("mod_item", SymbolKind.MODULE), ("type", SymbolKind.TYPE), ("const", SymbolKind.CONSTANT),
    ("property", SymbolKind.CONSTANT), ("macro", SymbolKind.MACRO), ("mixin", SymbolKind.MACRO),
)  # fmt: skip


def kind_of(definition: Definition) -> SymbolKind:
    """What a definition is; a function within a class is not told apart here."""
    node = definition.node
    if isinstance(node, Section):
        return SymbolKind.SECTION
    inner: Node | None = node
    if node.type in WRAPPERS or node.type == "expression_statement":
        inner = wrapped(node)
    if inner is not None and inner.type in BINDINGS:
        inner = bound(inner)
        value = inner.child_by_field_name("value") if inner is not None else None
        if inner is not None and inner.type in ("init_declarator", "variable_declarator"):
            found = _kind(value.type) if value is not None else SymbolKind.OTHER
            return found if found in (SymbolKind.FUNCTION, SymbolKind.CLASS) else SymbolKind.CONSTANT
    return _kind(inner.type) if inner is not None else SymbolKind.OTHER


def _kind(kind: str) -> SymbolKind:
    found = _KINDS.get(kind)
    if found is not None:
        return found
    return next((found for word, found in _WORDS if kind.startswith(word)), SymbolKind.OTHER)
