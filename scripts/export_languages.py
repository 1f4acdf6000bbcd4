"""Write `exosuit_cli/languages/table.py` from the lexer registry of Pygments: python scripts/export_languages.py

The table is kept in the package, not read from an installed Pygments: the language of a file must not depend on which
version somebody has, and importing the registry would cost every start 30 ms.
"""

from __future__ import annotations

import pprint
import re
from collections import defaultdict
from pathlib import Path

import pygments
from pygments.lexers._mapping import LEXERS

PREFERRED = {  # where several languages claim one extension
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
ADDED = {  # what the registry lacks
    ".adoc": "AsciiDoc",
    ".bazel": "Starlark",
    ".bzl": "Starlark",
    ".csv": "CSV",
    ".cts": "TypeScript",
    ".ipynb": "Jupyter Notebook",
    ".jsonc": "JSON",
    ".jsonl": "JSON Lines",
    ".log": "Text only",
    ".mdx": "Markdown",
    ".mts": "TypeScript",
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
SHOWN_AS = {
    "Text only": "Text",
    "verilog": "Verilog",
    "S": "R",
    "GAS": "Assembly",
    "Bash": "Shell",
    "Docker": "Dockerfile",
}


def table() -> str:
    """The module's text."""
    claims: dict[str, set[str]] = defaultdict(set)
    names: dict[str, str] = {}
    patterns: dict[str, str] = {}
    for _module, language, _aliases, globs, _mimetypes in LEXERS.values():
        for glob in globs:
            if glob.startswith("*.") and not re.search(r"[*?\[.]", glob[2:]):
                claims[glob[1:]].add(language)
            elif re.search(r"[*?\[]", glob):
                patterns[glob] = language
            else:
                names[glob] = language
    extensions = {extension: min(rivals, key=lambda name: (len(name), name)) for extension, rivals in claims.items()}
    parts = {
        "EXTENSIONS": extensions | PREFERRED | ADDED,
        "NAMES": names | ADDED_NAMES,
        "PATTERNS": patterns,
    }
    text = (
        '"""File names and the languages they tell of, made by scripts/export_languages.py; do not edit.\n\n'
        "Source: the lexer registry of Pygments (pygments.org), with a few additions and preferences of our own.\n"
        '"""\n\n'
        f'PYGMENTS_VERSION = "{pygments.__version__}"\n'
    )
    for name, mapping in parts.items():
        shown = {key.encode(): SHOWN_AS.get(language, language) for key, language in mapping.items()}
        text += f"\n{name} = {pprint.pformat(shown, width=110)}\n"
    return text


if __name__ == "__main__":
    target = Path(__file__).resolve().parent.parent / "exosuit_cli" / "languages" / "table.py"
    target.write_text(table())
