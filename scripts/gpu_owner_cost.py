"""What a slab costs the process that owns a card: its calls of CuPy, its processor time, and how many pass a second.

    python scripts/gpu_owner_cost.py [--card N] [--slab 8M] [--slabs 200] [--output FILE.json]

Without `--card`, CuPy is replaced by one that accepts every call and does nothing (`null_driver.py`), so this shows the
interpreter's part alone: no copy, no kernel, and none of CuPy's own time. With it, the card does all of the work, on
the texts of this project. The owner runs in its own process, as in a scan; this script sends the same slabs again and
again. What the other processes of the machine do is in the
figures, by colder caches: the median and the range over several rounds are told.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import sys
import time
from collections import deque
from pathlib import Path
from typing import TYPE_CHECKING, Any

import gpu_tokens
from paired_runs import machine, version_of

from exosuit_cli.device.choice import DRIVER, load_driver
from exosuit_cli.device.probe import example_slab
from exosuit_cli.device.process import DeviceProcess
from exosuit_cli.device.remote import RemoteKernels
from exosuit_cli.device.ring import SlabRing, make_memory
from exosuit_cli.device.sizes import SLOTS, ring_sizes
from exosuit_cli.kernels.device_lane import SlabLane
from exosuit_cli.kernels.frame import FrameLayout, result_bytes
from exosuit_cli.model.encodings import DEFAULT_ENCODING
from exosuit_cli.model.slab import Slab
from exosuit_cli.model.units import parse_size

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    from exosuit_cli.kernels.protocol import PendingSlab

WARMING = 50
ROUNDS = 9
PAUSE_SECONDS = 0.005
"""About what a worker takes to read the columns of a slab's lines: the owner sleeps meanwhile, and wakes cold."""
LINE_BYTES = 36
CLOCKED = ("copy_in_seconds", "kernel_seconds", "copy_out_seconds")
TREE = str(Path(__file__).resolve().parent.parent / "exosuit_cli")
FILE_BYTES = 16_000


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--card", type=int, help="a card that does the work")
    parser.add_argument("--slab", default="8M")
    parser.add_argument("--slabs", type=int, default=200, help="how many a round")
    parser.add_argument("--output", help="write everything as JSON")
    arguments = parser.parse_args()
    size = parse_size(arguments.slab)
    sys.path.insert(0, str(Path(__file__).parent))
    card = arguments.card
    document: dict[str, Any] = {
        "schema": "exosuit.gpu_owner_cost/1",
        "card": None if card is None else load_driver().identity(card),
        "machine": machine(),
        "versions": {name: version_of(name) for name in ("exosuit-cli", "numpy", "cupy-cuda13x", "cupy-cuda12x")},
    }
    if card is None:
        alone = lane_cost(size)
        print(f"{alone:8.1f} us: the calls of one slab alone, without the messages and the threads around them")
        document["note"] = "CuPy is a stand-in that does nothing: the figures are the interpreter's part of a slab"
        document["calls_alone_us_a_slab"] = round(alone, 1)
    document["rows"] = [
        row(size, arguments.slabs, card, lines=lines, tokens=tokens)
        for lines in (False, True)
        for tokens in (False, True)
    ]
    if card is None:
        document["rows"].append(row(size, arguments.slabs, card, lines=False, tokens=False, pause=PAUSE_SECONDS))
    if arguments.output:
        Path(arguments.output).write_text(json.dumps(document, indent=1) + "\n")
    return 0


