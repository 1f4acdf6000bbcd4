"""The sums over a scan, against plain Python over its rows."""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from exosuit_cli.ingest import ScanOptions, ScanResult, scan
from exosuit_cli.ingest.tree_digest import tree_digest
from exosuit_cli.languages import LANGUAGES
from exosuit_cli.model.records import ROW, Kind, Outcome, Skip

if TYPE_CHECKING:
    from pathlib import Path

PLAIN = settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


@dataclass(frozen=True)
class File:
    """One file as a row would hold it."""

    path: bytes
    size: int
    lines: int
    tokens: int
    language: int
    kind: Kind
    digest: bytes
    estimated: bool


# Few contents, so that there are duplicates; digests that agree in their first bytes without being equal.
DIGESTS = [bytes([number]) * 32 for number in range(3)] + [bytes(8) + bytes([number]) * 24 for number in range(1, 4)]
paths = st.lists(st.sampled_from([b"a", b"b", b"a-b", b"\xff", b"c.py"]), min_size=1, max_size=4).map(b"/".join)


@st.composite
def file_lists(draw: st.DrawFn) -> list[File]:
    """Files with different paths, sorted; what has the same digest has the same content."""
    contents = {
        digest: (
            draw(st.sampled_from([0, 1, 7, 2**31, 2**40])),
            draw(st.integers(0, 2**40)),
            draw(st.integers(0, 2**40)),
            draw(st.sampled_from(Kind)),
            draw(st.booleans()),
        )
        for digest in DIGESTS
    }
    found = []
    for path in sorted(draw(st.sets(paths, max_size=12))):
        digest = draw(st.sampled_from(DIGESTS))
        size, lines, tokens, kind, estimated = contents[digest]
        if kind is Kind.BINARY:
            lines = tokens = -1
        language = draw(st.integers(0, 5)) if kind is Kind.TEXT else 0
        found.append(File(path, size, lines, tokens, language, kind, digest, estimated))
    return found


@pytest.fixture
def nothing(tmp_path: Path) -> ScanResult:
    return scan(tmp_path, ScanOptions(use_index=False))


def result_of(nothing: ScanResult, files: list[File], *, counted: bool = True) -> ScanResult:
    rows = np.zeros(len(files), ROW)
    for name in ("size", "lines", "language", "kind", "estimated"):
        rows[name] = [getattr(file, name) for file in files]
    rows["tokens"] = [file.tokens if counted else -1 for file in files]
    for row, file in zip(rows, files, strict=True):
        row["digest"] = np.frombuffer(file.digest, np.uint8)
    encoding = nothing.encoding if counted else None
    return replace(nothing, paths=[file.path for file in files], rows=rows, encoding=encoding)


@given(file_lists(), st.booleans())
@PLAIN
def test_totals(nothing: ScanResult, files: list[File], counted: bool) -> None:
    totals = result_of(nothing, files, counted=counted).totals
    assert totals.files == len(files)
    assert totals.bytes == sum(file.size for file in files)
    assert totals.lines == sum(file.lines for file in files if file.kind is Kind.TEXT)
    assert totals.tokens == (sum(file.tokens for file in files if file.kind is Kind.TEXT) if counted else None)
    assert totals.estimated_files == sum(file.estimated for file in files)


@given(file_lists(), st.booleans())
@PLAIN
def test_languages(nothing: ScanResult, files: list[File], counted: bool) -> None:
    result = result_of(nothing, files, counted=counted)
    groups = defaultdict(list)
    for file in files:
        groups[LANGUAGES[file.language] or None, file.kind].append(file)
    found = {(sums.language, sums.kind): sums for sums in result.languages()}
    assert found.keys() == groups.keys()
    for key, members in groups.items():
        sums = found[key]
        assert sums.files == len(members)
        assert sums.bytes == sum(file.size for file in members)
        assert sums.lines == sum(max(file.lines, 0) for file in members)
        assert sums.tokens == (sum(max(file.tokens, 0) for file in members) if counted else None)
    weights = [(sums.tokens or 0, sums.bytes) for sums in result.languages()]
    assert weights == sorted(weights, reverse=True)


