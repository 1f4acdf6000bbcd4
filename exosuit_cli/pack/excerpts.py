"""Blocks of files in pieces: some lines of a text, and what is left out between them, marked as no text can mark it.

The detail of the block names the lines that it has, and of how many; a mark stands between two pieces only.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from exosuit_cli.model.dataclass import dataclass
from exosuit_cli.pack.forms import FORMS
from exosuit_cli.system.names import display_name, text_name

if TYPE_CHECKING:
    from collections.abc import Callable


@dataclass(frozen=True, slots=True)
class Part:
    """A piece of a text, in UTF-8: lines `first` to `last`, or where it `is_cut`, a part of these lines.

    `left_out` are names that the gap before it defines; the first part has none.
    """

    first: int
    last: int
    text: bytes
    is_cut: bool = False
    left_out: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Excerpt:
    """A file in pieces, in order; its text has `lines` in all."""

    path: bytes
    language: str
    lines: int
    parts: tuple[Part, ...]

    @property
    def remark(self) -> str:
        """Which lines these are."""
        shown = ", ".join(_lines(part.first, part.last) for part in self.parts)
        cut = "parts of " if any(part.is_cut for part in self.parts) else ""
        noun = "line" if len(self.parts) == 1 and self.parts[0].first == self.parts[0].last else "lines"
        return f"{cut}{noun} {shown} of {self.lines}"


def excerpt_block(excerpt: Excerpt, form: str) -> tuple[bytes, int]:
    """The block of a file in pieces, without its opening, and how many places of its texts were changed."""
    return _BLOCKS[form](excerpt)


def gap_mark(before: Part, part: Part) -> str:
    """What is left out between two parts, in words: `lines 41-60: run, stop`."""
    first, last = before.last + 1, part.first - 1
    if first > last:
        return f"a part of line {part.first}"
    names = ", ".join(map(display_name, part.left_out))
    return f"{'line' if first == last else 'lines'} {_lines(first, last)}{': ' if names else ''}{names}"


def _lines(first: int, last: int) -> str:
    return str(first) if first == last else f"{first}-{last}"


def _joined(excerpt: Excerpt, form: str, mark: Callable[[str], bytes]) -> tuple[bytes, int]:
    """The protected texts with marks between them."""
    found = []
    places = 0
    before: Part | None = None
    for part in excerpt.parts:
        text, changed = FORMS[form].protected(part.text)
        places += changed
        if before is not None:
            found.append(mark(gap_mark(before, part)))
        found += [text, b"" if text.endswith(b"\n") else b"\n"]
        before = part
    return b"".join(found), places


def _xml(excerpt: Excerpt) -> tuple[bytes, int]:
    body, places = _joined(excerpt, "xml", lambda words: f"<gap>{_escaped(words)}</gap>\n".encode())
    source, remark = _escaped(display_name(excerpt.path)), excerpt.remark
    before = f'">\n<source>{source}</source>\n<detail>{remark}</detail>\n<document_content>\n'
    return b"".join([before.encode(), body, b"</document_content>\n</document>\n"]), places


def _escaped(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def _markdown(excerpt: Excerpt) -> tuple[bytes, int]:
    runs = [run for part in excerpt.parts for run in re.findall(rb"`{3,}", part.text)]
    fence = "`" * max([3, *(len(run) + 1 for run in runs)])
    language = re.sub(r"[^a-z0-9+#-]+", "-", excerpt.language.lower())

    def mark(words: str) -> bytes:
        return f"{fence}\n\nLeft out: {words.replace('`', chr(39))}\n\n{fence}{language}\n".encode()

    body, places = _joined(excerpt, "markdown", mark)
    before = f"## {display_name(excerpt.path)} ({excerpt.remark})\n\n{fence}{language}\n"
    return b"".join([before.encode(), body, f"{fence}\n\n".encode()]), places


def _plain(excerpt: Excerpt) -> tuple[bytes, int]:
    body, places = _joined(excerpt, "plain", lambda words: f"===== GAP {words} =====\n".encode())
    return f"===== FILE {display_name(excerpt.path)} ({excerpt.remark}) =====\n".encode() + body, places


def _json(excerpt: Excerpt) -> tuple[bytes, int]:
    import orjson

    name, exact = text_name(excerpt.path)
    record: dict[str, object] = {"path": name}
    if exact is not None:
        record["path_b64"] = exact
    record |= {"language": excerpt.language or None, "detail": "pieces", "lines": excerpt.lines}
    record["pieces"] = [
        {
            "start_line": part.first,
            "end_line": part.last,
            "is_cut": part.is_cut,
            "left_out_before": list(part.left_out),
            "text": part.text.decode("utf-8", "replace"),
        }
        for part in excerpt.parts
    ]
    return orjson.dumps(record) + b"\n", 0


def _raw(excerpt: Excerpt) -> tuple[bytes, int]:
    return _joined(excerpt, "raw", lambda words: f"... {words} ...\n".encode())


_BLOCKS: Final[dict[str, Callable[[Excerpt], tuple[bytes, int]]]] = {
    "xml": _xml,
    "markdown": _markdown,
    "json": _json,
    "plain": _plain,
    "raw": _raw,
}
