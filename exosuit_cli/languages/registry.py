"""Languages by file name, extension and shebang, from the registry that Pygments keeps (over 500 languages).

Where several of its languages claim one extension, `PREFERRED` decides; `ADDED` names what it lacks.
"""

from __future__ import annotations

import fnmatch
import re
from collections import defaultdict

from pygments.lexers._mapping import LEXERS  # the registry without the lexers: importing those would cost 100 ms

PREFERRED = {
    ".as": "ActionScript 3",
    ".asm": "NASM",
    ".bas": "VB.net",
    ".cl": "Common Lisp",
    ".cp": "C++",
    ".ecl": "ECL",
    ".feature": "Gherkin",
    ".fs": "F#",
    ".gd": "GDScript",
    ".h": "C",
    ".hh": "C++",
    ".inc": "PHP",
    ".inf": "INI",
    ".m": "Objective-C",
    ".mm": "Objective-C++",
    ".pl": "Perl",
    ".pm": "Perl",
    ".pro": "Prolog",
    ".prolog": "Prolog",
    ".s": "GAS",
    ".S": "GAS",
    ".sc": "SuperCollider",
    ".sql": "SQL",
    ".t": "Perl",
    ".ttl": "Turtle",
    ".v": "verilog",
    ".xsl": "XSLT",
    ".xslt": "XSLT",
}
ADDED = {
    ".adoc": "AsciiDoc",
    ".bazel": "Starlark",
    ".bzl": "Starlark",
    ".csv": "CSV",
    ".cts": "TypeScript",
    ".mts": "TypeScript",
    ".ipynb": "Jupyter Notebook",
    ".jsonl": "JSON Lines",
    ".jsonc": "JSON",
    ".log": "Text only",
    ".mdx": "Markdown",
    ".svg": "SVG",
    ".tsv": "TSV",
}
ADDED_NAMES = {
    "BUILD": "Starlark",
    "CHANGELOG": "Text only",
    "COPYING": "Text only",
    "LICENSE": "Text only",
    "NOTICE": "Text only",
    "README": "Text only",
    "go.mod": "Go Module",
    "go.sum": "Go Module",
}
INTERPRETERS = {
    "ash": "Bash",
    "awk": "Awk",
    "bash": "Bash",
    "dash": "Bash",
    "deno": "TypeScript",
    "fish": "Fish",
    "gawk": "Awk",
    "ksh": "Bash",
    "lua": "Lua",
    "make": "Makefile",
    "node": "JavaScript",
    "nodejs": "JavaScript",
    "perl": "Perl",
    "php": "PHP",
    "python": "Python",
    "ruby": "Ruby",
    "Rscript": "S",
    "sed": "Sed",
    "sh": "Bash",
    "tclsh": "Tcl",
    "zsh": "Bash",
}
SHOWN_AS = {"Text only": "Text", "verilog": "Verilog", "S": "R", "GAS": "Assembly"}


def _tables() -> tuple[dict[str, str], dict[str, str], list[tuple[str, str]]]:
    claims: dict[str, set[str]] = defaultdict(set)
    names: dict[str, str] = {}
    patterns: list[tuple[str, str]] = []
    for _module, language, _aliases, globs, _mimetypes in LEXERS.values():
        for glob in globs:
            if glob.startswith("*.") and not re.search(r"[*?\[.]", glob[2:]):
                claims[glob[1:]].add(language)
            elif re.search(r"[*?\[]", glob):
                patterns.append((glob, language))
            else:
                names[glob] = language
    extensions = {extension: min(rivals, key=lambda name: (len(name), name)) for extension, rivals in claims.items()}
    return extensions | PREFERRED | ADDED, names | ADDED_NAMES, patterns


_extensions, _names, _patterns = _tables()
LANGUAGES: tuple[str, ...] = (
    "",
    *sorted(
        {
            SHOWN_AS.get(language, language)
            for language in (*_extensions.values(), *_names.values(), *INTERPRETERS.values(), *(n for _, n in _patterns))
        }
    ),
)
"""Display names; a language's code is its position here; code 0, the empty name, means unknown."""

_code = {language: code for code, language in enumerate(LANGUAGES)}


def _encode(table: dict[str, str]) -> dict[bytes, int]:
    return {key.encode(): _code[SHOWN_AS.get(language, language)] for key, language in table.items()}


_code_of_extension = _encode(_extensions)
_code_of_name = _encode(_names)
_code_of_interpreter = _encode(INTERPRETERS)
_matchers = [
    (re.compile(fnmatch.translate(glob).encode()).match, _code[SHOWN_AS.get(language, language)])
    for glob, language in sorted(_patterns, key=lambda pattern: -len(pattern[0]))
]
_shebang = re.compile(rb"#![ \t]*(?:\S*/)?env(?:[ \t]+-\S+|[ \t]+\w+=\S*)*[ \t]+(?:\S*/)?(\S+)|#![ \t]*(?:\S*/)?(\S+)")


def language_of_name(name: bytes) -> int:
    """Position in `LANGUAGES` for a file name without its directory; 0 when nothing is known of it.

    Exact names come first (Makefile), then the extension after the last dot, then the same in lower case, then patterns
    (Kconfig*).
    """
    code = _code_of_name.get(name)
    if code is not None:
        return code
    dot = name.rfind(b".")
    if dot >= 0:
        extension = name[dot:]
        code = _code_of_extension.get(extension) or _code_of_extension.get(extension.lower())
        if code is not None:
            return code
    for matches, pattern_code in _matchers:
        if matches(name):
            return pattern_code
    return 0


def language_of_shebang(head: bytes) -> int:
    """Position in `LANGUAGES` for the first bytes of a file, by its `#!` line; 0 without one that is known.

    Versions are dropped: python3.12 is python.
    """
    found = _shebang.match(head.partition(b"\n")[0])
    if found is None:
        return 0
    interpreter: bytes = found.group(1) or found.group(2)
    return _code_of_interpreter.get(interpreter) or _code_of_interpreter.get(interpreter.rstrip(b"0123456789.-"), 0)