@given(file_lists(), st.integers(0, 14), st.booleans())
@PLAIN
def test_largest(nothing: ScanResult, files: list[File], count: int, counted: bool) -> None:
    weights = [file.tokens if counted else file.size for file in files]
    order = sorted(range(len(files)), key=lambda position: (-weights[position], position))
    expected = [position for position in order if weights[position] > 0][:count]
    assert result_of(nothing, files, counted=counted).largest(count) == expected


@given(file_lists(), st.booleans())
@PLAIN
def test_duplicates(nothing: ScanResult, files: list[File], counted: bool) -> None:
    result = result_of(nothing, files, counted=counted).duplicates()
    groups = defaultdict(list)
    for position, file in enumerate(files):
        if file.size:
            groups[file.digest].append(position)
    expected = {tuple(members) for members in groups.values() if len(members) > 1}
    assert {group.members for group in result.groups} == expected
    wasted = []
    for group in result.groups:
        first = files[group.members[0]]
        assert group.size == first.size
        assert group.tokens == (first.tokens if counted and first.kind is Kind.TEXT else None)
        wasted.append(group.size * (len(group.members) - 1))
    assert wasted == sorted(wasted, reverse=True)
    assert result.bytes_saved == sum(wasted)
    assert result.redundant_files == sum(len(members) - 1 for members in expected)
    saved = sum(max(files[members[0]].tokens, 0) * (len(members) - 1) for members in expected)
    assert result.tokens_saved == (saved if counted else None)


@given(file_lists())
@PLAIN
def test_directory_totals(nothing: ScanResult, files: list[File]) -> None:
    expected: dict[bytes, list[int]] = defaultdict(lambda: [0, 0, 0])
    for file in files:
        above = file.path
        while above:
            above = above.rpartition(b"/")[0]
            for index, value in enumerate((1, file.size, max(file.tokens, 0))):
                expected[above][index] += value
    found = list(result_of(nothing, files).directory_totals())
    assert {path: sums for path, *sums in found} == expected
    parts = [path.split(b"/") if path else [] for path, *_ in found]
    assert parts == sorted(parts), "a directory stands before what is in it, and nothing comes between"


@given(st.lists(st.sampled_from(Outcome), max_size=30))
@PLAIN
def test_the_ledger(nothing: ScanResult, outcomes: list[Outcome]) -> None:
    outcomes = [outcome for outcome in outcomes if outcome not in (Outcome.INGESTED, Outcome.LINKED)]
    skips = [Skip(b"%d" % number, outcome) for number, outcome in enumerate(outcomes)]
    result = replace(result_of(nothing, [File(b"x", 1, 1, 1, 0, Kind.TEXT, bytes(32), False)]), skips=skips)
    assert result.discovered == 1 + len(outcomes)
    assert result.skipped == {outcome.label: count for outcome, count in Counter(outcomes).items()}
    counts = list(result.skipped.values())
    assert counts == sorted(counts, reverse=True)
    unasked = {Outcome.UNREADABLE, Outcome.CHANGED, Outcome.VANISHED, Outcome.QUARANTINED, Outcome.WALK_LIMIT}
    assert [skip.outcome for skip in result.unreadable] == [outcome for outcome in outcomes if outcome in unasked]


def test_digests_are_as_wide_as_their_algorithm(nothing: ScanResult) -> None:
    result = result_of(nothing, [File(b"x", 1, 1, 1, 0, Kind.TEXT, bytes(range(32)), False)])
    assert result.digest(0) == bytes(range(32)).hex()
    assert replace(result, hash="xxh3").digest(0) == bytes(range(16)).hex()


def test_paths_and_digests_cannot_be_confused(nothing: ScanResult) -> None:
    """The bytes that are hashed can be read back in one way only, so different trees have different digests."""
    seen = set()
    for path, digest in ((b"a", b"b"), (b"ab", b""), (b"a\x01", b"b"), (b"", b"ab")):
        rows = np.zeros(1, ROW)
        rows["digest"][0, : len(digest)] = np.frombuffer(digest, np.uint8)
        seen.add(tree_digest([path], rows, "blake3"))
        seen.add(tree_digest([path], rows, "xxh3"))
    assert len(seen) == 8


def test_written_output_adds_to_its_tier(nothing: ScanResult) -> None:
    assert nothing.with_output_bytes(0) is nothing
    tier = nothing.with_output_bytes(70).memory.nvme
    assert (tier.peak_bytes, tier.details["output_bytes"]) == (70, 70)
