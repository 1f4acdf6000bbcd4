"""The words that stand before names: keywords, what may be before these, and what is no name."""

from __future__ import annotations

from typing import Final

from exosuit_cli.structure.symbols import SymbolKind

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
    b"try finally super this self synchronized function __attribute__ __declspec match loop".split()
)
TYPES: Final = frozenset(b"void int char long short unsigned signed float double bool auto const".split())
"""What a name never is, as in `int (*pointer)(void)`."""
FIRST_WORDS: Final = frozenset(MODIFIERS | KEYWORDS.keys() | {b"exports", b"module", b"template"})
"""What a line begins with that may define something in most languages."""
BINDING_WORDS: Final = frozenset(b"let and member override default abstract static val fun exception".split())
"""What a line begins with that binds a name in F#, OCaml or Standard ML."""
UNIT_WORDS: Final = frozenset(
    b"pure elemental impure recursive module integer real logical complex character double type class subroutine "
    b"function submodule program interface block".split()
)
"""What a line of Fortran begins with that names a unit of a program, in small letters."""
TEST_CALLS: Final = frozenset(b"describe it test context suite specify testset".split())
"""What is called with the name of a test case."""
TEST_WORDS: Final = frozenset(b"describe it test context specify Describe It Context".split())
"""What is before the name of a test case, a text, and `do` or a brace."""
TEST_BEGINNINGS: Final = TEST_WORDS | {b"RSpec", b"@testset"}
"""What lines begin with that may define a test case."""


def name_text(name: bytes) -> str:
    """A name as it is shown, in which dots are between the parts."""
    return name.decode("utf-8", "replace").rstrip(":.,'-").replace("::", ".").replace(":", ".")
