"""Suite `scan`: walk, read, digests, lines, languages; no tokens, no index."""

from __future__ import annotations

from typing import Final

from exosuit_cli.measure.suites.suite import Suite

SUITE: Final = Suite(
    name="scan",
    title="walk, read, BLAKE3, lines, languages",
    arguments=("scan", "{path}", "--json", "--top", "0", "--no-index", "--no-tokens"),
    work={"files": "totals.files", "bytes": "totals.bytes", "tree_digest": "tree_digest"},
    rates={"files_per_s": ("totals.files", 1.0), "mb_per_s": ("totals.bytes", 1e-6)},
    headline="files_per_s",
)
