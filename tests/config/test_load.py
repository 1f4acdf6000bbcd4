from __future__ import annotations

import os
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import pytest

import exosuit_cli
from exosuit_cli.config import FIELDS, Value, default_config_file, load_settings, user_config_file

if TYPE_CHECKING:
    from pathlib import Path

    from tests.config.conftest import Home

SOURCE = os.path.dirname(os.path.dirname(os.path.abspath(exosuit_cli.__file__)))
DEFAULTS = load_settings(environ={}).values


def _document(key: str, value: Value) -> dict[str, Any]:
    """A settings file's content that holds one key."""
    first, *rest = key.split(".")
    if first == "phases":
        return {first: [{"phase": int(rest[0]), rest[1]: value}]}
    return {first: _document(".".join(rest), value)} if rest else {first: value}


@pytest.mark.parametrize("layers", range(5))
@pytest.mark.parametrize(
    ("key", "values"),
    [
        ("scan.top", [11, 12, 13, 14]),
        ("scan.device", ["cuda:1", "cuda:2", "cuda:3", "cpu"]),
        ("memory_layers.system_ram.capacity_gb", [11.5, 12.5, 13.5, 14.5]),
        ("phases.7.batch_files", [11, 12, 13, 14]),
    ],
)
def test_each_layer_is_stronger_than_the_ones_before(home: Home, layers: int, key: str, values: list[Value]) -> None:
    given_layers: dict[str, Any] = {
        "user": _document(key, values[0]),
        "file": _document(key, values[1]),
        "environ": {FIELDS[key].variable: str(values[2])},
        "flags": {key: values[3]},
    }
    names = list(given_layers)[:layers]
    loaded = home.load(**{name: given_layers[name] for name in names})
    assert loaded.values[key] == ([DEFAULTS[key], *values][layers])
    flag = FIELDS[key].flag_for(values[3])
    origins = ["default", home.user, home.file, f"environment {FIELDS[key].variable}", f"flag {flag}"]
    assert str(loaded.origins[key]) == origins[layers]
    untouched = [name for name in FIELDS if name != key]
    assert all(loaded.values[name] == DEFAULTS[name] for name in untouched)
    assert all(str(loaded.origins[name]) == "default" for name in untouched)


def test_neighbours_in_one_object_come_from_different_layers(home: Home) -> None:
    loaded = home.load(
        user={"scan": {"top": 1, "workers": 1, "index": False, "follow": True}},
        file={"scan": {"workers": 2}},
        environ={"EXOSUIT_SCAN_INDEX": "yes"},
        flags={"scan.follow": False, "scan.hidden": None},
    )
    scan = loaded.settings.scan
    walk = scan.walk
    assert (scan.top, scan.workers, scan.use_index, walk.follow, walk.hidden) == (1, 2, True, False, True)
    assert str(loaded.origins["scan.follow"]) == "flag --no-follow"
    assert str(loaded.origins["scan.hidden"]) == "default"


def test_phases_merge_by_number_in_any_order(home: Home) -> None:
    loaded = home.load(
        user={"phases": [{"phase": 8, "name": "ten"}, {"phase": 3, "batch_files": 3}]},
        file={"phases": [{"phase": 3, "name": "one"}]},
    )
    assert (loaded.settings.phases[3].batch_files, loaded.settings.phases[3].name) == (3, "one")
    assert loaded.settings.phases[8].name == "ten"
    assert loaded.settings.phases[8].token_limit == 10_000_000


def test_sizes_are_read_in_every_form(home: Home) -> None:
    for value, size in ((70_000, 70_000), ("70000", 70_000), ("1.5MiB", 1_572_864), ("1 MB", 1_000_000)):
        assert home.load(file={"scan": {"slab_bytes": value}}).settings.scan.slab_bytes == size
    assert home.load(flags={"scan.max_file_size": "0"}).settings.scan.max_file_size == 0
    assert home.load(environ={"EXOSUIT_SCAN_MAX_FILE_SIZE": "2g"}).settings.scan.max_file_size == 2 * 1024**3


def test_rows_show_every_setting_once_in_the_order_of_the_schema(home: Home) -> None:
    loaded = home.load(flags={"scan.top": 3})
    rows = loaded.rows()
    assert [row.key for row in rows] == list(FIELDS)
    assert [(row.value, str(row.origin)) for row in rows if row.key == "scan.top"] == [(3, "flag --top")]
    assert {row.key: row.value for row in rows} == dict(loaded.values)


def test_variables_of_other_programs_are_left_alone(home: Home) -> None:
    home.load(environ={"_EXOSUIT_COMPLETE": "x", "EXOSUITS": "x", "exosuit_scan_top": "x", "MY_EXOSUIT_X": "x"})


@pytest.mark.parametrize(
    "layers",
    [
        {"flags": {"current_phase": 5}},
        {"environ": {"EXOSUIT_CURRENT_PHASE": "5"}},
        {"user": {"current_phase": 5}},
        {"user": {"current_phase": 1, "current_token_limit": 256_000}, "file": {"current_phase": 5}},
        {"file": {"current_phase": 1, "current_token_limit": 256_000}, "environ": {"EXOSUIT_CURRENT_PHASE": "5"}},
    ],
)
def test_the_limit_follows_a_phase_that_a_stronger_layer_sets(home: Home, layers: dict[str, Any]) -> None:
    loaded = home.load(**layers)
    assert loaded.settings.current_token_limit == loaded.settings.phases[5].token_limit == 2_000_000
    assert loaded.settings.phase is loaded.settings.phases[5]
    assert str(loaded.origins["current_token_limit"]) == "phase 5"


