"""What a line defines as in Java: a method or a property, within a class."""

from __future__ import annotations

import re
from typing import Final

from exosuit_cli.structure.families import Family
from exosuit_cli.structure.names.by_keyword import WORD, name_by_keyword
from exosuit_cli.structure.names.in_c import head_name
from exosuit_cli.structure.names.words import MODIFIERS, Found, name_text
from exosuit_cli.structure.symbols import SymbolKind

_PROPERTY: Final = re.compile(rb"(?P<name>[A-Za-z_]\w*)[ \t]*(?:\{|=>)")


def name_in_java(line: bytes) -> Found | None:
    """What a line of Java, C# or a similar language defines."""
    found = name_by_keyword(line, Family.JAVA)
    if found is not None:
        return found
    stripped = line.strip()
    is_declared = stripped.endswith(b";")
    head = WORD.match(line)
    has_modifier = head is not None and head[1] in MODIFIERS
    if is_declared and not has_modifier and line[:1] not in b" \t":
        return None
    found = head_name(_without_modifiers(stripped), at_edge=False, is_java=True)
    if found is not None:
        return found
    if has_modifier and not is_declared and b"(" not in stripped.partition(b"{")[0].partition(b"=>")[0]:
        named = _PROPERTY.search(stripped)
        return (name_text(named["name"]), SymbolKind.CONSTANT) if named is not None else None
    return None


def _without_modifiers(line: bytes) -> bytes:
    while (word := line.partition(b" "))[0] in MODIFIERS and word[2]:
        line = word[2].lstrip()
    return line
