"""What a statement or a call binds names to: functions, classes, tables, constants, test cases."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from exosuit_cli.structure.names.words import KEYWORDS, TEST_CALLS
from exosuit_cli.structure.symbols import SymbolKind
from exosuit_cli.syntax.kinds import SPECIFIERS
from exosuit_cli.syntax.nodes import first_named, last_named

if TYPE_CHECKING:
    from collections.abc import Callable

    from tree_sitter import Node

    Bound = list[tuple[Node, SymbolKind]]
    """The nodes whose text is a name, in order, and what each names."""

_VALUES: Final = {
    "arrow_function": SymbolKind.FUNCTION,
    "class": SymbolKind.CLASS,
    "enum_declaration": SymbolKind.ENUM,
    "function": SymbolKind.FUNCTION,
    "function_definition": SymbolKind.FUNCTION,
    "function_expression": SymbolKind.FUNCTION,
    "generator_function": SymbolKind.FUNCTION,
    "lambda_expression": SymbolKind.FUNCTION,
    "struct_declaration": SymbolKind.STRUCT,
    "union_declaration": SymbolKind.UNION,
}
"""What a name is that is bound to a value of this type."""
_CALLS: Final = frozenset(["call_expression", "parenthesized_expression"])
_CALLED: Final = frozenset(["arrow_function", "function_expression"])
_MOST_WRAPPED: Final = 4
_TABLES: Final = frozenset(["object", "table_constructor"])
_LOADING: Final = (b"require", b"import", b"await import", b"@import")
"""What a value begins with that only gives another file's content a name."""
_FIXED: Final = re.compile(
    rb"\bconst\b|\bstatic\b.*\b(?:final|readonly)\b|\b(?:final|readonly)\b.*\bstatic\b", re.DOTALL
)
_LONGEST_HEAD: Final = 200
_EDGES: Final = frozenset(["ambient_declaration", "export_statement", "program"])
_CALLEES: Final = ("function", "method", "target", "name")
_TITLES: Final = re.compile("(?:.*_)?string(?:_literal)?|constant|scope_resolution")
_TEST_BODIES: Final = frozenset(
    ["arrow_function", "block", "compound_statement", "do_block", "function_definition", "function_expression"]
)
_WORD: Final = re.compile(rb"@?(?:RSpec\.)?(\w+)")
_ELIXIR: Final = re.compile(rb"def(?:module|macro|protocol|impl|delegate|guard|n)?p?")
_MOST_CHAINED: Final = 8
_SPECIFIED: Final = {each: SymbolKind[each.partition("_")[0].upper()] for each in SPECIFIERS}


def bound(node: Node, data: bytes, *, is_outer: bool, is_nested: bool) -> Bound:
    """What a node of the roles BINDING or VALUE binds names to that counts as a definition; empty for nothing.

    `data` is the text: a node's own copy of its text costs a call for each block of it. `is_outer`: no function is
    around it. `is_nested`: a definition is around it.
    """
    find = _BOUND.get(node.type)
    found = find(node, data) if find is not None else []
    if not is_outer:
        found = [each for each in found if each[1] is not SymbolKind.CONSTANT]
    return [] if is_nested and node.type == "expression_statement" else found


def _text(node: Node, data: bytes) -> bytes:
    return data[node.start_byte : node.end_byte]


def _value_kind(value: Node | None) -> SymbolKind | None:
    """The kind of a name with this value: a function, a class, a table; None for any other."""
    if value is None:
        return None
    if value.type in _CALLS and (called := _called_at_once(value)) is not None:
        return _VALUES[called.type]
    return SymbolKind.CONSTANT if value.type in _TABLES else _VALUES.get(value.type)


def _called_at_once(value: Node) -> Node | None:
    """JavaScript: the function of `(function () {})()`, `(function () {}())` and `function () {}()`, as of modules."""
    inner: Node | None = value
    is_called = False
    for _ in range(_MOST_WRAPPED):
        if inner is None or inner.type not in _CALLS:
            break
        is_called |= inner.type == "call_expression"
        inner = inner.child_by_field_name("function") if inner.type == "call_expression" else first_named(inner)
    return inner if is_called and inner is not None and inner.type in _CALLED else None


