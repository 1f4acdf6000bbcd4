"""Suite `query`: a question to a tree that is indexed; every run looks for what changed, then answers."""

from __future__ import annotations

from typing import Final

from exosuit_cli.measure.suites.suite import Suite

SUITE: Final = Suite(
    name="query",
    title="a question to an indexed tree",
    arguments=("query", "where is an error handled and reported", "{path}", "--json"),
    work={"files": "index.files", "bytes": "index.bytes", "chunks": "index.chunks"},
    rates={"files_per_s": ("index.files", 1.0), "mb_per_s": ("index.bytes", 1e-6)},
    headline="files_per_s",
    reads_all=False,
)
