"""The tree with the redundancy of code: the same everywhere, large enough, and compressible as code is."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

import pytest
import zstandard

from exosuit_cli.ingest import ScanOptions, scan
from exosuit_cli.measure.code_like import file_text, write_code_tree
from exosuit_cli.model.errors import OutputError

if TYPE_CHECKING:
    from pathlib import Path


def test_the_bytes_are_pinned() -> None:
    """A change of these is a change of every baseline that was measured on them."""
    text = b"".join(file_text(1, number) for number in range(20))
    assert hashlib.sha256(text).hexdigest() == "f1fbb97938fcc5f58c71ee6b137080e86744ab8df5405870a18358a9cc30a194"
    assert file_text(1, 3) != file_text(2, 3) != file_text(2, 4)


@pytest.mark.parametrize("encoding", ["o200k_base", "cl100k_base"])
def test_there_are_more_tokens_than_were_asked_for(tmp_path: Path, encoding: str) -> None:
    """Also when each content is counted once; and not many more."""
    size = write_code_tree(str(tmp_path / "tree"), 300_000, 5)
    result = scan(tmp_path / "tree", ScanOptions(use_index=False, encoding=encoding))
    assert result.totals.bytes == size
    assert result.totals.tokens is not None
    duplicates = result.duplicates()
    assert duplicates.groups
    assert duplicates.tokens_saved is not None
    assert 300_000 < result.totals.tokens - duplicates.tokens_saved < 330_000


def test_it_compresses_as_code_does() -> None:
    """Measured on the Linux tree in chunks of 1.6 KB: 2.2 to 1 alone, 3.0 with a dictionary; in 256 KiB 4.1."""
    texts = [file_text(0, number) for number in range(500)]
    parts = [text[start : start + 1600] for text in texts for start in range(0, len(text), 1600)]
    compressor = zstandard.ZstdCompressor(level=3)
    assert 2.0 < sum(map(len, parts)) / sum(len(compressor.compress(part)) for part in parts) < 2.8
    whole = b"".join(texts)[: 256 << 10]
    assert 3.5 < len(whole) / len(compressor.compress(whole)) < 4.8


def test_any_hundred_files_have_nearly_the_same_mean_size() -> None:
    sizes = [len(file_text(3, number)) for number in range(600)]
    means = [sum(sizes[start : start + 100]) / 100 for start in range(0, 600, 100)]
    assert max(means) < 1.12 * min(means)


def test_no_place_for_it(tmp_path: Path) -> None:
    with pytest.raises(OutputError, match="synthetic tree cannot be written"):
        write_code_tree(str(tmp_path / "missing" / "tree"), 10, 0)