def test_the_limit_follows_the_phase_whose_own_limit_changed(home: Home) -> None:
    loaded = home.load(file={"phases": [{"phase": 0, "token_limit": 100_000}], "current_phase": 0})
    assert loaded.settings.current_token_limit == 100_000
    assert str(loaded.origins["current_token_limit"]) == "phase 0"
    loaded = home.load(file={"phases": [{"phase": 1, "token_limit": 200_000}]})
    assert str(loaded.origins["current_token_limit"]) == "default"


def test_a_layer_can_say_that_no_phase_is_set(home: Home) -> None:
    chosen = {"current_phase": 5, "current_token_limit": 2_000_000}
    for stronger in ({"file": {"current_phase": None}}, {"environ": {"EXOSUIT_CURRENT_PHASE": "none"}}):
        loaded = home.load(user=chosen, **stronger)
        assert (loaded.settings.phase, loaded.settings.current_token_limit) == (None, None)
        assert str(loaded.origins["current_token_limit"]) == "no phase"


def test_a_pair_that_agrees_is_taken_as_it_is(home: Home) -> None:
    loaded = home.load(file={"current_phase": 3, "current_token_limit": 1_000_000})
    assert str(loaded.origins["current_token_limit"]) == home.file
    loaded = home.load(file={"current_phase": 3}, environ={"EXOSUIT_CURRENT_TOKEN_LIMIT": "1_000_000"})
    assert str(loaded.origins["current_token_limit"]) == "environment EXOSUIT_CURRENT_TOKEN_LIMIT"


@pytest.mark.parametrize(
    ("layers", "words"),
    [
        ({"file": {"current_phase": 3, "current_token_limit": 5}}, ["current_phase 3", "limit 5", "accepted: 1000000"]),
        (
            {"environ": {"EXOSUIT_CURRENT_TOKEN_LIMIT": "1000000"}},
            ["current_phase null", "set current_phase to 3 or 4"],
        ),
        ({"file": {"current_phase": 3, "current_token_limit": None}}, ["current_phase 3", "accepted: 1000000"]),
        ({"file": {"current_phase": None, "current_token_limit": 5}}, ["current_phase null", "accepted: null"]),
        (
            {"file": {"current_phase": 1}, "flags": {"current_token_limit": 512_000}},
            ["current_phase 1", "256000", "to 2"],
        ),
    ],
)
def test_a_limit_that_is_not_the_phases_is_refused_with_the_remedy(
    home: Home, layers: dict[str, Any], words: list[str]
) -> None:
    message = home.refuses("current_token_limit", *words, **layers)
    assert "leave current_token_limit out" in message
    if "file" in layers:
        assert home.file in message


def test_the_multiplier_follows_or_must_agree(home: Home) -> None:
    loaded = home.load(file={"baseline_token_limit": 1_000_000})
    assert loaded.settings.improvement_multiplier == 10.0
    assert str(loaded.origins["improvement_multiplier"]) == "target_token_limit / baseline_token_limit"
    assert home.load(file={"improvement_multiplier": 78.1}).settings.improvement_multiplier == 78.1
    home.refuses(home.file, "improvement_multiplier 79.0", "accepted: 78.125", file={"improvement_multiplier": 79})
    both = {"target_token_limit": 256_000, "improvement_multiplier": 3}
    home.refuses(home.file, "improvement_multiplier 3.0", "target_token_limit 256000", "accepted: 2;", file=both)


def test_a_target_under_the_baseline_is_refused(home: Home) -> None:
    home.refuses(home.file, "target_token_limit 1", "baseline_token_limit 128000", file={"target_token_limit": 1})


def test_limits_that_fall_are_refused(home: Home) -> None:
    phases = [{"phase": 5, "token_limit": 9}]
    home.refuses(home.file, "phases.5.token_limit 9", "phases.4.token_limit 1000000", file={"phases": phases})


def test_the_working_directory_is_never_looked_at(tmp_path: Path) -> None:
    name = os.path.basename(default_config_file())
    for place in ("", "config", "exosuit", ".config/exosuit", "exosuit_cli/config"):
        (tmp_path / place).mkdir(parents=True, exist_ok=True)
        (tmp_path / place / name).write_text('{"scan": {"top": 77}}')
    script = "from exosuit_cli.config import load_settings; print(load_settings().settings.scan.top)"
    for environ in ({}, {"HOME": ""}, {"HOME": "."}, {"XDG_CONFIG_HOME": "."}, {"XDG_CONFIG_HOME": ""}):
        command = [sys.executable, "-P", "-c", script]
        environ = {"PYTHONPATH": SOURCE, **environ}
        run = subprocess.run(command, cwd=tmp_path, env=environ, capture_output=True, text=True, check=True, timeout=60)
        assert run.stdout == "10\n"
    environ = {"PYTHONPATH": SOURCE, "HOME": str(tmp_path)}
    run = subprocess.run(command, cwd=tmp_path, env=environ, capture_output=True, text=True, check=True, timeout=60)
    assert run.stdout == "77\n"  # the same files count once the user's own directory is meant


def test_the_default_is_the_one_of_the_package() -> None:
    assert os.path.isabs(default_config_file())
    assert user_config_file({}) is None
    assert all(origin.kind == "default" for origin in load_settings(environ={}).origins.values())
