"""Every kernel compiles for every card, without a warning and without registers spilled to memory; needs no card."""

from __future__ import annotations

import re

import pytest
from cupy.cuda import nvrtc

from exosuit_cli.kernels.cuda import COMPILE_OPTIONS
from exosuit_cli.kernels.sources import MODULES, module_source

ARCHITECTURES = ("sm_75", "sm_80", "sm_86", "sm_89", "sm_90", "sm_100", "sm_120")
OWN_OPTIONS = ("-ftz=true", "--device-as-default-execution-space")
"""What CuPy adds by itself."""


def compiled(source: str, name: str, architecture: str) -> tuple[bytes, str]:
    """The machine code, and all that the compiler and the assembler said."""
    program = nvrtc.createProgram(source, name, (), ())
    options = (*COMPILE_OPTIONS, *OWN_OPTIONS, f"-arch={architecture}", "--ptxas-options=-v")
    try:
        nvrtc.compileProgram(program, options)
        return nvrtc.getCUBIN(program), nvrtc.getProgramLog(program)
    except nvrtc.NVRTCError as error:
        raise AssertionError(nvrtc.getProgramLog(program)) from error
    finally:
        nvrtc.destroyProgram(program)


def stays_in_registers(kernel: str, messages: str) -> bool:
    found = re.search(rf"Function properties for {kernel}\n(.*)\n", messages)
    assert found, messages
    return bool(re.search(r"(?<!\d)0 bytes stack frame, 0 bytes spill stores, 0 bytes spill loads", found[1]))


@pytest.mark.parametrize("architecture", ARCHITECTURES)
@pytest.mark.parametrize("module", MODULES)
def test_compiles(module: str, architecture: str) -> None:
    code, messages = compiled(module_source(module), module, architecture)
    assert code.startswith(b"\x7fELF")
    assert "warning" not in messages.lower(), messages
    assert [kernel for kernel in MODULES[module] if not stays_in_registers(kernel, messages)] == []


def test_a_spill_and_a_warning_would_show() -> None:
    """What the test above looks for is there when there is something to find."""
    source = module_source("blake3.cu")
    narrow = source.replace("__launch_bounds__(CHUNK_THREADS, 8)", "__launch_bounds__(CHUNK_THREADS, 16)")
    assert narrow != source
    _, messages = compiled(narrow + "\n__device__ int never(int a) { int unused; return a; }\n", "blake3.cu", "sm_90")
    assert not stays_in_registers("blake3_chunks", messages)
    assert stays_in_registers("blake3_parents", messages)
    assert "warning" in messages


def test_an_error_names_the_file_and_its_line() -> None:
    source = module_source("lines.cu")
    line = next(i for i, text in enumerate(source.split("#line 1")[2].splitlines()) if "__ballot_sync" in text)
    with pytest.raises(AssertionError, match=rf"lines\.cu\({line}\): error"):
        compiled(source.replace("__ballot_sync", "__ballot_sink", 1), "lines.cu", "sm_90")
