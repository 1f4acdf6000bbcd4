"""AsciiDoc and Org are cut at headings, which are symbols and contexts; blocks between marks stay whole and unread."""

from __future__ import annotations

import numpy as np
import pytest

from exosuit_cli.chunk import Boundary, Chunk, ChunkOptions
from exosuit_cli.chunk.api import chunk_named
from exosuit_cli.kernels.cpu import CpuKernels
from exosuit_cli.model.slab import Slab
from exosuit_cli.structure.code.strength import line_strengths

WORDS = "Some words of a paragraph, which take up room.\nMore of them, to fill the line.\n\n"
ASCIIDOC = (
    f"= The Title\nAn Author\n\n{WORDS}[[first]]\n== First part ==\n\n{WORDS}[source]\n.Caption\n----\n== none\n----\n"
    f"\n=== Inner part\n\n{WORDS}Old title\n---------\n\n{WORDS}"
)
ORG = (
    f"#+TITLE: x\n{WORDS}* TODO [#A] First :tag:\n:PROPERTIES:\n:ID: 1\n:END:\n{WORDS}** Inner part\n"
    f"#+BEGIN_SRC c\n,* none\n#+END_SRC\n{WORDS}* Second\n{WORDS}"
)


def records(text: str, path: str, cap: int) -> list[Chunk]:
    options = ChunkOptions(max_tokens=cap, min_tokens=0, context=True)
    language, data, chunks = chunk_named(text.encode(), path.encode(), options)
    return list(chunks.records(data, path=path, language=language))


def sections(text: str, language: str) -> list[int]:
    """The lines that begin a section, from 1."""
    data = np.frombuffer(text.encode(), np.uint8)
    slab = Slab(data, np.array([0]), np.array([len(data)]))
    kinds = line_strengths(slab, CpuKernels("blake3").lines(slab), [language]).kinds
    return (np.flatnonzero(kinds == Boundary.SECTION) + 1).tolist()


def test_headings_of_asciidoc_are_symbols_and_contexts() -> None:
    found = records(ASCIIDOC, "a.adoc", 56)
    rows = ASCIIDOC.split("\n")
    assert [(rows[each.start_line - 1], each.symbol, each.context) for each in found] == [
        ("= The Title", "The Title", "a.adoc\n"),
        ("[[first]]", "The Title > First part", "a.adoc\n= The Title\n"),
        ("=== Inner part", "The Title > First part > Inner part", "a.adoc\n= The Title\n== First part ==\n"),
        ("Old title", "The Title > Old title", "a.adoc\n= The Title\n"),
    ]


def test_headings_of_org_are_symbols_and_contexts() -> None:
    found = records(ORG, "a.org", 64)
    rows = ORG.split("\n")
    assert [(rows[each.start_line - 1], each.symbol) for each in found] == [
        ("#+TITLE: x", None),
        ("* TODO [#A] First :tag:", "First"),
        ("** Inner part", "First > Inner part"),
        ("* Second", "Second"),
    ]
    assert found[2].context == "a.org\n* TODO [#A] First :tag:\n"


@pytest.mark.parametrize("mark", ["----", "....", "++++", "////", "====", "****", "____", "--", "|===", "```"])
def test_what_looks_like_a_title_within_a_block_is_none(mark: str) -> None:
    assert sections(f"== a\n\n{mark}\n== b\n\ntext\n----------\n{mark}\n\n== c\n", "AsciiDoc") == [1, 10]


@pytest.mark.parametrize(
    ("text", "language", "expected"),
    [
        ("a\n=\n\nTwo words\n~~~~~~~~~\n\nsome text\n----\nx\n----\n", "AsciiDoc", [4]),
        ("== a\n=== b\ntext\n==c\n## d\n", "AsciiDoc", [1, 2, 5]),
        ("----\n== a\n", "AsciiDoc", []),
        ("====\n== a\n", "AsciiDoc", []),
        ("* a\n * b\n**c**\n#+begin_src\n* d\n#+end_src\n*** e\n", "Org", [1, 5, 7]),
        ("", "Org", []),
        ("*", "Org", []),
    ],
)
def test_sections(text: str, language: str, expected: list[int]) -> None:
    assert sections(text, language) == expected


@pytest.mark.parametrize(("text", "path"), [(ASCIIDOC, "a.adoc"), (ORG, "a.org")])
def test_no_chunk_ends_with_a_heading_or_with_a_caption(text: str, path: str) -> None:
    for cap in range(32, 90, 7):
        chunks = records(text * 3, path, cap)
        assert "".join(each.text.removeprefix(each.context or "") for each in chunks) == text * 3
        for each in chunks:
            last = each.text.rstrip().split("\n")[-1]
            assert not last.startswith(("=", "* ", "** ", "[", ".C")), (cap, each)
