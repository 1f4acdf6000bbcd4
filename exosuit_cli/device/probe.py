"""What a card and a processor do with the same slab: measured once, kept by card and driver, read by `auto`."""

from __future__ import annotations

import json
import os
import time
from collections import deque
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, fields
from importlib import resources
from typing import TYPE_CHECKING, Final, overload

import numpy as np

from exosuit_cli.device.forecast import Forecast
from exosuit_cli.device.process import LANES, DeviceProcess
from exosuit_cli.device.remote import RemoteKernels
from exosuit_cli.device.sizes import BATCH_FILES, SLAB_BYTES, SLOTS, ring_sizes
from exosuit_cli.kernels.cpu import CpuKernels
from exosuit_cli.kernels.device import DeviceTimes
from exosuit_cli.kernels.device_kernels import DeviceKernels
from exosuit_cli.model.dataclass import dataclass
from exosuit_cli.model.encodings import DEFAULT_ENCODING
from exosuit_cli.model.slab import Slab
from exosuit_cli.system.atomic import atomic_file
from exosuit_cli.system.paths import ensure_private, state_directory
from exosuit_cli.tokens import load_counter

if TYPE_CHECKING:
    from collections.abc import Callable

    from exosuit_cli.device.driver import Driver, OpenCard
    from exosuit_cli.kernels.protocol import PendingSlab
    from exosuit_cli.model.protocols import TokenCounter

FILE_NAME: Final = "devices.json"
SCHEMA: Final = "exosuit.devices/6"
READ_FILE_BYTES: Final = 12_500
"""About the mean of the files that `read` is measured over, and of the files of a repository."""
_FILE_BYTES: Final = 16_000
_ROUNDS: Final = 8
_CPU_SECONDS: Final = 0.5
_CPU_SLAB_BYTES: Final = 1 << 20
"""The slab of a run without a card."""


@dataclass(frozen=True, slots=True)
class Probe:
    """Rates of one card and of one processor on slabs of text, bytes of input a second.

    Digests, newlines and byte classes. `kernel`: by the device's clock, with the slab there already. `device`: end to
    end as a run does it, through the process that owns the card, several slabs in flight. `cpu`: by the CPU backend on
    one thread. `copy`: the copy in alone. `device_token` and `cpu_token`: as `device` and `cpu`, where tokens of real
    text are counted too; both are the rate of the processor if the card cannot count. `read`: all that a worker does of
    files besides, on one thread, from the page cache, over files of `READ_FILE_BYTES` on average. `start_seconds`:
    until a process that owns the card had its kernels and tables ready, with what it keeps on disk warm.
    """

    card: str
    start_seconds: float
    copy_bytes_per_s: float
    kernel_bytes_per_s: float
    device_bytes_per_s: float
    cpu_bytes_per_s: float
    device_token_bytes_per_s: float
    cpu_token_bytes_per_s: float
    read_bytes_per_s: float

    def forecast(self, processors: int, *, counts_tokens: bool, file_bytes: float = READ_FILE_BYTES) -> Forecast:
        """Of a run on so many processors over files of this mean size."""
        card, core = self.device_bytes_per_s, self.cpu_bytes_per_s
        if counts_tokens:
            card, core = self.device_token_bytes_per_s, self.cpu_token_bytes_per_s
        # A file takes about as long to read and to describe, however small it is.
        read = self.read_bytes_per_s * min(max(file_bytes, 1.0) / READ_FILE_BYTES, 1.0)
        return Forecast(processors, core, read, card, self.start_seconds)


def load_probe(identity: str) -> Probe | None:
    """What was measured of a card under the same driver and library; None if nothing was, or it cannot be read."""
    found = _load().get(identity)
    names = [field.name for field in fields(Probe)]
    if not isinstance(found, dict) or sorted(found) != sorted(names):
        return None
    probe = Probe(**found)
    rates = [getattr(probe, name) for name in names if name != "card"]
    is_sound = isinstance(probe.card, str) and all(isinstance(rate, (int, float)) and rate > 0 for rate in rates)
    return probe if is_sound else None


