"""Measure the context store: loads, refreshes, opening, verified recall, and SQLite beside LMDB and RocksDB.

    python scripts/bench_context.py PART [--tree TREE] [--runs 5] [--output FILE]

PART is a tree of some ten million tokens, TREE one of some hundred million (both are copied before they are changed).
Commands are whole processes, measured as A B A B ... after one warm-up of each; quoted are medians and the ratio of
medians, with the smallest and largest ratio of neighbouring runs. Recall is measured in this process, on one core, in
rounds in turn: every chunk once, in a shuffled order, in batches of 256, its BLAKE3 compared with its id by whatever
promises verified bytes. Each run has its own cache and state directories. The page cache is warm.

LMDB and RocksDB (`pip install lmdb rocksdict`) get the same texts, compressed with the same dictionary, by the same
keys; they are verified in the same way.
"""

from __future__ import annotations

import argparse
import importlib
import json
import os
import random
import shutil
import sqlite3
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import psutil
import zstandard
from blake3 import blake3
from paired_runs import EXOSUIT, Row, Side, machine, version_of

from exosuit_cli.context import Context
from exosuit_cli.tiers.protocol import Entry
from exosuit_cli.tiers.ram import RamTier

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

BATCH = 256
RAM_BYTES = 256 << 20
KEPT_IDS = 200_000
"""Chunks that are recalled at random of a large tree."""


def environment(scratch: Path, name: str) -> dict[str, str]:
    """Directories of a run's own."""
    home = scratch / name
    return {"XDG_CACHE_HOME": str(home / "cache"), "XDG_STATE_HOME": str(home / "state")}


def load_rows(part: str, tree: str | None, scratch: Path) -> Iterator[Row]:
    """Loads beside `exosuit chunk`, refreshes beside `exosuit scan`."""
    first = scratch / "first.sh"
    first.write_text('rm -rf "$XDG_CACHE_HOME" "$XDG_STATE_HOME"; exec "$@"\n')
    chunks = ["sh", str(first), EXOSUIT, "chunk", part, "-o", str(scratch / "chunks.jsonl")]
    load = ["sh", str(first), EXOSUIT, "context", "load", part, "--name", "part"]
    yield Row(
        "first load",
        Side("exosuit context load", load, environment=environment(scratch, "load")),
        Side("exosuit chunk -o FILE", chunks, environment=environment(scratch, "chunk")),
        target_ratio=1.3,
        work={"tree": "part"},
    )
    if tree is None:
        return
    copy = scratch / "tree"
    shutil.copytree(tree, copy, symlinks=True)
    changed = next(path for path in sorted(copy.rglob("*.c")) if path.is_file() and not path.is_symlink())
    edit = scratch / "edit.sh"
    edit.write_text(f'echo "/* $(date +%s%N) */" >> "{changed}"; exec "$@"\n')
    kept = environment(scratch, "kept")
    subprocess.run([EXOSUIT, "context", "load", str(copy), "--name", "tree"], env=os.environ | kept, check=True)
    scanned = environment(scratch, "scanned")
    subprocess.run([EXOSUIT, "scan", str(copy), "-q"], env=os.environ | scanned, check=True)
    refresh = [EXOSUIT, "context", "load", str(copy), "--name", "tree"]
    scan = Side("exosuit scan, unchanged", [EXOSUIT, "scan", str(copy)], environment=scanned)
    yield Row("second load, unchanged", Side("exosuit context load", refresh, environment=kept), scan, target_ratio=1.5)
    again = Side("exosuit scan, unchanged", [EXOSUIT, "scan", str(copy)], environment=scanned)
    subprocess.run([EXOSUIT, "scan", str(copy), "-q"], env=os.environ | scanned, check=True)
    yield Row(
        "second load, one file changed",
        Side("exosuit context load, one file changed", ["sh", str(edit), *refresh], environment=kept),
        again,
        target_ratio=1.5,
    )


def peak_pss(command: list[str], variables: dict[str, str]) -> tuple[float, int]:
    """Seconds of a command, and the most memory that it and its processes had together, in bytes of PSS."""
    process = psutil.Popen(command, env=os.environ | variables, stdout=subprocess.DEVNULL)
    started, most, ended = time.perf_counter(), 0, threading.Event()

    def sample() -> None:
        nonlocal most
        while not ended.wait(0.1):
            total = 0
            try:
                for each in [process, *process.children(recursive=True)]:
                    try:
                        total += each.memory_full_info().pss
                    except psutil.Error:
                        continue
            except psutil.Error:
                continue
            most = max(most, total)

    sampler = threading.Thread(target=sample)
    sampler.start()
    code = process.wait()
    seconds = time.perf_counter() - started
    ended.set()
    sampler.join()
    if code:
        sys.exit(f"{command} failed with {code}")
    return seconds, most


