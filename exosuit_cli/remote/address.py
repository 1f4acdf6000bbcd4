"""What a PATH means that is no directory here: an archive, or a repository elsewhere with a revision and a folder.

No password of an address is in what is shown.
"""

from __future__ import annotations

import os
import re
from typing import Final
from urllib.parse import quote, unquote, urlsplit, urlunsplit

from exosuit_cli.model.dataclass import dataclass
from exosuit_cli.model.errors import UsageError
from exosuit_cli.remote.archives import is_archive
from exosuit_cli.walk.roots import is_address

_SCHEMES: Final = ("https", "http", "ssh", "git", "file")
_SCP: Final = re.compile(r"(?P<user>[\w.-]+)@(?P<host>[\w.-]+):(?!//)(?P<path>.+)")
_TREE: Final = re.compile(r"/(?:-/)?(?:tree|blob|src/branch|src/tag|src/commit)/(?P<revision>[^/]+)(?:/(?P<path>.*))?$")
"""How the pages of the usual hosts name a folder of a revision."""
_REPOSITORY_PARTS: Final = 2
_SOUND_REVISION: Final = re.compile(r"[^\s\0-\x1f\x7f~^:?*\[\\-][^\s\0-\x1f\x7f~^:?*\[\\]*")


@dataclass(frozen=True, slots=True)
class Address:
    """One source.

    url: what is fetched, without a user's password. secret: `user:password`, else empty. revision: a branch, a tag or
    the name of a commit, else empty for the default branch. folder: the part of the repository that is wanted.
    """

    kind: str
    """`archive` (a file here), `download` (an archive by its address), `repository`."""
    url: str
    secret: str = ""
    revision: str = ""
    folder: str = ""

    @property
    def shown(self) -> str:
        """The address for a person, and for a record: without secrets."""
        revision = f"@{self.revision}" if self.revision else ""
        folder = f"/{self.folder}" if self.folder else ""
        url, _, query = self.url.partition("?")
        return url + (f"?{_masked(query)}" if query else "") + revision + folder

    @property
    def scheme(self) -> str:
        """`https`, `ssh` and so on."""
        return self.url.partition("://")[0] if "://" in self.url else "ssh"


def is_source(path: str) -> bool:
    """Whether a PATH is a source: an address, or an archive that is here. A directory of that name comes first."""
    if is_address(path):
        return "://" in path or not os.path.lexists(path)
    return is_archive(path) and os.path.isfile(path)


def parse_address(path: str) -> Address:
    """The source that a PATH means, see `is_source`. Raises UsageError for one that cannot be fetched."""
    if not is_address(path) or ("://" not in path and os.path.lexists(path)):
        return Address("archive", path)
    scp = _SCP.fullmatch(path) if "://" not in path else None
    if scp is not None:
        rest, revision, folder = _split(scp["path"], is_scp=True)
        return _repository(f"{scp['user']}@{scp['host']}:{rest}", "", revision, folder)
    try:
        parts = urlsplit(path if "://" in path else f"https://{path}")
        port = f":{parts.port}" if parts.port is not None else ""
    except ValueError as error:
        reason = "its host or its port is none" if "[" not in path else str(error)
        # Whatever stands before the last `@` may be a password.
        shown = re.sub(r"(?<=//).*@", "", without_secret(path), flags=re.DOTALL)
        raise UsageError(
            f"{shown!r} is no address that can be read: {reason}; in a user's name or password, write / as %2F"
        ) from error
    scheme = parts.scheme.lower()
    shown = without_secret(path)
    if scheme not in _SCHEMES:
        raise UsageError(f"cannot fetch {shown!r}: accepted are {', '.join(f'{each}://' for each in _SCHEMES)}")
    if scheme != "file" and not parts.hostname:
        raise UsageError(f"cannot fetch {shown!r}: it names no host")
    user = parts.username or ""
    secret = f"{user}:{parts.password or ''}" if user and scheme in ("https", "http") else ""
    host = f"[{parts.hostname}]" if parts.hostname and ":" in parts.hostname else parts.hostname or ""
    place = (f"{user}@" if user and not secret else "") + host + port
    if is_archive(parts.path):
        if scheme == "file":
            return Address("archive", unquote(parts.path))
        if scheme not in ("https", "http"):
            raise UsageError(f"cannot fetch {shown!r}: archives are fetched by https or http")
        return Address("download", urlunsplit((scheme, place, parts.path, parts.query, "")), secret)
    if scheme == "file":
        return _repository(f"file://{parts.path}", "", *_file_parts(parts.path))
    rest, revision, folder = _split(parts.path.strip("/"))
    return _repository(f"{scheme}://{place}/{rest}", secret, revision, folder)


def without_secret(address: str) -> str:
    """An address without what stands before `@` in it, if that has a password, and without the values of its query."""
    address, _, query = address.partition("?")
    return re.sub(r"(?<=://)[^/@\s]*:[^/\s]*@", "", address) + (f"?{_masked(query)}" if query else "")


def _masked(query: str) -> str:
    """The names of a query, of which any value may be a token."""
    return re.sub(r"(^|&)([^=&]*=)?[^&]*", lambda found: f"{found[1]}{found[2] or ''}...", query)


def _repository(url: str, secret: str, revision: str, folder: str) -> Address:
    folder = "/".join(part for part in folder.split("/") if part not in ("", "."))
    if ".." in folder.split("/"):
        raise UsageError(f"{folder!r} leads out of the repository")
    if revision and not url.startswith("file://") and not _SOUND_REVISION.fullmatch(revision):
        raise UsageError(f"{revision!r} is no revision; name a branch, a tag or a commit")
    if url.startswith("file://"):
        url = "file://" + _file_parts(url[7:], whole=True)[0]
    return Address("repository", url, secret, revision, folder)


def _file_parts(path: str, *, whole: bool = False) -> tuple[str, ...]:
    """Of a file address the revision and the folder behind the repository; with `whole` its path alone."""
    path = unquote(path) if "%" in path else path
    repository = path.rstrip("/") or "/"
    revision = folder = ""
    while not os.path.isdir(repository):
        head, _, tail = repository.rpartition("/")
        if "@" in tail:
            name, _, revision = tail.partition("@")
            repository = f"{head}/{name}"
            break
        if not head:
            repository, folder = path, ""
            break
        repository, folder = head, f"{tail}/{folder}" if folder else tail
    return (repository,) if whole else (revision, folder)


def _split(path: str, *, is_scp: bool = False) -> tuple[str, str, str]:
    """The repository, the revision and the folder of the path of an address."""
    parts = path.split("/")
    end = next((number for number, part in enumerate(parts, 1) if re.search(r"\.git(@|$)", part)), 0)
    if not end:
        end = next((number for number, part in enumerate(parts, 1) if "@" in part), 0)
    if not end:
        page = _TREE.search("/" + path)
        if page is not None and not is_scp:
            return ("/" + path)[: page.start()].strip("/"), unquote(page["revision"]), unquote(page["path"] or "")
        end = min(_REPOSITORY_PARTS, len(parts))
    name, _, revision = parts[end - 1].partition("@")
    folder = "/".join(parts[end:])
    repository = "/".join([*parts[: end - 1], name])
    return (repository if is_scp else quote(unquote(repository), safe="/~+.-_")), unquote(revision), unquote(folder)
