"""Sources by their address, from real servers on this machine: what is fetched, kept, refused, and never told."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import tarfile
from typing import TYPE_CHECKING

import pytest
from git_repositories import commit_files, git
from source_servers import serving

from exosuit_cli.model.errors import ResourceMissing, UsageError
from exosuit_cli.remote.address import Address, is_source, parse_address, without_secret
from exosuit_cli.remote.limits import Limits, SourceRefused, SourceUnreachable
from exosuit_cli.remote.places import remote_folder
from exosuit_cli.remote.sources import fetched

if TYPE_CHECKING:
    import http.server
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from tests.conftest import RunExosuit

    Handler = http.server.BaseHTTPRequestHandler

_REPOSITORY = "https://host/owner/repo"


@pytest.mark.parametrize(
    ("typed", "url", "revision", "folder"),
    [
        (_REPOSITORY, _REPOSITORY, "", ""),
        (f"{_REPOSITORY}.git", f"{_REPOSITORY}.git", "", ""),
        (f"{_REPOSITORY}@v1.0", _REPOSITORY, "v1.0", ""),
        (f"{_REPOSITORY}@main/src/a", _REPOSITORY, "main", "src/a"),
        (f"{_REPOSITORY}/src/", _REPOSITORY, "", "src"),
        (f"{_REPOSITORY}/tree/main/src/a", _REPOSITORY, "main", "src/a"),
        ("https://host/group/sub/repo.git@x/src", "https://host/group/sub/repo.git", "x", "src"),
        ("https://host/group/sub/repo/-/tree/x/src", "https://host/group/sub/repo", "x", "src"),
        ("https://host/group/sub/repo@x", "https://host/group/sub/repo", "x", ""),
        ("github.com/owner/repo", "https://github.com/owner/repo", "", ""),
        ("git@host:owner/repo.git@dev/lib", "git@host:owner/repo.git", "dev", "lib"),
        ("git@host:owner/repo", "git@host:owner/repo", "", ""),
        ("ssh://git@host:2222/owner/repo@v1", "ssh://git@host:2222/owner/repo", "v1", ""),
        ("http://[::1]:80/owner/repo", "http://[::1]:80/owner/repo", "", ""),
    ],
)
def test_an_address_is_a_repository_a_revision_and_a_folder(typed: str, url: str, revision: str, folder: str) -> None:
    assert parse_address(typed) == Address("repository", url, "", revision, folder)


def test_a_password_is_apart_and_never_shown() -> None:
    found = parse_address("https://me:s3cret@host/owner/repo@v1")
    assert (found.url, found.secret, found.shown) == (_REPOSITORY, "me:s3cret", f"{_REPOSITORY}@v1")
    assert parse_address("https://t0ken@host/owner/x.tar.gz").shown == "https://host/owner/x.tar.gz"
    assert without_secret("https://me:s3c@ret@host/x") == "https://host/x"
    assert parse_address("https://host/x.zip?token=s3cret&s3cret").shown == "https://host/x.zip?token=...&..."
    for typed in ("https://me:pa/s3cret@host/x.zip", "https://me:s3@cret/x@host:1/a?s3cret", "ftp://host/x?key=s3cret"):
        with pytest.raises(UsageError) as caught:
            parse_address(typed)
        assert "cret" not in str(caught.value)
    assert not is_source("owner/repo")
    assert not is_source("ext::sh -c true")


@pytest.mark.parametrize(
    "typed", ["ftp://host/a/b", "https:///a/b", "https://host:99999999/a", "ssh://host/x.zip",
              f"{_REPOSITORY}@--upload-pack=x", f"{_REPOSITORY}@main/../..", f"{_REPOSITORY}@a b"]
)  # fmt: skip
def test_what_cannot_be_fetched_is_a_clear_error(typed: str) -> None:
    with pytest.raises(UsageError):
        parse_address(typed)


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a repository of two commits and an archive of its tree."""
    folder = tmp_path_factory.mktemp("served")
    work = folder / "work"
    work.mkdir()
    git(work, "init", "-q")
    commit_files(work, {"a.txt": b"one\n", "src/b.py": b"x = 1\n"}, "first", 1000)
    git(work, "tag", "v1")
    os.symlink("/etc/passwd", work / "link")
    (work / ".gitattributes").touch(0o755)
    commit_files(work, {"a.txt": b"two\n", ".gitattributes": b"*.txt eol=crlf export-subst\n"}, "second", 2000)
    (folder / "owner").mkdir()
    git(folder, "clone", "-q", "--bare", "work", "owner/repo.git")
    with tarfile.open(folder / "x.tar.gz", "w:gz") as archive:
        archive.add(work / "src", "x-1.0/src")
    (folder / "large.tar.gz").write_bytes(bytes(100_000))
    return folder


