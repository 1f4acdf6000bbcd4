"""What a line defines as in JavaScript: a function, a value that is one, a method, a test case."""

from __future__ import annotations

import re
from typing import Final

from exosuit_cli.structure.name_words import NO_NAMES, TEST_CALLS, Found, name_text
from exosuit_cli.structure.symbols import SymbolKind

_METHOD: Final = re.compile(
    rb"[ \t]*(?:(?:async|get|set|static|public|private|protected|override|readonly)[ \t]+){0,3}\*?[ \t]*"
    rb"(?P<name>#?[A-Za-z_$][\w$]*|\[[\w.]+\])[ \t]*(?:<[^<>()]*>)?\((?P<rest>[^()]*(?:\([^()]*\)[^()]*){0,3})\)"
    rb"[ \t]*(?::[^={}]+)?\{[ \t\r\n]*$"
)
_VALUE: Final = re.compile(
    rb"[ \t]*(?:(?:(?:export|default|const|let|var|static|public|private|readonly)\b|this\.)[ \t]*){0,4}"
    rb"(?P<name>#?[A-Za-z_$][\w$.\[\]'\"-]*|[\"'][\w$/ .-]+[\"'])[ \t]*(?::[^=(){}\[\]'\"]+)?(?P<sign>[:=])[ \t]*"
    rb"(?:async\b[ \t]*)?(?P<value>function\b|class\b|(?:\([^()]*(?:\([^()]*\)[^()]*){0,3}\)|[\w$]+)"
    rb"(?:[ \t]*:[^={}]+)?[ \t]*=>|\{[ \t\r\n]*$)"
)
_TEST: Final = re.compile(
    rb"[ \t]*(?:" + b"|".join(sorted(TEST_CALLS)) + rb")(?:\.\w+)?\([ \t]*(?P<quote>[\"'`])(?P<name>[^\"'`\r\n]*)"
)


def name_in_script(line: bytes) -> Found | None:
    """What a line of JavaScript or TypeScript defines without a keyword."""
    test = _TEST.match(line)
    if test is not None:
        return test["name"].decode("utf-8", "replace"), SymbolKind.TEST
    found = _VALUE.match(line)
    if found is not None:
        value = found["value"]
        name = name_text(found["name"].strip(b"\"'"))
        if value.startswith(b"{"):
            is_bound = found["sign"] == b"=" and not line[:1].isspace()
            return (name, SymbolKind.CONSTANT) if is_bound else None
        return name, SymbolKind.CLASS if value == b"class" else SymbolKind.FUNCTION
    method = _METHOD.match(line)
    if method is not None and line[:1] in b" \t" and method["name"] not in NO_NAMES:
        return name_text(method["name"]), SymbolKind.FUNCTION
    return None
