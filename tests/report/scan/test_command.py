"""What the command writes is what its schemas and its words promise."""

from __future__ import annotations

import base64
import json
import os
import pty
import re
import shutil
import subprocess
from importlib import resources
from typing import TYPE_CHECKING, Any

import pyarrow.parquet
import pytest
import zstandard
from jsonschema import Draft202012Validator

if TYPE_CHECKING:
    from pathlib import Path

OPTIONS = [
    [],
    ["--no-tokens"],
    ["--hash", "xxh3", "--encoding", "cl100k_base"],
    ["--tree", "--top", "2"],
    ["--no-index", "--workers", "3"],
    ["--no-hidden", "--exclude", "*.md"],
    ["--max-file-size", "100"],
]


def _schema(name: str) -> Draft202012Validator:
    text = (resources.files("exosuit_cli.report") / "schemas" / f"{name}.schema.json").read_text()
    schema = json.loads(text)
    Draft202012Validator.check_schema(schema)
    return Draft202012Validator(schema)


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    root = tmp_path / "tree"
    (root / "src" / "deep").mkdir(parents=True)
    (root / "src" / "main.py").write_text("print('hello')\n" * 50)
    (root / "src" / "copy.py").write_text("print('hello')\n" * 50)
    (root / "src" / "deep" / "tool").write_text("#!/usr/bin/env bash\necho\n")
    (root / "README.md").write_text("# Title\n\nno newline at the end")
    (root / "image.png").write_bytes(b"\x89PNG\r\n\x1a\n\0\0\0")
    (root / "empty").touch()
    (root / ".gitignore").write_text("*.log\n")
    (root / "noise.log").write_text("noise")
    (root / "link").symlink_to("README.md")
    with open(os.fsencode(root) + b"/bad\xff\nname", "wb") as file:
        file.write(b"x\n")
    return root


def _scan(run: Any, *arguments: object) -> bytes:
    done = run("scan", *arguments)
    assert done.returncode == 0, done.stderr.decode()
    return bytes(done.stdout)


@pytest.mark.parametrize("options", OPTIONS, ids=" ".join)
def test_the_document_follows_its_schema(run: Any, tree: Path, options: list[str]) -> None:
    validator = _schema("scan")
    for _ in range(2):  # from the files, then from the index
        document = json.loads(_scan(run, tree, "--json", *options))
        validator.validate(document)
        ledger = document["ledger"]
        assert ledger["discovered"] == ledger["ingested"] + sum(ledger["skipped"].values())
        assert ledger["ingested"] == document["totals"]["files"] == sum(row["files"] for row in document["languages"])


def test_the_schema_can_fail(run: Any, tree: Path) -> None:
    document = json.loads(_scan(run, tree, "--json"))
    del document["tree_digest"]
    assert not _schema("scan").is_valid(document)


@pytest.mark.parametrize("options", OPTIONS, ids=" ".join)
def test_each_line_is_a_record(run: Any, tree: Path, options: list[str]) -> None:
    validator = _schema("record")
    records = [json.loads(line) for line in _scan(run, tree, "--jsonl", *options).splitlines()]
    for record in records:
        validator.validate(record)
    exact = [
        base64.b64decode(record["path_b64"]) if "path_b64" in record else record["path"].encode() for record in records
    ]
    assert exact == sorted(exact)
    assert b"bad\xff\nname" in exact
    found = {os.fsencode(path.relative_to(tree)) for path in tree.rglob("*") if not path.is_dir()}
    assert set(exact) == found


def test_records_say_what_the_files_are(run: Any, tree: Path) -> None:
    records = {record["path"]: record for record in map(json.loads, _scan(run, tree, "--jsonl").splitlines())}
    assert (records["src/main.py"]["language"], records["src/main.py"]["lines"]) == ("Python", 50)
    assert records["src/deep/tool"]["language"] == "Shell"
    assert records["README.md"]["lines"] == 3
    assert (records["image.png"]["kind"], records["image.png"]["tokens"], records["image.png"]["lines"]) == (
        "binary",
        None,
        None,
    )
    assert (records["empty"]["tokens"], records["empty"]["lines"]) == (0, 0)
    assert records["noise.log"] == {"path": "noise.log", "skipped": "ignored", "detail": ".gitignore:1"}
    assert records["link"]["skipped"] == "symlink"


@pytest.mark.parametrize("name", ["m.jsonl", "m.jsonl.zst", "m.parquet"])
def test_manifests_of_equal_trees_are_equal(run: Any, tree: Path, tmp_path: Path, name: str) -> None:
    copy = tmp_path / "copy"
    shutil.copytree(tree, copy, symlinks=True)
    os.utime(copy / "README.md", (1, 1))
    first, second = tmp_path / f"1{name}", tmp_path / f"2{name}"
    _scan(run, tree, "--manifest", first, "--workers", 1)
    _scan(run, copy, "--manifest", second, "--workers", 3)
    assert first.read_bytes() == second.read_bytes()
    (copy / "README.md").write_text("other")
    _scan(run, copy, "--manifest", second)
    assert first.read_bytes() != second.read_bytes()


def test_every_manifest_format_holds_the_same(run: Any, tree: Path, tmp_path: Path) -> None:
    for name in ("m.jsonl", "m.jsonl.zst", "m.parquet"):
        _scan(run, tree, "--manifest", tmp_path / name)
    plain = [json.loads(line) for line in (tmp_path / "m.jsonl").read_bytes().splitlines()]
    with (tmp_path / "m.jsonl.zst").open("rb") as file, zstandard.ZstdDecompressor().stream_reader(file) as stream:
        packed = [json.loads(line) for line in stream.read().splitlines()]
    rows = pyarrow.parquet.read_table(tmp_path / "m.parquet").to_pylist()
    assert packed == plain
    assert [{key: value for key, value in row.items() if value is not None} for row in rows] == [
        {key: value for key, value in record.items() if value is not None} for record in plain
    ]
    assert not any("mtime_ns" in record for record in plain)


@pytest.mark.parametrize("columns", [40, 200])
def test_paths_are_never_cut_and_never_act(exosuit: Path, tree: Path, columns: int) -> None:
    long = tree / ("d" * 60) / ("e" * 60)
    long.mkdir(parents=True)
    (long / "long_name.py").write_text("x = 1\n" * 500)
    (tree / "\x1b[31mred[bold]\u202e.txt").write_text("word " * 2000)
    master, slave = pty.openpty()
    with subprocess.Popen(
        [exosuit, "scan", tree, "--no-index"],
        stdout=slave,
        stderr=slave,
        env=os.environ | {"COLUMNS": str(columns), "TERM": "xterm", "NO_COLOR": "1"},
    ) as process:
        os.close(slave)
        shown = b""
        while True:
            try:
                piece = os.read(master, 65536)
            except OSError:
                break
            shown += piece
    os.close(master)
    assert process.returncode == 0
    text = re.sub(r"\x1b\[[0-9;]*[mK]", "", shown.decode()).replace("\r\n", "\n")
    assert f"{'d' * 60}/{'e' * 60}/long_name.py" in text
    assert "\\x1b[31mred[bold]\\u202e.txt" in text
    assert "\x1b" not in text


def test_no_animation_away_from_a_terminal(run: Any, tree: Path) -> None:
    done = run("scan", tree)
    assert done.stderr == b""
    assert b"\x1b" not in done.stdout
