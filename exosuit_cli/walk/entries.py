"""The entries of one open directory: files, directories, and those that are neither."""

from __future__ import annotations

import os
import sys
from itertools import islice
from typing import TYPE_CHECKING

from exosuit_cli.model.records import Outcome, Skip
from exosuit_cli.walk import limits

if TYPE_CHECKING:
    from exosuit_cli.config.options import WalkOptions

_FS_ENCODING = sys.getfilesystemencoding()


def list_entries(
    descriptor: int, path: bytes, device: int, options: WalkOptions
) -> tuple[list[bytes], list[bytes], list[Skip]]:
    """Split the entries of an open directory into names of files, names of directories, and skips.

    Raises OSError, and Endless for more entries than a walk takes.
    """
    files: list[str] = []
    directories: list[str] = []
    skips: list[Skip] = []
    own = {inode for where, inode in options.own_outputs if where == device}
    prefix = path + b"/" if path else b""
    with os.scandir(descriptor) as entries:
        for entry in islice(entries, limits.MOST_NAMES):
            if entry.is_file(follow_symlinks=False):
                if own and entry.inode() in own:
                    skips.append(Skip(prefix + os.fsencode(entry.name), Outcome.OWN_OUTPUT))
                    continue
                files.append(entry.name)
            elif entry.is_dir(follow_symlinks=False):
                if own and entry.inode() in own:
                    skips.append(Skip(prefix + os.fsencode(entry.name), Outcome.OWN_OUTPUT, is_directory=True))
                    continue
                directories.append(entry.name)
            elif not entry.is_symlink():
                skips.append(Skip(prefix + os.fsencode(entry.name), Outcome.SPECIAL))
            elif not options.follow:
                skips.append(Skip(prefix + os.fsencode(entry.name), Outcome.SYMLINK))
            else:
                skip = _follow(entry, prefix, files, directories)
                if skip is not None:
                    skips.append(skip)
        if next(entries, None) is not None:
            raise limits.Endless
    return _encode_names(files), _encode_names(directories), skips


def _follow(entry: os.DirEntry[str], prefix: bytes, files: list[str], directories: list[str]) -> Skip | None:
    """Enter a symbolic link as its target; a skip where the target is nothing to scan."""
    try:
        if entry.is_dir():
            directories.append(entry.name)
            return None
        if entry.is_file():
            files.append(entry.name)
            return None
    except OSError as error:  # a loop of links, a target out of reach
        return Skip(prefix + os.fsencode(entry.name), Outcome.SYMLINK, error.strerror or "")
    return Skip(prefix + os.fsencode(entry.name), Outcome.SYMLINK, "its target is gone or special")


def _encode_names(names: list[str]) -> list[bytes]:
    """The names as bytes, all at once: one conversion a directory instead of one a file."""
    return "\0".join(names).encode(_FS_ENCODING, "surrogateescape").split(b"\0") if names else []
