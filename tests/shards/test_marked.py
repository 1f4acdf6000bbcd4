"""Files that exosuit wrote are no content of a tree, wherever they lie."""

from __future__ import annotations

import json
import os
import subprocess
import time
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from trees import write

from exosuit_cli.index.storage import FINE_SLACK_NS
from exosuit_cli.ingest import ScanOptions, scan
from exosuit_cli.model.marks import MARK_BYTES, is_marked
from exosuit_cli.model.records import Outcome

if TYPE_CHECKING:
    from pathlib import Path

OPTIONS = ScanOptions()
FILES = {"a.py": b"x = 1\n" * 50, "sub/b.md": b"# Title\n\nText.\n", "data.json": b'{"schema": "other"}\n'}
MARK = b'{"schema":"exosuit.record/1",'
HEX = b"0123456789abcdef" * 2


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    write(tmp_path / "tree", FILES)
    return tmp_path / "tree"


@pytest.mark.parametrize(
    "head",
    [
        MARK,
        b'{\n  "schema": "exosuit.scan/1",\n',
        b'[\n{"schema": "exosuit.record/12"}',
        b"## exosuit bench: regression\n",
        b"<!doctype html>\n<!-- exosuit.page/1 -->\n",
        b"<?xml version='1.0' encoding='utf-8'?>\n<!-- exosuit.bench_junit/1 -->\n",
        b"# TYPE exosuit_bench_wall_seconds gauge\n",
        b"goos: linux\ngoarch: amd64\npkg: exosuit\n",
        b'{"id":"' + HEX + b'","path":"a \\" b","path_b64":"YQ==","start_byte":0,"end_byte":4,',
        b'{"path":"' + b"d/" * 2000 + b'","size":12,"kind":"text","language":null,',
        b'{"path":"a","skipped":"symlink","detail":""}',
        b'{"time": "2026-01-02T03:04:05.678Z", "level": "info", "logger": "exosuit", ',
        b'{\n  "exosuit/scan/candidate": {',
    ],
)
def test_marks(head: bytes) -> None:
    assert is_marked(head)
    assert not is_marked(b" " + head), "only the very first bytes count"
    assert not is_marked(head[: len(head) // 3])


@pytest.mark.parametrize(
    "head",
    [b"", b"{", b'{"schema": "exosuit"}', b"# exosuit\n", b"exosuit.scan/1", b"<!-- x -->", b'{"path":"a","size":1}'],
)
def test_no_marks(head: bytes) -> None:
    assert not is_marked(head)


def test_outputs_inside_the_tree_change_nothing(warm_exosuit: str, tree: Path) -> None:
    """As a newcomer would: every output into the tree that is measured, one after the other."""
    before = scan(tree, replace(OPTIONS, use_index=False))
    for command in (
        "scan . --json > scan.json",
        "scan . --jsonl > records.jsonl",
        "scan . --manifest sub/manifest.jsonl",
        "chunk . -o chunks.jsonl --stats",
        "chunk . --no-text > sub/chunks.txt",
        "chunk . --stats --json > statistics.json",
        "chunk --stdin main.py < a.py > main.jsonl",
        "scan . --log-file run.log -vv --hash xxh3",
        "config show --json > config.json",
    ):
        subprocess.run(f"{warm_exosuit} {command}", shell=True, cwd=tree, check=True, capture_output=True)
    after = scan(tree, replace(OPTIONS, use_index=False))
    assert after.totals == before.totals
    assert after.tree_digest == before.tree_digest
    written = {b"scan.json", b"records.jsonl", b"sub/manifest.jsonl", b"chunks.jsonl", b"sub/chunks.txt"}
    written |= {b"statistics.json", b"main.jsonl", b"config.json"}
    if (tree / "run.log").stat().st_size:
        written |= {b"run.log"}
    assert {skip.path for skip in after.marked} >= written
    assert {skip.path for skip in after.skips if skip.outcome is Outcome.OWN_OUTPUT} <= written | {b"run.log"}


def test_a_skip_names_the_file_and_an_option_takes_it(warm_exosuit: str, tree: Path) -> None:
    (tree / "hidden.jsonl").write_bytes(MARK + b'"path":"x"}\nreal content\n')
    command = [warm_exosuit, "scan", tree, "--no-index"]
    shown = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    assert "own output: hidden.jsonl" in shown
    document = json.loads(subprocess.run([*command, "--json"], check=True, capture_output=True).stdout)
    assert [skip["path"] for skip in document["own_outputs"]] == ["hidden.jsonl"]
    assert document["ledger"]["discovered"] == document["ledger"]["ingested"] + 1 == len(FILES) + 1
    lines = subprocess.run([*command, "--jsonl"], check=True, capture_output=True).stdout.splitlines()
    assert [json.loads(line)["path"] for line in lines if b"skipped" in line] == ["hidden.jsonl"]
    taken = json.loads(subprocess.run([*command, "--json", "--own-outputs"], check=True, capture_output=True).stdout)
    assert taken["ledger"]["skipped"] == {}
    assert taken["totals"]["files"] == len(FILES) + 1


@pytest.mark.parametrize("size", [0, 3 << 20])
@pytest.mark.parametrize("workers", [1, 2])
def test_an_unchanged_scan_does_not_look_again(tree: Path, size: int, workers: int) -> None:
    """A file larger than a slab is not read to its end for the sake of its mark."""
    (tree / "large.jsonl").write_bytes(MARK + b'"x":1}\n' + b"word " * (size // 5))
    time.sleep(FINE_SLACK_NS / 1e9 + 0.01)
    options = replace(OPTIONS, workers=workers, encoding=None)  # workers would load a vocabulary for every scan
    first = scan(tree, options)
    small = sum(map(len, FILES.values()))
    assert first.throughput.bytes_read <= small + (1 << 20)
    again = scan(tree, options)
    assert (again.throughput.bytes_read, again.throughput.index_hits) == (0, len(FILES) + 1)
    assert again.skips == first.skips == scan(tree, replace(options, use_index=False)).skips
    assert again.memory.nvme.peak_bytes == 0, "an unchanged index is not written again"
    (tree / "large.jsonl").write_bytes(b"no mark any more\n")
    assert b"large.jsonl" in scan(tree, options).paths


def test_a_mark_behind_the_first_bytes_counts_for_nothing(tree: Path) -> None:
    (tree / "quoted.md").write_bytes(b"An example:\n" + MARK)
    (tree / "padded.json").write_bytes(b"{" + b" " * MARK_BYTES + MARK[1:] + b'"x":1}')
    os.link(tree / "quoted.md", tree / "link.md")
    assert scan(tree, OPTIONS).marked == []
