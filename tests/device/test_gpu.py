"""On a card, where one answers: the kernels' results and whole runs are those of the CPU."""

from __future__ import annotations

import importlib.util
import json
from typing import TYPE_CHECKING, Any

import pytest

from exosuit_cli.device.choice import load_driver
from exosuit_cli.model.errors import ResourceMissing

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

pytestmark = pytest.mark.gpu


@pytest.fixture(scope="module")
def card() -> Any:
    reason = load_driver().why_not(0)
    if reason is not None:
        pytest.skip(reason)
    try:
        return load_driver().open_card(0, 0)
    except ResourceMissing as error:
        pytest.skip(str(error))


def test_every_kernel_gives_what_the_cpu_gives(card: Any, project: Path) -> None:
    spec = importlib.util.spec_from_file_location("gpu_check", project / "scripts" / "gpu_check.py")
    assert spec is not None
    assert spec.loader is not None
    script = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(script)
    document: dict[str, Any] = {}
    script.check(card, str(project / "exosuit_cli"), document)
    assert not document["differences"]
    assert document["checked"]["slabs"] > 40


@pytest.mark.usefixtures("card")
def test_whole_runs_are_the_same(run: Callable[..., Any], project: Path) -> None:
    tree = project / "exosuit_cli"
    scans = [
        json.loads(run("scan", tree, "--json", "--no-index", "--device", name).stdout) for name in ("cpu", "cuda:0")
    ]
    assert scans[0]["tree_digest"] == scans[1]["tree_digest"]
    assert scans[0]["totals"] == scans[1]["totals"]
    assert scans[1]["throughput"]["device_work"]["slabs"] > 0
    chunks = [run("chunk", tree, "--device", name).stdout for name in ("cpu", "cuda:0")]
    assert chunks[0] == chunks[1]
