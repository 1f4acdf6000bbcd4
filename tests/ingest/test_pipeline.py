"""The scan as a whole: one result, whoever did the work and however it was cut up."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
import psutil
import pygments
import pytest
import xxhash
from blake3 import blake3
from trees import plain, write

from exosuit_cli.config.options import WalkOptions
from exosuit_cli.ingest import Progress, ScanOptions, ScanResult, scan, scan_names
from exosuit_cli.model.errors import ResourceMissing, UsageError
from exosuit_cli.model.records import Outcome
from exosuit_cli.report.scan.records import records
from exosuit_cli.system.processors import usable_processors
from exosuit_cli.system.stop import StopRequest

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from exosuit_cli.model.protocols import TokenCounter

PLAIN = ScanOptions(encoding=None, use_index=False)
ALL = replace(PLAIN, walk=WalkOptions(ignore=False))


@pytest.fixture(scope="module")
def real_tree(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two installed distributions, with duplicates, hard links, skips, and one file that needs a few slabs."""
    base = tmp_path_factory.mktemp("real") / "tree"
    shutil.copytree(os.path.dirname(pygments.__file__), base / "pygments")
    shutil.copytree(os.path.join(os.path.dirname(np.__file__), "random"), base / "random")
    write(base, {".gitignore": b"*.pyc\n*.so\n!lib/\n", "large.txt": b"many words on a line\n" * 150_000, "empty": b""})
    shutil.copy(base / "pygments" / "lexer.py", base / "copy.py")
    os.link(base / "pygments" / "token.py", base / "random" / "linked without a name")
    os.link(base / "pygments" / "token.py", base / "linked.pl")
    (base / "link").symlink_to("random")
    os.mkfifo(base / "fifo")
    return base