def _redirected(to: Callable[[str], str]) -> Callable[[Handler], None]:
    def answer(handler: Handler) -> None:
        handler.send_response(302)
        handler.send_header("Location", to(handler.headers["Host"]))
        handler.send_header("Content-Length", "0")
        handler.end_headers()

    return answer


def _cut_off(handler: Handler) -> None:
    handler.send_response(200)
    handler.send_header("Content-Length", "1000")
    handler.end_headers()
    handler.wfile.write(b"x" * 10)
    handler.close_connection = True


def _of_odd_length(handler: Handler) -> None:
    handler.send_response(200)
    handler.send_header("Content-Length", "\xb2\xb2")
    handler.end_headers()
    handler.close_connection = True


def _unchanged(handler: Handler) -> None:
    handler.send_response(304)
    handler.end_headers()


def _endless(handler: Handler) -> None:
    handler.send_response(200)
    handler.end_headers()
    try:
        while True:
            handler.wfile.write(bytes(1 << 16))
    except OSError:
        handler.close_connection = True


@pytest.fixture(scope="module")
def server(served: Path) -> Iterator[tuple[str, list[tuple[str, str | None]]]]:
    answers = {
        "/moved.tar.gz": _redirected(lambda host: f"http://{host}/x.tar.gz"),
        "/elsewhere.tar.gz": _redirected(lambda host: f"http://localhost:{host.rpartition(':')[2]}/x.tar.gz"),
        "/to-file.tar.gz": _redirected(lambda _: "file:///etc/passwd"),
        "/to-nowhere.tar.gz": _redirected(lambda _: "http://[::1/x"),
        "/odd-length.tar.gz": _of_odd_length,
        "/unasked.tar.gz": _unchanged,
        "/loop.tar.gz": _redirected(lambda host: f"http://{host}/loop.tar.gz"),
        "/cut.tar.gz": _cut_off,
        "/endless.tar.gz": _endless,
    }
    with serving(served, answers) as found:
        yield found


def _files(path: str) -> list[str]:
    return sorted(
        os.path.relpath(os.path.join(directory, name), path) for directory, _, names in os.walk(path) for name in names
    )


def test_a_repository_is_fetched_at_a_revision(server: tuple[str, object], served: Path) -> None:
    address = f"{server[0]}/owner/repo.git"
    with fetched([address]) as found:
        assert _files(found.paths[0]) == [".gitattributes", "a.txt", "src/b.py"]
        with open(os.path.join(found.paths[0], "a.txt"), "rb") as file:
            assert file.read() == b"two\n", "no filter is run"
        assert found.warnings == (f"{address}: 1 link left out",)
    commit = git(served / "work", "rev-parse", "v1")
    for revision in ("v1", commit):
        with fetched([f"{address}@{revision}", f"{address}/src"]) as found:
            assert _files(found.paths[0]) == ["a.txt", "src/b.py"]
            assert _files(found.paths[1]) == ["b.py"]
    with fetched([f"file://{served}/work"]) as found:
        modes = {os.path.basename(each.path): each.stat().st_mode & 0o777 for each in os.scandir(found.paths[0])}
        assert (modes[".gitattributes"], modes["a.txt"]) == (0o700, 0o600)
    with fetched([f"file://{served}/work@HEAD~1"]) as found:
        assert _files(found.paths[0]) == ["a.txt", "src/b.py"]
    assert os.listdir(remote_folder()) == []


def test_what_a_server_does_not_have_is_one_clear_error(server: tuple[str, object], served: Path) -> None:
    for path, kind, said in (
        ("/owner/repo.git@nope", SourceUnreachable, "no revision 'nope'"),
        ("/owner/none.git", SourceUnreachable, "not found"),
        ("/owner/repo.git/nope", SourceRefused, "no folder 'nope'"),
        ("/none.tar.gz", SourceUnreachable, "404"),
        ("/to-file.tar.gz", SourceRefused, "leads from http to file"),
        ("/to-nowhere.tar.gz", SourceUnreachable, "leads to no address"),
        ("/odd-length.tar.gz", SourceRefused, "damaged|cut off"),
        ("/unasked.tar.gz", SourceUnreachable, "304"),
        ("/loop.tar.gz", SourceUnreachable, "redirect"),
        ("/cut.tar.gz", SourceUnreachable, "broke off after 10 B"),
        ("/endless.tar.gz", SourceRefused, "larger than 64.0 KiB"),
        ("/large.tar.gz", SourceRefused, "larger than 64.0 KiB"),
    ):
        with pytest.raises(kind, match=said), fetched([server[0] + path], limits=Limits(fetched=1 << 16)):
            pass
    with pytest.raises(SourceUnreachable, match="does not answer"), fetched(["http://127.0.0.1:1/x.zip"]):
        pass
    assert os.listdir(remote_folder()) == []