def batches(keys: Sequence[bytes]) -> Iterator[Sequence[bytes]]:
    return (keys[start : start + BATCH] for start in range(0, len(keys), BATCH))


def recall(get: Callable[[Sequence[bytes]], list[bytes | None]], keys: Sequence[bytes]) -> float:
    """Chunks a second, every one of which has to be there."""
    started = time.perf_counter()
    found = sum(1 for batch in batches(keys) for text in get(batch) if text is not None)
    seconds = time.perf_counter() - started
    if found != len(keys):
        sys.exit(f"{len(keys) - found} of {len(keys)} chunks were not there")
    return len(keys) / seconds


class Peer:
    """Another embedded database with the same texts under the same keys, compressed with the same dictionary."""

    def __init__(self, entries: list[Entry], dictionary: zstandard.ZstdCompressionDict | None) -> None:
        self._unpack = zstandard.ZstdDecompressor(dict_data=dictionary).decompress
        pack = zstandard.ZstdCompressor(level=3, dict_data=dictionary, write_dict_id=False).compress
        started = time.perf_counter()
        self.write((entry.key, pack(entry.data)) for entry in entries)
        self.load_rate = len(entries) / (time.perf_counter() - started)

    def write(self, pairs: Iterator[tuple[bytes, bytes]]) -> None:
        raise NotImplementedError

    def get(self, keys: Sequence[bytes]) -> list[bytes | None]:
        """Verified texts, or misses."""
        found = []
        for key in keys:
            text = self._unpack(self.read(key))
            found.append(text if blake3(text).digest(16) == key else None)
        return found

    def read(self, key: bytes) -> bytes:
        raise NotImplementedError


def peers(scratch: Path) -> Iterator[tuple[str, type[Peer], Path]]:
    """The databases that are installed."""
    if version_of("lmdb") is not None:
        lmdb: Any = importlib.import_module("lmdb")
        folder = scratch / "lmdb"

        class Lmdb(Peer):
            def write(self, pairs: Iterator[tuple[bytes, bytes]]) -> None:
                self.database = lmdb.open(str(folder), map_size=1 << 32)
                with self.database.begin(write=True) as transaction:
                    for key, value in pairs:
                        transaction.put(key, value)
                self.transaction = self.database.begin(buffers=True)

            def read(self, key: bytes) -> bytes:
                return self.transaction.get(key)  # type: ignore[no-any-return]

        yield f"lmdb {version_of('lmdb')}", Lmdb, folder
    if version_of("rocksdict") is not None:
        rocksdict: Any = importlib.import_module("rocksdict")
        place = scratch / "rocksdb"

        class Rocks(Peer):
            def write(self, pairs: Iterator[tuple[bytes, bytes]]) -> None:
                options = rocksdict.Options(raw_mode=True)
                self.database = rocksdict.Rdict(str(place), options)
                batch = rocksdict.WriteBatch(raw_mode=True)
                for key, value in pairs:
                    batch.put(key, value)
                    if batch.len() >= 1000:
                        self.database.write(batch)
                        batch = rocksdict.WriteBatch(raw_mode=True)
                self.database.write(batch)
                self.database.flush()

            def read(self, key: bytes) -> bytes:
                return self.database.get(key)  # type: ignore[no-any-return]

        yield f"rocksdb (rocksdict {version_of('rocksdict')})", Rocks, place


def size_of(path: Path) -> int:
    """Bytes on disk."""
    if path.is_file():
        return path.stat().st_blocks * 512
    return sum(each.stat().st_blocks * 512 for each in path.rglob("*") if each.is_file())


