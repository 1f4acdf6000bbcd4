"""The difference of two profiles, on a terminal and in JSON."""

from __future__ import annotations

import io
import json

from exosuit_cli.measure.profile.difference import ProfileDifference, difference
from exosuit_cli.measure.profile.records import Repeat
from exosuit_cli.report.console import _Console
from exosuit_cli.report.profile.difference_document import difference_document
from exosuit_cli.report.profile.difference_terminal import print_difference
from tests.measure.profile.profiles import profile


def _difference(count: int, **changes: object) -> ProfileDifference:
    sides = [
        tuple(Repeat(0.1 + number / 1000, {"hash": seconds + number / 100, "walk": 0.0001}) for number in range(count))
        for seconds in (1.0, 1.18)
    ]
    return difference(profile(repeats=sides[0]), profile(repeats=sides[1], **changes), force=True)


def _printed(found: ProfileDifference) -> str:
    stream = io.StringIO()
    print_difference(_Console(file=stream, width=120, highlight=False, emoji=False, markup=False), found)
    return stream.getvalue()


def test_the_terminal_says_it_in_one_line_and_then_in_figures() -> None:
    text = _printed(_difference(5))
    assert text.startswith("difference  hash +18%, the rest unchanged\n")
    assert "5 runs and now 5 runs" in text
    row = next(line for line in text.splitlines() if line.startswith("hash"))
    assert row.split()[:8] == ["hash", "1.02", "s", "1.20", "s", "+18%", "+15%", "to"]
    assert row.endswith("slower")
    assert "\nwalk" not in text


def test_unknown_noise_and_forced_comparisons_are_said() -> None:
    text = _printed(_difference(1, work="tokens", workers=9))
    assert "unknown     1 run beside 1 run: the noise is unknown; profile both with --repeat 4" in text
    assert "unlike      work scan and now tokens" in text
    assert "note        workers 2 and now 9" in text
    assert _printed(difference(profile(repeats=()), profile(repeats=()))).startswith(
        "difference  no stage was recorded"
    )


def test_the_document_has_every_stage() -> None:
    document = difference_document(_difference(5))
    assert json.loads(json.dumps(document)) == document
    assert document["summary"] == "hash +18%, the rest unchanged"
    assert [(row["stage"], row["state"]) for row in document["stages"]] == [("hash", "slower"), ("walk", "small")]
    assert document["stages"][0]["ratio"]["coverage"] >= 0.95
    assert document["stages"][0]["s_per_gb"] == {"new": 1.2 / 2, "old": 1.02 / 2}
