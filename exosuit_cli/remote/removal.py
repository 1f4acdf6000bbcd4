"""Removal of a folder that others filled."""

from __future__ import annotations

import contextlib
import os
import secrets


def remove_tree(folder: str) -> None:
    """Remove a folder with all in it, however deep it is; what cannot be removed stays, without an error.

    Its folders are first moved up, so that no path gets long; `shutil.rmtree` calls itself for each level.
    """
    prefix = os.path.join(folder, secrets.token_hex(8))
    number = 0
    with contextlib.suppress(OSError):
        while directories := _emptied_of_files(folder):
            for directory in directories:
                for inner in _emptied_of_files(directory):
                    os.rename(inner, f"{prefix}-{number}")
                    number += 1
                os.rmdir(directory)
        os.rmdir(folder)


def _emptied_of_files(folder: str) -> list[str]:
    """Remove all that is no folder, and no more; the paths of the folders."""
    found = []
    with os.scandir(folder) as entries:
        for entry in entries:
            if entry.is_dir(follow_symlinks=False):
                found.append(entry.path)
            else:
                os.unlink(entry.path)
    return found
