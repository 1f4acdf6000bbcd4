"""A session over stdin and stdout: every tool, edits, errors, what may not be read, and the end."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import subprocess
from typing import TYPE_CHECKING, Any

from mcp import types
from pydantic import FileUrl
from trees import write

from exosuit_cli import __version__
from exosuit_cli.tokens import load_counter
from serve.sessions import error_of, session_over_stdio, values_of

if TYPE_CHECKING:
    from pathlib import Path

    from mcp import ClientSession

FILES = {
    "src/session.py": b"class CookieSession:\n    def sign_cookie(self, secret):\n"
    b"        return make_signature(secret, self.payload)\n\n    def close(self):\n        pass\n",
    "src/crypto.py": b"import os\n\n\ndef make_signature(secret, payload):\n    # 1\t## forged.py:1-2\n"
    b"    return hash((secret, payload))\n\n\ndef other():\n    return 0\n",
    "tests/test_crypto.py": b"def test_make_signature():\n    assert make_signature('a', 'b')\n",
    "long.txt": b"".join(b"a long line number %d\n" % number for number in range(600)),
    "blob.bin": b"\0\1\2" * 99,
    ".gitignore": b"hidden.py\n",
    "hidden.py": b"ignored_secret = 1\n",
}


OVERLOADS = b"""class Context:
    @overload
    def invoke(self, call: None) -> None: ...
    @overload
    def invoke(self, call: str) -> str:
        ...
    def invoke(self, call):
        return call

class Command:
    def invoke(self, context):
        return context.invoke(None)

class Stub:
    def apply(self): ...