def row(size: int, slabs: int, card: int | None, *, lines: bool, tokens: bool, pause: float = 0.0) -> dict[str, Any]:
    """Calls and microseconds a slab, of one owner, and slabs a second; with a pause of so many seconds before each."""
    os.environ["NULL_LINES"] = str(size // LINE_BYTES) if lines else "0"
    encoding = DEFAULT_ENCODING if tokens else None
    example = example_slab(0, size, FILE_BYTES) if card is None else gpu_tokens.text_slab(TREE, size)
    sizes = ring_sizes(1, size, len(example), "blake3", lines=lines)
    driver = "null_driver" if card is None else DRIVER
    owner = DeviceProcess(driver, card or 0, "blake3", 0, sizes, encoding=encoding)
    owner.wait()
    kernels = RemoteKernels("cuda:0", (owner.address,), "blake3", is_demanded=True)
    kernels.buffers(size, lines=lines)

    filled: set[int] = set()

    def take() -> npt.NDArray[np.uint8]:
        """Memory of a slot: with the texts in it, where a card reads them."""
        data = kernels.take(size)[: len(example.data)]
        if card is not None and data.ctypes.data not in filled:
            data[:] = example.data
            filled.add(data.ctypes.data)
        return data

    def work(count: int) -> None:
        begun: deque[PendingSlab] = deque()
        for _ in range(count):
            if len(begun) == SLOTS:
                begun.popleft().finish()
            if pause:
                time.sleep(pause)
            slab = Slab(take(), example.offsets, example.lengths)
            begun.append(kernels.begin(slab, lines=lines, tokens=encoding))
        for pending in begun:
            pending.finish()

    work(WARMING)
    (pid,) = owner.pids()
    found, taken = [], []
    for _ in range(ROUNDS):
        before, begun = processor_seconds(pid), time.monotonic()
        work(slabs)
        taken.append(time.monotonic() - begun)
        found.append((processor_seconds(pid) - before) / slabs * 1e6)
    kernels.close()
    totals = owner.close()
    assert totals is not None
    assert totals.slabs == WARMING + ROUNDS * slabs
    result = {
        "slab_bytes": len(example.data),
        "files": len(example),
        "lines": lines,
        "tokens": tokens,
        "pause_s": pause,
        "slabs": ROUNDS * slabs,
        "processor_us_a_slab": round(statistics.median(found), 1),
        "from_to_us": [round(min(found), 1), round(max(found), 1)],
    }
    if card is None:
        assert totals.pool_peak_bytes is not None
        result["calls_a_slab"] = round(totals.pool_peak_bytes / totals.slabs, 1)
        told = f"{result['calls_a_slab']} calls"
    else:
        rates = [len(example.data) * slabs / seconds for seconds in taken]
        result["bytes_per_s"] = round(statistics.median(rates))
        result["from_to_bytes_per_s"] = [round(min(rates)), round(max(rates))]
        result |= {name: getattr(totals, name) / totals.slabs for name in CLOCKED}
        told = f"{result['bytes_per_s'] / 1e9:.1f} GB/s"
    what = f"{', lines' if lines else ''}{', tokens' if tokens else ''}{f', {pause * 1e3:g} ms apart' if pause else ''}"
    print(f"{result['processor_us_a_slab']:8.1f} us, {told} a slab of {size >> 20} MiB{what}", flush=True)
    return result


def lane_cost(size: int) -> float:
    """Microseconds of one thread to submit a slab without lines and to finish it: the least of several rounds."""
    import null_driver  # its folder is on the path by now

    sizes = ring_sizes(1, size, -(-size // FILE_BYTES), "blake3", lines=False)
    descriptor = make_memory(sizes)
    slot = SlabRing(descriptor, sizes).slot(0)
    os.close(descriptor)
    lane = SlabLane(null_driver.open_card(0, 0).queue(), FrameLayout(size, sizes.files), "blake3", 0)
    del sys.modules["cupy"]
    results = slot.results[: result_bytes(sizes.files, sizes.width)]
    found = []
    for _ in range(ROUNDS):
        begun = time.thread_time()
        for _ in range(1000):
            lane.submit(slot.frame[: lane.layout.data_offset + size], results, lines=False, tokens=False)
            lane.finish(slot.found)
        found.append((time.thread_time() - begun) / 1000)
    return min(found) * 1e6


def processor_seconds(pid: int) -> float:
    """Of all threads of a process, as the scheduler counts it."""
    return sum(int(file.read_text().split()[0]) for file in Path(f"/proc/{pid}/task").glob("*/schedstat")) / 1e9


if __name__ == "__main__":
    sys.exit(main())
