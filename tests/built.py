"""What is built once for all processes of a run: the first that needs it builds, the others wait and take it."""

from __future__ import annotations

import fcntl
import os
import shutil
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    import pytest

FOLDER = "PYTEST_BUILT_FOLDER"
"""The environment variable that names the folder of a run; the workers of a parallel run inherit it."""


def once(name: str, build: Callable[[Path], object]) -> Path:
    """The folder that `build` filled, in this process or in another; a failed build leaves nothing."""
    folder = Path(os.environ[FOLDER], name)
    with open(f"{folder}.lock", "ab") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not folder.exists():
            folder.mkdir()
            try:
                build(folder)
            except BaseException:
                shutil.rmtree(folder)
                raise
    return folder


def pytest_configure(config: pytest.Config) -> None:
    """Make the folder, in the process that starts the run."""
    if not hasattr(config, "workerinput"):
        os.environ[FOLDER] = tempfile.mkdtemp(prefix="exosuit-built-")
        config.add_cleanup(_remove)


def _remove() -> None:
    shutil.rmtree(os.environ.pop(FOLDER), ignore_errors=True)
