"""Archives become the tree that they hold; those that would do anything else are refused, and nothing stays."""

from __future__ import annotations

import bz2
import contextlib
import gzip
import io
import json
import lzma
import os
import re
import stat
import tarfile
import zipfile
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from exosuit_cli.ingest import scan
from exosuit_cli.remote.address import is_source
from exosuit_cli.remote.archives import is_archive, unpack
from exosuit_cli.remote.limits import Limits, SourceRefused
from exosuit_cli.remote.places import remote_folder
from exosuit_cli.remote.sources import fetched

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.conftest import RunExosuit

_FILES = {"a.txt": b"a\n", "src/b.py": b"x = 1\n" * 3_000, "src/deep/empty": b"", "name \xff": b"odd\n"}
_SMALL = Limits(entries=50, unpacked=1 << 20, ratio_from=1 << 16)


def _tar(files: dict[str, bytes], *more: tarfile.TarInfo) -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as archive:
        for name, content in files.items():
            member = tarfile.TarInfo(os.fsdecode(name.encode("latin-1")))
            member.size = len(content)
            archive.addfile(member, io.BytesIO(content))
        for each in more:
            archive.addfile(each)
    return buffer.getvalue()


def _zip(files: dict[str, bytes], change: Callable[[zipfile.ZipInfo], None] = lambda _: None) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            entry = zipfile.ZipInfo(name)
            change(entry)
            archive.writestr(entry, content, zipfile.ZIP_DEFLATED)
    return buffer.getvalue()


def _unpacked(tmp_path: Path, data: bytes, limits: Limits = _SMALL) -> dict[bytes, bytes]:
    archive, folder = tmp_path / "archive", tmp_path / "folder"
    tmp_path.mkdir(exist_ok=True)
    archive.write_bytes(data)
    folder.mkdir()
    unpack(str(archive), str(folder), limits)
    top = os.fsencode(folder)
    found = {}
    for directory, _, names in os.walk(top):
        for name in names:
            path = os.path.join(directory, name)
            assert stat.S_ISREG(os.lstat(path).st_mode)
            with open(path, "rb") as file:
                found[os.path.relpath(path, top)] = file.read()
    return found


@pytest.mark.parametrize("pack", [bytes, gzip.compress, bz2.compress, lzma.compress])
def test_a_tar_is_unpacked(tmp_path: Path, pack: Callable[[bytes], bytes]) -> None:
    expected = {name.encode("latin-1"): content for name, content in _FILES.items()}
    assert _unpacked(tmp_path, pack(_tar(_FILES))) == expected


def test_a_zip_is_unpacked(tmp_path: Path) -> None:
    assert _unpacked(tmp_path, _zip({"a.txt": b"a", "x/é.txt": b"b" * 9})) == {
        b"a.txt": b"a",
        "x/é.txt".encode(): b"b" * 9,
    }


def _member(name: str, kind: bytes, target: str = "") -> tarfile.TarInfo:
    member = tarfile.TarInfo(name)
    member.type, member.linkname = kind, target
    return member


def test_links_and_devices_are_left_out(tmp_path: Path) -> None:
    kinds = (tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.FIFOTYPE, tarfile.CHRTYPE)
    members = [_member(f"{kind.decode()}", kind, "/etc/passwd") for kind in kinds]
    members.append(_member("0", tarfile.SYMTYPE, "/tmp"))
    inside = tarfile.TarInfo("0/planted")
    assert _unpacked(tmp_path, _tar({}, *members, inside)) == {b"0/planted": b""}, "a folder of that name, not a link"
    link = zipfile.ZipInfo("link")

    def linked(entry: zipfile.ZipInfo) -> None:
        entry.external_attr = (stat.S_IFLNK | 0o777) << 16

    (tmp_path / "zip").mkdir()
    assert _unpacked(tmp_path / "zip", _zip({link.filename: b"/etc/passwd"}, linked)) == {}


@pytest.mark.parametrize(
    "name", ["../out", "a/../../out", "/etc/out", "C:\\out", "c:/out", "..\\out", "\\\\host\\out", "a\\..\\..\\out"]
)
def test_a_name_that_leaves_the_folder_ends_it(tmp_path: Path, name: str) -> None:
    for number, data in enumerate((_tar({"first": b"x", name: b"x"}), _zip({"first": b"x", name: b"x"}))):
        place = tmp_path / str(number)
        place.mkdir()
        with pytest.raises(SourceRefused, match="would leave its folder"):
            _unpacked(place, data)
    assert not (tmp_path / "out").exists()