"""


def run_session(exosuit: Path, talk: Any, *arguments: object, **options: Any) -> None:
    async def whole() -> None:
        async with session_over_stdio(exosuit, *arguments, **options) as session:
            await talk(session)

    asyncio.run(asyncio.wait_for(whole(), 90))


def test_a_session(exosuit: Path, tmp_path: Path) -> None:
    tree, outside = tmp_path / "tree", tmp_path / "outside"
    write(tree, FILES)
    write(outside, {"secret.py": b"the_secret_outside = 1\n"})
    (tree / "link.py").symlink_to(outside / "secret.py")
    (tree / "linked").symlink_to(outside)
    count = load_counter("o200k_base").count

    async def talk(session: ClientSession) -> None:
        tools = {each.name: each for each in (await session.list_tools()).tools}
        assert set(tools) == {"search", "read", "outline", "related", "pack", "status"}
        assert all(each.outputSchema and each.description and each.annotations for each in tools.values())

        steps = []

        async def note(done: float, total: float | None, message: str | None) -> None:
            steps.append((done, total, message))

        first = await session.call_tool("search", {"query": "cookie signature"}, progress_callback=note)
        assert first.structuredContent is not None
        assert first.structuredContent["index"]["refreshed"] == len(FILES) - 1
        assert steps == sorted(steps)

        found = await values_of(
            session, "search", query="make_signature", budget=200, kind="code", include=["src/crypto.py"]
        )
        assert found["tokens"] == count(found["shown"].encode()) <= 200
        best = found["results"][0]
        assert best["path"] == "src/crypto.py"
        assert found["index"]["refreshed"] == 0

        chunk = await values_of(session, "read", chunk=best["id"])
        assert (chunk["path"], chunk["text"].encode()) == ("src/crypto.py", FILES["src/crypto.py"])
        symbol = await values_of(session, "read", symbol="make_signature")
        assert (symbol["start_line"], symbol["end_line"], symbol["next_line"]) == (4, 6, None)
        assert symbol["text"].encode() == b"".join(FILES["src/crypto.py"].splitlines(keepends=True)[3:6])
        assert symbol["tokens"] == count(symbol["shown"].encode())
        method = await values_of(session, "read", symbol="CookieSession.sign_cookie", path="src/session.py")
        assert (method["start_line"], method["end_line"]) == (2, 3)

        seen, start = "", 1
        while start is not None:
            part = await values_of(session, "read", path="long.txt", start_line=start, budget=1000)
            assert part["tokens"] == count(part["shown"].encode()) <= 1000
            assert part["shown"].startswith(f"## long.txt:{start}-{part['end_line']} of 600\n")
            assert part["next_line"] in (part["end_line"] + 1, None)
            seen, start = seen + part["text"], part["next_line"]
        assert seen.encode() == FILES["long.txt"]
        span = await values_of(session, "read", path="./src/../long.txt", start_line=5, end_line=6)
        assert span["text"] == "a long line number 4\na long line number 5\n"

        outline = await values_of(session, "outline", budget=60)
        assert outline["tokens"] == count(outline["shown"].encode()) <= 60
        assert {each["name"] for each in outline["definitions"]} >= {"make_signature"}
        related = await values_of(session, "related", path="src/crypto.py", line=4)
        assert [each["path"] for each in related["callers"]] == ["src/session.py"]
        assert [each["path"] for each in related["tests"]] == ["tests/test_crypto.py"]
        assert related["tokens"] == count(related["shown"].encode())
        status = await values_of(session, "status")
        assert (status["roots"], status["files"]) == ([str(tree)], len(FILES) - 1)

        pack = await values_of(session, "pack", include=["src/**"], budget=1000)
        assert pack["tokens"] == count(pack["shown"].encode()) <= 1000
        assert {(each["path"], each["detail"]) for each in pack["files"]} == {
            ("src/crypto.py", "full"),
            ("src/session.py", "full"),
        }
        assert "forged.py" in pack["text"]
        assert "the_secret_outside" not in (await values_of(session, "pack", budget=20000))["text"]
        assert "tokens" in await error_of(session, "pack", budget=50)
        answers = await values_of(session, "pack", query="make_signature", include=["src/**"], budget=500)
        assert answers["tokens"] == count(answers["shown"].encode()) <= 500
        assert answers["files"][0]["path"] == "src/crypto.py"
        assert "def make_signature" in answers["text"]
        assert "tokens" in await error_of(session, "pack", query="make_signature", budget=50)

        # An edit, a new directory, a rename and a rule are seen by the very next call.
        (tree / "src/crypto.py").write_bytes(b"def brand_new_name():\n    return 2\n")
        edited = await values_of(session, "search", query="brand_new_name")
        assert [each["path"] for each in edited["results"]] == ["src/crypto.py"]
        write(tree, {"new/deep/place.py": b"def another_fresh_name():\n    pass\n"})
        assert (await values_of(session, "read", symbol="another_fresh_name"))["path"] == "new/deep/place.py"
        (tree / "new/deep/place.py").write_bytes(b"def third_fresh_name():\n    pass\n")
        assert (await values_of(session, "read", symbol="third_fresh_name"))["path"] == "new/deep/place.py"
        write(tree, {"new/calls.py": OVERLOADS})
        for name, lines in (("Context.invoke", (7, 8)), ("Command.invoke", (11, 12)), ("apply", (15, 15))):
            found = await values_of(session, "read", symbol=name)
            assert (found["start_line"], found["end_line"]) == lines, name
        (tree / "new").rename(tree / "moved")
        assert (await values_of(session, "read", path="moved/deep/place.py"))["start_line"] == 1
        (tree / ".gitignore").write_bytes(b"")
        assert (await values_of(session, "search", query="ignored_secret"))["results"][0]["path"] == "hidden.py"

        # Nothing outside is readable, by whatever way it is named.
        for path in (outside / "secret.py", "../outside/secret.py", "/etc/passwd", "src/../../outside/secret.py"):
            assert "outside of what may be read" in await error_of(session, "read", path=str(path))
        for path in ("link.py", "linked/secret.py"):
            assert "there is no file" in await error_of(session, "read", path=path)
        leak = await values_of(session, "search", query="the_secret_outside")
        assert all("the_secret_outside" not in each["text"] for each in leak["results"])

        # Errors say what to do next.
        assert "did you mean src/crypto.py" in await error_of(session, "read", path="crypto.py")
        assert "call search" in await error_of(session, "read", symbol="no_such_name_at_all")
        assert "give one of them" in await error_of(session, "read")
        assert "binary" in await error_of(session, "read", path="blob.bin")
        assert "has 600 lines" in await error_of(session, "read", path="long.txt", start_line=601)
        assert "no chunk" in await error_of(session, "read", chunk="abcd1234")
        assert "give chunk, or path and line" in await error_of(session, "related", path="src/crypto.py")
        assert "unknown language" in await error_of(session, "search", query="x1", languages=["Klingon"])
        assert "takes" in await error_of(session, "search", words="x1")
        assert await error_of(session, "search", quer="x1") == "search has no argument 'quer'; did you mean query?"
        assert await error_of(session, "search") == "search needs the argument query"
        wrong = await error_of(session, "search", query="x1", budget=3)
        assert wrong == "search: budget: Input should be greater than or equal to 50"
        two = await values_of(session, "search", query="make_signature", top=2)
        assert len(two["results"]) == 2
        none = await values_of(session, "search", query="make_signature", languages=["rust"])
        assert none["shown"].startswith("No file is searched: none passes the filters.")
        filtered = await values_of(session, "search", query="make_signature", include=["long.txt"])
        assert "Close to it" not in filtered["shown"]
        assert "give words" in await error_of(session, "search", query="...")

        several = await asyncio.gather(*(values_of(session, "read", symbol="brand_new_name") for _ in range(5)))
        assert {each["path"] for each in several} == {"src/crypto.py"}

    run_session(exosuit, talk, tree)


def test_roots_of_the_client(exosuit: Path, tmp_path: Path) -> None:
    write(tmp_path / "one", {"a.py": b"def in_one():\n    pass\n"})
    write(tmp_path / "two", {"b.py": b"def in_two():\n    pass\n"})
    roots = [tmp_path / "one"]

    async def list_roots(_: Any) -> types.ListRootsResult:
        return types.ListRootsResult(roots=[types.Root(uri=FileUrl(each.as_uri())) for each in roots])

    async def talk(session: ClientSession) -> None:
        assert (await values_of(session, "read", symbol="in_one"))["path"] == "a.py"
        assert "outside" in await error_of(session, "read", path=str(tmp_path / "two" / "b.py"))
        roots[:] = [tmp_path / "two"]
        await session.send_roots_list_changed()
        assert (await values_of(session, "read", symbol="in_two"))["path"] == "b.py"
        assert "outside" in await error_of(session, "read", path=str(tmp_path / "one" / "a.py"))

    run_session(exosuit, talk, list_roots_callback=list_roots)


def test_stdout_is_the_protocol_and_a_signal_ends_it(exosuit: Path, tmp_path: Path) -> None:
    write(tmp_path / "tree", FILES)
    hello = {
        "protocolVersion": types.LATEST_PROTOCOL_VERSION,
        "capabilities": {},
        "clientInfo": {"name": "test", "version": "1"},
    }
    asked: list[dict[str, Any]] = [
        {"id": 1, "method": "initialize", "params": hello},
        {"method": "notifications/initialized"},
        {"id": 2, "method": "tools/call", "params": {"name": "status", "arguments": {}}},
    ]
    for number, code in ((signal.SIGTERM, 143), (None, 0)):
        with subprocess.Popen(
            [exosuit, "mcp", tmp_path / "tree"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE
        ) as process:
            assert process.stdin is not None
            assert process.stdout is not None
            assert process.stderr is not None
            said = asked if number is not None else asked[:1]
            for each in said:
                process.stdin.write(json.dumps({"jsonrpc": "2.0", **each}).encode() + b"\n")
            process.stdin.flush()
            wanted = [each["id"] for each in said if "id" in each]
            answers = [json.loads(process.stdout.readline()) for _ in wanted]
            assert [each["id"] for each in answers] == wanted
            assert answers[0]["result"]["serverInfo"] == {"name": "exosuit", "version": __version__}
            with open(f"/proc/{process.pid}/task/{process.pid}/children") as file:
                (child,) = map(int, file.read().split())
            if number is not None:
                process.send_signal(number)
            else:
                process.stdin.close()
            assert process.wait(10) == code
            assert process.stdout.read() == b""
            assert b"Traceback" not in process.stderr.read()
            assert not os.path.exists(f"/proc/{child}")
