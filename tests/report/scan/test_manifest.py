"""Manifests: one content in three formats, whole or not at all, the same bytes for the same tree."""

from __future__ import annotations

import base64
import json
import os
import shutil
import sys
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pyarrow.parquet
import pygments
import pytest
import zstandard

from exosuit_cli.config.options import WalkOptions
from exosuit_cli.ingest import ScanOptions, ScanResult, scan, scan_names
from exosuit_cli.model.errors import OutputError, UsageError
from exosuit_cli.model.records import Outcome, Skip
from exosuit_cli.report.scan.jsonl import write_jsonl
from exosuit_cli.report.scan.manifest import MANIFESTS, check_manifest, write_manifest
from exosuit_cli.report.scan.manifest.parquet import PARQUET_ROWS
from exosuit_cli.report.scan.records import records

if TYPE_CHECKING:
    from pathlib import Path

FORMATS = tuple(MANIFESTS)
PLAIN = ScanOptions(encoding=None, use_index=False)


@pytest.fixture(scope="module")
def result(tmp_path_factory: pytest.TempPathFactory) -> ScanResult:
    """An installed distribution with a name that is no text, and skips before, between and after the files."""
    base = tmp_path_factory.mktemp("manifest") / "tree"
    shutil.copytree(os.path.dirname(pygments.__file__), base)
    for name in ("0", "m", "zz"):
        (base / name).symlink_to("nowhere")
    (base / "\udcff\udcfe.py").write_text("x\n")
    (base / "long\nname \N{SNOWMAN}").write_bytes(b"\0")
    return scan(base, ScanOptions(use_index=False, walk=WalkOptions(ignore=False)))


def read(path: Path) -> list[dict[str, Any]]:
    """The records of a manifest of any format; null columns of the table are left out, as records leave them out."""
    if path.name.endswith(".parquet"):
        rows = pyarrow.parquet.read_table(path).to_pylist()
        return [{name: value for name, value in row.items() if value is not None} for row in rows]
    data = path.read_bytes()
    if path.name.endswith(".zst"):
        data = zstandard.ZstdDecompressor().stream_reader(data).read()
    return [json.loads(line) for line in data.splitlines()]


def exact_path(record: dict[str, Any]) -> bytes:
    return base64.b64decode(record["path_b64"]) if "path_b64" in record else record["path"].encode()


