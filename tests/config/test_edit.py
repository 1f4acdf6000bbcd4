from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from exosuit_cli.config import FIELDS, Value, edit_document, load_settings
from exosuit_cli.model.errors import ConfigError

if TYPE_CHECKING:
    from pathlib import Path


def test_a_new_file_holds_only_what_was_changed() -> None:
    content = edit_document(None, {"current_phase": 3, "current_token_limit": 1_000_000, "scan.index": False}, "f")
    assert content.endswith(b"}\n")
    assert json.loads(content) == {"current_phase": 3, "current_token_limit": 1_000_000, "scan": {"index": False}}


def test_what_the_user_wrote_keeps_its_order_and_its_form() -> None:
    before = {"scan": {"top": 3, "max_file_size": "2 MiB"}, "current_phase": 1, "phases": [{"phase": 8, "name": "für"}]}
    content = edit_document(json.dumps(before).encode(), {"current_phase": 2, "phases.8.batch_files": 5}, "f")
    after = json.loads(content)
    assert list(after) == ["scan", "current_phase", "phases"]
    assert after["scan"] == before["scan"]
    assert after["phases"] == [{"phase": 8, "name": "für", "batch_files": 5}]
    assert "für".encode() in content


def test_a_key_is_removed() -> None:
    before = b'{"current_phase": 1, "current_token_limit": 256000, "scan": {"top": 1}}'
    content = edit_document(before, {"current_phase": 2, "current_token_limit": None, "scan.top": None}, "f")
    assert json.loads(content) == {"current_phase": 2, "scan": {}}
    assert edit_document(content, {"scan.workers": None}, "f") == content


def test_text_is_read_like_a_flag() -> None:
    changes: dict[str, Value | None] = {"scan.top": "5", "scan.index": "off", "scan.slab_bytes": "2MiB"}
    assert json.loads(edit_document(None, changes, "f")) == {"scan": {"top": 5, "index": False, "slab_bytes": "2MiB"}}


def test_every_key_can_be_written_and_is_read_again(tmp_path: Path) -> None:
    defaults = load_settings(environ={}).values
    changes: dict[str, Value | None] = {key: defaults[key] for key in reversed(list(FIELDS))}
    path = tmp_path / "settings.json"
    path.write_bytes(edit_document(None, changes, str(path)))
    loaded = load_settings(str(path), environ={})
    assert loaded.values == defaults
    assert {str(origin) for origin in loaded.origins.values()} == {str(path)}


@pytest.mark.parametrize(
    ("before", "changes", "named"),
    [
        (b"{", {"scan.top": 1}, ["/etc/f.json", "not JSON"]),
        (b'{"scan": {"tpo": 1}}', {"scan.top": 1}, ["/etc/f.json", "scan.tpo"]),
        (b"{}", {"scan.top": -1}, ["scan.top", "0 to 10000"]),
        (b"{}", {"scan.tpo": 1}, ["scan.tpo", "scan.top"]),
        (b"{}", {"scan": 1}, ["scan"]),
        (b"{}", {"phases.9.name": "x"}, ["phases.9.name"]),
        (b"{}", {"scan.nothing": None}, ["scan.nothing"]),
        (b'{"current_token_limit": 128000}', {"current_phase": 1}, ["/etc/f.json", "current_token_limit", "256000"]),
    ],
)
def test_nothing_that_would_not_load_comes_out(
    before: bytes, changes: dict[str, Value | None], named: list[str]
) -> None:
    with pytest.raises(ConfigError) as caught:
        edit_document(before, changes, "/etc/f.json")
    assert all(word in str(caught.value) for word in named)
