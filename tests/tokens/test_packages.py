"""Every text file of real distributions, those that the tests run with anyway."""

from __future__ import annotations

from importlib.metadata import distribution
from typing import TYPE_CHECKING

import pytest

from .texts import settled

if TYPE_CHECKING:
    from collections.abc import Iterator

    from exosuit_cli.model.protocols import TokenCounter

    from .conftest import Oracle

DISTRIBUTIONS = ["numpy", "pygments", "rich", "hypothesis", "pytest"]


def text_files(name: str) -> Iterator[tuple[str, bytes]]:
    for path in distribution(name).files or []:
        try:
            content = path.read_binary()
        except FileNotFoundError:
            continue  # a compiled file that was never written
        if b"\0" not in content[:8192]:
            yield str(path), content


@pytest.mark.parametrize("name", DISTRIBUTIONS)
def test_every_file_of_a_distribution(
    name: str, oracles: dict[str, Oracle], counters: dict[tuple[str, str], TokenCounter]
) -> None:
    compared = unsettled = 0
    for path, content in text_files(name):
        if not settled(content):
            unsettled += 1
            continue
        compared += 1
        expected = {encoding: oracle.count(content) for encoding, oracle in oracles.items()}
        for (encoding, package), counter in counters.items():
            assert counter.count(content) == expected[encoding], (path, encoding, package)
    assert compared > 50
    assert unsettled <= 2
