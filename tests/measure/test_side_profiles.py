"""`bench --profile`: a profile of each side that has the command, and a reason for each that has not."""

from __future__ import annotations

import gzip
import json
import stat
from typing import TYPE_CHECKING, Any

import pytest

from exosuit_cli.commands.bench_profiles import check_profiles, write_profiles
from exosuit_cli.measure.bench import bench
from exosuit_cli.measure.sides import Side
from exosuit_cli.model.errors import OutputError, UsageError
from exosuit_cli.report.bench.renderers import RENDERERS
from exosuit_cli.report.profile.document import profile_document
from tests.measure.conftest import WORK
from tests.measure.profile.profiles import profile

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from exosuit_cli.measure.plan import BenchPlan


def _build(place: Path, name: str, answers: list[Any]) -> Side:
    """A build that scans, and whose `profile` prints one answer after the other; without answers, it has no profile."""
    for number, answer in enumerate(answers, start=1):
        (place / f"{name}.{number}").write_text(json.dumps(answer))
    script = place / name
    script.write_text(
        f"""#!/bin/sh
case "$1" in
--version) echo 1 ;;
profile)
  echo "$@" >> {place}/{name}.calls
  number=$(wc -l < {place}/{name}.calls)
  test -e {place}/{name}.$number || {{ echo "No such command 'profile'." >&2; exit 2; }}
  cat {place}/{name}.$number ;;
*) cat {place}/work ;;
esac
"""
    )
    script.chmod(script.stat().st_mode | stat.S_IXUSR)
    (place / "work").write_text(json.dumps(WORK))
    return Side(name, (str(script),))


def test_the_slowest_run_of_each_side_is_kept(tmp_path: Path, plan: Callable[..., BenchPlan], corpus: str) -> None:
    walls = (0.2, 0.4, 0.3)
    answers = [profile_document(profile(wall_s=wall, series=())) for wall in walls]
    new, old = _build(tmp_path, "new", answers), _build(tmp_path, "old", [])
    result = bench(plan(new, old, profile=True, confirm=False, extra=("--no-ignore",)), corpus)
    ours, theirs = result.suites[0].profiles
    assert ours.profile is not None
    assert (ours.side, ours.profile.wall_s, ours.profile.limiter) == ("candidate", 0.4, "hash")
    assert theirs.profile is None
    assert theirs.reason is not None
    assert "No such command 'profile'." in theirs.reason
    calls = (tmp_path / "new.calls").read_text().splitlines()
    assert calls == [f"profile {corpus} --work scan --cache warm --json --no-ignore"] * 3
    assert len((tmp_path / "old.calls").read_text().splitlines()) == 1, "a side without the command is asked once"

    kept = tmp_path / "kept"
    kept.mkdir()
    (line,) = write_profiles(str(kept), result, RENDERERS.trace)
    assert line.startswith("scan: no profile of the base: ")
    assert sorted(file.name for file in kept.iterdir()) == ["scan-candidate.json", "scan-candidate.trace.json.gz"]
    assert json.loads((kept / "scan-candidate.json").read_bytes()) == answers[1]
    trace = json.loads(gzip.decompress((kept / "scan-candidate.trace.json.gz").read_bytes()))
    assert trace["otherData"]["wall_s"] == 0.4


def test_answers_that_are_no_profile(tmp_path: Path, plan: Callable[..., BenchPlan], corpus: str) -> None:
    odd = _build(tmp_path, "odd", [{"schema": "exosuit.profile/9"}])
    other = Side("other", (str(tmp_path / "odd"), "{path}"), complete=True)
    ours, theirs = bench(plan(odd, other, profile=True, confirm=False), corpus).suites[0].profiles
    assert (
        ours.reason
        == "odd: 'exosuit.profile/9', not 'exosuit.profile/1'; profile again with this version, or give --force"
    )
    assert theirs.reason == "the command is no exosuit build"


def test_a_directory_that_cannot_be_written_is_found_first(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="no such directory; make it first"):
        check_profiles(str(tmp_path / "none"), ["scan"], None)
    (tmp_path / "scan-base.json").mkdir()
    with pytest.raises(OutputError, match="it is a directory"):
        check_profiles(str(tmp_path), ["scan"], None)
    check_profiles(None, ["scan"], None)
