"""Chunks for programs: texts in memory, files, and texts longer than a segment."""

from __future__ import annotations

import io
import os
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import pytest

import exosuit_cli.chunk
from exosuit_cli.chunk import Boundary, ChunkOptions, chunk_file, chunk_text
from exosuit_cli.chunk import options as limits
from exosuit_cli.chunk.options import SEGMENT_BYTES
from exosuit_cli.model.errors import UsageError

from .checks import check_chunks, parts, plain
from .texts import program

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from exosuit_cli.chunk.chunker import Chunker

    MakeChunker = Callable[[ChunkOptions], Chunker]
    Oracles = dict[str, Callable[[bytes], int]]

SMALL = ChunkOptions(max_tokens=40, min_tokens=5)


def test_a_string_is_cut_as_its_utf_8() -> None:
    text = "def f():\n    return 'é漢'\n\n\n" * 10
    assert plain(chunk_text(text, options=SMALL)) == plain(chunk_text(text.encode(), options=SMALL))
    assert len(chunk_text("\udc80 a lone surrogate")) == 1


def test_no_text_has_no_chunks() -> None:
    for text in ("", b""):
        chunks = chunk_text(text)
        assert (len(chunks), chunks.size, chunks.text_tokens, list(chunks.records(b""))) == (0, 0, 0, [])
        assert chunks.ids.shape == (0, 16)


def test_the_language_decides(oracles: Oracles) -> None:
    text = b"# One\n\n" + b"some words here\n" * 8 + b"\n# Two\n\n" + b"and some more\n" * 8
    markdown = chunk_text(text, language="Markdown", options=SMALL)
    unknown = chunk_text(text, options=SMALL)
    assert Boundary.SECTION in markdown.boundaries
    assert Boundary.SECTION not in unknown.boundaries
    for chunks in (markdown, unknown):
        check_chunks(text, chunks, SMALL, oracles["o200k_base"])


def test_a_language_that_nobody_knows_is_refused() -> None:
    with pytest.raises(UsageError, match=r"unknown language 'Pyton'; did you mean Python"):
        chunk_text("text\n", language="Pyton")
    with pytest.raises(UsageError, match=r"unknown language 'qqqq'; exosuit_cli.languages.LANGUAGES has them all"):
        chunk_text("text\n", language="qqqq")


def test_a_language_is_known_in_any_case() -> None:
    text = "def f():\n    return 1\n" * 60
    options = ChunkOptions(max_tokens=64, boundaries="ast")
    found = [chunk_text(text, language=name, options=options) for name in ("Python", "python")]
    assert found[0].symbols == found[1].symbols
    assert found[1].fallback is None


@pytest.mark.parametrize("change", [{"max_tokens": 100.5}, {"overlap": "1"}, {"min_tokens": None}, {"max_chars": True}])
def test_numbers_are_whole(change: dict[str, Any]) -> None:
    with pytest.raises(UsageError, match="a whole number"):
        ChunkOptions(**change)


def test_what_is_no_regular_file_is_refused_and_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.py")
    with pytest.raises(UsageError, match="no regular file"):
        chunk_file(tmp_path / "pipe.py")


def test_ast_tells_symbols_or_why_not() -> None:
    options = ChunkOptions(max_tokens=40, min_tokens=0, boundaries="ast")
    data = b"class A:\n    def f(self):\n        return 1\n\n    def g(self):\n" + b"        self.x = 22\n" * 8
    found = chunk_text(data, language="Python", options=options)
    assert found.fallback is None
    assert "A.g" in found.symbols
    assert [record.symbol for record in found.records(data)] == found.symbols
    other = chunk_text(data, language="COBOL", options=options)
    assert (other.fallback, other.is_guessed, other.symbol(0)) == ("no grammar", True, "A")
    broken = chunk_text(b"?? !! ((\n" * 40, language="Python", options=options)
    assert broken.fallback == "does not parse cleanly"


def test_an_unknown_encoding_is_refused_by_name() -> None:
    with pytest.raises(UsageError, match=r"'gpt2'.*o200k_base"):
        chunk_text("text", options=ChunkOptions(encoding="gpt2"))


