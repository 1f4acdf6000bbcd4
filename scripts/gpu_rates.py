"""The part of gpu_check.py that measures: rates of copies, of kernels, of whole slabs, and of the CPU backend."""

from __future__ import annotations

import statistics
import time
from collections import defaultdict
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import TYPE_CHECKING, Any

import gpu_tokens

from exosuit_cli.device.nvml import Nvml, visible
from exosuit_cli.device.probe import example_slab
from exosuit_cli.kernels.cpu import CpuKernels
from exosuit_cli.kernels.device import DeviceTimes
from exosuit_cli.kernels.device_kernels import DeviceKernels
from exosuit_cli.model.digests import DIGESTS
from exosuit_cli.tokens import load_counter

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from exosuit_cli.kernels.device_tokens import DeviceTables
    from exosuit_cli.model.slab import Slab

LANES = 4
LEAST = 5
FILE_SIZES = (4096, 16_000, 1 << 20)


class Stopwatch:
    """A queue that keeps the marks around every launch."""

    def __init__(self, queue: Any) -> None:
        self._queue = queue
        self.launches: list[tuple[str, Any, Any]] = []

    def __getattr__(self, name: str) -> Any:
        return getattr(self._queue, name)

    def launch(self, kernel: str, *arguments: Any) -> None:
        before = self._queue.mark()
        self._queue.launch(kernel, *arguments)
        self.launches.append((kernel, before, self._queue.mark()))

    def take(self) -> dict[str, float]:
        """Seconds by kernel since the last call; everything must be done."""
        seconds: defaultdict[str, float] = defaultdict(float)
        for kernel, before, after in self.launches:
            seconds[kernel] += self._queue.elapsed(before, after)
        self.launches.clear()
        return dict(seconds)


def card_clocks(card: int) -> dict[str, int] | None:
    """MHz of the multiprocessors and the memory, now and at most, and the power limit in mW; None without NVML."""
    with Nvml() as nvml:
        if nvml is None:
            return None
        try:
            handle = visible(nvml, card)
            return {
                "sm_mhz": nvml.nvmlDeviceGetClockInfo(handle, nvml.NVML_CLOCK_SM),
                "most_sm_mhz": nvml.nvmlDeviceGetMaxClockInfo(handle, nvml.NVML_CLOCK_SM),
                "memory_mhz": nvml.nvmlDeviceGetClockInfo(handle, nvml.NVML_CLOCK_MEM),
                "most_memory_mhz": nvml.nvmlDeviceGetMaxClockInfo(handle, nvml.NVML_CLOCK_MEM),
                "power_limit_mw": nvml.nvmlDeviceGetEnforcedPowerLimit(handle),
            }
        except (nvml.NVMLError, LookupError, ValueError):
            return None


def measure(opened: Any, size: int, seconds: float, document: dict[str, Any]) -> None:
    rows = document["rates"] = []
    for file_bytes in FILE_SIZES:
        slab = example_slab(1, size, file_bytes)
        opened.pin(slab.data)
        for row in measure_slab(opened, slab, file_bytes, seconds):
            rows.append(row)
            show(row)
        opened.unpin(slab.data)


