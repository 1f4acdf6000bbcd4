"""Which language a file has where several share its extension: short rules over its first bytes.

Every rule takes time linear in the text: a pattern has at most one repetition without a bound on a line, and none that
goes from one line to the next.
"""

from __future__ import annotations

from functools import cache
from typing import Final, NamedTuple

from exosuit_cli.languages.text_pattern import text_pattern


class Rule(NamedTuple):
    """The language where the text has the `pattern`; without a pattern, in any case."""

    language: str
    pattern: bytes = b""
    needs: tuple[bytes, ...] = ()
    """Words of which one must be in the first `NEEDS_BYTES` bytes: they are found many times as fast."""
    unless: bytes = b""
    """A pattern that the text must not have."""
    hint: bytes = b""
    """A pattern that is found many times as fast, and is in every text that has `pattern`."""


NEEDS_BYTES: Final = 3072
"""How far into a text the words are looked for that a rule needs."""

_XML: Final = rb"\A[ \t\n]{0,99}<(?:\?xml|!DOCTYPE|!--)"
_JSON: Final = rb"\A[ \t\n]{0,99}[\[{]"
_MAN_PAGE: Final = rb"^[.'][ \t]{0,9}(?:TH[ \t]+[^ \t\n]+[ \t]+|Dt[ \t]+[^ \t\n]+)"
_ROFF: Final = rb"^[.'](?:[ \t]{0,9}[A-Za-z]{1,3}(?:[ \t]|$)|\\\"|ig\b)"
_M68K: Final = (
    rb"(?i)^(?:\w{1,40}:?)?[ \t]+(?:move[aqmp]?\.[bwl]|(?:add|sub|and|or|cmp|clr|lsr|lsl|tst)[iqa]?\.[bwl]|moveq|movem|"
    rb"dbra|bsr(?:\.[sbwl])?|jsr|btst)[ \t]+[^\n]{0,40}(?:[ad][0-7]\b|\(pc\)|#)"
)
_PERL: Final = (
    rb"^[ \t]{0,40}(?:use[ \t]+(?:strict|warnings|v?5|lib|vars|Test::|[A-Z]\w*(?:::\w+)*[ \t]*[;q(])|"
    rb"package[ \t]+\w[\w:]*[ \t]*[;{]|"
    rb"(?:my|our|local)[ \t]*[$@%(]|require[ \t]+[\w:'\"]|sub[ \t]+\w+[ \t]*[{(]?|=(?:head1|pod|cut)\b|__END__)"
)
_PERL_FOR_SURE: Final = (
    rb"^[ \t]{0,40}(?:use[ \t]+(?:strict|warnings|v?5|constant|overload|lib|vars|utf8|Test::\w+|base|"
    rb"parent|Moose)\b|package[ \t]+\w[\w:]*[ \t]*[;{]|"
    rb"(?:my|our|local)[ \t]*[$@%(]\w*[^\n.!]{0,80};[ \t]*$|require[ \t]+5)|\w->\w{1,80}\(|"
    rb"\$\w+->[\w\[{(]|@_\b|\$self\b"
)
_RAKU: Final = (
    rb"^[ \t]{0,40}(?:use[ \t]+v6|(?:unit[ \t]+)?(?:module|class|role|grammar)[ \t]+[\w:-]+|(?:my|"
    rb"our)[ \t]+(?:class|sub|[A-Z]\w+[ \t]+[$@%])|"
    rb"(?:multi|proto)[ \t]|=begin[ \t]+(?:pod|comment)|(?:is-deeply|dies-ok|lives-ok|throws-like)\b|"
    rb"has[ \t]+[\w:]*[ \t]*[$@%][.!]|method[ \t]+[\w-]+)"
)
_CPP: Final = (
    rb"^(?:class[ \t]+(?:\w+(?:\([^)\n]{0,80}\))?[ \t]+){0,2}[\w:<>]+[ \t]*(?:[;{]|:[ \t]*\w|$(?=\n[ \t]{0,9}[{:]))|"
    rb"enum class[ \t]|namespace(?:[ \t]+[\w:]+)?[ \t]*(?:\{|$)|template[ \t]*<|"
    rb"using[ \t]+(?:namespace[ \t]|\w+[ \t]*=)|"
    rb"(?:public|private|protected)[ \t]*:)"
)
_CPP_SCOPE: Final = rb"\b[A-Za-z_]\w{0,80}::[~\w]"
_CPP_WORDS: Final = (
    b"::",
    b"\nclass ",
    b"\nenum class",
    b"\nnamespace",
    b"\ntemplate",
    b"\nusing ",
    b"\npublic",
    b"\nprivate",
    b"\nprotected",
)
_OBJC: Final = rb"^(?:@(?:interface|class|protocol|import)\b|#import[ \t]+[<\"])"
_OBJC_WORDS: Final = (b"\n@interface", b"\n@class", b"\n@protocol", b"\n@import", b"\n#import")
_FORTRAN: Final = (
    rb"(?i)^(?:[c*!][^\n]|[ \t]{1,20}(?:program|subroutine|end|integer|real|double|implicit|call|"
    rb"function|write|do|if|common|dimension)\b)"
)
_PROLOG: Final = (
    rb"^[ \t]{0,40}(?::-[ \t]*\w|[a-z]\w*(?:\([^\n]{0,200}\))?[ \t]*(?::-|-->)|[a-z]\w*\([^\n]{0,200}\)\.[ \t]*(?:%|$))"
)
_GERBER: Final = rb"^(?:[DGMT][0-9]{2}\*|%(?:FS|MO|AD|AM|LP)[^\n]*\*%?|G04 |[XY]-?[0-9]+[XY]?|M48)"
_VBA: Final = (
    rb"(?i)\b(?:Worksheets?|Workbooks?|ActiveSheet|ActiveCell|ThisWorkbook|ActiveDocument|ThisDrawing|"
    rb"VBProject|VBComponents?|VBA\w*|PtrSafe|"
    rb"Application\.(?:VBE|ScreenUpdating)|Option Compare Database|Option Private Module|LongPtr|VBA7|"
    rb"Win64|Range\(|Excel\.|Word\.|Outlook\.|Access\.)"
)
_FREEBASIC: Final = (
    rb"(?i)^[ \t]{0,40}(?:#(?:define|endif|endmacro|if|ifdef|ifndef|include|inclib|lang|macro|pragma|undef)\b|"
    rb"dim (?:shared )?(?:as )?\w+ (?:ptr|as \w+ ptr)|(?:private |public )?(?:sub|"
    rb"function) \w+ (?:cdecl|overload|naked)|extern \"|return [^\n]|namespace |type \w+ extends|"
    rb"dim (?:shared )?as \w+|var \w+ =|scope$|using \w+)"
)
_QUICKBASIC: Final = (
    rb"^[ \t]{0,40}(?:DECLARE (?:SUB|FUNCTION)|DIM |REDIM |DEF(?:INT|LNG|SNG|DBL|STR)\b|CONST |PRINT\b|"
    rb"COMMON SHARED|SCREEN |CLS\b|LOCATE |SUB |FUNCTION |GOSUB |"
    rb"_(?:TITLE|DISPLAY|LIMIT|DEST|SOURCE|PUTIMAGE|LOADFONT|PRINTSTRING)|\$(?:CONSOLE|RESIZE|DYNAMIC|"
    rb"STATIC|INCLUDE|NOPREFIX|SCREENHIDE))|"
    rb"(?i:'\$INCLUDE|_NEWIMAGE|_KEYDOWN|Option _Explicit|As _(?:Byte|Unsigned|Integer64|MEM|Offset)|\$lang: *\"qb)"
)
_TYPE_ANNOTATION: Final = (
    rb"^[ \t]{0,40}(?:export[ \t]+)?(?:declare[ \t]|interface[ \t]+\w|enum[ \t]+\w|"
    rb"type[ \t]+\w+(?:<[^\n]{0,99})?[ \t]*=|import[ \t]+type\b|namespace[ \t]+\w)|"
    rb"[\w)?][ \t]*:[ \t]*(?:string|number|boolean|void|unknown|any|never|Promise<|Record<|Array<|"
    rb"string\[\])\b|[ \t]as[ \t]+(?:const|string|any|unknown|number)\b"
)