def without_nulls(found: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [{name: value for name, value in record.items() if value is not None} for record in found]


@pytest.mark.parametrize("suffix", FORMATS)
def test_a_manifest_holds_the_records(result: ScanResult, tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"m{suffix}"
    assert write_manifest(str(path), result) == path.stat().st_size
    found = without_nulls(read(path))
    assert found == without_nulls([dict(record) for record in records(result, times=False)])
    exact = [exact_path(record) for record in found]
    assert exact == sorted(exact) == sorted([*result.paths, *(skip.path for skip in result.skips)])
    assert path.stat().st_mode & 0o777 == 0o644
    assert os.listdir(tmp_path) == [path.name]


@pytest.mark.parametrize("suffix", FORMATS)
def test_every_record_comes_however_many_there_are(result: ScanResult, tmp_path: Path, suffix: str) -> None:
    """Past the lines that are joined at once, and past one group of rows of a table."""
    skips = [Skip(b"skip %07d" % number, Outcome.SYMLINK) for number in range(PARQUET_ROWS + 3)]
    path = tmp_path / f"m{suffix}"
    write_manifest(str(path), replace(result, skips=skips))
    found = [record["path"] for record in read(path) if "skipped" in record]
    assert found == [f"skip {number:07}" for number in range(PARQUET_ROWS + 3)]


@pytest.mark.parametrize("suffix", FORMATS)
def test_a_manifest_of_nothing(tmp_path: Path, suffix: str) -> None:
    (tmp_path / "empty").mkdir()
    path = tmp_path / f"m{suffix}"
    write_manifest(str(path), scan(tmp_path / "empty", PLAIN))
    assert read(path) == []


def test_the_column_of_the_digest_is_named_after_it(tmp_path: Path) -> None:
    (tmp_path / "x").touch()
    for name in ("blake3", "xxh3"):
        write_manifest(str(tmp_path / "m.parquet"), scan(tmp_path / "x", replace(PLAIN, hash=name)))
        columns = pyarrow.parquet.read_schema(tmp_path / "m.parquet").names
        assert [column for column in columns if column in ("blake3", "xxh3")] == [name]


def test_a_damaged_archive_is_noticed(result: ScanResult, tmp_path: Path) -> None:
    """The frame carries a checksum of its content."""
    path = tmp_path / "m.jsonl.zst"
    write_manifest(str(path), result)
    assert zstandard.get_frame_parameters(path.read_bytes()).has_checksum


@pytest.mark.parametrize("suffix", FORMATS)
def test_an_older_manifest_is_replaced_as_a_whole(result: ScanResult, tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"m{suffix}"
    path.write_bytes(b"old" * 10**6)
    with path.open("rb") as reader:
        write_manifest(str(path), result)
        assert reader.read() == b"old" * 10**6, "a reader keeps the file that it opened"
    assert len(read(path)) == result.discovered


@pytest.mark.parametrize("name", ["m", "m.json", "m.zst", "m.jsonl.gz", "jsonl", ".parquet.txt", ""])
def test_a_format_is_told_by_its_name(tmp_path: Path, name: str) -> None:
    with pytest.raises(UsageError, match=r"must end in \.jsonl"):
        check_manifest(str(tmp_path / name))


def test_a_place_that_is_none(tmp_path: Path) -> None:
    for path in (tmp_path / "gone" / "m.jsonl", tmp_path):
        with pytest.raises((OutputError, UsageError)):
            check_manifest(f"{path}/m.jsonl" if path != tmp_path else str(path))
    (tmp_path / "d.jsonl").mkdir()
    with pytest.raises(OutputError, match="directory"):
        check_manifest(str(tmp_path / "d.jsonl"))


def test_without_pyarrow_a_table_is_refused_with_the_way_to_get_it(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    with pytest.raises(UsageError, match=r"exosuit-cli\[parquet\]"):
        check_manifest(str(tmp_path / "m.parquet"))
    check_manifest(str(tmp_path / "m.jsonl"))


def test_lines_are_ascii_and_end_alike(result: ScanResult, tmp_path: Path) -> None:
    with (tmp_path / "lines").open("wb") as file:
        write_jsonl(file, result, times=True)
    data = (tmp_path / "lines").read_bytes()
    assert data.isascii()
    assert data.endswith(b"}\n")
    lines = data.split(b"\n")[:-1]
    assert len(lines) == result.discovered
    assert all(json.loads(line)["path"] for line in lines)
    times = [json.loads(line).get("mtime_ns") for line in lines if b'"skipped"' not in line]
    assert times == result.rows["mtime_ns"].tolist()


def test_rules_from_inside_the_tree_are_named_alike_wherever_it_lies(tmp_path: Path) -> None:
    manifests = []
    for place in ("one", "two/three"):
        base = tmp_path / place
        (base / "src" / "deep").mkdir(parents=True)
        (base / ".git" / "info").mkdir(parents=True)
        (base / ".git" / "info" / "exclude").write_text("*.bak\n")
        (base / "src" / ".gitignore").write_text("\n*.log\n")
        for name in ("x.bak", "src/deep/y.log", "src/z.py"):
            (base / name).touch()
        target = tmp_path / f"{len(manifests)}.jsonl"
        write_manifest(str(target), scan(base, PLAIN))
        manifests.append(target.read_bytes())
    assert manifests[0] == manifests[1]
    details = {record["path"]: record["detail"] for record in read(tmp_path / "0.jsonl") if "skipped" in record}
    assert details["x.bak"] == ".git/info/exclude:1"
    assert details["src/deep/y.log"] == "src/.gitignore:2"


@pytest.mark.parametrize("suffix", FORMATS)
def test_a_reason_that_names_what_is_no_text(tmp_path: Path, suffix: str) -> None:
    """A skip may name another path: the ignore file, or the link that lies on the way."""
    base = tmp_path / "tree"
    (base / "\udcff").mkdir(parents=True)
    (base / "\udcff" / ".gitignore").write_text("x\n")
    (base / "\udcff" / "x").touch()
    (base / "\udcfe").symlink_to("\udcff")
    path = tmp_path / f"m{suffix}"
    write_manifest(str(path), scan_names(base, [b"\xff", b"\xfe/x"], PLAIN))
    details = {exact_path(record): record["detail"] for record in read(path) if "skipped" in record}
    assert details == {b"\xff/x": "\\xff/.gitignore:1", b"\xfe/x": "\\xfe is a symbolic link"}
