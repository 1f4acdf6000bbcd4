"""Texts in UTF-16 and UTF-32: counted and cut as what they decode to, wherever they are read."""

from __future__ import annotations

import base64
import codecs
import io
import json
from itertools import pairwise
from typing import TYPE_CHECKING
from unittest.mock import patch

import pytest
import tiktoken
from blake3 import blake3
from tiktoken_ext import openai_public as published
from trees import write

from exosuit_cli.chunk import ChunkOptions, chunk_file, chunk_text
from exosuit_cli.ingest import ScanOptions, chunk, scan
from exosuit_cli.languages import LANGUAGES
from exosuit_cli.model.encodings import ENCODINGS
from exosuit_cli.model.records import Kind
from exosuit_cli.report.chunk.jsonl import JsonlRenderer, JsonlSink
from exosuit_cli.tokens.encodings import read_vocabulary

if TYPE_CHECKING:
    from pathlib import Path

SLAB = 1 << 13  # the smallest that a scan accepts
TEXT = "class Größe {\r\n  int a; // 漢字 😀 \ufeff\r\n};\r\n\nint last"
LONG = "".join(f"int größe_{number} = {number}; // 漢字 😀\n" for number in range(900)) + "end"
MARKS = {
    "utf-16-le": codecs.BOM_UTF16_LE,
    "utf-16-be": codecs.BOM_UTF16_BE,
    "utf-32-le": codecs.BOM_UTF32_LE,
    "utf-32-be": codecs.BOM_UTF32_BE,
}
FILES = {
    f"{name}-{codec}.cs": mark + text.encode(codec)
    for codec, mark in MARKS.items()
    for name, text in {"short": TEXT, "long": LONG, "cjk": "漢字\n" * 40, "empty": ""}.items()
}


@pytest.fixture(scope="module")
def oracle() -> tiktoken.Encoding:
    """Made from the packaged vocabulary, which tiktoken would download."""
    lines = read_vocabulary(ENCODINGS["o200k_base"]).splitlines()
    ranks = {base64.b64decode(token): int(rank) for token, rank in (line.split() for line in lines)}
    with patch.object(published, "load_tiktoken_bpe", lambda *_, **__: ranks):
        return tiktoken.Encoding(**published.ENCODING_CONSTRUCTORS["o200k_base"]())


@pytest.mark.parametrize("slab_bytes", [SLAB, 1 << 22], ids=["large", "slab"])
@pytest.mark.parametrize("workers", [1, 2])
def test_counts_are_those_of_the_decoded_text(
    tmp_path: Path, oracle: tiktoken.Encoding, workers: int, slab_bytes: int
) -> None:
    write(tmp_path, {**FILES, "plain.cs": TEXT.encode()})
    result = scan([str(tmp_path)], ScanOptions(workers=workers, slab_bytes=slab_bytes, use_index=False))
    for path, row in zip(result.paths, result.rows, strict=True):
        data = (tmp_path / path.decode()).read_bytes()
        name = path.decode()
        text = data.decode("utf-8" if name == "plain.cs" else name[name.index("utf-") :][:6])
        assert row["kind"] == Kind.TEXT, name
        assert row["tokens"] == len(oracle.encode_ordinary(text)), name
        assert row["lines"] == text.count("\n") + (bool(text) and not text.endswith("\n")), name
        assert row["size"] == len(data)
        assert bytes(row["digest"]) == blake3(data).digest()
        assert not row["estimated"]
        assert LANGUAGES[row["language"]] == "C#"
    assert not result.warnings


@pytest.mark.parametrize("slab_bytes", [SLAB, 1 << 22], ids=["large", "slab"])
@pytest.mark.parametrize("boundaries", ["structure", "ast"])
def test_chunks_have_the_bytes_of_the_file(tmp_path: Path, boundaries: str, slab_bytes: int) -> None:
    write(tmp_path, {**FILES, "plain.cs": LONG.encode(), "binary": b"\0\1\2"})
    options = ChunkOptions(max_tokens=60, min_tokens=6, boundaries=boundaries)
    output = io.BytesIO()
    renderer = JsonlRenderer(with_text=True)
    chunk(
        [str(tmp_path)],
        options,
        ScanOptions(workers=1, slab_bytes=slab_bytes, use_index=False),
        renderer=renderer,
        sink=JsonlSink(output, renderer),
    )
    records = [json.loads(line) for line in output.getvalue().splitlines()]
    by_id = {record["id"]: record["text"] for record in records if record["text"] is not None}
    for name, data in FILES.items():
        own = [record for record in records if record["path"] == name]
        codec = name[name.index("utf-") :].removesuffix(".cs")
        text = data.decode(codec[:6])
        alone = chunk_text(text, language="C#", options=options)
        assert [record["id"] for record in own] == [bytes(each).hex() for each in alone.ids]
        assert [record["tokens"] for record in own] == alone.tokens.tolist()
        assert [record["start_line"] for record in own] == alone.start_lines.tolist()
        if text:
            assert (own[0]["start_byte"], own[-1]["end_byte"]) == (0, len(data))
        for record, following in pairwise(own):
            assert record["end_byte"] == following["start_byte"]
        for record in own:
            span = data[record["start_byte"] : record["end_byte"]]
            assert (
                span.removeprefix(MARKS[codec] if not record["start_byte"] else b"").decode(codec)
                == by_id[record["id"]]
            )
        cut = chunk_file(tmp_path / name, options=options)
        assert [(each.start_byte, each.end_byte, each.id) for each in cut] == [
            (record["start_byte"], record["end_byte"], record["id"]) for record in own
        ]
        assert "".join(each.text for each in cut) == text


@pytest.mark.parametrize("slab_bytes", [SLAB, 1 << 22], ids=["large", "slab"])
@pytest.mark.parametrize("end", [b"a", b"\xff\xdf", b"\x00\xd8"], ids=["half", "low", "high"])
def test_malformed_is_binary_and_named(tmp_path: Path, slab_bytes: int, end: bytes) -> None:
    write(tmp_path, {"a.c": codecs.BOM_UTF16_LE + LONG.encode("utf-16-le") + end, "b.c": b"\xff\xfea"})
    result = scan([str(tmp_path)], ScanOptions(workers=1, slab_bytes=slab_bytes, use_index=False))
    assert result.rows["kind"].tolist() == [Kind.BINARY, Kind.BINARY]
    assert result.rows["tokens"].tolist() == [-1, -1]
    assert result.rows["lines"].tolist() == [-1, -1]
    assert result.warnings == ["2 files look like source but are not in UTF-8, and counted as binary: a.c, b.c"]


def test_sources_in_other_encodings_are_named(tmp_path: Path) -> None:
    japanese = "これは日本語のコメントです。" * 9
    files = {f"{number}.py": japanese.encode("shift_jis") for number in range(5)}
    write(
        tmp_path,
        {**files, "a.txt": japanese.encode("gbk", "ignore"), "video.ts": b"G\0\1" * 99, "b.py": b"\xe9 = 1\n" * 3},
    )
    result = scan([str(tmp_path)], ScanOptions(workers=1, use_index=False))
    assert result.warnings == [
        "5 files look like source but are not in UTF-8, and counted as binary: 0.py, 1.py, 2.py, ..."
    ]
