"""The names that the evaluation of chunks compares."""

from __future__ import annotations

import pytest


@pytest.mark.parametrize(
    ("path", "name"),
    [
        ("Reader.read:into:", "read"),
        ("Reader.close:", "close"),
        ("alloc::Vec::push", "push"),
        ("'Usage:'", "usage"),
        ("page.a:hover", "hover"),
    ],
)
def test_the_last_name_of_a_path(path: str, name: str) -> None:
    trees = pytest.importorskip("chunk_trees", reason="the grammars of the evaluation are not installed")
    assert trees.last_part(path) == name
