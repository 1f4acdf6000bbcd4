"""Prove the kernels of a CUDA card equal to the CPU backend, and measure both, in one call of a few minutes.

    python scripts/gpu_check.py [TREE] [--card 0] [--slab 64M] [--seconds 0.5] [--output FILE.json]

1. Every kernel against the CPU backend: golden lengths, random batches, hostile texts, and the files of TREE (this
   project's own, unless named). The place of every token against the packaged counter: short strings of every class of
   characters, scalars, the vocabularies, random texts, and the texts of TREE.
2. Rates of the copies, of each kernel with the slab on the card, of whole slabs from page-locked host memory with
   several lanes, and of the CPU backend on one processor. Bytes are those of the slab; seconds are the card's own for
   copies and kernels, else the clock's. Medians over the repetitions that `--seconds` allows, at least five.
3. Rates of tokens: of each kernel on the card, of slabs from page-locked memory, and of the packaged counter on one
   processor, over the texts of TREE again and again.
4. `exosuit scan` of TREE as whole processes, without tokens and with them, on the card and on the CPU with 1, 2, 4, 8
   and 16 workers, in turn.

The JSON is written after each part. A part that fails is recorded, and the next one runs. The exit code is 3 where one
byte differs, else 1 where a part failed, else 0.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
import traceback
from collections import defaultdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import gpu_tokens
import numpy as np
from gpu_rates import card_clocks, measure, measure_tokens
from paired_runs import machine, version_of

from exosuit_cli.device.choice import load_driver
from exosuit_cli.device.probe import example_slab
from exosuit_cli.kernels.cpu import CpuKernels
from exosuit_cli.kernels.device_kernels import DeviceKernels
from exosuit_cli.model.digests import DIGESTS
from exosuit_cli.model.errors import ExosuitError
from exosuit_cli.model.slab import LineColumns, Slab, SlabColumns
from exosuit_cli.model.units import parse_size
from exosuit_cli.system.processors import usable_processors

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator


GOLDEN = (
    0, 1, 3, 4, 8, 9, 16, 17, 63, 64, 65, 127, 128, 129, 240, 241, 511, 512, 513, 1023, 1024, 1025, 2047, 2048, 2049,
    3072, 3073, 4096, 5120, 8192, 16384, 31744, 102400, 1 << 20, (1 << 20) + 1,
)  # fmt: skip
PACKAGES = (
    "exosuit-cli",
    "cupy-cuda13x",
    "cupy-cuda12x",
    "nvidia-cuda-nvrtc",
    "nvidia-cuda-runtime",
    "numpy",
    "blake3",
)
WORKERS = (1, 2, 4, 8, 16)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("tree", nargs="?", default=str(Path(__file__).resolve().parent.parent), metavar="TREE")
    parser.add_argument("--card", type=int, default=0)
    parser.add_argument("--slab", default="64M", help="the size of the measured slabs")
    parser.add_argument("--seconds", type=float, default=0.5, help="how long to repeat each measurement")
    parser.add_argument("--scans", type=int, default=3, help="whole scans of each kind; 0 leaves them out")
    parser.add_argument("--output", help="write everything as JSON")
    arguments = parser.parse_args()
    driver = load_driver()
    started = time.monotonic()
    try:
        opened = driver.open_card(arguments.card, 0)
    except ExosuitError as error:
        print(error, file=sys.stderr)
        return int(error.exit_code)
    document: dict[str, Any] = {
        "schema": "exosuit.gpu_check/1",
        "card": {name: getattr(opened.card, name) for name in opened.card.__slots__},
        "clocks": card_clocks(arguments.card),
        "machine": machine(),
        "versions": {name: version_of(name) for name in PACKAGES},
        "ready_after_s": time.monotonic() - started,
    }
    print(f"{opened.card.name}, ready after {document['ready_after_s']:.1f} s")
    parts: list[tuple[str, Callable[[], None]]] = [
        ("check", lambda: check(opened, arguments.tree, document)),
        ("tokens", lambda: check_tokens(opened, arguments.tree, document)),
        ("rates", lambda: measure(opened, parse_size(arguments.slab), arguments.seconds, document)),
        (
            "rates of tokens",
            lambda: measure_tokens(opened, arguments.tree, parse_size(arguments.slab), arguments.seconds, document),
        ),
    ]
    if arguments.scans:
        parts.append(("scans", lambda: scans(arguments.tree, arguments.card, arguments.scans, document)))
    run_parts(parts, document, arguments.output)
    return 3 if document.get("differences") else int(bool(document["failures"]))


def run_parts(parts: list[tuple[str, Callable[[], None]]], document: dict[str, Any], output: str | None) -> None:
    """Run every part. One that fails leaves its error and what it had found in the document."""
    document["failures"] = {}
    for name, run in parts:
        try:
            run()
        except Exception as error:
            document["failures"][name] = f"{type(error).__name__}: {error}"
            traceback.print_exc()
        if output:
            Path(output).write_text(json.dumps(document, indent=1) + "\n")


# 1. Equal


def check(opened: Any, tree: str, document: dict[str, Any]) -> None:
    """Compare every column of every slab with the CPU backend's."""
    queue = opened.queue()
    differences = document["differences"] = []
    counts = document["checked"] = {"slabs": 0, "files": 0, "bytes": 0}
    for algorithm in DIGESTS:
        device, cpu = DeviceKernels(queue, algorithm), CpuKernels(algorithm)
        for name, slab in slabs(tree):
            columns, lines = device.begin(slab, lines=True).finish()
            assert lines is not None
            differences += compare(f"{name} {algorithm}", cpu.columns(slab), columns)
            differences += compare(f"{name} lines", cpu.lines(slab), lines)
            if algorithm == "blake3":
                starts, lengths = spans(slab)
                expected = cpu.span_digests(slab.data, starts, lengths, 16)
                found = device.span_digests(slab.data, starts, lengths, 16)
                differences += [f"{name} spans"] if not np.array_equal(expected, found) else []
            counts["slabs"] += 1
            counts["files"] += len(slab)
            counts["bytes"] += len(slab.data)
    print(f"{counts['slabs']} slabs compared, {len(differences)} differ")
    for difference in differences[:20]:
        print("DIFFERS:", difference, file=sys.stderr)


