"""How comments and string literals begin and end in each language, as far as it takes to know which lines are in one.

A family is a group of languages with the same marks. A mark that is missing here costs a cut in the wrong place and
nothing else, so the rare ones are left out. Sources: the languages' own references.
"""

from __future__ import annotations

from dataclasses import replace
from enum import IntEnum
from typing import Final

from exosuit_cli.model.dataclass import dataclass


class Inside(IntEnum):
    """What the start of a line is in."""

    CODE = 0
    STRING = 1
    """Or a comment that began behind code."""
    COMMENT = 2


@dataclass(frozen=True, slots=True)
class Literal:
    """A comment or a string literal: it begins with `opens` and ends with `closes`.

    inside: what the lines between are in; CODE for one that ends on its line, and only hides other marks.
    to_end: it ends with its line, and `closes` is empty.
    escapes: a backslash before `closes` makes it a part of the literal.
    nests: another one within it has to be closed as well.
    at_start: both marks count at the start of a line only.
    after_blank: `opens` counts at the start of a line, or after a blank or a bracket, only.
    plain: its marks are one quotation mark, which is easily mistaken: it is believed where what follows agrees.
    joined: with `plain`: it is also believed where a comma, an operator or the like follows `closes`.
    doubles: `closes` twice in a row is a part of the literal.
    unbalanced: the rest of the line of `opens` closes fewer round brackets than it opens.
    word: `opens` is followed by a word, perhaps quoted, and the line that has this word alone is `closes`: a heredoc.
    blanks: there may be blanks before that word.
    """

    opens: bytes
    closes: bytes
    inside: Inside = Inside.STRING
    to_end: bool = False
    escapes: bool = False
    nests: bool = False
    at_start: bool = False
    after_blank: bool = False
    plain: bool = False
    joined: bool = False
    doubles: bool = False
    unbalanced: bool = False
    word: bool = False
    blanks: bool = False

    @property
    def spans_lines(self) -> bool:
        """Whether it may go on over the end of its line."""
        return self.inside != Inside.CODE


def _line(*marks: str, after_blank: bool = False) -> list[Literal]:
    """Comments up to the end of the line."""
    return [Literal(each.encode(), b"", Inside.CODE, to_end=True, after_blank=after_blank) for each in marks]


def _line_starts(*marks: str) -> list[Literal]:
    """Comments up to the end of the line, which begin it."""
    return [Literal(each.encode(), b"", Inside.CODE, to_end=True, at_start=True) for each in marks]


def _quoted(*marks: str, escapes: bool = True) -> list[Literal]:
    """Strings within a line."""
    return [Literal(each.encode(), each.encode(), Inside.CODE, escapes=escapes) for each in marks]


def _texts(*marks: str, escapes: bool = True) -> list[Literal]:
    """Strings over several lines between two marks that are the same."""
    return [Literal(each.encode(), each.encode(), escapes=escapes, plain=each in "\"'") for each in marks]


def _joined(*marks: str) -> list[Literal]:
    """Strings over several lines whose parts are often joined with values between them."""
    return [replace(each, joined=True) for each in _texts(*marks, escapes=False)]


def _split(pairs: tuple[str, ...]) -> list[tuple[bytes, bytes]]:
    return [(opens, closes) for opens, closes in (pair.encode().split() for pair in pairs)]


def _raw(*pairs: str) -> list[Literal]:
    """Strings over several lines, by what opens and what closes them, without escapes."""
    return [Literal(opens, closes) for opens, closes in _split(pairs)]


def _doubling(*pairs: str) -> list[Literal]:
    """The same, where the closing mark twice in a row stands for itself."""
    return [replace(each, doubles=True) for each in _raw(*pairs)]


def _comments(*pairs: str, nests: bool = False, at_start: bool = False) -> list[Literal]:
    """Comments over several lines, by what opens and what closes them."""
    return [Literal(opens, closes, Inside.COMMENT, nests=nests, at_start=at_start) for opens, closes in _split(pairs)]


def _heredocs(opens: str = "<<", *, blanks: bool = False) -> list[Literal]:
    return [Literal(opens.encode(), b"", word=True, blanks=blanks)]


def _characters(*texts: str) -> list[Literal]:
    """Characters that look like a mark."""
    return [Literal(each.encode(), b"", Inside.CODE) for each in texts]


