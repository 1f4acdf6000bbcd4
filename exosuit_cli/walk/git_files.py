"""Where a repository keeps the ignore rules that are in no .gitignore file, and how files of git are read.

The specifications are gitignore(5) and gitrepository-layout(5). Of a repository only info/exclude is read, never its
configuration.

The tree that is scanned may be hostile: it can make `.git`, `commondir` or `info/exclude` name any file of the machine.
So nothing of them is read through a symbolic link, a `.git` file leads only to a git directory, sizes are bounded,
and no problem quotes what was read: it names the path.
"""

from __future__ import annotations

import errno
import os
import stat
from dataclasses import field
from typing import TYPE_CHECKING, Final

from exosuit_cli.model.dataclass import dataclass
from exosuit_cli.model.lazy import lazy_pattern
from exosuit_cli.system.safe_open import FILE_FLAGS, FOLLOWED_FILE_FLAGS
from exosuit_cli.walk.rule_set import BadLine

if TYPE_CHECKING:
    from collections.abc import Mapping

LARGEST_FILE: Final = 100 * 1024 * 1024
"""Bytes. Like git, the walk ignores a larger file of patterns."""
LARGEST_CONFIG: Final = 1 << 20
"""Bytes of all configuration files that are read for one walk; git has no limit, and real ones have some kilobytes."""
LARGEST_POINTER: Final = 8192
"""Bytes of a `.git` or `commondir` file, which hold one path."""

_HEAD: Final = lazy_pattern(rb"ref: refs/|[0-9a-f]{40}")
"""How the file HEAD of a git directory begins."""


def read_file(
    path: bytes, *, directory: int | None = None, follow: bool = True, largest: int | None = None
) -> bytes | None:
    """Return the whole of a regular file, or None when it does not exist. Never blocks and is bounded.

    `path` is relative to the open directory `directory`. Raises OSError: unreadable, not a regular file, larger than
    `largest` bytes (by default LARGEST_FILE), or a symbolic link without `follow`.
    """
    largest = LARGEST_FILE if largest is None else largest
    if path == b"/dev/null":
        return b""
    if b"\0" in path:
        raise OSError(errno.EINVAL, "a name with a NUL byte")
    try:
        descriptor = os.open(path, FOLLOWED_FILE_FLAGS if follow else FILE_FLAGS, dir_fd=directory)
    except (FileNotFoundError, NotADirectoryError):
        return None
    except OSError as error:
        if error.errno == errno.ELOOP and not follow:
            raise OSError(errno.ELOOP, "a symbolic link, which is not followed here") from error
        raise
    try:
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            raise OSError(errno.EINVAL, "not a regular file")
        parts: list[bytes] = []
        size = 0
        while part := os.read(descriptor, 1 << 20):
            size += len(part)
            if size > largest:
                raise OSError(errno.EFBIG, f"larger than {largest} bytes")
            parts.append(part)
        return b"".join(parts)
    finally:
        os.close(descriptor)


def shown_path(path: bytes) -> str:
    """Return the path for a person to read; bytes that are not UTF-8 are escaped."""
    return path.decode("utf-8", "backslashreplace")


@dataclass(slots=True)
class Lookup:
    """The files that a look for rules consulted, and its problems."""

    sources: list[bytes] = field(default_factory=list)
    problems: list[BadLine] = field(default_factory=list)
    configs: int = 0
    """Configuration files read so far."""
    config_bytes: int = 0

    def read(self, path: bytes, *, follow: bool = True, largest: int | None = None) -> bytes | None:
        """Return the content of `path` and remember the path; an unreadable file is a problem."""
        self.sources.append(path)
        try:
            return read_file(path, follow=follow, largest=largest)
        except OSError as error:
            self.report(path, 0, f"not applied: {error.strerror}")
            return None

    def read_config(self, path: bytes) -> bytes:
        """Return the content of a configuration file, nothing where it is missing or there is too much in all."""
        text = self.read(path, largest=LARGEST_CONFIG) or b""
        self.config_bytes += len(text)
        if self.config_bytes > LARGEST_CONFIG:
            self.report(path, 0, f"not applied: over {LARGEST_CONFIG} bytes of configuration")
            return b""
        return text

    def report(self, path: bytes, line: int, why: str) -> None:
        """Remember a problem; nothing that was read is quoted."""
        self.problems.append(BadLine(shown_path(path), line, b"", why))


