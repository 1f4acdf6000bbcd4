"""Vectors from a server: a real one on this machine that fails as servers do."""

from __future__ import annotations

import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from exosuit_cli.model.errors import ResourceMissing, UsageError
from exosuit_cli.search.vectors.endpoint import Endpoint

if TYPE_CHECKING:
    from collections.abc import Iterator


class _Server(ThreadingHTTPServer):
    """Answers with the script's next code; 200 once the script is over. A vector says how long its text is."""

    daemon_threads = False

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.script: list[tuple[int, dict[str, str], bytes]] = []
        self.seen: list[tuple[str, str | None, dict[str, Any]]] = []

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}/v1"


class _Handler(BaseHTTPRequestHandler):
    server: _Server

    def do_POST(self) -> None:
        asked = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        self.server.seen.append((self.path, self.headers.get("Authorization"), asked))
        rows = [{"index": n, "embedding": [3.0, len(text)]} for n, text in enumerate(asked["input"])]
        answer = 200, {}, json.dumps({"data": rows[::-1]}).encode()
        code, headers, body = self.server.script.pop(0) if self.server.script else answer
        self.send_response(code)
        for name, value in {"Content-Length": str(len(body)), **headers}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *args: object) -> None:
        """Say nothing."""


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[_Server]:
    monkeypatch.delenv("EMBEDDING_API_KEY", raising=False)
    for name in ("http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"):
        monkeypatch.delenv(name, raising=False)
    with _Server() as found:
        thread = threading.Thread(target=found.serve_forever, args=(0.01,))
        thread.start()
        yield found
        found.shutdown()
        thread.join()


def test_a_server_that_is_busy_is_asked_again(server: _Server, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("EMBEDDING_API_KEY", "s3cret")
    server.script = [(429, {"Retry-After": "7"}, b"slowly"), (503, {}, b"")]
    pauses: list[float] = []
    endpoint = Endpoint(f"{server.url}#small", pause=pauses.append)
    found = endpoint.embed(["four", b"\xff\xfe", ""])
    assert np.allclose(found, [[0.6, 0.8], [3 / 13**0.5, 2 / 13**0.5], [3 / 10**0.5, 1 / 10**0.5]], atol=1e-6)
    assert pauses[0] == 7
    assert 0.5 <= pauses[1] <= 1
    assert len(server.seen) == 3
    path, key, asked = server.seen[-1]
    assert (path, key, asked["model"]) == ("/v1/embeddings", "Bearer s3cret", "small")
    assert endpoint.dimensions == 2
    assert endpoint.name == Endpoint(f"{server.url}/embeddings#small").name != Endpoint(server.url).name


def test_texts_are_sent_in_batches(server: _Server) -> None:
    endpoint = Endpoint(server.url)
    found = endpoint.embed(["x" * (n % 7 + 1) for n in range(130)] + ["y" * 150_000, "z" * 150_000])
    assert [len(asked["input"]) for _, _, asked in server.seen] == [64, 64, 3, 1]
    assert found.shape == (132, 2)
    assert "model" not in server.seen[0][2]
    assert server.seen[0][1] is None


@pytest.mark.parametrize(
    ("code", "headers", "body", "said"),
    [
        (401, {}, b'{"error": {"message": "bad \\u001b[31mkey"}}', r"401 bad \\x1b\[31mkey; set EMBEDDING_API_KEY"),
        (404, {}, b"", r"404 Not Found; is it the URL"),
        (302, {"Location": "http://127.0.0.1:1/"}, b"", "refuses the request: 302"),
        (200, {}, b"<html>", "does not answer with embeddings: <html>"),
        (200, {}, b'{"data": []}', "one vector a text"),
        (200, {}, b'{"data": [{"embedding": [1, NaN]}]}', "one vector a text"),
        (200, {}, b'{"data": [{"embedding": [0, 0]}]}', "the same vector: is it a model for embeddings?"),
        (200, {}, b'{"data": [{"index": 9, "embedding": [1]}]}', "does not answer with embeddings"),
        (200, {}, b'{"data": [{"embedding": [1]}]}', "vectors of 1 numbers, and gave 2 before"),
    ],
)
def test_what_a_server_may_say(server: _Server, code: int, headers: dict[str, str], body: bytes, said: str) -> None:
    server.script = [(code, headers, body)]
    with pytest.raises((UsageError, ResourceMissing), match=said):
        Endpoint(server.url, 2).embed(["text"])
    assert len(server.seen) == 1, "it is not asked again"


def test_a_server_that_is_gone(server: _Server, monkeypatch: pytest.MonkeyPatch) -> None:
    server.script = [(500, {}, b'{"error": "no"}')] * 6
    pauses: list[float] = []
    with pytest.raises(ResourceMissing, match="does not answer after 6 attempts: 500 no; is the server running"):
        Endpoint(server.url, pause=pauses.append).embed(["text"])
    assert len(pauses) == 5
    with pytest.raises(ResourceMissing, match="refused"):
        Endpoint("http://127.0.0.1:1", pause=pauses.append).embed(["text"])
    monkeypatch.setenv("EMBEDDING_API_KEY", "s3cret")
    with pytest.raises(UsageError, match="not encrypted"):
        Endpoint("http://models.example/v1")
    with pytest.raises(UsageError, match="holds no password"):
        Endpoint("https://me:secret@models.example/v1")
    with pytest.raises(UsageError, match="no URL"):
        Endpoint("https://")
