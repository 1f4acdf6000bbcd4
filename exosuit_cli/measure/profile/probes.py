"""How fast this machine is at the plain operations that stages consist of: one processor, under a second together."""

from __future__ import annotations

import os
import time
from typing import TYPE_CHECKING, Final

import numpy as np

from exosuit_cli.model.digests import DIGESTS
from exosuit_cli.tokens.encodings import vocabulary_path

if TYPE_CHECKING:
    from collections.abc import Callable

    from exosuit_cli.model.protocols import TokenCounter

_SECONDS: Final = 0.05
"""Of each probe; the best of its rounds counts."""
_COPIED_BYTES: Final = 32 << 20
_HASHED_BYTES: Final = 1 << 20
_TEXT_BYTES: Final = 256 << 10


def peak_rates(algorithm: str, encoding: str | None) -> dict[str, float]:
    """Bytes a second by stage, of those stages that have a plain operation.

    read: a file that is in the page cache, into memory that is used again. hash: this digest over 1 MiB. tokens: this
    package's own source, whose words the counter has met. store, render, receive: a copy in memory.
    """
    copied = _memory_copy()
    rates = {"read": _page_cache_read(), "hash": _digest(algorithm), "store": copied, "render": copied}
    if encoding is not None:
        from exosuit_cli.tokens import load_counter

        rates["tokens"] = _encode(load_counter(encoding))
    return rates


def _best(work: Callable[[], int]) -> float:
    """The highest rate of some rounds; `work` returns the bytes of one."""
    work()
    best = 0.0
    until = time.perf_counter() + _SECONDS
    while True:
        began = time.perf_counter()
        done = work()
        ended = time.perf_counter()
        best = max(best, done / max(ended - began, 1e-9))
        if ended >= until:
            return best


def _memory_copy() -> float:
    source, target = np.ones(_COPIED_BYTES, np.uint8), np.ones(_COPIED_BYTES, np.uint8)

    def copy() -> int:
        target[:] = source
        return _COPIED_BYTES

    return _best(copy)


def _page_cache_read() -> float:
    from exosuit_cli.model.encodings import find_encoding

    buffer = bytearray(_HASHED_BYTES)
    descriptor = os.open(vocabulary_path(find_encoding("o200k_base")), os.O_RDONLY | os.O_CLOEXEC)

    def read() -> int:
        return os.preadv(descriptor, [buffer], 0)

    try:
        return _best(read)
    finally:
        os.close(descriptor)


def _digest(algorithm: str) -> float:
    digest = DIGESTS[algorithm].load_function()
    data = memoryview(bytes(_HASHED_BYTES))

    def hash_once() -> int:
        digest(data)
        return len(data)

    return _best(hash_once)


def _encode(counter: TokenCounter) -> float:
    text = _own_source()

    def encode() -> int:
        counter.count(text)
        return len(text)

    return _best(encode)


def _own_source() -> bytes:
    folder = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
    parts: list[bytes] = []
    for directory, _, names in os.walk(os.path.dirname(folder)):
        for name in sorted(names):
            if name.endswith(".py"):
                with open(os.path.join(directory, name), "rb") as file:
                    parts.append(file.read())
        if sum(map(len, parts)) >= _TEXT_BYTES:
            break
    return b"".join(parts)[:_TEXT_BYTES]
