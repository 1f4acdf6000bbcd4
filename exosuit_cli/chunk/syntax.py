"""Line strengths and symbol names from a syntax tree: the method of cAST (arXiv:2506.15655) for a planner of lines.

cAST splits a node that exceeds the cap into its children, and merges neighbouring children up to the cap. The planner
takes, among the lines that the cap reaches, the one of least cost, the last among equals. So a line costs the more the
deeper the nodes are that a cut before it splits, the lines within a node that fits the cap cost most of all, and the
siblings at one depth cost the same: the planner then splits only what does not fit, and merges what does.

Grammars are those of tree-sitter that tree-sitter-language-pack 0.13.0 has in its wheel. Left out are those whose
scanners can be made to overrun their state (1,024 bytes), which ends the process: YAML (`- - - -`, 250 levels) and
Kotlin (string templates within each other).
"""

from __future__ import annotations

import re
import time
from array import array
from bisect import bisect_left, bisect_right
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Final

import numpy as np
import numpy.typing as npt

from exosuit_cli.chunk.records import Boundary
from exosuit_cli.chunk.strength import ATTACHED, LineStrengths

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from tree_sitter import Language, Node, Tree

GRAMMARS: Final = {
    "Arduino": "cpp",
    "C": "c",
    "C#": "csharp",
    "C++": "cpp",
    "CSS": "css",
    "CUDA": "cuda",
    "Go": "go",
    "HTML": "html",
    "JSON": "json",
    "JSON-LD": "json",
    "JSX": "javascript",
    "Java": "java",
    "JavaScript": "javascript",
    "Lua": "lua",
    "Markdown": "markdown",
    "Objective-C": "objc",
    "PHP": "php",
    "Python": "python",
    "Ruby": "ruby",
    "Rust": "rust",
    "SCSS": "scss",
    "Scala": "scala",
    "Shell": "bash",
    "Starlark": "starlark",
    "Swift": "swift",
    "TOML": "toml",
    "TSX": "tsx",
    "TypeScript": "typescript",
}
"""The names of languages as `languages` tells them, and their grammars."""

INSIDE: Final = 255
"""The cost of a line within a node that fits, or within a token: taken only where nothing else is."""

_DEEPEST: Final = ATTACHED // 4 - 1
"""Depths beyond are as this one: costs stay below those that mean something else to the planner."""
_OWN_LINE, _BLANK, _CLOSING, _HEADER, _CONTINUED = 1, 1, 2, 2, 3
"""What is added for weaker places at one depth: a definition's own line after its comment; a blank line; a closing
line, or the next line of a comment; at the depth below, a line up to the first of a body; what belongs to another."""

_LEAD, _WRAPPER, _BODY, _LIST, _DEFINITION, _NEEDS_BODY, _BINDING, _SECTION, _HEADING, _CONTAINER, _TOKEN = (
    1 << bit for bit in range(11)
)
_MAY_DEFINE: Final = _WRAPPER | _DEFINITION | _BINDING | _SECTION | _CONTAINER
_HOLDS_ITEMS: Final = _BODY | _LIST | _SECTION

