"""The page of a profile: what it says, that no name can act in it, and that a real browser shows it and runs it."""

from __future__ import annotations

import html
import re
import shutil
import subprocess
from html.parser import HTMLParser
from typing import TYPE_CHECKING

import numpy as np
import pytest

from exosuit_cli.measure.profile.records import Track
from exosuit_cli.model.marks import is_marked
from exosuit_cli.report.profile.html import profile_page
from exosuit_cli.report.profile.rows import LEVELS, readings_row, shares, track_row
from tests.measure.profile.profiles import HOSTILE, MS, STAGES, profile, series, spans

if TYPE_CHECKING:
    from pathlib import Path

SHOWN = html.escape("</script><b>&\"'\\x1b[31m\\xff\\u202e\\n|`")
HASH, READ = STAGES.index("hash"), STAGES.index("read")


class _Tags(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.seen: list[str] = []
        self.addresses: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.seen.append(tag)
        self.addresses += [str(value) for name, value in attrs if name in ("src", "href", "action", "data")]


def test_the_answer_comes_first() -> None:
    page = profile_page(
        profile(warnings=("7% is not attributed",), partial="SIGINT", twins_s=(0.0988, 0.099, 0.0992))
    ).decode()
    assert is_marked(page.encode()[:8192])
    texts = re.sub(r"<[^>]+>", " ", page[page.index("<body>") :])
    expected = (
        "exosuit profile: scan", "Interrupted by SIGINT", "hash limits: the run would be 1.50 times as fast",
        "75%", "of 2 processors used", "2.0%", "not attributed", "+1.0%", "cost of profiling", "7% is not attributed",
        "Timeline", "Stages", "Memory", "no CUDA device", "Files that cost most", "plain.c",
    )  # fmt: skip
    at = 0
    texts = " ".join(texts.split())
    for phrase in expected:
        at = texts.index(phrase, at)
    unknown = profile_page(profile(overhead_pct=None, limiter=None, stages=(), tracks=(), series=(), dearest=()))
    assert b"not measured" in unknown


def test_nothing_in_a_name_acts_and_nothing_is_fetched() -> None:
    name = HOSTILE.decode("utf-8", "surrogateescape")
    track = Track(name, "worker", 7, spans(("read", 0, 1, -1)))
    page = profile_page(
        profile(
            tracks=(track,), series=(series(name, "bytes", [0], [1.0]),), warnings=(name,), machine={"processor": name}
        )
    ).decode()
    tags = _Tags()
    tags.feed(page)
    assert tags.seen.count("script") == 1
    assert not tags.addresses
    assert page.count(SHOWN) >= 5
    assert "\x1b" not in page
    assert not re.findall(r"https?://|url\(|@import", page)


def test_a_row_shows_how_every_column_was_shared_out() -> None:
    given = spans(("read", 0, 10, -1), ("hash", 10, 15, -1), ("read", 15, 16, -1), ("hash", 30, 40, -1))
    assert shares(given, READ, 40 * MS, 4).tolist() == [1, 0.1, 0, 0]
    assert shares(given, HASH, 40 * MS, 4).tolist() == [0, 0.5, 0, 1]
    assert shares(spans(), HASH, 40 * MS, 4).tolist() == [0] * 4
    row = track_row(given, {READ: ("c0", "reads"), HASH: ("c1", "hashes")}, 40 * MS, 4)
    assert f'<path class="c0" d="M0 0h1v{LEVELS}h-1zM1 36h1v4h-1z"><title>reads</title>' in row
    assert f'<path class="c1" d="M1 16h1v20h-1zM3 0h1v{LEVELS}h-1z"><title>hashes</title>' in row


def test_readings_are_drawn_from_nothing_to_the_highest_with_gaps() -> None:
    readings = series("ram pss", "bytes", [0, 10, 20, 30], [0.0, 50.0, float("nan"), 100.0])
    row = readings_row([readings], ["c0"], 40 * MS, 4, 100.0)
    assert re.findall(r'points="([^"]*)"', row) == ["0.0,99.0 1.0,51.0", "3.0,3.0 3.0,3.0"]


def test_a_page_of_very_many_spans_stays_small() -> None:
    count = 200_000
    many = spans(("read", 0, 1, -1), ("hash", 1, 2, -1))
    edges = np.sort(np.random.default_rng(1).integers(0, 10**10, 2 * count))
    columns = {name: np.resize(getattr(many, name), count) for name in ("files", "bytes_in", "bytes_out", "batch")}
    given = type(many)(np.resize(many.stage, count), edges[::2], edges[1::2], **columns)
    values = np.arange(100_000.0)
    readings = series("ram pss", "bytes", range(100_000), values.tolist())
    page = profile_page(profile(tracks=(Track("main", "main", 1, given),), wall_s=10.0, series=(readings,)))
    assert len(page) < 500_000
    assert page.count(b'<g class="coarse"') == page.count(b'<g class="fine"') == 1


def test_a_browser_runs_the_script_and_complains_about_nothing(tmp_path: Path) -> None:
    program = shutil.which("chromium") or shutil.which("google-chrome")
    if program is None:
        pytest.skip("no browser is installed: apt-get install chromium")
    place = tmp_path / "page.html"
    place.write_bytes(profile_page(profile()))
    done = subprocess.run(
        [
            program, "--headless", "--no-sandbox", "--disable-gpu", f"--user-data-dir={tmp_path / 'user'}",
            "--enable-logging=stderr", "--dump-dom", place.as_uri(),
        ],
        capture_output=True,
        timeout=120,
        check=True,
    )  # fmt: skip
    assert b"CONSOLE" not in done.stderr
    tools = re.search(rb'<p class="tools"([^>]*)>', done.stdout)
    assert tools is not None
    assert b"hidden" not in tools[1], "the script shows the buttons"
    assert done.stdout.count(b'<svg class="row') == 7
