"""Suite `tokens`: a scan with exact token counts, no index."""

from __future__ import annotations

from typing import Final

from exosuit_cli.measure.suites.suite import TOKEN_RATES, TOKEN_WORK, Suite

SUITE: Final = Suite(
    name="tokens",
    title="scan with exact token counts",
    arguments=("scan", "{path}", "--json", "--top", "0", "--no-index", "--tokens"),
    work=TOKEN_WORK,
    rates=TOKEN_RATES,
    headline="tokens_per_s",
)
