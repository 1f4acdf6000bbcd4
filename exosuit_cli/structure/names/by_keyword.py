"""The name after a keyword, which only modifiers stand before: `pub fn name(`, `static class Name {`."""

from __future__ import annotations

import re
from typing import Final

from exosuit_cli.structure.families import IS_C_LIKE, Family
from exosuit_cli.structure.names.words import KEYWORDS, MODIFIERS, NAMELESS, TEST_WORDS, Found, name_text
from exosuit_cli.structure.symbols import SymbolKind

WORD: Final = re.compile(
    rb"[ \t]*(\"C\"|@?\w+[!*]?)(?:\((?:crate|super|self|in [\w:]+|set|get)\)|\[\w+\])?(?![^ \t<(*&:])"
)
_ANNOTATION: Final = re.compile(rb"[ \t]*@(?!interface|implementation|protocol)\w+(?:\([^()]*\))?[ \t]+(?=\w)")
_NAME: Final = rb"(?:::|<SID>)?[A-Za-z_$\x80-\xff][\w$.:'!?#\\\x80-\xff-]*"
_AFTER_KEYWORD: Final = re.compile(
    rb"[ \t]*(?:(?P<more>class|struct|eval|body|object|interface|type|rec)[ \t]+|"
    rb"(?:if|IF)[ \t]+(?:not|NOT)[ \t]+(?:exists|EXISTS)[ \t]+|&|\*)?"
    rb"(?:\((?P<owner>[^()]*)\)[ \t]*|<[^>]*>[ \t]*)?(?:self\.)?(?:`(?P<quoted>[^`\r\n]+)`|\"?(?P<name>"
    + _NAME
    + rb")\"?)"
    rb"(?=[ \t]*(?:$|[\r\n({<=;,\[|@/*]|->|(?:extends|implements|with|where|struct|interface|func|map|chan|do|derives|"
    rb"returns?|permits|inherits|begin|"
    rb"(?:\w+[ \t]+)?constructor|is|of|as|AS|IS|on|ON|RETURNS?|if|throws|final|for|\w+[ \t]*(?=[={]))(?!\w)|"
    rb":(?!\w)|[ \t]:))"
)
"""What follows the name tells a definition from a sentence that begins with such a word."""
_IMPL: Final = re.compile(
    rb"[ \t]*(?:<[^{]*?>[ \t]+)?(?:[!\w:<>, '&\[\]()]+?[ \t]+for[ \t]+)?[&']*(?:\w+[ \t]+)?(?P<name>[A-Za-z_][\w:]*)"
    rb"(?=[ \t<{]|$)"
)
_VARIABLE: Final = re.compile(rb"[ \t]+(?:mut[ \t]+|ref[ \t]+)?(?P<name>[A-Za-z_]\w*)[ \t]*[:=]")
_EXTENSION: Final = re.compile(
    rb"[ \t]+(?:<[^<>]*>[ \t]+)?(?P<name>[A-Za-z_]\w*(?:<(?:[^<>=]|<[^<>=]*>)*>)?\??(?:\.[A-Za-z_]\w*(?:<(?:[^<>=]|"
    rb"<[^<>=]*>)*>)?\??)*\.[A-Za-z_]\w*)(?=[ \t]*(?:[:=(\r\n]|$|get\b|by\b))"
)
"""A property or a function that is added to a type, as in Kotlin."""
_EXPORTED: Final = re.compile(
    rb"[ \t]+[A-Z][A-Z0-9_]{2,}(?:\([^()]*\))?(?=[ \t]+[A-Za-z_]\w*[ \t]*[\r\n{:]|[ \t]+\w+$)"
)
"""A macro between a keyword of C++ and the name of a type."""
_MAY_BE_EXPORTED: Final = frozenset({SymbolKind.STRUCT, SymbolKind.UNION, SymbolKind.ENUM, SymbolKind.CLASS})
_ARGUMENTS: Final = re.compile(rb"<(?:[^<>]|<[^<>]*>)*>|\?")
_TEST: Final = re.compile(
    rb"[ \t]*(?:(?:RSpec\.)?(?:" + b"|".join(sorted(TEST_WORDS)) + rb")\b[ \t]*\(?|@testset\b[^\"\r\n]*+)[ \t]*"
    rb"(?:\"(?P<name>[^\"\r\n]+)\"|'(?P<other>[^'\r\n]+)'|(?P<unit>[A-Z][\w:]*)(?=[ \t,]))[^\r\n]*"
    rb"(?:[ \t]do(?:[ \t]*\|[^|\r\n]*\|)?|[ )]\{|[ \t]begin|[ \t]for\b[^\r\n]*)[ \t\r\n]*$"
)
"""A test case as in Ruby, Elixir, Julia, PowerShell, Zig."""


