"""The process that owns a card. It alone talks to the driver, for the workers that fill slabs."""

from __future__ import annotations

import contextlib
import importlib
import signal
import socket
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import fields, replace
from multiprocessing.connection import Connection
from typing import TYPE_CHECKING, cast

from exosuit_cli.device.messages import OwnerSettings, Ready, Refusal
from exosuit_cli.device.service import SlabService
from exosuit_cli.device.totals import DeviceTotals
from exosuit_cli.kernels.device import DeviceOutOfMemory, DeviceTimes
from exosuit_cli.kernels.device_lane import SlabLane
from exosuit_cli.kernels.device_tokens import DeviceTables
from exosuit_cli.kernels.frame import FrameLayout
from exosuit_cli.kernels.timeline import DeviceClock, DeviceTimeline
from exosuit_cli.model.errors import ExosuitError, ResourceMissing

if TYPE_CHECKING:
    from exosuit_cli.device.driver import Driver
    from exosuit_cli.kernels.device import DeviceQueue
    from exosuit_cli.model.counting_tables import CountingTables


def main(descriptor: int) -> None:
    """Run the process: its settings come first over the connection `descriptor`; it ends when that is closed."""
    for number in (signal.SIGINT, signal.SIGTERM):  # both may reach the whole group; the parent decides what they mean
        signal.signal(number, signal.SIG_IGN)
    control = Connection(descriptor)
    with contextlib.suppress(EOFError, OSError):  # the parent is gone
        settings: OwnerSettings = control.recv()
        try:
            # From the first: a worker may connect while the kernels are built.
            listener = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
            listener.bind(settings.address)
            listener.listen(socket.SOMAXCONN)
            owner = Owner(settings)
        except ExosuitError as error:
            control.send(Refusal(str(error)))
            return
        except Exception as error:  # noqa: BLE001  (a driver may raise anything: the parent hears of it and ends the run)
            control.send(Refusal(f"it cannot be opened: {type(error).__name__}: {error}"))
            return
        control.send(Ready(owner.card))
        owner.start(listener)
        control.recv()
        control.send(owner.totals())


class Owner:
    """A card with its lanes. Raises ResourceMissing where the card cannot be used."""

    def __init__(self, settings: OwnerSettings) -> None:
        self._settings, self._sizes = settings, settings.sizes
        driver = cast("Driver", importlib.import_module(settings.driver))
        with ThreadPoolExecutor(1) as beside:  # a driver takes as long to open a card as the tables take
            tables = beside.submit(_counting_tables, settings.encoding)
            self._opened = driver.open_card(settings.card, settings.limit_bytes)
        self.card = self._opened.card
        self._tables = self._uploaded(tables.result())
        self._clock: DeviceClock | None = None
        self._lanes = self._made_lanes()
        try:
            self._service = SlabService(
                self._opened,
                self._lanes,
                self._sizes,
                counts_tokens=self._tables is not None,
                has_ranges=settings.has_ranges,
            )
        except OSError as error:
            raise ResourceMissing(f"there is no memory to share with its workers: {error.strerror}") from error

    def start(self, listener: socket.socket) -> None:
        """Serve everyone who connects."""
        self._service.start(listener)

    def _uploaded(self, tables: CountingTables | None) -> DeviceTables | None:
        """The tables on the card; None where it has no room, and the workers count."""
        if tables is None:
            return None
        self._keeper = self._opened.queue()  # apart from the lanes, which may let go of their buffers
        try:
            return DeviceTables.upload(self._keeper, tables)
        except DeviceOutOfMemory:
            self._keeper.release()
            self._opened.give_back()
            return None

    def _made_lanes(self) -> list[SlabLane]:
        """As many lanes as have room, at least one: where there is none for a slab, all slabs are half as large."""
        lanes: list[SlabLane] = []
        while len(lanes) < self._settings.lanes:
            queue = self._opened.queue()
            try:
                lanes.append(self._lane(queue))
            except DeviceOutOfMemory:
                queue.release()
                self._opened.give_back()
                if lanes:
                    break
                if self._is_halved:
                    raise
                whole = self._settings.sizes
                self._sizes = replace(whole, slab_bytes=whole.slab_bytes // 2, lines=whole.lines // 2)
        return lanes

    @property
    def _is_halved(self) -> bool:
        return self._sizes is not self._settings.sizes

    def _lane(self, queue: DeviceQueue) -> SlabLane:
        spans, sizes = self._settings.recorded_spans, self._sizes
        if self._clock is None:
            self._clock = DeviceClock(queue)
        timeline = DeviceTimeline(self._clock, spans) if spans else None
        layout = FrameLayout(sizes.slab_bytes, sizes.files)
        return SlabLane(queue, layout, self._settings.algorithm, sizes.lines, self._tables, self._clock, timeline)

    def totals(self) -> DeviceTotals:
        """What was done so far."""
        usage, service = self._opened.usage(), self._service
        times = [lane.times for lane in self._lanes]
        return DeviceTotals(
            slabs=service.slabs,
            chunk_ids=service.spans,
            halved_slabs=service.slabs if self._is_halved else 0,
            pinned_bytes=service.pinned_bytes,
            **{field.name: sum(getattr(part, field.name) for part in times) for field in fields(DeviceTimes)},
            cpu_seconds=time.process_time(),
            pool_peak_bytes=usage.pool_peak_bytes,
            process_bytes=usage.process_bytes,
            card_used_bytes=usage.card_used_bytes,
            card_bytes=usage.card_bytes,
            card_reason=usage.reason,
            tracks=tuple(
                lane.timeline.track.recorded("device", f"cuda:{self._settings.card} stream {number}")
                for number, lane in enumerate(self._lanes)
                if lane.timeline is not None
            ),
        )


def _counting_tables(encoding: str | None) -> CountingTables | None:
    if encoding is None:
        return None
    from exosuit_cli.tokens.tables import counting_tables

    return counting_tables(encoding)
