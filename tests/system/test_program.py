"""A process that is started as a program of its own, with one descriptor."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from exosuit_cli.system.program import start_program

if TYPE_CHECKING:
    from pathlib import Path

    import pytest

MODULE = """
import os, sys
def main(descriptor):
    text = sys.stdin.read()
    print("to stdout")
    others = [each for each in range(3, 64) if each != descriptor and os.path.exists(f"/proc/self/fd/{each}")]
    os.write(descriptor, repr((text, len(others) <= 1, os.getsid(0) == os.getpid())).encode())
"""


def _run(descriptor: int, **options: bool) -> None:
    assert start_program("module_of_a_program", descriptor, **options).wait() == 0


def test_it_looks_for_modules_as_this_process_does_and_inherits_one_descriptor(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "module_of_a_program.py").write_text(MODULE)
    monkeypatch.syspath_prepend(str(tmp_path))
    ours, theirs = os.pipe()
    kept = os.dup(ours)
    os.set_inheritable(kept, True)  # what others left open is not passed on
    try:
        _run(theirs)
        assert os.read(ours, 100) == b"('', True, False)"
        assert capfd.readouterr().out == "to stdout\n"
        _run(theirs, is_silent=True, own_session=True)
        assert os.read(ours, 100) == b"('', True, True)"
        assert capfd.readouterr().out == ""
    finally:
        for each in (ours, theirs, kept):
            os.close(each)
