"""A server that runs: over stdin and stdout, or over HTTP, until its client has gone or a signal comes."""

from __future__ import annotations

import asyncio
import contextlib
import gc
import hmac
import logging
import os
import signal
import socket
import sys
from typing import TYPE_CHECKING, Any

from exosuit_cli.model.errors import ResourceMissing, UsageError
from exosuit_cli.serve.link import EngineLink, EngineProcess

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mcp.server.fastmcp import FastMCP

    from exosuit_cli.serve.session import Address, ServeRequest

logger = logging.getLogger("exosuit")


def run_server(request: ServeRequest) -> None:
    """Serve until the client closes stdin. A signal ends the process, with 130 or 143.

    Raises ResourceMissing where the SDK is not installed, UsageError for an address that cannot be bound.
    """
    listener = _listener(request.http) if request.http is not None else None
    process = EngineProcess()  # it starts while the SDK is imported
    try:
        try:
            from exosuit_cli.serve.tools import make_server
        except ImportError as error:
            raise ResourceMissing(
                f"exosuit mcp needs the SDK of the protocol ({error.name}): pip install 'exosuit-cli[mcp]'"
            ) from error
        gc.set_threshold(700, 10, 10)  # a server lives long, and its cycles are to be collected
        asyncio.run(_serve(make_server, request, process, listener))
    finally:
        process.end()


async def _serve(make: Any, request: ServeRequest, process: EngineProcess, listener: socket.socket | None) -> None:
    link = EngineLink(process)
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        if signal.getsignal(number) != signal.SIG_IGN:
            loop.add_signal_handler(number, _end, number, link)
    server = make(request, link)
    _log_plainly()
    try:
        if request.http is not None and listener is not None:
            await _serve_http(server, request.http, listener)
        else:
            await _serve_stdio(server)
    finally:
        link.end()


async def _serve_stdio(server: FastMCP) -> None:
    """Serve over stdin and stdout, which the protocol has to itself: what else is printed goes to stderr."""
    import anyio
    from mcp.server.stdio import stdio_server

    source, target = os.dup(0), os.dup(1)
    os.dup2(2, 1)
    nothing = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, 0)
    os.close(nothing)
    with (
        open(source, encoding="utf-8", errors="replace") as stdin,
        open(target, "w", encoding="utf-8", newline="\n") as stdout,
    ):
        inner = server._mcp_server  # noqa: SLF001  (what `run_stdio_async` does, with streams of its own)
        async with stdio_server(anyio.wrap_file(stdin), anyio.wrap_file(stdout)) as (read, write):
            await inner.run(read, write, inner.create_initialization_options())


class _OneLine(logging.Handler):
    """What the SDK logs, one line each, where the messages of exosuit go; without what a client that left causes."""

    def emit(self, record: logging.LogRecord) -> None:
        import anyio

        error = record.exc_info[1] if record.exc_info else None
        if not isinstance(error, (anyio.ClosedResourceError, anyio.BrokenResourceError)):
            why = f": {type(error).__name__}: {error}" if error is not None else ""
            logger.log(record.levelno, "%s%s", record.getMessage(), why)


def _log_plainly() -> None:
    """Have the SDK log in lines; on its own it prints tracebacks."""
    root = logging.getLogger()
    for handler in list(root.handlers):
        root.removeHandler(handler)
    root.addHandler(_OneLine(logging.WARNING))


def _end(number: signal.Signals, link: EngineLink) -> None:
    """End at once: the thread that waits for stdin would keep a slower end from coming."""
    link.end()
    with contextlib.suppress(OSError):
        os.write(2, f"exosuit: ended by {number.name}\n".encode())
    os._exit(128 + number)


def _listener(address: Address) -> socket.socket:
    """The socket to listen at. Raises UsageError where that is not possible."""
    try:
        family, _, _, _, where = socket.getaddrinfo(address.host, address.port, type=socket.SOCK_STREAM)[0]
        listener = socket.socket(family, socket.SOCK_STREAM)
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(where)
        listener.listen(64)
    except OSError as error:
        raise UsageError(
            f"cannot listen at {address.host}:{address.port}: {error.strerror or error}; name another --http HOST:PORT"
        ) from error
    return listener


async def _serve_http(server: FastMCP, address: Address, listener: socket.socket) -> None:
    import uvicorn
    from mcp.server.transport_security import TransportSecuritySettings

    port = listener.getsockname()[1]
    names = [f"[{each}]" if ":" in each else each for each in _names(address)]
    server.settings.transport_security = TransportSecuritySettings(
        enable_dns_rebinding_protection=True,
        allowed_hosts=[*(f"{name}:{port}" for name in names), *names],
        allowed_origins=[f"{scheme}://{name}:{port}" for name in names for scheme in ("http", "https")],
    )
    app: Any = server.streamable_http_app()
    if address.token is not None:
        app = _TokenGuard(app, address.token)

    class Server(uvicorn.Server):
        @contextlib.contextmanager
        def capture_signals(self) -> Iterator[None]:
            yield  # they are handled already

    config = uvicorn.Config(app, log_config=None, access_log=False, lifespan="on", server_header=False)
    shown = f"[{address.host}]" if ":" in address.host else address.host
    sys.stderr.write(f"exosuit: serving at http://{shown}:{port}/mcp\n")
    sys.stderr.flush()
    await Server(config).serve(sockets=[listener])


def _names(address: Address) -> list[str]:
    """The names by which a client may call this server; a page of another name cannot reach it through a browser."""
    found = [address.host]
    if address.is_loopback:
        found += ["127.0.0.1", "localhost", "::1"]
    elif address.host in ("0.0.0.0", "::"):  # noqa: S104  (compared, not bound)
        import psutil

        found += ["localhost", socket.gethostname(), socket.getfqdn()]
        found += [each.address.partition("%")[0] for every in psutil.net_if_addrs().values() for each in every]
    return list(dict.fromkeys(found))


class _TokenGuard:
    """Answers 401 to every request without the token, before anything else looks at it."""

    def __init__(self, app: Any, token: str) -> None:
        self._app = app
        self._expected = f"Bearer {token}".encode()

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] == "http":
            given = next((value for name, value in scope["headers"] if name == b"authorization"), b"")
            if not hmac.compare_digest(given, self._expected):
                headers = [(b"www-authenticate", b"Bearer"), (b"content-type", b"text/plain")]
                await send({"type": "http.response.start", "status": 401, "headers": headers})
                await send({"type": "http.response.body", "body": b"a bearer token is required\n"})
                return
        await self._app(scope, receive, send)
