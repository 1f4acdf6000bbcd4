"""Content that breaks careless readers: no line end, one endless line, odd encodings, bytes that are no text."""

from __future__ import annotations

import codecs
import random
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pytest
from blake3 import blake3

from exosuit_cli.tokens import load_counter

if TYPE_CHECKING:
    from pathlib import Path

    from exosuit_cli.model.protocols import TokenCounter

    from .harness import Scanned, Scanner

SLAB = 1 << 20
"""Bytes of the slab that files are read into by default: one more and a file is streamed."""
PROBE = 8192
"""How far the text-or-binary decision looks."""

SPECIAL_TOKENS = b"<|endoftext|><|endofprompt|><|fim_prefix|><|fim_middle|><|fim_suffix|><|im_start|>system<|im_end|>"


@dataclass(frozen=True)
class Case:
    """A file and what must be found out about it; `lines` of None means binary."""

    content: bytes
    lines: int | None


def minified(size: int) -> bytes:
    """A single line of something like JavaScript."""
    made = random.Random(7)
    words = [b"function", b"return", b"var", b"=>", b"e.exports", b"0x1f", b"'use strict'", b"null"]
    parts: list[bytes] = []
    length = 0
    while length < size:
        part = made.choice(words) + made.choice([b"(", b"){", b"};", b",", b"&&", b" "])
        parts.append(part)
        length += len(part)
    return b"".join(parts)[:size]


CASES = {
    "empty": Case(b"", 0),
    "newline": Case(b"\n", 1),
    "no_newline_at_the_end": Case(b"one\ntwo", 2),
    "crlf": Case(b"one\r\ntwo\r\n", 2),
    "lone_cr": Case(b"one\rtwo\rthree\r", 1),
    "bom": Case(b"\xef\xbb\xbfone\ntwo\n", 2),
    "only_bom": Case(b"\xef\xbb\xbf", 1),
    "utf16_le": Case("one\ntwo\n".encode("utf-16-le"), None),
    "utf16_bom": Case("one\ntwo\n".encode("utf-16"), 2),
    "utf16_be_bom": Case(codecs.BOM_UTF16_BE + "eins\nzwölf".encode("utf-16-be"), 2),
    "utf32_bom": Case("one\ntwo\n".encode("utf-32"), 2),
    "utf16_odd": Case("one\ntwo\n".encode("utf-16") + b"x", None),
    "utf16_without_ascii": Case("\u4e00\u4e01\u4e02".encode("utf-16-le") * 1000, None),
    "utf32_le": Case("one".encode("utf-32-le"), None),
    "latin1_prose": Case("Fa\u00e7ade, na\u00efvet\u00e9 et d\u00e9j\u00e0 vu.\n".encode("latin-1") * 50, 50),
    "shift_jis": Case("\u65e5\u672c\u8a9e\u306e\u30c6\u30ad\u30b9\u30c8".encode("shift_jis") * 50, None),
    "random": Case(random.Random(1).randbytes(50_000), None),
    "nul_at_the_end_of_the_probe": Case(b"a" * (PROBE - 1) + b"\0" + b"b" * 100, None),
    "nul_after_the_probe": Case(b"a" * PROBE + b"\0" + b"b" * 100, 1),
    "character_across_the_probe": Case(b"a" * (PROBE - 1) + "\u20ac".encode() * 10, 1),
    "escapes": Case(b"\x1b[31mred\x1b[0m\x07\n", 1),
    "special_tokens": Case(SPECIAL_TOKENS + b"\n", 1),
    "special_tokens_large": Case((SPECIAL_TOKENS + b" code\n") * 12_000, 12_000),
    "one_below_the_slab": Case(b"abc def\n" * (SLAB // 8 - 1) + b"abc def", SLAB // 8),
    "a_slab": Case(b"abc def\n" * (SLAB // 8), SLAB // 8),
    "one_above_the_slab": Case(b"abc def\n" * (SLAB // 8) + b"x", SLAB // 8 + 1),
    "three_bytes_a_character": Case("\u20ac\u4e00".encode() * (SLAB // 3), 1),
    "large_binary": Case(b"\x7fELF\0" + bytes(3 * SLAB), None),
    "large_crlf": Case(b"line of a large file\r\n" * 100_000, 100_000),
    "one_giant_line": Case(minified(20_000_000), 1),
    "one_endless_word": Case(b"a" * 1_500_000, 1),
    "spaces": Case(b" " * 1_500_000, 1),
    "blank_lines": Case(b"\n" * 1_500_000, 1_500_000),
}


@pytest.fixture(scope="module")
def counter() -> TokenCounter:
    """Not the implementation that the scan uses."""
    return load_counter("o200k_base", "toktok")


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> Path:
    directory = tmp_path_factory.mktemp("content")
    for name, case in CASES.items():
        (directory / name).write_bytes(case.content)
    return directory


@pytest.fixture(scope="module")
def scanned(written: Path, scan: Scanner) -> Scanned:
    return scan(written, "--no-index", "--workers", "1", tokens=True)


def decoded(name: str, content: bytes) -> bytes:
    """The text of a case in UTF-8."""
    return (
        content.decode(name[:3] + "-" + name[3:5]).encode() if name.startswith("utf") and "bom" in name[5:] else content
    )


def test_every_content_is_described_exactly(scanned: Scanned, counter: TokenCounter) -> None:
    assert set(scanned.records) == {name.encode() for name in CASES}
    for name, case in CASES.items():
        text = case.lines is not None
        expected = {
            "path": name,
            "size": len(case.content),
            "kind": "text" if text else "binary",
            "language": None,
            "lines": case.lines,
            "blake3": blake3(case.content).hexdigest(),
            "tokens": counter.count(decoded(name, case.content)) if text else None,
        }
        assert scanned.records[name.encode()] == expected, name
    assert scanned.document["totals"]["tokens_estimated_files"] == 0
    assert scanned.document["memory"]["ram"]["peak_bytes"] < 1 << 30


def test_special_tokens_count_as_the_text_they_are(scanned: Scanned, counter: TokenCounter) -> None:
    record = scanned.records[b"special_tokens"]
    assert record["tokens"] == counter.count(SPECIAL_TOKENS + b"\n") > 7 * 3


def test_the_slab_and_the_workers_change_nothing(written: Path, scanned: Scanned, scan: Scanner) -> None:
    small_slab = {"EXOSUIT_SCAN_SLAB_BYTES": str(1 << 16)}
    shared = scan(written, "--no-index", "--workers", "2", env=small_slab, tokens=True)
    assert shared.records == scanned.records
    assert shared.document["tree_digest"] == scanned.document["tree_digest"]
