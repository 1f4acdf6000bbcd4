"""Two profiles: what changed, what is noise, and what cannot be compared."""

from __future__ import annotations

import pytest

from exosuit_cli.measure.profile.difference import check_old, difference
from exosuit_cli.measure.profile.records import Profile, Repeat
from exosuit_cli.model.errors import UsageError
from tests.measure.profile.profiles import profile


def _runs(count: int, **stages: float) -> Profile:
    """A profile of so many runs, each 1% slower than the last."""
    repeats = tuple(
        Repeat(0.1 * (1 + number / 100), {name: seconds * (1 + number / 100) for name, seconds in stages.items()})
        for number in range(count)
    )
    return profile(repeats=repeats)


def test_a_stage_that_got_slower_is_named() -> None:
    found = difference(_runs(5, hash=1.0, read=1.0, walk=0.001), _runs(5, hash=1.18, read=1.0, walk=0.001))
    assert found.summary == "hash +18%, the rest unchanged"
    assert found.noise is None
    states = {change.stage: change.state for change in found.stages}
    assert states == {"hash": "slower", "read": "unchanged", "walk": "small"}
    hashed = found.stages[0]
    assert hashed.ratio is not None
    assert hashed.ratio.median == pytest.approx(1.18, rel=1e-3)
    assert found.new_s_per_gb(hashed) == pytest.approx(1.18 * 1.02 / 2)
    assert found.old_s_per_gb(hashed) == pytest.approx(1.02 / 2)
    assert found.wall is not None
    assert found.wall.low < 1 < found.wall.high


def test_one_run_says_nothing_about_noise() -> None:
    found = difference(_runs(1, hash=1.0, read=1.0), _runs(1, hash=1.5, read=1.0))
    assert found.noise == "1 run beside 1 run: the noise is unknown; profile both with --repeat 5"
    assert found.summary == "too few runs to say which stage changed; hash +50% is the largest change"


@pytest.mark.parametrize(
    ("change", "word"),
    [
        ({"machine": {"fingerprint": "other"}}, "machine 0123456789abcdef and now other"),
        ({"work": "tokens"}, "work scan and now tokens"),
        ({"cache": "cold"}, "page cache warm and now cold"),
        ({"bytes": 1}, "bytes 2000000000 and now 1"),
        ({"options": {"encoding": "cl100k", "paths": ["tree"]}}, "encoding o200k and now cl100k"),
        ({"partial": "SIGINT"}, "the new one is partial"),
    ],
)
def test_what_is_not_the_same_is_refused_unless_forced(change: dict[str, object], word: str) -> None:
    with pytest.raises(UsageError, match=r"; give --force") as caught:
        difference(profile(), profile(**change))
    assert word in str(caught.value)
    assert difference(profile(), profile(**change), force=True).mismatches == (word,)


def test_another_machine_or_work_is_found_before_the_run() -> None:
    check_old(profile(), work="scan", machine="0123456789abcdef", cache="warm")
    with pytest.raises(UsageError, match="work scan and now chunk; page cache warm and now cold; give --force"):
        check_old(profile(), work="chunk", machine="0123456789abcdef", cache="cold")


def test_settings_that_differ_are_noted_and_nothing_is_fine() -> None:
    changed = {"encoding": "o200k", "device": "\x1b[31m", "repeat": 9, "paths": ["other"]}
    found = difference(profile(workers=1), profile(options=changed))
    assert found.mismatches == ()
    assert found.notes == ("workers 1 and now 2", "device None and now \\x1b[31m", "paths ['tree'] and now ['other']")
    empty = profile(repeats=(), bytes=0)
    assert difference(empty, empty).summary == ""
