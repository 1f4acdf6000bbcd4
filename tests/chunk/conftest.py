"""The oracle of token counts: tiktoken with its official patterns, over the packaged vocabularies."""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING
from unittest.mock import patch

import pytest
import tiktoken
import tiktoken_ext.openai_public as published

from exosuit_cli.chunk.chunker import Chunker
from exosuit_cli.kernels import CpuKernels
from exosuit_cli.tokens import ENCODINGS, load_counter
from exosuit_cli.tokens.encodings import read_vocabulary

if TYPE_CHECKING:
    from collections.abc import Callable

    from exosuit_cli.chunk import ChunkOptions

    Count = Callable[[bytes], int]


def _oracle(name: str) -> Count:
    lines = read_vocabulary(ENCODINGS[name]).splitlines()
    ranks = {base64.b64decode(token): int(rank) for token, rank in (line.split() for line in lines)}
    with patch.object(published, "load_tiktoken_bpe", lambda *_, **__: ranks):
        encoding = tiktoken.Encoding(**published.ENCODING_CONSTRUCTORS[name]())
    return lambda data: len(encoding.encode_ordinary(data.decode("utf-8", "replace")))


@pytest.fixture(scope="session")
def oracles() -> dict[str, Count]:
    """What tiktoken counts, by encoding."""
    return {name: _oracle(name) for name in ENCODINGS}


@pytest.fixture(scope="session")
def chunker_of() -> Callable[[ChunkOptions], Chunker]:
    """A chunker under some options; the vocabularies are loaded once."""
    counters = {name: load_counter(name) for name in ENCODINGS}
    kernels = CpuKernels("blake3")
    return lambda options: Chunker(options, counters[options.encoding], kernels)
