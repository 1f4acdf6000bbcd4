"""HTML, Vue and Svelte are cut by their elements."""

from __future__ import annotations

import re
from itertools import pairwise

import numpy as np
import pytest
import tree_sitter_html
from hypothesis import given, settings
from hypothesis import strategies as st
from tree_sitter import Language, Parser

from exosuit_cli.chunk import ChunkOptions, chunk_text
from exosuit_cli.kernels import CpuKernels
from exosuit_cli.model.slab import Slab
from exosuit_cli.structure.code.strength import line_strengths
from exosuit_cli.structure.costs import ATTACHED
from exosuit_cli.structure.documents.element_tags import element_tags

from .test_markdown import size_of
from .test_structure import cut, first_lines

PARSER = Parser(Language(tree_sitter_html.language()))


def _element(name: str, parts: list[str]) -> str:
    return f"<{name}>\n{''.join(parts)}</{name}>\n"


LEAVES = st.sampled_from(
    [
        "<p>Some words.</p>\n",
        "<img src='a>b'>\n",
        "<br/>\n",
        '<input\n  type="text"\n  value="<b>"\n>\n',
        "<!-- <div>\n</p> -->\n",
        "<script>\nif (a </b/.exec(c)) {\n  d();\n}\n</script>\n",
        "<style>\na > b {\n  color: red;\n}\n</style>\n",
        "<pre>\nas\n\n  it is\n</pre>\n",
        "<h2>A heading</h2>\n",
        "words that stand alone\n",
    ]
)
TREES = st.recursive(
    LEAVES,
    lambda inner: st.builds(
        _element, st.sampled_from(["div", "section", "ul", "x-y"]), st.lists(inner, min_size=1, max_size=4)
    ),
    max_leaves=12,
)


def depths_of(data: bytes) -> dict[int, int]:
    """By line, how many elements are around the one that begins there, as tree-sitter has it."""
    found: dict[int, int] = {}
    nodes = [(0, PARSER.parse(data).root_node)]
    while nodes:
        depth, node = nodes.pop()
        is_element = node.type in ("element", "script_element", "style_element")
        if is_element:
            line = node.start_point[0]
            found[line] = min(depth, found.get(line, depth))
        nodes += [(depth + is_element, child) for child in node.children]
    return found


@settings(max_examples=60)
@given(st.lists(TREES, min_size=1, max_size=4))
def test_a_cut_costs_by_the_number_of_elements_around(trees: list[str]) -> None:
    data = "".join(trees).encode()
    slab = Slab(np.frombuffer(data, np.uint8), np.zeros(1, np.int64), np.array([len(data)]))
    costs = line_strengths(slab, CpuKernels("blake3").lines(slab), ["HTML"]).costs.tolist()
    lines = data.split(b"\n")
    for line, depth in depths_of(data).items():
        # What follows a comment or a heading belongs to it.
        is_led = line and lines[line - 1].endswith((b"-->", b"</h2>"))
        assert costs[line] >= ATTACHED if is_led else costs[line] == 4 * depth, lines[line]


TAG = re.compile(
    rb"<(?:(!--)|(/?)([A-Za-z!][\w:.-]*+)"
    rb"(?:[^<>\"'{}]++|\"[^\"]*+\"|'[^']*+'|\{[^{}]*+\}|[\"'{}])*+>)"
)
PARAGRAPH = (b"p",)
ENDED = {b"p": PARAGRAPH, b"div": PARAGRAPH, b"blockquote": PARAGRAPH, b"li": (b"li", b"p")}
TAG_PIECES = """
    <p>|</p>|<div>|</div>|<A href="b">|</a>|<b>|</b>|<b/>|<br>|<li>|</li>|<blockquote>|</blockquote>|<my-element x>
    </my-element>|<i a="c>d">|</i>|<i a='e'>|<i {f}>|<u a="{'g'}">|</u>|<u a="h|"|'|{|}|>|<|< i|<!--|-->|<!-- <p> -->
    <!doctype html>|<script>|</script>|<script a="<">|<SCRIPT/>
    a < b|</ p>|</br>|<code>|</code>|text|<a:b.c-d_e>|</a:b.c-d_e>|<p/>
"""
PIECE = st.sampled_from(
    [" ", "\n", *(piece for row in TAG_PIECES.split("\n") for piece in row.strip().split("|") if piece)]
)


@given(st.lists(st.lists(PIECE, max_size=14).map("".join), min_size=1, max_size=4))
def test_tags_and_depths_are_those_of_one_reading(texts: list[str]) -> None:
    data = "\n".join([*texts, ""]).encode()
    stops = np.cumsum([len(text.encode()) + 1 for text in texts]) - 1
    begins = np.append(0, stops[:-1] + 1)
    found = element_tags(data, begins, stops)
    rows = zip(*(column.tolist() for column in (found.starts, found.ends, found.own, found.after)), strict=True)
    expected = [
        row for begin, stop in zip(begins.tolist(), stops.tolist(), strict=True) for row in read(data, begin, stop)
    ]
    assert list(rows) == expected


