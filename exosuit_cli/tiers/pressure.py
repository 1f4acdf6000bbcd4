"""How short memory is: what the kernel says of stalls and of room, before it ends a process for want of memory."""

from __future__ import annotations

import os
from typing import Final

from exosuit_cli.model.dataclass import dataclass

STALLED_PERCENT: Final = 10.0
"""Share of the last ten seconds in which some process waited for memory; above it, tiers give memory back."""

LEAST_ROOM_SHARE: Final = 0.05
"""Share of all memory that stays free."""


@dataclass(frozen=True, slots=True)
class MemoryState:
    """One reading: `stalled_percent` (PSI, `some avg10`), `available_bytes` of `total_bytes`; None where unknown."""

    stalled_percent: float | None = None
    available_bytes: int | None = None
    total_bytes: int | None = None

    @property
    def bytes_short(self) -> int:
        """How many bytes should be given back now; 0 while there is no pressure."""
        total, available = self.total_bytes, self.available_bytes
        if total is None or available is None:
            short = 0
        else:
            short = max(int(total * LEAST_ROOM_SHARE) - available, 0)
            # A stall with much room is another program's, or a disk's.
            if (self.stalled_percent or 0.0) > STALLED_PERCENT and available < total // 4:
                short = max(short, int(total * LEAST_ROOM_SHARE))
        return short


def read_memory(root: str = "/") -> MemoryState:
    """Read the machine and the control group of this process; the tighter one counts. Takes about 0.1 ms.

    Sources: proc(5) `meminfo`; the kernel's `accounting/psi`; `admin-guide/cgroup-v2`, `memory.max`, `memory.current`
    and `inactive_file` of `memory.stat`, which the kernel takes back before it ends anything; `cgroup-v1/memory`.
    """
    total, available = _machine(root)
    for folder in _groups(root):
        limit = _number(folder, "memory.max", "memory.limit_in_bytes")
        current = _number(folder, "memory.current", "memory.usage_in_bytes")
        if limit is None or current is None or (total is not None and limit >= total + (total >> 4)):
            continue
        room = max(limit - current + _inactive_file(folder), 0)
        if available is None or room < available:
            total, available = limit, room
    return MemoryState(_stalled(root), available, total)


def memory_limit(root: str = "/") -> tuple[int | None, str]:
    """The most bytes that this process may use, and whose limit that is in words; None where nothing says."""
    limit, _ = _machine(root)
    source = "this machine has"
    for folder in _groups(root):
        group = _number(folder, "memory.max", "memory.limit_in_bytes")
        if group is not None and (limit is None or group < limit):
            limit, source = group, "the control group of this process allows"
    return limit, source


def _machine(root: str) -> tuple[int | None, int | None]:
    found: dict[str, int] = {}
    try:
        with open(os.path.join(root, "proc/meminfo"), encoding="ascii") as file:
            for line in file:
                name, _, rest = line.partition(":")
                if name in {"MemTotal", "MemAvailable"}:
                    found[name] = int(rest.split()[0]) << 10
    except (OSError, ValueError, IndexError):
        return None, None
    return found.get("MemTotal"), found.get("MemAvailable")


def _groups(root: str) -> list[str]:
    """The folders of this process's control group and of every one above it, whose limits hold as well."""
    try:
        with open(os.path.join(root, "proc/self/cgroup"), encoding="utf-8", errors="surrogateescape") as file:
            rows = [line.strip().split(":", 2) for line in file]
    except OSError:
        return []
    found = []
    for number, controllers, name in (row for row in rows if len(row) == 3):
        if number == "0":
            top = os.path.join(root, "sys/fs/cgroup")
        elif "memory" in controllers.split(","):  # version 1
            top = os.path.join(root, "sys/fs/cgroup/memory")
        else:
            continue
        parts = [part for part in name.split("/") if part not in {"", "..", "."}]
        found += [os.path.join(top, *parts[:depth]) for depth in range(len(parts), -1, -1)]
    return found


def _number(folder: str, *names: str) -> int | None:
    """The number in the first of these files that is there; None without one, and for `max`: no limit."""
    for name in names:
        try:
            with open(os.path.join(folder, name), encoding="ascii") as file:
                text = file.read(40).strip()
        except (OSError, ValueError):
            continue
        return int(text) if text.isdecimal() else None
    return None


def _inactive_file(folder: str) -> int:
    try:
        with open(os.path.join(folder, "memory.stat"), encoding="ascii") as file:
            for line in file:
                name, _, value = line.partition(" ")
                if name in {"inactive_file", "total_inactive_file"}:
                    return int(value)
    except (OSError, ValueError):
        pass
    return 0


def _stalled(root: str) -> float | None:
    try:
        with open(os.path.join(root, "proc/pressure/memory"), encoding="ascii") as file:
            for line in file:
                if line.startswith("some "):
                    return float(line.split("avg10=")[1].split()[0])
    except (OSError, ValueError, IndexError):
        return None
    return None
