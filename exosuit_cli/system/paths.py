"""Where exosuit keeps its own files: the XDG base directories, private to the user."""

from __future__ import annotations

import os
import stat
from typing import TYPE_CHECKING, Final

from exosuit_cli.model.errors import OutputError, UsageError

if TYPE_CHECKING:
    from collections.abc import Mapping

_APPLICATION: Final = "exosuit"
_DIRECTORY_FLAGS: Final = os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC


def config_directory(environ: Mapping[str, str] | None = None) -> str:
    """Name `$XDG_CONFIG_HOME/exosuit`, else `$HOME/.config/exosuit`: the user's settings. Nothing is created.

    As in the XDG Base Directory Specification 0.8, a variable that is unset, empty or not an absolute path is ignored.
    Raises UsageError when HOME is no absolute path either.
    """
    return _directory("XDG_CONFIG_HOME", ".config", environ)


def cache_directory(environ: Mapping[str, str] | None = None) -> str:
    """Name `$XDG_CACHE_HOME/exosuit`, else `$HOME/.cache/exosuit`: what can be made again. As above."""
    return _directory("XDG_CACHE_HOME", ".cache", environ)


def state_directory(environ: Mapping[str, str] | None = None) -> str:
    """Name `$XDG_STATE_HOME/exosuit`, else `$HOME/.local/state/exosuit`: store, history, logs. As above."""
    return _directory("XDG_STATE_HOME", ".local/state", environ)


def ensure_private(directory: str) -> str:
    """Return `directory`, which exists, is owned by the effective user and is not writable by everyone.

    Missing directories on the way are created 0700, as the XDG Base Directory Specification asks. A directory that was
    there keeps its mode. A link to a directory of the same user is accepted (a cache on another disk); a link that is
    owned by anyone but that user or root is not. The directories above are the user's affair and are not judged.

    Raises OutputError: owned by another user, a link laid by another user, writable by everyone, not a directory, or
    it cannot be created.
    """
    try:
        _create_missing(directory)
        link = os.lstat(directory)
        descriptor = os.open(directory, _DIRECTORY_FLAGS)
        try:
            found = os.fstat(descriptor)
        finally:
            os.close(descriptor)
    except OSError as error:
        reason = error.strerror or str(error)
        raise OutputError(f"{directory!r}: cannot be used as a directory: {reason}") from error
    user = os.geteuid()
    if stat.S_ISLNK(link.st_mode) and link.st_uid not in (user, 0):
        raise _refusal(directory, f"it is a link laid by user id {link.st_uid}, and this process runs as {user}")
    if found.st_uid != user:
        raise _refusal(directory, f"it belongs to user id {found.st_uid}, and this process runs as {user}")
    if found.st_mode & stat.S_IWOTH:
        raise _refusal(directory, "every user can write to it; run chmod 700 on it once its content is trusted")
    return directory


def _create_missing(directory: str) -> None:
    # os.makedirs gives its mode to the last directory only.
    missing = []
    while not os.path.isdir(directory):
        missing.append(directory)
        above = os.path.dirname(directory)
        if above in ("", directory):
            break
        directory = above
    for name in reversed(missing):
        try:
            os.mkdir(name, 0o700)
        except FileExistsError:
            continue  # made by another process meanwhile; or a file or a dead link, which the open then tells


def _directory(variable: str, default: str, environ: Mapping[str, str] | None) -> str:
    environ = os.environ if environ is None else environ
    base = environ.get(variable, "")
    if not os.path.isabs(base):
        home = environ.get("HOME", "")
        if not os.path.isabs(home):
            raise UsageError(f"no directory for exosuit's files: HOME is no absolute path; set HOME or {variable}")
        base = os.path.join(home, default)
    return os.path.join(base, _APPLICATION)


def _refusal(directory: str, reason: str) -> OutputError:
    variables = "XDG_CONFIG_HOME, XDG_CACHE_HOME or XDG_STATE_HOME"
    return OutputError(f"{directory!r}: refused: {reason}; or name another place with {variables}")
