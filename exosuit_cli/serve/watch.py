"""Whether anything may have changed below some directories since it was last asked: by inotify(7) of Linux.

It may say yes where nothing has; it says no only where the kernel has reported nothing. What the kernel does not report
(other machines on a network file system, writes through a mapping) is looked for again after a while.
"""

from __future__ import annotations

import contextlib
import ctypes
import errno
import os
import struct
import time
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

TRUSTED_SECONDS: Final = 30.0
"""How long the kernel's silence is believed."""
_MOST_DIRECTORIES: Final = 30_000
_IN_MODIFY, _IN_ATTRIB, _IN_CLOSE_WRITE = 0x2, 0x4, 0x8
_IN_MOVED, _IN_CREATE, _IN_DELETE, _IN_DELETE_SELF, _IN_MOVE_SELF = 0xC0, 0x100, 0x200, 0x400, 0x800
_IN_Q_OVERFLOW, _IN_IGNORED, _IN_ISDIR = 0x4000, 0x8000, 0x40000000
_IN_ONLYDIR, _IN_DONT_FOLLOW = 0x01000000, 0x02000000
_IN_NONBLOCK, _IN_CLOEXEC = os.O_NONBLOCK, os.O_CLOEXEC
_CHANGES: Final = (
    _IN_MODIFY | _IN_ATTRIB | _IN_CLOSE_WRITE | _IN_MOVED | _IN_CREATE | _IN_DELETE | _IN_DELETE_SELF | _IN_MOVE_SELF
)
_EVENT: Final = struct.Struct("iIII")
_RULES: Final = frozenset({b".gitignore", b".git", b"index", b"info", b"exclude"})
"""Names above a root, and in `.git`, that decide what is left out of it."""


class Watch:
    """Watches directories and all below them, without `.git` and without following links; closed by `close`."""

    def __init__(self, roots: Sequence[bytes]) -> None:
        self._roots = list(roots)
        self._descriptor = -1
        self._above: set[int] = set()
        self._changed = True
        self._asked = 0.0
        self.is_whole = False
        self._begin()

    def has_changed(self) -> bool:
        """Whether anything may have changed since the last time that this was asked. New directories are watched."""
        has_new_directories = self._take_events()
        now = time.monotonic()
        changed = self._changed or not self.is_whole or now - self._asked > TRUSTED_SECONDS
        if has_new_directories or not self.is_whole:
            self._begin()
        if changed:
            self._asked = now
        self._changed = False
        return changed

    def suspect(self) -> None:
        """Answer yes the next time."""
        self._changed = True

    def close(self) -> None:
        """Watch nothing any more; a second time does nothing."""
        if self._descriptor >= 0:
            os.close(self._descriptor)
        self._descriptor = -1
        self.is_whole = False

    def _begin(self) -> None:
        """Watch every directory that is there now."""
        self.close()
        self._above = set()
        libc = ctypes.CDLL(None, use_errno=True)
        if not hasattr(libc, "inotify_init1"):
            return
        self._descriptor = libc.inotify_init1(_IN_NONBLOCK | _IN_CLOEXEC)
        if self._descriptor < 0:
            return
        count = 0
        for root in self._roots:
            git = []
            for directory in _directories(root):
                if os.path.basename(directory) == b".git":
                    git.append(directory)
                    continue
                count += 1
                if count > _MOST_DIRECTORIES or not self._add(libc, directory):
                    self.close()
                    return
            git += [os.path.join(each, b"info") for each in git]
            for directory in (*git, *_above(root)):
                number = libc.inotify_add_watch(self._descriptor, directory, _CHANGES | _IN_ONLYDIR)
                if number >= 0:
                    self._above.add(number)
        self.is_whole = True

    def _add(self, libc: ctypes.CDLL, directory: bytes) -> bool:
        """Watch a directory. One that has gone, or cannot be read, has nothing to report; False: there is no room."""
        flags = _CHANGES | _IN_ONLYDIR | _IN_DONT_FOLLOW
        if libc.inotify_add_watch(self._descriptor, directory, flags) >= 0:
            return True
        return ctypes.get_errno() not in (errno.ENOSPC, errno.ENOMEM)

    def _take_events(self) -> bool:
        """Take what the kernel has reported; whether directories have come or gone."""
        new = False
        while self._descriptor >= 0:
            try:
                data = os.read(self._descriptor, 1 << 16)
            except BlockingIOError:
                break
            at = 0
            while at < len(data):
                watch, mask, _, length = _EVENT.unpack_from(data, at)
                name = data[at + _EVENT.size : at + _EVENT.size + length].rstrip(b"\0")
                at += _EVENT.size + length
                if watch in self._above and name not in _RULES:
                    continue
                self._changed = True
                new = new or bool(mask & (_IN_ISDIR | _IN_Q_OVERFLOW | _IN_IGNORED))
        return new


def _directories(root: bytes) -> Iterator[bytes]:
    """A directory and all below it, but nothing in `.git`; of a file, the directory that has it."""
    if not os.path.isdir(root):
        yield os.path.dirname(root)
        return
    waiting = [root]
    while waiting:
        directory = waiting.pop()
        yield directory
        with contextlib.suppress(OSError), os.scandir(directory) as entries:
            for entry in entries:
                if entry.is_dir(follow_symlinks=False):
                    if entry.name == b".git":
                        yield entry.path
                    else:
                        waiting.append(entry.path)


def _above(root: bytes) -> Iterator[bytes]:
    """The directories above a root, up to the one that is a repository; their ignore files may concern the root."""
    directory = root
    while not os.path.exists(os.path.join(directory, b".git")) and os.path.dirname(directory) != directory:
        directory = os.path.dirname(directory)
        yield directory
    yield os.path.join(directory, b".git")
    yield os.path.join(directory, b".git", b"info")