_DEFINING: Final = """
    abstract_class_declaration abstract_method_signature alias_declaration annotation_type_declaration class
    class_declaration class_definition class_implementation class_interface concept_definition const_item
    constructor_declaration delegate_declaration destructor_declaration enum_declaration enum_definition enum_item
    function_declaration function_definition function_item function_signature function_signature_item
    generator_function_declaration impl_item init_declaration interface_declaration internal_module keyframes_statement
    macro_definition method method_declaration method_definition method_signature mixin_statement mod_item module
    namespace_declaration namespace_definition object_definition operator_declaration preproc_function_def
    property_declaration protocol_declaration record_declaration rule_set singleton_method static_item
    struct_declaration struct_item table table_array_element trait_declaration trait_definition trait_item
    type_alias_declaration type_definition type_item type_spec union_item
"""
_DEFINITIONS: Final = frozenset(_DEFINING.split())
"""Node types that define something. In most grammars the field `name` has what; `_name_node` knows the others."""
_SPECIFIERS: Final = frozenset(["struct_specifier", "union_specifier", "enum_specifier", "class_specifier"])
"""Definitions in C where they have a body; mentions of a type elsewhere."""
_NAMESPACES: Final = frozenset(["namespace_definition", "namespace_declaration", "internal_module", "module"])
_HEADINGS: Final = frozenset(["atx_heading", "setext_heading"])
_LEADS: Final = frozenset(["access_specifier", "attribute_item", "decorator"])
_WRAPPERS: Final = frozenset(
    ["ambient_declaration", "decorated_definition", "export_statement", "template_declaration", "type_declaration"]
)
_BINDINGS: Final = frozenset(["declaration", "lexical_declaration", "variable_declaration"])
"""Definitions where a function, a class or a table is what they bind a name to."""
_CONTAINERS: Final = frozenset(
    ["linkage_specification", "preproc_elif", "preproc_elifdef", "preproc_else", "preproc_if", "preproc_ifdef"]
)
_BODIES: Final = re.compile(
    "(.*_)?(body|block)|compound_statement|body_statement|do_group|(.*_)?(declaration|enumerator|variant)_list"
)
_LISTS: Final = frozenset(["body_statement", "statement_list", "statements"])
"""What a grammar puts between a body and its statements."""
_MORE: Final = {
    "csharp": {"accessor_list": _BODY},
    "json": {"pair": _DEFINITION},
    "tsx": {"expression_statement": _WRAPPER},
    "typescript": {"expression_statement": _WRAPPER},
}
_FUNCTION_VALUES: Final = frozenset(
    ["arrow_function", "class", "function", "function_expression", "generator_function"]
)

