"""Languages by file name, extension and shebang; the names come from `table`."""

from __future__ import annotations

import fnmatch
import functools
import re
from typing import TYPE_CHECKING

from exosuit_cli.languages.table import EXTENSIONS, NAMES, PATTERNS

if TYPE_CHECKING:
    from collections.abc import Callable

INTERPRETERS = {
    b"Rscript": "R",
    b"ash": "Shell",
    b"awk": "Awk",
    b"bash": "Shell",
    b"dash": "Shell",
    b"deno": "TypeScript",
    b"fish": "Fish",
    b"gawk": "Awk",
    b"ksh": "Shell",
    b"lua": "Lua",
    b"make": "Makefile",
    b"node": "JavaScript",
    b"nodejs": "JavaScript",
    b"perl": "Perl",
    b"php": "PHP",
    b"python": "Python",
    b"ruby": "Ruby",
    b"sed": "Sed",
    b"sh": "Shell",
    b"tclsh": "Tcl",
    b"zsh": "Shell",
}

LANGUAGES: tuple[str, ...] = (
    "",
    *sorted({*EXTENSIONS.values(), *NAMES.values(), *PATTERNS.values(), *INTERPRETERS.values()}),
)
"""Display names; a language's code is its position here; code 0, the empty name, means unknown."""

_code = {language: code for code, language in enumerate(LANGUAGES)}
_code_of_extension = {extension: _code[language] for extension, language in EXTENSIONS.items()}
_code_of_name = {name: _code[language] for name, language in NAMES.items()}
_code_of_interpreter = {interpreter: _code[language] for interpreter, language in INTERPRETERS.items()}
_SHEBANG = rb"#![ \t]*(?:\S*/)?env(?:[ \t]+-\S+|[ \t]+\w+=\S*)*[ \t]+(?:\S*/)?(\S+)|#![ \t]*(?:\S*/)?(\S+)"


@functools.cache
def _matchers() -> list[tuple[Callable[[bytes], object], int]]:
    """The patterns, the longest first: it is the most particular. Compiled when a name first needs them."""
    ordered = sorted(PATTERNS.items(), key=lambda item: (-len(item[0]), item[0]))
    return [(re.compile(fnmatch.translate(glob.decode()).encode()).match, _code[name]) for glob, name in ordered]


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
    return _language_by_pattern(name)


@functools.lru_cache(maxsize=4096)
def _language_by_pattern(name: bytes) -> int:
    """The code by the patterns; names such as Kbuild and TODO come again and again, and each costs 35 attempts."""
    for matches, pattern_code in _matchers():
        if matches(name):
            return pattern_code
    return 0


def language_of_shebang(head: bytes) -> int:
    """Position in `LANGUAGES` for the first bytes of a file, by its `#!` line; 0 without one that is known.

    Versions are dropped: python3.12 is python.
    """
    found = re.match(_SHEBANG, head.partition(b"\n")[0])
    if found is None:
        return 0
    interpreter: bytes = found.group(1) or found.group(2)
    return _code_of_interpreter.get(interpreter) or _code_of_interpreter.get(interpreter.rstrip(b"0123456789.-"), 0)
