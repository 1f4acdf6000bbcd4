"""Lines that define something, in any language, by their first words; what encloses a line, by indentation.

No parser is needed: this looks at the few texts that an answer shows, where a reader sees what the lines look like.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final, NamedTuple

from exosuit_cli.model.lazy import lazy_pattern
from exosuit_cli.structure.names.proof_heads import PROOF_HEAD

if TYPE_CHECKING:
    from collections.abc import Sequence

TAB_WIDTH: Final = 4
_MOST_LINES: Final = 8
"""Lines that a head may have."""
_LONGEST_SIGNATURE: Final = 160
_LONGEST: Final = 400
"""Characters of a line that are looked at: what defines something says so at its beginning."""

_MODIFIERS: Final = frozenset({
    "export", "default", "declare", "pub", "public", "private", "protected", "internal", "static", "final", "abstract",
    "sealed", "partial", "open", "override", "virtual", "async", "unsafe", "const", "constexpr", "extern", "inline",
    "data", "case", "local", "global", "readonly", "synchronized", "native", '"C"', "typedef",
})  # fmt: skip
_KEYWORDS: Final = frozenset({
    "def", "defp", "defmodule", "defmacro", "class", "func", "fn", "fun", "function", "function*", "sub", "struct",
    "enum", "trait", "union", "interface", "namespace", "module", "mod", "package", "object", "protocol", "record",
    "type", "message", "service", "rpc", "macro_rules!", "subroutine", "procedure", "program", "contract", "theorem",
    "lemma", "extension", "actor", "newtype", "annotation", "@interface", "mixin",
})  # fmt: skip
_FIRST_WORD: Final = lazy_pattern(r"\s*(?:template\s*<[^>]*>\s*)?(\"C\"|[@\w]+[!*]?)(?:\([^)]*\)(?=\s+\w))?")
_NAME: Final = r"[\w$][\w$.:'!?-]*"
_AFTER_KEYWORD: Final = lazy_pattern(
    rf"\s+(?:(?:class|struct)\s+)?(?:\([^()]*\)\s*)?(?:self\.)?(?P<name>{_NAME})"
    r"(?=\s*(?:$|[({<=;,\[|@]|->|(?:extends|implements|with|where|struct|interface|func|map|chan|do|returns?|permits|"
    r"inherits|begin)\b)|:(?!\w)|\s+:)"
)
"""What follows the name tells a definition from a sentence that begins with such a word."""
_TYPED: Final = lazy_pattern(
    r"(?:(?:static|extern|const|volatile|inline|__\w+)\s+)*(?:struct|union|enum)\s+\w+[\s*&]+(?P<name>\w+)\s*"
    r"(?:\(|(?:\[[^\]]*\]\s*)?=)"
)
"""What has the type of a structure, as in C: `struct sock *sk_alloc(`, `struct file_operations ops =`."""
_IMPL: Final = lazy_pattern(r"\s*(?:unsafe\s+)?impl\b\s*(?:<[^{]*?>\s*)?(?:[\w:<>, ']+\s+for\s+)?(?P<name>[\w:]+)")
_ASSIGNED: Final = lazy_pattern(
    rf"\s*(?:export\s+)?(?:const|let|var)\s+(?P<name>{_NAME})\s*(?::[^=]+)?=\s*(?:async\s*)?(?:function\b|\(|\w+\s*=>)"
)
_MEMBER: Final = lazy_pattern(
    r"\s*(?P<name>(?:[\w$]+\.)+[\w$]+)\s*=\s*(?:[\w$.]+\s*=\s*)*(?:async\s*)?"
    r"(?:function\b|class\b|\([^()]*\)\s*=>|\w+\s*=>)"
)
"""As in a module of CommonJS: `app.use = function use(fn) {`, `exports.json = () => {`."""
_MACRO: Final = lazy_pattern(r"\s*#\s*define\s+(?P<name>\w+)")
_LISP: Final = lazy_pattern(r"\s*\((?:def\w*|define[\w-]*)\s+\(?(?P<name>[^\s()]+)")
_SQL: Final = lazy_pattern(
    r"\s*create\s+(?:or\s+replace\s+)?(?:temp\w*\s+)?(?:table|view|function|procedure|index|trigger|type)\s+"
    r"(?:if\s+not\s+exists\s+)?(?P<name>[\w.\"`]+)",
    re.IGNORECASE,
)
_SHELL: Final = lazy_pattern(r"\s*(?P<name>[\w.:-]+)\s*\(\)\s*\{\s*$")
_OTHERS: Final = (
    ("impl", _IMPL), ("=", _ASSIGNED), ("define", _MACRO), ("(def", _LISP), ("", _SQL), ("()", _SHELL),
)  # fmt: skip
"""What else a line is that defines a name, with a text that stands in each of them."""
_GAPS: Final = lazy_pattern(r"[\s*&]+")
_TYPE_CHARACTERS: Final = frozenset("$:<>,.[]*&?~@")
"""What may stand before the name of a function besides words: types as in C, Java or C++."""
_LAST_WORD: Final = lazy_pattern(r"~?[A-Za-z_$][\w$:~]*")
_NO_NAMES: Final = frozenset({
    "if", "for", "while", "switch", "return", "else", "do", "catch", "sizeof", "defined", "elif", "foreach", "with",
    "except", "assert", "await", "yield", "not", "and", "or", "in", "is", "new", "delete", "throw", "throws",
    "case", "when", "unless", "until", "print", "echo", "using", "lock", "typeof", "typeid", "alignof", "decltype",
})  # fmt: skip
_KEY: Final = lazy_pattern(r"\s*(?:-\s+)?[\"']?(?P<name>[\w.$/@-]+)[\"']?\s*:(?:\s|$)")
_TABLE: Final = lazy_pattern(r"\s*\[{1,2}(?P<name>[^\[\]]+)\]{1,2}\s*$")
_HEADING: Final = lazy_pattern(r"(?P<marks>#{1,6})\s+(?P<name>\S.*)")
_KEYED: Final = frozenset({"YAML", "JSON", "JSON with Comments", "JSON5"})
_TABLED: Final = frozenset({"TOML", "INI", "EditorConfig", "Git Config", "Unit", "systemd"})
_HEADED: Final = frozenset({"Markdown", "MDX", "RMarkdown"})
_PROSE: Final = frozenset({"reStructuredText", "Text", "AsciiDoc", "Org", "TeX", "HTML", "CSV", None})

_BY_KEYWORD: Final = frozenset({
    "Python", "Rust", "Go", "Kotlin", "Swift", "Scala", "Ruby", "Elixir", "Lua", "Luau", "Julia", "Zig", "Nim",
    "Crystal", "Cython", "Starlark", "GDScript", "Gleam", "Odin", "Haskell", "Elm", "OCaml", "F#",
})  # fmt: skip
"""Languages in which nothing is defined without a keyword: `Some(x) => {` is no function."""
_PROOFS: Final = "Rocq Prover"
_PROOF: Final = lazy_pattern(PROOF_HEAD)
_DECLARED: Final = lazy_pattern(r"\s*(?:pub\s*(?:\([^)]*\)\s*)?)?(?:mod|package|namespace|module)\s+[\w.:\\]+\s*;?\s*$")
_FORWARD: Final = lazy_pattern(r"[^={(]*;\s*(?://.*|/\*.*)?$")
_RETURNS: Final = lazy_pattern(r"\s*(?:(?:static|extern|inline|__\w+)\s+)+(?:struct|union|enum)\s+\w+\s*$")
"""The type that a function gives, on a line of its own, as in C."""
_SCRIPTS: Final = frozenset({"JavaScript", "TypeScript", "JSX", "TSX", "Vue", "Svelte"})
_IS_C: Final = frozenset({"C", "C++", "Objective-C", "Objective-C++", "Cuda"})

_COMMENT: Final = lazy_pattern(r"\s*(?://|/\*|\*[\s/]|\*$|--\s|;;|%|#(?!\s*define\b)|<!--|\"\"\"|''')")
_CLOSER: Final = lazy_pattern(r"\s*[)\]}]|\s*(?:end|fi|done|esac)\b")
_LABEL: Final = lazy_pattern(r"\w+\s*:\s*$")
_TRAILING: Final = lazy_pattern(r"\s*//.*$")
_FENCE: Final = lazy_pattern(r"^\s*(?:```|~~~)")
_DOCSTRING: Final = lazy_pattern(r"\"\"\"|'''")


class Definition(NamedTuple):
    """A line that defines `name`; `line` counts from 1 in its file, `text` is the line without its end."""

    name: str
    line: int
    text: str
    level: int
    """Columns of indentation, or the level of a heading."""


def definition_at(text: str, line: int, language: str | None) -> Definition | None:
    """What the line defines by itself; None where it defines nothing, or where a comment says so."""
    head = text[:_LONGEST]
    if language in _HEADED:
        found = _HEADING.match(head)
        return Definition(found["name"].rstrip("# "), line, text, len(found["marks"])) if found is not None else None
    if language in _TABLED or language in _KEYED:
        found = (_TABLE if language in _TABLED else _KEY).match(head)
        return Definition(found["name"], line, text, indentation(head)) if found is not None else None
    if language == _PROOFS:
        found = _PROOF.match(head)
        return Definition(found["name"].strip('"'), line, text, indentation(head)) if found is not None else None
    if language in _PROSE or not head.strip() or _COMMENT.match(head):
        return None
    name = _name_of(head, language)
    return Definition(name, line, text, indentation(head)) if name is not None else None


def definitions_in(lines: Sequence[str], first_line: int, language: str | None) -> list[Definition]:
    """Every definition among lines, the first of which is `first_line` of its file.

    What lies within fences of Markdown, a documentation text of Python or a comment of Rocq is passed over, where it
    begins in the lines.
    """
    found = []
    depth = 0
    mark = _FENCE if language in _HEADED else _DOCSTRING if language == "Python" else None
    is_inside = False
    for place, text in enumerate(lines):
        if language == _PROOFS:
            is_inside = depth > 0
            depth = max(depth + text.count("(*") - text.count("*)"), 0)
        if mark is not None and len(mark.findall(text)) % 2:
            is_inside = not is_inside
        elif not is_inside:
            each = definition_at(text, first_line + place, language)
            if each is not None:
                found.append(each)
    return found


def signature_at(lines: Sequence[str], place: int) -> str:
    """The line at `place`, with the lines that go on with its brackets, as one line that is not too long."""
    text = lines[place].rstrip().removesuffix("\\").rstrip()
    is_generic = text.endswith("<")
    for line in lines[place + 1 : place + _MOST_LINES]:
        is_open = text.count("(") > text.count(")") or (is_generic and _is_open(text))
        if not is_open or len(text) > _LONGEST_SIGNATURE:
            break
        gap = "" if text.endswith(("(", "[", "<")) or line.strip().startswith((")", "]", ">")) else " "
        text += gap + (_TRAILING.sub("", line.strip()) if is_generic else line.strip())
    text = re.sub(r",\s*([)>])", r"\1", text)
    return text if len(text) <= _LONGEST_SIGNATURE else text[:_LONGEST_SIGNATURE] + "..."


def _is_open(text: str) -> bool:
    """Whether parameters of a type go on after the text; an arrow closes none."""
    return text.count("<") > text.count(">") - text.count("=>") - text.count("->")


class Enclosing:
    """Collects what encloses a line, from the lines before it, taken backwards, until `is_done`.

    The lines after the first of the text are looked at, too, where those before them are blank, comments or closing.
    """

    def __init__(self, lines: Sequence[str], language: str | None) -> None:
        self._language = language
        self._found: list[Definition] = []
        self._brace_at: int | None = None
        """The indentation of a brace on a line of its own, whose head comes before it."""
        self._level = self._level_of(lines)

    @property
    def is_done(self) -> bool:
        """Whether no line before can enclose the first one."""
        return self._level <= 0 and self._brace_at is None

    @property
    def found(self) -> tuple[Definition, ...]:
        """What encloses the line, the outermost first."""
        return tuple(reversed(self._found))

    def take(self, text: str, line: int) -> None:
        """Look at the line before the last one that was taken."""
        if self.is_done or not text.strip():
            return
        if self._language in _HEADED or self._language in _TABLED:
            self._take_heading(text, line)
            return
        if _COMMENT.match(text) and self._language not in _KEYED:
            return
        if self._language in _KEYED and text.lstrip().startswith("- "):
            text = text.replace("- ", "  ", 1)  # an item's first key is beside its others
        level = indentation(text)
        if self._brace_at is not None and level == self._brace_at:
            self._brace_at = None
            self._add(text, line)
            return
        if level >= self._level or _CLOSER.match(text):
            return
        if self._is_label(text):
            return
        self._level = level
        if text.strip() == "{":
            self._brace_at = level
            return
        self._brace_at = None
        self._add(text, line)

    def _is_label(self, text: str) -> bool:
        """Whether the line is at the left edge and yet no outer construct: `out:` in C, `else:` in Python."""
        return self._language not in _KEYED and _LABEL.match(text) is not None

    def _add(self, text: str, line: int) -> None:
        found = definition_at(text, line, self._language)
        if found is not None:
            self._found.append(found)

    def _take_heading(self, text: str, line: int) -> None:
        found = definition_at(text, line, self._language)
        if found is None:
            return
        if self._language in _TABLED:
            self._level = 0
            self._found.append(found)
        elif found.level < self._level:
            self._level = found.level if found.level > 1 else 0
            self._found.append(found)

    def _level_of(self, lines: Sequence[str]) -> int:
        """The level of the first line that says something."""
        if self._language in _HEADED or self._language in _TABLED:
            first = next((text for text in lines if text.strip()), "")
            heading = definition_at(first, 0, self._language)
            if self._language in _TABLED:
                return 0 if heading is not None else 1
            return heading.level if heading is not None else 7
        for text in lines:
            if text.strip() and not (_COMMENT.match(text) or _CLOSER.match(text) or self._is_label(text)):
                return indentation(text)
        return min((indentation(text) for text in lines if text.strip()), default=0)


def is_comment(text: str) -> bool:
    """Whether a line is a comment, or within one, by how it begins."""
    return _COMMENT.match(text) is not None


def is_declaration(definition: Definition, language: str | None) -> bool:
    """Whether a line only names what is defined elsewhere: a module in another file, an `impl`, a head in C."""
    text = definition.text
    if language == "Rust" and _IMPL.match(text):
        return True
    if _DECLARED.match(text):
        return language not in ("Perl", "Ruby", "Elixir", "Haskell")
    return language in _IS_C and not text.lstrip().startswith("#") and _FORWARD.match(text) is not None


def is_sectioned(language: str | None) -> bool:
    """Whether a definition of the language is a heading, which holds all up to the next one."""
    return language in _HEADED or language in _TABLED


def indentation(text: str) -> int:
    """Columns before the first character that shows."""
    blank = text[: len(text) - len(text.lstrip())]
    return len(blank.expandtabs(TAB_WIDTH)) if "\t" in blank else len(blank)


def _name_of(head: str, language: str | None) -> str | None:
    is_typed = "struct" in head or "union" in head or "enum" in head
    found = (_TYPED.match(head) if is_typed else None) or _by_keyword(head)
    if found is not None:
        return None if language in _IS_C and _RETURNS.match(head) else _whole(found["name"])
    if language in _SCRIPTS and (found := _MEMBER.match(head)) is not None:
        return _whole(found["name"])
    for sign, pattern in _OTHERS:  # most lines have none of the signs, and to look for one takes a tenth of the time
        if sign in head:
            found = pattern.match(head)
            if found is not None:
                return _whole(found["name"])
    return _callable_of(head) if language not in _BY_KEYWORD else None


def _by_keyword(head: str) -> re.Match[str] | None:
    """The name after a keyword of a definition, which only modifiers stand before."""
    word = _FIRST_WORD.match(head)
    while word is not None and word[1] in _MODIFIERS:
        word = _FIRST_WORD.match(head, word.end())
    return _AFTER_KEYWORD.match(head, word.end(1)) if word is not None and word[1] in _KEYWORDS else None


def _callable_of(head: str) -> str | None:
    """The name in a head as in C, Java or C++: types, a name, an opening bracket."""
    before, bracket, inside = head.partition("(")
    if not bracket:
        return None
    words = _GAPS.split(before.rstrip())
    name = words.pop()
    if not _LAST_WORD.fullmatch(name) or head.rstrip().endswith((";", "\\")) or inside.startswith("*"):
        return None
    if name in _NO_NAMES or "typedef" in words or not _NO_NAMES.isdisjoint(words):
        return None
    if not all(character.isalnum() or character in _TYPE_CHARACTERS for character in "".join(words).replace("_", "")):
        return None
    at_edge = not head[:1].isspace()
    if at_edge and any(words):
        return _whole(name)  # `static int f(`
    is_whole = head.rstrip().endswith("{") and head.count("(") == head.count(")")
    return _whole(name) if is_whole and not head.lstrip().startswith("}") else None


def _whole(name: str) -> str | None:
    name = name.rstrip(":.,'-")
    return name or None
