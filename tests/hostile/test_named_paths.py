"""Paths that are asked for by name, beside and behind what the walk finds."""

from __future__ import annotations

import json
import signal
import subprocess
import time
from typing import TYPE_CHECKING, Any

from exosuit_cli.config.options import WalkOptions
from exosuit_cli.ingest import ScanOptions
from exosuit_cli.ingest.ledger import Ledger
from exosuit_cli.model.records import Outcome
from exosuit_cli.shards.settings import ShardSettings
from exosuit_cli.shards.shard import Shard
from exosuit_cli.walk import TreeWalk
from exosuit_cli.workers.tasks import FinishedTask

from .harness import bytes_read, family, wait_until

if TYPE_CHECKING:
    from pathlib import Path

SETTLED = 0.15
"""Seconds after which a change is old enough for the index to trust it."""


def _lines(done: subprocess.CompletedProcess[bytes]) -> list[dict[str, Any]]:
    return [json.loads(line) for line in done.stdout.splitlines()]


def test_a_named_file_does_not_open_its_ignored_directory_to_the_index(run: Any, tmp_path: Path) -> None:
    tree = tmp_path / "c"
    (tree / "build").mkdir(parents=True)
    (tree / ".gitignore").write_text("build/\n")
    for name in ("build/keep", "build/secret", "main"):
        (tree / name).write_text(name)
    time.sleep(SETTLED)
    results = [run("scan", tree, tree / "build" / "keep", "--jsonl").stdout for _ in range(3)]
    assert results[0] == results[1] == results[2]
    assert b"secret" not in results[0]


def test_a_missing_name_beside_its_directory_counts_nothing_twice(run: Any, tmp_path: Path) -> None:
    (tmp_path / "b" / "sub").mkdir(parents=True)
    (tmp_path / "b" / "g").write_text("g")
    (tmp_path / "b" / "sub" / "f").write_text("f")
    time.sleep(SETTLED)
    results = [run("scan", tmp_path / "b", "--stdin0", "--jsonl", input=b".\0sub/missing\0").stdout for _ in range(3)]
    assert results[0] == results[1] == results[2]
    assert results[0].count(b'"sub/f"') == 1


def test_a_name_behind_a_link_is_not_in_the_tree(run: Any, tmp_path: Path) -> None:
    (tmp_path / "out" / "sub").mkdir(parents=True)
    (tmp_path / "out" / "sub" / "f").write_text("secret")
    (tmp_path / "d").mkdir()
    (tmp_path / "d" / "l").symlink_to("../out")
    for name in (b"l/sub/f", b"l/sub", b"l/f"):
        [record] = _lines(run("scan", tmp_path / "d", "--stdin0", "--jsonl", input=name))
        assert (record["path"], record["skipped"]) == (name.decode(), "symlink")


def test_an_empty_list_is_an_empty_scan_each_time(run: Any, tmp_path: Path) -> None:
    for _ in range(3):
        done = run("scan", tmp_path, "--stdin0", "--json", input=b"")
        assert done.returncode == 0, done.stderr.decode()


def test_a_replaced_hard_link_gives_its_bytes_to_no_other(tmp_path: Path) -> None:
    (tmp_path / "a").write_text("one")
    (tmp_path / "b").hardlink_to(tmp_path / "a")
    settings = ShardSettings(bytes(tmp_path), None, "blake3", "cpu", 0, ScanOptions().slab_bytes, follow=False)
    shard = Shard(settings, None)
    ledger = Ledger(None, 800)
    for listing, _ in TreeWalk(bytes(tmp_path), [b""], WalkOptions()):
        ledger.add(listing)
    ledger.flush()
    replaced = False
    while ledger.tasks:
        task = ledger.tasks.popleft()
        if task.read_links and not replaced:
            name = task.batch.groups[0][1][0].decode()
            (tmp_path / name).unlink()
            (tmp_path / name).write_text("another file altogether")
            replaced = True
        ledger.finish(FinishedTask(task, shard.ingest(task.batch, read_links=task.read_links)))
    shard.close()
    ledger.check()
    assert replaced
    sizes = dict(zip(ledger.paths(), ledger.rows["size"][: ledger.files].tolist(), strict=True))
    assert sorted(sizes.values()) == [3, 23]
    assert (ledger.rows["outcome"][: ledger.files] == Outcome.INGESTED).all()


def test_an_interrupted_scan_leaves_the_manifest_of_a_complete_one(exosuit: Path, run: Any, tmp_path: Path) -> None:
    tree = tmp_path / "tree"
    tree.mkdir()
    (tree / "a").write_text("a")
    manifest = tmp_path / "m.jsonl"
    run("scan", tree, "--manifest", manifest)
    before = manifest.read_bytes()
    with (tree / "endless").open("wb") as file:
        file.truncate(1 << 40)
    command = [exosuit, "scan", tree, "--no-index", "--max-file-size", "0", "--manifest", manifest]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        wait_until(lambda: any(bytes_read(pid) > 32 << 20 for pid in family(tree)), "32 MiB read", process)
        process.send_signal(signal.SIGINT)
        _, errors = process.communicate(timeout=60)
    assert process.returncode == 130
    assert manifest.read_bytes() == before
    assert b"partial" in errors


def test_a_manifest_that_cannot_be_written_does_not_hide_the_answer(exosuit: Path, tmp_path: Path) -> None:
    (tmp_path / "a").write_text("a")
    limited = f"ulimit -f 0; exec {exosuit} scan {tmp_path} --json --no-index --manifest {tmp_path}/m.jsonl | cat"
    done = subprocess.run(["bash", "-o", "pipefail", "-c", limited], capture_output=True, timeout=60)
    assert done.returncode == 2
    assert json.loads(done.stdout)["totals"]["files"] == 1
    assert b"m.jsonl" in done.stderr


def test_a_program_that_ignores_its_children_can_scan(exosuit: Path, tmp_path: Path) -> None:
    (tmp_path / "a").write_text("a")
    program = (
        "import os, signal, sys; signal.signal(signal.SIGCHLD, signal.SIG_IGN); os.execv(sys.argv[1], sys.argv[1:])"
    )
    python = exosuit.parent / "python"
    done = subprocess.run(
        [python, "-c", program, exosuit, "scan", tmp_path, "--no-index"], capture_output=True, timeout=60
    )
    assert done.returncode == 0, done.stderr.decode()
