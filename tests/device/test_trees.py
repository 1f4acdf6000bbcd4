"""Whole runs over trees of every shape, with an owner of an emulated card that lives in this process."""

from __future__ import annotations

import contextlib
import io
import json
import os
import socket
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from exosuit_cli.chunk import ChunkOptions
from exosuit_cli.device import choice, process, remote
from exosuit_cli.device.messages import OwnerSettings
from exosuit_cli.device.owner import Owner
from exosuit_cli.device.sizes import ring_sizes
from exosuit_cli.ingest import ScanOptions, ScanResult, chunk, scan
from exosuit_cli.kernels.frame import FrameLayout
from exosuit_cli.model.encodings import DEFAULT_ENCODING
from exosuit_cli.report.chunk.jsonl import JsonlRenderer, JsonlSink
from exosuit_cli.workers import device_run

from .emulated_driver import VARIABLE

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from exosuit_cli.device.driver import Card
    from exosuit_cli.device.totals import DeviceTotals

    Serve = Callable[..., contextlib.AbstractContextManager[Owner]]

SLAB = 1024
EDGES = (0, 1, 15, 16, 17, 511, 512, 513, SLAB - 1)
FILES = (
    st.binary(max_size=40)
    | st.text("aZ9 \n\t{}()é'", max_size=200).map(str.encode)
    | st.sampled_from([b"", b"\n", b"caf\xe9\n", b"\0\n", b"\xff\xfea\0", b"x" * 300])
    | st.sampled_from(EDGES).map(lambda size: (b"def f(x):\n    return x\n" * 60)[:size])
)
TREES = st.lists(st.tuples(st.sampled_from(["a", "b/c", "b/d.py"]), FILES), max_size=14)


class Served:
    """What a run knows of the process that owns a card, where this process does."""

    def __init__(self, owner: Owner, address: str) -> None:
        self._owner, self.address = owner, address

    def is_ready(self, seconds: float = 0.0) -> bool:
        return True

    def wait(self) -> Card:
        return self._owner.card

    def pids(self) -> list[int]:
        return []

    def finish(self) -> None:
        pass

    def close(self) -> DeviceTotals:
        return self._owner.totals()


@pytest.fixture(scope="module")
def serve(libraries: Path) -> Serve:
    """Makes an owner that serves every run within the block, with room for so many files a slab."""

    @contextlib.contextmanager
    def serving(files: int, encoding: str | None = DEFAULT_ENCODING) -> Iterator[Owner]:
        sizes = ring_sizes(1, SLAB, files, "blake3", lines=True)
        address = "\0exosuit-test-" + os.urandom(8).hex()
        with (
            socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as listener,
            tempfile.TemporaryDirectory() as folder,
            pytest.MonkeyPatch.context() as patch,
        ):
            plan = {"libraries": str(libraries), "report": f"{folder}/report"}
            patch.setenv(VARIABLE, json.dumps(plan))
            patch.setattr(choice, "DRIVER", "device.emulated_driver")
            patch.setattr(remote, "LEAST_SPANS", 1)
            patch.setattr(device_run, "BATCH_FILES", 1)
            settings = OwnerSettings(choice.DRIVER, 0, "blake3", 0, 2, address, sizes, encoding=encoding)
            owner = Owner(settings)
            listener.bind(address)
            listener.listen()
            owner.start(listener)
            patch.setattr(process, "DeviceProcess", lambda *_: Served(owner, address))
            yield owner

    return serving


def options(device: str, files: int, encoding: str | None = DEFAULT_ENCODING) -> ScanOptions:
    return ScanOptions(
        device=device, workers=1, slab_bytes=1 << 13, batch_files=files, encoding=encoding, use_index=False
    )


def facts(result: ScanResult) -> tuple[Any, ...]:
    names = [name for name in result.rows.dtype.names or () if not name.endswith("time_ns")]
    return result.paths, {name: result.rows[name].tolist() for name in names}, result.tree_digest, result.skips


def chunks_of(tree: Path, using: ScanOptions) -> tuple[bytes, tuple[Any, ...]]:
    file = io.BytesIO()
    renderer = JsonlRenderer(with_text=True)
    found = chunk(tree, ChunkOptions(max_tokens=32), using, renderer=renderer, sink=JsonlSink(file, renderer))
    return file.getvalue(), facts(found.scan)


def grow(tree: Path, files: list[tuple[str, bytes]]) -> None:
    """Write the files, each under a name of its own, in this order."""
    for number, (folder, content) in enumerate(files):
        (tree / folder).mkdir(parents=True, exist_ok=True)
        (tree / folder / f"{number:03}.py").write_bytes(content)


@pytest.fixture(scope="module")
def any_owner(serve: Serve) -> Iterator[Owner]:
    with serve(5) as owner:
        yield owner


@settings(max_examples=12)
@given(TREES)
def test_any_tree_is_the_same_on_a_card(any_owner: Owner, files: list[tuple[str, bytes]]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        tree = Path(folder, "tree")
        grow(tree, [("", b""), *files])
        assert facts(scan(tree, options("cuda:0", 5))) == facts(scan(tree, options("cpu", 5)))
        assert chunks_of(tree, options("cuda:0", 5)) == chunks_of(tree, options("cpu", 5))


def test_a_slab_ends_at_every_edge(any_owner: Owner, tmp_path: Path) -> None:
    """Two files a batch, which end just before the slab's end, with it, or behind it."""
    text = b"one {\n\ttwo = '\xc3\xa9'\n}\n" * 60
    pairs = [(first, SLAB + beyond - first) for first in EDGES for beyond in (-2, -1, 0, 1)]
    grow(tmp_path, [("", text[:size]) for pair in pairs for size in pair])
    before = any_owner.totals().slabs
    found = scan(tmp_path, options("cuda:0", 2))
    assert facts(found) == facts(scan(tmp_path, options("cpu", 2)))
    assert any_owner.totals().slabs - before >= len(pairs)
    assert chunks_of(tmp_path, options("cuda:0", 2)) == chunks_of(tmp_path, options("cpu", 2))


def test_many_empty_files_beside_a_giant(serve: Serve, tmp_path: Path) -> None:
    """The giant is streamed by the CPU, and files without a byte are in the slab of what follows them."""
    for number in range(4096):
        (tmp_path / f"{'an'[number % 2]}{number}").touch()
    (tmp_path / "giant").write_bytes(b"many words on a line\n" * 5000)
    (tmp_path / "small").write_bytes(b"a few\n" * 9)
    with serve(4100, None) as owner:
        found = scan(tmp_path, options("cuda:0", 4100, None))
        totals = owner.totals()
    assert facts(found) == facts(scan(tmp_path, options("cpu", 4100, None)))
    assert (totals.slabs, totals.bytes_in) == (1, FrameLayout(SLAB, 4100).data_offset + 54)
