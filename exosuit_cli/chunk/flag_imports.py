"""Chunks of imports only: the statements of each language that take in other files, with comments between them."""

from __future__ import annotations

import re
from functools import cache
from typing import Final, NamedTuple

from exosuit_cli.structure.styles import SLASH_STYLES, style_of

_LINE: Final = rb"(?:[^\n\\]|\\\r?\n|\\)*"
"""The rest of a line, with the lines that a backslash adds."""
_SLASH_COMMENT: Final = rb"//[^\n]*+|/\*[^*]*+(?>(?:\*(?!/)[^*]*+)*)\*/"
_HASH_COMMENT: Final = rb"#[^\n]*+"

_QUOTED: Final = rb"[\"'][^\"'\n]*+[\"']"
_SCRIPT_END: Final = rb"(?:[ \t]*+with[ \t]*+\{[^}]*+\})?[ \t]*+;?"

_IMPORTS: Final[dict[str, bytes]] = {
    "Python,Cython": (
        rb"c?import\b" + _LINE + rb"|from[ \t]+[\w.]+[ \t]+c?import\b[ \t]*+(?:\([^)]*+\)|" + _LINE + rb")"
    ),
    "C,C++,Objective-C,Objective-C++,Cuda": rb"#[ \t]*+(?:include|import)\b[^\n]*+|@import[^;\n]*+;|using[^;={(]*+;",
    "Java,Kotlin,Groovy,Scala,D,Swift,Julia,F#": (
        rb"(?:@testable[ \t]++|public[ \t]++)?(?:import|using|open)\b[^\n{(;]*+(?:\{[^}]*+\})?[^\n;{(]*+;?"
    ),
    "Haskell,Elm": rb"import\b[^\n]*+(?:\n[ \t]++[\w(,)][^\n=]*+(?=\n|\Z))*",
    "C#": rb"(?:global[ \t]++)?using[ \t]++[^;({]*+;",
    "Go": rb"import[ \t]*+(?:\([^)]*+\)|[^\n(]*+)",
    "Rust": rb"(?:pub(?:\([^)\n]*+\))?[ \t]++)?(?:use\b[^;]*+;|mod[ \t]++\w++;|extern[ \t]++crate\b[^;]*+;)",
    "JavaScript,TypeScript,TSX,JSX,Vue,Svelte": (
        rb"import\b(?!\()[^;'\"{(]*+(?:\{[^}]*+\}[^;'\"{(]*+)?" + _QUOTED + _SCRIPT_END
        + rb"|export[ \t]*+(?:type[ \t]*+)?(?:\{[^}]*+\}[ \t]*+from[ \t]*+|\*[^;'\"\n]*+)" + _QUOTED + _SCRIPT_END
        + rb"|(?:const|let|var)[ \t]++(?:[\w$]++|\{[^}]*+\})[ \t]*+=[ \t]*+require\("
        + _QUOTED + rb"\)[\w.$]*+[ \t]*+;?"
    ),
    "PHP,Hack": rb"use[ \t]++[^;(]*+;|(?:require|include)(?:_once)?\b[^;]*+;",
    "Ruby,Crystal": rb"(?:require|require_relative|autoload|load)\b[ (][^\n]*+",
    "Lua,Luau": rb"(?:local[ \t]++\w++[ \t]*+=[ \t]*+)?require\b[^\n]*+",
    "Perl": rb"(?:use|require)\b[^;\n]*+;",
    "Dart": rb"(?:import|export|part)\b[^;]*+;",
    "CSS,SCSS,Less": rb"@(?:import|use|forward)\b[^;{]*+;",
    "Protocol Buffer,Thrift": rb"(?:import|include)\b[^\n;]*+;?",
    "Zig": rb"(?:pub[ \t]++)?const[ \t]++\w++[ \t]*+=[ \t]*+@import\([^)\n]*+\)[\w.]*+;",
    "OCaml": rb"open!?[ \t]++[\w.]++",
    "R": rb"(?:library|require)\([^)\n]*+\)",
    "Solidity": rb"import\b[^;]*+;",
}  # fmt: skip
"""One statement that takes in something."""

