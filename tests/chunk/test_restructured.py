"""reStructuredText is cut by its blocks; its titles and their levels are those of docutils."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING

import numpy as np
import pytest
from docutils import nodes
from docutils.core import publish_doctree
from hypothesis import assume, given
from hypothesis import strategies as st

from exosuit_cli.chunk import Boundary, ChunkOptions, chunk_text
from exosuit_cli.kernels import CpuKernels
from exosuit_cli.model.slab import Slab
from exosuit_cli.structure.code.strength import line_strengths
from exosuit_cli.structure.documents.prose_costs import heading_level
from exosuit_cli.structure.documents.prose_lines import document_lines
from exosuit_cli.structure.documents.restructured import TAB, restructured_costs

from .test_markdown import size_of
from .test_structure import cut, first_lines

if TYPE_CHECKING:
    from collections.abc import Sequence

SETTINGS = {
    **dict.fromkeys(("report_level", "halt_level"), 5),
    **dict.fromkeys(("file_insertion_enabled", "raw_enabled", "doctitle_xform", "docinfo_xform"), False),
    **dict.fromkeys(("sectsubtitle_xform", "_disable_config"), False),
}
BLOCKS = st.sampled_from(
    [
        "Alpha\n=====\n",
        "Beta\n----\n",
        "=======\n Gamma\n=======\n",
        "Delta of more words\n~~~~~~~~~~~~~~~~~~~\n",
        "Some words.\n",
        "Words follow::\n\n  no title\n  ========\n",
        ".. note::\n\n   Some words.\n\n   - an item\n",
        ".. code-block:: rst\n   :linenos:\n\n   no title\n   --------\n",
        ".. _label:\n",
        ".. A remark\n   of two lines\n",
        "- an item\n\n  of two parts\n- another\n",
        ":field: with a text\n:other: one\n",
        "==== ====\nA    B\n==== ====\none  two\n\nmore words\n==== ====\n",
        "+---+---+\n| a | b |\n+===+===+\n| c | d |\n+---+---+\n",
    ]
)


def titles(text: str) -> list[tuple[int, str]]:
    """The levels and the texts of the titles, as docutils has them."""
    found: list[tuple[int, str]] = []
    settings = {**SETTINGS, "warning_stream": io.StringIO()}
    pending: list[tuple[int, nodes.Element]] = [(0, publish_doctree(text, settings_overrides=settings))]
    while pending:
        level, node = pending.pop()
        sections = [child for child in node.children if isinstance(child, nodes.section)]
        if isinstance(node, nodes.section):
            found.append((level - 1, node[0].astext()))
        pending += [(level + 1, child) for child in reversed(sections)]
    return found


def found_in(text: str) -> list[tuple[int, str]]:
    data = text.encode()
    slab = Slab(np.frombuffer(data, np.uint8), np.zeros(1, np.int64), np.array([len(data)]))
    lines = CpuKernels("blake3").lines(slab)
    costs, kinds = restructured_costs(document_lines(slab, lines, np.zeros(1, np.int64), TAB))
    split = text.split("\n")
    found = []
    for line in (place for place, kind in enumerate(kinds.tolist()) if kind == Boundary.SECTION):
        own = next(row for row in split[line:] if row.strip(" =-~") and not row.startswith(".. "))
        found.append((heading_level(int(costs[line])), own.strip()))
    return found


@given(st.lists(BLOCKS, min_size=1, max_size=10))
def test_titles_are_those_of_docutils(blocks: Sequence[str]) -> None:
    text = "\n".join(blocks)
    expected = titles(text)
    # A style that skips a level is an error, and its title is none of the tree.
    assume(len(expected) == sum(block.endswith(("=\n", "-\n", "~\n")) and block[0] in "ABGD=" for block in blocks))
    assert found_in(text) == expected


BEFORE = "Title\n=====\n\nSome words of a paragraph, which are of no further interest to anyone.\n\n"
WHOLE = {
    "a title and what follows": "Heading\n-------\n\nwords\n",
    "a title without a blank line": "Heading\n-------\nwords\n",
    "an overlined title": "-------\nHeading\n-------\n\nwords\n",
    "a label and a title": ".. _label:\n\nHeading\n-------\n\nwords\n",
    "titles after each other": "Heading\n-------\n\nOther\n~~~~~\n\nwords\n",
    "a literal block": "Do this::\n\n  one\n\n  two\n\n    three\n",
    "a directive": ".. note::\n   :class: x\n\n   Some words.\n",
    "code": ".. code-block:: sh\n\n   one\n\n   two\n",
    "a simple table": "==== ====\nA    B\n==== ====\none  two\n\nmore words\n==== ====\n",
    "a table with tabs": "====\t====\nA\tB\n====\t====\none\ttwo\n====\t====\n",
    "a table with lines": "+---+---+\n| a | b |\n+===+===+\n| c | d |\n+---+---+\n",
    "a table with its caption": ".. table:: All\n\n   === ===\n   A   B\n   === ===\n   one two\n   === ===\n",
    "an introduced list": "There are these:\n\n- one\n- two\n- three\n",
}


@pytest.mark.parametrize("name", WHOLE)
def test_what_fits_and_belongs_together_is_in_one_chunk(name: str) -> None:
    block = WHOLE[name]
    text = f"{BEFORE}{block}\nAfter that more words, of which there are enough to fill another chunk.\n"
    for cap in range(max(size_of(block) + 1, 24), size_of(BEFORE + block) + 3, 5):
        chunks = cut(text, "reStructuredText", cap)
        assert any(block.strip() in chunk for chunk in chunks), (cap, chunks)


def test_a_label_begins_the_section_of_its_title() -> None:
    text = f"{BEFORE}.. _label:\n\nHeading\n-------\n\nSome words.\n"
    options = ChunkOptions(max_tokens=26, min_tokens=0)
    assert first_lines(cut(text, "reStructuredText", 26))[1:] == [".. _label:"]
    assert chunk_text(text, language="reStructuredText", options=options).symbols == ["Title", "Title > Heading"]


def test_a_long_directive_is_cut_between_its_blocks_and_a_long_table_between_rows() -> None:
    body = "".join(f"   Paragraph {number} of\n   some words.\n\n" for number in range(20))
    chunks = cut(f".. note::\n\n{body}", "reStructuredText", 40)
    assert all(line.startswith("   Paragraph") for line in first_lines(chunks[1:]))
    rows = "".join(f"| {number:<3} | x |\n|     | y |\n+-----+---+\n" for number in range(20))
    chunks = cut(f"+-----+---+\n| a   | b |\n+=====+===+\n{rows}", "reStructuredText", 60)
    assert all(line[2].isdigit() for line in first_lines(chunks[1:]))


def test_each_text_of_a_slab_is_judged_alone_also_with_lines_of_a_form_feed() -> None:
    texts = [b"Words:\n", b"\x0c\n\n  Quoted\n", b"\n\ta\n  \tb::\n\n\t\tc\n", b"a:\n\n- b\n\x0c\n\n.. x"]
    sizes = np.array([len(text) for text in texts])
    data = np.frombuffer(b"".join(texts), np.uint8)
    together = Slab(data, np.cumsum(sizes) - sizes, sizes)
    kernels, language = CpuKernels("blake3"), "reStructuredText"
    costs = line_strengths(together, kernels.lines(together), [language] * len(texts)).costs.tolist()
    alone: list[int] = []
    for text in texts:
        slab = Slab(np.frombuffer(text, np.uint8), np.zeros(1, np.int64), np.array([len(text)]))
        alone += line_strengths(slab, kernels.lines(slab), [language]).costs.tolist()
    assert costs == alone
