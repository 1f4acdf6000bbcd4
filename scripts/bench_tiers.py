"""Measure the tiers: verified recall of each, and what share of a recorded session each policy keeps in memory.

    python scripts/bench_tiers.py TREE [--history TREE GIT_DIR] [--runs 7] [--output FILE]

Recall: the chunks of TREE, as `exosuit chunk` cuts it, lie in each tier; all of them are read in batches, at random and
in order, one tier after the other in each round, so that a drift of the machine meets all. Rates are medians over the
rounds, of one process on one core, by the clock and by the processor's time. Every payload is compared once, outside
the time. Random orders have a fixed seed.

Replay: the commits of a real history, oldest first; each reads every chunk of every file that it changed and that the
tree (the newest state) still has. The second trace reads the whole tree once each hundred commits as well, as a search
or a pack does. The tier `ram` has a share of the tree's bytes, above a persistent tier that has everything.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import random
import sqlite3
import statistics
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

from paired_runs import EXOSUIT, machine

from exosuit_cli.tiers.nvme import SCHEMA, NvmeTier
from exosuit_cli.tiers.pressure import MemoryState
from exosuit_cli.tiers.protocol import Entry, TierUsage, key_of
from exosuit_cli.tiers.ram import ENTRY_BYTES, RamTier
from exosuit_cli.tiers.shared import SharedReader, SharedTier
from exosuit_cli.tiers.stack import TierStack

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from exosuit_cli.tiers.protocol import Tier

BATCH = 512
ROOM = 1 << 40
POLICIES = ("lru", "fifo", "lfu", "score")
SHARES = (0.01, 0.03, 0.1, 0.2)
COMMITS = 1000
SWEEP_EACH = 100


class Everything:
    """A persistent tier that costs nothing: the replay counts reads, it does not time them."""

    name = "nvme"

    def __init__(self, entries: Iterable[Entry]) -> None:
        self.held = {entry.key: entry for entry in entries}

    def get(self, keys: Sequence[bytes]) -> list[bytes | None]:
        return [self.held[key].data for key in keys]

    def put(self, entries: Sequence[Entry]) -> int:
        return len(entries)

    def discard(self, keys: Sequence[bytes]) -> None:
        pass

    def tokens(self, keys: Sequence[bytes]) -> list[int]:
        return [self.held[key].tokens for key in keys]

    def __contains__(self, key: bytes) -> bool:
        return key in self.held

    def __len__(self) -> int:
        return len(self.held)

    def usage(self) -> TierUsage:
        return TierUsage(self.name, ROOM, 0, ROOM, 0, len(self.held))

    def close(self) -> None:
        pass


def chunks_of(tree: str) -> tuple[dict[bytes, Entry], dict[str, list[bytes]]]:
    """Every chunk of a tree by its key, and the keys of each file in order."""
    done = subprocess.run([EXOSUIT, "chunk", tree], capture_output=True, check=True)
    entries: dict[bytes, Entry] = {}
    files: dict[str, list[bytes]] = {}
    for line in done.stdout.splitlines():
        row = json.loads(line)
        key = bytes.fromhex(row["id"])
        files.setdefault(row["path"], []).append(key)
        if row["text"] is not None:  # of equal chunks, the first has the text
            data = row["text"].encode()
            if key_of(data) == key:  # the text of a file that is not UTF-8 is not its bytes
                entries[key] = Entry(key, data, row["tokens"])
    return entries, {path: [key for key in keys if key in entries] for path, keys in files.items()}


def recall(entries: list[Entry], runs: int) -> list[dict[str, Any]]:
    """Rates of reading every entry, by tier and order."""
    name = f"bench-{os.getpid()}"
    size = sum(len(entry.data) for entry in entries)
    shared = SharedTier(name, size * 2 + (1 << 24), ROOM)
    plain, packed = RamTier(ROOM, ROOM), RamTier(ROOM, ROOM, "zstd")
    stack = TierStack([RamTier(ROOM, ROOM)], read_state=MemoryState)
    stack.put(entries)
    connection = sqlite3.connect(":memory:", isolation_level=None)
    connection.executescript(SCHEMA)
    nvme = NvmeTier(connection)
    nvme.train([entry.data for entry in entries[:: max(len(entries) // 1500, 1)]])
    for tier in (shared, plain, packed, nvme):
        assert tier.put(entries) == len(entries)
    sides: dict[str, tuple[Callable[[Sequence[bytes]], list[bytes | None]], Tier | None]] = {
        "ram": (plain.get, plain),
        "ram, zstd": (packed.get, packed),
        "shared, its owner": (shared.get, shared),
        "shared, another process's": (SharedReader(name).get, None),
        "nvme, in memory": (nvme.get, nvme),
        "stack over ram, lru": (stack.get_many, None),
    }
    in_order = [entry.key for entry in entries]
    at_random = [bytes(bytearray(key)) for key in in_order]
    random.Random(12).shuffle(at_random)
    expected = {entry.key: entry.data for entry in entries}
    rates: dict[tuple[str, str], list[float]] = {}
    cpu_rates: dict[tuple[str, str], list[float]] = {}
    for turn in range(runs + 1):
        for side, (get, _) in sides.items():
            for order, keys in (("random", at_random), ("in order", in_order)):
                batches = [keys[start : start + BATCH] for start in range(0, len(keys), BATCH)]
                started, cpu = time.perf_counter(), time.process_time()
                found = [get(batch) for batch in batches]
                seconds, cpu_seconds = time.perf_counter() - started, time.process_time() - cpu
                if not turn:  # a warm-up, and the proof
                    assert [data for batch in found for data in batch] == [expected[key] for key in keys]
                else:
                    rates.setdefault((side, order), []).append(len(keys) / seconds)
                    cpu_rates.setdefault((side, order), []).append(len(keys) / cpu_seconds)
    rows = []
    for (side, order), found_rates in rates.items():
        tier = sides[side][1]
        usage = tier.usage() if tier is not None else None
        rows.append({
            "tier": side, "order": order, "chunks_per_s": round(statistics.median(found_rates)),
            "least": round(min(found_rates)), "most": round(max(found_rates)),
            "chunks_per_cpu_s": round(statistics.median(cpu_rates[side, order])),
            "stored_ratio": usage and usage.stored_ratio, "wasted_bytes": usage and usage.wasted_bytes,
        })  # fmt: skip
    stack.close()
    shared.close()
    connection.close()
    return rows


def commits(git_dir: str) -> list[list[str]]:
    """The files that each of the last commits changed, oldest first."""
    log = ["git", "-C", git_dir, "log", "--no-merges", f"-{COMMITS}", "--format=%x00", "--name-only", "--no-renames"]
    done = subprocess.run(log, capture_output=True, check=True, text=True)
    return [part.split() for part in done.stdout.split("\0")[1:]][::-1]


def replay(entries: dict[bytes, Entry], trace: list[list[bytes]], share: float, policy: str) -> float:
    """The share of reads that the tier in memory answered."""
    cost = sum(len(entry.data) + ENTRY_BYTES for entry in entries.values())
    ram = RamTier(int(cost * share), ROOM)
    stack = TierStack([ram], Everything(entries.values()), policies={"ram": policy}, read_state=MemoryState)
    for keys in trace:
        stack.get_many(keys)
    counters = stack.report().tiers[0].counters
    stack.close()
    return counters.hits / (counters.hits + counters.misses)


def replays(tree: str, git_dir: str) -> dict[str, Any]:
    entries, files = chunks_of(tree)
    changed = [[key for path in paths for key in files.get(path, [])] for paths in commits(git_dir)]
    session = [keys for keys in changed if keys]
    everything = [list(entries)[start : start + BATCH] for start in range(0, len(entries), BATCH)]
    swept: list[list[bytes]] = []
    for number, keys in enumerate(session, start=1):
        swept += [keys, *(everything if number % SWEEP_EACH == 0 else [])]
    return {
        "tree": Path(tree).resolve().name,
        "chunks": len(entries),
        "rows": [
            {
                "trace": name, "ram_share": share, "reads": sum(map(len, trace)),
                "hit_share": {policy: round(replay(entries, trace, share, policy), 4) for policy in POLICIES},
            }
            for name, trace in (("commits", session), ("commits, and the whole tree each hundred", swept))
            for share in SHARES
        ],
    }  # fmt: skip


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("tree")
    parser.add_argument("--history", nargs=2, metavar=("TREE", "GIT_DIR"))
    parser.add_argument("--runs", type=int, default=7)
    parser.add_argument("--output")
    options = parser.parse_args()
    entries, _ = chunks_of(options.tree)
    document = {
        "schema": "exosuit.bench_tiers/1",
        "python": platform.python_version(),
        "machine": machine(),
        "load_average": os.getloadavg(),
        "recall": {
            "tree": Path(options.tree).resolve().name, "chunks": len(entries), "batch": BATCH,
            "bytes": sum(len(entry.data) for entry in entries.values()),
            "tokens": sum(entry.tokens for entry in entries.values()),
            "rows": recall(list(entries.values()), options.runs),
        },
        "replay": replays(*options.history) if options.history else None,
    }  # fmt: skip
    text = json.dumps(document, indent=1) + "\n"
    if options.output:
        Path(options.output).write_text(text)
    sys.stdout.write(text)


if __name__ == "__main__":
    main()
