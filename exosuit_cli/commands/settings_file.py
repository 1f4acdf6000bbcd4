"""The settings file as commands change it: atomically, and only where it can be read again."""

from __future__ import annotations

import os
import stat
from typing import TYPE_CHECKING

from exosuit_cli.config.write import changed_settings
from exosuit_cli.model.errors import OutputError
from exosuit_cli.system.atomic import write_atomic

if TYPE_CHECKING:
    from collections.abc import Mapping

    from exosuit_cli.config import Value


def check_settings_writable(path: str) -> None:
    """Find out before any work what would keep the file from being changed after it. Raises ConfigError, OutputError.

    Missing directories on the way are not made yet.
    """
    target = os.path.realpath(path)
    above = os.path.dirname(target)
    while not os.path.lexists(above) and os.path.dirname(above) != above:
        above = os.path.dirname(above)
    if os.path.lexists(target) and not os.path.isfile(target):
        raise OutputError(f"{path!r}: settings cannot be written: not a regular file; name another with --config")
    if not os.path.isdir(above):
        raise OutputError(f"{path!r}: settings cannot be written: {above!r} is not a directory")
    if not os.access(above, os.W_OK | os.X_OK):
        raise OutputError(f"{path!r}: settings cannot be written: no permission to write in {above!r}")
    changed_settings(path, {})


def write_settings(path: str, changes: Mapping[str, Value]) -> None:
    """Give top-level settings of a file new values, atomically.

    A missing file is made, with mode 0600 in directories of mode 0700. A link is followed, so that it stays one.

    Raises ConfigError where the file is no sound settings file, OutputError where it cannot be written.
    """
    content = changed_settings(path, changes)
    target = os.path.realpath(path)
    try:
        os.makedirs(os.path.dirname(target), mode=0o700, exist_ok=True)
        mode = stat.S_IMODE(os.stat(target).st_mode) if os.path.exists(target) else 0o600
    except OSError as error:
        raise OutputError(f"{path!r}: settings cannot be written: {error.strerror}") from error
    write_atomic(target, content, mode=mode)
