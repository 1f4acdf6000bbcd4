"""The node types that define something, with the kind of each: one table, that all else about definitions follows from.

What has the kind of a word in its text, as Swift's `class_declaration` of a `struct`, takes it from the keywords of
`structure.names.words`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from exosuit_cli.structure.symbols import SymbolKind

if TYPE_CHECKING:
    from collections.abc import Mapping

_DEFINING: Final = {
    SymbolKind.FUNCTION: """
        abstract_method_signature constructor_declaration conversion_operator_declaration deinit_declaration
        destructor_declaration function_declaration function_definition function_item function_signature
        function_signature_item generator_function_declaration indexer_declaration init_declaration
        local_function_statement method method_declaration method_definition method_signature operator_declaration
        protocol_function_declaration singleton_method subscript_declaration""",
    SymbolKind.CLASS: """
        abstract_class_declaration class class_declaration class_definition class_specifier object_declaration
        object_definition""",
    SymbolKind.STRUCT: "record_declaration struct_declaration struct_item struct_specifier",
    SymbolKind.UNION: "union_item union_specifier",
    SymbolKind.ENUM: "enum_declaration enum_definition enum_item enum_specifier",
    SymbolKind.INTERFACE: """
        annotation_type_declaration concept_definition interface_declaration protocol_declaration trait_declaration
        trait_definition trait_item""",
    SymbolKind.IMPLEMENTATION: "class_implementation impl_item",
    SymbolKind.MODULE: """
        internal_module mod_item module namespace_declaration namespace_definition""",
    SymbolKind.TYPE: """
        alias_declaration associatedtype_declaration delegate_declaration type_alias_declaration type_definition
        type_item type_spec typealias_declaration""",
    SymbolKind.CONSTANT: "const_item property_declaration protocol_property_declaration static_item",
    SymbolKind.MACRO: "macro_declaration macro_definition mixin_statement preproc_function_def",
    SymbolKind.SECTION: "table table_array_element",
    SymbolKind.RULE: "keyframes_statement rule_set",
}
_OWN: Final[Mapping[str, Mapping[SymbolKind, str]]] = {
    "bash": {},
    "containerfile": {SymbolKind.SECTION: "from_instruction"},
    "csharp": {SymbolKind.CONSTANT: "field_declaration"},
    "elixir": {SymbolKind.FUNCTION: "call"},
    "fortran": {
        SymbolKind.FUNCTION: "function module_procedure subroutine",
        SymbolKind.INTERFACE: "interface",
        SymbolKind.MODULE: "block_data program submodule",
        SymbolKind.STRUCT: "derived_type_definition",
    },
    "go": {
        SymbolKind.CONSTANT: "const_spec var_spec",
        SymbolKind.METHOD: "method_declaration method_elem",
        SymbolKind.TYPE: "type_alias",
    },
    "groovy": {SymbolKind.CONSTANT: "field_declaration"},
    "haskell": {
        SymbolKind.FUNCTION: "bind function",
        SymbolKind.INTERFACE: "class",
        SymbolKind.IMPLEMENTATION: "instance",
        SymbolKind.TYPE: "data_family data_type newtype type_family type_synonym",
        SymbolKind.OTHER: "module",
    },
    "hcl": {SymbolKind.SECTION: "block"},
    "java": {SymbolKind.CONSTANT: "constant_declaration field_declaration"},
    "json": {SymbolKind.SECTION: "pair"},
    "julia": {
        SymbolKind.MACRO: "macro_definition",
        SymbolKind.MODULE: "module_definition",
        SymbolKind.STRUCT: "struct_definition",
        SymbolKind.TYPE: "abstract_definition primitive_definition",
    },
    "kotlin": {SymbolKind.CLASS: "companion_object", SymbolKind.TYPE: "type_alias"},
    "lua": {SymbolKind.OTHER: "function_definition"},
    "make": {SymbolKind.MACRO: "define_directive", SymbolKind.RULE: "rule"},
    "objc": {
        SymbolKind.CLASS: "class_interface",
        SymbolKind.METHOD: "method_declaration method_definition",
        SymbolKind.OTHER: "struct_declaration",
    },
    "ocaml": {
        SymbolKind.FUNCTION: "external value_definition value_specification",
        SymbolKind.INTERFACE: "module_type_definition",
        SymbolKind.METHOD: "method_definition",
        SymbolKind.MODULE: "module_definition",
        SymbolKind.OTHER: "constructor_declaration",
        SymbolKind.TYPE: "exception_definition",
    },
    "php": {SymbolKind.CONSTANT: "const_declaration"},
    "powershell": {
        SymbolKind.CLASS: "class_statement",
        SymbolKind.ENUM: "enum_statement",
        SymbolKind.FUNCTION: "class_method_definition function_statement",
    },
    "python": {SymbolKind.TYPE: "type_alias_statement"},
    "scala": {
        SymbolKind.CONSTANT: """
            full_enum_case given_definition simple_enum_case val_declaration val_definition var_declaration
            var_definition""",
        SymbolKind.MODULE: "package_object",
    },
    "scss": {SymbolKind.FUNCTION: "function_statement"},
    "sql": {
        SymbolKind.CONSTANT: "create_index create_sequence",
        SymbolKind.FUNCTION: "create_function create_procedure create_trigger",
        SymbolKind.MODULE: "create_schema",
        SymbolKind.TYPE: "create_domain create_materialized_view create_table create_type create_view",
    },
    "swift": {SymbolKind.OTHER: "macro_definition"},
    "yaml": {SymbolKind.SECTION: "block_mapping_pair"},
    "zig": {
        SymbolKind.OTHER: "enum_declaration struct_declaration union_declaration",
        SymbolKind.TEST: "test_declaration",
    },
}
"""What differs in one grammar. OTHER: it defines nothing there."""

SPECIFIERS: Final = frozenset(["class_specifier", "enum_specifier", "struct_specifier", "union_specifier"])
"""Definitions in C where they have a body; mentions of a type elsewhere."""


def kinds_of(grammar: str) -> dict[str, SymbolKind]:
    """The node types of a grammar that define something, as it names them; no type is OTHER."""
    found = {}
    for table in (_DEFINING, _OWN.get(grammar, {})):
        for kind, names in table.items():
            found.update(dict.fromkeys(names.split(), kind))
    return {name: kind for name, kind in found.items() if kind is not SymbolKind.OTHER}
