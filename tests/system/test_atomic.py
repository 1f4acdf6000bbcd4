from __future__ import annotations

import errno
import json
import os
import shutil
import signal
import stat
import subprocess
import sys
import textwrap
from typing import TYPE_CHECKING

import pytest

import exosuit_cli
from exosuit_cli.model.errors import OutputError
from exosuit_cli.system.atomic import PREFIX, SUFFIX, AtomicFiles, atomic_file, write_atomic

if TYPE_CHECKING:
    from pathlib import Path

SOURCE = os.path.dirname(os.path.dirname(os.path.abspath(exosuit_cli.__file__)))
ENVIRONMENT = {**os.environ, "PYTHONPATH": SOURCE}

FULL_DISK = """
    import json, os, sys
    from exosuit_cli.model.errors import OutputError
    from exosuit_cli.system.atomic import AtomicFiles, atomic_file, write_atomic

    os.chdir(sys.argv[1])
    write_atomic("file", b"old")
    outcomes = []
    for pieces in ([b"x" * (4 << 20)], [b"x" * 1000] * 200):  # fails in a write, and in the last flush
        try:
            with atomic_file("file") as file:
                for piece in pieces:
                    file.write(piece)
        except OutputError as error:
            outcomes.append([str(error), error.__cause__.errno])
    print(json.dumps({"outcomes": outcomes, "left": os.listdir("."), "content": open("file").read()}))
"""


def run_python(script: str, *arguments: str, wrapper: tuple[str, ...] = ()) -> subprocess.CompletedProcess[str]:
    command = [*wrapper, sys.executable, "-c", textwrap.dedent(script), *arguments]
    return subprocess.run(command, env=ENVIRONMENT, capture_output=True, text=True, timeout=60, check=True)


def descriptors() -> int:
    return len(os.listdir("/proc/self/fd"))


def test_the_file_is_there_when_the_block_ends_and_not_before(tmp_path: Path) -> None:
    path = tmp_path / "file"
    with atomic_file(str(path)) as file:
        file.write(b"one")
        file.write(b"two")
        file.flush()
        assert not path.exists()
    assert path.read_bytes() == b"onetwo"
    assert os.listdir(tmp_path) == ["file"]


