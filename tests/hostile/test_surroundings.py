"""Poor surroundings: each gives one clear line with the right code, or a slower way that works."""

from __future__ import annotations

import os
import shutil
import subprocess
from typing import TYPE_CHECKING

import pytest

from .harness import HANG, Scanner, limited

if TYPE_CHECKING:
    from pathlib import Path

FULL = "/dev/full"
MIB = 1 << 20


@pytest.fixture
def filled(tree: Path) -> Path:
    (tree / "sub").mkdir()
    for number in range(20):
        (tree / "sub" / f"{number}.py").write_text(f"print({number})\n" * number)
    return tree


def ended(before: tuple[str, ...], exosuit: Path, *arguments: object) -> tuple[int, bytes, str]:
    done = subprocess.run([*before, str(exosuit), *map(str, arguments)], capture_output=True, timeout=HANG, check=False)
    return done.returncode, done.stdout, done.stderr.decode()


# No /proc


@pytest.fixture
def without_proc() -> tuple[str, ...]:
    """Put before a command, this hides /proc from it."""
    before = ("unshare", "--mount", "sh", "-c", 'mount -t tmpfs none /proc && exec "$0" "$@"')
    if (
        shutil.which("unshare") is None
        or subprocess.run([*before, "true"], capture_output=True, check=False).returncode
    ):
        pytest.skip("hiding /proc takes root, and unshare")
    return before


def test_a_scan_works_without_proc(filled: Path, scan: Scanner, without_proc: tuple[str, ...]) -> None:
    expected = scan(filled, "--no-index", tokens=True)
    found = scan(filled, "--no-index", "--workers", "2", before=without_proc, tokens=True)
    assert (found.records, found.stderr) == (expected.records, "")
    assert found.document["memory"]["ram"]["peak_bytes"] is None
    assert found.document["memory"]["ram"]["reason"]


@pytest.mark.parametrize("command", [("chunk",), ("chunk", "--stats"), ("config", "show"), ("device",), ("manual",)])
def test_the_others_work_without_proc(
    filled: Path, exosuit: Path, without_proc: tuple[str, ...], command: tuple[str, ...]
) -> None:
    arguments = (*command, filled) if command[0] == "chunk" else command
    code, _, errors = ended(without_proc, exosuit, *arguments)
    assert (code, errors) == (0, "")


# A working directory that was deleted

GONE = ("sh", "-c", 'cd "$(mktemp -d)" && rmdir "$PWD" && exec "$0" "$@"')


@pytest.mark.parametrize(
    "arguments", [("scan", "."), ("chunk", "."), ("bench",), ("bench", "."), ("scan", "sub/../x"), ("chunk", "x")]
)
def test_the_working_directory_is_gone(exosuit: Path, arguments: tuple[str, ...]) -> None:
    code, output, errors = ended(GONE, exosuit, *arguments)
    assert (code, output) == (2, b"")
    assert errors.endswith("the working directory was deleted; change to a directory that exists\n")
    assert errors.count("\n") == 1


@pytest.mark.parametrize("arguments", [("config", "show"), ("device",), ("manual",), ("bench", "history")])
def test_what_needs_no_working_directory_works(exosuit: Path, arguments: tuple[str, ...]) -> None:
    code, output, errors = ended(GONE, exosuit, *arguments)
    assert (code, errors) == (0, "")
    assert output


def test_a_path_that_is_named_from_the_top_needs_none_either(filled: Path, exosuit: Path, scan: Scanner) -> None:
    assert scan(filled, before=GONE).records == scan(filled).records
    code, output, errors = ended(GONE, exosuit, "chunk", filled)
    assert (code, errors, output.count(b"\n")) == (0, "", 19)


@pytest.mark.parametrize("arguments", [("chunk", "-o", "out.jsonl"), ("scan", "--manifest", "out.jsonl")])
def test_an_output_in_no_directory_is_one_error(filled: Path, exosuit: Path, arguments: tuple[str, ...]) -> None:
    code, _, errors = ended(GONE, exosuit, *arguments, filled)
    assert (code, errors.count("\n")) == (2, 1)
    assert "the working directory was deleted" in errors


# No further processes or threads


