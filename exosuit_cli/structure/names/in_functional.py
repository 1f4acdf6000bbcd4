"""What a line defines in functional languages: equations, bindings, clauses, forms of Lisp, proofs."""

from __future__ import annotations

import re
from typing import Final

from exosuit_cli.structure.names.proof_heads import PROOF_HEAD
from exosuit_cli.structure.names.words import Found, name_text
from exosuit_cli.structure.symbols import SymbolKind

_LISP: Final = re.compile(
    rb"[ \t]*\((?P<kind>def[\w*+-]*|cl-def\w+|define[\w*/-]*)[ \t]+(?:\^\S+[ \t]+)*\(?(?P<name>[^\s()\[\]\"]+)"
)
_CLAUSE: Final = re.compile(rb"(?:-record\()?(?P<name>[a-z]\w*|'[^'\r\n]*')(?=[ \t]*[(,])")
_BINDING: Final = re.compile(
    rb"[ \t]*(?:let|and|member|override|default|abstract|static|val|fun|exception)\b[ \t]*"
    rb"(?:(?:rec|inline|private|internal|public|mutable|member|override|val|type|virtual|method|nonrec|%\w+)\b"
    rb"[ \t]*){0,4}"
    rb"(?:'\w+[ \t]+)?(?:\w+\.)?(?P<name>[A-Za-z_][\w']*|``[^`\r\n]+``|\([ \t]*[^\s()\w]+[ \t]*\))(?P<rest>[^\r\n]*)"
)
_PROOF: Final = re.compile(PROOF_HEAD.encode("latin-1"))
_PROOF_KINDS: Final = {
    b"Inductive": SymbolKind.TYPE, b"CoInductive": SymbolKind.TYPE, b"Record": SymbolKind.STRUCT,
    b"Class": SymbolKind.INTERFACE, b"Instance": SymbolKind.IMPLEMENTATION, b"Notation": SymbolKind.MACRO,
}  # fmt: skip
_EQUATION: Final = re.compile(
    rb"(?P<name>[a-z_][\w']*|\([^()\w\s]+\))(?:(?:[ \t]*,[^:=]*)?[ \t]*::?(?![^ \t\r\n])|[ \t][^=|\r\n]*=(?![=<>]))"
)
_TYPED: Final = re.compile(rb"(?:[a-z_][\w']*|\([^()\w\s]+\))[ \t]*::?(?![^ \t\r\n])")
_EQUATION_KINDS: Final = {b"class": SymbolKind.INTERFACE}
_TYPE_WORDS: Final = (b"data", b"newtype", b"type", b"class")
_EQUATION_WORD: Final = re.compile(
    rb"(?P<word>data|newtype|type|class)[ \t]+(?:(?:family|instance|alias)[ \t]+)?(?:[^=\r\n]*=>[ \t]*)?"
    rb"(?P<name>[A-Z]\w*)"
)
_INSTANCE: Final = re.compile(
    rb"instance[ \t]+(?:\{-#[^#\r\n]*#-\}[ \t]*)?(?:forall[ \t][^.\r\n]*\.[ \t]*)?(?:[^=\r\n]*=>[ \t]*)?"
    rb"(?P<name>[A-Z][\w.']*(?:(?![ \t]+where\b|[ \t]*--|[ \t]*\{)[^\r\n])*)"
)
"""An instance is named by its class and the types that it is of."""


def name_in_lisp(line: bytes) -> Found | None:
    """What a form that begins with `(def` defines."""
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


def name_of_clause(line: bytes) -> Found | None:
    """The function of a clause of Erlang, or the record that a line defines."""
    found = _CLAUSE.match(line)
    if found is None:
        return None
    kind = SymbolKind.STRUCT if line.startswith(b"-") else SymbolKind.FUNCTION
    return found["name"].decode("utf-8", "replace").strip("'"), kind


def name_of_equation(line: bytes) -> Found | None:
    """What a line of Haskell or a similar language defines: a type, or a name by its type or an equation."""
    instance = _INSTANCE.match(line) if line.startswith(b"instance") else None
    if instance is not None:
        return " ".join(name_text(instance["name"]).split()), SymbolKind.IMPLEMENTATION
    word = _EQUATION_WORD.match(line) if line.startswith(_TYPE_WORDS) else None
    if word is not None:
        return name_text(word["name"]), _EQUATION_KINDS.get(word["word"], SymbolKind.TYPE)
    found = _EQUATION.match(line)
    return (found["name"].decode("utf-8", "replace"), SymbolKind.FUNCTION) if found is not None else None


def name_of_proof(line: bytes) -> Found | None:
    """What a sentence of Rocq defines."""
    found = _PROOF.match(line)
    if found is None:
        return None
    kind = SymbolKind.MODULE if found["part"] else _PROOF_KINDS.get(found["word"], SymbolKind.FUNCTION)
    return found["name"].decode("utf-8", "replace").strip('"'), kind


def name_of_binding(line: bytes) -> Found | None:
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


def is_annotation(line: bytes) -> bool:
    """Whether a line says the type of a name, as `name : Type` and `name :: Type` do in languages with equations."""
    return _TYPED.match(line) is not None
