"""What `--against` may be, and the environment that both sides share."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING

import pytest

from exosuit_cli.measure.sides import environment, environment_of, parse_against, this_build
from exosuit_cli.measure.suites import SUITES, choose_suites
from exosuit_cli.model.errors import UsageError

if TYPE_CHECKING:
    from pathlib import Path


def test_an_exosuit_gets_the_suite_s_arguments(exosuit: Path) -> None:
    side = parse_against(f"{exosuit}")
    line = side.command_line(SUITES["scan"], "/corpus", device="cpu", extra=("--no-ignore",))
    assert line[:3] == (str(exosuit), "scan", "/corpus")
    assert line[-3:] == ("--no-ignore", "--device", "cpu")
    assert side.version_line == (str(exosuit), "--version")


def test_a_complete_command_is_run_as_it_stands(tmp_path: Path) -> None:
    side = parse_against("sh -c 'work {suite}' {path}")
    assert side.command_line(SUITES["chunk"], "/a b", device="cpu", extra=("-x",))[1:] == ("-c", "work chunk", "/a b")
    assert side.version_line is None


def test_an_environment_by_its_directory(tmp_path: Path) -> None:
    script = tmp_path / "bin" / "exosuit"
    script.parent.mkdir()
    with pytest.raises(UsageError, match="no exosuit is installed there"):
        parse_against(f"venv:{tmp_path}")
    script.write_text("#!/bin/sh\n")
    script.chmod(0o755)
    assert parse_against(f"venv:{tmp_path}").command == (str(script),)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("", "empty"),
        ("'open", "close the quotes"),
        ("no-such-command-anywhere x", "no command 'no-such-command-anywhere'"),
    ],
)
def test_what_cannot_be_run(text: str, told: str) -> None:
    with pytest.raises(UsageError, match=told):
        parse_against(text)


def test_both_sides_get_the_same_clean_environment(tmp_path: Path) -> None:
    given = {"PATH": "/bin", "EXOSUIT_SCAN_HASH": "xxh3", "PYTHONDONTWRITEBYTECODE": "1", "XDG_CACHE_HOME": "/mine"}
    found = environment(str(tmp_path), given)
    assert found["PATH"] == "/bin"
    assert "EXOSUIT_SCAN_HASH" not in found
    assert "PYTHONDONTWRITEBYTECODE" not in found
    assert all(found[f"XDG_{name}_HOME"].startswith(str(tmp_path)) for name in ("CONFIG", "CACHE", "STATE"))


def test_each_side_has_a_cache_and_a_state_of_its_own(tmp_path: Path) -> None:
    shared = environment(str(tmp_path), {"PATH": "/bin"})
    ours, theirs = environment_of(shared, "A"), environment_of(shared, "B")
    assert {name for name in shared if ours[name] != theirs[name]} == {"XDG_CACHE_HOME", "XDG_STATE_HOME"}
    assert ours["XDG_STATE_HOME"] == os.path.join(shared["XDG_STATE_HOME"], "A")


def test_this_build_can_be_run() -> None:
    command = this_build().command
    assert os.access(command[0], os.X_OK)
    assert os.path.dirname(command[0]) == os.path.dirname(sys.executable)


def test_suites_by_name() -> None:
    assert [suite.name for suite in choose_suites("all")] == [name for name in SUITES if name != "query"]
    with pytest.raises(UsageError, match="known are scan, tokens, chunk, context, query and all"):
        choose_suites("store")
    for suite in SUITES.values():
        assert suite.headline in suite.rates
        assert {"files", "bytes"} <= set(suite.work)
