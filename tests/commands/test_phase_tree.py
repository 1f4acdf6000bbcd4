"""Samples of a repository: as large as asked for, even over the sizes, and read with care."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from exosuit_cli.commands.phase_tree import _File, evenly, sample_trees
from exosuit_cli.config.options import ScanOptions
from exosuit_cli.ingest import scan
from exosuit_cli.model.errors import OutputError, UsageError

if TYPE_CHECKING:
    from pathlib import Path

OPTIONS = ScanOptions(use_index=False)


@given(st.lists(st.integers(1, 10_000), min_size=1, max_size=60), st.integers(1, 200_000))
def test_as_many_tokens_as_are_asked_for_and_few_more(sizes: list[int], tokens: int) -> None:
    files = [_File(b"%d" % place, 4 * size, size) for place, size in enumerate(sizes)]
    chosen = evenly(files, tokens)
    taken = sum(each.tokens for each in chosen)
    assert len({each.path for each in chosen}) == len(chosen)
    assert taken >= min(tokens, sum(sizes))
    others = [each.tokens for each in files if each not in chosen]
    assert taken - tokens <= max(sizes)
    assert not others or taken >= tokens


def test_the_sizes_of_a_sample_are_those_of_the_whole() -> None:
    files = [_File(b"%d" % size, size, size) for size in range(1, 2001)]
    chosen = evenly(files, sum(range(2001)) // 10)
    mean = sum(each.size for each in chosen) / len(chosen)
    assert 950 < mean < 1050


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    root = tmp_path / "repo"
    (root / "sub").mkdir(parents=True)
    for number in range(40):
        (root / "sub" / f"a{number}.py").write_text(f"value_{number} = {number}\n" * (number + 1))
    (root / "copy.py").write_text((root / "sub" / "a3.py").read_text())
    (root / "bad\udcff\n.py").write_text("x = 1\n" * 50)
    (root / "binary").write_bytes(b"\0" * 10_000)
    (root / ".gitignore").write_text("*.log\n*\n!*.py\n!sub\n")
    (root / "secret.log").write_text("secret\n" * 1000)
    (root / "link.py").symlink_to("/etc/passwd")
    os.mkfifo(root / "fifo")
    return root


def test_texts_are_copied_once_each_and_nothing_else(repository: Path, tmp_path: Path) -> None:
    before = scan(repository, OPTIONS)
    assert before.totals.tokens is not None
    wanted = before.totals.tokens * 9 // 10
    (tmp_path / "proof").mkdir()
    source = sample_trees(str(tmp_path / "proof"), str(repository), wanted, 500, OPTIONS, None)
    assert source == f"tree {before.tree_digest}"
    tree, baseline = (scan(tmp_path / "proof" / name, OPTIONS) for name in ("tree", "baseline"))
    known = {before.digest(place) for place in range(len(before.paths))}
    for copy, least in ((tree, wanted), (baseline, 500)):
        assert copy.totals.tokens is not None
        assert copy.totals.tokens >= least
        assert not copy.duplicates().groups
        assert {copy.digest(place) for place in range(len(copy.paths))} <= known
    assert not any(b"secret" in path or b"link" in path for path in tree.paths)
    assert scan(repository, OPTIONS).tree_digest == before.tree_digest


def test_too_small_or_no_room(repository: Path, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="are needed; name a larger tree"):
        sample_trees(str(tmp_path), str(repository), 10**6, 500, OPTIONS, None)
    with pytest.raises(OutputError, match="cannot be copied"):
        sample_trees(str(tmp_path / "missing"), str(repository), 1000, 500, OPTIONS, None)
