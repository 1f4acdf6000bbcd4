"""The name that a line defines, by how the line looks: no parser, a few words and brackets.

The lines come from a scan of columns (`guessed_lines`), which finds those that may define something. All patterns look
at `LONGEST` bytes of a line at most, and none goes back over what it has read more than once.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from exosuit_cli.structure.families import IS_C_LIKE, Family
from exosuit_cli.structure.proof_heads import PROOF_HEAD
from exosuit_cli.structure.symbols import SymbolKind

if TYPE_CHECKING:
    from collections.abc import Callable

LONGEST: Final = 200
"""Bytes of a line that are looked at."""

Found = tuple[str, SymbolKind]
"""The name that a line defines, and what that is."""

MODIFIERS: Final = frozenset(
    b'"C" export default public private protected internal static abstract final sealed async pub unsafe extern '
    b"inline virtual override open data case partial readonly declare local global explicit constexpr typedef "
    b"mutating fileprivate lazy implicit native synchronized noinline __always_inline suspend tailrec operator infix "
    b"inner consteval companion required convenience indirect foreign given opaque recursive friend noncomputable "
    b"__global__ __device__ __host__ create or replace temporary temp unique materialized "
    b"CREATE OR REPLACE TEMPORARY TEMP UNIQUE MATERIALIZED member overriding".split()
)
"""Words that may stand before a keyword."""
_KINDS: Final = {
    SymbolKind.FUNCTION: (
        b"def fn func function function* fun sub proc procedure PROCEDURE FUNCTION subroutine defp defn defn- defun "
        b"method rpc theorem lemma trigger TRIGGER task test init deinit subscript iterator fu"
    ),
    SymbolKind.CLASS: b"class object actor mixin contract @interface @implementation",
    SymbolKind.STRUCT: b"struct record message",
    SymbolKind.UNION: b"union",
    SymbolKind.ENUM: b"enum",
    SymbolKind.INTERFACE: b"interface trait protocol defprotocol service concept @protocol",
    SymbolKind.IMPLEMENTATION: b"impl extension instance defimpl",
    SymbolKind.MODULE: (
        b"module mod namespace package defmodule program entity architecture library structure signature functor"
    ),
    SymbolKind.TYPE: b"type newtype typealias using table TABLE view VIEW",
    SymbolKind.CONSTANT: b"const let var val index INDEX",
    SymbolKind.MACRO: b"macro macro_rules! defmacro defmacrop",
}
KEYWORDS: Final = {word: kind for kind, words in _KINDS.items() for word in words.split()}
"""Words that a name follows, which they define."""
NAMELESS: Final = frozenset({b"init", b"deinit", b"subscript"})
"""Keywords of what has no other name."""
NO_NAMES: Final = frozenset(
    b"if for while switch return else do catch sizeof defined elif foreach with except assert await yield not and or "
    b"in is new delete throw throws case when unless until print echo using lock typeof typeid alignof decltype goto "
    b"try finally super this self constructor_ synchronized function __attribute__ __declspec match loop".split()
)
TYPES: Final = frozenset(b"void int char long short unsigned signed float double bool auto const".split())
"""What a name never is, as in `int (*pointer)(void)`."""
FIRST_WORDS: Final = frozenset(MODIFIERS | KEYWORDS.keys() | {b"exports", b"module", b"template"})
"""What a line begins with that may define something in most languages."""

_WORD: Final = re.compile(
    rb"[ \t]*(\"C\"|@?\w+[!*]?)(?:\((?:crate|super|self|in [\w:]+|set|get)\)|\[\w+\])?(?![^ \t<(*&:])"
)
_ANNOTATION: Final = re.compile(rb"[ \t]*@(?!interface|implementation|protocol)\w+(?:\([^()]*\))?[ \t]+(?=\w)")
_TEMPLATE: Final = re.compile(rb"[ \t]*template[ \t]*<[^()]*?>[ \t]*(?=\w)")
_NAME: Final = rb"(?:::|<SID>)?[A-Za-z_$\x80-\xff][\w$.:'!?#\\\x80-\xff-]*"
_AFTER_KEYWORD: Final = re.compile(
    rb"[ \t]*(?:(?:class|struct|eval|body)[ \t]+|(?:if|IF)[ \t]+(?:not|NOT)[ \t]+(?:exists|EXISTS)[ \t]+|&|\*)?"
    rb"(?:\((?P<owner>[^()]*)\)[ \t]*|<[^>]*>[ \t]*)?(?:self\.)?[\"`]?(?P<name>" + _NAME + rb")[\"`]?"
    rb"(?=[ \t]*(?:$|[\r\n({<=;,\[|@/*]|->|(?:extends|implements|with|where|struct|interface|func|map|chan|do|derives|"
    rb"returns?|permits|inherits|begin|is|of|as|AS|IS|on|ON|RETURNS?|if|throws|final|for|\w+[ \t]*(?=[={]))(?!\w)|"
    rb":(?!\w)|[ \t]:))"
)
"""What follows the name tells a definition from a sentence that begins with such a word."""
_IMPL: Final = re.compile(
    rb"[ \t]*(?:<[^{]*?>[ \t]+)?(?:[!\w:<>, '&\[\]()]+?[ \t]+for[ \t]+)?[&']*(?:\w+[ \t]+)?(?P<name>[A-Za-z_][\w:]*)"
    rb"(?=[ \t<{]|$)"
)
_VARIABLE: Final = re.compile(rb"[ \t]+(?:mut[ \t]+|ref[ \t]+)?(?P<name>[A-Za-z_]\w*)[ \t]*[:=]")
_MACRO_CALL: Final = re.compile(rb"[A-Z0-9_]{3,}")
_MACRO: Final = re.compile(rb"#define[ \t]+(?P<name>[A-Za-z_]\w*)\(")
_C_NAME: Final = re.compile(rb"(?:[A-Za-z_][\w]*(?:<[^<>]*>)?::)*(?:~?[A-Za-z_]\w*|operator\W{1,3})")
_ARGUMENT: Final = re.compile(rb"\([ \t]*\"?([A-Za-z_]\w*)\"?[ \t]*[,)](?:[ \t]*([A-Za-z_]\w*)[ \t]*\))?")
_TABLE: Final = re.compile(rb"(?<![A-Za-z_])(?P<name>[A-Za-z_]\w*)[ \t]*(?:\[[^\]=]*\][ \t]*)*=(?!=)")
_SCRIPT_METHOD: Final = re.compile(
    rb"[ \t]*(?:(?:async|get|set|static|public|private|protected|override|readonly)[ \t]+){0,3}\*?[ \t]*"
    rb"(?P<name>#?[A-Za-z_$][\w$]*|\[[\w.]+\])[ \t]*(?:<[^<>()]*>)?\((?P<rest>[^()]*(?:\([^()]*\)[^()]*){0,3})\)"
    rb"[ \t]*(?::[^={}]+)?\{[ \t\r\n]*$"
)
_SCRIPT_VALUE: Final = re.compile(
    rb"[ \t]*(?:(?:(?:export|default|const|let|var|static|public|private|readonly)\b|this\.)[ \t]*){0,4}"
    rb"(?P<name>#?[A-Za-z_$][\w$.\[\]'\"-]*|[\"'][\w$/ .-]+[\"'])[ \t]*(?::[^=(){}\[\]'\"]+)?(?P<sign>[:=])[ \t]*"
    rb"(?:async\b[ \t]*)?(?P<value>function\b|class\b|(?:\([^()]*(?:\([^()]*\)[^()]*){0,3}\)|[\w$]+)"
    rb"(?:[ \t]*:[^={}]+)?[ \t]*=>|\{[ \t\r\n]*$)"
)
TEST_CALLS: Final = frozenset(b"describe it test context suite specify testset".split())
"""What is called with the name of a test case."""
_SCRIPT_TEST: Final = re.compile(
    rb"[ \t]*(?:" + b"|".join(sorted(TEST_CALLS)) + rb")(?:\.\w+)?\([ \t]*(?P<quote>[\"'`])(?P<name>[^\"'`\r\n]*)"
)
_SHELL: Final = re.compile(rb"[ \t]*(?:function[ \t]+)?(?P<name>[A-Za-z_][\w.:-]*)[ \t]*\(\)")
_LISP: Final = re.compile(
    rb"[ \t]*\((?P<kind>def[\w*+-]*|cl-def\w+|define[\w*/-]*)[ \t]+(?:\^\S+[ \t]+)*\(?(?P<name>[^\s()\[\]\"]+)"
)
_LUA: Final = re.compile(
    rb"[ \t]*(?:local[ \t]+)?(?P<name>[A-Za-z_.][\w.:]*)[ \t]*(?:=|<-)[ \t]*function[ \t]*\(", re.IGNORECASE
)
_METHOD: Final = re.compile(rb"[-+][ \t]*\([^()]*(?:\([^()]*\)[^()]*)*\)[ \t]*(?P<name>[A-Za-z_]\w*)(?P<rest>[^{;]*)")
_LABELS: Final = re.compile(rb"([A-Za-z_]\w*)[ \t]*:")
_TABLE_HEAD: Final = re.compile(rb"[ \t]*\[{1,2}(?P<name>[^\[\]]+)\]{1,2}[ \t]*(?:[#;].*)?[\r\n]*$")
_CLAUSE: Final = re.compile(rb"(?:-record\()?(?P<name>[a-z]\w*|'[^'\r\n]*')(?=[ \t]*[(,])")
_OUTPUTS: Final = re.compile(
    rb"[ \t]*(?:function[ \t]+(?:(?:\[[^\]\r\n]*\]|\w+)[ \t]*=[ \t]*)?|classdef[ \t]+(?:\([^()]*\)[ \t]*)?)"
    rb"(?P<name>[A-Za-z_][\w.]*)"
)
_UNIT: Final = re.compile(
    rb"[ \t]*(?:(?:pure|elemental|impure|recursive|module|integer|real|logical|complex|character|double[ \t]+precision|"
    rb"type|class)(?:[ \t]*\*[ \t]*\d+|[ \t]*\([^()]*(?:\([^()]*\)[^()]*)*\))?[ \t]+){0,3}"
    rb"(?P<kind>subroutine|function|submodule[ \t]*\([^()]*\)|module|program|interface|block[ \t]*data|"
    rb"type(?:[ \t]*,[^:\r\n]*)?(?:[ \t]*::)?)[ \t]+(?P<name>[a-z]\w*)[ \t]*(?=[(!;\r\n]|bind|result|$)",
    re.IGNORECASE,
)
_UNIT_KINDS: Final = {
    b"m": SymbolKind.MODULE, b"p": SymbolKind.MODULE, b"b": SymbolKind.MODULE, b"i": SymbolKind.INTERFACE,
    b"t": SymbolKind.TYPE,
}  # fmt: skip
_BINDING: Final = re.compile(
    rb"[ \t]*(?:let|and|member|override|default|abstract|static|val|fun|exception)\b[ \t]*"
    rb"(?:(?:rec|inline|private|internal|public|mutable|member|override|val|type|virtual|method|nonrec|%\w+)\b"
    rb"[ \t]*){0,4}"
    rb"(?:'\w+[ \t]+)?(?:\w+\.)?(?P<name>[A-Za-z_][\w']*|``[^`\r\n]+``|\([ \t]*[^\s()\w]+[ \t]*\))(?P<rest>[^\r\n]*)"
)
_PROPERTY: Final = re.compile(rb"(?P<name>[A-Za-z_]\w*)[ \t]*(?:\{|=>)")


_PROOF: Final = re.compile(PROOF_HEAD.encode("latin-1"))
_PROOF_KINDS: Final = {
    b"Inductive": SymbolKind.TYPE, b"CoInductive": SymbolKind.TYPE, b"Record": SymbolKind.STRUCT,
    b"Class": SymbolKind.INTERFACE, b"Instance": SymbolKind.IMPLEMENTATION, b"Notation": SymbolKind.MACRO,
}  # fmt: skip
_STYLE_WORD: Final = re.compile(rb"[ \t]*@(?P<word>mixin|function|(?:-\w+-)?keyframes)[ \t]+(?P<name>[\w-]+)")
_SELECTOR: Final = re.compile(rb"(?P<name>(?:[^{}#]|#(?!\{)|#\{[^{}]*\})+)\{")
_STYLE_KINDS: Final = {b"mixin": SymbolKind.MACRO, b"function": SymbolKind.FUNCTION}
_BLOCK: Final = re.compile(rb"[ \t]*(?P<word>[\w-]+)(?P<labels>(?:[ \t]+\"[^\"]*\")*)[ \t]*\{[ \t\r]*$")
_TARGET: Final = re.compile(rb"(?P<name>(?!\.PHONY)[\w./%-]+)[ \t]*::?(?![=:])")
_EQUATION: Final = re.compile(
    rb"(?P<name>[a-z_][\w']*|\([^()\w\s]+\))(?:(?:[ \t]*,[^:=]*)?[ \t]*::?(?![^ \t\r\n])|[ \t][^=|\r\n]*=(?![=<>]))"
)
_TYPED: Final = re.compile(rb"(?:[a-z_][\w']*|\([^()\w\s]+\))[ \t]*::?(?![^ \t\r\n])")
_EQUATION_KINDS: Final = {b"class": SymbolKind.INTERFACE, b"instance": SymbolKind.IMPLEMENTATION}
_EQUATION_WORD: Final = re.compile(
    rb"(?P<word>data|newtype|type|class|instance)[ \t]+(?:(?:family|instance|alias)[ \t]+)?(?:[^=\r\n]*=>[ \t]*)?"
    rb"(?P<name>[A-Z]\w*)"
)


def named_by(family: int, data: memoryview, start: int, end: int) -> Found | None:
    """What the line of these bytes defines in a language of this family; None where it defines nothing."""
    line = bytes(data[start : min(end, start + LONGEST)])
    special = _SPECIAL.get(family)
    found = special(line) if special is not None else None
    return found or (_by_keyword(line, family) if family < Family.STYLES or family == Family.BINDINGS else None)


def is_annotation(line: bytes) -> bool:
    """Whether a line says the type of a name, as `name : Type` and `name :: Type` do in languages with equations."""
    return _TYPED.match(line) is not None


def _text(name: bytes) -> str:
    return name.decode("utf-8", "replace").rstrip(":.,'-").replace("::", ".").replace(":", ".")


def _by_keyword(line: bytes, family: int) -> Found | None:
    """The name after a keyword, which only modifiers stand before."""
    note = _ANNOTATION.match(line)
    word = _WORD.match(line, note.end() if note is not None else 0)
    count = 0
    while word is not None and count < 8:
        kind = KEYWORDS.get(word[1]) or KEYWORDS.get(word[1].rstrip(b"!"))
        if kind is not None:
            return _after(line, word, kind, family)
        if word[1] not in MODIFIERS:
            return None
        count += 1
        word = _WORD.match(line, word.end())
    return None


def _after(line: bytes, word: re.Match[bytes], kind: SymbolKind, family: int) -> Found | None:
    at = word.end(1)
    if at >= len(line) or line[at] not in b" \t<(&*?!":
        return None
    if word[1] == b"impl":
        found = _IMPL.match(line, at)
        return (_text(found["name"]), kind) if found is not None else None
    if kind is SymbolKind.CONSTANT and word[1] not in (b"index", b"INDEX"):
        return _constant(line, at, family)
    if word[1] in NAMELESS:
        return (word[1].decode(), kind) if line[at : at + 1] in (b"(", b"<", b"?", b"!") else None
    found = _AFTER_KEYWORD.match(line, at)
    if found is None or (word[1] == b"using" and not line[found.end() :].lstrip().startswith(b"=")):
        return None
    name = _text(found["name"])
    if kind in (SymbolKind.STRUCT, SymbolKind.UNION, SymbolKind.ENUM, SymbolKind.CLASS) and IS_C_LIKE[family]:
        rest = line[found.end("name") :].strip()
        if rest[:1] not in (b"", b"{", b":", b"<") and not rest.startswith(b"final"):
            return None  # the type of something else, or announced only
    owner = found["owner"]
    if owner and family == Family.KEYWORD and word[1] == b"func":
        words = owner.partition(b"[")[0].replace(b"*", b" ").split()
        name = f"{_text(words[-1])}.{name}" if words else name
    return (name, kind) if name else None


def _constant(line: bytes, at: int, family: int) -> Found | None:
    """A constant or a variable, which counts where it is not within a function; in a script, none."""
    word = _WORD.match(line, at)
    if word is not None and word[1] in KEYWORDS and word[1] not in (b"index", b"table", b"type", b"test", b"record"):
        kind = KEYWORDS[word[1]]
        return _after(line, word, kind, family)  # `const fn`, `static class`, `const enum`
    if IS_C_LIKE[family]:
        return None
    found = _VARIABLE.match(line, at) if family != Family.SCRIPT else None
    return (_text(found["name"]), SymbolKind.CONSTANT) if found is not None else None


def _head(line: bytes, *, at_edge: bool, is_java: bool) -> Found | None:
    """The name in a head as in C or Java: types, a name, an opening bracket."""
    before, bracket, after = line.partition(b"(")
    if b"=" in before or not bracket:
        if is_java:
            return None
        table = None if b"{" not in line else _TABLE.search(line)
        return (_text(table["name"]), SymbolKind.CONSTANT) if table is not None and at_edge else None
    if not is_java and b";" in after and b"{" not in after:
        return None  # a statement or an announcement
    before = before.rstrip()
    words = before.replace(b"*", b" ").replace(b"&", b" ").split()
    if not words or words[0] in NO_NAMES or words[-1] in NO_NAMES or words[-1] in TYPES:
        return None
    name = words[-1]
    if b"operator" in before:
        name = before[before.rindex(b"operator") - (before[: before.rindex(b"operator")][::-1] + b" ").index(b" ") :]
    if _C_NAME.fullmatch(name) is None:
        return None
    if len(words) == 1:
        if at_edge and _MACRO_CALL.fullmatch(name):
            return _by_macro(line, name)
        return (_text(name), SymbolKind.FUNCTION) if at_edge or name[:1].isupper() else None
    if any(not _is_type(word) for word in words[:-1]):
        return None
    return _text(name), SymbolKind.FUNCTION


def _is_type(word: bytes) -> bool:
    return word not in NO_NAMES and not word.strip(b"$:<>,.[]&?~@").translate(None, b"$:<>,.[]&?~@_").strip(
        b"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
    )


def _by_macro(line: bytes, macro: bytes) -> Found | None:
    """What a macro at the left edge defines: `SYSCALL_DEFINE3(socket, ...`, `TEST(Suite, case)`."""
    found = _ARGUMENT.search(line)
    if found is None:
        return None
    if macro.startswith((b"TEST", b"TYPED_TEST", b"BENCHMARK")):
        second = found[2]
        return _text(found[1] + b"." + second if second else found[1]), SymbolKind.TEST
    return _text(found[1]), SymbolKind.FUNCTION


def _c(line: bytes) -> Found | None:
    if line.startswith(b"#"):
        return _macro(line)
    template = _TEMPLATE.match(line)
    if template is not None:
        line = line[: len(line) - len(line.lstrip())] + line[template.end() :]
    if line[:1] in b" \t":
        return _by_keyword(line, Family.C) or (_head(line, at_edge=False, is_java=False) if b"{" in line else None)
    return _by_keyword(line, Family.C) or _head(line, at_edge=True, is_java=False)


def _macro(line: bytes) -> Found | None:
    found = _MACRO.match(line)
    return (_text(found["name"]), SymbolKind.MACRO) if found is not None else None


def _objective(line: bytes) -> Found | None:
    if line[:1] not in b"-+":
        return _c(line)
    found = _METHOD.match(line)
    if found is None:
        return None
    name, rest = found["name"], found["rest"]
    if rest.lstrip().startswith(b":"):
        labels = _LABELS.findall(re.sub(rb"\([^()]*\)|\)", b"", rest.lstrip()[1:]))
        name += b":" + b"".join(label + b":" for label in labels)
        return name.decode(), SymbolKind.METHOD
    return name.decode(), SymbolKind.METHOD


def _java(line: bytes) -> Found | None:
    found = _by_keyword(line, Family.JAVA)
    if found is not None:
        return found
    stripped = line.strip()
    is_declared = stripped.endswith(b";")
    head = _WORD.match(line)
    has_modifier = head is not None and head[1] in MODIFIERS
    if is_declared and not has_modifier and line[:1] not in b" \t":
        return None
    found = _head(_without_modifiers(stripped), at_edge=False, is_java=True)
    if found is not None:
        return found
    if has_modifier and not is_declared and b"(" not in stripped.partition(b"{")[0].partition(b"=>")[0]:
        named = _PROPERTY.search(stripped)
        return (_text(named["name"]), SymbolKind.CONSTANT) if named is not None else None
    return None


def _without_modifiers(line: bytes) -> bytes:
    while (word := line.partition(b" "))[0] in MODIFIERS and word[2]:
        line = word[2].lstrip()
    return line


def _script(line: bytes) -> Found | None:
    test = _SCRIPT_TEST.match(line)
    if test is not None:
        return test["name"].decode("utf-8", "replace"), SymbolKind.TEST
    found = _SCRIPT_VALUE.match(line)
    if found is not None:
        value = found["value"]
        name = _text(found["name"].strip(b"\"'"))
        if value.startswith(b"{"):
            is_bound = found["sign"] == b"=" and not line[:1].isspace()
            return (name, SymbolKind.CONSTANT) if is_bound else None
        return name, SymbolKind.CLASS if value == b"class" else SymbolKind.FUNCTION
    method = _SCRIPT_METHOD.match(line)
    if method is not None and line[:1] in b" \t" and method["name"] not in NO_NAMES:
        return _text(method["name"]), SymbolKind.FUNCTION
    return None


def _pattern(pattern: re.Pattern[bytes], kind: SymbolKind) -> Callable[[bytes], Found | None]:
    def named(line: bytes) -> Found | None:
        found = pattern.match(line)
        return (_text(found["name"]), kind) if found is not None else None

    return named


def _lisp(line: bytes) -> Found | None:
    found = _LISP.match(line)
    if found is None:
        return None
    kind = found["kind"]
    is_function = kind in (
        b"defn",
        b"defn-",
        b"defun",
        b"define",
        b"cl-defun",
        b"defmethod",
        b"defgeneric",
        b"defsubst",
    )
    kinds = SymbolKind.FUNCTION if is_function else SymbolKind.MACRO if b"macro" in kind else SymbolKind.OTHER
    return found["name"].decode("utf-8", "replace"), kinds


def _styles(line: bytes) -> Found | None:
    defined = _STYLE_WORD.match(line)
    if defined is not None:
        return _text(defined["name"]), _STYLE_KINDS.get(defined["word"], SymbolKind.RULE)
    found = _SELECTOR.match(line)
    name = found["name"].strip() if found is not None else b""
    if not name or name.startswith((b"@", b"//", b"/*")):
        return None
    return " ".join(name.decode("utf-8", "replace").split())[:100], SymbolKind.RULE


def _erlang(line: bytes) -> Found | None:
    found = _CLAUSE.match(line)
    if found is None:
        return None
    kind = SymbolKind.STRUCT if line.startswith(b"-") else SymbolKind.FUNCTION
    return found["name"].decode("utf-8", "replace").strip("'"), kind


def _equation(line: bytes) -> Found | None:
    word = _EQUATION_WORD.match(line)
    if word is not None:
        return _text(word["name"]), _EQUATION_KINDS.get(word["word"], SymbolKind.TYPE)
    found = _EQUATION.match(line)
    return (found["name"].decode("utf-8", "replace"), SymbolKind.FUNCTION) if found is not None else None


def _block(line: bytes) -> Found | None:
    found = _BLOCK.match(line)
    if found is None:
        return None
    labels = [label.decode("utf-8", "replace") for label in found["labels"].split(b'"')[1::2]]
    return ".".join([found["word"].decode("utf-8", "replace"), *labels]), SymbolKind.SECTION


def _matlab(line: bytes) -> Found | None:
    found = _OUTPUTS.match(line)
    if found is None:
        return None
    kind = SymbolKind.FUNCTION if b"function" in line[: found.start("name")] else SymbolKind.CLASS
    return _text(found["name"]), kind


def _fortran(line: bytes) -> Found | None:
    found = _UNIT.match(line)
    if found is None or found["name"].lower() in (b"procedure", b"function", b"subroutine"):
        return None
    kind = _UNIT_KINDS.get(found["kind"][:1].lower(), SymbolKind.FUNCTION)
    is_type = kind is not SymbolKind.TYPE or b"(" not in line[found.end("kind") : found.end() + 1]
    return (_text(found["name"]), kind) if is_type else None


def _proof(line: bytes) -> Found | None:
    found = _PROOF.match(line)
    if found is None:
        return None
    kind = SymbolKind.MODULE if found["part"] else _PROOF_KINDS.get(found["word"], SymbolKind.FUNCTION)
    return found["name"].decode("utf-8", "replace").strip('"'), kind


def _binding(line: bytes) -> Found | None:
    """What has arguments or a body on further lines; a value on its own line counts in the first column only."""
    found = _BINDING.match(line)
    if found is None:
        return None
    before, sign, value = found["rest"].partition(b"=")
    takes = bool(before.strip().partition(b":")[0].strip())
    if line[:1] in b" \t" and not takes and value.strip() and b"member" not in line[: found.start("name")]:
        return None
    name = found["name"].decode("utf-8", "replace").strip("`() \t")
    return (name, SymbolKind.FUNCTION if takes or not sign else SymbolKind.CONSTANT) if name not in ("_", "") else None


_SPECIAL: Final[dict[int, Callable[[bytes], Found | None]]] = {
    Family.C: _c,
    Family.CPP: _c,
    Family.OBJECTIVE: _objective,
    Family.JAVA: _java,
    Family.SCRIPT: _script,
    Family.SHELL: _pattern(_SHELL, SymbolKind.FUNCTION),
    Family.LISP: _lisp,
    Family.LUA: _pattern(_LUA, SymbolKind.FUNCTION),
    Family.STYLES: _styles,
    Family.EQUATIONS: _equation,
    Family.BLOCKS: _block,
    Family.TARGETS: _pattern(_TARGET, SymbolKind.RULE),
    Family.CLAUSES: _erlang,
    Family.FORTRAN: _fortran,
    Family.OUTPUTS: _matlab,
    Family.PROOFS: _proof,
    Family.BINDINGS: _binding,
    Family.TABLES: _pattern(_TABLE_HEAD, SymbolKind.SECTION),
}
