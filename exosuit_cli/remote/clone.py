"""One commit of a repository elsewhere, fetched by git into an empty store, and its files written out from there.

git itself speaks to the server, since it has the user's keys, known hosts, proxies and credential helpers, and since it
can be bounded and ended as a process. It runs in an empty folder of the cache with a store of its own: no hook, no
template, no configuration of the repository, no checkout and no filter. A repository on this machine (`file://`) is
read without git, as any tree's history is.
"""

from __future__ import annotations

import contextlib
import io
import os
import re
import shutil
import signal
import subprocess
from typing import TYPE_CHECKING, Final

from exosuit_cli.history.objects import HistoryError, ObjectStore
from exosuit_cli.history.references import head, resolve
from exosuit_cli.history.repository import open_history
from exosuit_cli.history.trees import differences, subtree
from exosuit_cli.model.dataclass import dataclass
from exosuit_cli.model.errors import ResourceMissing
from exosuit_cli.model.units import format_bytes
from exosuit_cli.remote.limits import SourceRefused, SourceUnreachable
from exosuit_cli.remote.writer import FolderWriter

if TYPE_CHECKING:
    from collections.abc import Callable

    from exosuit_cli.remote.address import Address
    from exosuit_cli.remote.limits import Limits

_STORE: Final = "store.git"
_FETCHED: Final = "refs/exosuit/fetched"
_LOOK_SECONDS: Final = 0.2
_SAID_BYTES: Final = 4_000
_EXECUTABLE: Final = b"100755"
_LARGEST_BLOB: Final = 1 << 30
_ALLOWED: Final = {"https": "https", "http": "http:https", "ssh": "ssh", "git": "git"}
_SETTINGS: Final = {
    "core.hooksPath": os.devnull,
    "protocol.version": "2",
    "http.lowSpeedLimit": "1000",
    "http.lowSpeedTime": "30",
    "fetch.recurseSubmodules": "false",
    "gc.auto": "0",
    "maintenance.auto": "false",
    "transfer.bundleURI": "false",
}


@dataclass(frozen=True, slots=True)
class Clone:
    """A commit that was fetched: its name (40 digits), and the store that has it."""

    commit: str
    objects: ObjectStore
    bytes: int


def fetch(address: Address, place: str, limits: Limits, said: Callable[[str], None], known: str = "") -> Clone | None:
    """Fetch the one commit of the address into `place`; None where the server has still the commit `known`.

    Raises SourceUnreachable, SourceRefused, HistoryError; ResourceMissing without git.
    """
    if address.scheme == "file":
        return _local(address, known)
    git = shutil.which("git")
    if git is None:
        raise ResourceMissing(
            f"git is needed to fetch {address.shown!r}: install it, or name an archive by its address"
        )
    revision = address.revision or "HEAD"
    if known and _listed(git, address, place, revision, limits) == known:
        return None
    store = os.path.join(place, _STORE)
    _git(git, address, place, ["init", "--quiet", "--bare", "--template=", _STORE], limits)
    _git(
        git,
        address,
        place,
        [
            f"--git-dir={store}", "fetch", "--quiet", "--depth=1", "--no-tags", "--no-recurse-submodules",
            "--no-write-fetch-head", "--", address.url, f"+{revision}:{_FETCHED}",
        ],
        limits,
        said,
    )  # fmt: skip
    history = open_history(store)
    commit = resolve(history, _FETCHED)
    return Clone(commit.hex(), history.objects, _size(store))


def write_files(clone: Clone, folder: str, writer_folder: str, limits: Limits) -> FolderWriter:
    """Write the files of a commit, those below `folder` of it, into the empty `writer_folder`; what was left out.

    Raises SourceRefused for a limit, a name that would leave the folder, and a folder that is not there.
    """
    writer = FolderWriter(writer_folder, limits, clone.bytes)
    objects = clone.objects
    top: bytes | None = objects.commit(bytes.fromhex(clone.commit)).tree
    if folder and top is not None:
        top = subtree(objects, top, os.fsencode(folder) + b"/")
        if top is None:
            raise SourceRefused(f"it has no folder {folder!r} in commit {clone.commit[:12]}")
    for path, _, entry in differences(objects, None, top):
        if entry is None or entry.is_repository:
            writer.other(path)
        elif entry.is_link:
            writer.link(path)
        else:
            content = io.BytesIO(objects.read(entry.id, "blob", min(limits.unpacked, _LARGEST_BLOB)))
            writer.file(path, content, is_executable=entry.mode == _EXECUTABLE)
    return writer


