"""What a line defines in Fortran and MATLAB: a unit of a program."""

from __future__ import annotations

import re
from typing import Final

from exosuit_cli.structure.names.words import Found, name_text
from exosuit_cli.structure.symbols import SymbolKind

_OUTPUTS: Final = re.compile(
    rb"[ \t]*(?:function[ \t]+(?:(?:\[[^\]\r\n]*\]|\w+)[ \t]*=[ \t]*)?|classdef[ \t]+(?:\([^()]*\)[ \t]*)?)"
    rb"(?P<name>[A-Za-z_][\w.]*)"
)
_UNIT: Final = re.compile(
    rb"[ \t]*+"
    rb"(?:(?:pure|elemental|impure|recursive|module|integer|real|logical|complex|character|double[ \t]+precision|"
    rb"type|class)(?:[ \t]*\*[ \t]*\d+|[ \t]*\([^()]*(?:\([^()]*\)[^()]*)*\))?[ \t]+){0,3}"
    rb"(?P<kind>subroutine|function|submodule[ \t]*\([^()]*\)|module|program|interface|block[ \t]*data|"
    rb"type(?:[ \t]*,[^:\r\n]*)?(?:[ \t]*::)?)[ \t]+(?P<name>[a-z]\w*)[ \t]*(?=[(!;\r\n]|bind|result|$)",
    re.IGNORECASE,
)
_UNIT_KINDS: Final = {
    b"m": SymbolKind.MODULE, b"p": SymbolKind.MODULE, b"b": SymbolKind.MODULE, b"i": SymbolKind.INTERFACE,
    b"t": SymbolKind.TYPE,
}  # fmt: skip


def name_with_outputs(line: bytes) -> Found | None:
    """The function or class of a line of MATLAB."""
    found = _OUTPUTS.match(line)
    if found is None:
        return None
    kind = SymbolKind.FUNCTION if b"function" in line[: found.start("name")] else SymbolKind.CLASS
    return name_text(found["name"]), kind


def name_in_fortran(line: bytes) -> Found | None:
    """The unit of a program, the interface or the type of a line of Fortran."""
    found = _UNIT.match(line)
    if found is None or found["name"].lower() in (b"procedure", b"function", b"subroutine"):
        return None
    kind = _UNIT_KINDS.get(found["kind"][:1].lower(), SymbolKind.FUNCTION)
    is_type = kind is not SymbolKind.TYPE or b"(" not in line[found.end("kind") : found.end() + 1]
    return (name_text(found["name"]), kind) if is_type else None
