"""What a context holds, as plain values that a test can compare, and trees to load."""

from __future__ import annotations

import os
from dataclasses import fields
from typing import TYPE_CHECKING, Any

from exosuit_cli.chunk.options import ChunkOptions
from exosuit_cli.config.options import ScanOptions
from exosuit_cli.context import Context, SourceRequest
from exosuit_cli.context.records import Source
from exosuit_cli.context.rows import as_path

if TYPE_CHECKING:
    from pathlib import Path

SOURCE_FIELDS = [each.name for each in fields(Source) if each.name not in ("id", "loaded_ns")]
ONE_PROCESS = ScanOptions(workers=1)


def source(root: Path, name: str = "", options: ScanOptions = ONE_PROCESS, **chunking: Any) -> SourceRequest:
    """A request that starts no processes."""
    return SourceRequest(os.path.realpath(os.fsencode(root)), ChunkOptions(**chunking), options, name=name)


def load(name: str, *sources: SourceRequest, **options: Any) -> Any:
    """Load into a context, made where there is none."""
    with Context.open(name, create=True) as context:
        return context.load(sources, **options)


def dump(name: str) -> dict[str, Any]:
    """All that a context says, but for times, numbers of rows and how it is stored."""
    with Context.open(name, read_only=True) as context, context.snapshot():
        stats = context.stats()
        numbers = {each.id: place for place, each in enumerate(stats.sources)}
        rows = context.connection.execute(
            "SELECT source, path, digest, executable, size, lines, tokens, language, spans, span_tokens, below "
            "FROM files WHERE source > 0 ORDER BY source, path"
        )
        return {
            "sources": [tuple(getattr(each, name) for name in SOURCE_FIELDS) for each in stats.sources],
            "files": [(numbers[row[0]], as_path(row[1]), *row[2:]) for row in rows],
            "chunks": list(context.iterate()),
            "sums": (stats.encoding, stats.chunks, stats.chunk_tokens, stats.text_bytes, stats.working),
        }


def left_over(name: str) -> dict[str, int]:
    """What no load should leave in the tables."""
    queries = {
        "staged files": "SELECT count(*) FROM files WHERE source < 1",
        "spans without a file": "SELECT count(*) FROM spans WHERE file NOT IN (SELECT id FROM files)",
        "chunks without a span": "SELECT count(*) FROM chunks WHERE id NOT IN (SELECT chunk FROM spans)",
        "spans without a chunk": "SELECT count(*) FROM spans WHERE chunk NOT IN (SELECT id FROM chunks)",
        "loads": "SELECT count(*) FROM meta WHERE key = 'loading'",
    }
    with Context.open(name, read_only=True) as context:
        found = {what: context.connection.execute(query).fetchone()[0] for what, query in queries.items()}
    return {what: count for what, count in found.items() if count}


def problems(name: str) -> list[str]:
    """What a check names."""
    with Context.open(name, read_only=True) as context:
        return [f"{each.subject}: {each.problem}" for each in context.check().damages]


def text_of(name: str, path: bytes) -> bytes:
    """The text of a file, put together from its chunks."""
    found = b""
    with Context.open(name, read_only=True) as context:
        for chunk in context.iterate():
            if chunk.path == path:
                assert chunk.text is not None
                found += chunk.text[max(len(found) - chunk.start_byte, 0) :]
    return found


def functions(count: int, salt: str = "") -> bytes:
    """Python source of some functions."""
    return "".join(
        f"def f{number}{salt}(x):\n" + f"    x += {number}\n" * (1 + number % 7) + "    return x\n\n\n"
        for number in range(count)
    ).encode()


HOSTILE = {
    b"a.py": functions(30),
    b"again.py": functions(30),
    b"sub/deep/b.c": b"int f(void)\n{\n\treturn 1;\n}\n\n" * 30,
    b"sub/c.md": b"# Title\r\n\r\n" + b"some words\r\n" * 80,
    b"empty": b"",
    b"one": b"x",
    b"binary.bin": b"\0" * 100,
    b"latin.txt": b"caf\xe9 \xff\xfe\n" + b"as ASCII is\n" * 200,
    b"bad\xff\nname": b"x = 1\n" * 10,
    b"bad\xff/\xfe.py": functions(5, "z"),
    b"esc\x1b[31m\tname.py": b"def g():\n    return 1\n",
    b"symbol.py": b"def f\xe9\xff():\n    return 1\n\n\nclass \xc3\xa9t\xc3\xa9:\n    def m(self):\n        pass\n"
    + functions(40, "s"),
    b"special.txt": b"<|endoftext|> [bold] <|im_start|>\n" * 5,
    b"cr.txt": b"a\rb\rc\r" * 20,
    b"long.txt": b"word " * 5000,
    "größe/日本語.txt".encode(): "日本語のテキスト。\n".encode() * 100,
    b"-dash": b"dash\n",
    b" space ": b"space\n",
}


def write_bytes(root: Path, files: dict[bytes, bytes]) -> None:
    """Write files whose names are bytes."""
    for name, content in files.items():
        path = os.fsencode(root) + b"/" + name
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "wb") as file:
            file.write(content)
