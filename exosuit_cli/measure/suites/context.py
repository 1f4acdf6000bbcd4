"""Suite `context`: a first load into the context store; every run reads, cuts and writes everything anew."""

from __future__ import annotations

from typing import Final

from exosuit_cli.measure.suites.suite import TOKEN_RATES, TOKEN_WORK, Suite

SUITE: Final = Suite(
    name="context",
    title="first load into the context store",
    arguments=("context", "load", "{path}", "--name", "bench", "--anew", "--json"),
    work=TOKEN_WORK,
    rates={**TOKEN_RATES, "chunks_per_s": ("chunks.chunks", 1.0)},
    headline="files_per_s",
    informative={"chunks": "chunks.chunks"},
)
