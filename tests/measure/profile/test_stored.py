"""A profile that was written and read back is the same; what is no profile is refused in one line."""

from __future__ import annotations

import json
import os
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from exosuit_cli.measure.profile.stored import load_profile, read_profile
from exosuit_cli.model.errors import UsageError
from exosuit_cli.report.profile.document import profile_document
from tests.measure.profile.profiles import profile, series

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from exosuit_cli.measure.profile.records import Profile


def _document(made: Profile) -> Any:
    return json.loads(json.dumps(profile_document(made)))


def test_what_was_written_is_read_back() -> None:
    made = profile(series=(series("ram pss", "bytes", [0, 50], [1e6, 3.5]),), partial="SIGTERM", warnings=("one",))
    found = read_profile(_document(made), "OLD.json")
    np.testing.assert_equal(asdict(found), asdict(made))
    assert found.tracks[1].spans.stage.dtype == np.uint8
    assert found.dearest[0].path == made.dearest[0].path, "bytes that are not UTF-8 are kept"


def test_an_empty_profile_is_read_back() -> None:
    made = profile(tracks=(), series=(), stages=(), dearest=(), tiers=(), repeats=(), limiter=None, overhead_pct=None)
    np.testing.assert_equal(asdict(read_profile(_document(made), "OLD.json")), asdict(made))


@pytest.mark.parametrize(
    ("break_it", "told"),
    [
        (lambda document: document.update(schema="exosuit.scan/1"), "'exosuit.scan/1', not 'exosuit.profile/1'"),
        (lambda document: document.pop("schema"), "no schema, not"),
        (lambda document: document.pop("tracks"), "no 'tracks'"),
        (lambda document: document.update(wall_s="\x1b"), "where a number is wanted"),
        (lambda document: document.update(wall_s=float("inf")), "where a number is wanted"),
        (lambda document: document.update(cache="tepid"), "cache is neither"),
        (lambda document: document.update(tracks=7), "not iterable"),
        (lambda document: document["tracks"][0]["spans"]["stage"].append(0), "different lengths"),
        (lambda document: document["tracks"][0]["spans"]["stage"].__setitem__(0, 99), "not among stage_names"),
        (lambda document: document["tracks"][0]["spans"].update(stage=[[1]]), "different lengths"),
        (lambda document: document["tracks"][0]["spans"]["start_ns"].__setitem__(0, 2**70), "too large"),
        (lambda document: document["totals"].update(files=None), "where int is wanted"),
        (lambda document: document["files"][0].update(path_b64="%"), "base64"),
    ],
)
def test_what_is_no_profile_is_refused(break_it: Callable[[Any], object], told: str) -> None:
    document = _document(profile())
    break_it(document)
    with pytest.raises(UsageError, match="OLD") as caught:
        read_profile(document, "OLD.json")
    assert told in str(caught.value)
    assert str(caught.value).isprintable()


def test_another_schema_is_read_by_force_if_it_can_be() -> None:
    document = _document(profile())
    document["schema"] = "exosuit.profile/2"
    document["stages"][0]["added_later"] = 1
    assert read_profile(document, "OLD.json", force=True).work == "scan"
    with pytest.raises(UsageError, match="no profile; give a file that"):
        read_profile([], "OLD.json", force=True)
    with pytest.raises(UsageError, match="no whole profile: no 'stage_names'"):
        read_profile({}, "OLD.json", force=True)


def test_a_file_is_read_or_refused_in_one_line(tmp_path: Path) -> None:
    place = tmp_path / "OLD.json"
    place.write_text(json.dumps(profile_document(profile(series=()))))
    np.testing.assert_equal(asdict(load_profile(str(place))), asdict(profile(series=())))
    place.write_text("[" * 100_000)
    os.mkfifo(tmp_path / "pipe")
    for name, told in (
        ("none", "cannot be read: No such file"), ("pipe", "not a regular file"), ("OLD.json", "no JSON"),
        (".", "not a regular file"),
    ):  # fmt: skip
        with pytest.raises(UsageError, match="--diff") as caught:
            load_profile(str(tmp_path / name))
        assert told in str(caught.value)
