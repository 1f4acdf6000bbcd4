"""How the languages write down what they define: families whose definitions look alike on a line."""

from __future__ import annotations

from enum import IntEnum
from typing import Final

import numpy as np


class Family(IntEnum):
    """Families of languages by their definitions."""

    KEYWORD = 0
    """A word such as `def` and a name, as in all of `HAS_KEYWORDS`."""
    C = 1
    """A type, a name and an opening bracket, in the first column."""
    CPP = 2
    """As in C, and within classes."""
    OBJECTIVE = 3
    """As in C, and methods that begin with `-` or `+`."""
    JAVA = 4
    """A type, a name and an opening bracket, within a class."""
    SCRIPT = 5
    """Names for functions and objects: `name = function`, `name: function`, `name() {`."""
    SHELL = 6
    """A name and `()`."""
    LISP = 7
    """An opening bracket, a word that begins with `def`, a name."""
    LUA = 8
    """`name = function`."""
    STYLES = 9
    """A selector and an opening brace."""
    TABLES = 10
    """A name in square brackets."""
    EQUATIONS = 11
    """A name and `::`, in the first column, or a word such as `data` and a name."""
    BLOCKS = 12
    """A word, labels in quotes and an opening brace."""
    TARGETS = 13
    """A name and a colon, in the first column."""
    HEADINGS = 14
    """Markdown, reStructuredText, AsciiDoc, Org, LaTeX, HTML, and texts with underlined titles."""
    NONE = 15
    """Data and prose."""
    CLAUSES = 16
    """A name in small letters and an opening bracket, in the first column."""
    FORTRAN = 17
    """A keyword and a name, whatever the case, perhaps after a type."""
    BINDINGS = 18
    """`let name arguments =`, `member this.name`."""
    OUTPUTS = 19
    """`function [outputs] = name`."""
    PROOFS = 20
    """A word with a capital, such as `Lemma`, and a name."""
    KEYS = 21
    """A key and a colon, above a block that is further to the right."""
    MEMBERS = 22
    """A key, a colon and an opening bracket."""


_MEMBERS: Final = {
    Family.C: "C,GLSL,HLSL,OpenCL",
    Family.CPP: "C++,Cuda,D,Metal",
    Family.OBJECTIVE: "Objective-C,Objective-C++",
    Family.JAVA: "Java,C#,Dart,ActionScript,Apex,Vala,Groovy,Gradle",
    Family.SCRIPT: "JavaScript,TypeScript,TSX,Vue,Svelte,CoffeeScript,JSX",
    Family.SHELL: "Shell,Zsh,Fish,Bash",
    Family.LISP: "Common Lisp,Scheme,Racket,Clojure,Emacs Lisp,Fennel",
    Family.LUA: "Lua,Luau,R",
    Family.STYLES: "CSS,SCSS,Less",
    Family.EQUATIONS: "Haskell,Elm,PureScript,Idris,Agda,Frege,Curry",
    Family.BLOCKS: "HCL",
    Family.TARGETS: "Makefile",
    Family.TABLES: "TOML,INI,EditorConfig,Git Config",
    Family.HEADINGS: "Markdown,reStructuredText,Text,TeX,HTML,AsciiDoc,Org",
    Family.CLAUSES: "Erlang",
    Family.FORTRAN: "Fortran,Fortran Free Form",
    Family.BINDINGS: "F#,OCaml,Standard ML",
    Family.OUTPUTS: "MATLAB,Scilab",
    Family.PROOFS: "Rocq Prover",
    Family.KEYS: "YAML,OASv2-yaml,OASv3-yaml",
    Family.MEMBERS: "JSON,JSON with Comments,JSON5,JSONLD,OASv2-json,OASv3-json",
    Family.NONE: (
        ",CSV,TSV,Jupyter Notebook,Java Properties,XML,SVG,XML Property List,BibTeX,Assembly,LLVM,"
        "Diff,Gettext Catalog,Devicetree,Linker Script,Dockerfile,License,Git Attributes,Ignore List"
    ),
}
_FAMILY_OF: Final = {name: family for family, names in _MEMBERS.items() for name in names.split(",")}
_OTHER: Final = Family.KEYWORD

_WITH_KEYWORDS: Final = (
    Family.KEYWORD,
    *(Family.C, Family.CPP, Family.OBJECTIVE, Family.JAVA, Family.SCRIPT, Family.SHELL, Family.LISP, Family.LUA),
)
HAS_KEYWORDS: Final = np.isin(np.arange(len(Family)), _WITH_KEYWORDS)
"""bool[families]: any line that begins with a keyword may define something.

Some others have keywords, too; rules of their own choose their lines.
"""
IS_C_LIKE: Final = np.isin(np.arange(len(Family)), [Family.C, Family.CPP, Family.OBJECTIVE])
"""bool[families]."""
HAS_KEYS: Final = np.isin(np.arange(len(Family)), [Family.KEYS, Family.MEMBERS])
"""bool[families]: what is defined are the keys of blocks."""
IS_APART: Final = HAS_KEYS | np.isin(np.arange(len(Family)), [Family.HEADINGS, Family.STYLES])
"""bool[families]: ` > ` parts the names of a path, since these have blanks and dots of their own."""


def family_of(language: str) -> Family:
    """The family of a language by its display name."""
    return _FAMILY_OF.get(language, _OTHER)
