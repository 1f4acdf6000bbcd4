"""What a line defines that one pattern finds: functions of shells and Lua, rules, tables, blocks."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from exosuit_cli.structure.names.words import Found, name_text
from exosuit_cli.structure.symbols import SymbolKind

if TYPE_CHECKING:
    from collections.abc import Callable

_SHELL: Final = re.compile(rb"[ \t]*(?:function[ \t]+)?(?P<name>[A-Za-z_][\w.:-]*)[ \t]*\(\)")
_LUA: Final = re.compile(
    rb"[ \t]*(?:local[ \t]+)?(?P<name>[A-Za-z_.][\w.:]*)[ \t]*(?:=|<-)[ \t]*function[ \t]*\(", re.IGNORECASE
)
_LUA_TEST: Final = re.compile(
    rb"[ \t]*(?:describe|it|context|insulate|expose|test_that)[ \t]*\([ \t]*"
    rb"(?P<quote>[\"'])(?P<name>(?>(?:\\.|(?!(?P=quote))[^\\\r\n])+))(?P=quote)[ \t]*,[^\r\n]*(?:\)|\{)[ \t\r\n]*$"
)
"""A test case of Lua's busted or R's testthat."""
_TABLE_HEAD: Final = re.compile(rb"[ \t]*\[{1,2}(?P<name>[^\[\]]+)\]{1,2}[ \t]*(?:[#;].*)?[\r\n]*$")
_STYLE_WORD: Final = re.compile(rb"[ \t]*@(?P<word>mixin|function|(?:-\w+-)?keyframes)[ \t]+(?P<name>[\w-]+)")
_SELECTOR: Final = re.compile(rb"(?P<name>(?:[^{}#]|#(?!\{)|#\{[^{}]*\})+)\{")
_STYLE_KINDS: Final = {b"mixin": SymbolKind.MACRO, b"function": SymbolKind.FUNCTION}
_BLOCK: Final = re.compile(rb"[ \t]*(?P<word>[\w-]+)(?P<labels>(?:[ \t]+\"[^\"]*\")*)[ \t]*\{[ \t\r]*$")
_TARGET: Final = re.compile(rb"(?P<name>(?!\.PHONY)[\w./%-]+)[ \t]*::?(?![=:])")


def _pattern(pattern: re.Pattern[bytes], kind: SymbolKind) -> Callable[[bytes], Found | None]:
    def named(line: bytes) -> Found | None:
        found = pattern.match(line)
        return (name_text(found["name"]), kind) if found is not None else None

    return named


def name_in_lua(line: bytes) -> Found | None:
    """The name in Lua or R that a function is bound to, or of a test case."""
    test = _LUA_TEST.match(line)
    if test is not None:
        return test["name"].decode("utf-8", "replace"), SymbolKind.TEST
    found = _LUA.match(line) if b"function" in line.lower() else None
    return (name_text(found["name"]), SymbolKind.FUNCTION) if found is not None else None


def name_of_style(line: bytes) -> Found | None:
    """The selector of a rule of a style sheet, or what a line of SCSS defines."""
    defined = _STYLE_WORD.match(line)
    if defined is not None:
        return name_text(defined["name"]), _STYLE_KINDS.get(defined["word"], SymbolKind.RULE)
    found = _SELECTOR.match(line)
    name = found["name"].strip() if found is not None else b""
    if not name or name.startswith((b"@", b"//", b"/*")):
        return None
    return " ".join(name.decode("utf-8", "replace").split())[:100], SymbolKind.RULE


def name_of_block(line: bytes) -> Found | None:
    """The word and the labels of a block of HCL."""
    found = _BLOCK.match(line)
    if found is None:
        return None
    labels = [label.decode("utf-8", "replace") for label in found["labels"].split(b'"')[1::2]]
    return ".".join([found["word"].decode("utf-8", "replace"), *labels]), SymbolKind.SECTION


name_in_shell = _pattern(_SHELL, SymbolKind.FUNCTION)
name_of_target = _pattern(_TARGET, SymbolKind.RULE)
name_of_table = _pattern(_TABLE_HEAD, SymbolKind.SECTION)
