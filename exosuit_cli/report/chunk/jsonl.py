"""Chunks as JSON lines (`schemas/chunk.schema.json`). Workers render them; one process orders and writes them."""

from __future__ import annotations

from binascii import hexlify
from itertools import pairwise
from typing import TYPE_CHECKING, BinaryIO, Final

import numpy as np
import orjson

from exosuit_cli.chunk.batch import NOTHING, Rendered
from exosuit_cli.chunk.flag_kinds import FLAG_NAMES
from exosuit_cli.chunk.records import ID_BYTES
from exosuit_cli.structure.boundary import Boundary
from exosuit_cli.structure.symbols import SymbolKind
from exosuit_cli.system.names import text_name

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    import numpy.typing as npt

    from exosuit_cli.chunk.batch import ChunkBatch
    from exosuit_cli.chunk.contexts import Contexts
    from exosuit_cli.chunk.slab_chunks import SlabChunks
    from exosuit_cli.structure.symbols import Symbols

_LABELS: Final = [f'"{boundary.label}","symbol":'.encode() for boundary in Boundary]
_KINDS: Final = [f',"kind":"{kind.label}","line":'.encode() for kind in SymbolKind]
_FLAGS: Final = [
    f',"guessed":{guessed},"flags":{orjson.dumps(names).decode()},"previous":'.encode()
    for guessed in ("false", "true")
    for names in FLAG_NAMES
]
"""By the sum of the flags, and once more for what is guessed."""
_NEWLINE: Final = ord("\n")
_BOOLEANS: Final = (b"false", b"true")
_HEAD_END: Final = b',"duplicate_of":'
_PIECES: Final = (
    b'{"id":', None, None, None, b',"end_byte":', None, b',"start_line":', None, b',"end_line":', None, b',"tokens":',
    None, None, None, None, b',"symbols":', None, None, None, b',"next":', None,
)  # fmt: skip
"""A line up to `_HEAD_END`: what is the same in all of them, and None where a column goes."""


class JsonlRenderer:
    """Renders each chunk as one line of UTF-8 JSON; the head ends where the value of `duplicate_of` begins."""

    needs_symbols = False

    def __init__(self, *, with_text: bool) -> None:
        self.with_text = with_text

    def render(self, slab: SlabChunks) -> Rendered:
        """See `Renderer`; undecodable parts of a text become U+FFFD."""
        if not len(slab):
            return NOTHING
        template: list[bytes | None] = [*_PIECES]
        columns = _columns(slab)
        if slab.chunks.contexts is not None:
            template += [b',"context":', None, b',"context_tokens":', None, b',"context_in_text":', None]
            columns += _context_columns(slab.chunks.contexts)
        end = b'null,"text":\n' if self.with_text else b"null}\n"
        content = b"".join(_filled([*template, _HEAD_END, end], columns, len(slab)))
        breaks = _newlines(content)
        sizes = np.diff(breaks, prepend=-1)
        heads = sizes - len(end)
        if self.with_text:
            texts = orjson.dumps(slab.texts(), option=orjson.OPT_INDENT_2)
            ends = _newlines(texts)
            begins, stops = ends[:-1] + len("\n  "), ends[1:] - len(",")
            stops[-1] += len(",")  # the last item has none
            pieces = [b"}\n"] * (3 * len(slab))
            pieces[::3] = _slices(content, breaks - sizes + 1, breaks)
            pieces[1::3] = _slices(texts, begins, stops)
            content = b"".join(pieces)
            sizes += stops - begins + len(b"}")  # the newline was counted
        return Rendered(content, sizes, heads)


def _newlines(content: bytes) -> npt.NDArray[np.int64]:
    """Where the newlines are; in JSON, none is in a value."""
    return np.flatnonzero(np.frombuffer(content, np.uint8) == _NEWLINE)


def _slices(content: bytes, starts: npt.NDArray[np.int64], ends: npt.NDArray[np.int64]) -> list[bytes]:
    return [content[start:end] for start, end in zip(starts.tolist(), ends.tolist(), strict=True)]


def _filled(template: Sequence[bytes | None], columns: Sequence[Iterable[bytes]], count: int) -> list[bytes]:
    """The template `count` times over, the k-th None in it replaced by the items of the k-th column."""
    pieces = [*template] * count
    places = [place for place, piece in enumerate(template) if piece is None]
    for place, column in zip(places, columns, strict=True):
        pieces[place :: len(template)] = column
    return pieces  # type: ignore[return-value]  # none is None any more


