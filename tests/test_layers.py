"""A folder imports only folders with a lower number."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from pathlib import Path

LEVELS = {
    "model": 0,
    "system": 1,
    "config": 1,
    "languages": 1,
    "walk": 2,
    "read": 2,
    "kernels": 2,
    "tokens": 2,
    "structure": 2,
    "syntax": 3,
    "device": 3,
    "history": 3,
    "chunk": 4,
    "remote": 5,
    "shards": 5,
    "index": 5,
    "tiers": 5,
    "workers": 6,
    "ingest": 7,
    "context": 8,
    "measure": 8,
    "search": 9,
    "pack": 10,
    "commands": 11,
    "report": 12,
    "serve": 13,
    "cli": 14,
}


def _imports(file: Path) -> list[tuple[int, str]]:
    found = []
    for node in ast.walk(ast.parse(file.read_bytes())):
        if isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{file}:{node.lineno}: a relative import hides where it points"
            found.append((node.lineno, node.module or ""))
        elif isinstance(node, ast.Import):
            found.extend((node.lineno, alias.name) for alias in node.names)
    return [(line, name) for line, name in found if name.startswith("exosuit_cli.")]


def test_every_folder_has_a_level(project: Path) -> None:
    folders = {path.parent.name for path in (project / "exosuit_cli").glob("*/__init__.py")}
    assert folders == set(LEVELS)


@pytest.mark.parametrize("folder", LEVELS)
def test_arrows_point_down(project: Path, folder: str) -> None:
    wrong = []
    for file in sorted((project / "exosuit_cli" / folder).rglob("*.py")):
        for line, name in _imports(file):
            target = name.split(".")[1]
            if target != folder and LEVELS[target] >= LEVELS[folder]:
                wrong.append(f"{file.relative_to(project)}:{line} imports {name}")
    assert not wrong


def test_every_room_says_its_job(project: Path) -> None:
    for folder in LEVELS:
        tree = ast.parse((project / "exosuit_cli" / folder / "__init__.py").read_bytes())
        assert ast.get_docstring(tree), f"{folder}/__init__.py says nothing"
