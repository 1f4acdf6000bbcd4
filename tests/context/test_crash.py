"""A writer that is killed at any moment leaves the state before its work or the one after."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.parametrize("seed", [1, 2])
def test_a_killed_writer_leaves_the_state_before_or_after(project: Path, seed: int) -> None:
    command = [sys.executable, str(project / "scripts" / "crash_context.py"), "--rounds", "24", "--seed", str(seed)]
    done = subprocess.run(command, capture_output=True, timeout=900, check=False)
    assert done.returncode == 0, done.stderr.decode()
    result = json.loads(done.stdout)
    assert result["failures"] == []
    assert sum(result["outcomes"].values()) == result["rounds"] == 24
