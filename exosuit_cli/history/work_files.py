"""Files of a work tree beside the contents that git names: read through no link, hashed only where git has no note."""

from __future__ import annotations

import contextlib
import hashlib
import os
import stat
from typing import TYPE_CHECKING, Final

from exosuit_cli.system.safe_open import FILE_FLAGS, open_base, open_directory
from exosuit_cli.walk.git_index import IndexDamaged, file_states

if TYPE_CHECKING:
    from collections.abc import Mapping

    from exosuit_cli.history.repository import History
    from exosuit_cli.walk.git_index import IndexState

_PART: Final = 1 << 20


class TreeTexts:
    """The texts of files below a base directory, by their paths relative to it. Close it."""

    def __init__(self, base: bytes) -> None:
        self._base = open_base(base)

    def close(self) -> None:
        """Let go of the directory."""
        os.close(self._base)

    def text(self, path: bytes, largest: int) -> bytes | None:
        """The content of a file; None where it cannot be read or is larger."""
        opened = self._open(path)
        if opened is None:
            return None
        descriptor, _ = opened
        try:
            data = _read(descriptor, largest + 1)
        except OSError:
            return None
        finally:
            os.close(descriptor)
        return data if len(data) <= largest else None

    def _open(self, path: bytes) -> tuple[int, os.stat_result] | None:
        directory, _, name = path.rpartition(b"/")
        try:
            folder = open_directory(self._base, directory)
            try:
                descriptor = os.open(name, FILE_FLAGS, dir_fd=folder)
            finally:
                os.close(folder)
        except (OSError, ValueError):
            return None
        status = os.fstat(descriptor)
        if stat.S_ISREG(status.st_mode):
            return descriptor, status
        os.close(descriptor)
        return None


class WorkFiles(TreeTexts):
    """The files of a work tree below a base directory, with what git notes of them."""

    def __init__(self, history: History, base: bytes) -> None:
        super().__init__(base)
        self._prefix = history.prefix
        self._states: Mapping[bytes, IndexState] = {}
        self._written = (0, 0)
        if history.is_bare:
            return
        # A damaged index costs time only: every file is hashed.
        with contextlib.suppress(OSError, IndexDamaged):
            self._states = file_states(history.directory)
            status = os.lstat(os.path.join(history.directory, b"index"))
            self._written = divmod(status.st_mtime_ns, 1_000_000_000)

    def is_absent(self, path: bytes) -> bool:
        """Whether the file is not there, and not since a sparse checkout leaves it out."""
        state = self._states.get(self._prefix + path)
        if state is not None and state.is_absent:
            return False
        try:
            os.lstat(path, dir_fd=self._base)
        except (FileNotFoundError, NotADirectoryError):
            return True
        except OSError:
            return False
        return False

    def content_id(self, path: bytes, wanted: bytes | None) -> bytes | None:
        """The id of the file's content; None for what cannot be read. `wanted` itself where only CRLF differs from it.

        What git noted when it last looked is taken where the file has not been written since.
        """
        opened = self._open(path)
        if opened is None:
            return None
        descriptor, status = opened
        try:
            state = self._states.get(self._prefix + path)
            if state is not None and self._is_as_noted(status, state):
                return state.id
            name = hashlib.sha1(b"blob %d\0" % status.st_size, usedforsecurity=False)
            has_crlf = False
            while part := os.read(descriptor, _PART):
                name.update(part)
                has_crlf = has_crlf or b"\r\n" in part
            found = name.digest()
            if has_crlf and wanted is not None and found != wanted and status.st_size <= 64 * _PART:
                os.lseek(descriptor, 0, os.SEEK_SET)
                text = _read(descriptor, status.st_size).replace(b"\r\n", b"\n")
                other = hashlib.sha1(b"blob %d\0%b" % (len(text), text), usedforsecurity=False).digest()
                found = wanted if other == wanted else found
        except OSError:
            return None
        else:
            return found
        finally:
            os.close(descriptor)

    def is_nested(self, path: bytes, known: dict[bytes, bool]) -> bool:
        """Whether a path lies in a repository of its own below the base; `known` keeps the answers of directories."""
        directory = path.rpartition(b"/")[0]
        unknown = []
        found = False
        while directory:
            if directory in known:
                found = known[directory]
                break
            unknown.append(directory)
            try:
                os.lstat(directory + b"/.git", dir_fd=self._base)
            except OSError:
                directory = directory.rpartition(b"/")[0]
                continue
            found = True
            break
        known.update(dict.fromkeys(unknown, found))
        return found

    def _is_as_noted(self, status: os.stat_result, state: IndexState) -> bool:
        mtime = divmod(status.st_mtime_ns, 1_000_000_000)
        ctime = divmod(status.st_ctime_ns, 1_000_000_000)
        return (
            state.size == status.st_size & 0xFFFFFFFF
            and state.inode == status.st_ino & 0xFFFFFFFF
            and state.mtime in (mtime, (mtime[0], 0))
            and state.ctime in (ctime, (ctime[0], 0))
            and mtime < self._written  # git's racy rule: as young as the index is not trusted
        )


def _read(descriptor: int, most: int) -> bytes:
    parts = []
    while most > 0 and (part := os.read(descriptor, min(most, _PART))):
        parts.append(part)
        most -= len(part)
    return b"".join(parts)
