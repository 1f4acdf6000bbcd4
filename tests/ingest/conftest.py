"""What the tests of the pipeline share: a counter, and shards that are closed again."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

from exosuit_cli.ingest.options import ShardSettings
from exosuit_cli.ingest.shard import Shard
from exosuit_cli.tokens import load_counter

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from exosuit_cli.model.protocols import TokenCounter


@pytest.fixture(scope="session")
def counter() -> TokenCounter:
    return load_counter("o200k_base")


@pytest.fixture
def shard_of() -> Iterator[Callable[..., Shard]]:
    """Make a shard over a tree; it is closed after the test."""
    made: list[Shard] = []

    def make(
        base: Path, counter: TokenCounter | None = None, *, slab_bytes: int = 1 << 16, hash_name: str = "blake3"
    ) -> Shard:
        encoding = counter.encoding if counter is not None else None
        settings = ShardSettings(
            base=os.fsencode(base),
            encoding=encoding,
            hash=hash_name,
            device="cpu",
            max_file_size=0,
            slab_bytes=slab_bytes,
            follow=False,
        )
        made.append(Shard(settings, counter))
        return made[-1]

    yield make
    for shard in made:
        shard.close()
