"""Suite `tokens`: a scan with exact token counts, no index."""

from __future__ import annotations

from typing import Final

from exosuit_cli.measure.suites.suite import Suite

SUITE: Final = Suite(
    name="tokens",
    title="scan with exact token counts",
    arguments=("scan", "{path}", "--json", "--top", "0", "--no-index", "--tokens"),
    work={
        "files": "totals.files",
        "bytes": "totals.bytes",
        "tokens": "totals.tokens",
        "tree_digest": "tree_digest",
    },
    rates={
        "files_per_s": ("totals.files", 1.0),
        "mb_per_s": ("totals.bytes", 1e-6),
        "tokens_per_s": ("totals.tokens", 1.0),
    },
    headline="tokens_per_s",
)
