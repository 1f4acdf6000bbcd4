"""The registry of digests: its tables agree, and a digest that only it knows goes through a whole scan."""

from __future__ import annotations

import hashlib
import json
import runpy
from importlib import resources
from typing import TYPE_CHECKING, Any

import pytest
from blake3 import blake3

from exosuit_cli.config import FIELDS
from exosuit_cli.config.options import ScanOptions
from exosuit_cli.ingest import scan
from exosuit_cli.kernels.cpu import CpuKernels
from exosuit_cli.kernels.device_digests import DEVICE_WORK, device_work
from exosuit_cli.kernels.sources import KERNELS
from exosuit_cli.model.digests import (
    CHUNK_DIGEST,
    DEFAULT_DIGEST,
    DIGESTS,
    MOST_WIDTH,
    Digest,
    file_digests,
    find_digest,
    load_span_digests,
    register_digest,
)
from exosuit_cli.model.errors import ResourceMissing, UsageError
from exosuit_cli.model.records import ROW
from exosuit_cli.report.scan.records import records

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


def sha256() -> Digest:
    return Digest(
        name="sha256",
        title="SHA-256",
        width=32,
        load_function=lambda: lambda data: hashlib.sha256(data).digest(),
        load_hasher=lambda: hashlib.sha256,
    )


@pytest.fixture
def registered() -> Iterator[str]:
    register_digest(sha256())
    yield "sha256"
    del DIGESTS["sha256"]


def test_the_offered_digests() -> None:
    assert file_digests() == FIELDS["scan.hash"].choices == ("blake3", "xxh3")
    assert ScanOptions().hash == DEFAULT_DIGEST == "blake3"


@pytest.mark.parametrize("digest", DIGESTS.values(), ids=list(DIGESTS))
def test_functions_and_hashers_agree_on_any_width(digest: Digest) -> None:
    function, start = digest.load_function(), digest.load_hasher()
    for size in (0, 1, 241, 1025, 70_000):
        data = memoryview(bytes(range(256)) * 300)[:size]
        hasher = start()
        for place in range(0, size, 1000):
            hasher.update(data[place : place + 1000])
        assert len(function(data)) == digest.width
        assert hasher.digest() == function(data)


def test_what_computes_a_digest_on_a_device_is_declared() -> None:
    assert set(DEVICE_WORK) == {digest.name for digest in DIGESTS.values() if digest.kernels}
    for digest in DIGESTS.values():
        assert bool(digest.source) == bool(digest.kernels)
        assert all(KERNELS[kernel] == digest.source for kernel in digest.kernels)


def test_chunk_ids_are_prefixes_of_blake3() -> None:
    function = DIGESTS[CHUNK_DIGEST].load_function()
    assert function(memoryview(b"text"))[:16] == blake3(b"text").digest(16)
    spans = load_span_digests()(memoryview(b"text"), [(0, 4), (2, 2)], 16)
    assert spans == blake3(b"text").digest(16) + blake3(b"").digest(16)


@pytest.mark.parametrize("name", ["record", "scan"])
def test_the_published_schemas_are_what_the_script_makes(project: Path, name: str) -> None:
    made = runpy.run_path(str(project / "scripts" / "export_schemas.py"))["text"](name)
    schema = resources.files("exosuit_cli.report") / "schemas" / f"{name}.schema.json"
    assert schema.read_text() == made
    assert all(f'"{digest}": {{' in made for digest in file_digests())


def test_a_row_has_room() -> None:
    assert ROW["digest"].shape == (MOST_WIDTH,)
    for width in (0, MOST_WIDTH + 1):
        with pytest.raises(ValueError, match="a row holds 1 to 32"):
            Digest("wide", "Wide", width, sha256().load_function, sha256().load_hasher)


@pytest.mark.parametrize("name", ["md5", "xxh3_64", ""])
def test_an_unknown_digest_is_refused(name: str, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"unknown hash .*: expected blake3 or xxh3"):
        find_digest(name)
    with pytest.raises(UsageError, match="expected blake3 or xxh3"):
        scan(tmp_path, ScanOptions(hash=name))


def test_a_name_is_taken_once() -> None:
    with pytest.raises(ValueError, match="known already"):
        register_digest(DIGESTS["blake3"])


def test_a_digest_of_ones_own(registered: str, tmp_path: Path) -> None:
    """Read in a slab, streamed, kept in an index, and written out: all by the registry alone. In this process,
    since a worker process of its own imports the registry anew.
    """
    contents = {f"{number}.txt": f"text {number % 7}\n".encode() for number in range(30)}
    contents["large.txt"] = b"line\n" * 60_000
    for name, content in contents.items():
        (tmp_path / name).write_bytes(content)
    options = ScanOptions(hash=registered, encoding=None, slab_bytes=1 << 17, workers=1)
    for _ in range(2):
        result = scan(tmp_path, options)
        found: list[Any] = [json.loads(json.dumps(record)) for record in records(result, times=True)]
        assert {record["path"]: record["sha256"] for record in found} == {
            name: hashlib.sha256(content).hexdigest() for name, content in contents.items()
        }
        assert result.duplicates().redundant_files == 23
        assert result.tree_digest != scan(tmp_path, ScanOptions(encoding=None, use_index=False)).tree_digest


def test_a_digest_of_ones_own_has_no_kernel(registered: str, tmp_path: Path) -> None:
    assert CpuKernels(registered).device == "cpu"
    with pytest.raises(ResourceMissing, match="no kernel computes the digest sha256"):
        device_work(registered)
    assert scan(tmp_path, ScanOptions(hash=registered, encoding=None)).throughput.device == "cpu"
    with pytest.raises(ResourceMissing):
        scan(tmp_path, ScanOptions(hash=registered, device="cuda:0"))