_BESIDE: Final[dict[str, bytes]] = {
    "Python,Cython": (
        rb"if[ \t]++(?:typing\.)?TYPE_CHECKING:|try:|except[ \t]++(?:ImportError|ModuleNotFoundError)[^\n:]*+:"
    ),
    "C,C++,Objective-C,Objective-C++,Cuda": (
        rb"#[ \t]*+(?:pragma|if|ifdef|ifndef|else|elif|endif)\b[^\n]*+"
        rb"|#[ \t]*+define[ \t]++_*[A-Z0-9_]*H_*[ \t\r]*+(?=\n|\Z)|@class[^;\n]*+;"
    ),
    "Java,Kotlin,Groovy,Scala": rb"package\b[^\n]*+",
    "C#": rb"namespace[ \t]++[\w.]++;",
    "Go": rb"package[ \t]++\w++",
    "Rust": rb"#!?\[[^\]\n]*+\]",
    "JavaScript,TypeScript,TSX,JSX,Vue,Svelte": rb"[\"']use \w++[\"'];?",
    "PHP,Hack": rb"<\?(?:php|hh)\b|namespace[ \t]++[\w\\]++;|declare\([^)\n]*+\);",
    "Perl": rb"package[ \t]++[\w:]++;",
    "Dart": rb"library\b[^;\n]*+;",
    "Haskell,Elm": (
        rb"(?:port[ \t]++)?module[ \t]++[\w.]++\s*+(?:\([^)]*+\)\s*+)?(?:where|exposing[ \t]*+\([^)]*+\))"
        rb"|\{-#(?s:.*?)#-\}"
    ),
    "Protocol Buffer,Thrift": rb"(?:syntax|package|option|namespace|edition)\b[^\n;]*+;?",
    "CSS,SCSS,Less": rb"@charset[^;\n]*+;",
    "Solidity": rb"pragma\b[^;\n]*+;",
    "D,Julia": rb"module[ \t]++[\w.]++;?",
}
"""What may stand beside imports, and is none itself."""

_BEGINS_IMPORT: Final = (
    b"import", b"from", b"use", b"using", b"require", b"include", b"mod ", b"pub ", b"extern ", b"export", b"const ",
    b"let ", b"var ", b"local ", b"open ", b"library", b"part ", b"load", b"autoload", b"public ", b"static ",
    b"global ", b"package", b"#", b"@", b"} from", b",", b"(", b"//", b"*/", b"/*", b"--", b"\"", b"'",
)  # fmt: skip

_ENDS_IMPORT: Final = (b")", b"};")

_OTHER_COMMENTS: Final = {
    "Lua": rb"--[^\n]*+", "Luau": rb"--[^\n]*+", "Haskell": rb"--[^\n]*+|\{-(?!#)(?s:.*?)-\}",
    "Elm": rb"--[^\n]*+|\{-(?s:.*?)-\}", "OCaml": rb"\(\*(?s:.*?)\*\)",
}  # fmt: skip


class Imports(NamedTuple):
    """`all` matches imports with what may stand between them; `each` one of these, where the group `one` is an import.

    A group within a possessive repetition is an error of the `re` of Python 3.11: hence two patterns.
    """

    all: re.Pattern[bytes]
    each: re.Pattern[bytes]


@cache
def imports_of(language: str) -> Imports | None:
    """What matches the imports of a language; None where that is not known."""
    own = next((pattern for names, pattern in _IMPORTS.items() if language in names.split(",")), None)
    if own is None:
        return None
    comment = _OTHER_COMMENTS.get(language)
    if comment is None:
        comment = _SLASH_COMMENT if SLASH_STYLES[style_of(language)] else _HASH_COMMENT
    beside = b"|".join(pattern for names, pattern in _BESIDE.items() if language in names.split(","))
    others = comment + (b"|" + beside if beside else b"")
    return Imports(
        re.compile(rb"(?>(?:[\s;]++|" + own + rb"|" + others + rb")*)"),
        re.compile(rb"[\s;]++|(?P<one>" + own + rb")|" + others),
    )


def may_be_import(last: bytes) -> bool:
    """Whether the last line of a text, without its blanks, could be one of an import, or of a comment."""
    return last.startswith(_BEGINS_IMPORT) or last in _ENDS_IMPORT


def only_imports(text: bytes, imports: Imports) -> bool:
    """Whether a text has imports and, but for comments, nothing else."""
    return imports.all.fullmatch(text) is not None and any(found["one"] for found in imports.each.finditer(text))