def test_a_reader_of_the_old_file_keeps_it(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_bytes(b"old")
    with path.open("rb") as reader:
        write_atomic(str(path), memoryview(b"new"))
        assert reader.read() == b"old"
    assert path.read_bytes() == b"new"


@pytest.mark.parametrize("umask", [0o000, 0o022, 0o777])
@pytest.mark.parametrize(("options", "mode"), [({}, 0o600), ({"mode": 0o644}, 0o644)])
def test_the_mode_is_the_one_asked_for(tmp_path: Path, umask: int, options: dict[str, int], mode: int) -> None:
    before = os.umask(umask)
    try:
        write_atomic(str(tmp_path / "file"), b"", **options)
    finally:
        os.umask(before)
    assert stat.S_IMODE((tmp_path / "file").stat().st_mode) == mode


def test_while_it_is_written_nobody_else_can_read_it(tmp_path: Path) -> None:
    with atomic_file(str(tmp_path / "file"), mode=0o644):
        (temporary,) = tmp_path.iterdir()
        assert stat.S_IMODE(temporary.stat().st_mode) == 0o600
        assert temporary.name.encode().startswith(PREFIX)
        assert temporary.name.encode().endswith(SUFFIX)


def test_names_are_bytes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    write_atomic(b"\xff\n[red]", b"bytes")
    assert os.listdir(b".") == [b"\xff\n[red]"]
    write_atomic("x" * 255, b"the longest name")
    assert (tmp_path / ("x" * 255)).exists()


@pytest.mark.parametrize("error", [ValueError("mine"), OSError(errno.EIO, "mine"), KeyboardInterrupt(), SystemExit(3)])
def test_what_the_block_raises_passes_and_leaves_no_trace(tmp_path: Path, error: BaseException) -> None:
    path = tmp_path / "file"
    path.write_bytes(b"old")
    before = descriptors()

    def fail() -> None:
        with atomic_file(str(path)) as file:
            file.write(b"new")
            raise error

    with pytest.raises(type(error)) as caught:
        fail()
    assert caught.value is error
    assert path.read_bytes() == b"old"
    assert os.listdir(tmp_path) == ["file"]
    assert descriptors() == before


def test_the_order_is_write_sync_rename_sync(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    calls: list[tuple[str, str]] = []
    real_fsync, real_rename = os.fsync, os.rename

    def fsync(descriptor: int) -> None:
        name = os.readlink(f"/proc/self/fd/{descriptor}")
        calls.append(("fsync", "directory" if name == str(tmp_path) else f"{os.path.getsize(name)} bytes"))
        real_fsync(descriptor)

    def rename(*arguments: object, **options: object) -> None:
        calls.append(("rename", str(arguments[1])))
        real_rename(*arguments, **options)  # type: ignore[arg-type]

    monkeypatch.setattr(os, "fsync", fsync)
    monkeypatch.setattr(os, "rename", rename)
    write_atomic(str(tmp_path / "file"), b"12345")
    assert calls == [("fsync", "5 bytes"), ("rename", "b'file'"), ("fsync", "directory")]


def test_a_planted_temporary_name_is_passed_over(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    victim = tmp_path / "victim"
    victim.write_bytes(b"precious")
    drawn = iter([b"\0" * 8, b"\1" * 8])
    monkeypatch.setattr(os, "urandom", lambda _: next(drawn))  # the attacker guesses the first name
    planted = tmp_path / (PREFIX + b"00" * 8 + SUFFIX).decode()
    planted.symlink_to(victim)
    write_atomic(str(tmp_path / "file"), b"new")
    assert victim.read_bytes() == b"precious"
    assert planted.is_symlink()
    assert (tmp_path / "file").read_bytes() == b"new"
    assert not (tmp_path / "file").is_symlink()


@pytest.mark.parametrize("planted", ["link", "dead link", "file"])
def test_when_every_name_is_taken_nothing_is_touched(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, planted: str
) -> None:
    monkeypatch.setattr(os, "urandom", lambda _: b"\0" * 8)
    name = tmp_path / (PREFIX + b"00" * 8 + SUFFIX).decode()
    (tmp_path / "victim").write_bytes(b"precious")
    if planted == "file":
        name.write_bytes(b"planted")
    else:
        name.symlink_to("victim" if planted == "link" else "nowhere")
    with pytest.raises(OutputError, match="names are taken"):
        write_atomic(str(tmp_path / "file"), b"new")
    assert (tmp_path / "victim").read_bytes() == b"precious"
    assert sorted(os.listdir(tmp_path)) == sorted([name.name, "victim"])


def test_a_link_at_the_target_is_replaced_not_followed(tmp_path: Path) -> None:
    (tmp_path / "victim").write_bytes(b"precious")
    (tmp_path / "link").symlink_to("victim")
    (tmp_path / "dead").symlink_to("nowhere")
    for name in ("link", "dead"):
        write_atomic(str(tmp_path / name), b"new")
        assert not (tmp_path / name).is_symlink()
        assert (tmp_path / name).read_bytes() == b"new"
    assert (tmp_path / "victim").read_bytes() == b"precious"
    assert not (tmp_path / "nowhere").exists()


def test_what_is_no_regular_file_is_never_replaced(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "fifo")
    (tmp_path / "directory").mkdir()
    (tmp_path / "null").symlink_to("/dev/null")
    before = sorted(os.listdir(tmp_path))
    for name in ("fifo", "directory", "directory/", "null", ".", ""):
        path = os.path.join(tmp_path, name)
        with pytest.raises(OutputError) as caught, atomic_file(path):
            pytest.fail("nothing can be written to it")
        assert path in str(caught.value)
    assert sorted(os.listdir(tmp_path)) == before
    assert (tmp_path / "null").is_symlink()


def test_a_directory_that_is_not_there_is_named(tmp_path: Path) -> None:
    before = descriptors()
    with pytest.raises(OutputError, match=r"missing/file.*No such file.*; nothing was written$") as caught:
        write_atomic(str(tmp_path / "missing" / "file"), b"")
    assert isinstance(caught.value.__cause__, FileNotFoundError)
    assert descriptors() == before


def test_a_directory_moved_meanwhile_still_receives_the_file(tmp_path: Path) -> None:
    (tmp_path / "before").mkdir()
    with atomic_file(str(tmp_path / "before" / "file")) as file:
        (tmp_path / "before").rename(tmp_path / "after")
        (tmp_path / "before").mkdir()
        file.write(b"new")
    assert (tmp_path / "after" / "file").read_bytes() == b"new"
    assert os.listdir(tmp_path / "before") == []


def test_a_full_file_system_leaves_the_old_file(tmp_path: Path) -> None:
    wrapper = ("unshare", "--map-root-user", "--mount", "sh", "-c")
    mount = 'mount -t tmpfs -o size=64k none "$0" && exec "$@"'
    probe = [*wrapper, mount, str(tmp_path), "true"]
    if shutil.which("unshare") is None or subprocess.run(probe, check=False, capture_output=True).returncode:
        pytest.skip("no mount namespaces here; the limit on file sizes below covers the failing write")
    result = json.loads(run_python(FULL_DISK, str(tmp_path), wrapper=(*wrapper, mount, str(tmp_path))).stdout)
    assert [code for _, code in result["outcomes"]] == [errno.ENOSPC, errno.ENOSPC]
    assert all("'file': cannot be written: No space left" in message for message, _ in result["outcomes"])
    assert all(message.endswith("; the file is as it was before") for message, _ in result["outcomes"])
    assert result["left"] == ["file"]
    assert result["content"] == "old"
    assert os.listdir(tmp_path) == []


def test_a_write_over_the_file_size_limit_leaves_the_old_file(tmp_path: Path) -> None:
    limit = "import resource\nresource.setrlimit(resource.RLIMIT_FSIZE, (65536, 65536))\n"
    result = json.loads(run_python(limit + textwrap.dedent(FULL_DISK), str(tmp_path)).stdout)
    assert [code for _, code in result["outcomes"]] == [errno.EFBIG, errno.EFBIG]
    assert result["left"] == ["file"]
    assert result["content"] == "old"


def test_a_kill_in_the_middle_of_a_write_leaves_the_old_file(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_bytes(b"old")
    script = """
        import sys, time
        from exosuit_cli.system.atomic import AtomicFiles, atomic_file
        with atomic_file(sys.argv[1]) as file:
            file.write(b"half" * 1000)
            file.flush()
            print("written", flush=True)
            time.sleep(60)
    """
    command = [sys.executable, "-c", textwrap.dedent(script), str(path)]
    with subprocess.Popen(command, env=ENVIRONMENT, stdout=subprocess.PIPE) as child:
        assert child.stdout is not None
        assert child.stdout.readline() == b"written\n"
        child.send_signal(signal.SIGKILL)
    assert path.read_bytes() == b"old"
    left = [name for name in os.listdir(os.fsencode(tmp_path)) if name != b"file"]
    assert all(name.startswith(PREFIX) and name.endswith(SUFFIX) for name in left)
    write_atomic(str(path), b"new")  # what a killed process left stands in nobody's way
    assert path.read_bytes() == b"new"


def test_a_kill_at_any_point_leaves_one_whole_version(tmp_path: Path) -> None:
    path = tmp_path / "file"
    script = """
        import sys
        from exosuit_cli.system.atomic import AtomicFiles, write_atomic
        for version in range(10**9):
            write_atomic(sys.argv[1], b"%09d" % version * 50_000)
            print(version, flush=True)
    """
    command = [sys.executable, "-c", textwrap.dedent(script), str(path)]
    for acknowledged in range(1, 9):
        with subprocess.Popen(command, env=ENVIRONMENT, stdout=subprocess.PIPE) as child:
            assert child.stdout is not None
            last = [int(child.stdout.readline()) for _ in range(acknowledged)][-1]
            child.send_signal(signal.SIGKILL)
            last = max([last, *map(int, child.stdout.read().split())])
        content = path.read_bytes()
        assert content == content[:9] * 50_000
        assert int(content[:9]) >= last


def test_many_files_take_their_places_together_or_not_at_all(tmp_path: Path) -> None:
    (tmp_path / "1").write_bytes(b"old")
    (tmp_path / "2").mkdir()
    before = descriptors()

    def fail() -> None:
        with AtomicFiles() as files:
            files.open(str(tmp_path / "1")).write(b"new")
            files.open(str(tmp_path / "2"))

    with pytest.raises(OutputError, match="2"):
        fail()
    assert (tmp_path / "1").read_bytes() == b"old"
    assert sorted(os.listdir(tmp_path)) == ["1", "2"]
    (tmp_path / "2").rmdir()
    with AtomicFiles(mode=0o644) as files:
        for number in range(1, 4):
            files.open(str(tmp_path / str(number))).write(b"%d" % number)
        assert (tmp_path / "1").read_bytes() == b"old"
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == {"1": b"1", "2": b"2", "3": b"3"}
    assert (tmp_path / "3").stat().st_mode & 0o777 == 0o644
    assert descriptors() == before
    with AtomicFiles():
        pass
