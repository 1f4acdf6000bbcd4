"""Self-contained HTML pages: style, pictures and any script are inside, and nothing is fetched."""

from __future__ import annotations

import base64
import hashlib
from html import escape
from typing import TYPE_CHECKING, Final

from exosuit_cli.model.marks import comment
from exosuit_cli.system.names import display_name

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

_STYLE: Final = """
:root{color-scheme:light dark;--ink:#1b1f24;--dim:#667;--line:#d8dce2;--bad:#b3261e;--good:#1a7f37;--mid:#8a6d00;
--band:#4c8bf533;--mark:#1f6feb;--paper:#fff}
@media(prefers-color-scheme:dark){:root{--ink:#e6e9ee;--dim:#99a;--line:#3a4048;--bad:#ff8a80;--good:#6fdc8c;
--mid:#e6c34a;--band:#4c8bf544;--mark:#79b0ff;--paper:#14171b}}
body{font:15px/1.5 system-ui,sans-serif;color:var(--ink);background:var(--paper);max-width:70rem;margin:2rem auto;
padding:0 1rem}
h1{font-size:1.5rem}h2{font-size:1.15rem;margin-top:2rem}
table{border-collapse:collapse;margin:.5rem 0;font-variant-numeric:tabular-nums}
th,td{border-bottom:1px solid var(--line);padding:.25rem .7rem;text-align:right;vertical-align:top}
th:first-child,td:first-child{text-align:left}td.text{text-align:left}
.dim{color:var(--dim)}.invalid,.regression{color:var(--bad);font-weight:600}.inconclusive{color:var(--mid)}
.pass,.improved{color:var(--good);font-weight:600}
svg{max-width:100%;height:auto}svg text{fill:var(--dim);font-size:11px}
.wide{overflow-x:auto}
"""


def text(value: object) -> str:
    """Text for HTML: control characters escaped for the reader, markup for the parser."""
    return escape(display_name(str(value)), quote=True)


def page(title: str, body: Iterable[str], *, style: str = "", script: str = "") -> bytes:
    """A whole document; `body` is HTML, `style` is CSS after the common one.

    `script` runs at the end of the body. The page allows this script by its digest, and no other.
    """
    allowed, code = "", ""
    if script:
        digest = base64.b64encode(hashlib.sha256(script.encode("utf-8")).digest()).decode("ascii")
        allowed, code = f"; script-src 'sha256-{digest}'", f"<script>{script}</script>\n"
    return (
        f'<!doctype html>\n{comment("exosuit.page/1")}\n<html lang="en"><head><meta charset="utf-8">'
        '<meta http-equiv="Content-Security-Policy" '
        f"content=\"default-src 'none'; style-src 'unsafe-inline'{allowed}\">"
        '<meta name="viewport" content="width=device-width,initial-scale=1">'
        f"<title>{text(title)}</title><style>{_STYLE}{style}</style></head>\n<body>\n"
        + "\n".join(body)
        + f"\n{code}</body></html>\n"
    ).encode("utf-8", "replace")


def table(columns: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A table; the cells are HTML."""
    head = "".join(f"<th>{text(column)}</th>" for column in columns)
    lines = "\n".join("<tr>" + "".join(f"<td>{cell}</td>" for cell in row) + "</tr>" for row in rows)
    return f'<div class="wide"><table><thead><tr>{head}</tr></thead><tbody>\n{lines}\n</tbody></table></div>'


def verdict_mark(verdict: str | None) -> str:
    """A verdict in its colour."""
    return f'<span class="{text(verdict)}">{text(verdict)}</span>' if verdict else '<span class="dim">not judged</span>'
