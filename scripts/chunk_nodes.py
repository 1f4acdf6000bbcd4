"""Which nodes of a syntax tree are definitions, strings and comments: what `eval_chunks.py` holds chunks against.

No rule of the chunker knows these tables. Grammars are those of tree-sitter-language-pack, in the version that the
figures name; node types are those of the grammars.
"""

from __future__ import annotations

import re

_C = "function_definition preproc_function_def struct_specifier union_specifier enum_specifier"
_JAVASCRIPT = """function_declaration generator_function_declaration class_declaration method_definition class
    function_expression generator_function arrow_function"""
_TYPESCRIPT = f"""{_JAVASCRIPT} abstract_class_declaration interface_declaration enum_declaration internal_module
    type_alias_declaration"""
_JAVA = """class_declaration interface_declaration enum_declaration record_declaration annotation_type_declaration
    method_declaration constructor_declaration compact_constructor_declaration"""
_RUST = "function_item impl_item trait_item struct_item enum_item union_item mod_item macro_definition"
_SQL = "create_function create_procedure create_table create_view create_type create_trigger"
_ADA = """subprogram_body package_declaration package_body full_type_declaration task_body protected_body
    task_type_declaration protected_type_declaration generic_package_declaration generic_subprogram_declaration"""
_VHDL = """entity_declaration architecture_definition architecture_body package_declaration package_definition
    package_body process_statement subprogram_body subprogram_definition component_declaration type_declaration"""
_FORTRAN = "subroutine function module program derived_type_definition interface"

DEFINITIONS = {
    "Ada": ("ada", _ADA),
    "C": ("c", _C),
    "C#": (
        "csharp",
        f"{_JAVA} struct_declaration namespace_declaration property_declaration operator_declaration",
    ),
    "C++": ("cpp", f"{_C} class_specifier namespace_definition"),
    "Clojure": ("clojure", "list_lit"),
    "Common Lisp": ("commonlisp", "list_lit defun"),
    "D": (
        "d",
        """function_declaration struct_declaration class_declaration interface_declaration enum_declaration constructor
        destructor template_declaration unittest_declaration union_declaration""",
    ),
    "Dart": (
        "dart",
        "class_definition mixin_declaration enum_declaration extension_declaration function_signature method_signature",
    ),
    "Elixir": ("elixir", "call"),
    "Elm": ("elm", "value_declaration type_declaration type_alias_declaration"),
    "Emacs Lisp": ("elisp", "function_definition macro_definition list special_form"),
    "Erlang": ("erlang", "fun_decl record_decl"),
    "F#": ("fsharp", "function_or_value_defn type_definition member_defn module_defn"),
    "Fortran Free Form": ("fortran", _FORTRAN),
    "Go": ("go", "function_declaration method_declaration type_spec"),
    "HCL": ("hcl", "block"),
    "Haskell": ("haskell", "function data_type newtype class instance"),
    "Java": ("java", _JAVA),
    "JavaScript": ("javascript", _JAVASCRIPT),
    "Julia": ("julia", "function_definition struct_definition macro_definition module_definition"),
    "Kotlin": ("kotlin", "function_declaration class_declaration object_declaration companion_object"),
    "Lua": ("lua", "function_declaration"),
    "Markdown": ("markdown", "atx_heading setext_heading"),
    "Nim": (
        "nim",
        """proc_declaration func_declaration method_declaration iterator_declaration template_declaration
        macro_declaration type_declaration converter_declaration""",
    ),
    "OCaml": ("ocaml", "value_definition type_definition module_definition class_definition module_type_definition"),
    "Objective-C": (
        "objc",
        f"{_C} class_interface class_implementation method_definition protocol_declaration category_interface",
    ),
    "PHP": (
        "php",
        """class_declaration interface_declaration trait_declaration enum_declaration method_declaration
        function_definition""",
    ),
    "Pascal": ("pascal", "defProc declType declClass"),
    "Perl": ("perl", "subroutine_declaration_statement method_declaration_statement"),
    "PowerShell": ("powershell", "function_statement class_statement enum_statement"),
    "Python": ("python", "function_definition class_definition"),
    "R": ("r", "function_definition"),
    "Racket": ("racket", "list"),
    "Ruby": ("ruby", "method singleton_method class module singleton_class"),
    "Rust": ("rust", _RUST),
    "SQL": ("sql", _SQL),
    "Scala": (
        "scala",
        "function_definition class_definition object_definition trait_definition enum_definition given_definition",
    ),
    "Scheme": ("scheme", "list"),
    "Shell": ("bash", "function_definition"),
    "Solidity": (
        "solidity",
        """function_definition contract_declaration library_declaration interface_declaration struct_declaration
        modifier_definition enum_declaration constructor_definition""",
    ),
    "Swift": (
        "swift",
        "function_declaration class_declaration protocol_declaration init_declaration deinit_declaration",
    ),
    "TSX": ("tsx", _TYPESCRIPT),
    "Tcl": ("tcl", "procedure namespace"),
    "TypeScript": ("typescript", _TYPESCRIPT),
    "VHDL": ("vhdl", _VHDL),
    "Verilog": ("verilog", "module_declaration function_declaration task_declaration always_construct"),
    "Vim script": ("vim", "function_definition"),
    "Zig": ("zig", "Decl TestDecl"),
    "reStructuredText": ("rst", ""),
}
"""By display name: the grammar and its nodes that may be definitions; `chunk_trees` says which of them are."""

