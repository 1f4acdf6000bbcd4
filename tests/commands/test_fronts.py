"""The commands as another front than the shell calls them."""

from __future__ import annotations

import contextlib
import io
import json
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from exosuit_cli.commands.chunk import OpenOutput, run_chunk
from exosuit_cli.commands.chunk_request import chunk_request
from exosuit_cli.commands.chunk_text import run_text
from exosuit_cli.commands.config import show_settings
from exosuit_cli.commands.requests import scan_request
from exosuit_cli.commands.scan import run_scan
from exosuit_cli.model.errors import ExitCode, OutputError, UsageError
from exosuit_cli.report.chunk.jsonl import JsonlRenderer, JsonlSink
from exosuit_cli.system.stop import StopRequest

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from contextlib import AbstractContextManager
    from pathlib import Path

    from exosuit_cli.ingest import ScanResult


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    root = tmp_path / "tree"
    root.mkdir()
    (root / "a.py").write_text("a = 1\n")
    (root / "b.txt").write_text("b\n")
    return root


def opener(file: io.BytesIO) -> Callable[[], AbstractContextManager[OpenOutput]]:
    @contextlib.contextmanager
    def open_output() -> Iterator[OpenOutput]:
        lines = JsonlRenderer(with_text=True)
        yield OpenOutput(lines, JsonlSink(file, lines))

    return open_output


def test_a_scan_is_a_request_and_an_outcome(tree: Path) -> None:
    request = scan_request([str(tree)], {"hash": "xxh3", "tokens": False, "include": ("*.py",), "strict": True})
    stop = StopRequest()
    outcome = run_scan(request, stop=stop)
    assert (outcome.result.paths, outcome.result.hash, outcome.result.encoding) == ([b"a.py"], "xxh3", None)
    assert (outcome.warnings, outcome.failure, outcome.ending(stop).exit_code) == ((), None, ExitCode.SUCCESS)
    (tree / ".gitignore").write_text("[unclosed\n")
    outcome = run_scan(request, stop=stop)
    assert ".gitignore:1" in outcome.warnings[0]
    ending = outcome.ending(stop)
    assert (ending.exit_code, len(ending.errors)) == (ExitCode.CHECK_FAILED, 1)


def test_names_are_read_when_they_are_wanted(tree: Path) -> None:
    request = scan_request([str(tree)], {}, names=iter([b"b.txt", b"gone"]))
    stop = StopRequest()
    outcome = run_scan(request, stop=stop)
    assert outcome.result.paths == [b"b.txt"]
    assert outcome.ending(stop).exit_code is ExitCode.UNREADABLE_PATHS
    with pytest.raises(UsageError, match="one PATH"):
        run_scan(scan_request(["a", "b"], {}, names=iter([b"c"])), stop=stop)


def test_a_manifest_that_fails_leaves_the_result(tree: Path) -> None:
    def refuse(path: str, result: ScanResult) -> int:
        raise OutputError(f"{path} of {len(result.paths)}")

    outcome = run_scan(scan_request([str(tree)], {"manifest": "m.jsonl"}), stop=StopRequest(), write_manifest=refuse)
    assert len(outcome.result.paths) == 2
    assert str(outcome.failure) == "m.jsonl of 2"


def test_options_that_contradict_each_other_are_refused() -> None:
    with pytest.raises(UsageError, match="--verify"):
        scan_request(["."], {"verify": True, "index": False})
    for given in ({"max_tokens": 15}, {"min_tokens": -1}, {"boundaries": "words"}, {"hash": "md5"}):
        with pytest.raises(UsageError, match=next(iter(given))):
            chunk_request(["."], given)


def test_chunks_go_where_the_front_takes_them(tree: Path) -> None:
    file = io.BytesIO()
    outcome = run_chunk(chunk_request([str(tree)], {"max_tokens": 16}), opener(file), stop=StopRequest())
    assert [json.loads(line)["path"] for line in file.getvalue().splitlines()] == ["a.py", "b.txt"]
    assert outcome.ending.exit_code is ExitCode.SUCCESS
    text = io.BytesIO()
    cut = run_text(chunk_request([], {"max_tokens": 16}), "a.py", io.BytesIO(b"a = 1\n"), opener(text))
    assert text.getvalue() == file.getvalue().splitlines(keepends=True)[0]
    assert cut.ending.exit_code is ExitCode.SUCCESS
    cut = run_text(chunk_request([], {"strict": True}), "empty", io.BytesIO(), opener(io.BytesIO()))
    assert (cut.warnings, cut.ending.exit_code) == (("nothing to cut: empty is empty",), ExitCode.CHECK_FAILED)


def test_settings_are_rows() -> None:
    assert {row.key for row in show_settings()} > {"scan.top", "current_phase"}


def test_no_command_needs_the_command_line(tree: Path) -> None:
    code = (
        "import sys; from exosuit_cli.commands.requests import scan_request;"
        "from exosuit_cli.commands.scan import run_scan; from exosuit_cli.commands import chunk, chunk_text, config;"
        "from exosuit_cli.system.stop import StopRequest;"
        "run_scan(scan_request(sys.argv[1:], {}), stop=StopRequest());"
        "print([name for name in sys.modules if name in ('typer', 'rich', 'exosuit_cli.cli', 'exosuit_cli.report')])"
    )
    done = subprocess.run([sys.executable, "-c", code, tree], capture_output=True, check=True, timeout=120)
    assert done.stdout == b"[]\n"
