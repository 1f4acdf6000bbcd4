"""The process that reads the contexts, the watch that spares it work, and the server without its SDK."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import pytest
from trees import write

from exosuit_cli.commands.kept_context import KeptContext
from exosuit_cli.commands.query_request import SearchPlace
from exosuit_cli.model.errors import UsageError
from exosuit_cli.serve.link import EngineEnded, EngineLink, EngineProcess
from exosuit_cli.serve.messages import Call, Failure, Reply
from exosuit_cli.serve.watch import Watch

if TYPE_CHECKING:
    from pathlib import Path

    from exosuit_cli.serve.messages import Step

MANY = {f"part{n % 7}/file{n}.py": f"def name_{n}(value):\n    return value + {n}\n".encode() for n in range(250)}


def test_a_cancelled_call_ends_and_a_killed_process_is_replaced(tmp_path: Path) -> None:
    write(tmp_path, MANY)
    call = Call("search", (str(tmp_path),), None, None, {"query": "name_77", "budget": 400, "top": 3})

    async def work() -> None:
        process = EngineProcess()
        link = EngineLink(process)
        begun = asyncio.Event()

        async def note(_: Step) -> None:
            begun.set()

        try:
            first = asyncio.create_task(link.ask(call, note))
            waiting = asyncio.create_task(link.ask(call, note))
            await asyncio.wait_for(begun.wait(), 60)
            waiting.cancel()
            first.cancel()
            done: Any = await asyncio.gather(first, waiting, return_exceptions=True)
            assert all(isinstance(each, asyncio.CancelledError) for each in done)
            answer = await link.ask(call, note)
            assert isinstance(answer, Reply)
            assert "name_77" in answer.text
            os.kill(process.pid, signal.SIGKILL)
            with pytest.raises(EngineEnded):
                await link.ask(call, note)
            again = await link.ask(call, note)
            assert isinstance(again, Reply)
            assert again.text == answer.text
            unknown = await link.ask(Call("status", (), "no-such-context", None), note)
            assert isinstance(unknown, Failure)
            assert "no context" in unknown.message
        finally:
            link.end()

    asyncio.run(asyncio.wait_for(work(), 120))


def test_a_context_is_of_its_own_roots_alone(tmp_path: Path) -> None:
    write(tmp_path, {"in/a.py": b"a = 1\n", "beside/b.py": b"b = 1\n"})
    whole = KeptContext(SearchPlace((str(tmp_path),)))
    whole.fresh()
    name = whole.fresh().context.name
    inner = KeptContext(SearchPlace((str(tmp_path / "in"),)))
    found = inner.fresh()
    assert found.context.name != name
    assert [each.path for each in found.context.files()] == [b"a.py"]
    with pytest.raises(UsageError, match="has other sources than the given paths"):
        KeptContext(SearchPlace((str(tmp_path / "in"),), context=name)).fresh()
    for each in (whole, inner):
        each.close()


def test_the_watch_reports_changes_and_only_then(tmp_path: Path) -> None:
    write(tmp_path / "tree", {"a/b.py": b"1\n", ".git/index": b"", ".git/HEAD": b"", "c.py": b"2\n"})
    watch = Watch([os.fsencode(tmp_path / "tree")])
    if not watch.is_whole:
        pytest.skip("the system gives no inotify watches")
    assert watch.has_changed()
    assert not watch.has_changed()
    (tmp_path / "other").write_bytes(b"")
    (tmp_path / "tree/.git/HEAD").write_bytes(b"1")
    assert not watch.has_changed()

    def changes(change: Any) -> None:
        change()
        assert watch.has_changed()
        assert not watch.has_changed()

    changes(lambda: (tmp_path / "tree/a/b.py").write_bytes(b"3\n"))
    changes(lambda: (tmp_path / "tree/a/new").mkdir())
    changes(lambda: (tmp_path / "tree/a/new/x.py").write_bytes(b"4\n"))
    changes(lambda: (tmp_path / "tree/a").rename(tmp_path / "tree/moved"))
    changes(lambda: (tmp_path / "tree/moved/new/x.py").write_bytes(b"5\n"))
    changes(lambda: (tmp_path / "tree/c.py").chmod(0o755))
    changes(lambda: (tmp_path / "tree/c.py").unlink())
    changes(lambda: (tmp_path / "tree/.git/index").write_bytes(b"6"))
    watch.suspect()
    assert watch.has_changed()
    watch.close()
    assert watch.has_changed()


def test_without_the_sdk_the_extra_is_named() -> None:
    code = (
        "import sys; sys.modules['mcp'] = None; sys.argv = ['exosuit', 'mcp', '.'];"
        "from exosuit_cli.cli import main; main()"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60)
    assert done.returncode == 6
    assert done.stdout == ""
    assert "pip install 'exosuit-cli[mcp]'" in done.stderr
    assert len(done.stderr.splitlines()) == 1
