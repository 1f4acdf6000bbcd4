"""The device of one run: started when it is demanded, or when it pays for the work that is left."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from exosuit_cli.device import DeviceChoice, DeviceTotals, choose_device
from exosuit_cli.device import choice as choices
from exosuit_cli.device.sizes import BATCH_FILES, SLAB_BYTES, ring_sizes
from exosuit_cli.model.devices import parse_device
from exosuit_cli.model.errors import ResourceMissing
from exosuit_cli.system.memory import TierReading

if TYPE_CHECKING:
    from exosuit_cli.config.options import ScanOptions
    from exosuit_cli.device.driver import Card
    from exosuit_cli.device.process import DeviceProcess
    from exosuit_cli.shards.settings import ShardSettings
    from exosuit_cli.workers.messages import UseDevice

_UNKNOWN = "the process that owns the card did not report it"


class RunDevice:
    """The device that a run uses, the processes that own its cards, and what they did.

    `is_chunking`: lines are wanted, and batches and slabs stay as large as the options say. Raises as `choose_device`
    does.
    """

    def __init__(self, options: ScanOptions, processors: int, *, is_chunking: bool = False) -> None:
        counts_tokens = options.encoding is not None
        self.choice = choose_device(options.device, processors, options.hash, counts_tokens=counts_tokens)
        if options.vram_bytes == 0:
            self.choice = _turned_off(self.choice)
        self._options = options
        self._processors, self._is_chunking = processors, is_chunking
        self._slab_bytes = options.slab_bytes
        self.batch_files = options.batch_files
        """The most files of a batch."""
        if not is_chunking:
            self._slab_bytes = max(self._slab_bytes, SLAB_BYTES)
        if self.choice.is_demanded and not is_chunking:
            self.batch_files = max(self.batch_files, BATCH_FILES)
        self._recording = options.recording
        self._processes: list[DeviceProcess] = []
        self._cards: list[Card] = []
        self._has_joined = False
        self._refusal = ""
        self._has_all_totals = True
        self.totals = DeviceTotals()

    def start(self) -> None:
        """Start what is demanded, so that it is ready when it is needed."""
        if self.choice.is_demanded:
            self._start(self.choice.device)

    def is_ready(self, seconds: float) -> bool:
        """Whether nothing that is demanded is still starting. Waits up to `seconds` for it."""
        return not self.choice.is_demanded or all(process.is_ready(seconds) for process in self._processes)

    def settings(self, settings: ShardSettings) -> ShardSettings:
        """What the workers need to know. Waits for a demanded device; raises ResourceMissing where it is not there."""
        if not self.choice.is_demanded:
            return settings
        self.confirm()
        return replace(
            settings,
            device=self.choice.device,
            addresses=self._addresses(),
            device_is_demanded=True,
            slab_bytes=self._slab_bytes,
        )

    def confirm(self) -> None:
        """Return when all demanded cards answer, also where nothing was to be computed. Raises ResourceMissing."""
        if self.choice.is_demanded:
            self._cards = [process.wait() for process in self._processes]

    def joins(self, bytes_left: int, files_left: int) -> UseDevice | None:
        """The message for the workers when a card that `auto` knows pays for what is left and is ready; given once."""
        choice = self.choice
        if choice.joins is None or self._has_joined or self._refusal:
            return None
        if not self._processes:
            if choice.pays(bytes_left, files_left):
                try:
                    self._start(choice.joins)
                except ResourceMissing as error:
                    self._refusal = str(error)
            return None
        if not self._processes[0].is_ready():
            return None
        try:
            self._cards = [process.wait() for process in self._processes]
        except ResourceMissing as error:
            self._refusal = str(error)
            return None
        from exosuit_cli.workers.messages import UseDevice

        self._has_joined = True
        return UseDevice(choice.joins, self._addresses(), self._slab_bytes)

    def pids(self) -> list[int]:
        """The processes that own cards."""
        return [pid for process in self._processes for pid in process.pids()]

    def finish(self) -> None:
        """Nothing more is to be computed: the processes may end while the result is made."""
        for process in self._processes:
            process.finish()

    def close(self) -> None:
        """End the processes and add up what they did."""
        for process in self._processes:
            found = process.close()
            if found is None:
                self._has_all_totals = False
            else:
                self.totals.add(found)
                if self._recording is not None:
                    self._recording.add(list(found.tracks))
        self._processes.clear()
        if self._cards and self.totals.peak_copy_bytes_per_s is None:
            from exosuit_cli.device.probe import probe_of

            probes = [probe_of(choices.load_driver(), card.index) for card in self._cards]
            peaks = [probe.copy_bytes_per_s for probe in probes if probe is not None]
            self.totals.peak_copy_bytes_per_s = sum(peaks) if len(peaks) == len(probes) else None

    @property
    def was_used(self) -> bool:
        """Whether there was a card, and its process reported what it did."""
        return bool(self._cards) and self._has_all_totals

    @property
    def device(self) -> str:
        """What computed. The CPU begins, so a card that joined is named after it."""
        return f"cpu, {self.choice.joins}" if self._has_joined and self.choice.joins else self.choice.device

    @property
    def reason(self) -> str:
        """Why this device, for a person to read."""
        unknown = f"its memory is unknown: {self.totals.card_reason}" if self.totals.card_reason else ""
        reasons = [self.choice.reason, *(card.name for card in self._cards), self._refusal, unknown]
        return "; ".join(reason for reason in reasons if reason)

    def tiers(self) -> tuple[TierReading, TierReading]:
        """The tiers vram and shared."""
        totals = self.totals
        if not self._cards:
            return (
                TierReading(None, f"no CUDA device is used (device {self.device})"),
                TierReading(None, "no pinned host memory is used without a CUDA device"),
            )
        vram = TierReading(
            totals.pool_peak_bytes,
            None if totals.pool_peak_bytes is not None else _UNKNOWN,
            details={
                "process_bytes": totals.process_bytes,
                "card_used_bytes": totals.card_used_bytes,
                "card_bytes": totals.card_bytes,
            },
        )
        if not self._has_all_totals:
            return vram, TierReading(None, _UNKNOWN)
        return vram, TierReading(totals.pinned_bytes)

    def _addresses(self) -> tuple[str, ...]:
        return tuple(process.address for process in self._processes)

    def _start(self, device: str) -> None:
        from exosuit_cli.device.process import DeviceProcess

        options = self._options
        sizes = ring_sizes(self._processors, self._slab_bytes, self.batch_files, options.hash, lines=self._is_chunking)
        for card in parse_device(device).cards:
            self._processes.append(
                DeviceProcess(
                    choices.DRIVER,
                    card,
                    options.hash,
                    options.vram_bytes or 0,
                    sizes,
                    self._recording,
                    options.encoding,
                )
            )


def _turned_off(choice: DeviceChoice) -> DeviceChoice:
    """The choice where no device memory may be used. Raises ResourceMissing for a device that is demanded."""
    why = "the settings allow it no memory (memory_layers.gpu_vram.capacity_gb is 0)"
    if choice.is_demanded:
        raise ResourceMissing(f"device {choice.device}: {why}")
    return choice if choice.joins is None else DeviceChoice("cpu", f"{choice.joins}: {why}")
