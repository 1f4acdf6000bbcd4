"""One module declares a format; help, validation and documentation follow."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from exosuit_cli.commands.manual import read_topic
from exosuit_cli.report.bench.exports import EXPORTS
from exosuit_cli.report.chunk.formats import CHUNK_FORMATS, CHUNK_SUFFIXES
from exosuit_cli.report.manual.tables import TABLES
from exosuit_cli.report.scan.manifest import MANIFESTS

if TYPE_CHECKING:
    from pathlib import Path

EXPORT = """
from exosuit_cli.commands.bench_artefacts import ExportFormat
FORMAT = ExportFormat("madeup", ".made", "a made-up export", lambda given: {"": b"made up"})
"""
MANIFEST = """
from exosuit_cli.report.scan.manifest.format import ManifestFormat
FORMAT = ManifestFormat(".madeup", "a made-up manifest", lambda file, result: file.write(b"made up"))
"""
CHUNKS = """
from exosuit_cli.report.chunk.formats import jsonl
from exosuit_cli.report.chunk.formats.format import ChunkFormat
FORMAT = ChunkFormat("madeup", (".made",), "a made-up format", True, jsonl.FORMAT.opened)
"""
PROGRAM = """
import sys
package, place, *arguments = sys.argv[1:]
import importlib
importlib.import_module(package.rpartition(".")[0]).__path__
import importlib.util
spec = importlib.util.find_spec(package)
package = importlib.util.module_from_spec(spec)
package.__path__.append(place)
sys.modules[spec.name] = package
spec.loader.exec_module(package)
from exosuit_cli.cli import main
sys.argv = ["exosuit", *arguments]
main()
"""
"""The command, with a package that has one more folder of modules."""


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    root = tmp_path / "tree"
    root.mkdir()
    (root / "a.py").write_text("x = 1\n")
    return root


def _run(package: str, source: str, tmp_path: Path, *arguments: object) -> subprocess.CompletedProcess[str]:
    place = tmp_path / "modules"
    place.mkdir(exist_ok=True)
    (place / "made_up.py").write_text(source)
    command = [sys.executable, "-c", PROGRAM, f"exosuit_cli.report.{package}", str(place), *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, env=os.environ | {"COLUMNS": "200"}, timeout=120)


def test_an_export_is_one_module(tree: Path, tmp_path: Path) -> None:
    for arguments in (["--help"], [tree, "--export", f"unknown={tmp_path}/x"]):
        done = _run("bench.exports", EXPORT, tmp_path, "bench", *arguments)
        assert "junit, madeup, md" in done.stdout + done.stderr
    assert "madeup: a made-up export" in " ".join(
        _run("bench.exports", EXPORT, tmp_path, "bench", "--help").stdout.split()
    )
    done = _run("bench.exports", EXPORT, tmp_path, "bench", tree, "--export", "madeup")
    assert "write for example madeup=bench.made" in done.stderr
    arguments = [tree, "--against", "false {path}", "--warmup", "1", "--export", f"madeup={tmp_path}/x"]
    assert _run("bench.exports", EXPORT, tmp_path, "bench", *arguments).returncode == 6
    assert (tmp_path / "x").read_bytes() == b"made up"


def test_a_manifest_format_is_one_module(tree: Path, tmp_path: Path) -> None:
    shown = _run("scan.manifest", MANIFEST, tmp_path, "manual", "formats").stdout
    assert "| `.madeup` | a made-up manifest |" in shown
    done = _run("scan.manifest", MANIFEST, tmp_path, "scan", tree, "--manifest", "x.unknown")
    assert done.returncode == 2
    assert "must end in .jsonl, .jsonl.zst, .madeup, .parquet" in done.stderr
    done = _run("scan.manifest", MANIFEST, tmp_path, "scan", tree, "--manifest", tmp_path / "m.madeup")
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "m.madeup").read_bytes() == b"made up"


def test_a_chunk_format_is_one_module(tree: Path, tmp_path: Path) -> None:
    """Its name, the endings of file names that choose it, and the chunks that it writes."""
    shown = _run("chunk.formats", CHUNKS, tmp_path, "manual", "formats").stdout
    assert "| `madeup` | a made-up format | `.made` |" in shown
    done = _run("chunk.formats", CHUNKS, tmp_path, "chunk", tree, "--format", "unknown")
    assert done.returncode == 2
    assert "expected jsonl or madeup or parquet" in done.stderr
    for arguments in (["--format", "madeup"], ["-o", tmp_path / "chunks.made"]):
        done = _run("chunk.formats", CHUNKS, tmp_path, "chunk", tree, *arguments)
        assert done.returncode == 0, done.stderr
        written = done.stdout or (tmp_path / "chunks.made").read_text()
        assert json.loads(written)["path"] == "a.py"


def test_the_formats_that_there_are() -> None:
    assert list(EXPORTS) == [
        "bmf", "gab", "gobench", "html", "hyperfine", "json", "junit", "md", "openmetrics", "pytest"
    ]  # fmt: skip
    assert [name for name, found in EXPORTS.items() if found.continues] == ["openmetrics"]
    assert list(MANIFESTS) == [".jsonl", ".jsonl.zst", ".parquet"]
    assert list(CHUNK_FORMATS) == ["jsonl", "parquet"]
    assert CHUNK_SUFFIXES == {
        "": "jsonl", ".jsonl": "jsonl", ".ndjson": "jsonl", ".json": "jsonl", ".parquet": "parquet"
    }  # fmt: skip
    for found in (*EXPORTS.values(), *MANIFESTS.values(), *CHUNK_FORMATS.values()):
        assert found.help
        assert "\n" not in found.help


def test_the_documentation_names_every_format() -> None:
    documentation = "\n".join(read_topic(name, {**TABLES, "options": str}) for name in ("formats", "bench"))
    for name in (*EXPORTS, *MANIFESTS, *CHUNK_FORMATS):
        assert f"`{name}`" in documentation, f"{name} is not documented"