def test_a_file_is_cut_by_its_name(tmp_path: Path) -> None:
    data = b"# One\n\n" + b"some words here\n" * 6 + b"\n# Two\n\n" + b"and some more\n" * 6
    (tmp_path / "a.md").write_bytes(data)
    records = chunk_file(tmp_path / "a.md", options=SMALL)
    assert "".join(record.text for record in records) == data.decode()
    assert {record.language for record in records} == {"Markdown"}
    assert {record.path for record in records} == {str(tmp_path / "a.md")}
    expected = chunk_text(data, language="Markdown", options=SMALL)
    assert [record.id for record in records] == [bytes(own).hex() for own in expected.ids]
    assert chunk_file(os.fspath(tmp_path / "a.md"), options=SMALL) == records


def test_a_file_without_a_telling_name_is_cut_by_its_first_line(tmp_path: Path) -> None:
    (tmp_path / "tool").write_bytes(b"#!/usr/bin/env python3\n" + program(3))
    (tmp_path / "nothing").write_bytes(program(3))
    assert chunk_file(tmp_path / "tool")[0].language == "Python"
    assert chunk_file(tmp_path / "nothing")[0].language is None


def test_what_is_no_text_is_refused(tmp_path: Path) -> None:
    (tmp_path / "a.py").write_bytes(b"a\0b")
    (tmp_path / "noise").write_bytes(bytes(range(128, 256)) * 9)
    for name in ("a.py", "noise"):
        with pytest.raises(UsageError, match=f"{name}.*binary"):
            chunk_file(tmp_path / name)
    with pytest.raises(FileNotFoundError):
        chunk_file(tmp_path / "missing")
    with pytest.raises(IsADirectoryError):
        chunk_file(tmp_path)


def test_the_public_names() -> None:
    for name in exosuit_cli.chunk.__all__:
        assert getattr(exosuit_cli.chunk, name).__name__ == name
    with pytest.raises(AttributeError, match="nothing_such"):
        _ = exosuit_cli.chunk.nothing_such


