"""JSON lines of chunks, against a plain rendering of the same chunks one by one."""

from __future__ import annotations

import base64
from dataclasses import replace

import numpy as np
import orjson
import pytest

from exosuit_cli.chunk import ChunkOptions, FileChunks, chunk_text
from exosuit_cli.chunk.batch import BatchBuilder, Chunking
from exosuit_cli.chunk.flag_kinds import FLAG_NAMES
from exosuit_cli.chunk.slab_chunks import slab_chunks
from exosuit_cli.report.chunk.jsonl import JsonlRenderer
from exosuit_cli.report.chunk.parquet import ParquetRenderer

SMALL = ChunkOptions(max_tokens=24, min_tokens=0)
TEXTS = {
    b"a.py": (
        "Python",
        b'class A:\n    def f(self):\n        return ",\n  "\n\n\ndef g():\n    return {"a": "\\n"}\n' * 3,
    ),
    b"empty.py": ("Python", b""),
    'ä"\\\n.md'.encode(): ("Markdown", '# "Zwei" \\ Titel\n\nÄ \x01 \u2028\n\n## Unten\n\nb\n'.encode()),
    b"\xff.txt": ("", b"\xff\xfe,\n  caf\xe9\n" * 9),
}


def plain(path: bytes, language: str, data: bytes, chunks: FileChunks, *, with_text: bool) -> list[bytes]:
    named = path.decode("utf-8", "backslashreplace")
    flags = chunks.flags if chunks.flags is not None else np.zeros(len(chunks), np.uint8)
    lines = []
    found = list(chunks.records(data, path=named, language=language or None))
    for place, record in enumerate(found):
        line = {"id": record.id, "path": named}
        if named.encode() != path:
            line["path_b64"] = base64.b64encode(path).decode()
        line |= {name: getattr(record, name) for name in (
            "start_byte", "end_byte", "start_line", "end_line", "tokens", "language", "boundary", "symbol",
        )}  # fmt: skip
        line["symbols"] = [{"name": each.name, "kind": each.kind.label, "line": each.line} for each in record.symbols]
        line |= {"guessed": record.guessed, "flags": FLAG_NAMES[flags[place]]}
        line["previous"] = record.previous if place else chunks.before.hex() or None
        line["next"] = record.next if place < len(found) - 1 else chunks.after.hex() or None
        if record.context is not None:
            line |= {name: getattr(record, name) for name in ("context", "context_tokens", "context_in_text")}
        line["duplicate_of"] = None
        if with_text:
            line["text"] = record.text
        lines.append(orjson.dumps(line) + b"\n")
    return lines


@pytest.mark.parametrize("with_text", [False, True])
@pytest.mark.parametrize("context", [False, True])
def test_a_slab_is_rendered_as_its_chunks_one_by_one(*, with_text: bool, context: bool) -> None:
    options = replace(SMALL, context=context, max_tokens=48 if context else 24)
    parts, expected = [], []
    for number, (path, (language, data)) in enumerate(TEXTS.items()):
        found = chunk_text(data, language=language, options=options, path=path.decode("utf-8", "replace"))
        found = replace(found, flags=np.arange(len(found), dtype=np.uint8) % len(FLAG_NAMES), is_guessed=number % 2 > 0)
        if number == 0:
            found = replace(found, before=bytes(16))
        elif number == len(TEXTS) - 1:
            found = replace(found, after=bytes(range(16)))
        parts.append(found)
        expected += plain(path, language, data, found, with_text=with_text)
    data = b"xyz" + b"".join(text for _, text in TEXTS.values())
    offsets = 3 + np.cumsum([0, *(len(text) for _, text in TEXTS.values())])
    slab = slab_chunks(
        list(TEXTS), [name for name, _ in TEXTS.values()], memoryview(data), offsets.tolist()[:-1], parts
    )
    slab = replace(slab, chunks=replace(slab.chunks, flags=np.concatenate([part.flags for part in parts])))
    rendered = JsonlRenderer(with_text=with_text).render(slab)
    assert rendered.content == b"".join(expected)
    assert rendered.sizes.tolist() == [len(line) for line in expected]
    end = b',"duplicate_of":'
    assert rendered.heads.tolist() == [line.rindex(end + b"null") + len(end) for line in expected]


def test_nothing_is_rendered_of_empty_texts() -> None:
    slab = slab_chunks([b"a"], [""], memoryview(b""), [0], [chunk_text(b"")])
    rendered = JsonlRenderer(with_text=True).render(slab)
    assert (rendered.content, len(rendered.sizes), len(rendered.heads)) == (b"", 0, 0)


@pytest.mark.parametrize("renderer", [JsonlRenderer(with_text=False), ParquetRenderer(with_text=False)])
def test_symbols_go_to_the_writer_that_needs_them(renderer: JsonlRenderer | ParquetRenderer) -> None:
    data = TEXTS[b"a.py"][1]
    builder = BatchBuilder(Chunking(SMALL, renderer), [b"a.py"])
    found = chunk_text(data, language="Python", options=SMALL)
    builder.add(0, "Python", memoryview(data), 0, found)
    chunks = builder.build(1).chunks
    assert found.defined.names
    assert chunks.symbols == (found.symbols if renderer.needs_symbols else [])
    assert chunks.defined.names == (found.defined.names if renderer.needs_symbols else [])
