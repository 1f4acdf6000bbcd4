"""Overlap, the exact cap and blank lines, with the spans that come out."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING

import pytest

from exosuit_cli.chunk import ChunkOptions, chunk_text

if TYPE_CHECKING:
    from exosuit_cli.model.protocols import TokenCounter


def texts(text: str, language: str = "Python", **options: object) -> list[str]:
    chunks = chunk_text(text, language=language, options=ChunkOptions(**options))  # type: ignore[arg-type]
    return [text[start:end] for start, end in chunks.text_spans()]


def test_a_chunk_repeats_lines_of_the_one_before_and_never_all_of_it() -> None:
    lines = [f"name_{number} = {number}\n" for number in range(12)]
    found = texts("".join(lines), max_tokens=20, min_tokens=0, overlap=19)
    # A chunk whose own part is one line gives nothing to the next: that would be all that it adds.
    assert found == ["".join(lines[first : first + 2]) for first in (0, 1, 3, 4, 6, 7, 9, 10)]
    for one, other in pairwise(found):
        assert other not in one
        assert not other.startswith(one)


@pytest.mark.parametrize("overlap", [0, 8])
def test_a_definition_of_exactly_the_cap_is_one_chunk(overlap: int, counter: TokenCounter) -> None:
    body = "".join(f"    name_{number} = {number}\n" for number in range(6))
    whole = f"def function(value):\n{body}    return value\n\n\n"
    cap = counter.count(whole.encode())
    found = texts(f"{whole}def other():\n    return 1\n", max_tokens=cap, min_tokens=0, overlap=overlap)
    assert found[0] == whole
    assert found[1].endswith("def other():\n    return 1\n")
    smaller = texts(whole, max_tokens=cap - 1, min_tokens=0, overlap=overlap)
    assert len(smaller) == 2


def test_blank_lines_belong_to_what_is_before_them() -> None:
    first, second = "def a():\n    return 1\n", "def b():\n    return 2\n"
    blanks = "\n" * 30
    assert texts(first + blanks + second, max_tokens=16, min_tokens=0) == [first + blanks, second]
    assert texts(blanks + first, max_tokens=16, min_tokens=0) == [blanks + first]
