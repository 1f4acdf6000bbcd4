"""This interpreter, started once more to run one function of the package with one descriptor."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import subprocess


def start_program(
    module: str, descriptor: int, *, is_silent: bool = False, own_session: bool = False
) -> subprocess.Popen[bytes]:
    """Start a process that carries out `main(descriptor)` of a module, and inherits that descriptor and no other.

    It looks for modules where this process does, and does not import the program's main module, as spawned processes of
    `multiprocessing` do. It reads nothing from stdin. is_silent: it writes nothing to stdout and stderr, either.
    own_session: it and what it starts are a process group of their own. Raises OSError where none can be started.
    """
    # Most commands start none.
    import subprocess
    from multiprocessing.spawn import get_executable

    code = f"import sys; sys.path[:] = {sys.path!r}; from {module} import main; main({descriptor})"
    output = subprocess.DEVNULL if is_silent else None
    return subprocess.Popen(  # noqa: S603  (this interpreter, and a module of our own)
        [get_executable(), "-c", code],
        stdin=subprocess.DEVNULL,
        stdout=output,
        stderr=output,
        pass_fds=[descriptor],
        start_new_session=own_session,
    )