_NAMED_BY_FIRST: Final = frozenset(
    ["class_implementation", "class_interface", "keyframes_statement", "rule_set", "table", "table_array_element"]
)
_LONGEST_NAME: Final = 100
_MOST_SOUGHT: Final = 200
_LEAST_CALLS, _BYTES_A_CALL = 10_000, 8
"""The parser calls back after every 100 steps: in ordinary texts once in some 250 bytes."""
_LEAST_SECONDS, _SECONDS_A_BYTE = 5.0, 2e-6
"""Twenty times what ordinary texts take: for scanners whose single steps are slow, which a count does not bound."""
_MARKDOWN_LEVELS: Final = 150
_MARKDOWN_MARGIN: Final = re.compile(rb"^[ \t>*+\-0-9.)]{%d,}" % (_MARKDOWN_LEVELS // 4), re.MULTILINE)


class NoSyntax(Exception):
    """A text has no syntax tree to cut by; the message says why, in a few words."""


@dataclass(frozen=True, slots=True)
class _Grammar:
    name: str
    language: Language
    roles: array[int]
    """The role bits of each node type, by its number."""


@cache
def _grammar(name: str) -> _Grammar:
    """Load a grammar, once a process; some milliseconds."""
    from tree_sitter_language_pack import get_language

    language = get_language(name)  # type: ignore[arg-type]
    more = _MORE.get(name, {})
    roles = array("H", bytes(2 << 16))  # the type of error nodes is the last of all numbers
    for number in range(language.node_kind_count):
        kind = language.node_kind_for_id(number)
        if kind is not None:
            is_named = language.node_kind_is_named(number)
            roles[number] = _role(kind) | more.get(kind, 0) if is_named else _TOKEN
    return _Grammar(name, language, roles)


def _role(kind: str) -> int:
    role = _BODY if _BODIES.fullmatch(kind) else 0
    if kind in _LEADS or "comment" in kind:
        role |= _LEAD
    if kind == "section":
        role |= _SECTION
    if kind in _HEADINGS:
        role |= _HEADING
    for kinds, bits in (
        (_LISTS, _LIST),
        (_WRAPPERS, _WRAPPER),
        (_DEFINITIONS, _DEFINITION),
        (_SPECIFIERS, _DEFINITION | _NEEDS_BODY),
        (_BINDINGS, _BINDING),
        (_CONTAINERS, _CONTAINER),
    ):
        if kind in kinds:
            role |= bits
    return role


@dataclass(slots=True)
class _Definition:
    """A definition that a walk came by. Bytes `start` to `end` are whole lines, its leading comments among them."""

    start: int
    end: int
    line: int
    node: Node
    parent: _Definition | None
    is_container: bool = False
    """It only may have definitions within, and is none itself."""


@dataclass(slots=True)
class _Task:
    """A node to split, on the lines `line` to `last`; what begins a line in it costs what `depth` says."""

    node: Node
    role: int
    line: int
    last: int
    depth: int
    definition: _Definition | None
    owns_line: bool
    """Nothing is before it on its first line."""
    block: int
    """The line where its leading comments begin."""


class SyntaxTree:
    """The syntax tree of one text."""

    def __init__(self, data: bytes, tree: Tree, grammar: _Grammar) -> None:
        self._data = data
        self._tree = tree
        self._grammar = grammar
        self._definitions: list[_Definition] | None = None

    @classmethod
    def parse(cls, data: bytes, language: str) -> SyntaxTree:
        """Parse a text in a language, as named by `languages`: some 12 MB/s of C.

        Raises NoSyntax where there is no grammar, where the text is not UTF-8, does not parse without an error, is
        nested too deep for its grammar's scanner, or takes the parser far longer than its length explains.
        """
        if language not in GRAMMARS:
            raise NoSyntax("no grammar")
        if not data.isascii():
            try:
                data.decode("utf-8")
            except UnicodeDecodeError:
                raise NoSyntax("not valid UTF-8") from None
        grammar = _grammar(GRAMMARS[language])
        if grammar.name == "markdown" and _is_deep_markdown(data):
            raise NoSyntax("nested too deep")
        tree = _parse(data, grammar.language)
        if tree.root_node.has_error:
            raise NoSyntax("does not parse cleanly")
        return cls(data, tree, grammar)

    def strengths(self, line_starts: npt.NDArray[np.int64], fits: Callable[[int, int], bool]) -> LineStrengths:
        """The costs of a cut before each line, and what begins there; `symbols` then knows the same definitions.

        `line_starts` is int64[n], the byte where each line starts, the first at 0. `fits(first, stop)` says whether
        the lines from `first` up to `stop` fit the cap together; no node that fits is looked into.

        Costs: 4 * depth + weakness, as in `strength`, or `INSIDE`. Time: a step for each child of a node that does not
        fit.
        """
        walk = _Walk(line_starts, fits, self._grammar.roles)
        walk.run(self._tree.root_node)
        self._definitions = sorted(walk.definitions, key=lambda found: (found.start, -found.end))
        return LineStrengths(np.frombuffer(walk.costs, np.uint8), np.frombuffer(walk.kinds, np.uint8))

    def symbols(self, starts: npt.NDArray[np.int64], ends: npt.NDArray[np.int64]) -> list[str | None]:
        """The path of names for each chunk of bytes: `Class.method`; `Title > Heading` in Markdown.

        That of the innermost definition that holds the whole chunk; where none does, of the first that begins in it.
        """
        if self._definitions is None:
            newlines = np.flatnonzero(np.frombuffer(self._data, np.uint8) == ord("\n")) + 1
            self.strengths(np.append(0, newlines[newlines < len(self._data)]), lambda first, stop: stop == first + 1)
        names = _Names(self._data, self._grammar, self._definitions or [])
        return [names.of_chunk(start, end) for start, end in zip(starts.tolist(), ends.tolist(), strict=True)]


def _parse(data: bytes, language: Language) -> Tree:
    from tree_sitter import Parser

    view = memoryview(data)
    calls = 0
    most_calls = _LEAST_CALLS + len(data) // _BYTES_A_CALL
    deadline = time.monotonic() + _LEAST_SECONDS + len(data) * _SECONDS_A_BYTE

    def must_stop(_offset: int, _has_error: bool) -> bool:
        nonlocal calls
        calls += 1
        return calls > most_calls or (not calls & 0xF and time.monotonic() > deadline)

    try:
        return Parser(language).parse(lambda offset, _point: view[offset:], progress_callback=must_stop)
    except ValueError:
        raise NoSyntax("takes too long to parse") from None


def _is_deep_markdown(data: bytes) -> bool:
    """Whether blocks may be nested deeper than the scanner has room for.

    To open a block within others, a line must go on with each of them: by a `>`, or by white space for a list item,
    where a tab stands for up to four columns.
    """
    margins = _MARKDOWN_MARGIN.findall(data)
    return any(text.count(b">") + text.count(b" ") + 4 * text.count(b"\t") > _MARKDOWN_LEVELS for text in margins)


class _Walk:
    """One way down through the nodes that do not fit, giving each line its cost; without recursion."""

    def __init__(self, line_starts: npt.NDArray[np.int64], fits: Callable[[int, int], bool], roles: array[int]) -> None:
        self._count = len(line_starts)
        self._starts: list[int] = line_starts.tolist()
        self._starts.append(1 << 62)
        self._fits = fits
        self._roles = roles
        self.costs = bytearray([INSIDE]) * self._count
        self.kinds = bytearray([Boundary.LINE]) * self._count
        self.definitions: list[_Definition] = []

    def run(self, root: Node) -> None:
        """Give every line its cost and its kind, and collect the definitions."""
        if self._count:
            tasks = [_Task(root, _BODY, -1, self._count - 1, 0, None, owns_line=True, block=0)]
            while tasks:
                tasks += self._split(tasks.pop())
            self.costs[0] = 0

    def _split(self, task: _Task) -> list[_Task]:
        """Give costs to the lines that begin with or between the children of a node; return those to split as well."""
        starts, roles, costs = self._starts, self._roles, self.costs
        base, deeper = 4 * task.depth, 4 * min(task.depth + 1, _DEEPEST)
        children = task.node.children
        body = -1 if task.role & (_HOLDS_ITEMS | _WRAPPER | _CONTAINER) else self._body_start(children)
        # A heading belongs to what follows it, whatever the number of blank lines between.
        lead = after_heading = bool(children) and roles[children[0].kind_id] & _HEADING != 0
        block = last = task.line
        can_be_header = last >= 0 and not task.role & (_WRAPPER | _SECTION)
        is_header = False
        limit = starts[last + 1]
        if lead:
            last = max(bisect_right(starts, children[0].end_byte - 1, last + 1) - 1, last)
            limit = starts[last + 1]
            children = children[1:]
        elif children and task.owns_line and roles[children[0].kind_id] & _MAY_DEFINE and children[0].end_byte <= limit:
            # A line to be passed over below, where a body begins with a definition, as in Python.
            role = roles[children[0].kind_id]
            self._define(
                task,
                _Task(children[0], role, last, last, 0, task.definition, owns_line=True, block=task.block),
                is_split=False,
            )
        tasks = []
        for child in children:
            end = child.end_byte
            if end <= limit:
                # The rest of a line that already has its cost, or nothing at all.
                lead = lead and (child.start_byte == end or roles[child.kind_id] & _TOKEN != 0)
                continue
            start = child.start_byte
            if start == end:
                continue
            is_fresh = start >= limit
            line = bisect_right(starts, start, last + 1) - 1 if is_fresh else last
            stop = line + 1
            if end > starts[stop]:
                stop = bisect_right(starts, end - 1, stop)
            role = roles[child.kind_id]
            is_split = stop > line + 1 and not self._fits(line, stop)
            if is_fresh:
                glued = lead and (after_heading or line == last + 1)
                if line > last + 1:
                    cost = deeper + _CONTINUED if after_heading else base + _BLANK
                    costs[last + 1 : line] = bytes([cost]) * (line - last - 1)
                if not glued:
                    block = line
                    # To cut right below the line that opens a construct leaves that line alone.
                    is_header = start <= body or (last == task.line and can_be_header)
                if is_header:
                    cost = deeper + (_CONTINUED if glued else _HEADER)
                elif glued or task.role & _WRAPPER:
                    # Only where it fits without its comment, but not with it, is this a place to cut.
                    if is_split:
                        cost = deeper + _CONTINUED
                    elif role & _LEAD:
                        cost = base + _CLOSING
                    else:
                        cost = base + (_CONTINUED if glued and self._fits(block, stop) else _OWN_LINE)
                else:
                    cost = base + (_CLOSING if role & _TOKEN else 0)
                costs[line] = cost
                lead = role & (_LEAD | _HEADING) != 0
                after_heading = role & _HEADING != 0
                if after_heading:
                    self.kinds[line] = Boundary.SECTION
            else:
                lead = after_heading = False
                if line > task.line and costs[line] == INSIDE:
                    # It closes one child and opens the next.
                    costs[line] = deeper + _CLOSING
            if is_split or role & _MAY_DEFINE:
                depth = self._depth_within(task, role, is_fresh=is_fresh) if is_split else task.depth
                begins_task = start == task.node.start_byte
                owns_line = is_fresh or (task.owns_line and begins_task)
                first = block if is_fresh else task.block if begins_task else line
                part = _Task(child, role, line, stop - 1, depth, task.definition, owns_line, first)
                if role & _MAY_DEFINE:
                    self._define(task, part, is_split=is_split)
                if is_split:
                    tasks.append(part)
            last, limit = stop - 1, starts[stop]
        if task.last > last:
            costs[last + 1 : task.last + 1] = bytes([base + _BLANK]) * (task.last - last)
        return tasks

    def _body_start(self, children: Sequence[Node]) -> int:
        """Where the first body among the children starts; -1 if there is none."""
        roles = self._roles
        return next((child.start_byte for child in children if roles[child.kind_id] & _BODY), -1)

    @staticmethod
    def _depth_within(task: _Task, role: int, *, is_fresh: bool) -> int:
        """The depth of what is within a child of the task's node.

        What hangs on a line that began with another node, and a body, count as part of the construct that they are of.
        """
        if role & (_WRAPPER | _LIST):
            return task.depth
        if task.role & (_HOLDS_ITEMS | _WRAPPER) or (is_fresh and not role & _BODY):
            return min(task.depth + 1, _DEEPEST)
        return task.depth

    def _define(self, task: _Task, part: _Task, *, is_split: bool) -> None:
        """Note what a child of the task's node defines, if anything."""
        above, role = task.definition, part.role
        if role & _CONTAINER:
            if part.last > part.line and not is_split:
                self._note(part, above, is_container=True)
            return
        if above is not None:
            if above.node is task.node and task.role & _WRAPPER:
                # It is what the wrapper stands for, below decorators.
                self.kinds[part.line] = Boundary.DEFINITION if above.parent is None else Boundary.NESTED
                return
            if above.line == part.line and not part.owns_line and part.node.type not in _NAMESPACES:
                # A part of a definition on its own line: the struct of a typedef, the function that a name is given to.
                return
        if not _defines(part, above):
            return
        part.definition = self._note(part, above)
        if part.owns_line:
            nested = Boundary.DEFINITION if above is None else Boundary.NESTED
            self.kinds[part.block] = self.kinds[part.line] = Boundary.SECTION if role & _SECTION else nested

    def _note(self, part: _Task, above: _Definition | None, *, is_container: bool = False) -> _Definition:
        start, end = self._starts[part.block], self._starts[part.last + 1]
        found = _Definition(start, end, part.line, part.node, above, is_container)
        self.definitions.append(found)
        return found


def _defines(part: _Task, above: _Definition | None) -> bool:
    """Whether a node that may define something does."""
    node, role = part.node, part.role
    if role & _WRAPPER:
        return _wrapped(node) is not None
    if role & _SECTION:
        return node.child_count > 0 and node.child(0).type in _HEADINGS
    if role & _NEEDS_BODY:
        return node.child_by_field_name("body") is not None
    if role & _BINDING:
        is_outer = above is None or above.node.type in _NAMESPACES
        return part.last > part.line and (is_outer or node.type != "declaration") and _bound(node) is not None
    return True


def _wrapped(node: Node) -> Node | None:
    """The one definition in an `export`, a template, decorators or a Go `type`; None where there is not just one."""
    for _ in range(4):
        inner = [
            child
            for child in node.named_children
            if child.type in _DEFINITIONS
            or child.type in _WRAPPERS
            or (child.type in _SPECIFIERS and child.child_by_field_name("body") is not None)
            or (child.type in _BINDINGS and _bound(child) is not None)
        ]
        if len(inner) != 1:
            return None
        node = inner[0]
        if node.type not in _WRAPPERS:
            return node
    return None


def _bound(node: Node) -> Node | None:
    """What has the name in a declaration of a function, a class or an initialised table; None in any other."""
    if node.type == "declaration":
        kind = node.child_by_field_name("type")
        for child in node.children_by_field_name("declarator"):
            if child.type == "init_declarator":
                return child
        has_body = kind is not None and kind.type in _SPECIFIERS and kind.child_by_field_name("body") is not None
        return kind if has_body else None
    for child in node.named_children:
        value = child.child_by_field_name("value")
        if value is not None and value.type in _FUNCTION_VALUES:
            return child
    return None


class _Names:
    """The names of the definitions of one text, each looked for when it is first asked for."""

    def __init__(self, data: bytes, grammar: _Grammar, definitions: list[_Definition]) -> None:
        self._data = data
        self._separator = " > " if grammar.name == "markdown" else "."
        self._definitions = definitions
        self._starts = [found.start for found in definitions]
        self._paths: dict[int, str | None] = {}

    def of_chunk(self, start: int, end: int) -> str | None:
        """The symbol of the chunk of bytes from `start` to `end`."""
        text = self._data[start:end]
        first, last = start, end
        if stripped := text.rstrip():
            first, last = end - len(text.lstrip()), start + len(stripped)
        place = bisect_right(self._starts, first)
        found = self._definitions[place - 1] if place else None
        while found is not None and (found.is_container or found.end < last):
            found = found.parent
        if found is not None:
            return self._path(found)
        for later in range(bisect_left(self._starts, start), bisect_left(self._starts, end)):
            if path := self._path(self._definitions[later]):
                return path
        return None

    def _path(self, definition: _Definition) -> str | None:
        """The names of the definition and of those around it."""
        names = []
        step: _Definition | None = definition
        while step is not None:
            if id(step) in self._paths:
                names.append(self._paths[id(step)])
                break
            node = _first_within(step.node) if step.is_container else step.node
            names.append(self._name(node) if node is not None else None)
            step = step.parent
        path = self._separator.join(name for name in reversed(names) if name) or None
        self._paths[id(definition)] = path
        return path

    def _name(self, node: Node) -> str | None:
        """The name of one definition, without those around it."""
        inner: Node | None = node
        if node.type in _WRAPPERS or (node.type == "expression_statement" and node.named_child_count == 1):
            inner = _wrapped(node)
        if inner is not None and inner.type in _BINDINGS:
            inner = _bound(inner)
        named = _name_node(inner) if inner is not None else None
        if inner is None or named is None:
            return None
        name = self._text(named)
        owner = inner.child_by_field_name("receiver")
        if owner is not None and owner.type == "parameter_list":
            # Go: func (s *Server[T]) Serve()
            words = self._text(owner).partition("[")[0].strip("( )").replace("*", " ").split()
            name = f"{words[-1]}.{name}" if words else name
        if inner.type == "impl_item":
            name = name.partition("<")[0]
        return name.strip("\"'").replace("::", ".").replace(":", ".") if self._separator == "." else name

    def _text(self, node: Node) -> str:
        text = self._data[node.start_byte : min(node.end_byte, node.start_byte + 4 * _LONGEST_NAME)]
        return " ".join(text.decode("utf-8", "ignore").split())[:_LONGEST_NAME]


def _name_node(node: Node) -> Node | None:
    """The node whose text names a definition."""
    if node.type == "section":
        heading = node.named_child(0) if node.named_child_count else None
        return heading.child_by_field_name("heading_content") if heading is not None else None
    for field in ("name", "key"):
        named = node.child_by_field_name(field)
        if named is not None:
            return named
    if node.type == "impl_item":
        return node.child_by_field_name("type")
    if node.type in _NAMED_BY_FIRST:
        return node.named_child(0) if node.named_child_count else None
    # C: the innermost of declarators, as in `char *(*name)[3]`.
    named = node.child_by_field_name("declarator")
    while named is not None and named.type.endswith("declarator"):
        within = named.child_by_field_name("declarator")
        if within is None and named.named_child_count:
            within = named.named_child(0)
        named = within
    return named


def _first_within(container: Node) -> Node | None:
    """The first definition in a container, if it is among its first nodes."""
    nodes = [container]
    for _ in range(_MOST_SOUGHT):
        if not nodes:
            break
        node = nodes.pop()
        kind = node.type
        if kind in _DEFINITIONS or (kind in _SPECIFIERS and node.child_by_field_name("body") is not None):
            return node
        if (kind in _BINDINGS and _bound(node) is not None) or (kind in _WRAPPERS and _wrapped(node) is not None):
            return node
        if kind in _CONTAINERS or kind == "declaration_list":
            nodes += reversed(node.named_children)
    return None