def _columns(slab: SlabChunks) -> list[Iterable[bytes]]:
    """The columns of `_PIECES`, each with a piece for every chunk."""
    chunks = slab.chunks
    ids, previous, following = _identities(slab)
    counts = slab.counts.tolist()
    flags = np.repeat(slab.guessed, slab.counts) * len(FLAG_NAMES)
    if chunks.flags is not None:
        flags += chunks.flags
    return [
        ids,
        [place for path, count in zip(slab.paths, counts, strict=True) for place in [_place(path)] * count],
        _numbers(chunks.starts),
        _numbers(chunks.ends),
        _numbers(chunks.start_lines),
        _numbers(chunks.end_lines),
        _numbers(chunks.tokens),
        [name for language, count in zip(slab.languages, counts, strict=True) for name in [_named(language)] * count],
        map(_LABELS.__getitem__, chunks.boundaries.tolist()),
        _as_json(chunks.symbols or [None] * len(chunks)),
        _symbols(chunks.defined, len(chunks)),
        map(_FLAGS.__getitem__, flags.tolist()),
        previous,
        following,
    ]


def _context_columns(contexts: Contexts) -> list[Iterable[bytes]]:
    in_text = map(_BOOLEANS.__getitem__, contexts.in_text.tolist())
    return [_as_json(contexts.texts), _numbers(contexts.tokens), in_text]


def _identities(slab: SlabChunks) -> tuple[list[bytes], list[bytes], list[bytes]]:
    """The id of each chunk, of the one before it and of the one after it in its text."""
    digits = hexlify(slab.chunks.ids.tobytes(), b",", ID_BYTES)
    ids = (b'"' + digits.replace(b",", b'","') + b'"').split(b",")
    previous, following = [b"null", *ids[:-1]], [*ids[1:], b"null"]
    for first, stop in pairwise(slab.bounds()):
        if first < stop:
            previous[first] = following[stop - 1] = b"null"
    before, after = slab.chunks.before, slab.chunks.after  # of a part of a long text, which is alone
    if before:
        previous[0] = b'"%b"' % hexlify(before)
    if after:
        following[-1] = b'"%b"' % hexlify(after)
    return ids, previous, following


def _place(path: bytes) -> bytes:
    """The path, and its exact bytes where the text is lossy."""
    name, exact = text_name(path)
    beside = f',"path_b64":"{exact}"'.encode() if exact is not None else b""
    return b',"path":%b%b,"start_byte":' % (orjson.dumps(name), beside)


def _named(language: str) -> bytes:
    return b',"language":%b,"boundary":' % orjson.dumps(language or None)


def _numbers(column: npt.NDArray[np.int64]) -> list[bytes]:
    """Each number in digits; there is one at least."""
    return orjson.dumps(np.ascontiguousarray(column), option=orjson.OPT_SERIALIZE_NUMPY)[1:-1].split(b",")


def _as_json(values: Sequence[str | None]) -> list[bytes]:
    """Each value as JSON; there is one at least. In a list with a line for each, a newline in one is escaped."""
    return orjson.dumps(values, option=orjson.OPT_INDENT_2)[len(b"[\n  ") : -len(b"\n]")].split(b",\n  ")


def _symbols(defined: Symbols, chunks: int) -> list[bytes]:
    """The definitions that begin in each chunk, which come in the order of the chunks."""
    found = [b"[]"] * chunks
    if not len(defined):
        return found
    is_first = np.diff(defined.chunks, prepend=-1) != 0
    begins = map((b'},{"name":', b'}]\n[{"name":').__getitem__, is_first.tolist())
    kinds = map(_KINDS.__getitem__, defined.kinds.tolist())
    pieces = _filled([None] * 4, [begins, _as_json(defined.names), kinds, _numbers(defined.lines)], len(defined))
    lists = (b"".join(pieces)[len(b"}]\n") :] + b"}]").split(b"\n")
    for chunk, symbols in zip(defined.chunks[is_first].tolist(), lists, strict=True):
        found[chunk] = symbols
    return found


def place_record(path: bytes, start_byte: int) -> dict[str, str | int]:
    """The place of a chunk, for `duplicate_of`."""
    name, exact = text_name(path)
    return {"path": name, **({"path_b64": exact} if exact is not None else {}), "start_byte": start_byte}


class JsonlSink:
    """Writes rendered lines to a binary file; a repeated chunk names the first one and has no text."""

    def __init__(self, file: BinaryIO, renderer: JsonlRenderer) -> None:
        self._file = file
        self._end = b',"text":null}\n' if renderer.with_text else b"}\n"

    def write(self, batch: ChunkBatch, paths: Sequence[bytes], repeats: dict[int, tuple[bytes, int]]) -> None:  # noqa: ARG002  (the lines hold their paths)
        """See `ChunkSink`."""
        rendered = memoryview(batch.rendered)
        ends = batch.sizes.cumsum()
        written = 0
        for position in sorted(repeats):
            stop = int(ends[position])
            head = stop - int(batch.sizes[position]) + int(batch.heads[position])
            self._file.write(rendered[written:head])
            self._file.write(orjson.dumps(place_record(*repeats[position])) + self._end)
            written = stop
        self._file.write(rendered[written:])
