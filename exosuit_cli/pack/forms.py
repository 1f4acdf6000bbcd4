"""The forms of a pack: what stands around the texts, and what keeps a text from passing for it.

A pack is a head, blocks, and a tail. The head is always the same. A block begins with an opening, which has its number
where the form has numbers, and goes on with what a worker made: before, text, after. The tail has what depends on all
files, so that an edit changes as little as possible of what comes before.

Tokens of the pieces add up: each ends with a newline, or with a digit's neighbour, where `tokens.boundaries` allows a
cut whatever comes next.
"""

from __future__ import annotations

import re
from dataclasses import field
from typing import TYPE_CHECKING, Final, Protocol

from exosuit_cli.model.dataclass import dataclass
from exosuit_cli.pack.detail import Detail
from exosuit_cli.system.names import display_name, text_name

if TYPE_CHECKING:
    from collections.abc import Mapping

    from exosuit_cli.pack.shown_changes import ShownChanges

SCHEMA: Final = "exosuit.pack_text/1"


@dataclass(frozen=True, slots=True)
class Piece:
    """What a block says of its text: all of a file, or lines `first` to `last` of it."""

    path: bytes
    language: str
    detail: Detail
    lines: tuple[int, int] | None = None

    @property
    def remark(self) -> str:
        """What the text is, where it is not the whole file; empty where it is."""
        said = [] if self.detail is Detail.FULL else [self.detail.label]
        if self.lines is not None:
            said.append(f"lines {self.lines[0]}-{self.lines[1]}")
        return ", ".join(said)


@dataclass(frozen=True, slots=True)
class Tail:
    """What comes after the blocks. A tree or instructions of None are not written."""

    summary: str
    tree: str | None = None
    instructions: str | None = None
    numbers: Mapping[str, int] = field(default_factory=dict)
    changes: ShownChanges | None = None


class Form(Protocol):
    """One form of a pack."""

    suffix: str
    head: bytes

    def opening(self, number: int) -> bytes:
        """What begins the block of this number, from 1; the tokens of two openings differ by those of the numbers."""
        ...

    def protected(self, text: bytes) -> tuple[bytes, int]:
        """A text in UTF-8 as it stands in a block, and how many places were changed so that it passes for text."""
        ...

    def around(self, piece: Piece, text: bytes) -> tuple[bytes, bytes]:
        """What stands before and after a protected text."""
        ...

    def tail(self, tail: Tail) -> bytes:
        """What ends the pack."""
        ...


def _end_of(text: bytes) -> bytes:
    """The newline that a text lacks at its end."""
    return b"" if not text or text.endswith(b"\n") else b"\n"


class XmlForm:
    """Documents as the vendors of models recommend: source and content of each, the texts as they are.

    A `<` that begins one of the names of this form is written as `&lt;`, and the `&` of what looks like that already as
    `&amp;`: it can be undone, and nothing in a text can end it.
    """

    suffix = ".xml"
    head = b"<!-- " + SCHEMA.encode() + b" -->\n<documents>\n"
    _names = rb"[\s/]*(?i:documents?|document_content|gap|file_tree|pack_summary|changes|instructions)\b"
    _tags = re.compile(rb"<(?=" + _names + rb")")
    _escaped = re.compile(rb"&(?=(?:amp;)*lt;" + _names + rb")")

    def opening(self, number: int) -> bytes:
        return b'<document index="%d' % number

    def protected(self, text: bytes) -> tuple[bytes, int]:
        text, escaped = self._escaped.subn(b"&amp;", text) if b"&" in text else (text, 0)
        text, tags = self._tags.subn(b"&lt;", text)
        return text, escaped + tags

    def around(self, piece: Piece, text: bytes) -> tuple[bytes, bytes]:
        remark = f"<detail>{piece.remark}</detail>\n" if piece.remark else ""
        before = f'">\n<source>{_xml(display_name(piece.path))}</source>\n{remark}<document_content>\n'
        return before.encode(), _end_of(text) + b"</document_content>\n</document>\n"

    def tail(self, tail: Tail) -> bytes:
        parts = ["</documents>\n"]
        if tail.changes is not None:
            parts.append(f"<changes>\n{self.protected(tail.changes.text().encode())[0].decode()}</changes>\n")
        for name, text in (("file_tree", tail.tree), ("pack_summary", tail.summary)):
            if text:
                parts.append(f"<{name}>\n{_xml(text)}</{name}>\n")
        if tail.instructions:
            parts.append(f"<instructions>\n{tail.instructions}</instructions>\n")
        return "".join(parts).encode()


