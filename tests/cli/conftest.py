from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable

    RunExosuit = Callable[..., subprocess.CompletedProcess[bytes]]

COMMAND = Path(__file__).with_name("one_run_a_pair.py")


@pytest.fixture
def run_briefly() -> RunExosuit:
    """As `run`, but a benchmark runs each side once a pair, where a user's repeats what takes less than two seconds."""

    def run_exosuit(*arguments: object, **options: object) -> subprocess.CompletedProcess[bytes]:
        command = [sys.executable, str(COMMAND), *map(str, arguments)]
        return subprocess.run(command, capture_output=True, timeout=120, **options)  # type: ignore[call-overload]

    return run_exosuit
