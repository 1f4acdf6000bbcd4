"""What is promised of the chunks of every text, on generated and on real ones, with tiktoken as the oracle."""

from __future__ import annotations

import os
import random
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from exosuit_cli.chunk import Boundary, Chunk, ChunkOptions
from exosuit_cli.chunk.chunker import _safe_lines
from exosuit_cli.kernels import CpuKernels
from exosuit_cli.languages import LANGUAGES as ALL_LANGUAGES
from exosuit_cli.languages import claim_of_name, language_of
from exosuit_cli.model.slab import Slab

from .checks import check_chunks, parts, plain, spans
from .programs import python_module
from .texts import GIANT_LINES, LANGUAGES, contents, program, texts

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from exosuit_cli.chunk.chunker import Chunker

    MakeChunker = Callable[[ChunkOptions], Chunker]
    Oracles = dict[str, Callable[[bytes], int]]

ENCODINGS = ["o200k_base", "cl100k_base"]


@st.composite
def some_options(draw: st.DrawFn, *, overlap: bool = False) -> ChunkOptions:
    cap = draw(st.sampled_from([16, 17, 24, 50, 128, 512]))
    return ChunkOptions(
        max_tokens=cap,
        min_tokens=draw(st.sampled_from([0, 1, cap // 8, cap // 2, cap - 1])),
        max_chars=draw(st.sampled_from([0, 0, 0, 16, 30, 100, 1000])),
        overlap=draw(st.sampled_from([1, 5, cap // 4, cap - 1])) if overlap else 0,
        boundaries=draw(st.sampled_from(["structure", "structure", "lines", "ast"])),
        encoding=draw(st.sampled_from(ENCODINGS)),
    )


def slab_of(files: list[bytes]) -> Slab:
    lengths = np.array([len(file) for file in files], np.int64)
    return Slab(np.frombuffer(b"".join(files), np.uint8), np.cumsum(lengths, dtype=np.int64) - lengths, lengths)


# Blanks before a line that is too long: a piece of both begins with the line.
@example(data=b"  \t \n" + b")]}>,;" * 9 + b"\n", language="", options=ChunkOptions(max_tokens=16, min_tokens=8))
@given(data=contents, language=st.sampled_from(LANGUAGES), options=some_options())
@settings(deadline=None, max_examples=300)
def test_any_text(chunker_of: MakeChunker, oracles: Oracles, data: bytes, language: str, options: ChunkOptions) -> None:
    count = oracles[options.encoding]
    chunks = chunker_of(options).chunk_bytes(data, language)
    check_chunks(data, chunks, options, count)
    assert b"".join(parts(chunks, data)) == data
    assert chunks.text_is_exact
    assert chunks.text_tokens == count(data)


@given(data=contents, language=st.sampled_from(LANGUAGES), options=some_options(overlap=True))
@settings(deadline=None, max_examples=200)
def test_any_text_with_overlap(
    chunker_of: MakeChunker, oracles: Oracles, data: bytes, language: str, options: ChunkOptions
) -> None:
    check_chunks(data, chunker_of(options).chunk_bytes(data, language), options, oracles[options.encoding])


@given(
    files=st.lists(st.tuples(contents, st.sampled_from(LANGUAGES)), max_size=6),
    rng=st.randoms(use_true_random=False),
    options=st.one_of(some_options(), some_options(overlap=True)),
)
@settings(deadline=None, max_examples=150)
def test_neighbours_in_a_slab_change_nothing(
    chunker_of: MakeChunker, files: list[tuple[bytes, str]], rng: random.Random, options: ChunkOptions
) -> None:
    chunker = chunker_of(options)
    alone = {}
    for data, language in files:
        (chunks,) = chunker.chunk_slab(slab_of([data]), [language])
        alone[data, language] = plain(chunks)
    for _ in range(2):
        layout = [*files, *rng.choices(files, k=2)] if files else []
        rng.shuffle(layout)
        found = chunker.chunk_slab(slab_of([data for data, _ in layout]), [language for _, language in layout])
        assert [plain(chunks) for chunks in found] == [alone[file] for file in layout]


@pytest.mark.parametrize(
    "behind", [b"", b" x\n", b"late <T>\n", b"lse\n", b"x", b"\n", b"`", b"=" * 20, b"_"], ids=repr
)
@pytest.mark.parametrize(
    ("tail", "language"),
    [
        ("#", "Markdown"),
        ("##", "Markdown"),
        ("``", "Markdown"),
        ("\nTitle\n==", "Markdown"),
        ("\nTitle\n==", "reStructuredText"),
        ("temp", "C++"),
        ("end", "Ruby"),
        ("  fi", "Shell"),
        ("#e", "C"),
        ("/", "C"),
        ("", "C"),
        ("    ", "Python"),
    ],
)
def test_the_bytes_behind_a_text_are_none_of_its_own(
    chunker_of: MakeChunker, tail: str, language: str, behind: bytes
) -> None:
    """The last line of a text is judged by what it has, in the middle of a slab too."""
    data = b"text\n" + b"  word of words\n" * 4 + tail.encode()
    for cap in range(16, 27):  # with some of these a chunk can begin at the tail
        chunker = chunker_of(ChunkOptions(max_tokens=cap, min_tokens=0))
        (alone,) = chunker.chunk_slab(slab_of([data]), [language])
        found, _ = chunker.chunk_slab(slab_of([data, behind]), [language, "C"])
        assert plain(found) == plain(alone)


@pytest.mark.parametrize(
    "behind", [b"", b"    deep\n" * 40, b"\n" * 40, b"top\n" * 40], ids=["", "deep", "blank", "top"]
)
@pytest.mark.parametrize("body", range(6, 14))
def test_a_definition_is_measured_up_to_its_own_end(chunker_of: MakeChunker, body: int, behind: bytes) -> None:
    """A comment and a function that do not fit together, at the end of a text: it ends there, whatever comes behind."""
    data = b"import os\n\n\n# a comment of several words\n# and a second line of it\ndef function(a):\n"
    data += b"    value = compute(a)\n" * body
    chunker = chunker_of(ChunkOptions(max_tokens=64, min_tokens=8))
    (alone,) = chunker.chunk_slab(slab_of([data]), ["Python"])
    found, _ = chunker.chunk_slab(slab_of([data, behind]), ["Python", "Python"])
    assert plain(found) == plain(alone)


@pytest.mark.parametrize("before", [b"    x\n", b"  x", b"{[(\n", b"```\n", b"# a\n", b"a,\n", b"=====\n"], ids=repr)
@pytest.mark.parametrize("head", ["end", "else", "}", "fi x", "#endif", "```", "=====", "- a"])
def test_the_bytes_before_a_text_are_none_of_its_own(chunker_of: MakeChunker, head: str, before: bytes) -> None:
    data = head.encode() + b"\nword of words\n" + b"  word of words\n" * 9
    for language in ("Ruby", "C", "Markdown", "reStructuredText"):
        for cap in (16, 21, 30):
            chunker = chunker_of(ChunkOptions(max_tokens=cap, min_tokens=8))
            (alone,) = chunker.chunk_slab(slab_of([data]), [language])
            _, found = chunker.chunk_slab(slab_of([before, data]), [language, language])
            assert plain(found) == plain(alone)


_white = st.sampled_from(
    ["\n", "\n", "\r\n", "\r", " ", "\t", "\f", "\x0b", "\x85", "\xa0", "\u2003", "\u3000", "\u1680", "\u2028"]
)
_ink = st.sampled_from(["/", "//", "x", "1", ".", "}", ";", "'", "\x1c", "\u200b", "é", "漢", "/*"])
_spaced = st.lists(st.one_of(_white, _white, _ink, st.just("\n\u3000\n"), st.just("\n/")), max_size=30).map("".join)


@given(first=_spaced, second=texts, encoding=st.sampled_from(ENCODINGS))
@example(first="\n\n\u3000\nx", second="", encoding="o200k_base")  # one token across the second newline
@example(first="x\n/\n", second="\n\n\u3000\n", encoding="o200k_base")
@settings(deadline=None, max_examples=200)
def test_counts_add_up_at_the_lines_that_are_said_to_be_safe(
    chunker_of: MakeChunker, oracles: Oracles, first: str, second: str, encoding: str
) -> None:
    """The sums before safe lines are exact; those of the others need not be."""
    count = oracles[encoding]
    files = [first.encode(), second[:200].encode()]
    slab = slab_of(files)
    lines = CpuKernels("blake3").lines(slab)
    prefix, totals = chunker_of(ChunkOptions(encoding=encoding))._tokens.before(slab, lines, None)
    is_safe = _safe_lines(lines)
    assert totals == [count(data) for data in files]
    before = 0
    for data, offset, (begin, end) in zip(files, slab.offsets.tolist(), pairwise(lines.files.tolist()), strict=True):
        for line in range(begin, end):
            cut = int(lines.starts[line]) - offset
            if is_safe[line]:
                assert prefix[line] == before + count(data[:cut])
                assert count(data[:cut]) + count(data[cut:]) == count(data)
        before += count(data)
    assert prefix[-1] == before
    assert is_safe[-1]


@pytest.mark.parametrize("encoding", ENCODINGS)
@pytest.mark.parametrize("name", GIANT_LINES)
def test_giant_lines(chunker_of: MakeChunker, oracles: Oracles, name: str, encoding: str) -> None:
    line = GIANT_LINES[name]
    count = oracles[encoding]
    for data in (line, b"before\n" + line + b"\nafter\n", b"x = 1\r\n  " + line + b"\r\n/"):
        for changes in ({"max_tokens": 64}, {"max_tokens": 300, "max_chars": 257}, {"max_tokens": 200, "overlap": 150}):
            options = ChunkOptions(min_tokens=0, encoding=encoding, **changes)
            check_chunks(data, chunker_of(options).chunk_bytes(data, ""), options, count)


@given(data=texts.map(str.encode), options=some_options())
@settings(deadline=None, max_examples=100)
def test_chunks_of_a_tail_are_those_of_the_whole(chunker_of: MakeChunker, data: bytes, options: ChunkOptions) -> None:
    """A choice depends on nothing before the chunk: the rest of a text cut off at a chunk is cut as it was.

    Where the looks of lines are judged by those before, as by indentation, only by lines do all texts comply.
    """
    chunker = chunker_of(ChunkOptions(max_tokens=options.max_tokens, min_tokens=0, boundaries="lines"))
    chunks = chunker.chunk_bytes(data, "")
    for position, (start, _) in enumerate(spans(chunks)):
        if chunks.boundaries[position] == Boundary.FORCED or data[start : start + 1] not in (b"x", b"d", b"w", b"}"):
            continue
        tail = chunker.chunk_bytes(data[start:], "")
        assert [bytes(own) for own in tail.ids] == [bytes(own) for own in chunks.ids[position:]]


# Real files


@pytest.fixture(scope="module")
def real_files(project: Path) -> list[tuple[str, bytes]]:
    """Forty files of this project, and eighty modules like those that people write."""
    folders = ("exosuit_cli", "tests", "scripts", "config")
    own = sorted(
        path
        for folder in folders
        for path in (project / folder).rglob("*")
        if path.suffix in (".py", ".md", ".toml", ".json") and path.is_file()
    )
    chosen = random.Random(6).sample([*own, project / "README.md", project / "pyproject.toml"], 40)
    files = [(path.name, path.read_bytes()[:60_000]) for path in chosen]
    files += [(f"module_{seed}.py", python_module(seed)) for seed in range(1000, 1080)]
    assert sum(len(data) for _, data in files) > 500_000
    return files


REAL_OPTIONS: list[dict[str, Any]] = [
    {},
    {"boundaries": "ast"},
    {"boundaries": "lines"},
    {"max_tokens": 100, "min_tokens": 12, "overlap": 20},
    {"max_tokens": 2000, "max_chars": 1500, "overlap": 300},
    {"boundaries": "ast", "encoding": "cl100k_base", "overlap": 64},
]


@pytest.mark.parametrize("changes", REAL_OPTIONS, ids=lambda changes: " ".join(map(str, changes.values())) or "default")
def test_real_files(
    chunker_of: MakeChunker, oracles: Oracles, real_files: list[tuple[str, bytes]], changes: dict[str, Any]
) -> None:
    options = ChunkOptions(**changes)
    count = oracles[options.encoding]
    chunker = chunker_of(options)
    languages = [
        ALL_LANGUAGES[language_of(claim_of_name(os.fsencode(name)), data[:8192], is_whole=len(data) < 8192)]
        for name, data in real_files
    ]
    found = chunker.chunk_slab(slab_of([data for _, data in real_files]), languages)
    for (name, data), language, chunks in zip(real_files, languages, found, strict=True):
        check_chunks(data, chunks, options, count)
        assert chunks.text_tokens == count(data), name
        assert (chunks.fallback is None) or options.boundaries == "ast"
        assert plain(chunker.chunk_bytes(data, language)) | {"fallback": None} == plain(chunks) | {"fallback": None}, (
            name
        )


@pytest.mark.parametrize("cap", [64, 200])
def test_lines_alone_fill_every_chunk(chunker_of: MakeChunker, oracles: Oracles, cap: int) -> None:
    """With `lines`, one more line would not fit: the shortest greedy loop gives the same chunks."""
    data = program(60)
    count = oracles["o200k_base"]
    chunks = chunker_of(ChunkOptions(max_tokens=cap, min_tokens=0, boundaries="lines")).chunk_bytes(data, "Python")
    assert len(chunks) > 10
    for (start, end), (_, following) in pairwise(spans(chunks)):
        assert following > end
        more = data.index(b"\n", end) + 1
        while data[more : more + 1] in (b"\n", b" "):  # the count of a chunk that ends in blank lines is its own
            more = data.index(b"\n", more) + 1
        assert count(data[start:more]) > cap
    assert set(chunks.boundaries.tolist()) == {Boundary.FILE, Boundary.LINE}


def test_a_chunk_as_a_record(chunker_of: MakeChunker) -> None:
    data = b"\xffone two\nthree\n" * 20
    chunks = chunker_of(ChunkOptions(max_tokens=16, min_tokens=0)).chunk_bytes(data, "")
    records = list(chunks.records(data, path="a/b", language="C"))
    assert len(records) == len(chunks) > 3
    assert records[1] == Chunk(
        id=bytes(chunks.ids[1]).hex(),
        path="a/b",
        start_byte=records[0].end_byte,
        end_byte=int(chunks.ends[1]),
        start_line=records[0].end_line + 1,
        end_line=int(chunks.end_lines[1]),
        tokens=int(chunks.tokens[1]),
        language="C",
        boundary=Boundary(chunks.boundaries[1]).label,
        symbol=None,
        symbols=(),
        guessed=True,
        flags=(),
        previous=records[0].id,
        next=records[2].id,
        text=data[records[0].end_byte : records[1].end_byte].decode("utf-8", "replace"),
    )
    assert records[0].boundary == "file"
    assert "\ufffd" in records[0].text
