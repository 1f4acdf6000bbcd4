"""The name that a line defines, by how the line looks: no parser, a few words and brackets.

The lines come from a scan of columns (`exosuit_cli.structure.code.candidate_lines`), which finds those that may define
something. `exosuit_cli.structure.names.line_by_line` reads one here where no array operation could tell.
All patterns look at `LONGEST` bytes of a line at most, and none goes back over what it has read more than once. Those
of a family are compiled when the first line of one of its languages is met.
"""

from __future__ import annotations

from functools import cache, partial
from typing import TYPE_CHECKING

from exosuit_cli.structure.families import HAS_KEYWORDS, IS_C_LIKE, Family
from exosuit_cli.structure.names.words import LONGEST

if TYPE_CHECKING:
    from collections.abc import Callable

    from exosuit_cli.structure.names.words import Found

    Rule = Callable[[bytes], Found | None]
    """What a line defines; it ends after `LONGEST` bytes at most."""


def named_by(family: int, data: memoryview, start: int, end: int) -> Found | None:
    """What the line of these bytes defines in a language of this family; None where it defines nothing."""
    return rule_of(family)(bytes(data[start : min(end, start + LONGEST)]))


@cache
def rule_of(family: int) -> Rule:
    """How to read the lines of the languages of a family."""
    from exosuit_cli.structure.names.by_keyword import name_by_keyword

    special = _special(family) or _nothing
    if IS_C_LIKE[family] or (not HAS_KEYWORDS[family] and family != Family.BINDINGS):
        return special  # that of C has looked for keywords
    if family == Family.KEYWORD:
        return partial(name_by_keyword, family=family)
    return lambda line: special(line) or name_by_keyword(line, family)


def _nothing(line: bytes) -> None:
    """The rule of a family whose lines define nothing."""


def _special(family: int) -> Rule | None:
    """The rule of a family alone, which comes before that of keywords."""
    if family in (Family.C, Family.CPP, Family.OBJECTIVE):
        from exosuit_cli.structure.names import in_c as c

        return c.name_in_objective if family == Family.OBJECTIVE else c.name_in_c
    if family == Family.JAVA:
        from exosuit_cli.structure.names.in_java import name_in_java

        return name_in_java
    if family == Family.SCRIPT:
        from exosuit_cli.structure.names.in_scripts import name_in_script

        return name_in_script
    if family in (Family.FORTRAN, Family.OUTPUTS):
        from exosuit_cli.structure.names import of_units as units

        return units.name_in_fortran if family == Family.FORTRAN else units.name_with_outputs
    if family in (Family.LISP, Family.EQUATIONS, Family.CLAUSES, Family.PROOFS, Family.BINDINGS):
        from exosuit_cli.structure.names import in_functional as functional

        return {
            Family.LISP: functional.name_in_lisp,
            Family.EQUATIONS: functional.name_of_equation,
            Family.CLAUSES: functional.name_of_clause,
            Family.PROOFS: functional.name_of_proof,
            Family.BINDINGS: functional.name_of_binding,
        }[Family(family)]
    if family in (Family.SHELL, Family.LUA, Family.STYLES, Family.BLOCKS, Family.TARGETS, Family.TABLES):
        from exosuit_cli.structure.names import of_blocks as blocks

        return {
            Family.SHELL: blocks.name_in_shell,
            Family.LUA: blocks.name_in_lua,
            Family.STYLES: blocks.name_of_style,
            Family.BLOCKS: blocks.name_of_block,
            Family.TARGETS: blocks.name_of_target,
            Family.TABLES: blocks.name_of_table,
        }[Family(family)]
    return None
