"""A session over HTTP, with and without the token; other names, other addresses."""

from __future__ import annotations

import asyncio
import re
import signal
import subprocess
from typing import TYPE_CHECKING, Any

import httpx
import pytest
from mcp import ClientSession
from mcp.client.streamable_http import streamable_http_client
from trees import write

from exosuit_cli.model.errors import UsageError
from exosuit_cli.serve.session import serve_request
from serve.sessions import error_of, values_of

if TYPE_CHECKING:
    from pathlib import Path

TOKEN = "a-token-of-the-tests-0123456789"


def test_a_session_with_a_token(exosuit: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write(tmp_path / "tree", {"a.py": b"def in_tree():\n    pass\n"})
    monkeypatch.setenv("TEST_TOKEN", TOKEN)
    command = [exosuit, "mcp", tmp_path / "tree", "--http", "127.0.0.1:0", "--token-env", "TEST_TOKEN"]
    with subprocess.Popen(command, stdin=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True) as process:
        assert process.stderr is not None
        found = re.search(r"http://127.0.0.1:\d+/mcp", process.stderr.readline())
        assert found is not None
        address = found[0]
        try:
            for headers, code in (
                ({}, 401),
                ({"Authorization": "Bearer wrong"}, 401),
                ({"Authorization": f"Bearer {TOKEN}", "Host": "evil.example"}, 421),
                ({"Authorization": f"Bearer {TOKEN}", "Origin": "http://evil.example"}, 403),
            ):
                accepts = {"Accept": "application/json, text/event-stream"}
                answer = httpx.post(address, json={}, headers={**accepts, **headers})
                assert answer.status_code == code, answer.text
                assert "in_tree" not in answer.text

            async def talk() -> None:
                headers = {"Authorization": f"Bearer {TOKEN}"}
                async with (
                    httpx.AsyncClient(headers=headers) as client,
                    streamable_http_client(address, http_client=client) as (read, write_stream, _),
                    ClientSession(read, write_stream) as session,
                ):
                    await session.initialize()
                    assert (await values_of(session, "read", symbol="in_tree"))["path"] == "a.py"
                    assert "outside" in await error_of(session, "read", path="/etc/passwd")

            asyncio.run(asyncio.wait_for(talk(), 60))
        finally:
            process.send_signal(signal.SIGTERM)
        assert process.wait(10) == 143
        said = process.stderr.read()
        assert "Traceback" not in said, said


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"http": "0.0.0.0:8000"}, "is reached by others"),
        ({"http": "[::]:8000"}, "is reached by others"),
        ({"http": "localhost.evil.example:8000"}, "is reached by others"),
        ({"http": "8000"}, "is no address"),
        ({"http": "127.0.0.1:70000"}, "is no address"),
        ({"http": "127.0.0.1:8000", "token_env": "NOT_SET"}, "NOT_SET is not set"),
        ({"http": "127.0.0.1:8000", "token_env": "SHORT"}, "no token of 16"),
        ({"token_env": "SHORT"}, "with --http only"),
    ],
)
def test_what_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, given: dict[str, Any], message: str) -> None:
    monkeypatch.setenv("SHORT", "abc")
    with pytest.raises(UsageError, match=message):
        serve_request([str(tmp_path)], given)


def test_roots_are_checked(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="cannot read the root"):
        serve_request([str(tmp_path / "gone")], {})
    with pytest.raises(UsageError, match="whole file system"):
        serve_request(["/"], {})
    with pytest.raises(UsageError, match="needs a ROOT"):
        serve_request([], {"http": "127.0.0.1:8000"})
    (tmp_path / "in").mkdir()
    (tmp_path / "link").symlink_to(tmp_path / "in")
    assert serve_request([str(tmp_path / "link"), str(tmp_path / "in")], {}).roots == (str(tmp_path / "in"),)
    assert serve_request([str(tmp_path / "in"), str(tmp_path)], {}).roots == (str(tmp_path),)
    assert serve_request(["."], {"http": "[::1]:8000"}).http is not None
