"""A little that has changed is counted without loading a vocabulary, and gives what a whole scan gives."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from exosuit_cli.config.options import ScanOptions
from exosuit_cli.ingest import scan
from exosuit_cli.tokens import counter
from exosuit_cli.workers.preload import Preload

from .test_incremental import settle

if TYPE_CHECKING:
    from pathlib import Path


def test_few_changes_load_no_vocabulary(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    tree = tmp_path / "tree"
    for number in range(40):
        (tree / f"d{number % 4}").mkdir(parents=True, exist_ok=True)
        (tree / f"d{number % 4}" / f"{number}.c").write_text(f"int f{number}(void);\n" * 9)
    settle()
    scan(tree, ScanOptions())
    (tree / "d1" / "1.c").write_text("int other(void) { return 'ß'; }\n")
    (tree / "d2" / "new.py").write_text("def new(): ...\n")
    (tree / "d3" / "3.c").unlink()
    with monkeypatch.context() as patch:
        patch.setattr(counter, "_load_gigatoken", lambda _: pytest.fail("the vocabulary was loaded"))
        patch.setattr(Preload, "__init__", lambda *_, **__: pytest.fail("a process was started"))
        found = scan(tree, ScanOptions())
    assert found.throughput.index_hits == 38
    whole = scan(tree, ScanOptions(use_index=False))
    assert found.tree_digest == whole.tree_digest
    assert found.rows["tokens"].tolist() == whole.rows["tokens"].tolist()
