"""What words mean at the beginning of a line: those that define a name, and those that may stand before them."""

from __future__ import annotations

from typing import Final

PLAIN, MODIFIER, DEFINES, DEFINES_TYPE, BINDS, CONTINUES, NO_NAME = range(7)
"""Kinds of words.

PLAIN: nothing special. MODIFIER: may stand before a definition. DEFINES: the next word is a name defined here.
DEFINES_TYPE: the same where a body follows, since `struct name *pointer` only uses a name. BINDS: the same in the first
column or after a modifier. CONTINUES: goes on a type's head after its name. NO_NAME: a statement, never a name.
"""

_WORDS: Final = {
    MODIFIER: (
        "export default public private protected internal static abstract final sealed async pub crate unsafe extern "
        "inline virtual override open data case partial readonly declare local global explicit constexpr typedef "
        "mutating fileprivate lazy implicit native synchronized noinline __always_inline suspend tailrec operator "
        "infix inner companion required convenience indirect foreign given opaque"
    ),
    DEFINES: (
        "def fn func function fun sub proc defun defmacro defn defp defmodule defprotocol defimpl define macro "
        "macro_rules method module namespace mod type newtype typealias protocol extension object record instance "
        "actor message service rpc theorem lemma"
    ),
    DEFINES_TYPE: "class struct enum union interface trait impl concept",
    BINDS: "const let var val",
    CONTINUES: "extends implements with where final for permits is do begin with deriving",
    NO_NAME: (
        "if else elif elsif for foreach while switch case return sizeof catch try except with until unless when match "
        "assert throw yield await new delete goto typeof and or not in "
        "__attribute__ __declspec"
    ),
}
KINDS: Final = {word.encode(): kind for kind, words in sorted(_WORDS.items(), reverse=True) for word in words.split()}
"""The kinds of words that are not plain; of one that has several, the first in the order above."""
