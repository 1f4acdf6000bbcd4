from __future__ import annotations

import os
import threading
import time
from typing import TYPE_CHECKING

import pytest

from exosuit_cli.config import load_settings
from exosuit_cli.config.layers import LARGEST_FILE
from exosuit_cli.model.errors import ConfigError

if TYPE_CHECKING:
    from pathlib import Path

    from tests.config.conftest import Home

DEFAULTS = load_settings(environ={}).values

BAD_DOCUMENTS: list[tuple[bytes, list[str]]] = [
    (b"", ["not JSON", "line 1"]),
    (b"{", ["not JSON", "line 1"]),
    (b'{"scan": {}}\n}', ["not JSON", "line 2"]),
    (b"\xff{}", ["not UTF-8"]),
    ('{"scan": {}}'.encode("utf-16"), ["not UTF-8"]),
    (b"[" * 100_000, ["nested too deeply"]),
    (b'{"current_phase": ' + b"1" * 5000 + b"}", ["number too long"]),
    (b"[]", ["a list", "accepted: an object"]),
    (b"NaN", ["nan", "accepted: an object"]),
    (b'{"scan": 1}', ["scan: 1", "accepted: an object"]),
    (b'{"scan": [1]}', ["scan: a list", "accepted: an object"]),
    (b'{"scan": {"top": NaN}}', ["scan.top: nan", "not a finite number", "0 to 10000"]),
    (b'{"improvement_multiplier": Infinity}', ["improvement_multiplier: inf", "not a finite number"]),
    (b'{"improvement_multiplier": -1e999}', ["improvement_multiplier: -inf", "not a finite number"]),
    (b'{"scan": {"top": true}}', ["scan.top: true", "0 to 10000"]),
    (b'{"scan": {"top": -1}}', ["scan.top: -1", "out of range", "0 to 10000"]),
    (b'{"scan": {"top": "10"}}', ["scan.top: '10'", "a string", "0 to 10000"]),
    (b'{"scan": {"hidden": 1}}', ["scan.hidden: 1", "accepted: true or false"]),
    (b'{"scan": {"hash": "md5"}}', ["scan.hash: 'md5'", "blake3, xxh3"]),
    (b'{"scan": {"encoding": "o200k"}}', ["scan.encoding", "did you mean o200k_base?", "cl100k_base"]),
    (b'{"scan": {"slab_bytes": "1 KiB"}}', ["scan.slab_bytes: '1 KiB'", "64.0 KiB to 1.0 GiB"]),
    (b'{"scan": {"tpo": 1}}', ["scan.tpo", "unknown key", "did you mean top?", "accepted here: encoding, hash"]),
    (b'{"encoding": "o200k_base"}', ["encoding: unknown key", "did you mean scan.encoding?"]),
    (b'{"scan.top": 1}', ["scan.top: unknown key"]),
    (b'{"current_phse": 1}', ["current_phse: unknown key", "did you mean current_phase?"]),
    (b'{"a\\u001b[31m\\nb": 1}', [r"a\x1b[31m\nb", "unknown key"]),
    (b'{"": 1}', ["'': unknown key"]),
    (b'{"memory_layers": {"gpu": {}}}', ["memory_layers.gpu: unknown key", "gpu_vram"]),
    (b'{"memory_layers": {"archive": {"priority": "cool"}}}', ["memory_layers.archive.priority", "hot, warm, cold"]),
    (b'{"scan": {"top": 1, "top": 2}}', ["scan.top: written twice"]),
    (b'{"current_phase": 1, "current_phase": 1}', ["current_phase: written twice"]),
    (b'{"scan": {"tpo": {"x": 1, "x": 2}}}', ["scan.tpo", "unknown key"]),
    (b'{"phases": {"3": {}}}', ["phases: an object", "accepted: a list of objects"]),
    (b'{"phases": [3]}', ["phases[0]: 3", "accepted: a list of objects"]),
    (b'{"phases": [{"name": "x"}]}', ["phases[0].phase: missing", "0 to 8"]),
    (b'{"phases": [{"phase": 0}, {"phase": 9}]}', ["phases[1].phase: 9", "0 to 8"]),
    (b'{"phases": [{"phase": true}]}', ["phases[0].phase: true", "0 to 8"]),
    (b'{"phases": [{"phase": 1.0}]}', ["phases[0].phase: 1.0", "0 to 8"]),
    (b'{"phases": [{"phase": 1}, {"phase": 1}]}', ["phases[1].phase: 1", "listed twice"]),
    (b'{"phases": [{"phase": 1, "name": "a", "name": "b"}]}', ["phases[0].name: written twice"]),
    (b'{"phases": [{"phase": 1, "nam": "a"}]}', ["phases.1.nam: unknown key", "did you mean name?"]),
    (b'{"phases": [{"phase": 1, "batch_files": 0}]}', ["phases.1.batch_files: 0", "1 to 1000000"]),
]


@pytest.mark.parametrize(("content", "words"), BAD_DOCUMENTS)
@pytest.mark.parametrize("layer", ["user", "file"])
def test_a_wrong_file_is_refused_by_name_key_and_range(
    home: Home, layer: str, content: bytes, words: list[str]
) -> None:
    path = home.user if layer == "user" else home.file
    assert home.refuses(*words, **{layer: content}).startswith(f"{path}: ")


