"""Suite `scan`: walk, read, digests, lines, languages; no tokens, no index."""

from __future__ import annotations

from typing import Final

from exosuit_cli.measure.suites.suite import RATES, WORK, Suite

SUITE: Final = Suite(
    name="scan",
    title="walk, read, BLAKE3, lines, languages",
    arguments=("scan", "{path}", "--json", "--top", "0", "--no-index", "--no-tokens"),
    work=WORK,
    rates=RATES,
    headline="files_per_s",
)