def probe_of(driver: Driver, index: int) -> Probe | None:
    """What was measured of card `index`."""
    identity = driver.identity(index)
    return load_probe(identity) if identity is not None else None


def save_probe(identity: str, probe: Probe) -> str:
    """Keep a measurement in the state directory; the file. Raises OutputError."""
    directory = ensure_private(state_directory())
    path = os.path.join(directory, FILE_NAME)
    document = {"schema": SCHEMA, "cards": {**_load(), identity: asdict(probe)}}
    with atomic_file(path) as file:
        file.write((json.dumps(document, indent=1, sort_keys=True) + "\n").encode())
    return path


def measure(driver: Driver, opened: OpenCard, index: int, limit_bytes: int, reading_rate: Callable[[], float]) -> Probe:
    """Measure card `index`, which is open here: some seconds. Raises ResourceMissing where it cannot be used.

    `reading_rate` gives `Probe.read_bytes_per_s`.
    """
    started = time.monotonic()
    sizes = ring_sizes(LANES, SLAB_BYTES, BATCH_FILES, "blake3", lines=False)
    owner = DeviceProcess(driver.__name__, index, "blake3", limit_bytes, sizes, encoding=DEFAULT_ENCODING)
    texts = text_slab(SLAB_BYTES)
    try:
        owner.wait()
        start_seconds = time.monotonic() - started
        device_rate = _owner_rate(owner.address, f"cuda:{index}", example_slab(0, SLAB_BYTES))
        token_rate = _owner_rate(owner.address, f"cuda:{index}", texts, DEFAULT_ENCODING)
    finally:
        owner.close()
    times = _lone_times(opened, example_slab(0, SLAB_BYTES))
    total = _ROUNDS * SLAB_BYTES
    size = min(_CPU_SLAB_BYTES, SLAB_BYTES)
    cpu_token_rate = _cpu_rate(text_slab(size), load_counter(DEFAULT_ENCODING))
    return Probe(
        card=opened.card.name,
        start_seconds=start_seconds,
        copy_bytes_per_s=total / times.copy_in_seconds,
        kernel_bytes_per_s=total / times.kernel_seconds,
        device_bytes_per_s=device_rate,
        cpu_bytes_per_s=_cpu_rate(example_slab(0, size)),
        device_token_bytes_per_s=token_rate if token_rate is not None else cpu_token_rate,
        cpu_token_bytes_per_s=cpu_token_rate,
        read_bytes_per_s=reading_rate(),
    )


@overload
def _owner_rate(address: str, device: str, example: Slab) -> float: ...


@overload
def _owner_rate(address: str, device: str, example: Slab, encoding: str) -> float | None: ...


def _owner_rate(address: str, device: str, example: Slab, encoding: str | None = None) -> float | None:
    """Bytes a second through the owner of a card, with as many workers as it has lanes.

    None where tokens are wanted and the card does not count them. Raises ResourceMissing.
    """
    workers = [_WorkerLoad(address, device, example, encoding) for _ in range(LANES)]

    def together(rounds: int) -> float:
        begun = time.monotonic()
        with ThreadPoolExecutor(len(workers)) as threads:
            for done in [threads.submit(worker.work, rounds) for worker in workers]:
                done.result()
        return time.monotonic() - begun

    try:
        together(2 * SLOTS)  # slots are filled and launches become a graph in the first rounds
        rate = len(workers) * _ROUNDS * len(example.data) / together(_ROUNDS)
    finally:
        for worker in workers:
            worker.close()
    return rate if all(worker.does_count for worker in workers) else None


