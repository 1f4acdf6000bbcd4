from __future__ import annotations

import contextlib
import os
import subprocess
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Self

import pytest

from .harness import Scanner

if TYPE_CHECKING:
    from collections.abc import Iterator

    from warm import WarmProcess


@pytest.fixture(scope="session")
def scan(exosuit: Path, tmp_path_factory: pytest.TempPathFactory, warm_process: WarmProcess) -> Scanner:
    """Run `exosuit scan` with its manifest outside of the tree."""
    return Scanner(exosuit, tmp_path_factory.mktemp("manifests"), warm_process)


@pytest.fixture
def tree(tmp_path: Path) -> Iterator[Path]:
    """An empty directory to fill and scan; `rm` takes it away, which no depth and no permission stops."""
    directory = tmp_path / "tree"
    directory.mkdir()
    yield directory
    subprocess.run(["chmod", "-R", "u+rwX", directory], check=False, capture_output=True)
    subprocess.run(["rm", "-rf", directory], check=True)


@pytest.fixture
def memory_tree(tmp_path: Path) -> Iterator[Path]:
    """An empty directory for very many files, in memory where the system has a place for that."""
    parent = "/dev/shm" if os.access("/dev/shm", os.W_OK) else tmp_path
    directory = Path(tempfile.mkdtemp(prefix="exosuit-test-", dir=parent))
    yield directory
    subprocess.run(["rm", "-rf", directory], check=True)


class Mounts:
    """Small file systems of a test, gone at its end."""

    def __init__(self) -> None:
        self._stack = contextlib.ExitStack()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()

    def tmpfs(self, directory: Path, options: str = "size=1m") -> Path:
        """Mount a file system in memory on a new directory."""
        directory.mkdir(exist_ok=True)
        if os.geteuid() != 0:
            pytest.skip("mounting a file system takes root")
        command = ["mount", "-t", "tmpfs", "-o", f"mode=0700,{options}", "exosuit-test", str(directory)]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if done.returncode:
            pytest.skip(f"this machine does not let a file system be mounted: {done.stderr.strip()}")
        self._stack.callback(subprocess.run, ["umount", "-l", str(directory)], check=True)
        return directory


@pytest.fixture
def mounts() -> Iterator[Mounts]:
    with Mounts() as made:
        yield made
