"""A device queue over numpy buffers: the kernels' own source, compiled for the CPU.

It is as strict as a device is not: a buffer is as large as was asked for and full of garbage, what is written before it
is found, what is read behind it is fatal, and so is an argument of a wrong size or a launch that a card would refuse.
"""

from __future__ import annotations

import ctypes
import mmap
import shutil
import subprocess
import sys
from collections import deque
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from built import once

from exosuit_cli.kernels.device import At, DeviceBuffer, DeviceOutOfMemory
from exosuit_cli.kernels.sources import KERNELS, MODULES, module_source

if TYPE_CHECKING:
    from collections.abc import Callable

    import numpy.typing as npt

HEADER = Path(__file__).with_name("emulated.h")
GARBAGE = 0x7B  # an opening brace: what is taken for data changes depths
ALIGNMENT = 16  # the widest read of any kernel

_LIBC = ctypes.CDLL(None, use_errno=True)
_PROT_NONE = 0


def compiler() -> list[str]:
    """The system's C++ compiler, or the one that the ziglang package brings."""
    found = shutil.which("c++") or shutil.which("g++") or shutil.which("clang++")
    return [found] if found else [sys.executable, "-m", "ziglang", "cc"]


def build(folder: Path, *flags: str, command: list[str] | None = None) -> dict[str, ctypes.CDLL]:
    """Compile every module into `folder`; the libraries by module."""
    running = [
        (module, _start(folder, module, module_source(module), kernels, command or compiler(), flags))
        for module, kernels in MODULES.items()
    ]
    return {module: _finish(folder, module, process) for module, process in running}


def built_libraries() -> Path:
    """The folder of every module, compiled once a run."""
    return once("emulated-kernels", build)


def load(folder: Path) -> dict[str, ctypes.CDLL]:
    """The libraries that `build` left in `folder`, by module."""
    return {module: ctypes.CDLL(str(folder / f"{module}.so")) for module in MODULES}


def build_one(folder: Path, source: str, *kernels: str) -> ctypes.CDLL:
    """Compile a text of its own."""
    return _finish(folder, "one.cu", _start(folder, "one.cu", source, kernels, compiler(), ()))


def _start(
    folder: Path, module: str, text: str, kernels: tuple[str, ...], command: list[str], flags: tuple[str, ...]
) -> subprocess.Popen[str]:
    source = folder / f"{module}.cpp"
    exports = "\n".join(f"EMULATED({kernel})" for kernel in kernels)
    source.write_text(f'#include "{HEADER}"\n{text}\n{exports}\n')
    options = ["-x", "c++", "-std=c++20", "-O1", "-fPIC", "-shared", "-fno-strict-aliasing", "-U_FORTIFY_SOURCE"]
    options += ["-Wall", "-Werror", "-Wno-unknown-pragmas", "-Wno-unused-function", *flags]
    full = [*command, *options, str(source), "-o", str(folder / f"{module}.so")]
    return subprocess.Popen(full, stderr=subprocess.PIPE, text=True)


def _finish(folder: Path, module: str, process: subprocess.Popen[str]) -> ctypes.CDLL:
    _, messages = process.communicate()
    assert process.returncode == 0, messages
    return ctypes.CDLL(str(folder / f"{module}.so"))


