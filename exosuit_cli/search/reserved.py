"""Words of languages that stand before a parenthesis or begin a command, and are no names that are called."""

from __future__ import annotations

from typing import Final

from exosuit_cli.structure.styles import Style, style_of

_C_LIKE: Final = "for while switch return sizeof catch case throw"
_OF_STYLE: Final = {
    Style.HASH: "for while return elif elsif unless until and not when case then else",
    Style.SLASH: _C_LIKE,
    Style.SLASH_OPEN: _C_LIKE,
    Style.DASH: "for while return elseif until and not then else function where select values from case when",
}
_OF_LANGUAGE: Final = {
    "C": f"{_C_LIKE} alignof typeof asm defined static_assert",
    "C++": f"{_C_LIKE} alignof typeof decltype noexcept asm defined static_assert requires explicit operator",
    "C#": f"{_C_LIKE} foreach typeof nameof checked unchecked lock using when fixed",
    "Dart": f"{_C_LIKE} assert await",
    "Go": "for func switch select return chan case range defer map interface struct type import var const",
    "Java": f"{_C_LIKE} synchronized assert try super",
    "JavaScript": f"{_C_LIKE} function typeof await yield void delete import super",
    "Kotlin": "for while when return catch throw fun constructor super",
    "Lua": "for while return elseif until and not function",
    "PHP": f"{_C_LIKE} foreach elseif function declare list array isset unset empty echo print exit match",
    "Perl": "for foreach while until unless elsif return sub and not print",
    "Python": "and assert await def del elif except for from import lambda not raise return while with yield",
    "Ruby": "and defined elsif for not return super unless until when while yield",
    "Rust": "for while match return impl where crate pub",
    "Scala": "for while match return catch throw yield def",
    "Shell": (
        "case coproc done elif else esac eval exec exit export for function local readonly return select set shift "
        "source then trap unset until while"
    ),
    "Swift": "for while switch return catch throw func init guard repeat",
    "TypeScript": f"{_C_LIKE} function typeof await yield void delete import super",
}
_SAME: Final = {
    "Cuda": "C++",
    "Objective-C": "C",
    "Objective-C++": "C++",
    "TSX": "TypeScript",
    "Tcsh": "Shell",
}


def reserved_words(language: str | None) -> frozenset[str]:
    """The words of a language, three letters or more, that are never called though they may look so."""
    name = _SAME.get(language or "", language or "")
    words = _OF_LANGUAGE.get(name) or _OF_STYLE.get(style_of(name), "")
    return frozenset(words.split())