def recall_rates(part: str, scratch: Path, runs: int) -> dict[str, object]:
    """Rates of verified recall by tier, and of the peers."""
    os.environ.update(environment(scratch, "recall"))
    with Context.open("part", create=True) as context:
        started = time.perf_counter()
        context.load(part)
        seconds = time.perf_counter() - started
        rows = context.connection.execute("SELECT id, tokens FROM chunks ORDER BY number").fetchall()
        keys = [row[0] for row in rows]
        entries = [
            Entry(key, text, tokens)
            for (key, tokens), text in zip(rows, context.get_many(keys), strict=True)
            if text is not None
        ]
        sides: dict[str, Callable[[Sequence[bytes]], list[bytes | None]]] = {"nvme (sqlite)": context.get_many}
        ram = RamTier(1 << 40, 1 << 40)
        ram.put(entries)
        sides["ram"] = ram.get
        shared = _shared(entries)
        if shared is not None:
            sides["shared"] = shared.get
        data = context.connection.execute("SELECT data FROM dictionaries ORDER BY codec DESC").fetchone()
        dictionary = zstandard.ZstdCompressionDict(data[0]) if data else None
        found: dict[str, dict[str, object]] = {}
        for name, kind, place in peers(scratch):
            peer = kind(entries, dictionary)
            sides[name] = peer.get
            found[name] = {"load_per_s": peer.load_rate, "bytes_on_disk": size_of(place)}
        shuffled = keys[:]
        random.Random(0).shuffle(shuffled)
        rates: dict[str, list[float]] = {name: [] for name in sides}
        ordered: dict[str, list[float]] = {name: [] for name in sides}
        for turn in range(runs + 1):
            for name, get in sides.items():
                random_rate, order_rate = recall(get, shuffled), recall(get, keys)
                if turn:  # the first one warms up
                    rates[name].append(random_rate)
                    ordered[name].append(order_rate)
        for name, values in rates.items():
            found[name] = found.get(name, {}) | {
                "random_per_s": {"median": statistics.median(values), "min": min(values), "max": max(values)},
                "in_order_per_s": {"median": statistics.median(ordered[name])},
            }
        stats = context.stats()
        found["nvme (sqlite)"] |= {"bytes_on_disk": stats.file_bytes, "ratio": stats.text_bytes / stats.stored_bytes}
        if shared is not None:
            shared.close()
    return {"chunks": len(keys), "load_in_this_process_s": seconds, "batch": BATCH, "sides": found}


def _shared(entries: list[Entry]) -> Any:
    try:
        module: Any = importlib.import_module("exosuit_cli.tiers.shared")
    except ImportError:
        return None
    size = sum(len(entry.data) for entry in entries)
    tier = module.SharedTier(f"bench-{os.getpid()}", 2 * size + (64 << 20), 1 << 40)
    taken = tier.put(entries)
    if taken != len(entries):
        sys.exit(f"shared memory took {taken} of {len(entries)} chunks")
    return tier


def large_tree(tree: str, scratch: Path) -> dict[str, object]:
    """Load a whole tree, open it, stream and verify all of it under a small budget of RAM."""
    variables = environment(scratch, "large")
    seconds, peak = peak_pss([EXOSUIT, "context", "load", tree, "--name", "large"], variables)
    stream_seconds, stream_peak = peak_pss([sys.executable, __file__, "--stream", "large"], variables)
    os.environ.update(variables)
    opened = []
    for _ in range(20):
        started = time.perf_counter()
        with Context.open("large", read_only=True) as context:
            context.stats()
        opened.append(time.perf_counter() - started)
    with Context.open("large", read_only=True) as context:
        stats = context.stats()
        rows = context.connection.execute("SELECT id FROM chunks").fetchall()
        keys = [row[0] for row in random.Random(0).sample(rows, min(KEPT_IDS, len(rows)))]
        rate = recall(context.get_many, keys)
    return {
        "chunks": stats.chunks,
        "tokens": stats.chunk_tokens,
        "load_s": seconds,
        "load_peak_pss_bytes": peak,
        "stream_s": stream_seconds,
        "stream_peak_pss_bytes": stream_peak,
        "stream_ram_budget_bytes": RAM_BYTES,
        "open_s": {"median": statistics.median(opened), "max": max(opened)},
        "random_per_s": rate,
        "random_chunks": len(keys),
        "bytes_on_disk": stats.file_bytes,
        "ratio": stats.text_bytes / stats.stored_bytes,
    }


def stream(name: str) -> None:
    """Read every chunk of a context in order, each verified."""
    with Context.open(name, read_only=True) as context:
        chunks = damaged = 0
        for chunk in context.iterate():
            chunks += 1
            damaged += chunk.text is None
        if damaged or context.damaged_files:
            sys.exit(f"{damaged} chunks of {chunks} are damaged")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("part", nargs="?")
    parser.add_argument("--tree")
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--output")
    parser.add_argument("--stream", metavar="NAME", help="only read a context, as a process of its own")
    arguments = parser.parse_args()
    if arguments.stream:
        stream(arguments.stream)
        return
    with tempfile.TemporaryDirectory() as directory:
        scratch = Path(directory)
        rows = []
        for row in load_rows(arguments.part, arguments.tree, scratch):
            rows.append(row.measure(arguments.runs))
            print(row.name, round(float(str(rows[-1].get("ratio"))), 3), flush=True)
        document = {
            "schema": "exosuit.context_bench/1",
            "machine": machine(),
            "versions": {"sqlite": sqlite3.sqlite_version, "zstandard": zstandard.__version__},
            "rows": rows,
            "recall": recall_rates(arguments.part, scratch, arguments.runs),
        }
        if arguments.tree:
            document["large"] = large_tree(arguments.tree, scratch)
    text = json.dumps(document, indent=2)
    print(text)
    if arguments.output:
        Path(arguments.output).write_text(text + "\n")


if __name__ == "__main__":
    main()