def name_by_keyword(line: bytes, family: int) -> Found | None:
    """The name after a keyword, which only modifiers stand before."""
    if family == Family.KEYWORD and (test := _TEST.match(line)) is not None:
        return (test["name"] or test["other"] or test["unit"]).decode("utf-8", "replace"), SymbolKind.TEST
    note = _ANNOTATION.match(line) if b"@" in line else None
    word = WORD.match(line, note.end() if note is not None else 0)
    count = 0
    while word is not None and count < 8:
        text = word[1]
        kind = KEYWORDS.get(text) or KEYWORDS.get(text.rstrip(b"!"))
        if kind is not None:
            return _after(line, word, kind, family)
        if text not in MODIFIERS:
            return None
        count += 1
        word = WORD.match(line, word.end())
    return None


def _after(line: bytes, word: re.Match[bytes], kind: SymbolKind, family: int) -> Found | None:
    at = word.end(1)
    if at >= len(line) or line[at] not in b" \t<(&*?!":
        return None
    if word[1] == b"impl":
        found = _IMPL.match(line, at)
        return (name_text(found["name"]), kind) if found is not None else None
    if kind is SymbolKind.CONSTANT and word[1] not in (b"index", b"INDEX"):
        return _constant(line, at, family)
    if word[1] in NAMELESS:
        return (word[1].decode(), kind) if line[at : at + 1] in (b"(", b"<", b"?", b"!") else None
    if word[1] == b"fun" and b"." in line and (added := _EXTENSION.match(line, at)) is not None:
        return name_text(_ARGUMENTS.sub(b"", added["name"])), kind
    exported = _EXPORTED.match(line, at) if kind in _MAY_BE_EXPORTED and IS_C_LIKE[family] else None
    found = _AFTER_KEYWORD.match(line, at if exported is None else exported.end())
    if found is None or (word[1] == b"using" and not line[found.end() :].lstrip().startswith(b"=")):
        return None
    name = name_text(found["name"] or found["quoted"])
    if found["more"] == b"interface":
        kind = SymbolKind.INTERFACE
    if kind in _MAY_BE_EXPORTED and IS_C_LIKE[family]:
        rest = line[found.end() :].strip()
        if rest[:1] not in (b"", b"{", b":", b"<") and not rest.startswith(b"final"):
            return None  # the type of something else, or announced only
    owner = found["owner"]
    if owner and family == Family.KEYWORD and word[1] == b"func":
        words = owner.partition(b"[")[0].replace(b"*", b" ").split()
        name = f"{name_text(words[-1])}.{name}" if words else name
    return (name, kind) if name else None


def _constant(line: bytes, at: int, family: int) -> Found | None:
    """A constant or a variable, which counts where it is not within a function; in a script, none."""
    word = WORD.match(line, at)
    if word is not None and word[1] in KEYWORDS and word[1] not in (b"index", b"table", b"type", b"test", b"record"):
        kind = KEYWORDS[word[1]]
        return _after(line, word, kind, family)  # `const fn`, `static class`, `const enum`
    if IS_C_LIKE[family]:
        return None
    if family == Family.SCRIPT:
        return None
    added = _EXTENSION.match(line, at) if b"." in line else None
    if added is not None:
        return name_text(_ARGUMENTS.sub(b"", added["name"])), SymbolKind.CONSTANT
    found = _VARIABLE.match(line, at)
    return (name_text(found["name"]), SymbolKind.CONSTANT) if found is not None else None
