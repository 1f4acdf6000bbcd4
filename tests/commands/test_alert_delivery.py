"""Alerts reach a real server and a real command; what does not arrive is reported and hides nothing."""

from __future__ import annotations

import contextlib
import json
import re
import shlex
import socket
import threading
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from importlib import resources
from typing import TYPE_CHECKING, Any

import pytest
from jsonschema import Draft202012Validator

from exosuit_cli.commands import alert_delivery
from exosuit_cli.commands.alert_delivery import deliver, parse_receivers
from exosuit_cli.model.errors import UsageError
from exosuit_cli.report.bench.alert import alert_document
from exosuit_cli.report.bench.renderers import RENDERERS
from tests.report.bench.results import HOSTILE, with_alerts, with_silent_alert

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from exosuit_cli.measure.result import BenchResult


@pytest.fixture(scope="module")
def fired() -> BenchResult:
    return with_alerts()


@pytest.fixture(scope="module")
def silent() -> BenchResult:
    return with_silent_alert()


@dataclass
class Received:
    """A local server: what it answers, in turn, and what it was sent."""

    url: str
    answers: list[int]
    requests: list[tuple[str, str, dict[str, str], bytes]] = field(default_factory=list)


@contextlib.contextmanager
def _server(answers: list[int], before: Callable[[Any], None] = lambda _: None) -> Iterator[Received]:
    class Handler(BaseHTTPRequestHandler):
        def answer(self) -> None:
            content = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            received.requests.append((self.command, self.path, dict(self.headers), content))
            before(self)
            self.send_response(received.answers.pop(0) if received.answers else 204)
            self.send_header("Location", "/elsewhere")
            self.end_headers()

        do_POST = do_GET = answer  # noqa: N815  (the names that http.server looks for)

        def log_message(self, *_: Any) -> None:
            """The test's output stays its own."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.block_on_close = False
    received = Received(f"http://127.0.0.1:{server.server_port}", answers)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield received
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


@pytest.fixture(autouse=True)
def _direct(monkeypatch: pytest.MonkeyPatch) -> None:
    """No proxy stands before the local server, and the pause before the second attempt is short."""
    monkeypatch.setenv("no_proxy", "*")
    monkeypatch.setattr(alert_delivery, "_PAUSE_S", 0.01)


def _schema() -> Draft202012Validator:
    text = (resources.files("exosuit_cli.report") / "schemas" / "bench_alert.schema.json").read_text()
    Draft202012Validator.check_schema(json.loads(text))
    return Draft202012Validator(json.loads(text))


def _post(result: BenchResult, url: str) -> list[str]:
    return deliver(parse_receivers(url, None, alerts=True), result, RENDERERS.alert, strict=False)


def test_a_webhook_receives_the_document(fired: BenchResult) -> None:
    with _server([200]) as received:
        assert _post(fired, f"{received.url}/hook?x=1") == []
    ((method, path, headers, content),) = received.requests
    assert (method, path, headers["Content-Type"]) == ("POST", "/hook?x=1", "application/json")
    document = json.loads(content)
    _schema().validate(document)
    assert [row["alert"] for row in document["fired"]] == ["regression", "wall_s>0.001"]
    assert (document["verdict"], document["exit_code"], document["label"]) == ("regression", 3, HOSTILE)
    assert document["text"].isprintable()
    del document["fired"][0]["why"]
    assert not _schema().is_valid(document)


def test_a_command_reads_the_document(fired: BenchResult, tmp_path: Path) -> None:
    """Its words are words: what a shell would act on stays text."""
    script = tmp_path / "tell me"
    script.write_text('#!/bin/sh\ncat > "$1"\nprintf %s "$2" > "$1.word"\necho shown nowhere\n')
    script.chmod(0o755)
    word = "$(touch x); `id` | cat"
    line = shlex.join([str(script), str(tmp_path / "got"), word])
    assert deliver(parse_receivers(None, line, alerts=True), fired, RENDERERS.alert, strict=False) == []
    document = json.loads((tmp_path / "got").read_bytes())
    _schema().validate(document)
    assert document == json.loads(json.dumps(alert_document(fired, strict=False)))
    assert (tmp_path / "got.word").read_text() == word


def test_nothing_is_sent_when_nothing_fires(silent: BenchResult, tmp_path: Path) -> None:
    assert [alert.fired for alert in silent.alerts] == [False]
    with _server([]) as received:
        receivers = parse_receivers(received.url, f"touch {tmp_path}/ran", alerts=True)
        assert deliver(receivers, silent, RENDERERS.alert, strict=False) == []
    assert received.requests == []
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("answers", "attempts", "told"),
    [
        ([500, 200], 2, None),
        ([429, 204], 2, None),
        ([503, 500], 2, "it answered 500"),
        ([404, 200], 1, "it answered 404"),
        ([302, 200], 1, "it answered 302"),
        ([307, 200], 1, "it answered 307"),
    ],
)
def test_one_more_attempt_where_it_may_help(
    fired: BenchResult, answers: list[int], attempts: int, told: str | None
) -> None:
    with _server(list(answers)) as received:
        failures = _post(fired, f"{received.url}/secret")
    assert [method for method, *_ in received.requests] == ["POST"] * attempts
    assert len({content for *_, content in received.requests}) == 1
    if told is None:
        assert failures == []
    else:
        assert failures == [f"--alert-webhook {received.url}: the alert was not delivered: {told}"]


def test_nobody_listens(fired: BenchResult) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        (failure,) = _post(fired, f"http://127.0.0.1:{taken.getsockname()[1]}/secret")
    assert "Connection refused" in failure
    assert "secret" not in failure


def test_a_server_that_never_ends_its_answer(fired: BenchResult, monkeypatch: pytest.MonkeyPatch) -> None:
    """A byte now and then keeps a socket's timeout away, and not the limit of the whole attempt."""
    monkeypatch.setattr(alert_delivery, "WEBHOOK_LIMIT_S", 0.3)
    ended = threading.Event()

    def drip(handler: Any) -> None:
        with contextlib.suppress(OSError):
            handler.wfile.write(b"HTTP/1.1 200 OK\r\nX: ")
            while not ended.wait(0.05):
                handler.wfile.write(b"x")

    with _server([], drip) as received:
        (failure,) = _post(fired, received.url)
        ended.set()
    assert "no answer in" in failure
    assert len(received.requests) == 2