def check_tokens(opened: Any, tree: str, document: dict[str, Any]) -> None:
    """Compare the place of every token with the packaged counter's."""
    differences = document.setdefault("differences", [])
    found = list(gpu_tokens.token_differences(opened, tree, document))
    differences += found[:100]
    counted = document["tokens_checked"]
    print(f"{counted['tokens']} tokens of {counted['files']} texts compared, {len(found)} differ")
    for difference in found[:20]:
        print("DIFFERS:", difference, file=sys.stderr)


def compare(name: str, expected: SlabColumns | LineColumns, found: SlabColumns | LineColumns) -> Iterator[str]:
    for column in expected.__slots__:
        left, right = getattr(expected, column), getattr(found, column)
        if left.dtype != right.dtype or not np.array_equal(left, right):
            yield f"{name}.{column}"


def slabs(tree: str) -> Iterator[tuple[str, Slab]]:
    random = np.random.default_rng(1)
    yield "golden", slab_of([random.integers(0, 256, size, np.uint8).tobytes() for size in GOLDEN])
    yield "golden text", slab_of([example_slab(size, max(size, 1)).data[:size].tobytes() for size in GOLDEN])
    yield "no file", slab_of([])
    yield "empty files", slab_of([b""] * 10_000)
    hostile = [b"\n" * 70_000, b" " * 300_000 + b"x", b"\t" * 9000, b"{" * 50_000, b"\r\n" * 5000, b"\0" * 9000, b"x"]
    yield "hostile", slab_of([*hostile, b"", *reversed(hostile)])
    for number in range(20):
        sizes = random.integers(0, 1 << int(random.integers(1, 15)), int(random.integers(1, 400)))
        data = example_slab(number, int(sizes.sum()) or 1).data
        yield f"random {number}", Slab(data[: sizes.sum()], np.cumsum(sizes) - sizes, sizes.astype(np.int64))
    yield from tree_slabs(tree, 64 << 20)


def slab_of(files: list[bytes]) -> Slab:
    lengths = np.array([len(file) for file in files], np.int64)
    return Slab(np.frombuffer(b"".join(files), np.uint8), np.cumsum(lengths) - lengths, lengths)


