"""How the result of a batch goes from a worker to its parent."""

from __future__ import annotations

import mmap
import os
from dataclasses import replace
from multiprocessing.reduction import ForkingPickler, recv_handle, send_handle
from typing import TYPE_CHECKING

from exosuit_cli.shards.shard import ShardResult
from exosuit_cli.shards.totals import WorkerTotals

if TYPE_CHECKING:
    from multiprocessing.connection import Connection

    from exosuit_cli.model.spans import StageClock

MAPPED_BYTES = 64 << 10
"""From so many rendered bytes on, mapping memory costs the receiver less than reading a pipe."""


def send_result(connection: Connection, result: ShardResult, clock: StageClock) -> None:
    """Send a result. Many rendered bytes go as memory that the receiver maps: a pipe would copy them three times.

    See memfd_create(2). Making the message is a step of `clock`, and what the pipe makes this process wait is another.
    """
    chunks = result.chunks
    if chunks is None or len(chunks.rendered) < MAPPED_BYTES:
        _send(connection, result, clock)
        return
    try:
        descriptor = _in_memory(chunks.rendered)
    except OSError:  # no memory, no descriptor, or a limit on files: then it goes through the pipe
        _send(connection, result, clock)
        return
    try:
        _send(connection, replace(result, chunks=replace(chunks, rendered=b"")), clock)
        send_handle(connection, descriptor, None)
    finally:
        os.close(descriptor)


def _send(connection: Connection, result: ShardResult, clock: StageClock) -> None:
    """What `Connection.send` does."""
    message = ForkingPickler.dumps(result)
    clock.step("result", bytes_out=len(message))
    connection.send_bytes(message)
    clock.step("output wait")


def complete_result(connection: Connection, result: ShardResult) -> ShardResult:
    """A received result with the memory that follows it. Raises EOFError and OSError where the sender has died."""
    chunks = result.chunks
    if chunks is None or chunks.rendered or not chunks.sizes.any():
        return result
    try:
        descriptor = recv_handle(connection)
    except RuntimeError as error:  # the sender died between the two messages
        raise EOFError from error
    try:
        rendered = mmap.mmap(descriptor, int(chunks.sizes.sum()), prot=mmap.PROT_READ)
    finally:
        os.close(descriptor)
    return replace(result, chunks=replace(chunks, rendered=rendered))


def _in_memory(content: bytes | mmap.mmap) -> int:
    """A descriptor of memory that holds the content. Raises OSError."""
    descriptor = os.memfd_create("exosuit-chunks")
    try:
        left = memoryview(content)
        while left:
            left = left[os.write(descriptor, left) :]
    except BaseException:
        os.close(descriptor)
        raise
    return descriptor


def receive_totals(connection: Connection) -> WorkerTotals:
    """Wait for the totals of a worker that was asked to finish. Raises EOFError and OSError where it has died."""
    while not isinstance(message := connection.recv(), WorkerTotals):
        if isinstance(message, ShardResult):
            complete_result(connection, message)
    return message
