"""Settings that the program writes: one key changes, every other byte stays."""

from __future__ import annotations

import json
import os
import stat
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from exosuit_cli.commands.settings_file import check_settings_writable, write_settings
from exosuit_cli.config.write import _changed, settings_file
from exosuit_cli.model.errors import ConfigError, OutputError

if TYPE_CHECKING:
    from pathlib import Path

CHOSEN = {"current_phase": 3, "current_token_limit": 1_000_000}


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("{}", '{\n  "current_phase": 3\n}'),
        ("{ }\n", '{\n  "current_phase": 3\n}\n'),
        ('{"scan": {"top": 3}}', '{"current_phase": 3, "scan": {"top": 3}}'),
        ('{\n\t"scan": {"top": 3}\n}\n', '{\n\t"current_phase": 3,\n\t"scan": {"top": 3}\n}\n'),
        ('{"current_phase":null}', '{"current_phase":3}'),
        ('{"scan":{"top":1} , "current_phase" :  8 }', '{"scan":{"top":1} , "current_phase" :  3 }'),
        ('{"current\\u005fphase": 1}', '{"current\\u005fphase": 3}'),
        ('\ufeff{"current_phase": 1}\r\n', '\ufeff{"current_phase": 3}\r\n'),
    ],
)
def test_every_other_byte_stays(tmp_path: Path, before: str, after: str) -> None:
    path = tmp_path / "settings.json"
    path.write_bytes(before.encode())
    write_settings(str(path), {"current_phase": 3})
    assert path.read_bytes().decode() == after
    write_settings(str(path), {"current_phase": None})
    assert json.loads(path.read_bytes().decode("utf-8-sig"))["current_phase"] is None


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=5), inner, max_size=4),
    max_leaves=8,
)


@given(st.dictionaries(st.text(max_size=5), JSON, max_size=5), st.text(max_size=5), JSON, st.sampled_from([None, 1, 4]))
def test_any_object_changes_as_a_dict_does(document: dict[str, object], key: str, value: object, indent: int) -> None:
    text = json.dumps(document, indent=indent)
    assert json.loads(_changed(text, key, json.dumps(value))) == {**document, key: value}


def test_a_new_file_is_private_and_its_directories_are_made(tmp_path: Path) -> None:
    path = tmp_path / "a" / "b" / "settings.json"
    check_settings_writable(str(path))
    assert not (tmp_path / "a").exists()
    write_settings(str(path), CHOSEN)
    assert json.loads(path.read_text()) == CHOSEN
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(path.parent.stat().st_mode) & 0o077 == 0


def test_a_link_stays_and_so_does_the_mode(tmp_path: Path) -> None:
    real, link = tmp_path / "dotfiles.json", tmp_path / "settings.json"
    real.write_text("{}")
    real.chmod(0o640)
    link.symlink_to(real)
    write_settings(str(link), CHOSEN)
    assert link.is_symlink()
    assert json.loads(real.read_text()) == CHOSEN
    assert stat.S_IMODE(real.stat().st_mode) == 0o640


@pytest.mark.parametrize("content", [b"{", b"[]", b'{"nonsense": 1}', b'{"current_phase": 9}', b"\xff"])
def test_a_file_that_is_wrong_is_not_touched(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "settings.json"
    path.write_bytes(content)
    with pytest.raises(ConfigError):
        check_settings_writable(str(path))
    with pytest.raises(ConfigError):
        write_settings(str(path), CHOSEN)
    assert path.read_bytes() == content


def test_a_place_that_cannot_be_written(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "fifo")
    (tmp_path / "file").write_text("{}")
    for name, told in (("fifo", "not a regular file"), ("file/x.json", "is not a directory")):
        with pytest.raises(OutputError, match=told):
            check_settings_writable(str(tmp_path / name))


def test_which_file_is_written(tmp_path: Path) -> None:
    assert settings_file("here.json") == "here.json"
    assert settings_file(None, {"XDG_CONFIG_HOME": "/x"}) == "/x/exosuit/token-upgrade-config.json"
    with pytest.raises(ConfigError, match="set HOME"):
        settings_file(None, {})
