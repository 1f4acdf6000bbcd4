"""What a line defines as in JavaScript: a function, a value that is one, a method, a test case."""

from __future__ import annotations

import re
from typing import Final

from exosuit_cli.structure.names.words import NO_NAMES, TEST_CALLS, Found, name_text
from exosuit_cli.structure.symbols import SymbolKind

_METHOD: Final = re.compile(
    rb"[ \t]*+(?:(?:async|get|set|static|public|private|protected|override|readonly)[ \t]+){0,3}\*?[ \t]*+"
    rb"(?P<name>#?[A-Za-z_$][\w$]*+|\[[\w.]+\])[ \t]*+(?:<[^<>()]*+>)?"
    rb"\((?P<rest>[^()]*+(?:\([^()]*+\)[^()]*+){0,3})\)[ \t]*+(?::[^={}]++)?\{[ \t\r\n]*$"
)
_VALUE: Final = re.compile(
    rb"[ \t]*+(?:(?:(?:export|default|const|let|var|static|public|private|readonly)\b|this\.)[ \t]*){0,4}"
    rb"(?P<name>#?[A-Za-z_$][\w$.\[\]'\"-]*+|[\"'][\w$/ .-]+[\"'])[ \t]*(?::[^=(){}\[\]'\"]+)?(?P<sign>[:=])[ \t]*+"
    rb"(?:\((?=function\b|async\b|\())?(?:async\b[ \t]*+)?"
    rb"(?P<value>function\b|class\b|(?:\([^()]*+(?:\([^()]*+\)[^()]*+){0,3}\)|[\w$]++)"
    rb"(?:[ \t]*+:[^={}]++)?[ \t]*+=>|\{[ \t\r\n]*$)"
)
_TEST: Final = re.compile(
    rb"[ \t]*(?:"
    + b"|".join(sorted(TEST_CALLS))
    + rb")(?:\.\w+)?\([ \t]*(?P<quote>[\"'`])(?P<name>(?>(?:\\.|(?!(?P=quote))[^\\\r\n])*))"
)


def name_in_script(line: bytes) -> Found | None:
    """What a line of JavaScript or TypeScript defines without a keyword."""
    is_inner, calls, is_open = line[:1] in b" \t", b"(" in line, line.rstrip(b" \t\r\n").endswith(b"{")
    test = _TEST.match(line) if calls else None
    if test is not None:
        return test["name"].decode("utf-8", "replace"), SymbolKind.TEST
    has_value = b"=>" in line or b"function" in line or b"class" in line
    found = _VALUE.match(line) if has_value or (is_open and not is_inner) else None
    if found is not None:
        value = found["value"]
        name = name_text(found["name"].strip(b"\"'"))
        if value.startswith(b"{"):
            is_bound = found["sign"] == b"=" and not line[:1].isspace()
            return (name, SymbolKind.CONSTANT) if is_bound else None
        return name, SymbolKind.CLASS if value == b"class" else SymbolKind.FUNCTION
    method = _METHOD.match(line) if is_inner and is_open and _may_be_head(line) else None
    if method is not None and method["name"] not in NO_NAMES:
        return name_text(method["name"]), SymbolKind.FUNCTION
    return None


def _may_be_head(line: bytes) -> bool:
    """Whether a name alone may be before the first bracket of a line."""
    before, bracket, _ = line.partition(b"(")
    is_plain = b"<" not in before and b"[" not in before
    return bool(bracket) and not (is_plain and (b"=" in before or b"." in before))
