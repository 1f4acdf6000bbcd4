"""Shorter texts: the signatures of a file, and its outline, from the syntax tree or else from its lines.

Signatures are the text with the bodies of functions left out, doc comments and all else kept; a long literal of data is
a body too. An outline has the names of what is defined, of Markdown the headings. A text that is not parsed has an
outline where lines of it begin a section or a definition, and no signatures.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from exosuit_cli.structure.symbols import SymbolKind
from exosuit_cli.syntax.no_syntax import NoSyntax
from exosuit_cli.syntax.process import in_process
from exosuit_cli.syntax.tree import SyntaxTree

if TYPE_CHECKING:
    from tree_sitter import Node

    from exosuit_cli.syntax.definitions import Definition

_FUNCTION: Final = re.compile(
    r"function|method|constructor|destructor|lambda|closure|accessor|func_literal|init_declaration|operator_decl"
)
_NO_FUNCTION: Final = re.compile(r"call|type|invocation|argument|parameter|signature")
_LITERALS: Final = frozenset(["array", "dictionary", "initializer_list", "list", "object", "composite_literal"])
_LONGEST_LITERAL: Final = 12
"""Lines of a literal that stay."""
_LONGEST_LINE: Final = 160
_MOST_LINES: Final = 400
_COMMENT: Final = re.compile(r"#(?!\s*(?:define|include)\b)|//|/\*|--|;|dnl\b")
_DATA: Final = frozenset(["JSON", "JSON with Comments", "JSONLD", "OASv2-json", "OASv3-json", "TOML"])


def signatures(text: bytes, language: str) -> bytes | None:
    """The text without the bodies of functions; None where it is not parsed, or has none."""
    if language in _DATA or language == "Markdown":
        return None
    try:
        cuts = in_process(len(text), bodies, text, language)
    except NoSyntax:
        return None
    if not cuts:
        return None
    parts = []
    last = 0
    for start, end, mark in cuts:
        if start >= last:
            parts += [text[last:start], mark]
            last = end
    return b"".join([*parts, text[last:]])


def bodies(text: bytes, language: str) -> list[tuple[int, int, bytes]]:
    """What is left out, in order: bytes from, up to, and what stands for them. No function is looked into.

    Raises NoSyntax.
    """
    found = []
    nodes = [SyntaxTree.parse(text, language).root]
    while nodes:
        node = nodes.pop()
        if node.end_point.row - node.start_point.row < 2:
            continue
        if node.type in _LITERALS and node.end_point.row - node.start_point.row > _LONGEST_LITERAL:
            opening = (node.text or b"{")[:1]
            closing = {b"[": b"]", b"(": b")"}.get(opening, b"}")
            found.append((node.start_byte, node.end_byte, opening + b" ... " + closing))
            continue
        if _FUNCTION.search(node.type) and not _NO_FUNCTION.search(node.type):
            body = node.child_by_field_name("body")
            if body is not None:
                cut = _cut_of(body)
                if cut is not None:
                    found.append(cut)
                continue
        nodes += node.children
    return sorted(found)


def _cut_of(body: Node) -> tuple[int, int, bytes] | None:
    """What is left out of one body: all but its doc string."""
    start, end = body.start_byte, body.end_byte
    text = body.text or b""
    if text.startswith(b"{"):
        return (start, end, b"{ ... }") if b"\n" in text else None
    first = body.named_child(0) if body.named_child_count else None
    if first is not None and first.type == "expression_statement" and first.named_child_count == 1:
        inner = first.named_child(0)
        if inner is not None and inner.type == "string":
            if body.named_child_count == 1:
                return None
            start = first.end_byte
            return start, end, b"\n" + b" " * body.start_point.column + b"..."
    return (start, end, b"...") if b"\n" in text else None


def outline(text: bytes, language: str) -> bytes | None:
    """The names of what the text defines, the outer ones a line each; None where nothing is known of it."""
    try:
        return in_process(len(text), outline_of_tree, text, language)
    except NoSyntax:
        return _lines(text, language)


def outline_of_tree(text: bytes, language: str) -> bytes | None:
    """The outline of a text that is parsed. Raises NoSyntax."""
    tree = SyntaxTree.parse(text, language)
    if language == "Markdown":
        return _headings(tree.defined())
    lines: list[str] = []
    for definition, name in tree.defined():
        depth = _depth(definition)
        is_short = b"\n" not in text[definition.node.start_byte : definition.node.end_byte]
        if definition.kind is SymbolKind.CONSTANT and is_short:
            continue
        if depth is None or "\n" in name:
            continue
        if depth == 0 or not lines:
            if not lines or lines[-1] != name:  # an overload
                lines.append(name)
        else:
            lines[-1] += f"{', ' if ': ' in lines[-1] else ': '}{name}"
    return _joined(lines)


def _depth(definition: Definition) -> int | None:
    """How many definitions are around it; None within a function."""
    depth = 0
    above = definition.parent
    while above is not None:
        kind = getattr(above.node, "type", "")
        if _FUNCTION.search(kind) or (kind == "decorated_definition" and _holds_function(above)):
            return None
        depth += not above.is_container
        above = above.parent
    return depth


def _holds_function(definition: Definition) -> bool:
    return any(_FUNCTION.search(child.type) for child in getattr(definition.node, "named_children", ()))


def _headings(defined: list[tuple[Definition, str]]) -> bytes | None:
    lines = []
    for definition, name in defined:
        depth = 0
        above = definition.parent
        while above is not None:
            depth += 1
            above = above.parent
        lines.append(f"{'#' * (depth + 1)} {name}")
    return _joined(lines)


def _lines(text: bytes, language: str) -> bytes | None:
    """The lines that begin a section or a definition, as `chunk --boundaries structure` sees them."""
    import numpy as np

    from exosuit_cli.kernels import CpuKernels
    from exosuit_cli.model.slab import Slab
    from exosuit_cli.structure.boundary import Boundary
    from exosuit_cli.structure.code.strength import line_strengths

    if not text:
        return None
    slab = Slab(np.frombuffer(text, np.uint8), np.zeros(1, np.int64), np.array([len(text)]))
    columns = CpuKernels("blake3").lines(slab)
    kinds = line_strengths(slab, columns, [language]).kinds
    starts = columns.starts.tolist()
    wanted = np.flatnonzero((kinds == Boundary.SECTION) | (kinds == Boundary.DEFINITION)).tolist()
    lines = [text[starts[line] : starts[line + 1]].decode("utf-8", "replace").strip() for line in wanted]
    return _joined([line for line in lines if re.search(r"\w", line) and not _COMMENT.match(line)])


def _joined(lines: list[str]) -> bytes | None:
    if not lines:
        return None
    shown = [line if len(line) <= _LONGEST_LINE else line[:_LONGEST_LINE] + "..." for line in lines[:_MOST_LINES]]
    if len(lines) > _MOST_LINES:
        shown.append(f"... {len(lines) - _MOST_LINES:,} more")
    return "".join(f"{line}\n" for line in shown).encode()
