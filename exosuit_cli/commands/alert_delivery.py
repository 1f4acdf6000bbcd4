"""Who receives an alert and how: the document is posted to an address, or handed to a command on stdin."""

from __future__ import annotations

import contextlib
import http.client
import os
import shlex
import signal
import subprocess
import tempfile
import threading
import time
import urllib.error
import urllib.parse
import urllib.request
from typing import TYPE_CHECKING, Any, Final

from exosuit_cli.measure.process import last_words, parse_command
from exosuit_cli.model.dataclass import dataclass
from exosuit_cli.model.errors import UsageError
from exosuit_cli.system.names import display_name

if TYPE_CHECKING:
    from collections.abc import Callable

    from exosuit_cli.measure.result import BenchResult

WEBHOOK_LIMIT_S: Final = 10.0
"""Seconds that one attempt may take in all, the look-up of the name included."""

COMMAND_LIMIT_S: Final = 60.0
_ATTEMPTS: Final = 2
_PAUSE_S: Final = 1.0
_TOLD: Final = 200
"""Characters of a failed command's last words that a warning quotes."""


class Undelivered(Exception):
    """An alert did not arrive; `again` says whether another attempt may help."""

    def __init__(self, why: str, *, again: bool) -> None:
        super().__init__(why)
        self.again = again


class _NoRedirect(urllib.request.HTTPRedirectHandler):
    """A redirect is a failure: following it would turn the POST into a GET without the document."""

    def redirect_request(self, *_: Any) -> None:
        return None


@dataclass(frozen=True, slots=True)
class Webhook:
    """An http or https address that takes a POST. Its path is a secret, so that `label` leaves it out."""

    url: str
    label: str

    def send(self, document: bytes) -> None:
        """Post the document: 2xx is delivered. A second attempt follows a lost connection, a timeout, 429 and 5xx.

        Raises Undelivered.
        """
        for attempt in range(1, _ATTEMPTS + 1):
            try:
                _within(WEBHOOK_LIMIT_S, lambda: self._post(document))
            except Undelivered as error:
                if attempt == _ATTEMPTS or not error.again:
                    raise
                time.sleep(_PAUSE_S)
            else:
                return

    def _post(self, document: bytes) -> None:
        request = urllib.request.Request(  # noqa: S310  (parse_webhook lets only http and https through)
            self.url, document, {"Content-Type": "application/json", "User-Agent": "exosuit"}, method="POST"
        )
        try:
            with urllib.request.build_opener(_NoRedirect).open(request, timeout=WEBHOOK_LIMIT_S):
                return
        except urllib.error.HTTPError as error:
            with error:
                again = error.code == http.HTTPStatus.TOO_MANY_REQUESTS or error.code >= 500
                raise Undelivered(f"it answered {error.code}", again=again) from None
        except urllib.error.URLError as error:
            raise Undelivered(_reason(error.reason), again=True) from None
        except (OSError, http.client.HTTPException, ValueError) as error:
            raise Undelivered(_reason(error), again=True) from None


@dataclass(frozen=True, slots=True)
class CommandReceiver:
    """A command that reads the document on stdin; its words are passed as they are, and no shell is involved."""

    words: tuple[str, ...]
    label: str

    def send(self, document: bytes) -> None:
        """Run it once, in a process group of its own, of which nothing is left afterwards. Raises Undelivered.

        What it prints is not shown: stdout belongs to the report.
        """
        with tempfile.TemporaryFile() as given, tempfile.TemporaryFile() as words:
            given.write(document)
            given.seek(0)
            try:
                process = subprocess.Popen(  # noqa: S603  (running what the user names is the task)
                    self.words, stdin=given, stdout=subprocess.DEVNULL, stderr=words, start_new_session=True
                )
            except OSError as error:
                raise Undelivered(f"cannot be started: {error.strerror}", again=False) from None
            try:
                code = process.wait(COMMAND_LIMIT_S)
            except subprocess.TimeoutExpired:
                raise Undelivered(f"not done after {COMMAND_LIMIT_S:.0f} s", again=False) from None
            finally:
                with contextlib.suppress(ProcessLookupError, PermissionError):
                    os.killpg(process.pid, signal.SIGKILL)
                process.wait()
            if code:
                raise Undelivered(f"exit code {code}{last_words(words, _TOLD)}", again=False)


