"""The grammars of `chunk --boundaries ast`: one for each language, and the roles of its node types.

Each grammar is compiled in a wheel of its own, `tree-sitter-NAME`. `scripts/fuzz_grammars.py` says which of them hold.
"""

from __future__ import annotations

import importlib
import re
from array import array
from functools import cache
from typing import TYPE_CHECKING, Final

from exosuit_cli.model.dataclass import dataclass
from exosuit_cli.model.errors import ResourceMissing

if TYPE_CHECKING:
    from tree_sitter import Language

GRAMMARS: Final = {
    "C": "c",
    "C#": "csharp",
    "C++": "cpp",
    "CSS": "css",
    "Cuda": "cuda",
    "Dockerfile": "containerfile",
    "Elixir": "elixir",
    "Fortran Free Form": "fortran",
    "Fortran": "fortran",
    "Go": "go",
    "Gradle Kotlin DSL": "kotlin",
    "Gradle": "groovy",
    "Groovy": "groovy",
    "Haskell": "haskell",
    "HCL": "hcl",
    "HTML": "html",
    "Java": "java",
    "JavaScript": "javascript",
    "JSON with Comments": "json",
    "JSON": "json",
    "JSONLD": "json",
    "Julia": "julia",
    "Kotlin": "kotlin",
    "Lua": "lua",
    "Makefile": "make",
    "Markdown": "markdown",
    "OASv2-json": "json",
    "OASv2-yaml": "yaml",
    "OASv3-json": "json",
    "OASv3-yaml": "yaml",
    "Objective-C": "objc",
    "OCaml": "ocaml",
    "PHP": "php",
    "PLpgSQL": "sql",
    "PowerShell": "powershell",
    "Python": "python",
    "Ruby": "ruby",
    "Rust": "rust",
    "Scala": "scala",
    "SCSS": "scss",
    "Shell": "bash",
    "SQL": "sql",
    "Starlark": "starlark",
    "Svelte": "svelte",
    "Swift": "swift",
    "TOML": "toml",
    "TSX": "tsx",
    "TypeScript": "typescript",
    "YAML": "yaml",
    "Zig": "zig",
}
"""The grammar of each language, by the names that `languages` uses."""

LEAD, WRAPPER, BODY, LIST, DEFINITION, NEEDS_BODY, BINDING, SECTION, HEADING, CONTAINER, TOKEN, ERROR, ATTRIBUTE = (
    1 << bit for bit in range(13)
)
"""The roles of node types, as bits."""
MAY_DEFINE: Final = WRAPPER | DEFINITION | BINDING | SECTION | CONTAINER
HOLDS_ITEMS: Final = BODY | LIST | SECTION

_ERROR_TYPE: Final = 0xFFFF
"""The number of the type of error nodes, in every grammar."""

_DEFINING: Final = """
    abstract_class_declaration abstract_method_signature alias_declaration annotation_type_declaration class
    class_declaration class_definition class_implementation class_interface concept_definition const_item
    constructor_declaration delegate_declaration destructor_declaration enum_declaration enum_definition enum_item
    function_declaration function_definition function_item function_signature function_signature_item
    generator_function_declaration impl_item init_declaration interface_declaration internal_module keyframes_statement
    macro_definition method method_declaration method_definition method_signature mixin_statement mod_item module
    namespace_declaration namespace_definition object_definition operator_declaration preproc_function_def
    property_declaration protocol_declaration record_declaration rule_set singleton_method static_item
    struct_declaration struct_item table table_array_element trait_declaration trait_definition trait_item
    type_alias_declaration type_definition type_item type_spec union_item
"""
DEFINITIONS: Final = frozenset(_DEFINING.split())
"""Node types that define something. In most grammars the field `name` has what; `_name_node` knows the others."""
SPECIFIERS: Final = frozenset(["struct_specifier", "union_specifier", "enum_specifier", "class_specifier"])
"""Definitions in C where they have a body; mentions of a type elsewhere."""
NAMESPACES: Final = frozenset(["namespace_definition", "namespace_declaration", "internal_module", "module"])
HEADINGS: Final = frozenset(["atx_heading", "setext_heading"])
_LEADS: Final = frozenset(["access_specifier", "attribute_item", "decorator"])
WRAPPERS: Final = frozenset(
    ["ambient_declaration", "decorated_definition", "export_statement", "template_declaration", "type_declaration"]
)
BINDINGS: Final = frozenset(["declaration", "lexical_declaration", "variable_declaration"])
"""Definitions where a function, a class or a table is what they bind a name to."""
CONTAINERS: Final = frozenset(
    ["linkage_specification", "preproc_elif", "preproc_elifdef", "preproc_else", "preproc_if", "preproc_ifdef"]
)
_BODIES: Final = re.compile(
    "(.*_)?(body|block)|compound_statement|body_statement|do_group|(.*_)?(declaration|enumerator|variant)_list"
)
_LISTS: Final = frozenset(["body_statement", "statement_list", "statements"])
"""What a grammar puts between a body and its statements."""
_OTHER: Final = {
    "csharp": {"accessor_list": BODY},
    "elixir": {"call": DEFINITION},
    "fortran": dict.fromkeys(["subroutine", "function", "program", "derived_type_definition"], DEFINITION),
    "haskell": {
        **dict.fromkeys(["bind", "function", "data_type", "newtype", "instance"], DEFINITION),
        "declarations": LIST,
        "module": 0,
        "signature": LEAD,
    },
    "hcl": {"block": DEFINITION},
    "json": {"pair": DEFINITION},
    "kotlin": {"object_declaration": DEFINITION},
    "make": {"define_directive": DEFINITION},
    "ocaml": {
        "let_binding": 0,
        "structure": BODY,
        **dict.fromkeys(["class_definition", "module_definition", "value_definition"], DEFINITION),
    },
    "powershell": dict.fromkeys(["class_method_definition", "class_statement", "function_statement"], DEFINITION),
    "sql": {f"create_{kind}": DEFINITION for kind in ("function", "index", "table", "trigger", "view")},
    "julia": dict.fromkeys(["macro_definition", "module_definition", "struct_definition"], DEFINITION),
    "tsx": {"expression_statement": WRAPPER},
    "typescript": {"expression_statement": WRAPPER},
    "yaml": {"block_mapping_pair": DEFINITION},
    "zig": {"test_declaration": DEFINITION},
}
"""The roles of node types that mean in one grammar what they do not in others."""


