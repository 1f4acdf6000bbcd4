"""Real servers on this machine: files and redirects, and repositories by `git http-backend`."""

from __future__ import annotations

import contextlib
import http.server
import os
import subprocess
import threading
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    Answers = dict[str, Callable[[http.server.BaseHTTPRequestHandler], None]]


@contextlib.contextmanager
def serving(folder: Path, answers: Answers | None = None) -> Iterator[tuple[str, list[tuple[str, str | None]]]]:
    """Serve files below `folder`, repositories `*.git` in it, and `answers`; the address, and what was asked for.

    Of each request the path and the header Authorization are noted.
    """
    asked: list[tuple[str, str | None]] = []

    class Handler(http.server.SimpleHTTPRequestHandler):
        def __init__(self, *arguments: Any) -> None:
            super().__init__(*arguments, directory=str(folder))

        def do_GET(self) -> None:
            asked.append((self.path, self.headers.get("Authorization")))
            answer = (answers or {}).get(self.path)
            if answer is not None:
                answer(self)
            elif ".git/" in self.path:
                _git_backend(self, folder)
            else:
                super().do_GET()

        do_POST = do_GET  # noqa: N815

        def log_message(self, *_: Any) -> None:
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    server.handle_error = lambda *_: None  # type: ignore[method-assign]  # a client that goes is what is tested
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}", asked
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def _git_backend(handler: http.server.BaseHTTPRequestHandler, folder: Path) -> None:
    path, _, query = handler.path.partition("?")
    body = handler.rfile.read(int(handler.headers.get("Content-Length") or 0))
    environment = os.environ | {
        "GIT_PROJECT_ROOT": str(folder), "GIT_HTTP_EXPORT_ALL": "1", "PATH_INFO": path, "QUERY_STRING": query,
        "REQUEST_METHOD": handler.command, "CONTENT_TYPE": handler.headers.get("Content-Type") or "",
        "CONTENT_LENGTH": str(len(body)), "GIT_PROTOCOL": handler.headers.get("Git-Protocol") or "",
        "HTTP_CONTENT_ENCODING": handler.headers.get("Content-Encoding") or "", "GIT_CONFIG_COUNT": "1",
        "GIT_CONFIG_KEY_0": "uploadpack.allowAnySHA1InWant", "GIT_CONFIG_VALUE_0": "true",
    }  # fmt: skip
    done = subprocess.run(["git", "http-backend"], input=body, env=environment, capture_output=True, check=False)
    head, _, content = done.stdout.partition(b"\r\n\r\n")
    fields = dict(line.split(": ", 1) for line in head.decode().split("\r\n") if ": " in line)
    handler.send_response(int(fields.pop("Status", "200").split()[0]))
    for name, value in fields.items():
        handler.send_header(name, value)
    handler.send_header("Content-Length", str(len(content)))
    handler.end_headers()
    handler.wfile.write(content)