RULES: Final[dict[str, tuple[Rule, ...]]] = {
    "": (  # what no name tells of
        Rule("XML", rb"\A[ \t\n]{0,99}<\?xml[ \t]"),
        Rule("HTML", rb"(?i)\A[ \t\n]{0,99}<!DOCTYPE[ \t]+html"),
        Rule(""),
    ),
    "node bun": (Rule("TypeScript", _TYPE_ANNOTATION), Rule("JavaScript")),
    ".1 .2 .3 .4 .5 .6 .7 .8 .9": (Rule("Roff Manpage", _MAN_PAGE), Rule("Roff", _ROFF), Rule("Text")),
    ".1in .1m .1x .3in .3m .3p .3pm .3qt .3x .man .mdoc": (Rule("Roff Manpage", _MAN_PAGE), Rule("Roff")),
    ".al": (
        Rule(
            "AL",
            rb"(?i)^\W{0,3}[ \t]{0,40}(?:(?:codeunit|page|pageextension|pagecustomization|enum|enumextension|"
            rb"query|report|"
            rb"reportextension|table|tableextension|xmlport|profile|controladdin|interface|"
            rb"permissionset)[ \t]+[\"0-9A-Z]|dotnet[ \t]*$|namespace[ \t]+[\w.]+;)",
        ),
        Rule("Perl"),
    ),
    ".as": (
        Rule(
            "AngelScript",
            rb"^[ \t]{0,40}(?:shared|mixin|(?:class|interface|void|int|float|bool|"
            rb"string)[ \t]+\w+[ \t]*(?:[(:{]|$)|\w+[ \t]*@|#include|\w+@ )",
            unless=rb"^[ \t]{0,40}package\b",
        ),
        Rule("ActionScript"),
    ),
    ".asc": (
        Rule("Public Key", rb"^(?:-{4,5}[ ]?BEGIN|ssh-)"),
        Rule(
            "AGS Script",
            rb"^(?://|(?:import |export )?(?:function|int|float|char|struct|enum|bool)[ \t]+\w+|#(?:define|"
            rb"ifdef|sectionstart))",
        ),
        Rule("AsciiDoc"),
    ),
    ".ash": (
        Rule(
            "AGS Script",
            rb"^(?:import|struct|enum|#define|#ifdef|///|managed)\b[^\n]{0,200}(?:function|\(|\{|$)",
            unless=rb"^(?:script|since|notify)\b|\bstring\[|\bboolean\b|^import[ \t]+[\"<]|^record\b",
        ),
        Rule("KoLmafia ASH"),
    ),
    ".asm": (Rule("Motorola 68K Assembly", _M68K), Rule("Assembly")),
    ".asy": (Rule("LTspice Symbol", rb"^(?:SymbolType|Version[ \t]+4)[ \t\n]"), Rule("Asymptote")),
    ".b": (
        Rule("Limbo", rb"^(?:implement[ \t]+\w|\w+[ \t]*:[ \t]*module\b|include[ \t]+\"[\w./]+\.m\";)"),
        Rule("Brainfuck", rb"[-+<>.,]{6}|\[[-<>+.]{2,20}\]", unless=rb"^[ \t]{0,40}(?:extrn|auto)\b"),
        Rule("B"),
    ),
    ".bas": (
        Rule("B4X", rb"^B4[AiJR]=true"),
        Rule("VBA", _VBA, unless=rb"^#(?:include|define)|(?i:^Attribute VB_Exposed)"),
        Rule("Visual Basic 6.0", rb"^Attribute VB_Name"),
        Rule("FreeBASIC", _FREEBASIC, unless=rb"(?i)\bgosub\b|\$lang: *\"qb|^[ \t]{0,40}(?:_TITLE|OPTION _)"),
        Rule("QuickBASIC", _QUICKBASIC, unless=rb"\A[ \t]{0,9}[0-9]"),
        Rule("BASIC"),
    ),
    ".bb": (
        Rule("Clojure", rb"^[ \t]{0,40}\((?:ns|def\w*|require|let|println|deps|comment)[ \t\n(]|^#!.*\bbb\b"),
        Rule(
            "BlitzBasic",
            rb"(?i)^[ \t]{0,40}(?:;|Function |End (?:Function|Type|If)|Graphics |Type |Field |Local |Global |"
            rb"Include \")",
        ),
        Rule("BitBake"),
    ),
    ".bf": (
        Rule("Beef", rb"^[ \t]{0,40}(?:using[ \t]+\w[\w.]*;|namespace[ \t]+\w)"),
        Rule(
            "HyPhy",
            rb"^[ \t]{0,40}(?:#include|function[ \t]|ExecuteAFile|LoadFunctionLibrary|DataSet)|fprintf[ \t]*\(|"
            rb"\bLikelihoodFunction\b",
        ),
        Rule("Befunge", rb"[\"@][^\n]{0,80}[v^<>#_|:][^\n]{0,80}[,@]", unless=rb">\+>|>\+<|\[-\]|[+]{4}"),
        Rule("Brainfuck"),
    ),
    ".bi": (Rule("QuickBASIC", _QUICKBASIC, unless=_FREEBASIC), Rule("FreeBASIC")),
    ".brd": (Rule("Eagle", _XML), Rule("KiCad Legacy Layout")),
    ".bs": (
        Rule("Bikeshed", rb"(?i)^[ \t]{0,20}<(?:pre|h1|!doctype|meta|xmp)\b"),
        Rule("Bluespec BH", rb"^(?:package[ \t]+\w+|import[ \t]+\w+[ \t]*$|interface[ \t]+\w+[ \t]*=|\w+[ \t]*::)"),
        Rule("BrighterScript"),
    ),
    ".bst": (
        Rule("BibTeX Style", rb"^[ \t]{0,20}(?:ENTRY|FUNCTION|INTEGERS|STRINGS|MACRO|READ|EXECUTE)\b|^%"),
        Rule("BuildStream"),
    ),
    ".cairo": (
        Rule(
            "Cairo Zero",
            rb"^[ \t]{0,40}(?:%(?:lang|builtins)\b|from[ \t]+starkware\.|func[ \t]+\w+[ \t]*[({]|"
            rb"\[?ap\]?[ \t]*=|end[ \t]*$)|ap\+\+",
        ),
        Rule("Cairo"),
    ),
    ".cake": (
        Rule(
            "CoffeeScript",
            rb"^[ \t]{0,20}(?:task[ \t]+'|\{[^\n]{0,80}\}[ \t]*=[ \t]*require|\w+[ \t]*=[ \t]*(?:require|"
            rb"\([^\n)]{0,80}\)[ \t]*[-=]>))|^# ",
        ),
        Rule("C#"),
    ),
    ".cfg": (
        Rule(
            "HAProxy",
            rb"^(?:global|defaults|frontend|backend|listen|peers|userlist)\b[^\n=]{0,80}\n(?:[ \t]*\n)?[ \t]+\w",
        ),
        Rule("INI"),
    ),
    ".cgi": (
        Rule("Python", rb"^(?:import[ \t]+\w+|from[ \t]+\w+[ \t]+import|def[ \t]+\w+\()"),
        Rule("Shell", rb"^(?:echo[ \t]|if[ \t]+\[|fi$|\w+=|esac$)", unless=rb"^[ \t]{0,40}(?:my|use)[ \t]"),
        Rule("Perl"),
    ),
    ".ch": (
        Rule(
            "xBase",
            rb"(?i)^[ \t]{0,20}(?:#[ \t]{0,9}(?:if|ifdef|ifndef|define|command|xcommand|translate|xtranslate|"
            rb"include|pragma|undef)\b|//|/\*)",
        ),
        Rule("Charity", rb"^[ \t]{0,20}(?:%|data\b|def\b|rf\b)"),
        Rule(""),
    ),
    ".cl": (
        Rule("Common Lisp", rb"(?i)^[ \t]{0,40}(?:\((?:def\w+|in-package|defpackage|require|load|setf?q?|let)\b|;;)"),
        Rule("Cool", rb"^[ \t]{0,20}(?:class[ \t]+[A-Z]\w*[ \t]+(?:inherits|\{)|\(\*|--)"),
        Rule("OpenCL"),
    ),
    ".cls": (
        Rule(
            "Visual Basic 6.0",
            rb"(?i)\A[ \t\n]{0,9}VERSION[ \t]+[0-9.]+[ \t]+CLASS[^\n]*\nBEGIN[^\n]*\n[ \t]*MultiUse[^\n]*\n[ \t]*Per",
        ),
        Rule("VBA", rb"(?i)^(?:VERSION[ \t]+[0-9.]+[ \t]+CLASS|Attribute VB_Name|Option Explicit)"),
        Rule(
            "TeX",
            rb"^[ \t]{0,20}(?:\\(?:NeedsTeXFormat|ProvidesClass|LoadClass|DeclareOption|RequirePackage|"
            rb"ProcessOptions|newcommand|def|if)|%)",
        ),
        Rule(
            "ObjectScript",
            rb"^(?:Class[ \t]+[%\w.]+|Include[ \t]+%|/// |Import[ \t]+[(\w%])",
            unless=rb"^[ \t]{0,40}(?:public|private|global)\b",
        ),
        Rule(
            "OpenEdge ABL",
            rb"(?i)^[ \t]{0,40}(?:using[ \t]+[\w.]+\*?(?:[ \t]+from[ \t]+\w+)?\.|routine-level|block-level|"
            rb"(?:class|interface|method|constructor)[ \t][^\n{]{1,120}:[ \t]*$|end[ \t]+(?:class|method|"
            rb"interface)\.|define[ \t]+(?:public|private|protected|variable|input)\b|\{[\w/.-]+\.i)",
        ),
        Rule("Apex"),
    ),
    ".cp": (
        Rule("Component Pascal", rb"^[ \t]{0,20}(?:MODULE[ \t]+\w+|IMPORT[ \t]+\w|PROCEDURE[ \t]|END[ \t]+\w+\.)"),
        Rule("C++"),
    ),
    ".cs": (
        Rule("Smalltalk", rb"!\w[\w ]*(?:class )?methodsFor:|^'From (?:Squeak|Cuis|Pharo)|subclass: #"),
        Rule("C#"),
    ),
    ".csl": (Rule("XML", _XML + rb"|^[ \t]{0,20}<\w+[^\n]*xmlns"), Rule("Kusto")),
    ".cue": (
        Rule(
            "Cue Sheet",
            rb"^[ \t]{0,20}(?:FILE[ \t]+\"|TRACK[ \t]+[0-9]|REM[ \t]+[A-Z]|PERFORMER[ \t]|INDEX[ \t]+[0-9])",
        ),
        Rule("CUE"),
    ),
    ".d": (
        Rule(
            "DTrace",
            rb"^(?:#!.*dtrace|#pragma[ \t]+D[ \t]|(?:BEGIN|END|ERROR)[ \t]*(?:\{|$|/)|"
            rb"[\w$*]+:[\w$*.]*:[\w$*`.]*:[\w-]*|provider[ \t]+\w+[ \t]*\{|(?:tick|profile)-\w|"
            rb"#pragma[ \t]+ident)",
            unless=rb"^(?:module|import)[ \t]+[\w.]+[ \t]*[;:,]",
        ),
        Rule(
            "D",
            rb"^[ \t]{0,40}(?:module[ \t]+[\w.]+[ \t]*;|(?:(?:public|static|"
            rb"private)[ \t]+)?import[ \t]+[\w., :=]+;|unittest\b|version[ \t]*\(|(?:class|struct|enum|"
            rb"template|alias|mixin|interface|extern)\b|(?:void|int|auto|string|bool|char|"
            rb"double)[ \t]+\w+[ \t]*[(=;]|//|/[*+])",
        ),
        Rule("Makefile", rb"^[^ \t\n#:][^\n:]*:[^\n:]*|\\$|:[ \t]"),
        Rule("D"),
    ),
    ".ddl .prc": (
        Rule(
            "PLSQL",
            rb"(?i)(?:\bVARCHAR2\b|\bNUMBER\b[ (,]|^/$|%TYPE\b|\bPLS_INTEGER\b|\bDBMS_|CREATE OR REPLACE|"
            rb"\bTABLESPACE\b)",
        ),
        Rule("SQL"),
    ),
    ".dsc": (
        Rule(
            "Debian Package Control File",
            rb"^(?:Format|Source|Package|Binary|Architecture|Maintainer|-----BEGIN PGP)(?::| SIGNED)",
        ),
        Rule("DenizenScript"),
    ),
    ".dsp": (
        Rule("Microsoft Developer Studio Project", rb"Microsoft Developer Studio|^# (?:TARGTYPE|ADD|PROP)\b"),
        Rule("Faust"),
    ),
    ".e": (
        Rule(
            "E",
            rb"^[ \t]{0,40}(?:def[ \t]+\w[^\n]{0,80}(?::=|\{)|var[ \t]+\w+[^\n]{0,40}:=|to[ \t]+\w+\(|"
            rb"when[ \t]*\([^\n]{0,80}->|pragma\.|#!.*\brune\b|\? )",
        ),
        Rule(
            "Eiffel",
            rb"(?i)^[ \t]{0,20}(?:(?:deferred[ \t]+|expanded[ \t]+)?class[ \t]*(?:[A-Z_]+)?[ \t]*$|"
            rb"class[ \t]+[A-Z_]+|(?:feature|inherit|create|creation|note|indexing|ensure|require|local|"
            rb"do)\b[ \t]*(?:\{|--|$))",
        ),
        Rule("Euphoria"),
    ),
    ".ecl": (Rule("ECLiPSe", rb"^[ \t]{0,20}:-|^[a-z]\w*(?:\([^\n]{0,200}\))?[ \t]*:-"), Rule("ECL")),
    ".es": (Rule("Erlang", rb"^(?:#!.*\bescript\b|%%|%!|-\w+\(|main\()"), Rule("JavaScript")),
    ".eslintrc": (
        Rule("JSON with Comments", rb"\A(?:[ \t]*(?://[^\n]*|/\*[^\n]*|\*[^\n]*)?\n){0,20}[ \t]*\{"),
        Rule("YAML"),
    ),
    ".releaserc": (Rule("JSON", _JSON), Rule("YAML")),
    ".ex": (
        Rule(
            "Euphoria",
            rb"^[ \t]{0,20}(?:(?:public[ \t]+|export[ \t]+|global[ \t]+)?(?:include[ \t]+[\w./]+\.e|"
            rb"constant[ \t]|procedure[ \t]|function[ \t]|atom[ \t]|sequence[ \t]|integer[ \t]|object[ \t])|--|"
            rb"namespace[ \t])",
            unless=rb"^[ \t]{0,20}(?:defmodule|defp?)\b",
        ),
        Rule("Elixir"),
    ),
    ".exp": (
        Rule(
            "Tcl",
            rb"^[ \t]{0,20}(?:proc[ \t]+\S+|set[ \t]+\w+|load_lib|spawn|expect|send_user|gdb_test|dg-\w+|"
            rb"if[ \t]+\{|foreach[ \t]|verbose|runtest)\b",
        ),
        Rule(""),
    ),
    ".f": (
        Rule(
            "Filebench WML",
            rb"^[ \t]{0,20}(?:define|flowop|process|thread|set[ \t]+\$)\b",
            (b"flowop", b"fileset"),
        ),
        Rule("Forth", rb"^:[ \t]|^\\[ \t]"),
        Rule("Fortran"),
    ),
    ".fcgi": (
        Rule("Python", rb"^(?:import[ \t]+\w+$|from[ \t]+\w[\w.]*[ \t]+import)"),
        Rule("Ruby", rb"^(?:require[ \t]+['\"(]|require_relative|class[ \t]+\w+$|end$)"),
        Rule("PHP", rb"<\?php"),
        Rule("Lua", rb"^(?:local[ \t]|require[ \t]*\(?['\"])"),
        Rule("Shell", rb"^(?:exec[ \t]|export[ \t]|echo[ \t]|\w+=|fi$)", unless=_PERL),
        Rule("Perl"),
    ),
    ".for": (
        Rule("Formatted", rb"\A[ \t]{0,40}-?[0-9][0-9 \t.eEdD+-]*$"),
        Rule("Forth", rb"^:[ \t]|^\\[ \t]"),
        Rule("Fortran"),
    ),
    ".fpp": (
        Rule(
            "FPP",
            rb"^[ \t]{0,20}(?:(?:active|passive|queued)[ \t]+component|(?:module|topology|struct|enum|port|"
            rb"interface)[ \t]+\w+[ \t]*\{|instance[ \t]+\w+:|@ )",
        ),
        Rule("Fortran"),
    ),
    ".fr": (
        Rule("Forth", rb"^(?::[ \t]|\\[ \t]|also[ \t]|new-device|previous[ \t]|\([ \t])"),
        Rule("Frege", rb"^[ \t]{0,20}(?:import|module|package|data|type|instance|infix[lr]?)[ \t]"),
        Rule("Text"),
    ),
    ".frag": (
        Rule(
            "JavaScript",
            rb"^(?:\(?function\b|[ \t]{0,20}(?:var|let)[ \t]+\w+[ \t]*=|\}\)?\(\w*\))",
            unless=rb"^[ \t]{0,20}(?:#version|uniform|varying|precision|void[ \t]+main)\b",
        ),
        Rule("GLSL"),
    ),
    ".frm": (Rule("INI", rb"\ATYPE=VIEW"), Rule("VBA", rb"^[ \t]{0,9}Begin[ \t]+\{"), Rule("Visual Basic 6.0")),
    ".fs": (
        Rule(
            "Filterscript",
            rb"^[ \t]{0,20}#(?:include[ \t]+\"\w+\.rsh\"|pragma[ \t]+(?:rs|version))|__attribute__|\brs_",
        ),
        Rule(
            "GLSL",
            rb"^[ \t]{0,20}(?:#version|#ifdef GL_ES|precision[ \t]|uniform[ \t]|varying[ \t]|"
            rb"void[ \t]+main[ \t]*\(|attribute[ \t]|(?:in|out)[ \t]+vec[234]|layout[ \t]*\()",
        ),
        Rule(
            "Forth",
            rb"^(?::[ \t]+\S|\\[ \t]|new-device|variable[ \t]|[0-9]+[ \t]+constant[ \t])",
            unless=rb"^[ \t]{0,20}(?:let|open|module|namespace|type)[ \t]",
        ),
        Rule("F#"),
    ),
    ".ftl": (
        Rule("FreeMarker", rb"<#|\[#|</?@|^[ \t]{0,20}<|\$\{\w"),
        Rule("Fluent", rb"^-?[A-Za-z][\w-]*[ \t]*=|\{[ \t]*\$"),
        Rule("FreeMarker"),
    ),
    ".fx": (
        Rule(
            "FLUX",
            rb"^[ \t]{0,20}(?:typedef|source|atomic|handle)[ \t][^\n{;]*[;:=]|=>|->",
            unless=rb"\b(?:float4x?4?|sampler|technique|Texture2D|cbuffer)\b",
        ),
        Rule("HLSL"),
    ),
    ".g": (Rule("G-code", rb"^(?:N[0-9]+[ \t]*)?[GMT][0-9]{1,3}\b|^%$|^;"), Rule("GAP")),
    ".gd": (
        Rule(
            "GAP",
            rb"^[ \t]{0,20}(?:#[#!]|Declare\w+[ \t]*\(|BindGlobal|InstallMethod|KeyDependentOperation)",
            unless=rb"^[ \t]{0,20}(?:extends|func|var|class_name|tool)\b",
        ),
        Rule("GDScript"),
    ),
    ".gml": (
        Rule("XML", _XML + rb"|^[ \t]{0,20}<\w+[^\n]*xmlns"),
        Rule("Graph Modeling Language", rb"(?i)^[ \t]{0,20}(?:graph|node|edge|Creator)[ \t]*(?:\[|$|\")"),
        Rule("Gerber Image", _GERBER),
        Rule("Game Maker Language"),
    ),
    ".gs": (
        Rule("GLSL", rb"^[ \t]{0,20}(?:#version|layout[ \t]*\(|uniform[ \t]|void[ \t]+main[ \t]*\()"),
        Rule("Genie", rb"^[ \t]{0,20}(?:\[indent=|uses$|init$|def[ \t]+\w+|class[ \t]+\w+[ \t]*:)"),
        Rule(
            "Gosu",
            rb"^[ \t]{0,20}(?:uses[ \t]+[\w.]+|package[ \t]+[\w.]+$|(?:public[ \t]+|"
            rb"static[ \t]+)?function[ \t]+\w+\([^\n)]*:|enhancement[ \t]|property[ \t]+get|"
            rb"class[ \t]+\w+[ \t]+(?:extends|implements|\{)|print[ \t]*\()",
            unless=rb"^[ \t]{0,20}(?:var|let|const)[ \t]+\w+[ \t]*=[^\n]*;|=>|Logger\.log|SpreadsheetApp",
        ),
        Rule("JavaScript"),
    ),
    ".gst": (Rule("XML", _XML), Rule("Gosu")),
    ".gts": (Rule("Gerber Image", _GERBER), Rule("Glimmer TS")),
    ".h": (
        Rule("Objective-C", _OBJC, _OBJC_WORDS),
        Rule("C++", _CPP, _CPP_WORDS),
        Rule("C++", _CPP_SCOPE, _CPP_WORDS, hint=rb"::(?<=\w::)[~\w]"),
        Rule("C"),
    ),
    ".hh": (Rule("Hack", rb"<\?hh|^[ \t]{0,20}namespace[ \t]+[\w\\]+;"), Rule("C++")),
    "hosts HOSTS": (Rule("INI", rb"^\[[^\n\]]+\][ \t]*(?:#[^\n]*)?$"), Rule("Hosts File")),
    ".html": (
        Rule(
            "Ecmarkup",
            rb"<emu-(?:alg|annex|biblio|clause|eqn|example|figure|gann|gmod|gprose|grammar|import|intro|note|"
            rb"nt|prodref|production|rhs|table|t|xref)\b",
            (b"<emu-",),
        ),
        Rule("HTML"),
    ),
    ".i": (
        Rule(
            "SWIG",
            rb"^[ \t]{0,20}%(?:module|include|import|inline|extend|template|ignore|rename|typemap|feature|\{|"
            rb"\}|define|apply|newobject)",
        ),
        Rule("Motorola 68K Assembly", _M68K),
        Rule("SWIG", rb"^[ \t]{0,20}(?:#[ \t]*(?:if|include|define)|/\*|//)"),
        Rule("Assembly"),
    ),
    ".ice": (Rule("JSON", _JSON), Rule("Slice")),
    ".inc": (
        Rule("PHP", rb"<\?(?:php|=|\s|$)"),
        Rule(
            "HTML",
            rb"(?i)\A[ \t\n]{0,99}<(?:!doctype|html|head|body|div|table|p|h[1-6]|ul|a|script|link|meta|form|"
            rb"nav|footer|header|!--)\b",
        ),
        Rule("Motorola 68K Assembly", _M68K),
        Rule(
            "SourcePawn",
            rb"^[ \t]{0,20}(?:(?:native|forward|stock|methodmap|enum struct)[ \t]|public[ \t]+(?:SharedPlugin|"
            rb"Plugin|Extension)|#pragma[ \t]+(?:semicolon|newdecls|deprecated)|MarkNativeAsOptional|"
            rb"#if defined _\w+_included)",
            unless=(
                rb"^[ \t]{0,20}(?:#include[ \t]+<(?:a_samp|core|float|string)>|native[ \t]+\w+[ \t]*\(|"
                rb"forward[ \t]+\w+\()"
            ),
        ),
        Rule(
            "Pawn",
            rb"^[ \t]{0,20}(?:native|forward|stock|#pragma[ \t]+(?:library|tabsize|reqlib|semicolon|reqclass|"
            rb"loadlib|defclasslib)|#if[ \t]+defined[ \t]+_\w+_included|#define[ \t]+_\w+_included|"
            rb"new[ \t]+\w+)\b",
        ),
        Rule("POV-Ray SDL", rb"^[ \t]{0,20}#(?:declare|local|macro|while|version)\b"),
        Rule(
            "NASL",
            rb"^[ \t]{0,20}(?:(?:local_var|global_var|export[ \t]+function|include[ \t]*\([ \t]*[\"'])|"
            rb"function[ \t]+\w+[ \t]*\([^\n$]*\)[ \t]*\{?$|namespace[ \t]+\w+[ \t]*\{|object[ \t]+\w+)",
        ),
        Rule(
            "SQL",
            rb"(?i)^[ \t]{0,20}(?:create[ \t]+(?:table|procedure|index|database|view|temporary)|"
            rb"insert[ \t]+into|select[ \t]|drop[ \t]+table|alter[ \t]+table|--[ \t]*(?:source|let|error|echo)|"
            rb"set[ \t]+\w+[ \t]*=|let[ \t]+\$)",
        ),
        Rule(
            "BitBake",
            rb"^(?:inherit[ \t]+[\w.-]+|require[ \t]+[\w./${}-]+|(?:DESCRIPTION|SUMMARY|SRC_URI|DEPENDS|"
            rb"RDEPENDS\w*|LICENSE|EXTRA_OECONF|FILES_?\S*|PACKAGES|S|PV|PR)[ \t]*[?:+.]*=|do_\w+[ \t]*\()",
        ),
        Rule(
            "Pascal",
            rb"(?i)^[ \t]{0,20}(?:\{\$|procedure[ \t]+[\w.]+[ \t]*[(;]|(?:unit|uses|interface|implementation|"
            rb"begin|var|const|type)[ \t]*(?:\w+[;,])?[ \t]*$|end[;.]|\(\*)",
        ),
        Rule(
            "C++",
            rb"^[ \t]{0,20}(?:#[ \t]*(?:include[ \t]*[<\"]|define|ifn?def|if|pragma|undef|error)\b|"
            rb"template[ \t]*<|namespace[ \t]|(?:static|inline|const|extern|typedef|struct|class|void|int|"
            rb"case)\b|//|/\*|[A-Z]\w+\(|[\w:~<>]+[ \t]+[\w:~<>*&]+\()",
        ),
        Rule(
            "Assembly",
            rb"(?i)^(?:[ \t]{0,40}(?:\w{1,40}:)?[ \t]+(?:mov|push|pop|call|jmp|ret|lea|ld|ldr|db|dw|dd|equ|"
            rb"macro|lda|sta|bl|add)\b|;|[ \t]{0,20}[.%](?:macro|include|define|equ|set|if)\b|\w+[ \t]+(?:equ|"
            rb"macro|struc?|proc)\b)",
        ),
        Rule("Makefile", rb"^(?:\w+[ \t]*[:?+]?=|[\w.%/-]+[ \t]*:[ \t]|\t\S)"),
        Rule(""),
    ),
    ".j": (
        Rule("Jasmin", rb"^[ \t]{0,20}\.(?:class|super|method|end|limit|field|source|bytecode|interface)\b"),
        Rule("Objective-J", rb"^[ \t]{0,20}@(?:import|implementation|protocol|interface|typedef|class|end)\b"),
        Rule("JASS"),
    ),
    ".jq": (
        Rule(
            "JSONiq",
            rb"^[ \t]{0,20}(?:(?:xquery|jsoniq)[ \t]+version|module[ \t]+namespace|"
            rb"import[ \t]+module[ \t]+namespace|declare[ \t]|for[ \t]+\$\w+[ \t]+in|let[ \t]+\$\w+[ \t]*:=|"
            rb"\(:)|collection\(",
        ),
        Rule("jq"),
    ),
    ".json": (
        Rule("OASv2-json", rb"\"swagger\"[ \t]{0,9}:[ \t\n]{0,9}\"2\.", (b'"swagger"',)),
        Rule("OASv3-json", rb"\"openapi\"[ \t]{0,9}:[ \t\n]{0,9}\"3\.", (b'"openapi"',)),
        Rule("JSON"),
    ),
    ".k": (
        Rule(
            "KFramework",
            rb"^[ \t]{0,20}(?:requires[ \t]+\"|require[ \t]+\"|module[ \t]+[A-Z-]+|syntax[ \t]+\w+|endmodule|"
            rb"imports[ \t]+[A-Z])",
        ),
        Rule("KCL"),
    ),
    ".ks": (
        Rule(
            "Kickstart",
            rb"^(?:#version=|install$|lang[ \t]|keyboard[ \t]|%packages|%post|url[ \t]+--|rootpw[ \t]|"
            rb"timezone[ \t]|clearpart|part[ \t]|bootloader|auth)",
        ),
        Rule("KerboScript"),
    ),
    ".l": (
        Rule(
            "Common Lisp",
            rb"(?i)^[ \t]{0,20}\((?:defun|defmacro|defvar|in-package|defparameter|setq|provide|require|"
            rb"defclass|eval-when)[ \t:\n]",
        ),
        Rule("Roff", rb"^[.'](?:[A-Z]{2}|\\\")[ \t\n]"),
        Rule("PicoLisp", rb"^\((?:de|class|rel|code|data|must|setq|load|symbols|dm|off|zero|local)[ \t]"),
        Rule("Lex"),
    ),
    ".lean": (
        Rule(
            "Lean",
            rb"^(?:import[ \t]+[a-z]|begin$|end$|variables?[ \t]|notation[ \t]`|local[ \t]+notation|"
            rb"open[ \t]+\w+[ \t]*(?:\n|$)[^\n]*\n*(?:variables|namespace|section)|meta[ \t]|@\[\w+\][ \t]+def|"
            rb"universes?[ \t]u)",
            unless=rb"^import[ \t]+[A-Z]|:=[ \t]by\b|\bfun[ \t][^\n]{0,60}=>",
        ),
        Rule("Lean 4"),
    ),
    ".lisp .lsp": (
        Rule(
            "NewLisp",
            rb"^[ \t]{0,20}(?:\((?:define[ \t]|context[ \t]|define-macro|module[ \t]|println[ \t]|"
            rb"load[ \t]+\")|#!.*newlisp)",
            unless=rb"(?i)^[ \t]{0,20}\((?:defun|in-package|defpackage|defmacro|defvar|defparameter)[ \t]",
        ),
        Rule("Common Lisp"),
    ),
    ".lp": (
        Rule(
            "Linear Programming",
            rb"(?i)^[ \t]{0,20}(?:\\[^\n]*|(?:minimi[sz]e|minimum|min|maximi[sz]e|maximum|"
            rb"max)(?:[ \t]+multi-objectives)?:?[ \t]*(?:$|[^\w \t{(])|subject to)",
        ),
        Rule(
            "Lambdapi",
            rb"^[ \t]{0,20}(?:opaque|(?:constant|injective|sequential|protected|private)?[ \t]*symbol|rule|"
            rb"notation|require[ \t]+open|open|inductive|assert|compute)\b",
        ),
        Rule("Answer Set Programming"),
    ),
    ".ls": (Rule("LoomScript", rb"^[ \t]{0,20}package[ \t]*[\w.]*[ \t]*(?:\{|$)"), Rule("LiveScript")),
    ".m": (
        Rule(
            "Objective-C",
            _OBJC
            + (
                rb"|^[ \t]{0,40}(?:NS\w+[ \t]*\*|int[ \t]+main[ \t]*\(|#[ \t]{0,9}(?:include|define|if|pragma)|//|"
                rb"/\*|extern[ \t]|static[ \t]+\w+[ \t]+\**\w+)"
            ),
        ),
        Rule("Mercury", rb"^[ \t]{0,20}:-[ \t]*(?:module|interface|implementation|import_module|pred|func|type)\b"),
        Rule("Limbo", rb"^\w+[ \t]*:[ \t]*module\b"),
        Rule(
            "MUF",
            rb"^[ \t]{0,20}(?::[ \t]+\S+|\$(?:def|include|define|author|note|lib-version))[ \t]",
            unless=rb"^[ \t]{0,40}%",
        ),
        Rule(
            "Wolfram Language",
            rb"\(\*|^[ \t]{0,20}(?:BeginPackage|Begin|Needs|Get|Module|Clear|SetDirectory|"
            rb"\w+\[[\w_, ]*\][ \t]*:?=|<<)\[?",
        ),
        Rule(
            "MATLAB",
            rb"^[ \t]{0,40}(?:%|function\b|classdef\b|end\b|for[ \t]+\w+[ \t]*=|if[ \t(]|clear\b|clc\b|"
            rb"close all|[\w.]+(?:\([^\n=]{0,60}\))?[ \t]*=|\[[^\n\]]{1,80}\][ \t]*=|\w+\()",
            unless=rb"^[A-Za-z%]\w*(?:\([^\n)]{0,60}\))?[ \t]+;|^[ \t]{1,9};",
        ),
        Rule(
            "M",
            rb"^[ \t]{0,40};|^%?\w+(?:\([^\n)]{0,60}\))?[ \t]+(?:;|[NQSDKIFGW][ \t:])|^[ \t]+(?:[SNQDKIFW]|set|"
            rb"new|quit|do|kill|write)[ \t:]",
        ),
        Rule("MATLAB"),
    ),
    ".m4": (
        Rule(
            "M4Sugar",
            rb"^[ \t]{0,20}#?[ \t]{0,9}_?(?:A[CSMUX]_[A-Z]|m4_\w|LT_[A-Z]|AH_|PKG_|gl_[A-Z]|gt_[A-Z])|"
            rb"\b(?:AC_DEFUN|AC_PREREQ|AC_INIT|m4_define)\b",
            unless=rb"^divert\(",
        ),
        Rule("M4"),
    ),
    ".mask": (Rule("Unity3D Asset", rb"tag:unity3d\.com|^%YAML"), Rule("Mask")),
    ".mc": (
        Rule(
            "Win32 Message File",
            rb"(?i)^[ \t]{0,20}(?:MessageId|SeverityNames|FacilityNames|LanguageNames|MessageIdTypedef)[ \t]*=|^\.$",
        ),
        Rule("M4", rb"^(?:dnl\b|divert\(|define\(|undefine\(|include\(|ifdef\()"),
        Rule("Monkey C"),
    ),
    ".md": (
        Rule(
            "GCC Machine Description",
            rb"^(?:;;|\((?:define_|include[ \t]+\"))",
            (b"(define_", b";; "),
            rb"^(?:#{1,6}[ \t]|[-*][ \t]|```)",
        ),
        Rule("Markdown"),
    ),
    ".ml": (
        Rule(
            "Standard ML",
            rb"^[ \t]{0,40}(?:structure[ \t]+\w+|signature[ \t]+\w+|functor[ \t]+\w+|fun[ \t]+\w+|"
            rb"datatype[ \t]|val[ \t]+\w+[ \t]*=)|\bfn[ \t]+\S+[ \t]*=>|\bcase[ \t][^\n]{1,80}[ \t]of\b",
            unless=(
                rb"^[ \t]{0,40}(?:let[ \t]+rec|open[ \t]+[A-Z]\w*[ \t]*$|type[ \t]+[\w' ]+=|module[ \t]+\w+)|"
                rb"\bmatch[ \t][^\n]{1,80}[ \t]with\b|;;[ \t]*$"
            ),
        ),
        Rule("OCaml"),
    ),
    ".mm": (Rule("XML", rb"\A[ \t\n]{0,99}<(?:\?xml|map\b|!--)"), Rule("Objective-C++")),
    ".mo": (
        Rule(
            "Motoko",
            rb"^[ \t]{0,20}(?:import[ \t]+(?:\w+|\{[^\n]*\})[ \t]+\"|"
            rb"(?:persistent[ \t]+)?(?:shared[^\n{]*)?actor\b|"
            rb"public[ \t]+(?:shared[ \t]+)?(?:query[ \t]+)?func|module[ \t]*\w*[ \t]*\{)|"
            rb"\bactor[ \t]*(?:class|\{|\w+[ \t]*\{)",
        ),
        Rule("Modelica"),
    ),
    ".mod": (
        Rule("XML", rb"<!(?:ENTITY|ELEMENT|ATTLIST|--)|\A[ \t\n]{0,99}<\?xml"),
        Rule("Go Module", rb"^(?:module[ \t]+[\w.-]+/[^\n;]*|go[ \t]+1\.[0-9.]+|require[ \t]+\()$"),
        Rule(
            "NMODL",
            rb"^[ \t]{0,20}(?:NEURON|UNITS|PARAMETER|ASSIGNED|BREAKPOINT|INITIAL|STATE)[ \t]*(?:\{|$)|"
            rb"^TITLE[ \t]|^COMMENT$",
        ),
        Rule(
            "Modula-2",
            rb"^[ \t]{0,20}(?:(?:DEFINITION|IMPLEMENTATION)[ \t]+)?MODULE[ \t]+\w+|^[ \t]{0,20}(?:IMPORT|FROM|"
            rb"PROCEDURE|END)[ \t]+\w+|^[ \t]{0,20}\(\*",
        ),
        Rule(
            "Linux Kernel Module",
            rb"\A(?:[ \t]*[\w./-]+\.k?o\b|[\w./-]+\.ko$)|^[\w/.-]+\.o(?:[ \t]+[\w/.-]+\.o)*[ \t]*$",
        ),
        Rule("AMPL"),
    ),
    ".module": (Rule("PHP", rb"<\?(?:php|$)"), Rule("JSON", _JSON), Rule("XML", _XML), Rule("")),
    ".mojo": (Rule("XML", rb"\A[ \t\n]{0,99}<"), Rule("Mojo")),
    ".moo": (Rule("Mercury", rb"^[ \t]{0,20}(?::-[ \t]|%)"), Rule("Moocode")),
    ".mps": (Rule("JetBrains MPS", _XML + rb"|<(?:persistence|model)\b"), Rule("Mathematical Programming System")),
    ".mqh": (
        Rule(
            "MQL4",
            rb"\b(?:OrderSend|OrderSelect|MarketInfo|AccountBalance|iCustom|init\(\)|WindowFind|"
            rb"RefreshRates)\b|\bextern[ \t]|MetaQuotes|#property[ \t]+strict",
        ),
        Rule("MQL5"),
    ),
    ".ms": (
        Rule("Roff", rb"^[.'](?:[A-Za-z]{2}[ \t\n]|\\\")"),
        Rule("Unix Assembly", rb"^[ \t]{0,20}\.(?:include|globa?l|text|data|section|macro|set|align|type)\b"),
        Rule(
            "MiniScript", rb"^[ \t]{0,40}end (?:function|while|if|for)\b|\bisa\b|^[ \t]{0,40}\w+[ \t]*=[ \t]*function\b"
        ),
        Rule("MAXScript"),
    ),
    ".msg": (
        Rule(
            "OMNeT++ MSG",
            rb"^[ \t]{0,20}(?:cplusplus|message[ \t]+\w+|packet[ \t]+\w+|class[ \t]+\w+|struct[ \t]+\w+|"
            rb"enum[ \t]+\w+|namespace[ \t]|import[ \t]+[\w.]+;)[^\n]*",
        ),
        Rule("ROS Interface"),
    ),
    ".n": (
        Rule("Roff", rb"^[.'][A-Za-z\\]"),
        Rule("Nemerle", rb"^[ \t]{0,20}(?:using|module|namespace|class|public|def|macro)\b"),
        Rule(""),
    ),
    ".nas": (
        Rule(
            "Nasal",
            rb"^[ \t]{0,20}(?:var[ \t]+\w+[ \t]*=|#[ \t#]|return\b|foreach\b|func\b)|=[ \t]*func\b|\bfunc[ \t]*\(",
        ),
        Rule("Assembly"),
    ),
    ".nb": (Rule("Wolfram Language", rb"^(?:\(\*|Notebook\[|Cell\[)"), Rule("Text")),
    ".ncl": (
        Rule("XML", _XML),
        Rule("Gerber Image", _GERBER),
        Rule("Text", rb"THE_TITLE"),
        Rule(
            "NCL",
            rb"^(?:;|load[ \t]+[\"$]|begin$|end$|undef\(|(?:function|procedure)[ \t]+\w+[ \t]*\(|"
            rb"[ \t]{0,20}\w+@\w+[ \t]*=)|\baddfile\(",
        ),
        Rule("Nickel"),
    ),
    ".nl": (Rule("NL", rb"^[bg][0-9]+[ \t]"), Rule("NewLisp")),
    ".nr": (Rule("Roff", rb"^[.'](?:[A-Za-z\\]|$)"), Rule("Noir")),
    ".nu": (
        Rule(
            "Nu",
            rb"^[ \t]{0,20}(?:\((?:load|class|set|function|import|macro|task|puts|unless|if|def|-|global|"
            rb"ivar)\b|;;?|#!.*\bnush\b)",
        ),
        Rule("Nushell"),
    ),
    ".odin": (
        Rule(
            "Object Data Instance Notation", rb"^[ \t]{0,20}(?:\w+[ \t]*=[ \t]*(?:\([\w ]+\)[ \t]*)?<|<|schema_version)"
        ),
        Rule("Odin"),
    ),
    ".p": (
        Rule(
            "Gnuplot",
            rb"^[ \t]{0,20}(?:s?plot[ \t]|set[ \t]+(?:term|terminal|out|output|[xyz]2?tics|[xyz]2?label|"
            rb"[xyz]2?range|style|key|title|grid|log)\b|#!.*gnuplot)",
        ),
        Rule("OpenEdge ABL"),
    ),
    ".pbt": (
        Rule("PowerBuilder", rb"\AHA\$PBExportHeader|^Save Format|^appname[ \t]|\.pbl"),
        Rule("Protocol Buffer Text Format"),
    ),
    ".pc": (Rule("Pro*C", rb"(?i)\bEXEC[ \t]+SQL\b|^[ \t]{0,20}#[ \t]*include"), Rule("pkg-config")),
    ".php": (Rule("Hack", rb"\A[ \t\n]{0,99}(?:#![^\n]*\n)?<\?hh", (b"<?hh",)), Rule("PHP")),
    ".pkl": (
        Rule("Pickle", rb"\A(?:\(|[\x80cI])[^\n]{0,40}\n(?:[\w.]{1,40}\n|p[0-9]|S')|^(?:[pgab][0-9]*|tR?p?[0-9]*)$"),
        Rule("Pkl"),
    ),
    ".pl": (
        Rule("Raku", rb"^[ \t]{0,20}use[ \t]+v6\b"),
        Rule("Perl", _PERL_FOR_SURE),
        Rule("Prolog", _PROLOG + rb"|^%%?[ \t]"),
        Rule("Raku", _RAKU),
        Rule("Perl"),
    ),
    ".plist": (
        Rule("XML Property List", rb"\A[ \t\n]{0,99}<(?:\?xml|!DOCTYPE|plist|!--)"),
        Rule("OpenStep Property List"),
    ),
    ".plt": (Rule("Prolog", rb"^[ \t]{0,20}:-"), Rule("Gnuplot")),
    ".pluginspec": (Rule("XML", rb"\A[ \t\n]{0,99}<"), Rule("Ruby")),
    ".pm": (
        Rule("X PixMap", rb"^[ \t]{0,9}/\*[ \t]*XPM[ \t]*\*/"),
        Rule("Raku", rb"^[ \t]{0,20}use[ \t]+v6\b"),
        Rule("Perl", _PERL_FOR_SURE),
        Rule("Raku", _RAKU),
        Rule("Perl"),
    ),
    ".pod": (
        Rule(
            "Pod 6",
            rb"^[ \t]{0,20}=(?:comment\b|begin[ \t]+(?:pod|para|code|table|item|nested)|item[0-9]|TITLE|"
            rb"SUBTITLE|defn\b)",
        ),
        Rule("Pod"),
    ),
    ".pp": (
        Rule(
            "Pascal",
            rb"(?i)^[ \t]{0,20}(?:unit[ \t]+\w+;|program[ \t]+\w+|uses\b[^\n]*[;,]?$|interface[ \t]*$|"
            rb"implementation[ \t]*$|\{\$|end[.;][ \t]*$|begin[ \t]*$)",
        ),
        Rule("Puppet"),
    ),
    ".pro": (
        Rule(
            "Proguard",
            rb"^-(?:include|keep\w*|dontwarn|dontobfuscate|optimi[sz]ations?|renamesourcefileattribute|"
            rb"assumenosideeffects|injars|libraryjars|printmapping)\b",
        ),
        Rule(
            "QMake",
            rb"^[ \t]{0,20}(?:QT|HEADERS|SOURCES|TARGET|TEMPLATE|CONFIG|DEPENDPATH|INCLUDEPATH|FORMS|RESOURCES|"
            rb"SUBDIRS|DEFINES|LIBS|DESTDIR|TRANSLATIONS|OTHER_FILES)[ \t]*[-+*~]?=",
        ),
        Rule("INI", rb"^(?:\[[\w ]+\]|last_client=)"),
        Rule(
            "IDL",
            rb"(?i)^[ \t]{0,20}(?:;|pro[ \t]+\w|function[ \t]+\w+|compile_opt\b|endif\b|endfor\b)",
            unless=rb"^[ \t]{0,20}:-|:-[ \t]*$",
        ),
        Rule("Prolog", _PROLOG + rb"|^%|^[ \t]{0,20}/\*"),
        Rule("QMake"),
    ),
    ".properties": (Rule("INI", rb"^[ \t]{0,20}(?:\[[^\n\]]+\]|;)"), Rule("Java Properties")),
    ".q": (
        Rule(
            "HiveQL",
            rb"(?i)^[ \t]{0,20}(?:select|insert|create|drop|alter|explain|set[ \t]+hive|from|use|"
            rb"load[ \t]+data|--)\b|^--",
        ),
        Rule("q"),
    ),
    ".qs": (
        Rule("Qt Script", rb"\bprototype\b|===|^[ \t]{0,40}var[ \t]+\w|\bqsTr\b|^import[ \t]+qbs|^function[ \t]+\w+\("),
        Rule("Q#"),
    ),
    ".r": (
        Rule("Rebol", rb"(?i)^[ \t]{0,20}REBOL\b|\bREBOL[ \t]*\["),
        Rule("Rez", rb"^[ \t]{0,20}(?:resource|data|type|include)[ \t]+'\w{4}'|^#include[ \t]+[<\"][\w/.]+\.r[>\"]"),
        Rule("R"),
    ),
    ".re": (
        Rule(
            "C++",
            rb"^[ \t]{0,20}(?:#[ \t]*(?:include|define|ifn?def|pragma|if)\b|template[ \t]*<|namespace[ \t]|"
            rb"/\*!re2c|static[ \t]|int[ \t]+\w+[ \t]*\()",
        ),
        Rule("Reason"),
    ),
    ".reds": (Rule("Red", rb"(?i)^[ \t]{0,20}Red(?:/System)?[ \t]*\["), Rule("Redscript")),
    ".res": (
        Rule("XML", _XML),
        Rule("ReScript", rb"^[ \t]{0,20}(?:let|module|type|open|include|external|switch|@)\b|=>"),
        Rule(""),
    ),
    ".rno": (Rule("Roff", rb"^\.\\\"|^\.(?:SH|TH|PP|so|nr|ds|de)\b"), Rule("RUNOFF")),
    ".rpy": (
        Rule(
            "Ren'Py",
            rb"^[ \t]{0,20}(?:label[ \t]+\w+|define[ \t]+\w+|init\b|screen[ \t]+\w+|image[ \t]+\w+|\$[ \t]|"
            rb"translate[ \t]|menu[ \t]*:|default[ \t]+\w+)",
        ),
        Rule("Python", rb"^[ \t]{0,20}(?:import|from|class|def)[ \t]"),
        Rule("Ren'Py"),
    ),
    ".rs": (
        Rule("XML", rb"\A[ \t\n]{0,99}<\?xml", (b"<?xml",)),
        Rule(
            "RenderScript",
            rb"^[ \t]{0,20}#[ \t]*pragma[ \t]+(?:rs|version)\b|^[ \t]{0,20}#[ \t]*include[ \t]+\"\w+\.rsh?\"|"
            rb"\brs_(?:allocation|fp)",
            (b"pragma", b"#include", b"rs_"),
        ),
        Rule("Rust"),
    ),
    ".rsc": (
        Rule(
            "Rascal",
            rb"^[ \t]{0,20}(?:module[ \t]+[\w:]+|import[ \t]+[\w:]+;|extend[ \t]+[\w:]+;|public[ \t]|"
            rb"data[ \t]+\w+|@(?:license|contributor|doc))",
        ),
        Rule("RouterOS Script"),
    ),
    ".s": (
        Rule(
            "Motorola 68K Assembly",
            rb"(?i)^(?:[\w.]{1,40}:?)?[ \t]+(?:move[aqmp]?\.[bwl]|moveq|movem\.[wl]|dbra|btst|(?:add|sub|cmp|"
            rb"clr|tst|lea|and|or)[iqa]?\.[bwl])[ \t][^\n%$]*$",
            (b".l", b".w", b".b", b".L", b".W", b".B", b"moveq", b"dbra"),
            rb"(?i)^[ \t]{0,20}mov[lqbw]?[ \t]+[%$]|[ \t]%[er]?[abcd]x\b",
        ),
        Rule(
            "Assembly",
            rb"(?i)^[ \t]{0,40}(?:\w{1,40}:)?[ \t]{0,40}mov[ \t]+(?:[er]?[abcd]x|[abcd][hl]|[re]?[sd]i|"
            rb"[re][sb]p|r[0-9]+)[ \t]*,",
            (b"mov ", b"mov\t", b"MOV"),
            rb"%[er]?[abcd]x\b",
        ),
        Rule("Unix Assembly"),
    ),
    ".sc": (
        Rule(
            "SuperCollider",
            rb"^[ \t]{0,40}(?:[+]?[ \t]*[A-Z]\w*[ \t]*(?::[ \t]*[A-Z]\w*[ \t]*)?\{|~\w+[ \t]*=|\*\w+[ \t]*\{|"
            rb"\w+[ \t]*\{[ \t]*(?:\||arg\b)|arg[ \t])|\^(?:this|super|\w+)|\bSynthDef\b|\b\w+\.ar\(",
            unless=rb"^[ \t]{0,20}(?:import|package|object|trait|case class|def)[ \t]",
        ),
        Rule("Scala"),
    ),
    ".scd": (Rule("Markdown", rb"^#+[ \t]+(?:NAME|SYNOPSIS|DESCRIPTION)\b|\A[\w-]+\([0-9]\)"), Rule("SuperCollider")),
    ".sch": (
        Rule("KiCad Schematic", rb"\A(?:EESchema|\(kicad_sch)"),
        Rule("Eagle", rb"<!DOCTYPE[ \t]+eagle|<eagle\b"),
        Rule("XML", rb"\A[ \t\n]{0,99}<"),
        Rule("Scheme"),
    ),
    ".scm": (
        Rule(
            "Scheme",
            rb"^[ \t]{0,20}\((?:define|library|import|use-modules|lambda|let|module|load|display|export|"
            rb"require|begin|set!|cond|if)[ \t*\n(-]|\(define[ \t(-]",
        ),
        Rule("Tree-sitter Query", rb"@[\w.-]+[ \t)]{0,9}$|\(#[\w-]+[?!]"),
        Rule("Scheme"),
    ),
    ".service .socket .timer .target .mount .network .container": (
        Rule("INI", rb"^[#; \t]{0,9}\[[\w -]+\][ \t]*$|^[\w-]+[ \t]*="),
        Rule(""),
    ),
    ".shader": (
        Rule(
            "ShaderLab",
            rb"^[ \t]{0,20}(?:Shader[ \t]+\"|SubShader|Properties|CGPROGRAM)",
        ),
        Rule(
            "GLSL",
            rb"^[ \t]{0,20}(?:#version|uniform[ \t]|#shader|layout[ \t]*\(|void[ \t]+main|varying[ \t]|"
            rb"precision[ \t]|(?:float|vec[234]|int)[ \t])",
        ),
        Rule("ShaderLab"),
    ),
    ".sls": (Rule("Scheme", rb"^[ \t]{0,20}(?:\(|;;|#!r6rs)"), Rule("Salt")),
    ".sol": (Rule("Gerber Image", _GERBER), Rule("Solidity")),
    ".spec": (
        Rule(
            "RPM Spec",
            rb"^(?:Name|Version|Release|Summary|License|Group|BuildRequires|URL|Source0?)[ \t]*:|^%(?:define|"
            rb"global|description|prep|package|bcond|if|files|undefine|include|\{)",
        ),
        Rule(
            "Python",
            rb"^(?:a[ \t]*=[ \t]*Analysis\(|import[ \t]+\w+|from[ \t]+[\w.]+[ \t]+import|"
            rb"\w+[ \t]*=[ \t]*(?:Analysis|PYZ|EXE|COLLECT)\(|# -\*- mode: python)",
        ),
        Rule(
            "Ruby",
            rb"^[ \t]{0,20}(?:Pod::Spec|Gem::Specification|require[ \t]+['\"]|\w+[ \t]*=[ \t]*Gem|spec\.|"
            rb"describe[ \t])",
        ),
        Rule("RPM Spec"),
    ),
    ".sql": (
        Rule(
            "PLpgSQL",
            rb"(?i)\bAS[ \t\n]{1,9}\$\w*\$|\bLANGUAGE[ \t]{1,9}'?plpgsql|^\\i\b|\bDO[ \t\n]{1,9}\$\w*\$",
            (b"$$", b"plpgsql", b"PLPGSQL", b"PLpgSQL", b"\\i ", b"$BODY$", b"$body$", b"$_$", b"$func"),
        ),
        Rule(
            "SQLPL",
            rb"(?i)\bMODE[ \t]{1,9}DB2SQL\b|\bSYS(?:CAT|PROC|IBM)\.|\bALTER[ \t]{1,9}MODULE\b|"
            rb"ASSOCIATE[ \t]+RESULT[ \t]+SET|\bEND[ \t]*!|^!$|\bBEGIN ATOMIC\b|ADMIN_CMD|"
            rb"\bLANGUAGE SQL\b[^$]{0,200}\bBEGIN\b|\bCREATE[ \t]+(?:OR REPLACE[ \t]+)?(?:MODULE|VARIABLE)\b",
        ),
        Rule(
            "TSQL",
            rb"(?im)^[ \t]{0,20}GO[ \t]*;?$|\bDECLARE[ \t\n]{1,9}@|\[dbo\]|\bBEGIN[ \t]+(?:TRY|CATCH)\b|"
            rb"\bNVARCHAR\b|\bOUTPUT[ \t]+INSERTED|\bSET[ \t]+NOCOUNT\b|\bsp_executesql\b|\bSELECT[ \t]+@|"
            rb"\bdbo\.",
            unless=rb"(?i)\bAUTHID\b|\bVARCHAR2\b",
        ),
        Rule(
            "PLSQL",
            rb"(?i)\bVARCHAR2\b|\$\$PLSQL|\bXMLTYPE\b|\bSYSTIMESTAMP\b|\.NEXTVAL\b|\bCONNECT[ \t]+BY\b|"
            rb"\bAUTHID\b|\bDBMS_\w+|%ROWTYPE\b|%TYPE\b|\bPLS_INTEGER\b|\bPACKAGE[ \t]+BODY\b|^/$|"
            rb"\bconstructor[ \t]+function|\bdba_\w+|\bv\$\w+",
        ),
        Rule("SQL"),
    ),
    ".srt": (Rule("SRecode Template", rb"^(?:template|set|context|prompt|;;)\b|^----$|^;;"), Rule("SubRip Text")),
    ".st": (
        Rule(
            "StringTemplate",
            rb"^\w+\([\w, =\"]*\)[ \t]*::=|^(?:group|delimiters|import)[ \t]+[\w\"]|"
            rb"\$\w+(?:[.:;(][^\n$]{0,60})?\$|<\w+[.:;(][^\n<>]{1,60}>|<!|\$!",
            unless=rb"^[A-Z]\w+[ \t]+(?:class[ \t]+)?>>|\bsubclass:",
        ),
        Rule("Smalltalk"),
    ),
    ".star": (Rule("STAR", rb"^(?:loop_|data_\w*|save_)[^\n]*$|^_\w[\w.]*[ \t]"), Rule("Starlark")),
    ".svx": (Rule("mdsvex", rb"^(?:---$|#+[ \t]|<script)"), Rule("Survex data")),
    ".sw": (Rule("XML", rb"\A[ \t\n]{0,99}<"), Rule("Sway")),
    ".t": (
        Rule(
            "Raku",
            rb"^[ \t]{0,20}(?:use[ \t]+v6|use[ \t]+Test;|plan[ \t]+[0-9*]+;|is-deeply\b)",
            unless=rb"^[ \t]{0,20}(?:use[ \t]+(?:strict|warnings|Test::|v?5)|package[ \t])",
        ),
        Rule("Perl", _PERL_FOR_SURE),
        Rule(
            "Terra",
            rb"^[ \t]{0,20}(?:terra[ \t]|local[ \t]+\w+[ \t]*=|local[ \t]+(?:terra|function)|"
            rb"require[ \t(]*[\"']|import[ \t]+\")|\bterralib\b",
        ),
        Rule(
            "Turing",
            rb"^[ \t]{0,20}(?:%[ \t]|var[ \t]+\w[^\n]*:[ \t]*\w|var[ \t]+\w+[ \t]*:=|put[ \t]|"
            rb"proc(?:edure)?[ \t]|View\.|setscreen|loop[ \t]*$|end[ \t]+(?:loop|for|if)\b)",
        ),
        Rule("Raku", _RAKU),
        Rule("Perl"),
    ),
    ".tact": (Rule("JSON", rb"\A[ \t\n]{0,99}\{"), Rule("Tact")),
    ".tl": (
        Rule(
            "Type Language",
            rb"^[ \t]{0,20}(?:---(?:functions|types)---|\w[\w.]*(?:#[0-9a-f]+)?[ \t][^\n]*=[ \t]*[\w<> .]+;)|^//",
        ),
        Rule("Teal"),
    ),
    ".toc": (Rule("World of Warcraft Addon Data", rb"^##[ \t]|@no-lib-strip@|\.(?:lua|xml)$"), Rule("TeX")),
    ".tpl": (
        Rule(
            "Go Template",
            rb"\{\{-?[ \t]{0,9}(?:[.$\"`]|/\*|define|if|range|end|include|template|with|block|else|printf|toYaml)",
        ),
        Rule("Smarty"),
    ),
    ".trigger": (Rule("Shell", rb"\A#!|^[ \t]{0,20}(?:if[ \t]+\[|fi$|echo[ \t]|case[ \t])"), Rule("Apex")),
    ".ts": (
        Rule("XML", rb"<TS\b|\A[ \t\n]{0,99}<(?:\?xml|!DOCTYPE)", (b"<TS", b"<?xml", b"<!DOCTYPE")),
        Rule("TypeScript"),
    ),
    ".tsp": (
        Rule(
            "TSPLIB data",
            rb"^(?:NAME|TYPE|DIMENSION|COMMENT|EDGE_WEIGHT_TYPE|EDGE_WEIGHT_FORMAT|NODE_COORD_SECTION)[ \t]*(?::|$)",
        ),
        Rule("TypeSpec"),
    ),
    ".tst": (Rule("GAP", rb"^gap>"), Rule("Scilab")),
    ".tsx": (Rule("XML", rb"\A[ \t\n]{0,99}<\?xml", (b"<?xml",)), Rule("TSX")),
    ".txt": (
        Rule("Vim Help File", rb"\A\*[\w.-]+\.txt\*[ \t]", (b".txt*",)),
        Rule("Adblock Filter List", rb"(?i)\A\[(?:adblock|ublock|adguard)", (b"[Ad", b"[ad", b"[uB", b"[ub")),
        Rule("Text"),
    ),
    ".typ": (Rule("XML", _XML), Rule("Typst")),
    ".uc": (
        Rule(
            "UnrealScript",
            rb"(?i)^[ \t]{0,20}(?:class[ \t]+\w+(?:[ \t]+(?:extends|expands|within|config|native|abstract))?|"
            rb"defaultproperties|var(?:\([^\n)]*\))?[ \t]+\w+|simulated[ \t]|event[ \t]+\w+|state[ \t]+\w+|"
            rb"#exec)",
            unless=rb"^[ \t]{0,20}(?:let|import)[ \t]|^'use strict'",
        ),
        Rule("ucode"),
    ),
    ".v": (
        Rule(
            "Rocq Prover",
            rb"^[ \t]{0,20}(?:(?:From[ \t]+\w+[ \t]+)?Require[ \t]|Proof\b|Qed\.|Lemma[ \t]|Theorem[ \t]|"
            rb"Definition[ \t]|Inductive[ \t]|Section[ \t]|Fixpoint[ \t]|Notation[ \t]|Module[ \t]+\w+|"
            rb"Ltac[ \t]|Set[ \t]+\w|Global[ \t]|Local[ \t]|Variable|\(\*)",
            unless=rb"^[ \t]{0,20}(?:endmodule|always|assign|module)\b",
        ),
        Rule(
            "V",
            rb"^[ \t]{0,9}(?:pub[ \t]+)?(?:fn[ \t]+(?:\([^\n)]{1,60}\)[ \t]*)?\w+|struct[ \t]+\w+[ \t]*\{|"
            rb"import[ \t]+[\w.]+$)",
            unless=rb"^[ \t]{0,40}(?:endmodule|always)\b",
        ),
        Rule(
            "Verilog",
            rb"^[ \t]{0,40}(?:module[ \t]+\w+[ \t]*(?:#|\(|;|$)|`(?:define|ifdef|ifndef|include|timescale|"
            rb"pragma|default_nettype)|always[ \t]*@|initial\b|endmodule|assign[ \t]|(?:input|output|inout|"
            rb"wire|reg|parameter|localparam)[ \t])",
        ),
        Rule("V"),
    ),
    ".vba": (Rule("Vim script", rb"^UseVimball|^\" Vimball|^\" "), Rule("VBA")),
    ".vcf": (Rule("TSV", rb"\A##fileformat"), Rule("vCard")),
    ".vhost": (
        Rule("Nginx", rb"^[ \t]{0,20}(?:server|upstream|location|http)\b[^\n<>]*\{|^[ \t]{0,20}server[ \t]*$"),
        Rule("ApacheConf"),
    ),
    ".w": (
        Rule(
            "OpenEdge ABL",
            rb"(?i)&(?:ANALYZE-SUSPEND|Scoped-define|GLOBAL-DEFINE)|^[ \t]{0,20}define[ \t]+(?:variable|input)",
        ),
        Rule("CWeb"),
    ),
    ".workflow": (Rule("XML", rb"\A[ \t\n]{0,99}<"), Rule("HCL")),
    ".x": (
        Rule("DirectX 3D File", rb"\Axof[ \t]0[0-9]{3}"),
        Rule("Logos", rb"^[ \t]{0,20}%(?:end|ctor|hook|group|init|new|orig|subclass|property)\b|^[ \t]{0,20}#import"),
        Rule(
            "Linker Script",
            rb"\bOUTPUT_(?:ARCH|FORMAT)[ \t]*\(|^[ \t]{0,20}SECTIONS\b|^[ \t]{0,20}(?:MEMORY|ENTRY|PHDRS)[ \t]*[({]",
        ),
        Rule("RPC"),
    ),
    ".yaml .yml": (
        Rule("OASv2-yaml", rb"^[ \t]{0,20}['\"]?swagger['\"]?[ \t]*:[ \t]*['\"]?2\.", (b"swagger",)),
        Rule("OASv3-yaml", rb"^[ \t]{0,20}['\"]?openapi['\"]?[ \t]*:[ \t]*['\"]?3\.", (b"openapi",)),
        Rule("MiniYAML", rb"^\t+[^ \t\n#-][^\n]{0,80}?:", (b"\n\t",), rb"^---"),
        Rule("YAML"),
    ),
    ".yy": (Rule("JSON", _JSON), Rule("Yacc")),
}
"""The rules by the extensions (and names) that they are for; the first that holds decides."""


@cache
def candidates_of(keys: str) -> frozenset[str]:
    """The languages that the rules of these extensions choose among."""
    return frozenset(rule.language for rule in RULES[keys])


def decide(keys: str, head: bytes) -> str:
    """The language of a text that begins with `head`, by the rules under `keys`; "" where they leave it open."""
    rules = RULES.get(keys, ())
    if not rules:
        return ""
    text = b"\n" + head
    opening = text[: NEEDS_BYTES + 1]
    if b"\r" in text:
        text = text.replace(b"\r\n", b"\n").replace(b"\r", b"\n")
    for rule in rules:
        if _holds(rule, opening, text):
            return rule.language
    return ""


def _holds(rule: Rule, opening: bytes, text: bytes) -> bool:
    _, pattern, needs, unless, hint = rule
    for word in needs:
        if word in opening:
            break
    else:
        if needs:
            return False
    if hint and not text_pattern(hint).is_in(text):
        return False
    if pattern and not text_pattern(pattern).is_in(text):
        return False
    return not unless or not text_pattern(unless).is_in(text)
