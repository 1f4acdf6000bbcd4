"""The synthetic corpus is the same everywhere, and what cannot be made is refused."""

from __future__ import annotations

import hashlib
import os
from typing import TYPE_CHECKING

import pytest

from exosuit_cli.ingest import ScanOptions, scan
from exosuit_cli.measure.synthetic import Synthetic, file_text, make_corpus, parse_synthetic
from exosuit_cli.model.errors import OutputError, UsageError

if TYPE_CHECKING:
    from pathlib import Path


def test_the_bytes_are_pinned() -> None:
    """A change of these is a change of every figure that was measured on them: raise BENCH_VERSION."""
    text = b"".join(file_text(Synthetic(3, 4096, 1), number) for number in range(3))
    assert hashlib.sha256(text).hexdigest() == "6659c3546339121da4df1f9361d3402f4946dbe2811e7a5585d24e2dc3a6375c"


def test_files_have_the_size_and_differ(tmp_path: Path) -> None:
    root = make_corpus(parse_synthetic("files=600,size=1k,seed=2"), str(tmp_path / "made"))
    result = scan(root, ScanOptions(use_index=False))
    assert (result.totals.files, result.totals.bytes) == (600, 600 * 1024)
    assert not result.duplicates().groups
    assert (result.totals.tokens or 0) > 600 * 100
    again = make_corpus(parse_synthetic("seed=2,files=600,size=1KiB"), str(tmp_path / "again"))
    assert scan(again, ScanOptions(use_index=False)).tree_digest == result.tree_digest
    other = make_corpus(parse_synthetic("seed=3,files=600,size=1KiB"), str(tmp_path / "other"))
    assert scan(other, ScanOptions(use_index=False)).tree_digest != result.tree_digest


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("", "'' is not files=N"),
        ("files", "'files' is not files=N"),
        ("size=4k", "files must be a whole number from 1 to 1,000,000, not ''"),
        ("files=0", "files must be"),
        ("files=-1", "files must be"),
        ("files=1e3", "files must be"),
        ("files=9999999", "files must be"),
        ("files=1,colour=red", "'colour=red' is not"),
        ("files=1,size=0", "size must be from 1"),
        ("files=1,size=many", "not a size"),
        ("files=1,seed=x", "seed must be"),
        ("files=1000000,size=1MiB", "at most 68,719,476,736 are made"),
    ],
)
def test_wrong_parameters(text: str, told: str) -> None:
    with pytest.raises(UsageError) as caught:
        parse_synthetic(text)
    assert told in str(caught.value)


def test_no_place_to_make_it(tmp_path: Path) -> None:
    with pytest.raises(OutputError, match="set TMPDIR"):
        make_corpus(Synthetic(1, 1, 0), os.path.join(tmp_path, "missing", "made"))
