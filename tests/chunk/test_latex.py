r"""LaTeX is cut at its headings and environments: `\section` and the like are symbols and contexts."""

from __future__ import annotations

import pytest

from exosuit_cli.chunk import Chunk, ChunkOptions
from exosuit_cli.chunk.api import chunk_named
from exosuit_cli.structure.documents.marked_headings import marked_heading

from .test_structure import cut

WORDS = "Some words of a paragraph, which take up room.\nMore of them, to fill the line.\n\n"
TEXT = (
    "\\documentclass{book}\n\\newcommand{\\x}{y}\n\\begin{document}\n\n"
    f"\\part{{One}}\n\\chapter{{Two}}\n\\label{{two}}\n\n{WORDS}{WORDS}"
    f"% A remark\n\\section[Short]{{Three of\n  \\emph{{several}} words}}\n\\label{{three}}\n\n{WORDS}{WORDS}"
    f"\\begin{{verbatim}}\n\\section{{None}}\n% \\end{{x}}\n\\end{{verbatim}}\n\n{WORDS}"
    f"\\subsection*{{Four}}\n{WORDS}{WORDS}\\subsubsection{{Five}}\n\\paragraph{{Six}} Words.\n{WORDS}"
    f"% \\section{{no heading}}\n\\verb|%| \\sectionNotes\n\n\\section{{Seven}}\n{WORDS}\\end{{document}}\n"
)


def records(text: str, **options: object) -> list[Chunk]:
    chosen = ChunkOptions(min_tokens=0, context=True, **options)  # type: ignore[arg-type]
    language, data, chunks = chunk_named(text.encode(), b"a.tex", chosen)
    assert language == "TeX"
    return list(chunks.records(data, path="a.tex", language=language))


@pytest.mark.parametrize("boundaries", ["structure", "ast"])
def test_headings_are_symbols_with_their_levels(boundaries: str) -> None:
    found = [symbol for each in records(TEXT, max_tokens=96, boundaries=boundaries) for symbol in each.symbols]
    assert [(symbol.name, symbol.kind.label, symbol.line) for symbol in found] == [
        ("One", "section", 5),
        ("One > Two", "section", 6),
        ("One > Two > Three of several words", "section", 16),
        ("One > Two > Three of several words > Four", "section", 34),
        ("One > Two > Three of several words > Four > Five", "section", 41),
        ("One > Two > Three of several words > Four > Five > Six", "section", 42),
        ("One > Two > Seven", "section", 49),
    ]


def test_a_heading_begins_a_chunk_with_its_remark_and_label() -> None:
    found = records(TEXT, max_tokens=120)
    first = {each.text.removeprefix(each.context or "").split("\n")[0]: each for each in found}
    three = first["% A remark"]
    assert (three.symbol, three.context) == (
        "One > Two > Three of several words",
        "a.tex\n\\part{One}\n\\chapter{Two}\n",
    )
    assert "\\label{three}\n\nSome words" in three.text
    for cap in range(40, 130, 6):
        for chunk in cut(TEXT, "TeX", cap):
            last = chunk.rstrip().splitlines()[-1]
            assert not last.startswith(("\\section", "\\subs", "\\chap", "\\part{", "\\label")), (cap, chunk)


def test_an_environment_that_fits_is_whole() -> None:
    theorem = (
        "\\begin{theorem}\n  Words of it.\n  \\begin{equation*}\n    a = b\n  \\end{equation*}\n  More.\n"
        "\\end{theorem}\n"
    )
    for block in (theorem, "\\begin{verbatim}\n\n% \\begin{x}\n\n  words\n\\end{verbatim}\n"):
        text = f"\\section{{A}}\n{WORDS}{WORDS}{block}\n{WORDS}"
        for cap in range(64, 110, 5):
            assert any(block.strip() in chunk for chunk in cut(text, "TeX", cap)), (cap, block)


def test_a_package_is_cut_as_code() -> None:
    text = "\\ProvidesPackage{x}\n\\newcommand{\\a}[1]{%\n  \\section{#1}%\n}\n"
    (found,) = records(text, max_tokens=96)
    assert (found.symbol, found.symbols) == (None, ())


@pytest.mark.parametrize(
    ("text", "found"),
    [
        (b"\\section{A {nested} text}\n", ("A nested text", 2)),
        (b"\\section{\\texorpdfstring{$\\Sigma$}{S}-types}", ("S-types", 2)),
        (b"\\paragraph{R\\&D at 5\\%}\\label{x}", ("R&D at 5%", 5)),
        (b"\\section{A\\label{a} text~of \\textbf{mine}}", ("A text of mine", 2)),
        (b"\\section{never closed\nwords", ("never closed", 2)),
        (b"\\sectionmark{x}", None),
        (b"# Title", None),
    ],
)
def test_the_text_of_a_heading(text: bytes, found: tuple[str, int] | None) -> None:
    assert marked_heading(text) == found


@pytest.mark.parametrize(
    "text",
    ["\\end{a}" * 300, "\\begin{verbatim}\n" * 300, "\\section{" * 300, "\\begin{a}\n" * 300 + "\\end{b}", "%" * 300,
     "\\section", "\\section{", "\\section{a}\n\\verb|", "\\section{a}\n\\begin{lstlisting}", "\\section{\xff\\"],
)  # fmt: skip
def test_any_text_is_cut(text: str) -> None:
    assert "".join(cut(text, "TeX", 32)) == text
