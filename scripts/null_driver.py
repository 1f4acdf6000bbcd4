"""A driver of a card that is not there: CuPy as exosuit calls it, every call counted and none carried out.

What is left is what the process that owns a card does itself. It finds no result: all that it copies back begins with
the number of lines that the environment's NULL_LINES says.
"""

from __future__ import annotations

import contextlib
import ctypes
import os
import sys
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

from exosuit_cli.device.driver import Card, Usage
from exosuit_cli.kernels.cuda import CudaDevice

if TYPE_CHECKING:
    from collections.abc import Iterator

LINES = int(os.environ.get("NULL_LINES", "0"))
TO_HOST = 2


class Calls:
    """How many there were."""

    count = 0


class _Null:
    """Stands for a class of CuPy."""

    ptr = 1 << 40

    def __init__(self, *_: object, **__: object) -> None:
        pass

    def __enter__(self) -> None:
        pass

    def __exit__(self, *_: object) -> None:
        pass

    def use(self) -> None:
        pass


class _Stream(_Null):
    ptr = 77

    def begin_capture(self) -> None:
        pass

    def end_capture(self) -> _Graph:
        return _Graph()

    def record(self) -> _Event:
        event = _Event()
        event.record(self)
        return event


class _Graph(_Null):
    def launch(self, stream: object) -> None:  # noqa: ARG002
        Calls.count += 1


class _Event(_Null):
    def record(self, stream: object) -> None:  # noqa: ARG002
        Calls.count += 1

    def synchronize(self) -> None:
        Calls.count += 1


class _Pool(_Null):
    def set_limit(self, size: int | None = None) -> None:
        pass

    def total_bytes(self) -> int:
        return 0

    def malloc(self, size: int) -> _Null:  # noqa: ARG002
        return _Null()

    def free_all_blocks(self) -> None:
        pass


class _Module(_Null):
    def get_function(self, name: str) -> Any:  # noqa: ARG002
        return _counted


class _Error(Exception):
    status = 0


class _Memory(_Null):
    def __init__(self, size: int) -> None:
        self.size = size


def _counted(*_: object) -> None:
    Calls.count += 1


def _copy(target: int, source: int, size: int, kind: int, stream: int) -> None:  # noqa: ARG001
    Calls.count += 1
    if kind == TO_HOST and size >= 4:
        ctypes.c_uint32.from_address(target).value = LINES


def _attributes(address: int) -> SimpleNamespace:  # noqa: ARG001
    Calls.count += 1
    return SimpleNamespace(type=1)


def _elapsed(start: object, end: object) -> float:  # noqa: ARG001
    Calls.count += 1
    return 0.0


CUPY = SimpleNamespace(
    RawModule=_Module,
    cuda=SimpleNamespace(
        Device=_Null,
        MemoryPool=_Pool,
        Stream=_Stream,
        Event=_Event,
        get_elapsed_time=_elapsed,
        memory=SimpleNamespace(OutOfMemoryError=type("OutOfMemoryError", (_Error,), {})),
        driver=SimpleNamespace(CUDADriverError=type("CUDADriverError", (_Error,), {})),
        compiler=SimpleNamespace(CompileException=type("CompileException", (_Error,), {})),
        pinned_memory=SimpleNamespace(
            PinnedMemory=_Memory, PinnedMemoryPointer=lambda memory, _: bytearray(memory.size)
        ),
        runtime=SimpleNamespace(
            CUDARuntimeError=type("CUDARuntimeError", (_Error,), {}),
            memcpyAsync=_copy,
            memsetAsync=_counted,
            pointerGetAttributes=_attributes,
            memcpyHostToDevice=1,
            memcpyDeviceToHost=TO_HOST,
        ),
    ),
)


def why_not(index: int) -> str | None:  # noqa: ARG001
    return None


def count() -> int:
    return 1


def identity(index: int) -> str | None:  # noqa: ARG001
    return None


def open_card(index: int, limit_bytes: int) -> NullCard:  # noqa: ARG001
    return NullCard(index)


class NullCard:
    """A card that does nothing."""

    def __init__(self, index: int) -> None:
        sys.modules["cupy"] = CUPY  # type: ignore[assignment]
        self._device = CudaDevice(index)
        self.card = Card(index, "none", 0, "0.0", "0", "0", "0", "0")

    def queue(self) -> Any:
        return self._device.queue(timed=True)

    @contextlib.contextmanager
    def named_range(self, name: str) -> Iterator[None]:  # noqa: ARG002
        yield

    def pin(self, memory: Any) -> None:
        pass

    def unpin(self, memory: Any) -> None:
        pass

    def give_back(self) -> None:
        pass

    def usage(self) -> Usage:
        """The calls in place of the bytes of a pool."""
        return Usage(pool_peak_bytes=Calls.count)