_PLACES: Final = {
    "ocaml": ("ocaml", "language_ocaml"),
    "csharp": ("c_sharp", "language"),
    "php": ("php", "language_php"),
    "tsx": ("typescript", "language_tsx"),
    "typescript": ("typescript", "language_typescript"),
}
"""The package of a grammar, without `tree_sitter_`, and its function; others are package NAME, function `language`."""


@dataclass(frozen=True, slots=True)
class Grammar:
    """A grammar, loaded."""

    name: str
    language: Language
    roles: array[int]
    """The role bits of each node type, by its number."""


@cache
def load_grammar(name: str) -> Grammar:
    """Load a grammar, once a process; some milliseconds. Raises ResourceMissing where its package cannot be loaded."""
    from tree_sitter import Language

    language = Language(load_pointer(name))
    other = _OTHER.get(name, {})
    roles = array("H", bytes(2 << 16))
    roles[_ERROR_TYPE] = ERROR
    for number in range(language.node_kind_count):
        kind = language.node_kind_for_id(number)
        if kind is not None:
            is_named = language.node_kind_is_named(number)
            roles[number] = (other[kind] if kind in other else _role(kind)) if is_named else TOKEN
    return Grammar(name, language, roles)


def package_of(name: str) -> str:
    """The wheel that a grammar is in."""
    return "tree-sitter-" + _PLACES.get(name, (name, ""))[0].replace("_", "-")


def load_pointer(name: str) -> object:
    """Load what bindings make a language of: a capsule. Raises ResourceMissing where its package cannot be loaded."""
    function = _PLACES.get(name, (name, "language"))[1]
    module = package_of(name).replace("-", "_")
    try:
        pointer: object = getattr(importlib.import_module(module), function)()
    except ImportError as error:
        wheel = package_of(name)
        raise ResourceMissing(f"the grammar {name} cannot be loaded: {error}; reinstall {wheel}") from error
    if not isinstance(pointer, int):
        return pointer
    # Wheels of 2024 return the bare address, which tree-sitter no longer takes.
    import ctypes

    make = ctypes.pythonapi.PyCapsule_New
    make.restype = ctypes.py_object
    make.argtypes = [ctypes.c_void_p, ctypes.c_char_p, ctypes.c_void_p]
    capsule: object = make(pointer, b"tree_sitter.Language", None)
    return capsule


def _role(kind: str) -> int:
    role = BODY if _BODIES.fullmatch(kind) else 0
    if kind in _LEADS or "comment" in kind:
        role |= LEAD | (ATTRIBUTE if kind in _LEADS else 0)
    if kind == "section":
        role |= SECTION
    if kind in HEADINGS:
        role |= HEADING
    for kinds, bits in (
        (_LISTS, LIST),
        (WRAPPERS, WRAPPER),
        (DEFINITIONS, DEFINITION),
        (SPECIFIERS, DEFINITION | NEEDS_BODY),
        (BINDINGS, BINDING),
        (CONTAINERS, CONTAINER),
    ):
        if kind in kinds:
            role |= bits
    return role
