from __future__ import annotations

import os
import stat
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from exosuit_cli.config import user_config_file
from exosuit_cli.model.errors import OutputError, UsageError
from exosuit_cli.system.paths import cache_directory, config_directory, ensure_private, state_directory

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

PLACES = [
    (config_directory, "XDG_CONFIG_HOME", ".config"),
    (cache_directory, "XDG_CACHE_HOME", ".cache"),
    (state_directory, "XDG_STATE_HOME", ".local/state"),
]
NOBODY = 65534

needs_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root can give files away")


@pytest.fixture(autouse=True)
def _usual_umask() -> Iterator[None]:
    before = os.umask(0o022)
    yield
    os.umask(before)


@pytest.fixture
def foreign(tmp_path: Path) -> str:
    """A directory that belongs to another user."""
    if os.geteuid() != 0:
        return "/usr"
    path = tmp_path / "foreign"
    path.mkdir(mode=0o700)
    os.chown(path, NOBODY, NOBODY)
    return str(path)


@pytest.mark.parametrize(("place", "variable", "default"), PLACES)
def test_names_follow_the_xdg_specification(place: Callable[..., str], variable: str, default: str) -> None:
    assert place({"HOME": "/home/a"}) == f"/home/a/{default}/exosuit"
    assert place({"HOME": "/home/a", variable: ""}) == f"/home/a/{default}/exosuit"
    assert place({"HOME": "/home/a", variable: "relative/path"}) == f"/home/a/{default}/exosuit"
    assert place({"HOME": "/home/a", variable: "/x y"}) == "/x y/exosuit"
    assert place({variable: "/x"}) == "/x/exosuit"


@pytest.mark.parametrize(("place", "variable", "default"), PLACES)
@pytest.mark.parametrize("home", [{}, {"HOME": ""}, {"HOME": "home"}])
def test_without_a_home_the_variable_to_set_is_named(
    place: Callable[..., str], variable: str, default: str, home: dict[str, str]
) -> None:
    with pytest.raises(UsageError, match=variable):
        place(home)


def test_the_process_environment_is_the_default(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    assert state_directory() == str(tmp_path / "exosuit")


@given(
    st.dictionaries(
        st.sampled_from(["HOME", "XDG_CONFIG_HOME"]), st.sampled_from(["", "a", "/a", "/a/b/", "//", "./x"])
    )
)
def test_the_settings_file_lies_in_the_config_directory(environ: dict[str, str]) -> None:
    try:
        directory = config_directory(environ)
    except UsageError:
        assert user_config_file(environ) is None
    else:
        assert user_config_file(environ) == os.path.join(directory, "token-upgrade-config.json")


def test_every_missing_level_is_made_private(tmp_path: Path) -> None:
    wanted = tmp_path / "a" / "b" / "exosuit"
    assert ensure_private(str(wanted)) == str(wanted)
    for made in (wanted, wanted.parent, wanted.parent.parent):
        assert stat.S_IMODE(made.stat().st_mode) == 0o700
    assert ensure_private(str(wanted)) == str(wanted)


def test_a_relative_directory_is_made(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    ensure_private("x/y")
    assert (tmp_path / "x" / "y").is_dir()


def test_the_mode_of_a_directory_that_was_there_stays(tmp_path: Path) -> None:
    there = tmp_path / "exosuit"
    there.mkdir(mode=0o755)
    ensure_private(str(there))
    assert stat.S_IMODE(there.stat().st_mode) == 0o755


def test_many_threads_make_it_at_once(tmp_path: Path) -> None:
    together = Barrier(8)

    def make(wanted: str) -> str:
        together.wait()
        return ensure_private(wanted)

    with ThreadPoolExecutor(8) as pool:
        for number in range(100):
            wanted = str(tmp_path / str(number) / "a" / "b" / "c" / "d")
            assert set(pool.map(make, [wanted] * 8)) == {wanted}


def test_a_directory_of_another_user_is_refused(foreign: str) -> None:
    with pytest.raises(OutputError, match="belongs to user id") as caught:
        ensure_private(foreign)
    assert foreign in str(caught.value)
    assert "XDG_STATE_HOME" in str(caught.value)


def test_a_link_to_a_directory_of_another_user_is_refused(tmp_path: Path, foreign: str) -> None:
    link = tmp_path / "exosuit"
    link.symlink_to(foreign)
    with pytest.raises(OutputError, match="belongs to user id"):
        ensure_private(str(link))


def test_a_link_to_a_directory_of_the_same_user_is_accepted(tmp_path: Path) -> None:
    (tmp_path / "big disk").mkdir(mode=0o700)
    link = tmp_path / "exosuit"
    link.symlink_to("big disk")
    assert ensure_private(str(link)) == str(link)


@needs_root
def test_a_link_that_another_user_laid_is_refused(tmp_path: Path) -> None:
    (tmp_path / "mine").mkdir(mode=0o700)
    link = tmp_path / "exosuit"
    link.symlink_to("mine")
    os.lchown(link, NOBODY, NOBODY)
    with pytest.raises(OutputError, match="a link laid by user id 65534"):
        ensure_private(str(link))


def test_a_directory_that_everyone_can_write_is_refused(tmp_path: Path) -> None:
    there = tmp_path / "exosuit"
    there.mkdir()
    there.chmod(0o777)
    with pytest.raises(OutputError, match="chmod 700"):
        ensure_private(str(there))


def test_what_is_no_directory_is_refused(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    (tmp_path / "dead").symlink_to("nowhere")
    (tmp_path / "loop").symlink_to("loop")
    for name in ("file", "file/below", "dead", "loop", "/proc/exosuit"):
        path = os.path.join(tmp_path, name)
        with pytest.raises(OutputError) as caught:
            ensure_private(path)
        assert path in str(caught.value)
    assert not (tmp_path / "nowhere").exists()


def test_descriptors_are_closed(tmp_path: Path, foreign: str) -> None:
    before = len(os.listdir("/proc/self/fd"))
    for path in (str(tmp_path / "ok"), foreign):
        try:
            ensure_private(path)
        except OutputError:
            continue
    assert len(os.listdir("/proc/self/fd")) == before
