"""Patterns that every supported Python reads alike."""

from __future__ import annotations

import re
import tokenize
from pathlib import Path
from typing import Final

import exosuit_cli

_REPEATED_GROUP: Final = re.compile(r"(?<!\()\)(?:[*+?]|\{\d*,?\d*\})\+")


def test_no_pattern_repeats_a_group_possessively() -> None:
    """Python before 3.11.5 misses matches of `(...)*+` (CPython's issue 106052); `(?>(...)*)` says the same."""
    found = []
    for path in sorted(Path(exosuit_cli.__file__).parent.rglob("*.py")):
        if path.parent.name == "languages" and path.stat().st_size > 100_000:  # data
            continue
        with path.open("rb") as file:
            found += [
                f"{path.name}:{token.start[0]}"
                for token in tokenize.tokenize(file.readline)
                if token.type == tokenize.STRING and _REPEATED_GROUP.search(token.string) is not None
            ]
    assert found == []
