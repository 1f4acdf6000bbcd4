"""The processes that a process has started."""

from __future__ import annotations

import os
import sys


def children_of(pid: int) -> list[int]:
    """The pids of all descendants; empty where the system does not say. Source: proc(5), `children` of a task."""
    if sys.platform != "linux":
        import psutil

        try:
            return [child.pid for child in psutil.Process(pid).children(recursive=True)]
        except psutil.Error:
            return []
    found: list[int] = []
    waiting = [pid]
    while waiting:
        parent = waiting.pop()
        try:
            threads = os.listdir(f"/proc/{parent}/task")
        except OSError:
            continue  # it has ended
        for thread in threads:
            try:
                with open(f"/proc/{parent}/task/{thread}/children", "rb") as file:
                    children = [int(each) for each in file.read().split()]
            except OSError:
                continue
            found += children
            waiting += children
    return found