def test_a_byte_order_mark_is_accepted(home: Home) -> None:
    assert home.load(file=b'\xef\xbb\xbf{"scan": {"top": 3}}').settings.scan.top == 3


@pytest.mark.parametrize(
    ("variable", "value", "words"),
    [
        ("EXOSUIT_SCAN_TOP", "ten", ["EXOSUIT_SCAN_TOP", "scan.top: 'ten'", "0 to 10000"]),
        ("EXOSUIT_SCAN_TOP", "", ["EXOSUIT_SCAN_TOP", "scan.top: ''", "0 to 10000"]),
        ("EXOSUIT_SCAN_ENCODNG", "x", ["EXOSUIT_SCAN_ENCODNG", "did you mean EXOSUIT_SCAN_ENCODING?"]),
        ("EXOSUIT_", "x", ["EXOSUIT_", "did you mean EXOSUIT_"]),
        ("EXOSUIT_ZZZ", "x", ["EXOSUIT_ZZZ", "did you mean EXOSUIT_"]),
        ("EXOSUIT_PHASES_9_NAME", "x", ["did you mean EXOSUIT_PHASES_"]),
    ],
)
def test_a_wrong_variable_is_refused_by_name(home: Home, variable: str, value: str, words: list[str]) -> None:
    home.refuses(*words, environ={variable: value})


@pytest.mark.parametrize(
    ("key", "value", "words"),
    [
        ("scan.top", -1, ["flag --top", "scan.top: -1", "0 to 10000"]),
        ("scan.top", 1.5, ["flag --top", "scan.top: 1.5", "0 to 10000"]),
        ("scan.top", "ten", ["flag --top", "scan.top: 'ten'", "0 to 10000"]),
        ("current_phase", 9, ["flag --phase", "current_phase: 9", "0 to 8"]),
        ("scan.device", "gpu", ["flag --device", "scan.device: 'gpu'", "did you mean cuda?", "cuda:N"]),
        ("scan.tpo", 1, ["scan.tpo", "did you mean scan.top?"]),
        ("scan.tpo", None, ["scan.tpo", "did you mean scan.top?"]),
        ("scan", {"top": 1}, ["scan: no such setting"]),
    ],
)
def test_a_wrong_flag_is_refused_by_name(home: Home, key: str, value: object, words: list[str]) -> None:
    home.refuses(*words, flags={key: value})


def test_a_demanded_file_must_exist_and_the_users_need_not(home: Home) -> None:
    assert home.load().values == DEFAULTS
    with pytest.raises(ConfigError, match=r"other\.json.*No such file"):
        load_settings(home.file, environ=home.environ)
    for path in ("", "a\0b", os.path.join(home.file, "below")):
        with pytest.raises(ConfigError, match="cannot be read"):
            load_settings(path, environ=home.environ)


def test_a_config_home_that_is_a_file_holds_no_settings(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    assert load_settings(environ={"XDG_CONFIG_HOME": str(tmp_path / "file")}).values == DEFAULTS


def test_what_is_no_file_is_refused(home: Home) -> None:
    for path in ("/dev/zero", "/dev/null", os.path.dirname(home.user)):
        with pytest.raises(ConfigError, match="not a regular file") as caught:
            load_settings(path, environ=home.environ)
        assert path in str(caught.value)
    os.mkfifo(home.user)
    with pytest.raises(ConfigError, match="not a regular file"):
        load_settings(environ=home.environ)


def test_a_pipe_is_read_and_one_without_a_writer_does_not_block(home: Home) -> None:
    reader, writer = os.pipe()

    def write() -> None:
        for piece in (b'{"scan": ', b'{"top": 3}}'):
            time.sleep(0.1)  # the reader comes first and has to wait
            os.write(writer, piece)
        os.close(writer)

    thread = threading.Thread(target=write)
    try:
        thread.start()
        assert load_settings(f"/dev/fd/{reader}", environ=home.environ).settings.scan.top == 3
    finally:
        thread.join()
        os.close(reader)
    os.mkfifo(home.file)
    with pytest.raises(ConfigError, match="not JSON"):
        load_settings(home.file, environ=home.environ)


def test_a_huge_file_is_refused_unread(home: Home) -> None:
    with open(home.file, "wb") as file:
        file.truncate(1 << 40)
    with pytest.raises(ConfigError, match=str(LARGEST_FILE)):
        load_settings(home.file, environ=home.environ)
    padding = b" " * (LARGEST_FILE - 2)
    assert home.load(file=padding + b"{}").values == DEFAULTS
    home.refuses("larger than", file=padding + b"{} ")


def test_a_file_name_with_control_characters_is_escaped(home: Home) -> None:
    home.file += "\x1b[31m\n"
    assert "\x1b" not in home.refuses(r"\x1b[31m\n", file=b"{")


def test_descriptors_are_closed(home: Home) -> None:
    before = len(os.listdir("/proc/self/fd"))
    home.load(user={}, file={})
    home.refuses(file=b"{")
    with pytest.raises(ConfigError):
        load_settings(os.path.dirname(home.user), environ=home.environ)
    assert len(os.listdir("/proc/self/fd")) == before