def _pax_name(name: bytes) -> bytes:
    record = b" path=" + name + b"\n"
    record = b"%d" % (len(record) + 2) + record
    header = _member("pax", tarfile.XHDTYPE)
    header.size = len(record)
    return header.tobuf() + record.ljust(512, b"\0") + tarfile.TarInfo("x").tobuf() + bytes(1024)


def _headers_only(count: int) -> bytes:
    return b"".join(_member("pax", tarfile.XHDTYPE).tobuf() for _ in range(count)) + bytes(1024)


def _huge_header() -> bytes:
    header = _member("pax", tarfile.XHDTYPE)
    header.size = 1 << 30
    return header.tobuf() + bytes(1 << 16)


def _flipped(data: bytes, place: int) -> bytes:
    return data[:place] + bytes([data[place] ^ 0xFF]) + data[place + 1 :]


_TAR = _tar(_FILES)
_REFUSED = {
    "too many entries": (_tar({f"{number}": b"" for number in range(60)}), "more than 50 entries"),
    "too many bytes": (_tar({"a": os.urandom(2 << 20)}), "unpacks to more than 1.0 MiB"),
    "a ratio of a thousand": (gzip.compress(_tar({"a": bytes(900_000)})), "200 times its size"),
    "a zip bomb": (_zip({"a": bytes(900_000)}), "200 times its size"),
    "an endless stream": (gzip.compress(bytes(4 << 20)), "200 times|more than 1.0 MiB|damaged"),
    "a bomb of headers": (gzip.compress(_huge_header()), "header of more than 16 MiB"),
    "a chain of headers": (_headers_only(1_500), "cannot be unpacked|damaged"),
    "a long name": (_tar({"d/" + "x" * 256: b""}), "too long: 'd/xxx"),
    "a long path": (_tar({("x" * 200 + "/") * 20 + "y": b""}), "too long"),
    "a name that is no UTF-8": (
        _zip({"\xe9.txt": b""}).replace("\xe9".encode(), b"\xff\xff"),
        "name that is not in UTF-8",
    ),
    "a NUL in a name": (_pax_name(b"a\0b"), "NUL byte"),
    "many entries in a zip": (_zip({f"{number}": b"" for number in range(60)}), "more than 50 entries"),
    "a file as a folder": (_tar({"a": b"x", "a/b": b"x"}), "a file and a folder at once"),
    "a folder as a file": (_tar({"a/b": b"x", "a": b"x"}), "a file and a folder at once"),
    "a cut tar": (_TAR[: len(_TAR) // 3], "damaged"),
    "a cut gzip": (gzip.compress(_TAR)[:-9], "cut off|damaged"),
    "a flipped header": (_flipped(_TAR, 1024 + 20), "damaged"),
    "a flipped gzip": (_flipped(gzip.compress(os.urandom(9_000)), 4_000), "damaged"),
    "a cut zip": (_zip(_FILES)[:-30], "damaged|no zip"),
    "a flipped zip": (_flipped(_zip({"a": os.urandom(2_000)}), 900), "damaged"),
    "no archive": (b"text\n" * 200, "damaged, or no archive"),
    "nothing": (b"", "damaged, or no archive"),
}


@pytest.mark.parametrize("what", _REFUSED)
def test_what_is_damaged_or_too_much_is_refused(tmp_path: Path, what: str) -> None:
    data, said = _REFUSED[what]
    with pytest.raises(SourceRefused, match=said):
        _unpacked(tmp_path, data)


def test_an_encrypted_zip_is_refused(tmp_path: Path) -> None:
    data = bytearray(_zip({"a": b"secret"}))
    data[6] |= 1
    data[data.rindex(b"PK\1\2") + 8] |= 1
    with pytest.raises(SourceRefused, match="encrypted"):
        _unpacked(tmp_path, bytes(data))


def test_a_zip_behind_a_program_and_a_tar_that_ends_with_one(tmp_path: Path) -> None:
    assert _unpacked(tmp_path / "1", b"#!/bin/sh\n" + _zip({"a": b"1"})) == {b"a": b"1"}
    inner = _zip({"a": b"1"})
    assert _unpacked(tmp_path / "2", _tar({"in.zip": inner})) == {b"in.zip": inner}


def test_an_archive_without_a_file_is_named(tmp_path: Path) -> None:
    archive = tmp_path / "empty.tar"
    archive.write_bytes(_tar({}))
    with fetched([str(archive)]) as found:
        assert found.warnings == (f"{archive}: there is no file in it",)


def test_of_a_name_that_comes_twice_the_last_is_kept(tmp_path: Path) -> None:
    data = _tar({"a": b"1"})[:1024] + _tar({"a": b"2"})
    assert _unpacked(tmp_path, data) == {b"a": b"2"}


def test_a_scan_of_an_archive_is_that_of_its_tree(run: RunExosuit, tmp_path: Path) -> None:
    tree = tmp_path / "project-1.0"
    for name, content in {"a.txt": b"a\n", "src/b.py": b"x = 1\n" * 9}.items():
        (tree / name).parent.mkdir(parents=True, exist_ok=True)
        (tree / name).write_bytes(content)
    (tree / "src/b.py").chmod(0o755)
    with tarfile.open(tmp_path / "project-1.0.tar.gz", "w:gz") as archive:
        archive.add(tree, "project-1.0")
        archive.addfile(_member("project-1.0/link", tarfile.SYMTYPE, "a.txt"))
    home = Path(os.environ["HOME"])
    (home / ".git").mkdir()
    (home / ".git/HEAD").write_text("ref: refs/heads/main\n")
    (home / ".gitignore").write_text("*\n")
    done = run("scan", "project-1.0.tar.gz", "--json", cwd=tmp_path)
    assert done.returncode == 0
    assert b"1 link left out" in done.stderr
    document = json.loads(done.stdout)
    assert document["tree_digest"] == scan(str(tree)).tree_digest
    assert document["origin"] == "project-1.0.tar.gz"
    assert os.listdir(remote_folder()) == []
    with zipfile.ZipFile(tmp_path / "project.zip", "w") as packed:
        for name in ("a.txt", "src/b.py"):
            packed.write(tree / name, name)
    with fetched([str(tmp_path / "project.zip")]) as found:
        modes = [os.stat(os.path.join(found.paths[0], name)).st_mode & 0o777 for name in ("a.txt", "src/b.py")]
        assert modes == [0o600, 0o700]
    assert run("scan", "project-1.0.tar.gz", "project-1.0", cwd=tmp_path).returncode == 2
    (tmp_path / "bad.zip").write_bytes(b"PK no zip")
    done = run("pack", "bad.zip", "-o", "out.xml", cwd=tmp_path)
    assert (done.returncode, b"cannot read 'bad.zip'" in done.stderr) == (2, True)
    assert os.listdir(remote_folder()) == []
    assert not (tmp_path / "out.xml").exists()


def test_what_is_kept_is_used_until_the_archive_changes(tmp_path: Path) -> None:
    archive = tmp_path / "x.tar"
    archive.write_bytes(_tar({"top/a": b"1"}))
    with fetched([str(archive)], keeps=True) as first:
        (path,) = first.paths
        assert os.listdir(path) == ["a"]
        with fetched([str(archive)], keeps=True) as second:
            assert second.paths == first.paths
        archive.write_bytes(_tar({"top/b": b"12"}))
        with fetched([str(archive)]) as third:
            assert os.listdir(third.paths[0]) == ["b"]
        assert os.listdir(path) == ["a"], "what another run reads is not replaced"
    with fetched([str(archive), str(tmp_path)], keeps=True) as last:
        assert os.listdir(last.paths[0]) == ["b"]
        assert last.paths[1] == str(tmp_path)


def test_what_a_context_is_made_of_is_kept(run: RunExosuit, tmp_path: Path) -> None:
    (tmp_path / "x.tar").write_bytes(_tar({"top/a.py": b"def zebra():\n    return 1\n"}))
    archive = str(tmp_path / "x.tar")
    done = run("pack", archive, "--query", "zebra", cwd=tmp_path)
    assert b"def zebra" in done.stdout, done.stderr
    (kept,) = os.listdir(remote_folder())
    with fetched([archive]) as found:
        assert found.paths == (os.path.join(remote_folder(), kept, "tree/top"),)


def test_several_sources_have_names_of_their_own(run: RunExosuit, tmp_path: Path) -> None:
    (tmp_path / "other").mkdir()
    (tmp_path / "a b.tar").write_bytes(_tar({"top/a.py": b"zebra = 1\n"}))
    (tmp_path / "x.zip").write_bytes(_zip({"b.py": b"zebra = 2\n"}))
    (tmp_path / "other/x.zip").write_bytes(_zip({"c.py": b"zebra = 3\n"}))
    names = ["a b.tar", "x.zip", "other/x.zip", "x.zip"]
    packs = [run("pack", *names, cwd=tmp_path).stdout for _ in range(2)]
    assert packs[0] == packs[1]
    assert re.findall(rb"<source>(.*)</source>", packs[0]) == [b"a-b.tar/a.py", b"x.zip/b.py", b"x.zip-2/c.py"]
    assert os.listdir(remote_folder()) == []
    done = run("query", "zebra", *names, "--json", cwd=tmp_path)
    document = json.loads(done.stdout)
    assert {each["path"] for each in document["results"]} == {"a-b.tar/a.py", "x.zip/b.py", "x.zip-2/c.py"}
    assert document["origin"] == "a b.tar, x.zip, other/x.zip"
    paths = [str(tmp_path / name) for name in names]
    with fetched(paths, keeps=True) as first, fetched(paths) as second:
        assert first.paths == second.paths
        assert first.paths[1] == first.paths[3]
    (tmp_path / "x.zip").write_bytes(_zip({"d.py": b""}))
    with fetched(paths) as third:
        assert [os.listdir(path) for path in third.paths] == [["a.py"], ["d.py"], ["c.py"], ["d.py"]]


def test_what_is_far_too_deep_is_refused_and_leaves_nothing(tmp_path: Path) -> None:
    archive = tmp_path / "deep.tar"
    for depth, is_taken in ((200, True), (201, False), (3_000, False)):
        archive.write_bytes(_tar({"d/" * depth + "x.py": b"x = 1\n"}))
        refused = contextlib.nullcontext() if is_taken else pytest.raises(SourceRefused, match="more than 200 folders")
        with refused, fetched([str(archive)]):
            pass
        assert os.listdir(remote_folder()) == []
    # One that an earlier version left.
    left = os.path.join(remote_folder(), "tmp-0")
    os.mkdir(left)
    folder = os.open(left, os.O_RDONLY)
    for _ in range(2_000):
        os.mkdir("d", dir_fd=folder)
        inner = os.open("d", os.O_RDONLY, dir_fd=folder)
        os.close(folder)
        folder = inner
    os.close(folder)
    archive.write_bytes(_tar({"a": b"1"}))
    with fetched([str(archive)]):
        assert not os.path.exists(left)


def test_what_a_killed_process_left_is_removed_and_never_used(tmp_path: Path) -> None:
    left = tmp_path / "left"
    left.mkdir()
    folder = remote_folder()
    os.makedirs(os.path.join(folder, "tmp-0", "tree", "half"))
    open(os.path.join(folder, "tmp-0", "lock"), "w").close()
    os.symlink(left, os.path.join(folder, "tmp-1"))
    open(os.path.join(folder, "tmp-2"), "w").close()
    archive = tmp_path / "x.tar"
    archive.write_bytes(_tar({"a": b"1"}))
    with fetched([str(archive)]):
        assert not os.path.exists(os.path.join(folder, "tmp-0"))
        assert os.listdir(left) == []
    assert os.listdir(folder) == []


def test_what_is_an_archive(tmp_path: Path) -> None:
    assert [is_archive(name) for name in ("a.tar.gz", "A.ZIP", "x.whl", "b.tgz", "a.gz", "zip")] == [True] * 4 + [
        False
    ] * 2
    (tmp_path / "folder.zip").mkdir()
    assert not is_source(str(tmp_path / "folder.zip"))
    assert not is_source("missing.zip"), "the error of a missing path says more"
