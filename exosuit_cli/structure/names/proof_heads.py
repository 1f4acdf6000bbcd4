"""How a sentence of Rocq begins that defines a name."""

from __future__ import annotations

from typing import Final

PROOF_HEAD: Final = (
    r"[ \t]*(?:#\[[^\]]*\][ \t]*)?(?:(?:Local|Global|Polymorphic|Monomorphic|Cumulative|Program|Private|Reserved)"
    r"[ \t]+){0,3}(?:(?P<part>Module(?:[ \t]+Type)?|Section)|(?P<word>Definition|Fixpoint|CoFixpoint|Lemma|Theorem|"
    r"Corollary|Inductive|CoInductive|Record|Class|Instance|Notation))[ \t]+"
    r"(?P<name>[A-Za-z_\x80-\xff][\w'\x80-\xff]*|\"[^\"\r\n]+\")"
    r"(?=[ \t]*(?:$|[\r\n(<:]|\.[ \t]*(?:$|[\r\n]))|[ \t](?(part)[ \t]*\w+[ \t]*:|[^.\r\n]*[:({\[]))"
)
"""A pattern for texts and for bytes: `part` is a word of a module or section, `word` another, `name` the name.

What follows the name tells a head from a sentence of a comment.
"""
