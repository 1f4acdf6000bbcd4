"""What `exosuit profile` writes beside its report, and how it compares with an older profile."""

from __future__ import annotations

import gzip
import json
from typing import TYPE_CHECKING, Any

import jsonschema

from exosuit_cli.measure.profile.stored import load_profile

if TYPE_CHECKING:
    from pathlib import Path

    from tests.conftest import RunExosuit


def _document(text: bytes, project: Path) -> dict[str, Any]:
    document: dict[str, Any] = json.loads(text)
    schema = (project / "exosuit_cli" / "report" / "schemas" / "profile.schema.json").read_text()
    jsonschema.validate(document, json.loads(schema))
    return document


def test_every_output_of_one_run_and_its_comparison(run: RunExosuit, tmp_path: Path, project: Path) -> None:
    tree, out = tmp_path / "tree", tmp_path / "out"
    tree.mkdir()
    out.mkdir()
    for number in range(40):
        (tree / f"{number}.py").write_text(f"def f{number}():\n    return {number}\n" * 50)
    (tree / "<script><b>\udcff\x1b[31m.js").write_text("x=1;" * 20_000)
    asked = ("profile", tree, "--work", "scan", "--sample-ms", "2", "--json")
    files = {name: out / f"profile.{name}" for name in ("trace.json.gz", "speedscope.json", "html")}
    first = run(
        *asked, "--trace", files["trace.json.gz"], "--speedscope", files["speedscope.json"], "--html", files["html"]
    )
    assert first.returncode == 0, first.stderr.decode()
    assert _document(first.stdout, project)["difference"] is None
    old = out / "old.json"
    old.write_bytes(first.stdout)
    profile = load_profile(str(old))
    assert profile.files == 41

    trace = json.loads(gzip.decompress(files["trace.json.gz"].read_bytes()))
    spans = [event for event in trace["traceEvents"] if event["ph"] == "X"]
    assert len(spans) == sum(len(track.spans) for track in profile.tracks)
    assert {"walk", "read", "hash"} <= {span["name"] for span in spans}
    assert {event["name"] for event in trace["traceEvents"] if event["ph"] == "C"} == {
        series.name for series in profile.series if len(series.values)
    }
    speedscope = json.loads(files["speedscope.json"].read_bytes())
    assert [made["name"] for made in speedscope["profiles"]] == [track.name for track in profile.tracks]
    page = files["html"].read_text()
    assert f"{profile.limiter}</b> limits" in page
    assert page.count("<script>") == 1
    assert "\x1b" not in page

    second = run(*asked, "--diff", old)
    assert second.returncode == 0, second.stderr.decode()
    difference = _document(second.stdout, project)["difference"]
    assert difference["runs"] == {"new": 1, "old": 1}
    assert difference["noise"].startswith("1 run beside 1 run: the noise is unknown; profile both with --repeat ")
    assert {"walk", "read", "hash"} <= {row["stage"] for row in difference["stages"]}

    (tree / "more.py").write_text("pass\n")
    third = run(*asked[:-1], "--diff", old)
    assert third.returncode == 2
    assert b"files 41 and now 42; bytes" in third.stderr
    assert third.stdout.startswith(b"limiter"), "what was measured is shown all the same"

    other = run("profile", tree, "--diff", old)
    assert (other.returncode, other.stdout) == (2, b"")
    assert b"work scan and now tokens; give --force to compare them still" in other.stderr
