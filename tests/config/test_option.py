"""An option is declared once: flags, help, settings, the request and the index follow."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, Any

import pytest

from exosuit_cli.chunk.options import ChunkOptions
from exosuit_cli.cli.chunk_flags import CHUNK
from exosuit_cli.cli.pack_flags import PACK
from exosuit_cli.cli.scan_flags import SCAN
from exosuit_cli.commands.chunk_request import ChunkRequest
from exosuit_cli.commands.pack_request import PackRequest
from exosuit_cli.commands.requests import ScanRequest
from exosuit_cli.config import FIELDS
from exosuit_cli.config.option import PANELS, declared, filled, option
from exosuit_cli.config.options import ScanDefaults, ScanOptions, WalkOptions
from exosuit_cli.model.errors import UsageError
from exosuit_cli.pack.options import PackOptions

if TYPE_CHECKING:
    from pathlib import Path

NO_OPTIONS: dict[type, set[str]] = {
    WalkOptions: {"own_outputs"},
    ScanDefaults: {"walk", "vram_bytes", "recording"},
    ChunkOptions: {"encoding"},
    ScanRequest: {"paths", "options", "settings", "names"},
    ChunkRequest: {"paths", "chunking", "options", "output", "names", "size_is_chosen"},
    PackOptions: {"encoding"},
    PackRequest: {"paths", "packing", "options", "output", "names", "size_is_chosen", "filters", "config", "has_tree"},
}
"""What the fields of each record are that nobody types and no settings file has."""

MADE_UP = '    sockets: bool = option(False, "Take sockets too.", changes="walk", panel=SELECTION, setting=True)\n'
BEFORE = "    own_outputs: frozenset"


@pytest.mark.parametrize("record", NO_OPTIONS, ids=lambda record: record.__name__)
def test_every_field_is_an_option_or_known_to_be_none(record: type[Any]) -> None:
    attributes = {each.attribute for each in declared(record)}
    assert {field.name for field in fields(record)} == attributes | NO_OPTIONS[record]


@pytest.mark.parametrize("options", [SCAN, CHUNK, PACK], ids=["scan", "chunk", "pack"])
def test_flags_are_distinct_and_explained(options: tuple[Any, ...]) -> None:
    flags = [flag for each in options for flag in (*each.flags, each.negative) if flag]
    assert len(flags) == len(set(flags)) > 20
    assert [PANELS.index(each.panel) for each in options] == sorted(PANELS.index(each.panel) for each in options)
    assert all(each.help and (each.metavar or not each.takes_value) for each in options)


def test_a_setting_is_the_option_of_its_name() -> None:
    settings = {each.key: each for each in (*declared(ScanDefaults), *declared(WalkOptions)) if each.is_setting}
    assert set(settings) == {key for key in FIELDS if key.startswith("scan.")}
    for key, each in settings.items():
        if each.has_flag:
            assert FIELDS[key].flag_for(True) == each.flags[0]
            assert not each.negative or FIELDS[key].flag_for(False) == each.negative


def test_a_number_below_the_range_is_refused() -> None:
    for name in ("workers", "max_file_size", "slab_bytes", "batch_files"):
        each = next(found for found in declared(ScanOptions) if found.attribute == name)
        least = each.low if each.least is None else each.least
        assert getattr(ScanOptions(**{name: least}), name) == least
        with pytest.raises(UsageError, match=f"{name} {least - 1} is not accepted; accepted: {least} and more"):
            ScanOptions(**{name: least - 1})


def test_a_subclass_has_the_options_of_its_base_and_its_own() -> None:
    @dataclass(frozen=True, slots=True)
    class More(WalkOptions):
        depth: int = option(3, "How deep to go.", changes="walk", high=9)

    assert [each.name for each in declared(More)] == [*(each.name for each in declared(WalkOptions)), "depth"]
    assert filled(More, {"depth": 5, "hidden": False, "ignore": None}) == More(depth=5, hidden=False)


@pytest.fixture
def changed(project: Path, tmp_path: Path) -> Any:
    """Run a copy of the package in which one more option of the walk is declared, and nothing else is changed."""
    shutil.copytree(project / "exosuit_cli", tmp_path / "exosuit_cli", ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copytree(project / "config", tmp_path / "config")
    file = tmp_path / "exosuit_cli" / "config" / "options.py"
    text = file.read_text()
    assert text.count(BEFORE) == 1
    file.write_text(text.replace(BEFORE, MADE_UP + BEFORE))

    def run(*arguments: str, **variables: str) -> str:
        done = subprocess.run(
            [sys.executable, "-m", "exosuit_cli", *arguments],
            cwd=tmp_path, env=os.environ | {"COLUMNS": "200"} | variables, capture_output=True, timeout=120,
            check=False,
        )  # fmt: skip
        assert done.returncode == 0, done.stderr.decode()
        return done.stdout.decode()

    return run


def test_a_declared_option_is_a_flag_a_setting_and_part_of_the_index(changed: Any, tmp_path: Path) -> None:
    tree = tmp_path / "tree"
    tree.mkdir()
    (tree / "a").write_text("a\n")
    for command in ("scan", "chunk"):
        help_line = next(line for line in changed(command, "--help").splitlines() if "--sockets" in line)
        assert re.search(r"--sockets\s+--no-sockets\s+Take sockets too\. \[default: no-sockets\]", help_line)
    rows = {row["key"]: row for row in json.loads(changed("config", "show", "--json"))["settings"]}
    assert rows["scan.sockets"] == {"key": "scan.sockets", "value": False, "origin": "default"}
    rows = {
        row["key"]: row for row in json.loads(changed("config", "show", "--json", EXOSUIT_SCAN_SOCKETS="1"))["settings"]
    }
    assert rows["scan.sockets"]["value"] is True
    assert index_key(changed, tree) == index_key(changed, tree, "--no-sockets")
    keys = {index_key(changed, tree), index_key(changed, tree, "--sockets")}
    assert len(keys) == 2
    assert index_key(changed, tree, EXOSUIT_SCAN_SOCKETS="yes") in keys


def index_key(run: Any, tree: Path, *flags: str, **variables: str) -> str:
    """The key under which a scan keeps the listings of a tree."""
    run("scan", str(tree), "--no-tokens", *flags, **variables)
    caches = os.path.join(os.environ["XDG_CACHE_HOME"], "exosuit", "index")
    (index,) = (name for name in os.listdir(caches) if name.endswith(".index"))
    with open(os.path.join(caches, index), "rb") as file:
        found = re.search(rb'"walk_key": "([0-9a-f]+)"', file.read())
    assert found
    return found[1].decode()