def test_an_archive_is_fetched_and_a_password_stays_with_its_host(
    server: tuple[str, list[tuple[str, str | None]]],
) -> None:
    address, asked = server
    host = address.removeprefix("http://")
    asked.clear()
    with fetched([f"http://me:s3cret@{host}/moved.tar.gz", f"http://me:s3cret@{host}/elsewhere.tar.gz"]) as found:
        assert [_files(path) for path in found.paths] == [["src/b.py"]] * 2
    assert [bool(sent) for path, sent in asked] == [True, True, True, False]


def test_a_kept_source_is_asked_for_changes_only(
    server: tuple[str, list[tuple[str, str | None]]], served: Path
) -> None:
    address, asked = server
    with fetched([f"{address}/x.tar.gz"], keeps=True) as first, fetched([f"{address}/x.tar.gz"]) as second:
        assert first.paths == second.paths
    other = served / "owner" / "kept.git"
    shutil.copytree(served / "owner/repo.git", other)
    with fetched([f"{address}/owner/kept.git"], keeps=True) as found:
        before = found.paths
    asked.clear()
    with fetched([f"{address}/owner/kept.git"]) as found:
        assert found.paths == before
    assert [path for path, _ in asked if "git-upload-pack" in path] != []
    assert not any("fetch" in path for path, _ in asked)
    git(other, "update-ref", "refs/heads/main", "v1")
    with fetched([f"{address}/owner/kept.git"]) as found:
        assert _files(found.paths[0]) == ["a.txt", "src/b.py"]


def test_commands_take_addresses_and_report_them(
    run: RunExosuit, server: tuple[str, object], served: Path, tmp_path: Path
) -> None:
    address = f"{server[0].replace('://', '://me:s3cret@')}/owner/repo.git@v1"
    done = run("scan", address, "--json", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    document = json.loads(done.stdout)
    commit = git(served / "work", "rev-parse", "v1")
    assert document["origin"] == f"{server[0]}/owner/repo.git@v1 (commit {commit[:12]})"
    assert document["totals"]["files"] == 2
    assert b"s3cret" not in done.stdout + done.stderr
    done = run("pack", address, cwd=tmp_path)
    assert b"x = 1" in done.stdout
    done = run("chunk", f"{server[0]}/x.tar.gz", cwd=tmp_path)
    assert json.loads(done.stdout.splitlines()[0])["path"] == "src/b.py"
    done = run("query", "x", f"file://{served}/work", "--json", cwd=tmp_path)
    assert json.loads(done.stdout)["origin"].startswith(f"file://{served}/work (commit ")
    done = run("pack", f"{server[0]}/owner/repo.git@v1", f"{server[0]}/owner/repo.git/src", f"{server[0]}/x.tar.gz")
    assert re.findall(rb"<source>(.*)</source>", done.stdout) == [
        b"owner-repo-src/b.py",
        b"owner-repo@v1/a.txt",
        b"owner-repo@v1/src/b.py",
        b"x.tar.gz/src/b.py",
    ]
    done = run("scan", "http://127.0.0.1:1/owner/repo", cwd=tmp_path)
    assert done.returncode == 6
    assert b"cannot read 'http://127.0.0.1:1/owner/repo'" in done.stderr


def test_without_git_an_archive_is_the_way(server: tuple[str, object], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "/nowhere")
    with pytest.raises(ResourceMissing, match="git is needed"), fetched([f"{server[0]}/owner/repo.git"]):
        pass


def test_a_killed_fetch_leaves_nothing_that_is_used(exosuit: Path, server: tuple[str, object]) -> None:
    """The endless archive is being written when the process is killed."""
    process = subprocess.Popen([exosuit, "scan", f"{server[0]}/endless.tar.gz", "--keep"], stderr=subprocess.PIPE)
    try:
        while process.poll() is None and not any("tmp-" in name for name in os.listdir(remote_folder())):
            pass
    finally:
        process.kill()
        process.communicate()
    assert [name for name in os.listdir(remote_folder()) if not name.startswith("tmp-")] == []
    with fetched([f"{server[0]}/x.tar.gz"]) as found:
        assert _files(found.paths[0]) == ["src/b.py"]
    assert os.listdir(remote_folder()) == []
