"""What is defined, quoted and commented in a text, by its syntax tree: the oracle of `eval_chunks.py`."""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace
from functools import cache
from typing import TYPE_CHECKING

import tree_sitter_language_pack
from chunk_nodes import (
    COMMENTS,
    DEFINITIONS,
    FIRST_WORDS,
    FUNCTION_VALUES,
    HEADINGS,
    HOLDERS,
    LEADING_CALLS,
    LEADS,
    LISPS,
    LOCAL,
    NAMES,
    NEED_BODY,
    NEED_TYPE,
    SEVERAL,
    STATEMENTS,
    STRINGS,
    WRAPPERS,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

    import tree_sitter

MOST_ERRORS = 0.05
"""The share of a text in errors over which its tree is not believed."""
_INK = re.compile(rb"\s*")
_WORD = re.compile(rb"[A-Za-z_$][\w$]*")
_SELECTOR = re.compile(r"(?:^|\.)(\w+):(?:\w*:)*$")


@dataclass(frozen=True)
class Definition:
    """A definition as a byte span: `own` is where it begins without decorators, `name` "" where that is not known.

    `has_end`: whether it is known where it ends, else that is at `end` or before it.
    """

    start: int
    own: int
    end: int
    name: str
    has_end: bool = True


@dataclass
class Facts:
    """What an oracle says of a text: spans in bytes. `leads`: the lines, from 0, of comments and the like alone."""

    definitions: list[Definition] = field(default_factory=list)
    strings: list[tuple[int, int]] = field(default_factory=list)
    comments: list[tuple[int, int]] = field(default_factory=list)
    leads: set[int] = field(default_factory=set)
    headings: list[tuple[int, int]] = field(default_factory=list)


def ink(data: bytes, start: int) -> int:
    """The first byte at or after `start` that is not white space."""
    match = _INK.match(data, start)
    assert match is not None
    return match.end()


def line_starts(data: bytes) -> list[int]:
    """Where each line begins, and the end of the last."""
    starts = [0]
    for line in data.split(b"\n"):
        starts.append(min(starts[-1] + len(line) + 1, len(data)))
    return starts if starts[-2] < len(data) else starts[:-1]


@cache
def _parser(language: str) -> tree_sitter.Parser:
    return tree_sitter_language_pack.get_parser(DEFINITIONS[language][0])  # type: ignore[arg-type]


def tree_facts(language: str, data: bytes) -> Facts | None:
    """The facts of a text in a language of `DEFINITIONS`; None where too much of it is in errors.

    A definition counts where there is no error within it or around it.
    """
    root = _parser(language).parse(data).root_node
    facts = Facts()
    kinds = set(DEFINITIONS[language][1].split())
    headings: list[tree_sitter.Node] = []
    spans: dict[tuple[int, int], Definition] = {}
    wrong = 0
    for node in _nodes(root):
        if node.type == "ERROR":
            wrong += node.end_byte - node.start_byte
            continue
        stop = node.start_byte + len(data[node.start_byte : node.end_byte].rstrip())
        is_long = b"\n" in data[node.start_byte : stop]
        if node.is_named and node.type not in SEVERAL and is_long:
            if STRINGS.search(node.type):
                facts.strings.append((node.start_byte, stop))
            elif COMMENTS.search(node.type):
                facts.comments.append((node.start_byte, stop))
        leading = LEADING_CALLS.get(node.type)
        if LEADS.search(node.type) or (leading is not None and leading.match(data, node.start_byte)):
            facts.leads |= _whole_lines(data, ink(data, node.start_byte), stop)
        if HEADINGS.search(node.type):
            facts.headings.append((node.start_byte, stop))
            headings.append(node)
        elif node.type in kinds and is_long and not node.has_error:
            found = _definition(language, data, node)
            if found is not None:
                spans[found.start, found.end] = found
    if wrong > MOST_ERRORS * len(data):
        return None
    facts.definitions = [_without_trail(data, each, facts.leads) for each in spans.values()]
    if language == "Markdown":
        facts.definitions = _sections(data, headings)
    facts.strings = _outermost(facts.strings)
    facts.comments = _outermost(facts.comments)
    return facts


def _nodes(root: tree_sitter.Node) -> Iterator[tree_sitter.Node]:
    """All nodes; those within an error, a string or a comment are left out."""
    nodes = [root]
    while nodes:
        node = nodes.pop()
        yield node
        if node.type == "ERROR":
            continue
        if node.is_named and (COMMENTS.search(node.type) or STRINGS.search(node.type)) and node.type not in SEVERAL:
            continue
        nodes += node.children


def _outermost(spans: list[tuple[int, int]]) -> list[tuple[int, int]]:
    """The spans that are in no other, by their start."""
    kept: list[tuple[int, int]] = []
    for start, end in sorted(spans, key=lambda span: (span[0], -span[1])):
        if not kept or start >= kept[-1][1]:
            kept.append((start, end))
    return kept


def _whole_lines(data: bytes, start: int, end: int) -> set[int]:
    """The lines, from 0, of a span that shares none of them."""
    first = data.rfind(b"\n", 0, start) + 1
    last = data.find(b"\n", end)
    if data[first:start].strip() or data[end : last if last >= 0 else len(data)].strip():
        return set()
    line = data.count(b"\n", 0, start)
    return set(range(line, line + data.count(b"\n", start, end) + 1))


def _definition(language: str, data: bytes, node: tree_sitter.Node) -> Definition | None:
    """A definition with its decorators, `export` or `template`, or the name that it is assigned to."""
    kind = node.type
    if kind in NEED_BODY and node.child_by_field_name("body") is None:
        return None
    if kind in NEED_TYPE:
        part, wanted = NEED_TYPE[kind]
        value = node.child_by_field_name(part)
        if value is None or value.type not in wanted:
            return None
    if kind in LOCAL and language in NAMES and _is_local(node):
        return None
    words = FIRST_WORDS.get(language)
    if words is not None and kind != "defun" and not words.match(data, node.start_byte):
        return None
    named = node
    if language == "R" and kind == "function_definition":
        if node.parent is None or node.parent.type != "binary_operator":
            return None
        node = named = node.parent
    if language == "Dart" and kind.endswith("_signature"):
        body = node.next_named_sibling
        if body is None or body.type != "function_body":
            return None
        return Definition(ink(data, node.start_byte), node.start_byte, body.end_byte, _name(language, data, node))
    if language == "Zig" and not re.search(
        rb"\bfn\b|=\s*(?:extern |packed )?(?:struct|enum|union)\b|^test\b", _head(data, node)
    ):
        return None
    if kind == "declClass" or (
        language == "Common Lisp" and kind == "list_lit" and any(c.type == "defun" for c in node.children)
    ):
        return None
    if kind in FUNCTION_VALUES:
        body = node.child_by_field_name("body")
        if body is None or body.type != "statement_block" or node.parent is None or node.parent.type not in HOLDERS:
            return None  # an argument, or an expression
    inner = node.start_byte
    while node.parent is not None and node.parent.type in HOLDERS | STATEMENTS | WRAPPERS:
        node = node.parent
        if node.type in HOLDERS and named.child_by_field_name("name") is None:
            named = node
        inner = inner if node.type in WRAPPERS else node.start_byte
    start = ink(data, node.start_byte)
    end = start + len(data[start : node.end_byte].rstrip())
    return Definition(start, ink(data, inner), end, _name(language, data, named))


def _is_local(node: tree_sitter.Node) -> bool:
    around = node.parent
    while around is not None and around.type not in LOCAL:
        around = around.parent
    return around is not None


def _without_trail(data: bytes, definition: Definition, leads: set[int]) -> Definition:
    """The definition without the comments at its end, which some grammars take for a part of it."""
    end = definition.end
    line = data.count(b"\n", 0, end)
    while line in leads and end > definition.own:
        end = definition.start + len(data[definition.start : data.rfind(b"\n", 0, end)].rstrip())
        line = data.count(b"\n", 0, end)
    return replace(definition, end=end)


def _head(data: bytes, node: tree_sitter.Node) -> bytes:
    return data[node.start_byte : node.end_byte].partition(b"\n")[0]


def _name(language: str, data: bytes, node: tree_sitter.Node) -> str:
    """The name of a definition, the last part of a path; "" where it has none."""
    found: bytes | None = None
    pattern = NAMES.get("Lisp" if language in LISPS else language)
    field_of = node.child_by_field_name("name") or node.child_by_field_name("key") or node.child_by_field_name("left")
    if pattern is not None and (match := pattern.match(data, ink(data, node.start_byte))):
        found = next((text for text in match.groups() if text), None)
    elif field_of is not None:
        found = field_of.text
    elif (declarator := node.child_by_field_name("declarator")) is not None:
        while (deeper := declarator.child_by_field_name("declarator")) is not None:
            declarator = deeper
        found = declarator.text
    else:
        own = next((child for child in node.children if re.search(r"identifier$|^name$", child.type)), None)
        found = own.text if own is not None else None
    return last_part(found.decode("utf-8", "replace")) if found else ""


def last_part(path: str) -> str:
    """The last name of a path, without quotation marks and case; of a selector (`read:into:`) its first part."""
    selector = _SELECTOR.search(path)
    if selector is not None:
        return selector[1].casefold()
    return re.split(r"[.:#/\\>]+", path.strip().strip("\"'`").rstrip(":."))[-1].strip(" \"'`()*&").casefold()


def _sections(data: bytes, headings: list[tree_sitter.Node]) -> list[Definition]:
    """From each heading to the next of the same or a higher level."""
    found: list[Definition] = []
    opened: list[tuple[int, int, str]] = []

    def close(end: int, level: int) -> None:
        while opened and opened[-1][0] >= level:
            _, start, name = opened.pop()
            found.append(Definition(start, start, start + len(data[start:end].rstrip()), name))

    for node in sorted(headings, key=lambda node: node.start_byte):
        if _is_quoted(node):
            continue
        marker = next(child.type for child in node.children if re.match(r"atx_h\d|setext_h\d", child.type))
        level = int(re.sub(r"\D", "", marker))
        close(node.start_byte, level)
        text = _head(data, node).decode("utf-8", "replace").strip(" #\t\r")
        opened.append((level, ink(data, node.start_byte), " ".join(text.split()).casefold()))
    close(len(data), 0)
    return found


def _is_quoted(node: tree_sitter.Node) -> bool:
    """Whether a heading is within a quotation or a list, where it begins no section of the document."""
    while node.parent is not None and node.parent.type == "section":
        node = node.parent
    return node.parent is None or node.parent.type != "document"
