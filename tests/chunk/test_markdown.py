"""Markdown is cut by its blocks, and these are the ones of CommonMark."""

from __future__ import annotations

import itertools
import re
from functools import cache
from typing import TYPE_CHECKING

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from exosuit_cli.chunk import ChunkOptions, chunk_text
from exosuit_cli.kernels import CpuKernels
from exosuit_cli.model.slab import Slab
from exosuit_cli.structure.documents import markdown_document
from exosuit_cli.structure.documents.markdown_containers import BlockKind
from exosuit_cli.structure.documents.markdown_document import markdown_blocks
from exosuit_cli.structure.documents.markdown_patterns import TAB
from exosuit_cli.structure.documents.markdown_regions import Regions
from exosuit_cli.structure.documents.prose_lines import document_lines

from .test_structure import cut, first_lines, kinds

if TYPE_CHECKING:
    from collections.abc import Sequence

    from exosuit_cli.structure.documents.prose_lines import DocumentLines

Found = list[tuple[str, int, int, int, int]]

KINDS = {
    "heading_open": BlockKind.HEADING,
    "fence": BlockKind.FENCE,
    "code_block": BlockKind.CODE,
    "html_block": BlockKind.HTML,
    "hr": BlockKind.BREAK,
    "paragraph_open": BlockKind.PARAGRAPH,
    "table_open": BlockKind.TABLE,
    "blockquote_open": BlockKind.QUOTE,
    "list_item_open": BlockKind.ITEM,
}
WITH_END = {BlockKind.HEADING, BlockKind.FENCE, BlockKind.CODE, BlockKind.HTML, BlockKind.TABLE}
PIECES = """
    text|more text|- item|* other|1. one|2. two|10) ten|# head|## sub ##|###bad|```|````|``` sh|~~~|~~~ x|> quote|>
    > - q|> ```|---|***|===|- - x|-|1.|    code|<div>|</div>|<!-- c|-->|<pre>|</pre>|<b>|a ; b|--;--|; a ; b ;|;---;---;
    #|`x`|<?php|?>|<span a=1>|- ```|- # h|1. > q|* * *|+ - 1. x|-   wide|-      code
"""
LINE = st.builds(
    str.__add__,
    st.sampled_from(["", "", "", " ", "  ", "   ", "    ", "      ", "> ", "> > ", ">", "\t"]),
    st.sampled_from(["", "", *(piece.replace(";", "|") for piece in re.split(r"\||\n    ", PIECES.strip()))]),
)


def expected(data: bytes) -> Found:
    """The blocks as markdown-it-py has them, the first items of lists apart."""
    found: Found = []
    depth, is_first = 0, False
    for token in MarkdownIt("commonmark", {"maxNesting": 100}).enable("table").parse(data.decode()):
        depth -= token.type in ("list_item_close", "blockquote_close")
        is_first |= token.type in ("bullet_list_open", "ordered_list_open")
        kind = KINDS.get(token.type)
        if kind is None or token.map is None:
            continue
        first, stop = token.map
        shown = BlockKind.LIST if kind is BlockKind.ITEM and is_first else kind
        is_first = False
        level = int(token.tag[1]) if kind is BlockKind.HEADING else 0
        found.append((shown.name, first, stop if kind in WITH_END else 0, depth, level))
        depth += kind in (BlockKind.ITEM, BlockKind.QUOTE)
    return found


def lines_of(texts: Sequence[bytes]) -> DocumentLines:
    sizes = np.array([len(text) for text in texts], np.int64)
    slab = Slab(np.frombuffer(b"".join(texts), np.uint8), np.cumsum(sizes) - sizes, sizes)
    return document_lines(slab, CpuKernels("blake3").lines(slab), np.flatnonzero(sizes), TAB)


def blocks_in(lines: DocumentLines) -> Found:
    found = markdown_blocks(lines)
    columns = (found.firsts, found.stops, found.depths, found.levels)
    names = [BlockKind(kind).name for kind in found.kinds.tolist()]
    return list(zip(names, *(column.tolist() for column in columns), strict=True))


def found_in(data: bytes) -> Found:
    return blocks_in(lines_of([data]))


def trimmed(found: Found, data: bytes) -> Found:
    """The same, without blank lines at the end of blocks."""
    lines = data.split(b"\n")
    kept = []
    for kind, first, stop, depth, level in found:
        end = stop
        while end > first + 1 and (end > len(lines) or not lines[end - 1].strip(b" \t>")):
            end -= 1
        kept.append((kind, first, end, depth, level))
    return kept


@given(st.lists(LINE, min_size=1, max_size=9))
def test_blocks_are_those_of_commonmark(lines: Sequence[str]) -> None:
    text = "\n".join(lines) + "\n"
    assume(text[:3] not in ("---", "+++"))  # front matter is beyond CommonMark
    # The oracle takes lines for code, or for rows of a table, that lazily go on with a quotation or an item.
    is_lazy = re.search(r">|^ +(?:[-+*]|\d+[.)])", text, re.MULTILINE)
    assume(not (is_lazy and re.search(r"^(?: {4}| {0,3}\t)|\|", text, re.MULTILINE)))
    data = text.encode()
    assert trimmed(found_in(data), data) == trimmed(expected(data), data)


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("---\ntitle: x\n---\n# a\n", ["FRONT_MATTER 0", "HEADING 3"]),
        ("##\ta\n", ["HEADING 0"]),
        ("````\n```\n# no\n```\n````\n# a\n", ["FENCE 0", "HEADING 5"]),
        ("~~~ `x`\n```\n# no\n~~~\n", ["FENCE 0"]),
        ("``` a`b\n# a\n", ["PARAGRAPH 0", "HEADING 1"]),
        ("- ```\n  # no\n# a\n", ["LIST 0", "FENCE 0", "HEADING 2"]),
        ("> ```\n> # no\n\n# a\n", ["QUOTE 0", "FENCE 0", "HEADING 3"]),
        ("<!-- a\n\n# no\n-->\n# a\n", ["HTML 0", "HEADING 4"]),
        ("<div>\n# no\n\n# a\n</div>\n", ["HTML 0", "HEADING 3", "HTML 4"]),
        ("a\n    # no\n\n    # no\n\n    # no\n# a\n", ["PARAGRAPH 0", "CODE 3", "HEADING 6"]),
        ("[a]: b\n===\nc\n", ["PARAGRAPH 0"]),
        ("[a]: b\nc\n===\n", ["HEADING 1"]),
        ("a\n| b |\n|---|\n| c |\n", ["PARAGRAPH 0", "TABLE 1"]),
    ],
)
def test_blocks_that_are_easily_mistaken(text: str, names: Sequence[str]) -> None:
    assert [f"{name} {first}" for name, first, *_ in found_in(text.encode())] == names


