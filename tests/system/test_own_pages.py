"""A process that measures another takes no part in the files that both map."""

from __future__ import annotations

import mmap
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from exosuit_cli.system.own_pages import leave_file_pages

if TYPE_CHECKING:
    from pathlib import Path

SIZE = 4 << 20
TOUCH = f"""
import mmap, sys
with open(sys.argv[1], "rb") as file:
    mapped = mmap.mmap(file.fileno(), {SIZE}, flags=mmap.MAP_PRIVATE, prot=mmap.PROT_READ)
bytes(mapped)
is_ours = False
for line in open("/proc/self/smaps"):
    is_ours = sys.argv[1] in line if "-" in line.split()[0] else is_ours
    if is_ours and line.startswith("Pss:"):
        print(int(line.split()[1]) << 10)
"""

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="PSS and madvise(2) are of Linux")


def _share_of_another(path: Path) -> int:
    """PSS of a mapping of the whole file in a new process."""
    done = subprocess.run([sys.executable, "-c", TOUCH, str(path)], stdout=subprocess.PIPE, check=True)
    return int(done.stdout)


@pytest.mark.parametrize("protection", [mmap.PROT_READ, mmap.PROT_READ | mmap.PROT_WRITE])
def test_another_process_has_the_file_to_itself(tmp_path: Path, protection: int) -> None:
    path = tmp_path / "library"
    path.write_bytes(bytes(range(256)) * (SIZE // 256))
    with (
        path.open("rb") as file,
        mmap.mmap(file.fileno(), SIZE, flags=mmap.MAP_PRIVATE, prot=protection) as mapped,
    ):
        before = bytes(mapped)
        if protection & mmap.PROT_WRITE:
            mapped[5000:5003] = b"own"
            before = bytes(mapped)
        assert _share_of_another(path) < SIZE * 0.6
        assert leave_file_pages() >= (SIZE - mmap.PAGESIZE) >> 10
        assert _share_of_another(path) == SIZE
        assert bytes(mapped) == before
    assert path.read_bytes()[5000:5003] != b"own"


def test_what_was_written_and_then_protected_stays(tmp_path: Path) -> None:
    """As a linker's relocated data: read-only now, and no longer what the file has."""
    script = """
import ctypes, mmap, sys
from exosuit_cli.system.own_pages import leave_file_pages
with open(sys.argv[1], "rb") as file:
    mapped = mmap.mmap(file.fileno(), 1 << 20, flags=mmap.MAP_PRIVATE)
mapped[4096:4099] = b"own"
place = ctypes.addressof(ctypes.c_char.from_buffer(mapped))
assert ctypes.CDLL(None).mprotect(ctypes.c_void_p(place), ctypes.c_size_t(1 << 20), mmap.PROT_READ) == 0
leave_file_pages()
assert mapped[4096:4099] == b"own"
"""
    path = tmp_path / "relocated"
    path.write_bytes(b"x" * (1 << 20))
    subprocess.run([sys.executable, "-c", script, str(path)], check=True)