def tree_slabs(tree: str, most: int) -> Iterator[tuple[str, Slab]]:
    """The regular files of a tree, in slabs of at most `most` bytes."""
    files: list[bytes] = []
    held = number = 0
    for folder, folders, names in os.walk(tree):
        folders[:] = sorted(name for name in folders if name != ".git")
        for name in sorted(names):
            path = Path(folder, name)
            if path.is_symlink() or not path.is_file() or path.stat().st_size > most:
                continue
            content = path.read_bytes()
            if held + len(content) > most:
                yield f"tree {number}", slab_of(files)
                files, held, number = [], 0, number + 1
            files.append(content)
            held += len(content)
    yield f"tree {number}", slab_of(files)


def spans(slab: Slab) -> tuple[np.ndarray[Any, np.dtype[np.int64]], np.ndarray[Any, np.dtype[np.int64]]]:
    """Spans of every alignment and many lengths, as chunks have them."""
    size = len(slab.data)
    starts = np.arange(0, size, 1777, dtype=np.int64)
    lengths = np.minimum(np.arange(len(starts), dtype=np.int64) * 37 % 4000, size - starts)
    return starts, lengths


# 4. Whole scans


def scans(tree: str, card: int, times: int, document: dict[str, Any]) -> None:
    rows = document["scans"] = []
    with tempfile.TemporaryDirectory() as folder:  # the runs write bytecode into the project's own tree
        copy = Path(folder, "tree")
        shutil.copytree(tree, copy, symlinks=True, ignore=shutil.ignore_patterns(".git"))
        for row in scan_rows(str(copy), card, times):
            rows.append(row)
            show_scan(row)


def scan_rows(tree: str, card: int, times: int) -> Iterator[dict[str, Any]]:
    most = usable_processors()
    kinds = [
        (device, workers, with_tokens)
        for with_tokens in (False, True)
        for device in ("cpu", f"cuda:{card}")
        for workers in WORKERS
        if workers <= most
    ]
    found: defaultdict[tuple[str, int, bool], list[dict[str, Any]]] = defaultdict(list)
    for _ in range(times + 1):  # the first of each warms the page cache and what is compiled
        for device, workers, with_tokens in kinds:
            command = [sys.executable, "-c", "from exosuit_cli.cli import main; main()", "scan", tree, "--json"]
            command += ["--no-index", "--no-ignore", "--device", device, "--workers", str(workers)]
            command += [] if with_tokens else ["--no-tokens"]
            begun = time.monotonic()
            done = subprocess.run(command, capture_output=True, check=True)
            document = json.loads(done.stdout)
            found[device, workers, with_tokens].append({"process_s": time.monotonic() - begun, **document})
    digests = {document["tree_digest"] for documents in found.values() for document in documents}
    assert len(digests) == 1, "the tree digest differs between devices"
    counts = {document["totals"]["tokens"] for kind, documents in found.items() if kind[2] for document in documents}
    assert len(counts) == 1, f"the tokens differ between devices: {counts}"
    for (device, workers, with_tokens), documents in found.items():
        kept = documents[1:]
        totals = kept[0]["totals"]
        yield {
            "device": device,
            "workers": workers,
            "tokens": totals["tokens"] if with_tokens else None,
            "files": totals["files"],
            "bytes": totals["bytes"],
            "runs": len(kept),
            "process_s": statistics.median(document["process_s"] for document in kept),
            "wall_s": statistics.median(document["throughput"]["wall_s"] for document in kept),
            "from_to_s": [pick(document["process_s"] for document in kept) for pick in (min, max)],
            "device_work": kept[-1]["throughput"]["device_work"],
            "memory": {name: kept[-1]["memory"][name]["peak_bytes"] for name in ("vram", "shared", "ram")},
        }


# On the terminal


def show_scan(row: dict[str, Any]) -> None:
    rate = row["bytes"] / row["process_s"] / 1e9
    work = f"{row['device']}, {row['workers']} workers{', with tokens' if row['tokens'] else ''}"
    print(f"{row['process_s']:9.2f} s  {work}: {rate:.2f} GB/s, {row['runs']} runs")


if __name__ == "__main__":
    sys.exit(main())
