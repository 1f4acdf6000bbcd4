from __future__ import annotations

import subprocess
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable

    RunExosuit = Callable[..., subprocess.CompletedProcess[bytes]]


@pytest.fixture
def run_briefly(brief_exosuit: str) -> RunExosuit:
    """As `run`, with `brief_exosuit`."""

    def run_exosuit(*arguments: object, **options: Any) -> subprocess.CompletedProcess[bytes]:
        return subprocess.run([brief_exosuit, *map(str, arguments)], capture_output=True, timeout=120, **options)

    return run_exosuit