def _declared(node: Node, data: bytes) -> Bound:
    """JavaScript `const a = () => 1, b = c.b = 2`; Lua `local f = function`; Zig `const A = struct`; C# fields."""
    found: Bound = []
    at_edge: bool | None = None
    for child in node.named_children:
        if child.type == "assignment_statement":
            found += _lua(child, data)
        elif child.type == "identifier" and not found:  # Zig: the name, its type, its value
            last = node.named_children[-1]
            if not data.startswith(_LOADING, last.start_byte):
                found.append((child, _value_kind(last) or SymbolKind.CONSTANT))
        elif child.type == "variable_declarator":
            name, value = child.child_by_field_name("name"), child.child_by_field_name("value")
            chained = _assigned(value, data) if value is not None and value.type == "assignment_expression" else []
            kind = chained[0][1] if chained else _value_kind(value)
            if name is None or name.type.endswith("pattern"):
                continue
            if kind is None and value is not None:
                if at_edge is None:
                    at_edge = node.parent is not None and node.parent.type in _EDGES
                is_loaded = data.startswith(_LOADING, value.start_byte)
                kind = SymbolKind.CONSTANT if at_edge and not is_loaded else None
            if kind is not None:
                found += [(name, kind), *chained]
    return found


def _declaration(node: Node, _data: bytes) -> Bound:
    """C: what is given a value; else the type that it has a body for."""
    found: Bound = []
    for child in node.children_by_field_name("declarator"):
        if child.type == "init_declarator":
            value = child.child_by_field_name("value")
            found.append((child, _VALUES.get(value.type, SymbolKind.CONSTANT) if value else SymbolKind.CONSTANT))
    kind = node.child_by_field_name("type")
    if kind is not None and kind.type in SPECIFIERS and kind.child_by_field_name("body") is not None:
        name = kind.child_by_field_name("name")
        if name is not None:
            return [(name, _SPECIFIED[kind.type]), *found]
        return found or [(each, SymbolKind.CONSTANT) for each in node.children_by_field_name("declarator")]
    return found


def _field(node: Node, data: bytes) -> Bound:
    """C++: a method that is declared in its class; Java and C#: what is constant for all."""
    declarators = node.children_by_field_name("declarator")
    if not declarators:
        declarators = [
            each
            for child in node.named_children
            if child.type == "variable_declaration"
            for each in child.named_children
        ]
    found: Bound = []
    is_fixed = bool(declarators) and _FIXED.search(data[node.start_byte : declarators[0].start_byte])
    for each in declarators:
        if each.type == "variable_declarator":
            name = each.child_by_field_name("name")
            if is_fixed and name is not None:
                found.append((name, SymbolKind.CONSTANT))
            continue
        inner: Node | None = each
        while inner is not None and inner.type in ("pointer_declarator", "reference_declarator"):
            inner = last_named(inner)
        if inner is not None and inner.type == "function_declarator":
            named = inner.child_by_field_name("declarator")
            if named is not None and named.type != "parenthesized_declarator":
                found.append((inner, SymbolKind.METHOD))
    return found


def _go(node: Node, _data: bytes) -> Bound:
    """The only constant or variable of a Go declaration."""
    specs = [child for child in node.named_children if child.type in ("const_spec", "var_spec")]
    if len(specs) != 1:
        return []
    return [(name, SymbolKind.CONSTANT) for name in specs[0].children_by_field_name("name") if name.is_named]


def _julia(node: Node, _data: bytes) -> Bound:
    inner = first_named(node)
    names = inner.named_children[:1] if inner is not None and inner.type == "assignment" else []
    return [(name, SymbolKind.CONSTANT) for name in names]


def _assignment(node: Node, _data: bytes) -> Bound:
    """Julia `f(x) = 1`; Ruby `NAME = 1`."""
    left = node.child_by_field_name("left")
    if left is None:
        left = first_named(node)
    if left is None:
        return []
    if left.type == "constant":
        return [(left, SymbolKind.CONSTANT)]
    names = left.named_children[:1] if left.type == "call_expression" else []
    return [(name, SymbolKind.FUNCTION) for name in names]


