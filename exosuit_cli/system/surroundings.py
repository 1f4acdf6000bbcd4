"""What is wrong with the machine, where an error that nobody expected says so."""

from __future__ import annotations

import errno
import os
from typing import TYPE_CHECKING, Final

from exosuit_cli.model.errors import ExosuitError, ResourceMissing, UsageError

if TYPE_CHECKING:
    from collections.abc import Iterator

LEAST_ADDRESS_SPACE: Final = 256 << 20
"""Bytes. Under a lower limit (ulimit -v) numpy and the tokenizers cannot be loaded, and they abort the process."""

_NO_MEMORY: Final = "there is not enough memory: free some or raise the limit (ulimit -v); fewer --workers need less"
_MAPPING: Final = ("failed to map segment", "cannot allocate memory", "memory allocation")
WORKING_DIRECTORY_GONE: Final = "the working directory was deleted; change to a directory that exists"


def explained(error: BaseException) -> ExosuitError | None:
    """The error in words that name the remedy; None where it does not come from the machine."""
    under_limit = missing_memory()
    if under_limit is not None:  # then anything fails, and says anything
        return under_limit
    for each in _chain(error):
        number = each.errno if isinstance(each, OSError) else None
        if isinstance(each, MemoryError) or number == errno.ENOMEM or _is_unmapped(each):
            return ResourceMissing(_NO_MEMORY)
        if number in (errno.EMFILE, errno.ENFILE):
            return ResourceMissing(f"{os.strerror(number)}: raise the limit (ulimit -n), or try fewer --workers")
        if number == errno.EAGAIN or (isinstance(each, RuntimeError) and str(each) == "can't start new thread"):
            return ResourceMissing(f"no process or thread can be started ({each}): raise the limit (ulimit -u)")
        if number in (errno.ENOSPC, errno.EDQUOT):
            return ResourceMissing(f"{each}: make room, or name another place for temporary files with TMPDIR")
        if number == errno.ENOENT and is_working_directory_gone():
            return UsageError(WORKING_DIRECTORY_GONE)
    return None


def is_working_directory_gone() -> bool:
    """Whether relative paths lead nowhere, since the working directory was deleted."""
    try:
        os.getcwd()
    except FileNotFoundError:
        return True
    except OSError:
        return False
    return False


def missing_memory() -> ExosuitError | None:
    """Why a command that reads files cannot work under the limit on its address space; None where it can."""
    try:
        import resource

        limit, _ = resource.getrlimit(resource.RLIMIT_AS)
    except (ImportError, OSError, ValueError):
        return None
    if limit == resource.RLIM_INFINITY or limit >= LEAST_ADDRESS_SPACE:
        return None
    least = f"{LEAST_ADDRESS_SPACE >> 20} MiB"
    return ResourceMissing(f"the limit on memory is {limit >> 20} MiB: raise it to {least} or more (ulimit -v)")


def _chain(error: BaseException) -> Iterator[BaseException]:
    each: BaseException | None = error
    for _ in range(16):
        if each is None:
            return
        yield each
        each = each.__cause__ or each.__context__


def _is_unmapped(error: BaseException) -> bool:
    return isinstance(error, ImportError) and any(text in str(error).lower() for text in _MAPPING)
