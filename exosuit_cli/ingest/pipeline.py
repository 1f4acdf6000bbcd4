"""The run of the pipeline: walk, dispatch, collect, add up."""

from __future__ import annotations

import time
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from exosuit_cli.index.changes import LaterLook, find_unchanged
from exosuit_cli.index.file import IndexFile
from exosuit_cli.index.keys import index_keys
from exosuit_cli.ingest.account import Account
from exosuit_cli.ingest.ledger import Ledger
from exosuit_cli.ingest.order import OrderedRows, empty_scan_warnings, illegible_warnings, order_rows
from exosuit_cli.ingest.progress import Progress
from exosuit_cli.ingest.result import ScanResult
from exosuit_cli.model.digests import find_digest
from exosuit_cli.model.encodings import find_encoding
from exosuit_cli.system.stop import StopRequest
from exosuit_cli.walk import TreeWalk
from exosuit_cli.workers import ahead
from exosuit_cli.workers.processes import Processes

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from exosuit_cli.config.options import ScanOptions
    from exosuit_cli.index.index import Index
    from exosuit_cli.ingest.collector import BatchCollector
    from exosuit_cli.ingest.progress import ProgressCallback
    from exosuit_cli.walk import Listing, PastDirectory
    from exosuit_cli.walk.roots import Roots
    from exosuit_cli.workers.carrier import Carrier
    from exosuit_cli.workers.tasks import FinishedTask

FIRST_CHUNKED_FILES = 25
"""Files of the first batch where chunks are cut: few, so that progress shows and the first chunks are written soon."""
FEW_CHANGES = 32
"""Directories and files that have changed: of more, the vocabulary begins to load before they are listed."""
LINGER_SECONDS = 0.1
DRAIN_SECONDS = 5
"""How long an interrupted scan waits for the files that its workers are reading."""