def _xml(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


class MarkdownForm:
    """A heading and a fenced block for each file; the fence is longer than any run of backticks in the text."""

    suffix = ".md"
    head = b"<!-- " + SCHEMA.encode() + b" -->\n\n"
    _backticks = re.compile(rb"`{3,}")

    def opening(self, number: int) -> bytes:  # noqa: ARG002  (a heading has no number)
        return b""

    def protected(self, text: bytes) -> tuple[bytes, int]:
        return text, 0

    def _fence(self, text: bytes) -> str:
        runs = self._backticks.findall(text) if b"```" in text else []
        return "`" * max([3, *(len(run) + 1 for run in runs)])

    def around(self, piece: Piece, text: bytes) -> tuple[bytes, bytes]:
        fence = self._fence(text)
        remark = f" ({piece.remark})" if piece.remark else ""
        language = re.sub(r"[^a-z0-9+#-]+", "-", piece.language.lower())
        before = f"## {display_name(piece.path)}{remark}\n\n{fence}{language}\n"
        return before.encode(), _end_of(text) + f"{fence}\n\n".encode()

    def tail(self, tail: Tail) -> bytes:
        parts = []
        if tail.changes is not None:
            text = tail.changes.text()
            fence = self._fence(text.encode())
            parts.append(f"# Changes\n\n{fence}diff\n{text}{fence}\n\n")
        if tail.tree:
            parts.append(f"# File tree\n\n```text\n{tail.tree.replace('`', chr(39))}```\n\n")
        parts.append(f"# Summary\n\n{tail.summary}\n" if tail.summary else "")
        if tail.instructions:
            parts.append(f"# Instructions\n\n{tail.instructions}")
        return "".join(parts).encode()


class PlainForm:
    """A line with the path before each text. A line of a text that looks like one gets a `>` in front, as in mail."""

    suffix = ".txt"
    head = b"# " + SCHEMA.encode() + b"\n"
    _marks = re.compile(
        # Behind all that some reader takes for the end of a line.
        rb"(?:^|(?<=[\r\x0b\x0c\x1c-\x1e])|(?<=\xc2\x85)|(?<=\xe2\x80[\xa8\xa9]))"
        rb"(?=>*===== (?:FILE|GAP|CHANGES|TREE|SUMMARY|INSTRUCTIONS)\b)",
        re.MULTILINE,
    )

    def opening(self, number: int) -> bytes:  # noqa: ARG002  (a line has no number)
        return b""

    def protected(self, text: bytes) -> tuple[bytes, int]:
        return self._marks.subn(b">", text) if b"===== " in text else (text, 0)

    def around(self, piece: Piece, text: bytes) -> tuple[bytes, bytes]:
        remark = f" ({piece.remark})" if piece.remark else ""
        return f"===== FILE {display_name(piece.path)}{remark} =====\n".encode(), _end_of(text)

    def tail(self, tail: Tail) -> bytes:
        parts = []
        changes = tail.changes.text() if tail.changes is not None else None
        for name, text in (
            ("CHANGES", changes),
            ("TREE", tail.tree),
            ("SUMMARY", tail.summary),
            ("INSTRUCTIONS", tail.instructions),
        ):
            if text:
                parts += [f"===== {name} =====\n".encode(), self.protected(text.encode())[0]]
        return b"".join(parts)


class JsonForm:
    """One JSON document (`schemas/pack_text.schema.json`), a file on each line."""

    suffix = ".json"
    head = b'{"schema":"' + SCHEMA.encode() + b'","files":[\n'

    def opening(self, number: int) -> bytes:
        return b",\n" if number > 1 else b""

    def protected(self, text: bytes) -> tuple[bytes, int]:
        import orjson

        return orjson.dumps(text.decode("utf-8", "replace"))[1:-1], 0

    def around(self, piece: Piece, text: bytes) -> tuple[bytes, bytes]:  # noqa: ARG002  (it is escaped already)
        import orjson

        name, exact = text_name(piece.path)
        record: dict[str, object] = {"path": name}
        if exact is not None:
            record["path_b64"] = exact
        record |= {"language": piece.language or None, "detail": piece.detail.label}
        if piece.lines is not None:
            record |= {"start_line": piece.lines[0], "end_line": piece.lines[1]}
        return orjson.dumps(record)[:-1] + b',"text":"', b'"}\n'

    def tail(self, tail: Tail) -> bytes:
        import orjson

        record: dict[str, object] = {"file_tree": tail.tree, "summary": {"text": tail.summary, **tail.numbers}}
        if tail.changes is not None:
            record["changes"] = tail.changes.records()
        if tail.instructions:
            record["instructions"] = tail.instructions
        return b"],\n" + orjson.dumps(record)[1:] + b"\n"


class RawForm:
    """The texts alone, for a template that has everything else."""

    suffix = ""
    head = b""

    def opening(self, number: int) -> bytes:  # noqa: ARG002  (the template's matter)
        return b""

    def protected(self, text: bytes) -> tuple[bytes, int]:
        return text, 0

    def around(self, piece: Piece, text: bytes) -> tuple[bytes, bytes]:  # noqa: ARG002
        return b"", b""

    def tail(self, tail: Tail) -> bytes:
        changes = tail.changes.text() if tail.changes is not None else ""
        return "".join([changes, tail.tree or "", tail.summary, tail.instructions or ""]).encode()


RAW: Final = "raw"
FORMS: Final[Mapping[str, Form]] = {
    "xml": XmlForm(),
    "markdown": MarkdownForm(),
    "json": JsonForm(),
    "plain": PlainForm(),
    RAW: RawForm(),
}
"""Each form by the name of its format."""
