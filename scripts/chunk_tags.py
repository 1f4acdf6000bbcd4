"""What is defined, quoted and commented in a text whose language has no sound grammar: by ctags and Pygments.

Universal Ctags names definitions and where they begin; each ends where the next one, with its comments, begins.
Pygments finds comments and strings.
"""

from __future__ import annotations

import json
import subprocess
import tempfile
from functools import cache
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING

from chunk_trees import Definition, Facts, ink, last_part, line_starts

if TYPE_CHECKING:
    from pygments.lexer import Lexer

TAGGED = {
    "Assembly": ("nasm", "", ""),
    "COBOL": ("cobol", "Cobol", "program section paragraph"),
    "Fortran": ("fortranfixed", "Fortran", "subroutine function program blockData module"),
    "Groovy": ("groovy", "", ""),
    "MATLAB": ("octave", "MatLab", "function class"),
    "PLSQL": ("plpgsql", "SQL", "function procedure package table view trigger"),
    "Prolog": ("prolog", "", ""),
    "Standard ML": ("sml", "SML", "functor structure signature function"),
    "TSQL": ("tsql", "SQL", "function procedure table view trigger"),
    "Visual Basic .NET": ("vb.net", "", ""),
}
"""By display name: the lexer, the parser of ctags and its kinds of definitions."""
UNSOUND = {"Fortran", "PLSQL", "Prolog"}
"""The lexer takes code for comments, does not know `q'[ ]'`, or takes `0'c` for a string: these are left out."""


SEQUENT = {"COBOL", "Fortran"}
"""Definitions follow one another there, so each ends where the next one begins; elsewhere it ends there or before."""


def tag_facts(language: str, data: bytes) -> Facts:
    """The facts of a text in a language of `TAGGED`."""
    lexer, parser, _ = TAGGED[language]
    facts = Facts()
    _tokens(lexer, data, facts)
    if language in UNSOUND:
        facts.strings.clear()
        facts.comments.clear()
    if parser:
        facts.definitions = _definitions(language, data, facts.leads)
    return facts


@cache
def _lexer(name: str) -> Lexer:
    from pygments.lexers import get_lexer_by_name

    found: Lexer = get_lexer_by_name(name, stripnl=False, ensurenl=False)
    return found


def _tokens(lexer: str, data: bytes, facts: Facts) -> None:
    """Add the strings and comments over several lines, and the lines of comments alone."""
    from pygments.token import Comment, String

    text = data.decode().replace("\r", " ")
    at = position = 0
    spans: list[tuple[int, int, bool]] = []
    for start, kind, value in _lexer(lexer).get_tokens_unprocessed(text):  # type: ignore[no-untyped-call]
        at, position = at + len(text[position:start].encode()), start
        is_comment = kind in Comment and kind not in Comment.Preproc
        if not is_comment and kind not in String:
            continue
        end = at + len(value.rstrip("\n").encode())
        if is_comment:
            first = data.rfind(b"\n", 0, at) + 1
            last = data.find(b"\n", end)
            if not data[first:at].strip() and not data[end : last if last >= 0 else len(data)].strip():
                line = data.count(b"\n", 0, at)
                facts.leads |= set(range(line, line + data.count(b"\n", at, end) + 1))
        if spans and spans[-1][1] == at and spans[-1][2] == is_comment:
            spans[-1] = (spans[-1][0], end, is_comment)
        else:
            spans.append((at, end, is_comment))
    for begin, end, is_comment in spans:
        if b"\n" in data[begin:end].strip():
            (facts.comments if is_comment else facts.strings).append((ink(data, begin), end))


def _definitions(language: str, data: bytes, leads: set[int]) -> list[Definition]:
    _, parser, kinds = TAGGED[language]
    with tempfile.NamedTemporaryFile() as file:
        Path(file.name).write_bytes(data)
        command = ["ctags", f"--language-force={parser}", "--fields=NnK", "--output-format=json", "-f", "-", file.name]
        found = subprocess.run(command, capture_output=True, check=True).stdout
    entries = [entry for entry in map(json.loads, found.splitlines()) if entry["_type"] == "tag"]
    tags = sorted({(entry["line"] - 1, entry["name"]) for entry in entries if entry["kind"] in kinds.split()})
    starts = line_starts(data)
    definitions = []
    for (line, name), (following, _) in pairwise([*tags, (len(starts) - 1, "")]):
        while following > line + 1 and (
            following - 1 in leads or not data[starts[following - 1] : starts[following]].strip()
        ):
            following -= 1
        end = starts[line] + len(data[starts[line] : starts[following]].rstrip())
        if following > line + 1:
            start = ink(data, starts[line])
            definitions.append(Definition(start, start, end, last_part(name), language in SEQUENT))
    return definitions
