"""What a line defines as in C, C++ and Objective-C: types, a name and an opening bracket."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Final

from exosuit_cli.structure.families import Family
from exosuit_cli.structure.names.by_keyword import name_by_keyword
from exosuit_cli.structure.names.words import NO_NAMES, TYPES, Found, name_text
from exosuit_cli.structure.symbols import SymbolKind

_TEMPLATE: Final = re.compile(rb"[ \t]*template[ \t]*<[^()]*?>[ \t]*(?=\w)")
_MACRO_CALL: Final = re.compile(rb"[A-Z0-9_]{3,}")
_MACRO: Final = re.compile(rb"#define[ \t]+(?P<name>[A-Za-z_]\w*)\(")
_C_NAME: Final = re.compile(rb"(?:[A-Za-z_][\w]*(?:<[^<>]*>)?::)*(?:~?[A-Za-z_]\w*|operator\W{1,3})")
_ARGUMENT: Final = re.compile(rb"\([ \t]*\"?([A-Za-z_]\w*)\"?[ \t]*[,)](?:[ \t]*([A-Za-z_]\w*)[ \t]*\))?")
_TABLE: Final = re.compile(rb"(?<![A-Za-z_])(?P<name>[A-Za-z_]\w*)[ \t]*(?:\[[^\]=]*\][ \t]*)*=(?!=)")
_METHOD: Final = re.compile(rb"[-+][ \t]*\([^()]*(?:\([^()]*\)[^()]*)*\)[ \t]*(?P<name>[A-Za-z_]\w*)(?P<rest>[^{;]*)")
_LABELS: Final = re.compile(rb"([A-Za-z_]\w*)[ \t]*:")


def head_name(line: bytes, *, at_edge: bool, is_java: bool) -> Found | None:
    """The name in a head as in C or Java: types, a name, an opening bracket."""
    before, bracket, after = line.partition(b"(")
    if b"=" in before or not bracket:
        if is_java:
            return None
        table = _TABLE.search(line) if b"{" in line or line.rstrip().endswith(b"=") else None
        return (name_text(table["name"]), SymbolKind.CONSTANT) if table is not None and at_edge else None
    if not is_java and b";" in after and b"{" not in after:
        return None  # a statement or an announcement
    before = before.rstrip()
    words = before.replace(b"*", b" ").replace(b"&", b" ").split()
    if not words or words[0] in NO_NAMES or words[-1] in NO_NAMES or words[-1] in TYPES:
        return None
    name = words[-1]
    if b"operator" in before:
        name = before[before.rindex(b"operator") - (before[: before.rindex(b"operator")][::-1] + b" ").index(b" ") :]
    if _C_NAME.fullmatch(name) is None:
        return None
    if len(words) == 1:
        if at_edge and _MACRO_CALL.fullmatch(name):
            return _by_macro(line, name)
        return (name_text(name), SymbolKind.FUNCTION) if at_edge or name[:1].isupper() else None
    if any(not _is_type(word) for word in words[:-1]):
        return None
    return name_text(name), SymbolKind.FUNCTION


@lru_cache(4096)
def _is_type(word: bytes) -> bool:
    return word not in NO_NAMES and not word.strip(b"$:<>,.[]&?~@").translate(None, b"$:<>,.[]&?~@_").strip(
        b"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
    )


def _by_macro(line: bytes, macro: bytes) -> Found | None:
    """What a macro at the left edge defines: `SYSCALL_DEFINE3(socket, ...`, `TEST(Suite, case)`."""
    found = _ARGUMENT.search(line)
    if found is None:
        return None
    if macro.startswith((b"TEST", b"TYPED_TEST", b"BENCHMARK")):
        second = found[2]
        return name_text(found[1] + b"." + second if second else found[1]), SymbolKind.TEST
    return name_text(found[1]), SymbolKind.FUNCTION


def name_in_c(line: bytes) -> Found | None:
    """What a line of C or C++ defines: by a keyword, as a macro, or as a head."""
    if line.startswith(b"#"):
        return _macro(line)
    template = _TEMPLATE.match(line) if b"template" in line else None
    if template is not None:
        line = line[: len(line) - len(line.lstrip())] + line[template.end() :]
    if line[:1] in b" \t":
        return name_by_keyword(line, Family.C) or (
            head_name(line, at_edge=False, is_java=False) if b"{" in line else None
        )
    return name_by_keyword(line, Family.C) or head_name(line, at_edge=True, is_java=False)


def _macro(line: bytes) -> Found | None:
    found = _MACRO.match(line)
    return (name_text(found["name"]), SymbolKind.MACRO) if found is not None else None


def name_in_objective(line: bytes) -> Found | None:
    """What a line of Objective-C defines: a method, or what C has."""
    if line[:1] not in b"-+":
        return name_in_c(line)
    found = _METHOD.match(line)
    if found is None:
        return None
    name, rest = found["name"], found["rest"]
    if rest.lstrip().startswith(b":"):
        labels = _LABELS.findall(re.sub(rb"\([^()]*\)|\)", b"", rest.lstrip()[1:]))
        name += b":" + b"".join(label + b":" for label in labels)
        return name.decode(), SymbolKind.METHOD
    return name.decode(), SymbolKind.METHOD