def test_a_server_that_speaks_no_http(fired: BenchResult) -> None:
    with _server([], lambda handler: handler.wfile.write(b"hello\r\n\r\n")) as received:
        (failure,) = _post(fired, received.url)
    assert "not delivered: hello" in failure


def test_commands_that_fail(fired: BenchResult, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    script = tmp_path / "fail"
    script.write_text("#!/bin/sh\nprintf 'no\\033[31m' >&2\nexit 9\n")
    script.chmod(0o755)
    receivers = parse_receivers(None, str(script), alerts=True)
    (failure,) = deliver(receivers, fired, RENDERERS.alert, strict=False)
    assert failure.endswith(r"not delivered: exit code 9: no\x1b[31m")
    script.write_text("#!/bin/sh\nexec sleep 600\n")
    monkeypatch.setattr(alert_delivery, "COMMAND_LIMIT_S", 0.1)
    (failure,) = deliver(receivers, fired, RENDERERS.alert, strict=False)
    assert "not done after" in failure
    script.unlink()
    (failure,) = deliver(receivers, fired, RENDERERS.alert, strict=False)
    assert "cannot be started" in failure


@pytest.mark.parametrize(
    ("url", "told"),
    [
        ("file:///etc/passwd", "'file': only http and https"),
        ("ftp://example.org/x", "only http and https"),
        ("example.org/hook", "only http and https"),
        ("", "only http and https"),
        ("https://", "with a host"),
        ("https:///hook", "with a host"),
        ("https://example.org/a b", "spaces"),
        ("https://example.org/\r\nX: y", "spaces"),
        ("https://exämple.org/", "spaces or other letters"),
        ("https://example.org:99999/", "no address"),
        ("https://user:password@example.org/", "name or password"),
    ],
)
def test_addresses_that_are_refused(url: str, told: str) -> None:
    with pytest.raises(UsageError, match=re.escape(told)) as caught:
        parse_receivers(url, None, alerts=True)
    assert "password@" not in str(caught.value)


@pytest.mark.parametrize(
    ("command", "told"), [("", "empty"), ("'open", "close the quotes"), ("no-such-command-anywhere x", "no command")]
)
def test_commands_that_are_refused(command: str, told: str) -> None:
    with pytest.raises(UsageError, match=told):
        parse_receivers(None, command, alerts=True)


def test_a_receiver_needs_an_alert() -> None:
    for webhook, command in (("http://localhost/", None), (None, "true")):
        with pytest.raises(UsageError, match="give --alert"):
            parse_receivers(webhook, command, alerts=False)