def measure_tokens(opened: Any, tree: str, size: int, seconds: float, document: dict[str, Any]) -> None:
    slab = gpu_tokens.text_slab(tree, size)
    keeper, tables = gpu_tokens.default_tables(opened)
    opened.pin(slab.data)
    about = {"slab_bytes": len(slab.data), "files": len(slab), "file_bytes": len(slab.data) // len(slab)}
    by_kernel, _, everything = by_the_card(opened, "blake3", slab, seconds, tables)
    rows = document["token_rates"] = []
    kernels = {name: times for name, times in by_kernel.items() if name.startswith("token_")}
    summed = [sum(times) for times in zip(*kernels.values(), strict=True)]
    kernels |= {"tokens of every file and line": summed, "digests, lines, structure and tokens": everything}
    for name, times in kernels.items():
        rows.append(rate_row(about, name, "on the card", times[1:]))
    for wants_lines in (False, True):
        what = f"blake3, {'lines, structure and' if wants_lines else 'counts and'} tokens, {LANES} lanes"
        taken = in_lanes(opened, "blake3", slab, seconds, wants_lines=wants_lines, tables=tables)
        rows.append(rate_row(about, what, "from page-locked memory", [time / LANES for time in taken]))
    counter = load_counter(tables.encoding)
    files = [bytes(slab.data[start : start + length]) for start, length in zip(slab.offsets, slab.lengths, strict=True)]
    rows.append(rate_row(about, "tokens", "one processor", repeat(partial(counter.count_batch, files), seconds)))
    opened.unpin(slab.data)
    keeper.release()
    for row in rows:
        show(row)


def rate_row(about: dict[str, Any], what: str, where: str, times: list[float]) -> dict[str, Any]:
    """Bytes of the slab a second, from the seconds of each repetition."""
    rates = sorted(about["slab_bytes"] / time for time in times if time > 0)
    middle = statistics.median(rates) if rates else None
    spread = [rates[0], rates[-1]] if rates else None
    return {**about, "what": what, "where": where, "runs": len(times), "bytes_per_s": middle, "from_to": spread}


def measure_slab(opened: Any, slab: Slab, file_bytes: int, seconds: float) -> Iterator[dict[str, Any]]:
    about = {"slab_bytes": len(slab.data), "files": len(slab), "file_bytes": file_bytes}
    row = partial(rate_row, about)

    for algorithm in DIGESTS:
        by_kernel, copies, everything = by_the_card(opened, algorithm, slab, seconds)
        digests = [name for name in by_kernel if name.startswith(algorithm.partition("_")[0])]
        for name, times in by_kernel.items():
            if algorithm == "blake3" or (algorithm == "xxh3" and name in digests):
                yield row(name, "on the card", times[1:])
        summed = [sum(times) for times in zip(*(by_kernel[name] for name in digests), strict=True)]
        yield row(f"{algorithm} of every file", "on the card", summed[1:])
        if algorithm == "blake3":
            others = [name for name in by_kernel if name not in digests]
            summed = [sum(times) for times in zip(*(by_kernel[name] for name in others), strict=True)]
            yield row("lines and structure", "on the card", summed[1:])
            yield row("digests, lines and structure", "on the card", everything[1:])
            yield row("copy of a slab and its lists", "to the card", copies[1:])
        for wants_lines in (False, True):
            yield row(
                f"{algorithm}{', lines and structure' if wants_lines else ' and counts'}, {LANES} lanes",
                "from page-locked memory",
                [taken / LANES for taken in in_lanes(opened, algorithm, slab, seconds, wants_lines=wants_lines)],
            )
        taken = repeat(partial(CpuKernels(algorithm).columns, slab), seconds)
        yield row(f"{algorithm} and counts", "one processor", taken)
    taken = repeat(partial(CpuKernels("xxh3").lines, slab), seconds)
    yield row("lines and structure", "one processor", taken)


def by_the_card(
    opened: Any, algorithm: str, slab: Slab, seconds: float, tables: DeviceTables | None = None
) -> tuple[dict[str, list[float]], list[float], list[float]]:
    """Seconds of each kernel, of the copy in and of all kernels together, by the card's clock, one slab at a time."""
    stopwatch = Stopwatch(opened.queue())
    kernels = DeviceKernels(stopwatch, algorithm, tables)
    tokens = tables.encoding if tables is not None else None
    by_kernel: defaultdict[str, list[float]] = defaultdict(list)
    copies: list[float] = []
    everything: list[float] = []

    def once() -> None:
        kernels.times = DeviceTimes()
        kernels.begin(slab, lines=True, tokens=tokens).finish()
        copies.append(kernels.times.copy_in_seconds)
        everything.append(kernels.times.kernel_seconds)
        for kernel, taken in stopwatch.take().items():
            by_kernel[kernel].append(taken)

    repeat(once, seconds)
    return by_kernel, copies, everything


def in_lanes(
    opened: Any, algorithm: str, slab: Slab, seconds: float, *, wants_lines: bool, tables: DeviceTables | None = None
) -> list[float]:
    """Seconds in which every lane does one slab, all at the same time."""
    lanes = [DeviceKernels(opened.queue(), algorithm, tables) for _ in range(LANES)]
    tokens = tables.encoding if tables is not None else None

    def together() -> None:
        with ThreadPoolExecutor(LANES) as threads:
            for done in threads.map(lambda lane: lane.begin(slab, lines=wants_lines, tokens=tokens).finish(), lanes):
                assert done

    return repeat(together, seconds)[1:]


def repeat(run: Callable[[], object], seconds: float) -> list[float]:
    """The time of each run: at least five, and until they took so long together."""
    times: list[float] = []
    while len(times) < LEAST or sum(times) < seconds:
        begun = time.monotonic()
        run()
        times.append(time.monotonic() - begun)
    return times


def show(row: dict[str, Any]) -> None:
    rate = f"{row['bytes_per_s'] / 1e9:9.2f} GB/s" if row["bytes_per_s"] else "        - GB/s"
    print(f"{rate}  {row['what']}, {row['where']}, files of {row['file_bytes']:,} bytes, {row['runs']} runs")