def _python(node: Node, _data: bytes) -> Bound:
    inner = first_named(node)
    left = inner.child_by_field_name("left") if inner is not None and inner.type == "assignment" else None
    return [(left, SymbolKind.CONSTANT)] if left is not None and left.type == "identifier" else []


def _assigned(node: Node, data: bytes) -> Bound:
    """JavaScript: `exports.f = exports.g = function`."""
    names: list[Node] = []
    value: Node | None = node
    while value is not None and value.type == "assignment_expression" and len(names) < _MOST_CHAINED:
        left = value.child_by_field_name("left")
        if left is not None and left.type in ("identifier", "member_expression"):
            names.append(left)
        value = value.child_by_field_name("right")
    kind = _value_kind(value)
    if kind is SymbolKind.FUNCTION and names and b".prototype." in _text(names[0], data):
        kind = SymbolKind.METHOD
    return [(name, kind) for name in names] if kind is not None else []


def _pair(node: Node, _data: bytes) -> Bound:
    """A function or a class with a key, or in a class."""
    kind = _VALUES.get(value.type) if (value := node.child_by_field_name("value")) is not None else None
    if kind is None:
        return []
    for field in ("key", "name", "property"):
        name = node.child_by_field_name(field)
        if name is not None:
            return [(name, kind)]
    return []


def _lua(node: Node, _data: bytes) -> Bound:
    """Lua: `M.f = function`."""
    if node.named_child_count < 2:
        return []
    names, values = node.named_children[0].named_children, node.named_children[-1].named_children
    kinds = [_value_kind(value) for value in values]
    return [(name, kind) for name, kind in zip(names, kinds, strict=False) if kind is not None]


def _call(node: Node, data: bytes) -> Bound:
    """A test case, as `it("does this", () => {` and its like; in Elixir, also what `def` and its like define."""
    if node.type != "call":  # which may begin with a receiver
        word_first = _WORD.match(data, node.start_byte)
        if word_first is None or word_first[1] not in TEST_CALLS:
            return []
    callee = next((found for field in _CALLEES if (found := node.child_by_field_name(field)) is not None), None)
    if callee is None:
        callee = first_named(node)
    arguments = node.child_by_field_name("arguments")
    if arguments is None and node.named_child_count > 1:
        arguments = node.named_children[1]
    if callee is None or arguments is None or not arguments.named_child_count:
        return []
    word = data[callee.start_byte : min(callee.end_byte, callee.start_byte + _LONGEST_HEAD)]
    first = arguments.named_children[0]
    if _ELIXIR.fullmatch(word):
        return [(first, KEYWORDS.get(word, SymbolKind.FUNCTION))]
    base = _WORD.match(word)
    if base is None or base[1] not in TEST_CALLS or _TITLES.fullmatch(first.type) is None:
        return []
    has_body = any(each.type in _TEST_BODIES for each in (*arguments.named_children, *node.named_children))
    return [(first, SymbolKind.TEST)] if has_body else []


def _command(node: Node, data: bytes) -> Bound:
    """A test case of Pester: `It "does this" {`."""
    callee = node.child_by_field_name("command_name")
    if callee is None or _text(callee, data).lower() not in TEST_CALLS or b"{" not in _text(node, data):
        return []
    nodes = [node]
    for _ in range(_MOST_CHAINED):
        inner = nodes.pop()
        if inner.type == "string_literal":
            return [(inner, SymbolKind.TEST)]
        nodes += reversed(inner.named_children)
    return []


_BOUND: Final[dict[str, Callable[[Node, bytes], Bound]]] = {
    "assignment": _assignment,
    "assignment_expression": _assigned,
    "assignment_statement": _lua,
    "call": _call,
    "call_expression": _call,
    "command": _command,
    "const_declaration": _go,
    "const_statement": _julia,
    "declaration": _declaration,
    "expression_statement": _python,
    "field": _pair,
    "field_declaration": _field,
    "field_definition": _pair,
    "function_call": _call,
    "lexical_declaration": _declared,
    "macrocall_expression": _call,
    "pair": _pair,
    "public_field_definition": _pair,
    "var_declaration": _go,
    "variable_declaration": _declared,
}
