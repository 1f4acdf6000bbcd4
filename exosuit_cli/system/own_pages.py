"""Giving up this process's share of the files that it maps, so that it does not thin the memory of another.

PSS counts a page of a file that n processes map as 1/n in each. A process that measures others therefore makes those
look smaller that map its own files, a library of the same virtual environment before all, and not the rest.
"""

from __future__ import annotations

import ctypes
import sys
from typing import TYPE_CHECKING, Final

from exosuit_cli.model.dataclass import dataclass

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

_DONTNEED: Final = 4
_POPULATE_WRITE: Final = 23
"""madvise(2): drop the pages; fault every page in as if it were written, its bytes unchanged (Linux 5.14)."""


@dataclass(frozen=True, slots=True)
class _Mapping:
    start: int
    end: int
    permissions: str
    path: str
    resident: int
    """KiB, and how many of them are copies that the process has made by writing."""
    anonymous: int


def leave_file_pages() -> int:
    """Take this process off the pages of files that it maps; KiB that it had of them. Linux, elsewhere 0.

    What is only read is dropped: the next access finds it in the page cache again. What may be written is copied, so
    that a page of the file stays with those who still map it. No byte changes and nothing can race with it: a page that
    was written is never dropped. Pages that this process needs at once, such as the interpreter's, come back.
    """
    if sys.platform != "linux":
        return 0
    try:
        with open("/proc/self/smaps", encoding="utf-8", errors="surrogateescape") as file:
            shared = [found for found in _mappings(file) if found.path.startswith("/") and found.permissions[3] == "p"]
    except OSError:  # no /proc: no figure of memory is taken either
        return 0
    madvise = ctypes.CDLL(None).madvise
    madvise.argtypes = [ctypes.c_void_p, ctypes.c_size_t, ctypes.c_int]
    left = 0
    for found in shared:
        of_file = found.resident - found.anonymous
        is_written = "w" in found.permissions
        if not of_file or (found.anonymous and not is_written):
            continue  # none, or written once and then protected: dropping would lose what was written
        if madvise(found.start, found.end - found.start, _POPULATE_WRITE if is_written else _DONTNEED) == 0:
            left += of_file
    return left


def _mappings(lines: Iterable[str]) -> Iterator[_Mapping]:
    """Every mapping of a text in the format of proc_pid_smaps(5)."""
    head: list[str] = []
    resident = 0
    for line in lines:
        name, *rest = line.split(maxsplit=5)
        if not name.endswith(":"):
            head = [name, *rest]
        elif name == "Rss:":
            resident = int(rest[0])
        elif name == "Anonymous:":
            start, _, end = head[0].partition("-")
            path = head[5].rstrip("\n") if len(head) > 5 else ""
            yield _Mapping(int(start, 16), int(end, 16), head[1], path, resident, int(rest[0]))