def read(data: bytes, begin: int, stop: int) -> list[tuple[int, int, int, int]]:
    """The tags of a text from one byte up to another, read one after the other: start, end, depth, depth after it."""
    rows: list[tuple[int, int, int, int]] = []
    stack: list[bytes] = []
    found = TAG.search(data, begin, stop)
    while found is not None:
        end, depth = found.end(), len(stack)
        if found[1]:
            closer = data.find(b"-->", end, stop)
            end = closer + 3 if closer >= 0 else end
        elif found[2]:
            if found[3].lower() in stack[-60:]:
                while stack.pop() != found[3].lower():
                    pass
            depth = len(stack)
        else:
            name = found[3].lower()
            while stack and stack[-1] in ENDED.get(name, ()):
                stack.pop()
            depth = len(stack)
            if name in (b"br", b"!doctype") or data[end - 2 : end - 1] == b"/":
                pass
            elif name == b"script":
                closing = re.compile(rb"</script(?=[\s/>])[^>]{0,200}>", re.IGNORECASE).search(data, end, stop)
                end = closing.end() if closing is not None else end
            else:
                stack.append(name)
        rows.append((found.start(), end, depth, len(stack)))
        found = TAG.search(data, end, stop)
    return [(begin, begin, 0, 0), *rows] if rows else []


SCRIPT = "<script>\nfunction one() {\n  return 1;\n}\n\nfunction two() {\n  return 2;\n}\n</script>\n"


@pytest.mark.parametrize("language", ["Vue", "Svelte", "HTML"])
def test_sections_come_first_and_scripts_are_cut_as_code(language: str) -> None:
    template = "<div>\n" + "".join(f"  <p>\n    item {number}\n  </p>\n" for number in range(9)) + "</div>\n"
    style = "<style>\na {\n  color: red;\n}\n</style>\n"
    text = template + SCRIPT + style
    cap = max(map(size_of, (template, SCRIPT, style))) + 2
    assert [line for line in first_lines(cut(text, language, cap)) if line != "<style>"] == ["<div>", "<script>"]
    starts = first_lines(cut(SCRIPT * 3, language, size_of(SCRIPT) - 3))
    assert set(starts) <= {"<script>", "function one() {", "function two() {"}


def test_elements_without_an_end() -> None:
    items = "".join(f"<li>item {number}\n<p>and more\n" for number in range(20))
    text = f"<ul>\n{items}</ul>\n<table>\n" + "<tr>\n<td>one\n<td>two\n" * 20 + "</table>\n"
    starts = first_lines(cut(text, "HTML", 40))
    assert {line[:4] for line in starts[1:]} <= {"<li>", "<tr>", "<tab"}


def test_a_heading_and_a_comment_stay_with_what_follows() -> None:
    text = "".join(f"<h2>Part {number}</h2>\n<p>Words of it.</p>\n" for number in range(9))
    for cap in range(30, 60, 3):
        assert {line[:3] for line in first_lines(cut(text, "HTML", cap))} == {"<h2"}
    text = "".join(f"<!-- Part {number} -->\n<p>Words of it.</p>\n" for number in range(9))
    for cap in range(30, 60, 3):
        assert {line[:3] for line in first_lines(cut(text, "HTML", cap))} == {"<!-"}


@pytest.mark.parametrize(("end", "costs"), [(b"\r\n", [226, 252, 213]), (b"\rwords\n", [226, 252, 0])])
def test_words_behind_a_lone_return_part_an_end_from_what_follows(end: bytes, costs: list[int]) -> None:
    data = b"</h1>\n" + end + b"<p>\n"
    slab = Slab(np.frombuffer(data, np.uint8), np.zeros(1, np.int64), np.array([len(data)]))
    assert line_strengths(slab, CpuKernels("blake3").lines(slab), ["HTML"]).costs[:3].tolist() == costs


def test_statements_of_templates_are_cut_at_their_start() -> None:
    text = "{% for a in b %}\n<p>\n{{ a }}\n</p>\n{% endfor %}\n" * 9
    for cap in range(40, 80, 7):
        chunks = cut(text, "Jinja", cap)
        assert all(not second.startswith("{% end") for _, second in pairwise(chunks))


@pytest.mark.parametrize(
    "text",
    [
        mark * 20_000
        for mark in ("<a ", '<a "', "<a '\"", "<!-- ", "<script>", "<a {", "<div>\n", "</div>\n", "<li>\n", "<b>")
    ],
    ids=lambda text: repr(text[:8]),
)
def test_texts_of_nothing_but_marks_are_taken(text: str) -> None:
    chunks = chunk_text(text, language="HTML", options=ChunkOptions(max_tokens=64))
    assert chunks.ends[-1] == len(text)


@pytest.mark.parametrize("boundaries", ["structure", "ast"])
def test_headings_are_symbols_and_contexts(boundaries: str) -> None:
    words = "<p>\nSome words of a paragraph, which take up room here.\n</p>\n" * 3
    text = (
        f'<div>\n<h1 class="x"><a href="#">A &amp; B</a></h1>\n{words}</div>\n<div>\n<h2>\n  Two\n  words\n</h2>\n'
        f"{words}<!--\n<h1>none</h1>\n-->\n<script>\n'<h1>none</h1>'\n</script>\n{words}</div>\n"
    )
    options = ChunkOptions(max_tokens=80, min_tokens=0, context=True, boundaries=boundaries)
    chunks = chunk_text(text, language="HTML", options=options)
    found = list(chunks.records(text.encode(), language="HTML"))
    names = [(symbol.name, symbol.line) for each in found for symbol in each.symbols]
    assert names == [("A & B", 2), ("A & B > Two words", 14)]
    assert found[-1].context == "A & B\nTwo words\n"