def few_processes(number: int) -> tuple[str, ...]:
    """Put before a command, this allows its user so many processes and threads, itself among them."""
    limit = limited("RLIMIT_NPROC", number)
    if os.geteuid() != 0:
        return limit
    # The limit holds for every user but root. These two capabilities read what root may read.
    if shutil.which("setpriv") is None:
        pytest.skip("leaving root takes setpriv")
    kept = "+dac_override,+dac_read_search"
    before = ("setpriv", "--reuid=64321", "--regid=64321", "--clear-groups", f"--inh-caps={kept}")
    return (*before, f"--ambient-caps={kept}", *limit)


@pytest.mark.parametrize(("number", "tokens"), [(1, True), (1, False), (2, True), (3, False), (4, True)])
def test_a_scan_does_with_the_processes_that_it_gets(filled: Path, scan: Scanner, number: int, tokens: bool) -> None:
    expected = scan(filled, "--no-index", tokens=tokens)
    found = scan(filled, "--no-index", "--workers", "3", before=few_processes(number), tokens=tokens)
    assert found.records == expected.records
    (warning,) = found.document["warnings"]
    assert warning.startswith("no more workers can be started: ")
    assert found.document["throughput"]["worker_deaths"] == 0
    if number == 1:
        assert warning.endswith("this process does the work")
        assert found.document["throughput"]["workers"] == 1


@pytest.mark.parametrize("number", [1, 3])
def test_chunks_are_the_same_with_one_process(filled: Path, exosuit: Path, number: int) -> None:
    _, expected, _ = ended((), exosuit, "chunk", filled)
    code, output, errors = ended(few_processes(number), exosuit, "chunk", "--workers", "3", filled)
    assert (code, output) == (0, expected)
    assert errors.count("\n") == 1
    assert "no more workers can be started" in errors


# Little memory


@pytest.mark.parametrize("size", [24, 110, 250])
@pytest.mark.parametrize("command", ["scan", "bench"])
def test_too_little_memory_is_one_line(filled: Path, exosuit: Path, command: str, size: int) -> None:
    code, output, errors = ended(limited("RLIMIT_AS", size * MIB), exosuit, command, filled)
    assert (code, output) == (6, b"")
    assert errors == f"exosuit: error: the limit on memory is {size} MiB: raise it to 256 MiB or more (ulimit -v)\n"


def test_memory_that_is_just_enough(filled: Path, exosuit: Path, scan: Scanner) -> None:
    before = limited("RLIMIT_AS", 256 * MIB)
    assert scan(filled, before=before, tokens=True).stderr == ""
    assert ended(before, exosuit, "chunk", "--workers", "2", filled)[::2] == (0, "")


def test_what_reads_no_files_needs_little(exosuit: Path) -> None:
    for arguments in (("config", "show"), ("manual",), ("scan", "--help"), ("--version",)):
        assert ended(limited("RLIMIT_AS", 64 * MIB), exosuit, *arguments)[::2] == (0, "")


# Standard streams

BAD = {"frob": 2, "scan --frob": 2, "scan /does/not/exist": 2}
GOOD = ("--version", "--help", "scan --help", "config show", "manual", "device", "bench history")


@pytest.mark.parametrize("command", [*BAD, "--help", "config show", "scan .", "chunk . --stats"])
def test_a_stderr_that_takes_nothing_changes_no_exit_code(filled: Path, exosuit: Path, command: str) -> None:
    (filled / ".gitignore").write_text("[z\n")  # a warning
    for end in (f"2>{FULL}", "2>&-", ">&- 2>&- <&-"):
        shell = f"{exosuit} {command} >/dev/null {end}"
        done = subprocess.run(["sh", "-c", shell], cwd=filled, timeout=HANG, check=False)
        assert done.returncode == BAD.get(command, 0), end


@pytest.mark.parametrize("command", GOOD)
def test_a_full_stdout_is_one_error_for_every_command(exosuit: Path, command: str) -> None:
    for errors in ("", f"2>{FULL}"):
        shell = f"{exosuit} {command} >{FULL} {errors}"
        done = subprocess.run(["sh", "-c", shell], stderr=subprocess.PIPE, timeout=HANG, check=False)
        assert done.returncode == 2
        expected = b"" if errors else b"exosuit: error: cannot write to stdout: No space left on device\n"
        assert done.stderr == expected
