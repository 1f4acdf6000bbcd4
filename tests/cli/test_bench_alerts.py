"""`exosuit bench --alert` as it is typed: the exit code, the warning, the document that arrives."""

from __future__ import annotations

import json
import os
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from pathlib import Path

COMMON = ("--synthetic", "files=3,size=1k,seed=1", "--pairs", "6", "--max-pairs", "6", "--warmup", "1")


def test_an_alert_that_fires_is_exit_code_3_and_is_sent(run_briefly: Any, tmp_path: Path) -> None:
    script = tmp_path / "receive"
    script.write_text(f"#!/bin/sh\ncat > {tmp_path}/got\n")
    script.chmod(0o755)
    done = run_briefly("bench", *COMMON, "--alert", "files_per_s<1e9", "--alert-command", script, "--json")
    assert done.returncode == 3, done.stderr
    assert "scan: --alert 'files_per_s<1e9' fired: files_per_s " in done.stderr.decode()
    sent, document = json.loads((tmp_path / "got").read_text()), json.loads(done.stdout)
    assert sent["fired"] == [row for row in document["alerts"] if row["fired"]]
    assert (sent["exit_code"], document["exit_code"], document["verdict"]) == (3, 3, None)


def test_a_webhook_is_posted_to(run_briefly: Any) -> None:
    received: list[bytes] = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            received.append(self.rfile.read(int(self.headers["Content-Length"])))
            self.send_response(204)
            self.end_headers()

        def log_message(self, *_: Any) -> None:
            """The test's output stays its own."""

    with HTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            done = run_briefly(
                "bench", *COMMON, "--against", "false {path}", "--alert", "invalid", "--alert-webhook",
                f"http://127.0.0.1:{server.server_port}/hook", env=os.environ | {"no_proxy": "*"},
            )  # fmt: skip
        finally:
            server.shutdown()
            thread.join()
    assert done.returncode == 6, done.stderr
    assert b"not delivered" not in done.stderr
    (document,) = map(json.loads, received)
    assert (document["schema"], document["verdict"], document["exit_code"]) == ("exosuit.bench_alert/1", "invalid", 6)


def test_a_lost_alert_hides_no_verdict(run_briefly: Any, tmp_path: Path) -> None:
    """The warning comes beside the reason, the exit code and the artefacts stay."""
    done = run_briefly(
        "bench", *COMMON, "--floor", "files_per_s>=1e9", "--no-confirm", "--alert", "regression", "--alert-command",
        "false", "--export", f"md={tmp_path}/r.md",
    )  # fmt: skip
    told = done.stderr.decode()
    assert done.returncode == 3, told
    assert "warning: --alert-command false: the alert was not delivered: exit code 1" in told
    assert "error: scan: --alert 'regression' fired" in told
    verdict = json.loads((tmp_path / "verdict.json").read_text())
    assert (verdict["verdict"], verdict["exit_code"], verdict["alerts"][0]["fired"]) == ("regression", 3, True)
    assert "fired       scan regression (alert)" in done.stdout.decode()


def test_an_alert_that_cannot_be_judged_is_told(run_briefly: Any) -> None:
    done = run_briefly("bench", *COMMON, "--alert", "peak_vram>1GB")
    assert done.returncode == 0, done.stderr
    assert "warning: scan: --alert 'peak_vram>1GB' could not be judged: peak_vram: " in done.stderr.decode()


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["--alert", "slow"], "--alert 'slow': no rule"),
        (["--alert", "throughput:-5%"], "compares two sides"),
        (["--alert-webhook", "http://localhost/"], "give --alert"),
        (["--alert", "invalid", "--alert-webhook", "file:///x"], "only http and https"),
        (["--alert", "invalid", "--alert-command", "no-such-command-anywhere"], "no command"),
    ],
)
def test_what_cannot_be_carried_out_is_told_before_anything_runs(
    run_briefly: Any, arguments: list[str], told: str
) -> None:
    done = run_briefly("bench", *COMMON, *arguments)
    assert done.returncode == 2
    assert told in done.stderr.decode()
    assert done.stdout == b""