_QUOTE_CHARACTERS = _characters("'\"'")
_QUOTES_IN_REGEX = _characters("[^\"'", "[^'\"", '[^"', "[^'", "['\"]", "[\"']", '["\\\\', '/"/', "/'/")
_SLASHES = [*_line("//"), *_comments("/* */")]
_NESTED_SLASHES = [*_line("//"), *_comments("/* */", nests=True)]
_MARKUP = _comments("<!-- -->", "<%-- --%>", "{{!-- --}}", "{#- #}", "{# #}", "@* *@")
_DOLLARS = _texts("$$", "$body$", "$BODY$", "$function$", "$func$", "$_$", "$do$", "$sql$", escapes=False)
_LONG_BRACKETS = _raw("[[ ]]", "[=[ ]=]", "[==[ ]==]")

FAMILIES: Final[dict[str, list[Literal]]] = {
    "none": [],
    "c": [*_SLASHES, *_quoted('"', "'"), *_raw('R"( )"')],
    "css": [*_comments("/* */"), *_quoted('"', "'")],
    "nested c": [*_NESTED_SLASHES, *_quoted('"', "'"), *_texts('"""', escapes=False)],
    "c sharp": [*_SLASHES, *_quoted('"', "'"), *_doubling('@" "', '@$" "', '$@" "'), *_texts('"""', escapes=False)],
    "java": [*_SLASHES, *_quoted('"', "'"), *_texts('"""')],
    "dart": [*_NESTED_SLASHES, *_quoted('"', "'"), *_texts('"""', "'''")],
    "javascript": [*_SLASHES, *_quoted('"', "'"), *_texts("`")],
    "go": [*_SLASHES, *_quoted('"', "'"), *_texts("`", escapes=False)],
    "rust": [*_NESTED_SLASHES, *_QUOTE_CHARACTERS, *_texts('"'), *_raw('r" "', 'r#" "#', 'r##" "##', 'r###" "###')],
    "d": [
        *_SLASHES,
        *_comments("/+ +/", nests=True),
        *_quoted("'"),
        *_texts('"'),
        *_texts("`", escapes=False),
        *_raw('r" "', "q{ }"),
    ],
    "php": [*_SLASHES, *_line("#"), *_texts('"', "'"), *_heredocs("<<<"), *_comments("<!-- -->")],
    "python": [*_line("#"), *_quoted('"', "'"), *_texts('"""', "'''")],
    "nim": [*_line("#"), *_comments("#[ ]#", nests=True), *_quoted('"', "'"), *_texts('"""', escapes=False)],
    "coffee": [*_line("#"), *_comments("### ###"), *_texts('"""', "'''", '"', "'"), *_QUOTES_IN_REGEX],
    "elixir": [
        *_line("#"),
        *_characters('?"', "?'"),
        *_texts('"""', "'''", '"'),
        *_raw(
            "~w( )", "~w[ ]", "~s( )", "~S( )", "~s| |", "~S| |", "~c| |", "~c( )", "~r/ /", "~r{ }", "~r| |", "~r( )"
        ),
    ],
    "julia": [*_line("#"), *_comments("#= =#", nests=True), *_QUOTE_CHARACTERS, *_texts('"""', '"')],
    "ruby": [
        *_line("#"),
        *_comments("=begin =end", at_start=True),
        *_texts('"', "'", "`"),
        *_heredocs(),
        *_raw("%w[ ]", "%w( )", "%w{ }", "%i[ ]", "%i( )", "%q( )", "%q{ }", "%Q( )", "%Q{ }", "%( )"),
        *_QUOTES_IN_REGEX,
        *_characters('?"', "?'", '$"', "$'"),
    ],
    "shell": [
        *_line("#", after_blank=True),
        *_texts("'", escapes=False),
        *_texts('"'),
        Literal(b'"$(', b')"', nests=True, unbalanced=True),
        *_heredocs(blanks=True),
        *_characters("<<<", "$#"),
    ],
    "perl": [
        *_line("#", after_blank=True),
        *_texts('"', "'"),
        *_heredocs(),
        *_raw("qw( )", "qw/ /", "q{ }", "qq{ }", "q( )", "qq( )"),
        *(Literal(mark, b"=cut", Inside.COMMENT, at_start=True) for mark in (b"=head", b"=pod", b"=over", b"=begin")),
        *(
            Literal(mark, b"=cut", Inside.COMMENT, at_start=True)
            for mark in (b"=encoding", b"=item", b"=for", b"=back")
        ),
        *_QUOTES_IN_REGEX,
        *_characters("$'", '$"', "$#"),
    ],
    "raku": [*_line("#"), *_texts('"', "'"), *_comments("=begin =end", at_start=True), *_comments("#`( )", "#`[ ]")],
    "lua": [*_line("--"), *_comments("--[[ ]]", "--[=[ ]=]", "--[==[ ]==]"), *_LONG_BRACKETS, *_quoted('"', "'", "`")],
    "haskell": [
        *_line("--"),
        *_comments("{- -}", nests=True),
        *_quoted('"'),
        *_QUOTE_CHARACTERS,
        *_texts('"""'),
        *_raw("[r| |]", "[i| |]", "[text| |]", "[trimming| |]", "[sql| |]", "[hamlet| |]", "[quote| |]", "[here| |]"),
    ],
    "lean": [*_line("--"), *_comments("/- -/", nests=True), *_texts('"'), *_QUOTE_CHARACTERS],
    "sql": [
        *_line("--"),
        *_comments("/* */"),
        *_raw("q'[ ]'", "q'{ }'", "q'( )'", "q'! !'"),
        *_joined("'"),
        *_quoted('"', escapes=False),
        *_DOLLARS,
    ],
    "dashes": [*_line("--"), *_quoted('"', escapes=False), *_comments("/* */")],
    "ml": [*_comments("(* *)", nests=True), *_texts('"'), *_QUOTE_CHARACTERS, *_raw("{| |}"), *_characters("(*)")],
    "f sharp": [
        *_line("//"),
        *_comments("(* *)", nests=True),
        *_texts('"""', escapes=False),
        *_texts('"'),
        *_doubling('@" "'),
        *_QUOTE_CHARACTERS,
        *_characters("(*)"),
    ],
    "pascal": [*_line("//"), *_comments("{ }", "(* *)"), *_quoted("'", escapes=False)],
    "applescript": [*_line("--"), *_comments("(* *)", nests=True), *_texts('"')],
    "lisp": [*_line(";"), *_comments("#| |#", nests=True), *_texts('"'), *_characters('?"')],
    "erlang": [*_line("%"), *_texts('"""', escapes=False), *_texts('"'), *_quoted("'"), *_characters('$"', "$'", "$%")],
    "prolog": [*_line("%"), *_comments("/* */"), *_quoted('"', "'"), *_characters("0'\"", "0''", "0'%")],
    "powershell": [
        *_line("#", after_blank=True),
        *_comments("<# #>"),
        *_raw('@" "@', "@' '@"),
        *_texts('"', "'", escapes=False),
        *_characters('`"', "`'"),
    ],
    "cmake": [*_comments("#[[ ]]", "#[=[ ]=]"), *_line("#"), *_texts('"'), *_LONG_BRACKETS],
    "markup": [*_MARKUP, *_raw("<![CDATA[ ]]>")],
    "html": [*_MARKUP, *_comments("/* */"), *_texts('"', escapes=False), *_raw("<![CDATA[ ]]>")],
    "web": [*_MARKUP, *_comments("/* */"), *_texts('"', escapes=False), *_texts("`"), *_raw("<![CDATA[ ]]>")],
    "pug": [*_line("//"), *_quoted('"', "'"), *_texts("`")],
    "nix": [*_line("#"), *_comments("/* */"), *_texts("''", escapes=False), *_texts('"')],
    "hcl": [*_line("#", "//"), *_comments("/* */"), *_quoted('"'), *_heredocs()],
    "docker": [*_line("#", after_blank=True), *_heredocs(blanks=True), *_quoted('"', "'")],
    "r": [*_line("#"), *_texts('"', "'"), *_raw('r"( )"', 'r"{ }"', 'r"[ ]"'), *_quoted("`")],
    "matlab": [*_comments("%{ %}", "#{ #}"), *_line("%", "#"), *_quoted('"', escapes=False)],
    "fortran": [*_line("!", "*", "C  ", "c  ", "C*", "C-"), *_quoted('"', "'", escapes=False)],
    "cobol": [*_line("*"), *_quoted('"', "'", escapes=False)],
    "basic": [*_line("'", "REM ", "Rem "), *_quoted('"', escapes=False)],
    "vim": [*_heredocs(blanks=True), *_line_starts('"'), *_quoted("'", escapes=False)],
    "graphql": [*_line("#"), *_quoted('"'), *_texts('"""')],
    "tex": [
        *_line("%"),
        *_raw(
            "\\begin{verbatim} \\end{verbatim}",
            "\\begin{Verbatim} \\end{Verbatim}",
            "\\begin{lstlisting} \\end{lstlisting}",
            "\\begin{minted} \\end{minted}",
        ),
        *_comments("\\begin{comment} \\end{comment}"),
    ],
    "make": [*_line("#"), Literal(b"define", b"endef", at_start=True)],
    "eiffel": [*_line("--"), *_raw('"[ ]"'), *_quoted('"', escapes=False)],
    "wolfram": [*_comments("(* *)", nests=True), *_texts('"')],
    "hashes and slashes": [*_line("#"), *_SLASHES, *_quoted('"', "'"), *_texts('"""')],
    "tcl": [*_line("#", after_blank=True), *_quoted('"')],
    "smalltalk": [
        Literal(b'"', b'"', Inside.COMMENT, plain=True),
        Literal(b"'", b"'", plain=True),
    ],
    "semicolons": [*_line(";"), *_comments("/* */"), *_quoted('"')],
    "racket": [*_line(";"), *_comments("#| |#", nests=True), *_heredocs("#<<"), *_texts('"')],
    "xquery": [*_comments("(: :)", nests=True), *_comments("<!-- -->"), *_texts('"')],
}
"""Every family, the marks of a longer literal first where two begin alike."""

