"""Commands that do a known work, and plans to measure them."""

from __future__ import annotations

import json
import stat
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from exosuit_cli.measure.plan import BenchPlan
from exosuit_cli.measure.sides import Side
from exosuit_cli.measure.suites import SUITES

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

WORK = {"totals": {"files": 3, "bytes": 3000}, "tree_digest": "d" * 64, "throughput": {"device": "cpu"}}


@pytest.fixture
def command(tmp_path: Path) -> Callable[..., Side]:
    """Make a command that prints a document after some lines of shell; `{path}` is its first argument."""

    def make(name: str, document: Any = WORK, *, before: str = "", text: str | None = None) -> Side:
        script = tmp_path / name
        answer = json.dumps(document) if text is None else text
        script.write_text(f"#!/bin/sh\n{before}\ncat <<'END'\n{answer}\nEND\n" if answer else f"#!/bin/sh\n{before}\n")
        script.chmod(script.stat().st_mode | stat.S_IXUSR)
        return Side(name, (str(script), "{path}"), complete=True)

    return make


@pytest.fixture
def plan() -> Callable[..., BenchPlan]:
    """A plan of a few pairs, each one run of a side; the rest by name."""

    def make(candidate: Side, base: Side | None = None, **changes: Any) -> BenchPlan:
        default = BenchPlan(
            suites=(SUITES["scan"],), candidate=candidate, base=base, is_aa=False, gates=(), floors=(), pairs=6,
            max_pairs=6, max_seconds=60.0, warmup=1, seed=1, cache="warm", device=None, extra=(), confirm=True,
            baseline=None, most_repeats=1,
        )  # fmt: skip
        return replace(default, **changes)

    return make


@pytest.fixture
def corpus(tmp_path: Path) -> str:
    """Three files of a thousand bytes."""
    root = tmp_path / "corpus"
    root.mkdir()
    for name in "abc":
        (root / name).write_text("x" * 1000)
    return str(root)