class EmulatedBuffer:
    """Bytes that end, to 16, where memory ends that may be read: a read behind them is a segmentation fault."""

    def __init__(self, name: str, nbytes: int) -> None:
        self.name, self.nbytes = name, nbytes
        pages = -(-(nbytes + ALIGNMENT) // mmap.PAGESIZE)
        self._whole = np.frombuffer(mmap.mmap(-1, (pages + 1) * mmap.PAGESIZE), np.uint8)
        end = pages * mmap.PAGESIZE
        assert _LIBC.mprotect(ctypes.c_void_p(self._whole.ctypes.data + end), mmap.PAGESIZE, _PROT_NONE) == 0
        start = end - -(-nbytes // ALIGNMENT) * ALIGNMENT
        self.bytes = self._whole[start : start + nbytes]
        self.bytes[:] = GARBAGE
        self._around = self._whole[:start], self._whole[start + nbytes : end]

    @property
    def address(self) -> int:
        return int(self.bytes.ctypes.data)

    def check(self) -> None:
        assert not any(part.any() for part in self._around), f"written outside the buffer {self.name!r}"


class EmulatedQueue:
    """One queue; every call is done when it returns, but results show at `wait` and `synchronize` only."""

    device = "emulated:0"

    def __init__(
        self, libraries: dict[str, ctypes.CDLL], budget: int = 1 << 40, kernels: dict[str, str] | None = None
    ) -> None:
        self._functions: dict[str, Any] = {}
        for kernel, module in (KERNELS if kernels is None else kernels).items():
            function = getattr(libraries[module], f"emulated_{kernel}")
            function.restype = ctypes.c_char_p
            self._functions[kernel] = function
        self._budget = budget
        self._buffers: dict[str, EmulatedBuffer] = {}
        self._downloads: deque[tuple[npt.NDArray[np.uint8], npt.NDArray[Any]]] = deque()
        self._downloaded = 0
        self.launched: list[str] = []
        self.uploaded_bytes = 0

    def buffer(self, name: str, nbytes: int) -> EmulatedBuffer:
        self._check()
        self._buffers.pop(name, None)
        held = sum(buffer.nbytes for buffer in self._buffers.values())
        if held + nbytes > self._budget:
            raise DeviceOutOfMemory(f"{self.device}: no room for {nbytes} bytes more beside {held}")
        self._buffers[name] = EmulatedBuffer(name, nbytes)
        return self._buffers[name]

    def upload(self, target: DeviceBuffer | At, array: npt.NDArray[Any]) -> None:
        assert array.flags.c_contiguous
        _bytes(target, array.nbytes)[:] = array.reshape(-1).view(np.uint8)
        self.uploaded_bytes += array.nbytes

    def copy_in(self, target: DeviceBuffer | At, array: npt.NDArray[Any]) -> None:
        self.upload(target, array)

    def repeat(self, name: str, launches: Callable[[], None]) -> None:
        launches()

    def zero(self, place: DeviceBuffer | At, nbytes: int) -> None:
        _bytes(place, nbytes)[:] = 0

    def launch(self, kernel: str, blocks: int, threads: int, *arguments: DeviceBuffer | At | np.generic[Any]) -> None:
        held = [
            np.array([_address(argument)], np.uint64) if not isinstance(argument, np.generic) else np.array([argument])
            for argument in arguments
        ]
        pointers = (ctypes.c_void_p * len(held))(*(value.ctypes.data for value in held))
        sizes = (ctypes.c_uint * len(held))(*(value.itemsize for value in held))
        failure = self._functions[kernel](blocks, threads, pointers, sizes, len(held))
        assert failure is None, f"{kernel}: {failure.decode()}"
        self._check()
        self.launched.append(kernel)

    def download(self, place: DeviceBuffer | At, target: npt.NDArray[Any]) -> None:
        assert target.flags.c_contiguous
        self._downloads.append((_bytes(place, target.nbytes).copy(), target))

    def host_array(self, name: str, dtype: npt.DTypeLike, count: int) -> npt.NDArray[Any]:
        array = np.empty(count, dtype)
        array.view(np.uint8)[:] = GARBAGE
        return array

    def mark(self, name: str = "") -> int:
        return self._downloaded + len(self._downloads)

    def wait(self, mark: object) -> None:
        assert isinstance(mark, int)
        while self._downloaded < mark:
            content, target = self._downloads.popleft()
            target.reshape(-1).view(np.uint8)[:] = content
            self._downloaded += 1

    def synchronize(self) -> None:
        self.wait(self.mark())

    def release(self) -> None:
        self._check()
        self._buffers.clear()

    def elapsed(self, start: object, end: object) -> float:
        return 0.0

    def _check(self) -> None:
        for buffer in self._buffers.values():
            buffer.check()


def _bytes(place: DeviceBuffer | At, nbytes: int) -> npt.NDArray[np.uint8]:
    buffer, offset = (place.buffer, place.offset) if isinstance(place, At) else (place, 0)
    assert isinstance(buffer, EmulatedBuffer)
    assert offset + nbytes <= buffer.nbytes, f"{nbytes} bytes at {offset} of the buffer {buffer.name!r}"
    return buffer.bytes[offset : offset + nbytes]


def _address(place: DeviceBuffer | At) -> int:
    buffer, offset = (place.buffer, place.offset) if isinstance(place, At) else (place, 0)
    assert isinstance(buffer, EmulatedBuffer)
    assert offset <= buffer.nbytes
    return buffer.address + offset
