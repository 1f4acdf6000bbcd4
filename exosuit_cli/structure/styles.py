"""What the structure rules need to know of a language: how comments begin, and whether it is code, data or prose."""

from __future__ import annotations

from enum import IntEnum

import numpy as np


class Style(IntEnum):
    """Families of languages. The first is for what is not known: `#` begins a comment, and so do `//` and `/*`."""

    HASH = 0
    SLASH = 1
    """`/* */` and, in most, `//`; a semicolon ends a statement; `#` begins no comment that the structure rules see."""
    SLASH_OPEN = 2
    """`//` and `/* */`; a line may end a statement."""
    DASH = 3
    """`--` begins a comment."""
    SEMICOLON = 4
    """`;` begins a comment."""
    PERCENT = 5
    """`%` begins a comment."""
    DATA = 6
    """Keys and values: a line that ends with a comma or opens a bracket is followed by an item."""
    MARKDOWN = 7
    RESTRUCTURED = 8
    BLOCK = 9
    """`begin` and `end` are around a block; a semicolon ends a statement."""
    BLOCK_OPEN = 10
    """The same; a line may end a statement."""
    ELEMENTS = 11
    """Elements with scripts and styles in them; the rules of `SLASH_OPEN` hold for these."""
    OUTLINE = 12
    """Headings that begin with as many marks as they are deep."""


_MEMBERS = {
    Style.SLASH: (
        "C,C++,Cuda,Objective-C,Objective-C++,Java,C#,D,GLSL,HLSL,Metal,OpenCL,Devicetree,Protocol Buffer,Thrift,"
        "ActionScript,Apex,WebIDL,WGSL,PHP,Hack,Dart,SystemVerilog,Verilog,Vala,CSS,SCSS,Less,Solidity"
    ),
    Style.SLASH_OPEN: "Go,Rust,JavaScript,TypeScript,TSX,Kotlin,Scala,Swift,Groovy,Gradle,Zig,Odin,Gleam",
    Style.DASH: "Lua,Luau,Haskell,Elm,PureScript,Idris,AppleScript",
    Style.SEMICOLON: "Common Lisp,Scheme,Racket,Clojure,Emacs Lisp,Fennel,Assembly,INI,LLVM",
    Style.PERCENT: "TeX,Erlang,Prolog,MATLAB,PostScript,BibTeX",
    Style.DATA: (
        "JSON,JSON with Comments,JSON5,JSONLD,Jupyter Notebook,YAML,TOML,Java Properties,XML,SVG,"
        "XML Property List,CSV,TSV,OASv2-json,OASv3-json,OASv2-yaml,OASv3-yaml"
    ),
    Style.BLOCK: (
        "Ada,VHDL,SQL,PLSQL,PLpgSQL,SQLPL,HiveQL,Pascal,Component Pascal,Modula-2,Modula-3,Oberon,Oxygene,Inno Setup"
    ),
    Style.BLOCK_OPEN: "TSQL,Fortran,Fortran Free Form,COBOL",
    Style.MARKDOWN: "Markdown",
    Style.RESTRUCTURED: "reStructuredText",
    Style.OUTLINE: "AsciiDoc,Org",
    Style.ELEMENTS: "HTML,Vue,Svelte,Astro,Jinja,Twig,Handlebars,Mustache,Liquid,Nunjucks,EJS,HTML+ERB,HTML+EEX",
}
_STYLE_OF = {name: style for style, names in _MEMBERS.items() for name in names.split(",")}

_OTHER = Style.HASH
SLASH_STYLES = np.isin(np.arange(len(Style)), [Style.SLASH, Style.SLASH_OPEN, Style.ELEMENTS])
"""bool[styles]: `/* */` comments, and `#` begins none."""
BLOCK_STYLES = np.isin(np.arange(len(Style)), [Style.BLOCK, Style.BLOCK_OPEN])
"""bool[styles]: words are around a block."""

OWN_BLOCKS = np.isin(np.arange(len(Style)), [Style.MARKDOWN, Style.RESTRUCTURED, Style.ELEMENTS, Style.OUTLINE])
"""bool[styles]: blocks follow from rules that are not those of code."""


def style_of(language: str) -> Style:
    """The style of a language by its display name."""
    return _STYLE_OF.get(language, _OTHER)
