"""Line strengths and symbol names from a syntax tree: `chunk --boundaries ast`.

The parts: `grammars` has the languages and the roles of their nodes, `depth` finds texts that no parser gets, `walk`
gives each line its cost, `definitions` and `names` say what is defined and by what name, and `sections` makes those of
Markdown.

Every refusal follows from the bytes alone, never from a clock: one text gives the same chunks on every machine.
"""

from __future__ import annotations

import contextlib
import re
from functools import cached_property
from typing import TYPE_CHECKING, Final

import numpy as np
import numpy.typing as npt

from exosuit_cli.structure.code.strength import LineStrengths
from exosuit_cli.structure.families import IS_APART, Family, family_of
from exosuit_cli.syntax.depth import is_deep
from exosuit_cli.syntax.embedded import PAGES, put_in, scripts
from exosuit_cli.syntax.fixed_form import forms
from exosuit_cli.syntax.grammars import GRAMMARS, SECTION, Grammar, Source, load_grammar
from exosuit_cli.syntax.inline import Inline
from exosuit_cli.syntax.names import names_of
from exosuit_cli.syntax.no_syntax import NoSyntax
from exosuit_cli.syntax.sections import keep_together, sections
from exosuit_cli.syntax.walk import Walk

if TYPE_CHECKING:
    from collections.abc import Callable

    from tree_sitter import Language, Node, Range, Tree

    from exosuit_cli.syntax.definitions import Definition
    from exosuit_cli.syntax.names import Named

_MOST_BYTES: Final = 4 << 20
"""Less than a segment of a longer text has, which may begin and end anywhere."""
_LEAST_CALLS, _BYTES_A_CALL = 2_000, 32
"""The parser calls back after every 100 steps: once in 140 to 270 bytes of most languages, in 70 of Markdown. Of 10,330
files none took more than once in 90 bytes beyond the first 2,000 calls, none of over 20 KB more than once in 43."""
_BLOCK, _LEAST_READS, _BYTES_A_READ = 1024, 1_000, 16
"""The parser reads the text block by block, and goes back now and then. Scanners that look far ahead at every place
take few steps, but read many blocks on and on. Only a block that goes on from the one before counts: a scanner that
asks for its column, as that of Scala does at every line, reads from the start of the line each time. Of the same files
none read more than one block in 1,000 bytes beyond the first 1,000; those of Julia, where a string or a line end is
looked for at every place, read one in 30."""
_LOOKS_LIKE_CPP: Final = re.compile(rb"^[ \t]*(?:class[ \t]+\w|namespace\b[^;=()]*\{|template[ \t]*<)", re.MULTILINE)
"""A header is C by its name, also where it holds C++."""
_MOST_UNPARSED: Final = 0.9
"""Lines in errors are cut, and named, by their looks: with less of it, what does parse is worth it."""