_MEMBERS: Final = {
    "c": (
        "C,C++,Cuda,Objective-C,Objective-C++,GLSL,HLSL,Metal,OpenCL,Devicetree,Thrift,ActionScript,Apex,WebIDL,"
        "WGSL,SystemVerilog,Verilog,Solidity,HIP,ISPC,AngelScript,Bison,Yacc,Lex,Ragel,Linker Script,nesC,XS,SWIG,"
        "Pro*C,Unified Parallel C,Slang,Pike,Pawn,SourcePawn,ShaderLab,GDShader,Protocol Buffer,Cap'n Proto,"
        "FlatBuffers,Smithy,QML,Haxe,Squirrel,LSL,P4,OpenSCAD,Qt Script,C3,Hare,Odin,Zig,Move,Cairo,Cadence,Noir,"
        "Sway,AIDL,RPC,Avro IDL,Faust,SuperCollider,Processing,Modelica,Stan,Promela,DTrace,Zeek,Bicep,CUE,SCSS,"
        "Less,Stylus,eC,PostCSS,Ceylon,Fantom,X10,Jolie,Ballerina,Wren,Vala,Genie,Dafny,Boogie,Alloy,ANTLR,JFlex,"
        "POV-Ray SDL,UnrealScript,QuakeC,NWScript,MQL4,MQL5,Berry,Jsonnet,Tact,TypeSpec,Prisma,JSON with Comments,"
        "JSON5,Monkey C,Circom,Yul,KRL,Max,Opa,ooc,Xtend,Chapel,BAML,ImHex Pattern Language,DM,"
        "Game Maker Language"
    ),
    "css": "CSS,SugarSS,CartoCSS,Unix Assembly,RPM Spec,SAS,Stata,REXX,AutoHotkey,NSIS",
    "nested c": "Kotlin,Gradle Kotlin DSL,Scala,Swift,Koka,Carbon,Daslang,V,Jai",
    "c sharp": "C#,Beef,Uno",
    "java": "Java,AspectJ,Gosu,Golo,Mirah,Whiley,CodeQL,Pkl,MoonBit",
    "dart": "Dart,Groovy,Gradle,Nextflow,Groovy Server Pages,HOCON",
    "javascript": (
        "JavaScript,TypeScript,TSX,ReScript,EmberScript,Objective-J,Cycript,LiveScript,Reason,Glimmer JS,"
        "Glimmer TS,Jison,PEG.js,Logos,JavaScript+ERB,Kusto"
    ),
    "go": "Go,Gno,templ,Go Module",
    "rust": "Rust,RON,Gleam,Flix,Aiken,Rouge,RenderScript,Roc,Motoko,Cangjie",
    "d": "D",
    "php": "PHP,Hack,Zephir",
    "python": (
        "Python,Starlark,Cython,GDScript,Snakemake,Sage,Xonsh,Mojo,Boo,TOML,Vyper,Meson,Scenic,Jac,Ren'Py,BitBake,"
        "KCL,Easybuild,GN,NumPy,Python console,Pyret,Just,BuildStream,Talon,Ring"
    ),
    "nim": "Nim",
    "coffee": "CoffeeScript,CSON",
    "elixir": "Elixir,Crystal,HTML+EEX",
    "julia": "Julia",
    "ruby": "Ruby,HXML,Rez,Puppet",
    "shell": (
        "Shell,Alpine Abuild,Gentoo Ebuild,Gentoo Eclass,Tcsh,fish,OpenRC runscript,Elvish,Nushell,Kickstart,M4Sugar"
    ),
    "perl": "Perl,NASL,Pod",
    "raku": "Raku",
    "lua": "Lua,Luau,Teal,Terra,MoonScript,Xmake",
    "haskell": "Haskell,Elm,PureScript,Idris,Agda,Frege,Curry,Cabal Config,Dhall,C2hs Haskell,Bluespec BH",
    "lean": "Lean,Lean 4",
    "sql": "SQL,PLpgSQL,PLSQL,TSQL,SQLPL,HiveQL,CQL,SurrealQL,EdgeQL",
    "dashes": "Ada,VHDL,AMPL",
    "ml": "OCaml,Standard ML,Rocq Prover,Isabelle,ATS,Scaml,CameLIGO,LigoLANG,F*,UrWeb,Nemerle",
    "f sharp": "F#",
    "pascal": "Pascal,Component Pascal,Modula-2,Modula-3,Oberon,Inno Setup,Oxygene",
    "applescript": "AppleScript",
    "lisp": (
        "Common Lisp,Scheme,Clojure,Emacs Lisp,Fennel,Hy,LFE,NewLisp,Janet,PicoLisp,edn,wisp,Dune,SMT,"
        "KiCad Schematic,GCC Machine Description,Arc,CLIPS,Pact,Clarity,WebAssembly,Tree-sitter Query"
    ),
    "racket": "Racket",
    "erlang": "Erlang",
    "prolog": "Prolog,Logtalk,ECLiPSe,Mercury,Answer Set Programming",
    "powershell": "PowerShell",
    "cmake": "CMake",
    "markup": (
        "XML,SVG,XSLT,Maven POM,Ant Build System,XML Property List,Markdown,Mustache,Handlebars,Liquid,"
        "HTML+ERB,ColdFusion,COLLADA,XPages,XProc,Web Ontology Language,HTML+Razor,Smarty,Latte,Mako,Genshi,MTML,"
        "Textile,RDoc"
    ),
    "html": "HTML",
    "web": (
        "Vue,Svelte,Astro,EJS,MDX,Marko,Jinja,Twig,Nunjucks,Blade,Java Server Pages,HTML+PHP,ASP.NET,"
        "Velocity Template Language,FreeMarker,Vento,mdsvex,Antlers,Edge"
    ),
    "pug": "Pug",
    "nix": "Nix",
    "hcl": "HCL,Terraform Template,Nickel",
    "docker": "Dockerfile,Earthly,Singularity",
    "r": "R,Sweave,RMarkdown",
    "matlab": "MATLAB,Scilab",
    "fortran": "Fortran,Fortran Free Form",
    "cobol": "COBOL",
    "basic": "Visual Basic .NET,Visual Basic 6.0,VBA,VBScript,FreeBASIC,BlitzBasic,PureBasic,Xojo,B4X",
    "vim": "Vim script",
    "graphql": "GraphQL",
    "tex": "TeX,BibTeX",
    "make": "Makefile",
    "eiffel": "Eiffel",
    "wolfram": "Wolfram Language",
    "hashes and slashes": "HAProxy,Caddyfile,KDL,Nginx,Open Policy Agent,jq,Salt",
    "tcl": "Tcl,Awk,Roff",
    "smalltalk": "Smalltalk",
    "semicolons": "Assembly,Motorola 68K Assembly,LLVM,AutoIt,Rebol,Red",
    "xquery": "XQuery,JSONiq",
}
FAMILY_NAMES: Final = tuple(FAMILIES)
_FAMILY_OF: Final = {
    name: FAMILY_NAMES.index(family) for family, names in _MEMBERS.items() for name in names.split(",")
}


def family_of(language: str) -> int:
    """The place in `FAMILY_NAMES` of a language's family, by its display name; that of "none" for an unknown one."""
    return _FAMILY_OF.get(language, 0)
