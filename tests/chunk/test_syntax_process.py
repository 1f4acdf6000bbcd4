"""The process that parses: whatever a text does to it, the program that cuts goes on."""

from __future__ import annotations

import itertools
import os
import signal
import subprocess
import sys
import time

import pytest

from exosuit_cli.chunk import ChunkOptions, chunk_text
from exosuit_cli.syntax import process as syntax_process
from exosuit_cli.syntax.grammars import GRAMMARS, load_grammar
from exosuit_cli.syntax.no_syntax import NoSyntax
from exosuit_cli.syntax.process import in_process
from exosuit_cli.syntax.tree import SyntaxTree

AST = ChunkOptions(boundaries="ast")


def _is_alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


def _wait_for_end(pid: int) -> None:
    deadline = time.monotonic() + 20
    while _is_alive(pid):
        assert time.monotonic() < deadline
        time.sleep(0.01)


def test_what_once_ended_the_program_or_took_gigabytes_does_not() -> None:
    for language, text, reason in (
        ("Scala", "漢字" * 700, None),
        ("Scala", "a" * 1010 + "\U0001f600" * 300, None),
        ("Lua", "[[漢漢漢\n" * 200, "does not parse cleanly"),
        ("Ruby", "[[漢漢漢\n" * 200, "does not parse cleanly"),
        ("Python", "/*\n" * 3000, "is too much for its parser"),
        ("Java", "x=>\n" * 2000, "is too much for its parser"),
        ("Python", "x = 1\n", None),
    ):
        chunks = chunk_text(text, language=language, options=AST)
        assert chunks.fallback == reason, (language, text[:9])
        assert int(chunks.ends[-1]) == len(text.encode())


def test_what_reads_from_the_start_of_each_line_is_parsed() -> None:
    text = "object Main {\n" + "  def f(x: Int): Int = {\n    x + 1\n  }\n\n" * 300 + "}\n"
    chunks = chunk_text(text, language="Scala", options=AST)
    assert chunks.fallback is None
    assert "Main" in chunks.symbols


def _load(names: list[str]) -> int:
    return sum(len(load_grammar(name).roles) > 0 for name in names)


def test_one_process_bears_all_grammars() -> None:
    """Each is loaded in a call of its own, and takes some of the address space."""
    assert all(in_process(0, _load, [name]) for name in sorted(set(GRAMMARS.values())))


class TestProcess:
    def test_it_is_one_for_many_calls_and_replaced_when_it_dies(self) -> None:
        first = in_process(0, os.getpid)
        assert in_process(0, os.getpid) == first != os.getpid()
        os.kill(first, signal.SIGKILL)
        assert in_process(0, os.getpid) != first

    def test_a_text_that_kills_it_has_no_syntax(self) -> None:
        in_process(0, os.getpid)
        with pytest.raises(NoSyntax, match="too much"):
            in_process(0, signal.raise_signal, signal.SIGSEGV)
        assert in_process(0, os.getpid)

    def test_what_it_raises_is_raised_here(self) -> None:
        with pytest.raises(NoSyntax, match="no grammar"):
            in_process(0, SyntaxTree.parse, b"", "COBOL")

    def test_memory_is_bounded_by_the_size_of_the_text(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(syntax_process, "_ROOM_BYTES", 8 << 20)
        with pytest.raises(NoSyntax, match="too much"):
            in_process(1000, bytes, 1 << 25)
        assert len(in_process(1 << 18, bytes, 1 << 25)) == 1 << 25

    def test_processor_time_is_bounded_and_known(self, monkeypatch: pytest.MonkeyPatch) -> None:
        before = syntax_process.cpu_seconds()
        in_process(0, sum, range(1_000_000))
        assert syntax_process.cpu_seconds() > before
        monkeypatch.setattr(syntax_process, "_CPU_SECONDS", 0.1)
        with pytest.raises(NoSyntax, match="too long"):
            in_process(0, sum, itertools.repeat(1))

    def test_it_holds_no_file_of_this_process(self) -> None:
        with open(__file__, "rb"):
            assert len(in_process(0, os.listdir, "/proc/self/fd")) == 5  # with the socket and the one that lists

    def test_a_forked_process_starts_its_own(self) -> None:
        ours = in_process(0, os.getpid)
        pid = os.fork()
        if pid == 0:
            other = in_process(0, os.getpid)
            syntax_process.close()
            os._exit(0 if other != ours else 1)
        assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 0
        assert in_process(0, os.getpid) == ours

    @pytest.mark.parametrize("threads", [0, 1])
    def test_it_ends_with_the_process_that_started_it(self, threads: int) -> None:
        """A process with threads starts a program, another one forks."""
        program = (
            "import os, signal, threading\nfrom exosuit_cli.syntax.process import in_process\n"
            f"for _ in range({threads}): threading.Thread(target=signal.pause, daemon=True).start()\n"
            "print(in_process(0, os.getpid), flush=True)\nos.kill(os.getpid(), signal.SIGKILL)\n"
        )
        found = subprocess.run([sys.executable, "-c", program], capture_output=True, check=False)
        _wait_for_end(int(found.stdout))

    def test_cutting_by_structure_starts_none(self) -> None:
        syntax_process.close()
        chunk_text("x = 1\n", language="Python")
        assert syntax_process.pids() == []
