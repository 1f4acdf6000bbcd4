"""The definition that a question asks for by its head: `class Session`, `#define LIMIT`, or the name alone."""

from __future__ import annotations

import re
from typing import Final, NamedTuple

_GROUPS: Final = (
    "class struct trait interface enum union type typedef protocol record object newtype message actor contract mixin",
    "def defp func fn fun function method sub subroutine procedure proc rpc",
    "macro #define defmacro macro_rules!",
    "const constant var variable let val static",
    "module mod namespace package defmodule",
)
GROUP_OF: Final = {word: number for number, words in enumerate(_GROUPS) for word in words.split()}
"""The group of each keyword of a definition: those of one group are alike."""
FUNCTIONS: Final = GROUP_OF["def"]
MACROS: Final = GROUP_OF["#define"]
VALUES: Final = GROUP_OF["const"]

_MODIFIERS: Final = (
    "export|default|declare|pub|public|private|protected|internal|static|final|abstract|sealed|partial|open|override|"
    "virtual|async|unsafe|extern|inline|data|case|constexpr"
)
_WORDS: Final = "|".join(map(re.escape, sorted(GROUP_OF, key=len, reverse=True)))
_NAME: Final = r"[A-Za-z_$][\w$]{0,199}"
_LEAD: Final = re.compile(
    r"(?:(?:where|what|who)(?:'s| is| are)?|find|show|show me|go to|definition of|declaration of|the)\s+", re.IGNORECASE
)
_TRAIL: Final = re.compile(r"(?:\s+(?:is )?(?:defined|declared|definition|declaration))?\s*[?;]?\s*$", re.IGNORECASE)
_HEAD: Final = re.compile(
    rf"(?:(?:{_MODIFIERS})(?:\([^()]{{0,40}}\))?\s+){{0,4}}(?P<word>{_WORDS})\s+(?:\([^()]{{0,80}}\)\s*)?(?P<name>{_NAME})"
    r"\s*(?:$|[(<{:=\[;]|(?:extends|implements|struct|interface|where|with|from)\b)"
)
_AFTER: Final = re.compile(rf"(?P<name>{_NAME})\s+(?P<word>{_WORDS})$")
_IDENTIFIER: Final = re.compile(rf"(?=.*[A-Z_]){_NAME}")
_LONGEST: Final = 400


class AskedDefinition(NamedTuple):
    """The name of a definition as written, and the keyword before it; None: the name alone is given."""

    name: str
    keyword: str | None


def asked_definition(text: str) -> AskedDefinition | None:
    """The definition that the whole question names; None where it says anything else.

    A name alone counts where it cannot be a plain word: it has a capital or an underscore.
    """
    if len(text) > _LONGEST or "\n" in text:
        return None
    text = " ".join(text.split())  # so that the time is linear
    while (lead := _LEAD.match(text)) is not None:
        text = text[lead.end() :]
    text = _TRAIL.sub("", text)
    text = re.sub(r"#\s+define\b", "#define", text)
    found = _HEAD.match(text)
    if found is not None:
        return AskedDefinition(found["name"], found["word"])
    found = _AFTER.fullmatch(text)
    if found is not None and _IDENTIFIER.fullmatch(found["name"]):
        return AskedDefinition(found["name"], found["word"])
    return AskedDefinition(text, None) if _IDENTIFIER.fullmatch(text) else None