class SyntaxTree:
    """The syntax tree of one text."""

    def __init__(self, data: bytes, tree: Tree, grammar: Grammar, family: Family) -> None:
        self._data = data
        self._tree = tree
        self._grammar = grammar
        self._source = Source(data, grammar)
        self._family = family
        self._definitions: list[Definition] | None = None
        self._scripts: list[tuple[Node, SyntaxTree]] = []
        self.unparsed = _unparsed(tree.root_node) if tree.root_node.has_error else 0
        """The bytes in errors that are part of nothing else."""
        if grammar.name in PAGES:
            self._read_scripts()

    @classmethod
    def parse(cls, data: bytes, language: str) -> SyntaxTree:
        """Parse a text in a language, as named by `languages`.

        Errors may be anywhere: what is around them and whole within them keeps its place. A text whose errors hold more
        than nine tenths of its bytes, whole nodes in them aside, does not parse cleanly. What is C by name and looks
        like C++ is parsed as both where it has errors, and is what leaves less of it unparsed. Fortran in fixed form is
        parsed as the free form that it stands for; in which form a text is, is found out in the same way.

        Raises NoSyntax where there is no grammar; where the text exceeds 4 MiB, is not UTF-8, or does not parse cleanly
        enough; where it is nested too deep for its grammar; or where the parser takes more than 2,000 + bytes / 32
        times 100 steps, or reads on for more than 1,000 + bytes / 16 blocks of 1,024 bytes: some three and four times
        what the worst of real files take. For any text, see `process`.
        """
        if language not in GRAMMARS:
            raise NoSyntax("no grammar")
        if len(data) > _MOST_BYTES:
            raise NoSyntax("too large to parse")
        if not data.isascii():
            try:
                data.decode("utf-8")
            except UnicodeDecodeError:
                raise NoSyntax("not valid UTF-8") from None
        ways = [(language, data)]
        if language == "Fortran":
            ways = [(language, form) for form in forms(data)]
        elif language == "C" and _LOOKS_LIKE_CPP.search(data):
            ways = [("C++", data), ("C", data)]
        tree = None
        for name, text in ways:
            other = cls(data, *parse_with(text, load_grammar(GRAMMARS[name])), family_of(language))
            tree = other if tree is None or other.unparsed < tree.unparsed else tree
            if not tree.unparsed:
                break
        if tree is None or tree.unparsed > len(data) * _MOST_UNPARSED:
            raise NoSyntax("does not parse cleanly")
        return tree

    def _read_scripts(self) -> None:
        """Parse the scripts of a page; one that does not parse stays text."""
        for text, name in scripts(self.root):
            with contextlib.suppress(NoSyntax):
                parsed = parse_with(self._data, load_grammar(name), text.range)
                self._scripts.append((text, SyntaxTree(self._data, *parsed, Family.SCRIPT)))

    def strengths(
        self,
        line_starts: npt.NDArray[np.int64],
        fits: Callable[[int, int], bool],
        looks: LineStrengths | None = None,
    ) -> LineStrengths:
        """The costs of a cut before each line, and what begins there; `definitions` then has what was found.

        `line_starts` is int64[n], the byte where each line starts, the first at 0. `fits(first, stop)` says whether
        the lines from `first` up to `stop` fit the cap together; no node that fits is looked into. `looks` are the
        strengths of the same lines by `strength`: they decide within errors.

        Costs: 4 * depth + weakness, as in `strength`, or `INSIDE`. Time: a step for each child of a node that does not
        fit.
        """
        found = self._walk(Walk(line_starts, fits, self._source, looks), looks)
        for text, script in self._scripts:
            put_in(found, script.strengths(line_starts, fits, looks), self.line_starts, text)
            self._note(script.definitions())
        return found

    def _walk(self, walk: Walk, looks: LineStrengths | None = None) -> LineStrengths:
        root = self._tree.root_node
        is_markdown = self._grammar.name == "markdown"
        section = self._grammar.roles.index(SECTION) if is_markdown else 0
        walk.run(sections(root, section, self._data) if is_markdown else root)
        if is_markdown and looks is not None:
            keep_together(walk.costs, walk.kinds, looks)
        self._definitions = []
        self._note(walk.definitions)
        return LineStrengths(np.frombuffer(walk.costs, np.uint8), np.frombuffer(walk.kinds, np.uint8))

    def _note(self, definitions: list[Definition]) -> None:
        """Add definitions; what has no line of its own comes before what has the line."""
        noted = [*(self._definitions or []), *definitions]
        self._definitions = sorted(noted, key=lambda found: (found.start, found.end > found.start, -found.end))

    def definitions(self) -> list[Definition]:
        """All definitions, in the order of their lines: those that the last call of `strengths` found."""
        if self._definitions is None:
            starts = np.array(self.line_starts, np.int64)
            inline = Inline(self._source, self.line_starts, self._family)
            self._walk(Walk(starts, lambda first, stop: stop == first + 1, self._source, None, inline))
            for _, script in self._scripts:
                self._note(script.definitions())
        return self._definitions or []

    @cached_property
    def line_starts(self) -> list[int]:
        """The byte where each line of the text starts."""
        newlines = np.flatnonzero(np.frombuffer(self._data, np.uint8) == ord("\n")) + 1
        starts: list[int] = np.append(0, newlines[newlines < len(self._data)]).tolist()
        return starts

    def find_all(self) -> None:
        """Let `definitions` have those in nodes that fit, and those that share a line, as well, from now on."""
        self._definitions = None
        for _, script in self._scripts:
            script.find_all()

    def names(self, definition: Definition) -> list[Named]:
        """The names of one definition, without those around it: its own first."""
        start = definition.node.start_byte
        for text, script in self._scripts:
            if text.start_byte <= start < text.end_byte:
                return script.names(definition)
        return names_of(definition, self._source)

    def defined(self) -> list[tuple[Definition, str]]:
        """Each definition that has a name, with that name alone, in the order of the text."""
        definitions = sorted(self.definitions(), key=lambda each: each.node.start_byte)
        return [(each, name) for each in definitions if not each.is_container for name, *_ in self.names(each)[:1]]

    @property
    def separator(self) -> str:
        """What stands between the names of a path."""
        return " > " if IS_APART[self._family] and self._grammar.name != "html" else "."

    @property
    def root(self) -> Node:
        """The node of the whole text."""
        return self._tree.root_node


def parse_with(data: bytes, grammar: Grammar, part: Range | None = None) -> tuple[Tree, Grammar]:
    """The tree of a text, or of a part of it, and its grammar.

    Raises NoSyntax where it must not be parsed to the end.
    """
    if is_deep(data if part is None else data[part.start_byte : part.end_byte], grammar.name):
        raise NoSyntax("nested too deep")
    return _parse(data, grammar.language, part), grammar


def _parse(data: bytes, language: Language, part: Range | None) -> Tree:
    """Parse under the bounds on steps and reads."""
    from tree_sitter import Parser

    calls = reads = expected = 0
    most_calls = _LEAST_CALLS + len(data) // _BYTES_A_CALL
    most_reads = _LEAST_READS + len(data) // _BYTES_A_READ

    def read(offset: int, _point: object) -> bytes:
        nonlocal reads, expected
        reads += offset == expected
        expected = offset + _BLOCK
        # To end the text ends a scanner's step as well.
        if reads > most_reads:
            return b""
        # No block ends within a character: the parser would read on there, and takes no empty answer then.
        while expected < len(data) and data[expected] & 0xC0 == 0x80:
            expected -= 1
        return data[offset:expected]

    def must_stop(_offset: int, _has_error: bool) -> bool:
        nonlocal calls
        calls += 1
        return calls > most_calls or reads > most_reads

    try:
        parser = Parser(language) if part is None else Parser(language, included_ranges=[part])
        tree = parser.parse(read, progress_callback=must_stop)
    except ValueError:
        raise NoSyntax("takes too long to parse") from None
    if reads > most_reads:
        raise NoSyntax("takes too long to parse")
    return tree


def _unparsed(root: Node) -> int:
    """The bytes in errors that no node of more than a token holds. Looks into nodes with an error only."""
    unparsed = 0
    nodes = [root]
    while nodes:
        node = nodes.pop()
        children = node.children if node.has_error else []
        if node.is_error:
            unparsed += node.end_byte - node.start_byte
            unparsed -= sum(child.end_byte - child.start_byte for child in children if child.child_count)
        nodes += [child for child in children if child.has_error]
    return unparsed