class Run:
    """One run of the pipeline over some roots."""

    def __init__(
        self,
        roots: Roots,
        options: ScanOptions,
        stop: StopRequest | None,
        progress: ProgressCallback | None,
        collector: BatchCollector | None = None,
        *,
        reads_index: bool = True,
        only_changed: bool = False,
        after: Callable[[Carrier | None, Ledger], None] | None = None,
    ) -> None:
        """A run that is about to begin.

        `after` is called once every file has its row, while there are workers: with what carries tasks out, if any file
        had to be read.
        """
        find_digest(options.hash)
        if options.encoding is not None:
            find_encoding(options.encoding)  # now, not when the first text turns up
        recording = options.recording
        self.account = Account(recording.clock() if recording is not None else None)
        self.roots = roots
        self.options = options
        self.stop = stop if stop is not None else StopRequest()  # a request that is not made is false
        self.progress = progress
        self.collector = collector
        self.reads_all = options.verify or (collector is not None and not only_changed)
        """Whether files are read that the index knows: to compare them, or because all chunks are wanted."""
        self.reads_index = reads_index
        self.after = after
        self.warnings: list[str] = []
        chunking = collector.chunking if collector is not None else None
        self.processes = Processes(roots.base, options, chunking, self.stop)
        self.laps = self.account.laps
        self.next_report = 0.0

    def run(self) -> ScanResult:
        """Scan, and leave no process behind."""
        try:
            self.processes.device.start()
            return self._run()
        finally:
            self.processes.close()

    def _run(self) -> ScanResult:
        """Find out what changed since the index was written, walk, dispatch, collect, add up."""
        self.laps.step("start")
        self.laps.restart()
        if ahead.expects_changes(self.roots.base):
            self.processes.load_vocabulary()  # while this process reads the index
        index_file = self._open_index()
        self.laps.step("index")
        index = self._compare(index_file.index)
        walk = TreeWalk(
            self.roots.base,
            self.roots.roots,
            replace(self.options.walk, own_outputs=self.options.walk.own_outputs | index_file.own_outputs),
            past_rules=index.rules if index is not None and index.walk_is_known else {},
        )
        ledger = Ledger(
            None if self.reads_all else index,
            self.processes.device.batch_files,
            read_links=self.collector is not None,  # each has chunks under its own name
            first_files=FIRST_CHUNKED_FILES if self.collector is not None else None,
        )
        listed_anew = 0
        walking = True
        if index is not None and index.is_listed and not self.reads_all and walk.is_unchanged():
            ledger.take_all(index)
            walk.rules.update(index.rules)
            walking = False
        elif index is not None:
            walk.past = index.unchanged_directories()
        try:
            listings = iter(walk)
            while walking or ledger.tasks or self.processes.is_busy():
                if self.stop:
                    break
                if walking:
                    walking, anew = self._walk_some(listings, ledger)
                    listed_anew += anew
                    self.laps.lap("walk", anew)
                self._work(ledger, walking=walking)
                self.laps.restart()
            if self.after is not None and not self.stop:
                self.after(self.processes.carrier, ledger)
            self._drain(ledger)
        except BaseException:
            self.processes.end_workers(abort=True)
            raise
        self.laps.restart()
        ledger.check()
        # Nothing was listed anew and no file read: the result is the one that the index was written from.
        is_same = not (listed_anew or self.stop) and index is not None and ledger.has_all_of(index)
        return self._result(walk, ledger, index_file, index if is_same else None)

    def _open_index(self) -> IndexFile:
        options = self.options
        if not options.use_index:
            return IndexFile.unused(self.warnings)
        own_outputs = options.walk.own_outputs
        keys = index_keys(options)
        found = IndexFile.open(self.roots, options.hash, options.encoding, keys, own_outputs, self.warnings)
        if not self.reads_index:
            found.forget()
        return found

    def _compare(self, index: Index | None) -> Index | None:
        """Find out what is unchanged since the index was written, and load the vocabulary if that is not everything."""
        if index is not None:
            base, follow = self.roots.base, self.options.walk.follow
            table = ahead.take_table(index.seal, base) if not follow else None
            processors = self.processes.processors
            unchanged = find_unchanged(index, base, follow=follow, processes=processors, ahead=table)
            index.enter(unchanged, LaterLook(base, follow=follow), most_bytes=self.options.max_file_size)
            self.laps.lap("index")
            if unchanged.changes() <= FEW_CHANGES and not self.reads_all:
                return index  # what has changed may be so little that no vocabulary is loaded for it
        self.processes.load_vocabulary()
        self.laps.step("start")
        self.laps.restart()
        return index

    def _walk_some(self, listings: Iterator[tuple[Listing, PastDirectory | None]], ledger: Ledger) -> tuple[bool, int]:
        """Walk until there is a new task or the walk is over; whether it goes on, and how many listings were new."""
        tasks = len(ledger.tasks)
        anew = 0
        for listing, past in listings:
            ledger.add(listing)
            anew += past is None
            if self.stop:
                return True, anew
            if len(ledger.tasks) > tasks:
                return True, anew
        ledger.flush()
        return False, anew

    def _work(self, ledger: Ledger, *, walking: bool) -> None:
        """Keep the carrier fed, once there is one, and take what is done."""
        carrier = self.processes.carrier
        if carrier is None and ledger.tasks:
            carrier = self.processes.engage(ledger.waiting(), ledger.waiting_paths, LINGER_SECONDS, walking=walking)
            self.laps.step("start")
        if carrier is None:
            return
        while ledger.tasks and carrier.has_room() and (self.collector is None or self.collector.has_room()):
            is_shared = not walking and self.collector is not None  # a file that is cut costs much
            carrier.submit(ledger.take(carrier.workers) if is_shared else ledger.tasks.popleft())
        if not walking:
            ledger.sort()
            self.laps.step("result")
        for finished in carrier.collect(0 if walking else LINGER_SECONDS):
            self._finish(ledger, finished)
        self.laps.skip()
        if ledger.done:
            left = ledger.files - ledger.done
            use = self.processes.device.joins(ledger.bytes_read * left // ledger.done, left)
            if use is not None:
                carrier.use_device(use)
        self.account.sample(self.processes)
        seconds = self.account.seconds
        if self.progress is not None and seconds >= self.next_report:
            self.next_report = seconds + LINGER_SECONDS
            self.progress(Progress(ledger.files, not walking, ledger.done, ledger.bytes_read, seconds))

    def _finish(self, ledger: Ledger, finished: FinishedTask) -> None:
        ledger.finish(finished)
        laps = self.laps
        laps.batch = finished.task.number
        laps.step("ledger")
        if self.collector is not None:
            self.collector.take(finished)
            laps.step("store", len(finished.task.places), bytes_in=finished.rendered_bytes)
        laps.batch = -1

    def _drain(self, ledger: Ledger) -> None:
        """Take in what the workers still hold, and let them go."""
        carrier = self.processes.carrier
        if carrier is None:  # nothing had to be read
            ledger.give_up()
        elif self.stop.signal is not None:
            carrier.interrupt(self.stop.signal)
            deadline = time.monotonic() + DRAIN_SECONDS
            while carrier.is_busy() and time.monotonic() < deadline:
                for finished in carrier.collect(LINGER_SECONDS):
                    self._finish(ledger, finished)
            ledger.give_up()
        if carrier is not None:
            self.account.sample(self.processes, now=True)
        self.processes.end_workers(abort=self.processes.is_busy())

    def _result(self, walk: TreeWalk, ledger: Ledger, index_file: IndexFile, unchanged: Index | None) -> ScanResult:
        """Order, save, account. `unchanged` is the index, if all that it holds is the result."""
        options = self.options
        found = order_rows(ledger, options.hash, unchanged)
        verify_failures = self._verify(ledger, index_file, found) if options.verify else None
        if unchanged is None and not self.stop:
            self._save(walk, ledger, index_file, found)
        self.warnings.extend(empty_scan_warnings(ledger.files, found.skips))
        self.warnings.extend(illegible_warnings(found.paths, found.rows))
        if not self.stop:
            self.processes.device.confirm()
        if self.processes.shortage:
            self.warnings.append(self.processes.shortage)
        throughput, memory = self.account.close(self.processes, ledger, index_file)
        self.warnings.extend(
            f"the CPU computed {count} slabs in place of {throughput.device}: {reason}"
            for reason, count in self.processes.totals.device_failures.items()
        )
        return ScanResult(
            base=self.roots.base,
            roots=self.roots.roots,
            hash=options.hash,
            encoding=options.encoding,
            paths=found.paths,
            rows=found.rows,
            skips=found.skips,
            directories=sum(listing.entered for listing in ledger.listings),
            tree_digest=found.tree_digest,
            throughput=throughput,
            memory=memory,
            problems=walk.problems,
            warnings=self.warnings,
            partial=self.stop.signal.name if self.stop.signal is not None else None,
            verify_failures=verify_failures,
            basis=ledger.basis,
            read=np.flatnonzero(ledger.is_read()[found.places]),
        )

    def _verify(self, ledger: Ledger, index_file: IndexFile, found: OrderedRows) -> list[int] | None:
        """The positions of files whose content changed while their times did not; None where no index says so."""
        if index_file.index is None:
            self.warnings.append(f"nothing was verified: there is no index to compare with ({index_file.reason})")
            return None
        return index_file.verify(ledger.listings, ledger.rows[: ledger.files], found.places)

    def _save(self, walk: TreeWalk, ledger: Ledger, index_file: IndexFile, found: OrderedRows) -> None:
        """Write the index of this result. A walk with problems is not remembered, so that it reports them again."""
        index_file.save(
            started_ns=self.account.started_ns,
            rows=ledger.rows[: ledger.files],
            order=found.places,
            tree_digest=found.tree_digest,
            listings=ledger.listings,
            rules=walk.rules if not walk.problems else {},
            walk_is_known=not walk.problems,
            give_up=lambda: self.stop,
        )