Receiver = Webhook | CommandReceiver


def parse_receivers(webhook: str | None, command: str | None, *, alerts: bool) -> tuple[Receiver, ...]:
    """Read `--alert-webhook` and `--alert-command`.

    Raises UsageError: no alert to send, another scheme than http or https, no host, a name and password
    in the address, a command that is not there, quotes that do not close.
    """
    receivers: list[Receiver] = []
    if webhook is not None:
        receivers.append(_webhook(webhook))
    if command is not None:
        receivers.append(_command(command))
    if receivers and not alerts:
        option = "--alert-webhook" if webhook is not None else "--alert-command"
        raise UsageError(f"{option}: there is no alert to send; give --alert, for example --alert regression")
    return tuple(receivers)


def deliver(
    receivers: tuple[Receiver, ...], result: BenchResult, alert: Callable[[BenchResult, bool], bytes], *, strict: bool
) -> list[str]:
    """Send the document that `alert` renders to every receiver, if an alert fired.

    Returns one line for each receiver that did not get it, and raises nothing.
    """
    if not receivers or not result.fired:
        return []
    document = alert(result, strict)
    failures = []
    for receiver in receivers:
        try:
            receiver.send(document)
        except Undelivered as error:
            failures.append(f"{receiver.label}: the alert was not delivered: {error}")
    return failures


def _webhook(text: str) -> Webhook:
    remedy = "write for example https://example.org/hook"
    try:
        parts = urllib.parse.urlsplit(text)
        port = parts.port
    except ValueError as error:
        raise UsageError(f"--alert-webhook: no address ({error}); {remedy}") from error
    if parts.scheme not in ("http", "https"):
        raise UsageError(f"--alert-webhook: {parts.scheme or 'no scheme'!r}: only http and https; {remedy}")
    if not parts.hostname or not text.isascii() or any(mark.isspace() or not mark.isprintable() for mark in text):
        raise UsageError(f"--alert-webhook: no address with a host, or with spaces or other letters in it; {remedy}")
    if parts.username is not None or parts.password is not None:
        raise UsageError("--alert-webhook: a name or password in the address; use --alert-command with a client")
    host = f"[{parts.hostname}]" if ":" in parts.hostname else parts.hostname
    return Webhook(text, f"--alert-webhook {parts.scheme}://{host}{f':{port}' if port is not None else ''}")


def _command(text: str) -> CommandReceiver:
    words = parse_command(text, "--alert-command", wanted="a command that reads JSON on stdin", place="")
    return CommandReceiver(tuple(words), f"--alert-command {display_name(shlex.split(text)[0])}")


def _within(limit_s: float, work: Callable[[], None]) -> None:
    """Do the work in `limit_s` seconds or raise Undelivered: a socket's own timeout counts from byte to byte."""
    outcome: list[Undelivered | None] = []

    def attempt() -> None:
        try:
            work()
        except Undelivered as error:
            outcome.append(error)
        else:
            outcome.append(None)

    thread = threading.Thread(target=attempt, daemon=True)
    thread.start()
    thread.join(limit_s)
    if not outcome:
        raise Undelivered(f"no answer in {limit_s:.0f} s", again=True)
    if outcome[0] is not None:
        raise outcome[0]


def _reason(error: object) -> str:
    if isinstance(error, TimeoutError):
        return f"no answer in {WEBHOOK_LIMIT_S:.0f} s"
    reason = (error.strerror if isinstance(error, OSError) else None) or str(error) or type(error).__name__
    return display_name(reason)