def _local(address: Address, known: str) -> Clone | None:
    """The commit of a repository on this machine."""
    path = address.url.removeprefix("file://")
    if not os.path.isdir(path):
        raise SourceUnreachable(f"there is no directory {path!r}")
    history = open_history(path)
    commit = resolve(history, address.revision) if address.revision else head(history)
    if commit is None:
        raise HistoryError("the repository has no commit yet")
    # What is on this machine is no larger than its store; a ratio says nothing of it.
    return None if commit.hex() == known else Clone(commit.hex(), history.objects, 1 << 40)


def _listed(git: str, address: Address, place: str, revision: str, limits: Limits) -> str:
    """The commit that a revision is on the server; empty where it does not say."""
    with contextlib.suppress(SourceUnreachable):
        printed = _git(git, address, place, ["ls-remote", "--", address.url, revision, f"{revision}^{{}}"], limits)
        lines = [line.split("\t") for line in printed.splitlines() if "\t" in line]
        peeled = [name for name, reference in lines if reference.endswith("^{}")]
        return (peeled or [name for name, _ in lines] or [""])[0]
    return ""


def _git(
    git: str,
    address: Address,
    place: str,
    arguments: list[str],
    limits: Limits,
    said: Callable[[str], None] = lambda _: None,
) -> str:
    """Run git in `place`; what it printed. It is ended when the place grows too large. Raises SourceUnreachable."""
    process = subprocess.Popen(  # noqa: S603  (the address is behind `--`)
        [git, *arguments],
        cwd=place,
        env=_environment(address),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        start_new_session=True,
    )
    try:
        while True:
            try:
                printed, errors = process.communicate(timeout=_LOOK_SECONDS)
                break
            except subprocess.TimeoutExpired:
                size = _size(place)
                said(format_bytes(size))
                if size > limits.fetched:
                    raise SourceRefused(f"it is larger than {format_bytes(limits.fetched)}; see --max-fetch") from None
    finally:
        if process.poll() is None:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            process.communicate()
    if process.returncode:
        raise SourceUnreachable(_reason(errors, address))
    return printed.decode("utf-8", "replace")


def _environment(address: Address) -> dict[str, str]:
    """The user's environment without what would lead git elsewhere; a password goes by it, since all see arguments."""
    found = {name: value for name, value in os.environ.items() if not name.startswith("GIT_") or name in _KEPT}
    settings = dict(_SETTINGS)
    if address.secret:
        bare = address.url.partition("://")
        host = bare[2].partition("/")[0]
        settings[f"url.{bare[0]}://{address.secret}@{host}/.insteadOf"] = f"{bare[0]}://{host}/"
    found |= {
        "GIT_TERMINAL_PROMPT": "0",
        "GIT_ALLOW_PROTOCOL": _ALLOWED[address.scheme],
        "GIT_CEILING_DIRECTORIES": "/",
        "GIT_CONFIG_COUNT": str(len(settings)),
        "LC_ALL": "C.UTF-8",
    }
    found.setdefault("GIT_SSH_COMMAND", "ssh -o BatchMode=yes -o ConnectTimeout=30 -o ServerAliveInterval=30")
    for number, (name, value) in enumerate(settings.items()):
        found[f"GIT_CONFIG_KEY_{number}"] = name
        found[f"GIT_CONFIG_VALUE_{number}"] = value
    return found


_KEPT: Final = frozenset(
    ("GIT_SSH", "GIT_SSH_COMMAND", "GIT_ASKPASS", "GIT_CONFIG_GLOBAL", "GIT_CONFIG_SYSTEM", "GIT_CONFIG_NOSYSTEM",
     "GIT_SSL_CAINFO", "GIT_SSL_CAPATH", "GIT_SSL_CERT", "GIT_SSL_KEY", "GIT_SSL_NO_VERIFY", "GIT_PROXY_COMMAND",
     "GIT_HTTP_USER_AGENT", "GIT_EXEC_PATH")
)  # fmt: skip


def _reason(errors: bytes, address: Address) -> str:
    """What git said, in a line, without a password."""
    text = errors[-_SAID_BYTES:].decode("utf-8", "replace")
    if address.secret:
        text = text.replace(address.secret + "@", "").replace(address.secret, "...")
    text = re.sub(r"(?<=://)[^/@\s]*:[^/@\s]*@", "", text)
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    chosen = next((line for line in lines if line.startswith(("fatal:", "error:", "ssh:"))), lines[0] if lines else "")
    said = re.sub(r"^(fatal|error): (remote error: )?(unable to access '[^']*': )?", "", chosen)
    if "couldn't find remote ref" in said or "not our ref" in said:
        return f"the repository has no revision {address.revision!r}; name a branch, a tag or a whole commit id"
    return said or "git failed without a word"


def _size(folder: str) -> int:
    """Bytes of the files below a folder."""
    total = 0
    for directory, _, names in os.walk(folder):
        for name in names:
            with contextlib.suppress(OSError):
                total += os.lstat(os.path.join(directory, name)).st_size
    return total
