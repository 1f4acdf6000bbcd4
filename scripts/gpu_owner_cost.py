"""What a slab costs the process that owns a card: its calls of CuPy, and its processor time, without a card.

    python scripts/gpu_owner_cost.py [--slab 32M] [--slabs 400] [--output FILE.json]

CuPy is replaced by one that accepts every call and does nothing (`null_driver.py`), so this shows the interpreter's
part alone: no copy, no kernel, and none of CuPy's own time. The owner runs in its own process, as in a scan; this
script fills nothing and sends the same slabs again and again. The figures are differences between a long and a short
run, which leaves the start out. The processor's noise is in them: several rounds, the median and the range are told.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import sys
from collections import deque
from pathlib import Path
from typing import TYPE_CHECKING, Any

from paired_runs import machine, version_of

from exosuit_cli.device.probe import example_slab
from exosuit_cli.device.process import DeviceProcess, ring_sizes
from exosuit_cli.device.remote import SLOTS, RemoteKernels
from exosuit_cli.model.encodings import DEFAULT_ENCODING
from exosuit_cli.model.slab import Slab
from exosuit_cli.model.units import parse_size

if TYPE_CHECKING:
    from exosuit_cli.kernels.protocol import PendingSlab

SHORT = 40
ROUNDS = 5
LINE_BYTES = 36
FILE_BYTES = 16_000


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--slab", default="32M")
    parser.add_argument("--slabs", type=int, default=400, help="how many more the long run has")
    parser.add_argument("--output", help="write everything as JSON")
    arguments = parser.parse_args()
    size = parse_size(arguments.slab)
    sys.path.insert(0, str(Path(__file__).parent))
    rows = [
        row(size, arguments.slabs, lines=lines, tokens=tokens) for lines in (False, True) for tokens in (False, True)
    ]
    document = {
        "schema": "exosuit.gpu_owner_cost/1",
        "card": None,
        "note": "no card: CuPy is a stand-in that does nothing, so the figures are the interpreter's part of a slab",
        "machine": machine(),
        "versions": {name: version_of(name) for name in ("exosuit-cli", "numpy")},
        "rows": rows,
    }
    if arguments.output:
        Path(arguments.output).write_text(json.dumps(document, indent=1) + "\n")
    return 0


def row(size: int, slabs: int, *, lines: bool, tokens: bool) -> dict[str, Any]:
    """Calls and microseconds a slab, from runs of two lengths."""
    found = []
    calls = 0.0
    for _ in range(ROUNDS):
        short, long = (run(size, count, lines=lines, tokens=tokens) for count in (SHORT, SHORT + slabs))
        found.append((long[0] - short[0]) / slabs * 1e6)
        calls = (long[1] - short[1]) / slabs
    result = {
        "slab_bytes": size,
        "files": -(-size // FILE_BYTES),
        "lines": size // LINE_BYTES if lines else None,
        "tokens": tokens,
        "slabs": slabs,
        "calls_a_slab": round(calls, 2),
        "processor_us_a_slab": round(statistics.median(found), 1),
        "from_to_us": [round(min(found), 1), round(max(found), 1)],
    }
    work = f"{', lines' if lines else ''}{', tokens' if tokens else ''}"
    print(f"{result['processor_us_a_slab']:8.1f} us, {calls:5.1f} calls a slab of {size >> 20} MiB{work}", flush=True)
    return result


def run(size: int, slabs: int, *, lines: bool, tokens: bool) -> tuple[float, int]:
    """Processor seconds and calls of an owner that has so many slabs to do."""
    os.environ["NULL_LINES"] = str(size // LINE_BYTES) if lines else "0"
    encoding = DEFAULT_ENCODING if tokens else None
    example = example_slab(0, size, FILE_BYTES)
    sizes = ring_sizes(1, size, len(example), "blake3", lines=lines)
    owner = DeviceProcess("null_driver", 0, "blake3", 0, sizes, encoding=encoding)
    owner.wait()
    kernels = RemoteKernels("cuda:0", (owner.address,), "blake3", is_demanded=True)
    kernels.buffers(size, lines=lines)
    begun: deque[PendingSlab] = deque()
    for _ in range(slabs):
        if len(begun) == SLOTS:
            begun.popleft().finish()
        slab = Slab(kernels.take(size), example.offsets, example.lengths)
        begun.append(kernels.begin(slab, lines=lines, tokens=encoding))
    for pending in begun:
        pending.finish()
    kernels.close()
    totals = owner.close()
    assert totals is not None
    assert totals.slabs == slabs
    assert totals.pool_peak_bytes is not None
    return totals.cpu_seconds, totals.pool_peak_bytes


if __name__ == "__main__":
    sys.exit(main())
