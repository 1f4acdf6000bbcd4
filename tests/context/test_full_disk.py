"""A disk that is full at any write is one clear error, and the context is what it was."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest
from hostile.conftest import Mounts

from exosuit_cli.context import Context
from exosuit_cli.context.database import database_file
from exosuit_cli.model.errors import ExosuitError, OutputError

from .stores import dump, functions, left_over, load, problems, source, write_bytes

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

KIB = 1024


@pytest.fixture
def small(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """The state directory on a small disk of its own."""
    with Mounts() as mounts:
        disk = mounts.tmpfs(tmp_path / "disk", "size=1200k")
        monkeypatch.setenv("XDG_STATE_HOME", str(disk))
        yield disk


def fill(disk: Path, free: int) -> None:
    """Leave so many bytes free."""
    status = os.statvfs(disk)
    (disk / "ballast").write_bytes(b"x" * max(status.f_bavail * status.f_bsize - free, 0))


def files(count: int, salt: str) -> dict[bytes, bytes]:
    return {b"%d.py" % number: functions(12, f"_{salt}{number}") for number in range(count)}


@pytest.mark.parametrize("free", [0, 4, 12, 20, 40, 60, 80, 120, 160, 600])
def test_a_refresh_that_finds_the_disk_full(small: Path, tmp_path: Path, free: int) -> None:
    write_bytes(tmp_path / "tree", files(30, "a"))
    load("c", source(tmp_path / "tree"))
    before = dump("c")
    write_bytes(tmp_path / "tree", files(40, "b"))
    fill(small, free * KIB)
    failure = failed(lambda: load("c", source(tmp_path / "tree")))
    if failure is not None:
        assert isinstance(failure, OutputError)
        assert "\n" not in str(failure)
        (small / "ballast").unlink()
        assert dump("c") == before
        assert problems("c") == []
        load("c", source(tmp_path / "tree"))
    else:
        (small / "ballast").unlink()
    assert free < 600 or failure is None
    load("fresh", source(tmp_path / "tree"))
    assert dump("c") == dump("fresh")
    assert left_over("c") == {}


@pytest.mark.parametrize("free", [0, 8, 24, 80, 160])
def test_a_first_load_that_finds_the_disk_full(small: Path, tmp_path: Path, free: int) -> None:
    write_bytes(tmp_path / "tree", files(40, "a"))
    fill(small, free * KIB)
    failure = failed(lambda: load("c", source(tmp_path / "tree")))
    assert isinstance(failure, OutputError), failure
    (small / "ballast").unlink()
    load("c", source(tmp_path / "tree"))
    assert problems("c") == []
    assert left_over("c") == {}


@pytest.mark.parametrize("free", [0, 16, 64, 160])
def test_a_compaction_that_finds_the_disk_full(small: Path, tmp_path: Path, free: int) -> None:
    write_bytes(tmp_path / "tree", files(40, "a"))
    load("c", source(tmp_path / "tree"))
    before = dump("c")
    fill(small, free * KIB)

    def compact() -> None:
        with Context.open("c") as context:
            context.compact()

    failure = failed(compact)
    assert failure is None or isinstance(failure, OutputError)
    (small / "ballast").unlink()
    assert dump("c") == before
    assert problems("c") == []
    assert database_file(str(small / "exosuit" / "contexts" / "c.db"), "c").st_size


def failed(work: Callable[[], object]) -> ExosuitError | None:
    try:
        work()
    except ExosuitError as error:
        return error
    return None