@dataclass(frozen=True, slots=True)
class Repository:
    """A work tree's top directory, and where its repository lies, if that is a git directory.

    `directory` holds the index. `common` holds what linked work trees share, info/exclude among it; it is `directory`
    where there are none. `exclude` is the repository's list of patterns, if it has a place for one.
    """

    top: bytes
    exclude: bytes | None = None
    directory: bytes | None = None
    common: bytes | None = None


def enclosing_repository(directory: bytes, lookup: Lookup, environ: Mapping[str, str]) -> Repository | None:
    """Find the nearest directory, from `directory` (absolute, without links) upwards, that holds `.git`.

    As git does, the search ends at the border of a file system and at GIT_CEILING_DIRECTORIES.
    """
    ceilings = {os.fsencode(path) for path in environ.get("GIT_CEILING_DIRECTORIES", "").split(":") if path}
    try:
        device = os.stat(directory).st_dev
        while True:
            marker = os.path.join(directory, b".git")
            try:
                kind = stat.S_IFMT(os.lstat(marker).st_mode)
            except (FileNotFoundError, NotADirectoryError):
                lookup.sources.append(marker)
            else:
                return repository_at(directory, kind, lookup)
            parent = os.path.dirname(directory)
            if parent in (directory, *ceilings) or os.stat(parent).st_dev != device:
                return None
            directory = parent
    except OSError as error:
        lookup.report(directory, 0, f"no ignore rules from above: {error.strerror}")
        return None


def repository_at(top: bytes, kind: int, lookup: Lookup) -> Repository:
    """The repository whose work tree is `top`, an absolute path; `kind` is the file type of its `.git`."""
    marker = os.path.join(top, b".git")
    if kind == stat.S_IFDIR:
        directory = common = marker
    elif kind == stat.S_IFREG:
        linked = _linked_directories(marker, lookup)
        if linked is None:
            return Repository(top)
        directory, common = linked
    else:
        lookup.report(marker, 0, "not applied: it is a symbolic link or no plain file, so info/exclude is not read")
        return Repository(top)
    info = os.path.join(common, b"info")
    if os.path.islink(info):
        lookup.report(info, 0, "not applied: it is a symbolic link, so info/exclude is not read")
        return Repository(top, None, directory, common)
    return Repository(top, os.path.join(info, b"exclude"), directory, common)


def is_git_directory(path: bytes, *, directory: int | None = None) -> bool:
    """Whether `path` has the file HEAD that git takes for the mark of a git directory."""
    try:
        head = read_file(os.path.join(path, b"HEAD"), directory=directory, follow=False, largest=LARGEST_POINTER)
    except OSError:
        return False
    return head is not None and _HEAD.match(head) is not None


def _linked_directories(marker: bytes, lookup: Lookup) -> tuple[bytes, bytes] | None:
    """The git directory that a `.git` file leads to, and the common one that it leads to in turn."""
    directory = _pointed_to(marker, b"gitdir: ", lookup)
    if directory is None:
        return None
    common = directory
    pointer = os.path.join(directory, b"commondir")
    if os.path.lexists(pointer):
        common = _pointed_to(pointer, b"", lookup) or directory
    else:
        lookup.sources.append(pointer)
    directory, common = os.path.realpath(directory), os.path.realpath(common)
    if is_git_directory(directory) and is_git_directory(common):
        return directory, common
    if os.path.lexists(directory):  # else its repository has moved: git has no rules for it either
        lookup.report(marker, 0, "not applied: what it names is no git directory")
    return None


def _pointed_to(file: bytes, prefix: bytes, lookup: Lookup) -> bytes | None:
    """The path that a file of git holds behind `prefix`, joined to the file's own directory."""
    text = lookup.read(file, follow=False, largest=LARGEST_POINTER)
    if text is None:
        return None
    path = text.removeprefix(prefix).rstrip(b"\r\n")
    if not text.startswith(prefix) or not path or b"\0" in path or b"\n" in path:
        lookup.report(file, 0, "not applied: it names no git directory")
        return None
    return os.path.join(os.path.dirname(file), path)