@pytest.fixture(scope="module")
def many(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """More files than are worth a pool of workers, small ones."""
    base = tmp_path_factory.mktemp("many")
    for directory in range(21):
        (base / f"d{directory}").mkdir()
        for number in range(100):
            (base / f"d{directory}" / f"{number}.txt").write_text(f"file {number} of {directory}\n" * (number % 7))
    return base


def facts(result: ScanResult) -> dict[str, Any]:
    """All that a result says of the tree."""
    return {
        "records": list(records(result, times=True)),
        "rows": plain(result.rows),
        "skipped": result.skipped,
        "directories": result.directories,
        "tree_digest": result.tree_digest,
        "totals": result.totals,
        "problems": result.problems,
        "warnings": result.warnings,
    }


@pytest.fixture(scope="module")
def expected(real_tree: Path) -> dict[str, Any]:
    return facts(scan(real_tree, ScanOptions(use_index=False, workers=1)))


@pytest.mark.parametrize("batch_files", [1, 7, 10**6])
@pytest.mark.parametrize("workers", [1, 3])
def test_workers_and_batches_decide_nothing(real_tree: Path, workers: int, batch_files: int) -> None:
    result = scan(real_tree, replace(PLAIN, workers=workers, batch_files=batch_files))
    assert facts(result) == facts(scan(real_tree, PLAIN))
    assert result.throughput.workers == workers
    assert result.throughput.worker_deaths == 0


@pytest.mark.parametrize("slab_bytes", [1 << 13, 100_001, 1 << 24])
def test_slabs_decide_nothing(real_tree: Path, expected: dict[str, Any], slab_bytes: int) -> None:
    assert facts(scan(real_tree, ScanOptions(use_index=False, slab_bytes=slab_bytes))) == expected


PROGRAM = """
import json, sys, threading
from exosuit_cli.ingest import ScanOptions, scan
from exosuit_cli.system.forked import start_method
from exosuit_cli.report.scan.records import records
{before}
result = scan(sys.argv[1], ScanOptions(use_index=False, workers={workers}, batch_files=30, encoding={encoding!r}))
print(json.dumps([{method}, result.throughput.workers, result.throughput.worker_deaths, result.tree_digest]))
print(json.dumps(list(records(result, times=True))))
"""
THREAD = "threading.Thread(target=threading.Event().wait, daemon=True).start()"


def run_program(arguments: list[str], text: str | None = None, **options: Any) -> list[Any]:
    """What a Python program printed, line by line as JSON; nothing else may be printed."""
    environment = {**os.environ, "OPENBLAS_NUM_THREADS": "1"}
    done = subprocess.run(
        [sys.executable, "-W", "error", *arguments],
        input=text,
        capture_output=True,
        text=True,
        env=environment,
        timeout=100,
        **options,
    )
    assert (done.returncode, done.stderr) == (0, "")
    return [json.loads(line) for line in done.stdout.splitlines()]


@pytest.mark.parametrize("encoding", ["o200k_base", None])
@pytest.mark.parametrize(("method", "before"), [("fork", ""), ("spawn", THREAD)], ids=["fork", "spawn"])
def test_the_start_method_decides_nothing(
    real_tree: Path, expected: dict[str, Any], method: str, before: str, encoding: str | None
) -> None:
    text = PROGRAM.format(before=before, workers=2, encoding=encoding, method="start_method()")
    header, found = run_program(["-c", text, str(real_tree)])
    assert header == [method, 2, 0, expected["tree_digest"]]
    uncounted = {} if encoding else {"tokens": None}
    assert found == [record | uncounted if "tokens" in record else record for record in expected["records"]]


@pytest.mark.parametrize("how", ["script", "module", "stdin", "thread"])
def test_programs_need_no_guard(many: Path, tmp_path: Path, how: str) -> None:
    """A script that scans at its top level is not run again by its workers, however they are started.

    numpy's own threads alone make them be spawned.
    """
    text = f"with open({str(tmp_path / 'runs')!r}, 'a') as runs: runs.write('run ')\n"
    text += PROGRAM.format(before=THREAD, workers=0, encoding=None, method="None")
    if how == "thread":
        text = "import threading\ndef main():\n" + "".join(f"    {line}\n" for line in text.splitlines())
        text += "\nthread = threading.Thread(target=main)\nthread.start()\nthread.join()\n"
    (tmp_path / "program.py").write_text(text)
    arguments = {"stdin": ["-"], "module": ["-m", "program"]}.get(how, ["program.py"])
    header, found = run_program([*arguments, str(many)], text if how == "stdin" else None, cwd=tmp_path)
    assert header[1:3] == [usable_processors(), 0]
    assert len(found) == 2100
    assert (tmp_path / "runs").read_text() == "run "


def test_workers_find_what_the_program_imports_from_elsewhere(many: Path, tmp_path: Path, project: Path) -> None:
    """The path of modules that a program has made for itself is that of its workers."""
    (tmp_path / "place").mkdir()
    (tmp_path / "place" / "exosuit_cli").symlink_to(project / "exosuit_cli")
    text = f"import sys\nsys.path[:] = [path for path in sys.path if path != {str(project)!r}]\n"
    text += f"sys.path.insert(0, {str(tmp_path / 'place')!r})\n"
    text += PROGRAM.format(before=THREAD, workers=2, encoding=None, method="None")
    header, found = run_program(["-c", text, str(many)], cwd=tmp_path)
    assert header[1:3] == [2, 0]
    assert len(found) == 2100


def test_several_scans_at_once(real_tree: Path, expected: dict[str, Any]) -> None:
    """From threads of one program, on one index."""
    with ThreadPoolExecutor(3) as pool:
        results = list(pool.map(lambda workers: scan(real_tree, ScanOptions(workers=workers)), [1, 2, 1]))
    for result in results:
        assert facts(result) == expected


# The result against oracles.


def naive_tree_digest(base: Path, hash_name: str = "blake3") -> str:
    """As the docstring of `tree_digest` has it, for a tree of regular files without rules."""
    paths = [os.path.relpath(os.path.join(top, name), base) for top, _, names in os.walk(base) for name in names]
    blob = b"exosuit.tree/1\0" + hash_name.encode() + b"\0"
    for path in sorted(map(os.fsencode, paths)):
        data = (base / os.fsdecode(path)).read_bytes()
        digest = blake3(data).digest() if hash_name == "blake3" else xxhash.xxh3_128(data).digest()
        mode = b"x" if (base / os.fsdecode(path)).stat().st_mode & 0o100 else b"-"
        blob += path + b"\0" + mode + digest
    return blake3(blob).hexdigest()


@pytest.mark.parametrize("hash_name", ["blake3", "xxh3"])
def test_the_tree_digest_is_what_its_definition_says(many: Path, tmp_path: Path, hash_name: str) -> None:
    write(tmp_path, {"b": b"1", "a/c": b"", "a.txt": b"2", "a-b": b"3", "a/\udcff\n": b"4", "é": b"5"})
    (tmp_path / "b").chmod(0o711)
    for base in (many, tmp_path):
        assert scan(base, replace(PLAIN, hash=hash_name)).tree_digest == naive_tree_digest(base, hash_name)


def test_the_tree_digest_of_nothing(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    assert scan(tmp_path, PLAIN).tree_digest == naive_tree_digest(tmp_path)


@pytest.mark.parametrize(
    "change",
    [
        lambda base: (base / "a").write_bytes(b"2"),
        lambda base: (base / "a").rename(base / "c"),
        lambda base: (base / "a").chmod(0o755),
        lambda base: (base / "d" / "b").rename(base / "b"),
        lambda base: (base / "d" / "b").unlink(),
        lambda base: (base / "new").touch(),
        lambda base: ((base / "a").write_bytes(b"22"), (base / "d" / "b").write_bytes(b"1")),
    ],
)
def test_every_change_of_content_changes_the_tree_digest(tmp_path: Path, change: Callable[[Path], object]) -> None:
    write(tmp_path, {"a": b"1", "d/b": b"22"})
    before = scan(tmp_path, PLAIN).tree_digest
    change(tmp_path)
    assert scan(tmp_path, PLAIN).tree_digest != before


def test_what_is_no_content_leaves_the_tree_digest(tmp_path: Path) -> None:
    write(tmp_path / "one", {"a": b"1", "d/b": b"22"})
    write(tmp_path / "two", {"d/b": b"22", "a": b"1"})
    os.utime(tmp_path / "two" / "a", ns=(0, 0))
    (tmp_path / "two" / "a").chmod(0o666)
    (tmp_path / "two" / "empty").mkdir()
    (tmp_path / "two" / "link").symlink_to("a")
    assert scan(tmp_path / "one", PLAIN).tree_digest == scan(tmp_path / "two", PLAIN).tree_digest


def test_the_ledger_is_what_find_counts(real_tree: Path) -> None:
    result = scan(real_tree, ALL)
    printed = subprocess.run(["find", real_tree, "-print0"], capture_output=True, check=True).stdout.count(b"\0")
    assert result.discovered + result.directories == printed
    assert (
        result.discovered == len(result.paths) + len(result.skips) == len(result.paths) + sum(result.skipped.values())
    )
    assert result.skipped == {"symlink": 1, "special": 1}


def test_every_file_is_described_exactly(real_tree: Path, counter: TokenCounter) -> None:
    result = scan(real_tree, ScanOptions(use_index=False, walk=WalkOptions(ignore=False)))
    assert result.paths == sorted(result.paths)
    for path, row in zip(result.paths, result.rows, strict=True):
        data = (real_tree / os.fsdecode(path)).read_bytes()
        assert bytes(row["digest"]) == blake3(data).digest()
        assert row["size"] == len(data)
        if row["kind"] == 0:
            assert row["lines"] == len(data.splitlines(keepends=True)) or b"\r" in data or b"\x0c" in data
            assert row["lines"] == data.count(b"\n") + (not data.endswith(b"\n") and data != b"")
            assert row["tokens"] == counter.count(data)
        else:
            assert b"\0" in data[:8192]
            assert (row["lines"], row["tokens"]) == (-1, -1)


def test_a_result_does_not_move_with_its_tree(real_tree: Path, tmp_path: Path) -> None:
    shutil.copytree(real_tree / "pygments", tmp_path / "elsewhere")
    one, two = scan(real_tree / "pygments", PLAIN), scan(tmp_path / "elsewhere", PLAIN)
    assert list(records(one, times=False)) == list(records(two, times=False))
    assert one.tree_digest == two.tree_digest


# Roots and names.


def test_one_file(real_tree: Path) -> None:
    result = scan(real_tree / "pygments" / "lexer.py", PLAIN)
    assert (result.paths, result.directories, result.discovered) == ([b"lexer.py"], 0, 1)
    assert result.base == os.path.realpath(os.fsencode(real_tree / "pygments"))


def test_roots_are_a_part_of_the_whole(real_tree: Path) -> None:
    whole = dict(zip(*_paths_and_rows(scan(real_tree, ALL)), strict=True))
    roots = [real_tree / "random", real_tree / "copy.py", real_tree / "random" / "lib"]
    paths, rows = _paths_and_rows(scan(roots, ALL))
    assert paths == sorted(path for path in whole if path.startswith(b"random/") or path == b"copy.py")
    assert rows == [whole[path] for path in paths]


def test_names_are_a_part_of_the_whole(real_tree: Path) -> None:
    whole = dict(zip(*_paths_and_rows(scan(real_tree, PLAIN)), strict=True))
    names = [*list(whole)[::9], b"fifo", b"link", b"gone"]
    result = scan_names(real_tree, names, PLAIN)
    paths, rows = _paths_and_rows(result)
    assert paths == sorted(list(whole)[::9])
    assert rows == [whole[path] for path in paths]
    outcomes = {skip.path: skip.outcome for skip in result.skips}
    assert outcomes == {b"fifo": Outcome.SPECIAL, b"link": Outcome.SYMLINK, b"gone": Outcome.VANISHED}
    assert result.unreadable == [skip for skip in result.skips if skip.path == b"gone"]


def _paths_and_rows(result: ScanResult) -> tuple[list[bytes], list[dict[str, Any]]]:
    return result.paths, plain(result.rows)


def test_no_names_at_all(real_tree: Path) -> None:
    result = scan_names(real_tree, [], PLAIN)
    assert (result.discovered, result.directories, result.totals.files) == (0, 0, 0)


def test_an_empty_directory(tmp_path: Path) -> None:
    result = scan(tmp_path)
    assert (result.discovered, result.directories, result.totals.tokens) == (0, 1, 0)
    assert result.warnings == []
    again = scan(tmp_path, ScanOptions(verify=True))
    assert again.verify_failures == []


def test_rules_that_hide_everything_are_named(tmp_path: Path) -> None:
    write(tmp_path, {".gitignore": b"# all\n*\n", "a": b"", "b/c": b""})
    result = scan(tmp_path, PLAIN)
    (warning,) = result.warnings
    assert ".gitignore:2" in warning
    assert "--no-ignore" in warning


# Options that cannot be carried out.


@pytest.mark.parametrize(
    "wrong",
    [
        {"hash": "md5"},
        {"hash": "xxh3_64"},
        {"encoding": "gpt2"},
        {"device": "gpu"},
        {"workers": -1},
        {"slab_bytes": 8191},
        {"batch_files": 0},
        {"max_file_size": -1},
    ],
)
def test_wrong_options_are_refused_before_any_work(tmp_path: Path, wrong: dict[str, Any]) -> None:
    """Also where there is nothing to read."""
    with pytest.raises(UsageError, match=r"known|expected|accepted"):
        scan(tmp_path, ScanOptions(**wrong))


def test_a_device_that_is_not_there_is_no_other_one(tmp_path: Path) -> None:
    with pytest.raises(ResourceMissing):
        scan(tmp_path, ScanOptions(device="cuda:0"))


# Stopping and telling.


@pytest.mark.parametrize("workers", [1, 2])
def test_a_scan_that_is_stopped_accounts_for_what_it_saw(many: Path, workers: int) -> None:
    stop = StopRequest()
    seen: list[Progress] = []

    def progress(report: Progress) -> None:
        seen.append(report)
        stop.signal = signal.SIGINT

    result = scan(many, ScanOptions(encoding=None, workers=workers, batch_files=10), stop=stop, progress=progress)
    assert result.partial == "SIGINT"
    assert result.discovered == len(result.paths) + result.skipped["not_reached"]
    assert seen[0].done <= seen[0].listed
    again = scan(many, ScanOptions(encoding=None))
    assert (again.partial, again.throughput.index_reason) == (None, "none yet"), "a part is not remembered"
    assert len(again.paths) == 2100


def test_progress_is_told_from_the_calling_thread(many: Path) -> None:
    threads, reports = set(), []

    def progress(report: Progress) -> None:
        threads.add(threading.get_ident())
        reports.append(report)

    scan(many, replace(PLAIN, workers=2, batch_files=50), progress=progress)
    assert threads == {threading.get_ident()}
    assert all(0 <= report.done <= report.listed <= 2100 for report in reports)
    assert [report.seconds for report in reports] == sorted(report.seconds for report in reports)


def test_measurements_are_there_or_say_why_not(real_tree: Path) -> None:
    for workers in (1, 2):
        result = scan(real_tree, ScanOptions(use_index=False, workers=workers))
        throughput, memory = result.throughput, result.memory
        assert throughput.wall_s > 0
        assert throughput.cpu_s > 0
        # Hard links whose names claim other languages are read for each claim; these three do.
        assert throughput.bytes_read == sum(result.rows["size"].tolist())
        assert memory.ram.peak_bytes is not None
        assert memory.ram.peak_bytes > 10 << 20
        for reading in (memory.vram, memory.shared, memory.page_cache):
            assert reading.peak_bytes is None
            assert reading.reason
        assert memory.nvme.peak_bytes == 0
        assert throughput.stages.keys() - {"large"} == {"walk", "read", "hash", "tokens", "columns", "result"}
        assert all(seconds > 0 for seconds in throughput.stages.values())
        assert sum(throughput.stages.values()) < throughput.wall_s * (throughput.workers + 1)
    assert scan(real_tree, ScanOptions(encoding=None)).memory.nvme.peak_bytes
    assert "index" in scan(real_tree, ScanOptions(encoding=None)).throughput.stages


def test_nothing_is_left_behind(many: Path) -> None:
    before, children = set(os.listdir("/proc/self/fd")), _children()
    for workers in (1, 2):
        scan(many, ScanOptions(encoding=None, workers=workers))
        scan(many, ScanOptions(encoding=None, workers=workers, verify=True))
    assert set(os.listdir("/proc/self/fd")) <= before
    assert _children() <= children


def _children() -> set[int]:
    return {child.pid for child in psutil.Process().children()}
