"""What can be asked for, and what is refused in words."""

from __future__ import annotations

import pickle
from typing import Any

import pytest

from exosuit_cli.chunk import ChunkOptions
from exosuit_cli.chunk.options import BOUNDARIES, LARGEST_CAP, LEAST_CAP
from exosuit_cli.model.errors import UsageError


def test_the_defaults() -> None:
    assert ChunkOptions() == ChunkOptions(512, 64, 0, 0, "structure", "o200k_base")
    assert ChunkOptions().boundaries == BOUNDARIES[0]


@pytest.mark.parametrize(
    "changes",
    [
        {"max_tokens": LEAST_CAP, "min_tokens": 0},
        {"max_tokens": LARGEST_CAP},
        {"min_tokens": 0},
        {"min_tokens": 511},
        {"overlap": 511},
        {"max_chars": 16},
        {"max_chars": 10**9},
        *({"boundaries": name} for name in BOUNDARIES),
    ],
)
def test_the_ends_of_the_ranges_are_accepted(changes: dict[str, Any]) -> None:
    options = ChunkOptions(**changes)
    assert {name: getattr(options, name) for name in changes} == changes


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"max_tokens": 15, "min_tokens": 0}, "max_tokens 15 .* accepted: 16 to 1048576"),
        ({"max_tokens": LARGEST_CAP + 1}, "max_tokens 1048577 .* accepted: 16 to 1048576"),
        ({"max_tokens": 0}, "max_tokens 0 "),
        ({"max_tokens": -1}, "max_tokens -1 "),
        ({"min_tokens": 512}, "min_tokens 512 .* below max_tokens"),
        ({"min_tokens": -2}, "min_tokens -2 "),
        ({"max_tokens": 32, "min_tokens": 64}, "min_tokens 64 "),
        ({"overlap": 512}, "overlap 512 .* below max_tokens"),
        ({"overlap": -1}, "overlap -1 "),
        ({"max_chars": 15}, "max_chars 15 .* 0 for none, 16 and more"),
        ({"max_chars": -1}, "max_chars -1 "),
        ({"boundaries": "words"}, "unknown boundaries 'words': expected structure, ast, lines"),
        ({"boundaries": ""}, "unknown boundaries ''"),
    ],
)
def test_what_is_out_of_range_is_refused(changes: dict[str, Any], told: str) -> None:
    with pytest.raises(UsageError, match=told):
        ChunkOptions(**changes)


def test_options_cross_to_a_worker() -> None:
    options = ChunkOptions(max_tokens=99, overlap=7)
    assert pickle.loads(pickle.dumps(options)) == options
    assert hash(options) == hash(ChunkOptions(max_tokens=99, overlap=7))
