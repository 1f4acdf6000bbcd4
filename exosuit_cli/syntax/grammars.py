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
from exosuit_cli.syntax.kinds import SPECIFIERS, kinds_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tree_sitter import Language

    from exosuit_cli.structure.symbols import SymbolKind

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
    "Vue": "html",
    "YAML": "yaml",
    "Zig": "zig",
}
"""The grammar of each language, by the names that `languages` uses."""

(
    LEAD, WRAPPER, BODY, LIST, DEFINITION, NEEDS_BODY, BINDING, SECTION, HEADING, CONTAINER, TOKEN, ERROR, ATTRIBUTE,
    VALUE, OUTER, HOLDER,
) = (1 << bit for bit in range(16))  # fmt: skip
"""The roles of node types, as bits. BINDING and VALUE define something where what they bind a name to does; with OUTER,
only where no function is around. HOLDER: an expression that may have definitions within, on one line as well."""
MAY_DEFINE: Final = WRAPPER | DEFINITION | BINDING | SECTION | CONTAINER | VALUE
HOLDS_ITEMS: Final = BODY | LIST | SECTION
MAY_HOLD: Final = MAY_DEFINE | BODY | LIST | HOLDER
"""What is looked into for definitions, where it is on one line."""

_NAME_FIELDS: Final = ("name", "key", "pattern", "as")
_ERROR_TYPE: Final = 0xFFFF
"""The number of the type of error nodes, in every grammar."""

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
_SCRIPT: Final = {
    **dict.fromkeys(
        ["assignment_expression", "call_expression", "field_definition", "pair", "public_field_definition"], VALUE
    ),
    **dict.fromkeys(
        """
        arguments array arrow_function await_expression expression_statement function_expression new_expression object
        parenthesized_expression return_statement ternary_expression variable_declarator
        """.split(),  # noqa: SIM905
        HOLDER,
    ),
}
_OTHER: Final = {
    "c": {"declaration": BINDING | OUTER},
    "cpp": {"declaration": BINDING | OUTER, "field_declaration": BINDING},
    "csharp": {"accessor_list": BODY, "field_declaration": BINDING | OUTER, "variable_declaration": 0},
    "cuda": {"declaration": BINDING | OUTER, "field_declaration": BINDING},
    "elixir": {"call": VALUE, "unary_operator": LEAD | ATTRIBUTE},
    "go": {
        "const_declaration": BINDING | OUTER,
        "const_spec": DEFINITION | OUTER,
        "var_declaration": BINDING | OUTER,
        "var_spec": DEFINITION | OUTER,
    },
    "groovy": {"field_declaration": BINDING | OUTER},
    "haskell": {
        "class_declarations": BODY,
        "declarations": LIST,
        "instance_declarations": BODY,
        "signature": LEAD,
    },
    "hcl": {"block": DEFINITION},
    "java": {"field_declaration": BINDING | OUTER},
    "javascript": _SCRIPT,
    "julia": {
        "assignment": VALUE | OUTER,
        "const_statement": BINDING | OUTER,
        "macrocall_expression": VALUE,
        "macro_argument_list": HOLDER,
    },
    "lua": {
        "assignment_statement": VALUE,
        "expression_list": HOLDER,
        "field": VALUE,
        "function_call": VALUE,
        "arguments": HOLDER,
        "table_constructor": HOLDER,
    },
    "objc": {"declaration": BINDING | OUTER},
    "ocaml": {"signature": BODY, "structure": BODY},
    "powershell": {"command": VALUE},
    "python": {"expression_statement": VALUE | OUTER},
    "ruby": {"assignment": VALUE | OUTER, "call": VALUE},
    "sql": {"statement": HOLDER},
    "scala": {"enum_case_definitions": HOLDER},
    "starlark": {"expression_statement": VALUE | OUTER},
    "tsx": {**_SCRIPT, "expression_statement": WRAPPER},
    "typescript": {**_SCRIPT, "expression_statement": WRAPPER},
    "zig": {"variable_declaration": BINDING | OUTER},
}
"""The roles of node types that mean in one grammar what they do not in others, beside what they define."""


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
    kinds: dict[int, SymbolKind]
    """What each node type defines that defines something, by its number."""
    name_fields: tuple[int, ...]
    """The fields that may have a name, by their numbers."""


@dataclass(frozen=True, slots=True)
class Source:
    """A text, and the grammar that it is parsed with."""

    data: bytes
    grammar: Grammar


@cache
def load_grammar(name: str) -> Grammar:
    """Load a grammar, once a process; some milliseconds. Raises ResourceMissing where its package cannot be loaded."""
    from tree_sitter import Language

    language = Language(load_pointer(name))
    other, defining = _OTHER.get(name, {}), kinds_of(name)
    roles = array("H", bytes(2 << 16))
    kinds = {}
    roles[_ERROR_TYPE] = ERROR
    for number in range(language.node_kind_count):
        kind = language.node_kind_for_id(number)
        if kind is not None:
            is_named = language.node_kind_is_named(number)
            roles[number] = (other[kind] if kind in other else _role(kind, defining)) if is_named else TOKEN
            if is_named and kind in defining:
                kinds[number] = defining[kind]
    fields = [language.field_id_for_name(field) for field in _NAME_FIELDS]
    return Grammar(name, language, roles, kinds, tuple(field for field in fields if field is not None))


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


def _role(kind: str, defining: Mapping[str, SymbolKind]) -> int:
    role = BODY if _BODIES.fullmatch(kind) else 0
    if kind in _LEADS or "comment" in kind:
        role |= LEAD | (ATTRIBUTE if kind in _LEADS else 0)
    if kind == "section":
        role |= SECTION
    if kind in HEADINGS:
        role |= HEADING
    if kind in defining:
        role |= DEFINITION | (NEEDS_BODY if kind in SPECIFIERS else 0)
    for kinds, bits in ((_LISTS, LIST), (WRAPPERS, WRAPPER), (BINDINGS, BINDING), (CONTAINERS, CONTAINER)):
        if kind in kinds:
            role |= bits
    return role