STRINGS = re.compile(
    r"string|heredoc|text_block|quoted|here_doc|str_lit|sigil|bracket_argument|encapsed|attribute_value$"
)
COMMENTS = re.compile(r"comment|^pod$|^marginalia$")
LEADS = re.compile(r"comment|^marginalia$|^attribute_item$|^decorator$|^pod$|^pragma$")
"""Nodes that lead in to a definition on the lines right above it."""
LEADING_CALLS = {"unary_operator": re.compile(rb"@(?:doc|typedoc|spec|impl|deprecated|since|tag)\b")}
"""Nodes that do so where their text begins like this: attributes of Elixir."""
HEADINGS = re.compile(r"^(atx_heading|setext_heading|title)$")
SEVERAL = {"concatenated_string", "string_list", "strings", "format_string_list"}
"""Types of nodes that hold several strings."""

NEED_BODY = {"struct_specifier", "union_specifier", "enum_specifier", "class_specifier", "struct_item", "mod_item"}
NEED_TYPE = {
    "type_spec": ("type", {"struct_type", "interface_type"}),
    "type_alias_declaration": ("value", {"object_type"}),
}
FUNCTION_VALUES = {"function_expression", "generator_function", "arrow_function"}
HOLDERS = {"variable_declarator", "assignment_expression", "pair", "field_definition", "public_field_definition"}
STATEMENTS = {"lexical_declaration", "variable_declaration", "expression_statement"}
WRAPPERS = {"decorated_definition", "export_statement", "template_declaration", "ambient_declaration"}
FIRST_WORDS = {
    "Clojure": re.compile(rb"\(def(?!project|ault)[\w-]*\s"),
    "Common Lisp": re.compile(rb"\(def[\w-]*\s", re.IGNORECASE),
    "Elixir": re.compile(rb"(def|defp|defmodule|defmacro|defmacrop|defprotocol|defimpl)\s"),
    "Emacs Lisp": re.compile(rb"\((cl-)?def[\w-]*\s"),
    "Racket": re.compile(rb"\(define[\w/*-]*\s"),
    "Scheme": re.compile(rb"\(define[\w/*-]*\s"),
    "HCL": re.compile(rb"(resource|data|module|variable|output|provider|locals|terraform)\b"),
}
"""Where the type of a node does not tell: how a definition begins."""
NAMES = {
    "HCL": re.compile(rb'\w+(?:\s+"[^"]*")*\s+"(?P<name>[^"]*)"'),
    "Elixir": re.compile(rb"\w+\s+(?P<name>[\w.]+[?!]?)"),
    "Tcl": re.compile(rb"(?:proc|namespace\s+eval)\s+(?P<name>[^\s{}]+)"),
    "R": re.compile(rb"[`\"]?(?P<name>[\w.]+)[`\"]?\s*(?:<-|=)\s*function"),
    "Pascal": re.compile(
        rb"(?:class\s+)?(?:procedure|function|constructor|destructor|operator)\s+(?P<name>[\w.]+)|(?P<type>\w+)",
        re.IGNORECASE,
    ),
    "Vim script": re.compile(rb"fu\w*!?\s+(?P<name>[\w:.#<>]+)"),
    "PowerShell": re.compile(rb"(?:function|class|enum|filter)\s+(?P<name>[\w:-]+)", re.IGNORECASE),
    "Objective-C": re.compile(rb"(?:[-+]\s*\([^()]*(?:\([^()]*\)[^()]*)*\)|@\w+)\s*(?P<name>\w+)"),
    "Ada": re.compile(
        rb"(?:(?:overriding|not|private|generic|separate)\s+)*(?:procedure|function|package(?:\s+body)?|type|subtype|"
        rb"task(?:\s+body|\s+type)?|protected(?:\s+body|\s+type)?)\s+(?P<name>\"[^\"]*\"|[\w.]+)",
        re.IGNORECASE,
    ),
    "VHDL": re.compile(
        rb"(?:(?:pure|impure)\s+)?(?:entity|architecture|package(?:\s+body)?|function|procedure|component|type)\s+"
        rb"(?P<name>\w+)",
        re.IGNORECASE,
    ),
    "SQL": re.compile(
        rb"CREATE\s+(?:OR\s+REPLACE\s+)?(?:TEMP\w*\s+|UNLOGGED\s+|MATERIALIZED\s+)?\w+\s+(?:IF\s+NOT\s+EXISTS\s+)?"
        rb"(?P<name>[\w.@\"]+)",
        re.IGNORECASE,
    ),
    "Lisp": re.compile(rb"\([^\s()]+\s+(?:\^\S+\s+)*\(*(?P<name>[^\s()\[\]\"]+)"),
    "Verilog": re.compile(
        rb"(?:module|function(?:\s+automatic)?(?:\s*\[[^\]]*\])?|task(?:\s+automatic)?)\s+(?P<name>\w+)"
    ),
    "Fortran Free Form": re.compile(
        rb"(?:[\w(),=* ]+\s)?(?:subroutine|function|module|program|interface|type(?:\s*,[^:\n]*)?(?:\s*::)?)"
        rb"\s+(?P<name>\w+)",
        re.IGNORECASE,
    ),
    "Erlang": re.compile(rb"(?:-record\()?(?P<name>[a-z]\w*)"),
    "Elm": re.compile(rb"(?:type\s+(?:alias\s+)?)?(?P<name>\w+)"),
    "Haskell": re.compile(
        rb"(?:data|newtype|class)\s+(?:[^=\n]*=>\s*)?(?P<name>\w+)|instance\b.*|\(?(?P<value>[a-z_][\w']*)"
    ),
    "OCaml": re.compile(
        rb"(?:let|type|module|class)\s+(?:rec\s+|nonrec\s+|type\s+|virtual\s+)?(?:\([^()]*\)\s+|'\w+\s+)?(?P<name>\w+)"
    ),
    "Zig": re.compile(rb"(?:(?:pub|export|inline|extern)\s+)*(?:fn|const|var|test)\s+\"?(?P<name>[\w ]+)"),
    "F#": re.compile(
        rb"(?:(?:let|type|module|and|override|member|static|abstract|default|inline|rec|private|internal|public|mutable)"
        rb"\s+)*(?:\w+\.)?(?P<name>\w+|``[^`]+``)"
    ),
}
"""Where no field has the name: how it is written, from the start of the definition without what leads in to it."""
LOCAL = {"function", "function_or_value_defn", "value_declaration", "value_definition"}
"""Within another such node these are local values, which nobody looks for."""
LISPS = {"Clojure", "Common Lisp", "Emacs Lisp", "Racket", "Scheme"}
