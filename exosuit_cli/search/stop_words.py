"""English words that say nothing about what is looked for."""

from __future__ import annotations

from typing import Final

_EMPTY: Final = """
    a an the of and or to in on for with by from as at is are was were be been being it its this that these those how
    what where which who whom whose why when does do did done doing can could should would will shall may might must
    into onto via per vs between within without through during before after about over under than then so if else not
    no any all each every both such there here their they them he she we you your our my me i im ive t s don doesn
    but also just only very too more most some please
"""
_VAGUE: Final = """
    get gets using use used uses work works working worked implementation implement implemented implements logic code
    function functions class classes method methods handle handled handles different based various etc find show
    explain like need want way make makes made
"""
_NAMES: Final = """
    all any each every both then with without not between before after within over under some only most where when which
    this that is at by from to into do done can if else per via i s t me
"""
EMPTY_WORDS: Final = frozenset(_EMPTY.split())
"""Words of grammar: never looked for, unless they are written as a name."""

LONE_NAMES: Final = frozenset(_NAMES.split())
"""Words of grammar that code is often named by: a query of one of them alone looks for the name."""

VAGUE_WORDS: Final = frozenset(_VAGUE.split())
"""Words that questions about code are full of: looked for only where there is nothing else."""
