"""How many processors this process may use."""

from __future__ import annotations

import math
import os


def usable_processors() -> int:
    """Processors by affinity and by the quota of the control group (cgroup v2 `cpu.max`), at least 1."""
    count = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    try:
        with open("/sys/fs/cgroup/cpu.max", encoding="ascii") as quota:
            limit, period = quota.read().split()
    except (OSError, ValueError):
        return max(count, 1)
    if limit != "max":
        count = min(count, math.ceil(int(limit) / int(period)))
    return max(count, 1)