def test_names_are_imported_when_they_are_used() -> None:
    code = (
        "import sys, exosuit_cli.chunk; print([m for m in ('numpy', 'tree_sitter', 'gigatoken') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"


# Texts longer than a segment


def lines_text(count: int) -> bytes:
    return b"".join(b"value_%d = %d\n" % (number, number * 7919) for number in range(count))


SEGMENTED = {
    "lines": lines_text(300),
    "CRLF": lines_text(300).replace(b"\n", b"\r\n"),
    "definitions": program(30),
    "without a newline": b"word " * 2000,
    "nowhere to cut": "漢".encode() * 3000,
    "letters": b"a" * 9000,
    "CRLF alone": b"\r\n" * 3001,
    "CRLF alone, off by one": b"x" + b"\r\n" * 3001,
    "lone CR": b"\r" * 5000,
    "slashes at every line": b"/ x\n" * 2000,
    "blank lines": b"\n" * 5000,
    "no-break spaces": "\u00a0".encode() * 3000,
    "undecodable": b"\x80\xff" * 3000,
    "closing words": b"  a = 1\nelse\n" * 600,
}


@pytest.mark.parametrize("segment_bytes", [512, 1000, 1537])
@pytest.mark.parametrize("name", SEGMENTED)
def test_segments_keep_every_promise(
    chunker_of: MakeChunker, oracles: Oracles, monkeypatch: pytest.MonkeyPatch, name: str, segment_bytes: int
) -> None:
    monkeypatch.setattr(limits, "SEGMENT_BYTES", segment_bytes)
    data = SEGMENTED[name]
    for options in (SMALL, ChunkOptions(max_tokens=200, min_tokens=10, max_chars=300, overlap=30)):
        chunks = chunker_of(options).chunk_bytes(data, "")
        check_chunks(data, chunks, options, oracles["o200k_base"])
        total = oracles["o200k_base"](data)
        assert chunks.text_tokens == total if chunks.text_is_exact else chunks.text_tokens >= total
        if not options.overlap:
            assert b"".join(parts(chunks, data)) == data


def test_segments_end_where_counts_add_up(chunker_of: MakeChunker, monkeypatch: pytest.MonkeyPatch) -> None:
    """Only where there is no such place is the count of the whole a guess, and then it says so."""
    monkeypatch.setattr(limits, "SEGMENT_BYTES", 700)
    exact = {name: chunker_of(SMALL).chunk_bytes(data, "").text_is_exact for name, data in SEGMENTED.items()}
    guessed = {name for name, is_exact in exact.items() if not is_exact}
    assert {"nowhere to cut", "letters", "lone CR", "blank lines"} <= guessed
    assert guessed.isdisjoint({"lines", "CRLF", "definitions", "without a newline", "closing words"})


@pytest.mark.parametrize("name", SEGMENTED)
def test_a_stream_is_cut_as_the_bytes(chunker_of: MakeChunker, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    monkeypatch.setattr(limits, "SEGMENT_BYTES", 1000)
    data = SEGMENTED[name]
    cutter = chunker_of(SMALL)
    whole = cutter.chunk_bytes(data, "Python")
    asked = []

    def read(size: int) -> bytes:
        asked.append(size)
        return file.read(size)

    file = io.BytesIO(data)
    segments = list(cutter.chunk_stream(read, "Python"))
    assert b"".join(segment for segment, _ in segments) == data
    assert len(segments) > 3
    assert max(asked) <= 1000
    assert max(len(segment) for segment, _ in segments) <= 1000
    offset = 0
    found: list[bytes] = []
    for segment, chunks in segments:
        assert chunks.starts[0] == offset
        assert chunks.ends[-1] == offset + len(segment)
        assert chunks.size == len(segment)
        found += [bytes(own) for own in chunks.ids]
        offset += len(segment)
    assert found == [bytes(own) for own in whole.ids]
    assert sum(chunks.text_tokens for _, chunks in segments) == whole.text_tokens


def test_a_text_that_just_fits_is_one_segment(chunker_of: MakeChunker, monkeypatch: pytest.MonkeyPatch) -> None:
    data = lines_text(50)
    whole = plain(chunker_of(SMALL).chunk_bytes(data, ""))
    monkeypatch.setattr(limits, "SEGMENT_BYTES", len(data) + 1)
    assert plain(chunker_of(SMALL).chunk_bytes(data, "")) == whole
    for size in (len(data), len(data) - 1):
        monkeypatch.setattr(limits, "SEGMENT_BYTES", size)
        found = chunker_of(SMALL).chunk_bytes(data, "")
        assert found.size == len(data)
        assert found.boundaries.tolist().count(Boundary.FILE) == 1


def test_a_real_text_of_nine_megabytes(chunker_of: MakeChunker, oracles: Oracles) -> None:
    part = program(2000)
    data = (part * ((9 << 20) // len(part) + 1))[: 9 << 20]
    assert len(data) > SEGMENT_BYTES
    options = ChunkOptions()
    chunks = chunker_of(options).chunk_bytes(data, "Python")
    spans = parts(chunks, data)
    assert b"".join(spans) == data
    assert int(chunks.tokens.max()) <= options.max_tokens
    assert chunks.text_is_exact
    count = oracles["o200k_base"]
    near = int((chunks.ends <= SEGMENT_BYTES).sum())
    chosen = {*range(0, len(chunks), 97), *range(near - 3, near + 3), len(chunks) - 1}
    for position in sorted(chosen):
        assert chunks.tokens[position] == count(spans[position])
        assert chunks.start_lines[position] == 1 + data.count(b"\n", 0, int(chunks.starts[position]))
        assert chunks.end_lines[position] == 1 + data.count(b"\n", 0, int(chunks.ends[position]) - 1)


def test_a_name_with_a_nul_is_one_name() -> None:
    text = "# one\n\ntext\n\n# t\0wo\n\ntext\n"
    for boundaries in ("structure", "ast"):
        chunks = chunk_text(text, language="Markdown", options=ChunkOptions(boundaries=boundaries))
        (record,) = chunks.records(text.encode())
        assert [each.name for each in record.symbols] == ["one", "t\ufffdwo"], boundaries
