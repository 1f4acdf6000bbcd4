"""The oracle: tiktoken with its official patterns, over the packaged vocabularies, without a network."""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING
from unittest.mock import patch

import pytest
import tiktoken
import tiktoken_ext.openai_public as published

from exosuit_cli.tokens import ENCODINGS, IMPLEMENTATIONS, counter_of_few, load_counter, small
from exosuit_cli.tokens.encodings import read_vocabulary

if TYPE_CHECKING:
    from exosuit_cli.model.protocols import TokenCounter


class Oracle:
    """What tiktoken says about a text, and about bytes read as this project reads them."""

    def __init__(self, name: str) -> None:
        self.name = name
        lines = read_vocabulary(ENCODINGS[name]).splitlines()
        ranks = {base64.b64decode(token): int(rank) for token, rank in (line.split() for line in lines)}
        # The constructor would download the ranks; everything else in it (pattern, special tokens) is used as it is.
        with patch.object(published, "load_tiktoken_bpe", lambda *_, **__: ranks):
            self._encoding = tiktoken.Encoding(**published.ENCODING_CONSTRUCTORS[name]())

    def ids(self, data: bytes | str) -> list[int]:
        text = data if isinstance(data, str) else data.decode("utf-8", "replace")
        return self._encoding.encode_ordinary(text)

    def count(self, data: bytes | str) -> int:
        return len(self.ids(data))


@pytest.fixture(scope="session")
def oracles() -> dict[str, Oracle]:
    return {name: Oracle(name) for name in ENCODINGS}


@pytest.fixture(scope="session")
def counters() -> dict[tuple[str, str], TokenCounter]:
    found = {(name, package): load_counter(name, package) for name in ENCODINGS for package in IMPLEMENTATIONS}
    with patch.object(small, "SMALL_BYTES", 1 << 40):
        return found | {(name, "small"): counter_of_few(name) for name in ENCODINGS}


@pytest.fixture(scope="session", params=list(ENCODINGS))
def oracle(request: pytest.FixtureRequest, oracles: dict[str, Oracle]) -> Oracle:
    return oracles[request.param]


@pytest.fixture(scope="session", params=[*IMPLEMENTATIONS, "small"])
def counter(
    request: pytest.FixtureRequest, oracle: Oracle, counters: dict[tuple[str, str], TokenCounter]
) -> TokenCounter:
    return counters[oracle.name, request.param]


@pytest.fixture(scope="session")
def gigatoken(oracle: Oracle, counters: dict[tuple[str, str], TokenCounter]) -> TokenCounter:
    return counters[oracle.name, "gigatoken"]