class _WorkerLoad:
    """What one worker asks of a card: slabs in the memory that it shares with the owner, one begun behind the other."""

    def __init__(self, address: str, device: str, example: Slab, encoding: str | None) -> None:
        self._encoding = encoding
        self.does_count = True
        """Whether the card has counted all tokens that were wanted."""
        self._kernels = RemoteKernels(device, (address,), "blake3", is_demanded=True)
        self._kernels.buffers(len(example.data), lines=False)
        self._example = example
        self._filled: set[int] = set()
        """Where the example lies already."""

    def work(self, rounds: int) -> None:
        """Have so many slabs computed: what lies in a slot is sent again, as if a reader had filled it."""
        example = self._example
        begun: deque[PendingSlab] = deque()
        for _ in range(rounds):
            if len(begun) == SLOTS:
                self._finish(begun.popleft())
            data = self._kernels.take(len(example.data))
            if data.ctypes.data not in self._filled:
                self._filled.add(data.ctypes.data)
                data[:] = example.data
            slab = Slab(data, example.offsets, example.lengths)
            begun.append(self._kernels.begin(slab, lines=False, tokens=self._encoding))
        for pending in begun:
            self._finish(pending)

    def close(self) -> None:
        """End it."""
        self._kernels.close()

    def _finish(self, pending: PendingSlab) -> None:
        pending.finish()
        if self._encoding is not None:
            found = pending.tokens()
            self.does_count &= found is not None and bool((found.counts >= 0).all())


def _lone_times(opened: OpenCard, slab: Slab) -> DeviceTimes:
    """The device's own clock over one slab at a time: times of queues that overlap are no rates."""
    lane = DeviceKernels(opened.queue(), "blake3")
    opened.pin(slab.data)
    try:
        lane.columns(slab)  # buffers grow
        lane.times = DeviceTimes()
        for _ in range(_ROUNDS):
            lane.columns(slab)
    finally:
        opened.unpin(slab.data)
    return lane.times


def example_slab(seed: int, nbytes: int, file_bytes: int = _FILE_BYTES) -> Slab:
    """A slab of text-like files of one size, the last one shorter: lines of about 36 bytes. uint8 of a fixed seed."""
    random = np.random.default_rng(seed)
    data = random.integers(32, 127, nbytes, np.uint8)
    data[random.integers(0, nbytes, nbytes // 36)] = ord("\n")
    offsets = np.arange(0, nbytes, file_bytes, dtype=np.int64)
    return Slab(data, offsets, np.diff(np.append(offsets, nbytes)))


def text_slab(nbytes: int) -> Slab:
    """A slab of English and of commands: the manual of the program again and again, in files of one size."""
    folder = resources.files("exosuit_cli") / "manual"
    pages = sorted((page for page in folder.iterdir() if page.name.endswith(".md")), key=lambda page: page.name)
    text = "".join(page.read_text("utf-8") for page in pages).encode("ascii", "replace")
    data = np.frombuffer((text * (nbytes // len(text) + 1))[:nbytes], np.uint8)
    offsets = np.arange(0, nbytes, _FILE_BYTES, dtype=np.int64)
    return Slab(data, offsets, np.diff(np.append(offsets, nbytes)))


def _cpu_rate(slab: Slab, counter: TokenCounter | None = None) -> float:
    kernels = CpuKernels("blake3")
    places = list(zip(slab.offsets.tolist(), (slab.offsets + slab.lengths).tolist(), strict=True))

    def once() -> None:
        kernels.columns(slab)
        if counter is not None:
            counter.count_batch([bytes(slab.data[start:end].data) for start, end in places])

    once()
    rounds, begun = 0, time.monotonic()
    while time.monotonic() < begun + _CPU_SECONDS:
        once()
        rounds += 1
    return rounds * len(slab.data) / (time.monotonic() - begun)


def _load() -> dict[str, object]:
    """What is kept; nothing where the file is absent, unreadable or of another version: it can be measured again."""
    try:
        with open(os.path.join(state_directory(), FILE_NAME), "rb") as file:
            document = json.load(file)
        cards = document["cards"] if document["schema"] == SCHEMA else {}
    except (OSError, ValueError, KeyError, TypeError):
        return {}
    return cards if isinstance(cards, dict) else {}
