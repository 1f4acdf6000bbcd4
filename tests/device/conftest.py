from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from kernels.emulated import built_libraries

from exosuit_cli.device import choice

from .emulated_driver import VARIABLE

if TYPE_CHECKING:
    from collections.abc import Callable


@pytest.fixture(scope="session")
def libraries() -> Path:
    """The kernels, compiled for the CPU."""
    return built_libraries()


@pytest.fixture
def cards(monkeypatch: pytest.MonkeyPatch, libraries: Path, tmp_path: Path) -> Callable[..., Callable[[], Any]]:
    """Puts emulated cards in place of the machine's, with a plan; answers with what the first card tells at the end."""
    monkeypatch.setattr(choice, "DRIVER", "device.emulated_driver")

    def plan(**what: Any) -> Callable[..., Any]:
        report = tmp_path / "report.json"
        monkeypatch.setenv(VARIABLE, json.dumps({"libraries": str(libraries), "report": str(report), **what}))
        return lambda card=0: json.loads(Path(f"{report}.{card}").read_text())

    return plan