@given(st.lists(st.lists(LINE, min_size=1, max_size=9).map("\n".join), min_size=1, max_size=9))
def test_what_follows_from_looks_is_what_a_reader_of_each_line_finds(texts: Sequence[str]) -> None:
    texts = [text for text in texts if text[:3] not in ("---", "+++")]
    assume(any(texts))
    lines = lines_of([text.encode() for text in texts])
    bounds = lines.texts.tolist()
    with pytest.MonkeyPatch.context() as patch:
        everything = Regions([], list(itertools.pairwise(bounds)))
        patch.setattr(markdown_document, "markdown_regions", lambda *_: everything)
        expected = blocks_in(lines)
    assert blocks_in(lines) == expected


@cache
def size_of(text: str) -> int:
    return int(chunk_text(text, language="Text").text_tokens)


BEFORE = "# Title\n\nSome words of a paragraph, which are of no further interest to anyone.\n\n"
WHOLE = {
    "a fence": "```\none\n\ntwo\n\nthree\n```\n",
    "an introduced fence": "Do this:\n\n```\none\n\ntwo\n```\n",
    "an introduced list": "There are these:\n\n- one\n\n- two\n  with more\n\n- three\n",
    "a table with its caption": "Table: all of them\n\n| a | b |\n|---|---|\n| c | d |\n| e | f |\n",
    "a comment": "<!-- one\n\n# two\n\nthree -->\n",
    "an item": "- one\n\n  two\n\n  ```\n  three\n  ```\n",
    "a heading and what follows": "## Heading\n\nwords\n",
    "a label, a heading, what follows": "(label)=\n\n## Heading\n\nwords\n",
    "headings after each other": "## Heading\n\n### Another\n\nwords\n",
    "an underlined heading": "Heading\n---\n\nwords\n",
    "a heading and a line": "## Heading\n\n---\n\nwords\n",
    "an admonition": "!!! note\n\n    Some words.\n\n    And more.\n",
    "what a tag opens": "<details>\n<summary>One</summary>\n\nSome words.\n\n</details>\n",
}


@pytest.mark.parametrize("boundaries", ["structure", "ast"])
def test_what_fits_and_belongs_together_is_in_one_chunk(boundaries: str) -> None:
    for name, block in WHOLE.items():
        text = f"{BEFORE}{block}\nAfter that more words, of which there are enough to fill another chunk.\n"
        for cap in range(size_of(block) + 1, size_of(BEFORE + block) + 3, 5):
            options = ChunkOptions(max_tokens=max(cap, 16), min_tokens=0, boundaries=boundaries)
            chunks = chunk_text(text, language="Markdown", options=options)
            data = text.encode()
            found = [data[start:end].decode() for start, end in zip(chunks.starts, chunks.ends, strict=True)]
            assert any(block.strip() in chunk for chunk in found), (name, cap, found)


def test_a_label_begins_the_section_of_its_heading() -> None:
    text = f"{BEFORE}(label)=\n## Heading\n\nSome words.\n"
    assert first_lines(cut(text, "Markdown", 24))[1:] == ["(label)="]
    assert kinds(text, "Markdown", 24) == ["file", "section"]
    options = ChunkOptions(max_tokens=24, min_tokens=0)
    assert chunk_text(text, language="Markdown", options=options).symbols == ["Title", "Title > Heading"]


def test_a_long_list_is_cut_between_items_and_a_long_table_between_rows() -> None:
    items = "".join(f"- item {number}\n\n  and more of it\n" for number in range(20))
    assert {line[:6] for line in first_lines(cut(items, "Markdown", 40))} == {"- item"}
    rows = "".join(f"| {number} | x |\n" for number in range(40))
    chunks = cut(f"Words.\n\n| a | b |\n|---|---|\n{rows}", "Markdown", 60)
    assert all(line.startswith("| ") for line in first_lines(chunks[1:]))


@pytest.mark.parametrize(
    "text",
    [
        ">" * 100_000,
        "> " * 50 + "\n" + ">" * 5000 + "\n" + "> a\n" * 500,
        "- " * 50_000,
        "- ```x\n" * 2000,
        "".join(" " * (i % 200) + "- x\n" for i in range(2000)),
        "`" * 100_000 + "\n" + "```\n" * 501,
        "| a |\n| -" + " " * 9000 + "x\n",
    ],
    ids=lambda text: repr(text[:8]),
)
def test_texts_of_nothing_but_marks_are_taken(text: str) -> None:
    chunks = chunk_text(text, language="Markdown", options=ChunkOptions(max_tokens=64))
    assert chunks.ends[-1] == len(text)
