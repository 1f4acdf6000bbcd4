"""The flags of chunks by the usual marks: rather too few than wrong ones. Most chunks give no reason for a look."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np

from exosuit_cli.chunk.flag_imports import imports_of, may_be_import, only_imports
from exosuit_cli.chunk.flag_kinds import ENCODED, GENERATED, IMPORTS, LICENCE, MINIFIED, TEST
from exosuit_cli.chunk.flag_paths import flags_of_path
from exosuit_cli.chunk.flag_texts import (
    comments_of,
    is_encoded,
    is_generated,
    is_licence,
    is_minified,
    last_line,
    may_be_comment,
    test_module,
)
from exosuit_cli.chunk.records import FileChunks

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy.typing as npt

_HEAD_BYTES: Final = 4096
"""The beginning of a file that is searched for a mark that it was generated."""
_DENSE: Final = 2.6
"""Bytes a token below which a chunk may be encoded; prose and code have more."""
_LONG_LINE: Final = 300
"""Bytes a line from which a chunk may be minified, or encoded."""


def chunk_flags(
    path: bytes, language: str, data: memoryview, offset: int, chunks: FileChunks, *, before: int | None = None
) -> npt.NDArray[np.uint8]:
    """The flags of each chunk of a text; see `flags_of_slab`."""
    return flags_of_slab([path], [language], data, [offset], [chunks], before=before)


def flags_of_slab(
    paths: Sequence[bytes],
    languages: Sequence[str],
    data: memoryview,
    offsets: Sequence[int],
    parts: Sequence[FileChunks],
    *,
    before: int | None = None,
) -> npt.NDArray[np.uint8]:
    """The flags of each chunk of some texts: uint8[n], sums of `flag_kinds.Flag`. Text i begins at `data[offsets[i]]`.

    `before` are the flags of the chunk before, where there is one text, which goes on with one that began earlier.
    """
    counts = [len(part) for part in parts]
    if not any(counts):
        return np.zeros(0, np.uint8)
    starts, ends = absolute_spans(parts, offsets, counts)
    flags = bytearray(len(starts))
    spans = list(zip(starts.tolist(), ends.tolist(), strict=True))
    first = 0
    for path, language, part, count in zip(paths, languages, parts, counts, strict=True):
        if not count:
            continue
        own = spans[first : first + count]
        of_file = flags_of_path(path)
        begin, end = own[0][0], own[-1][1]
        if before is not None:
            of_file |= before & GENERATED
        elif is_generated(bytes(data[begin : min(begin + _HEAD_BYTES, end)]), language):
            of_file |= GENERATED
        if of_file:
            flags[first : first + count] = bytes((of_file,)) * count
        if before is None:
            _flag_head(flags, first, data, own, language)
        if language == "Rust" and (module := test_module(bytes(data[begin:end]))) is not None:
            within = f"{module}."
            for place, symbol in enumerate(part.symbols, first):
                if symbol is not None and (symbol == module or symbol.startswith(within)):
                    flags[place] |= TEST
        first += count
    sizes = ends - starts
    is_long = sizes > _LONG_LINE * (_column(parts, "end_lines") - _column(parts, "start_lines") + 1)
    candidates = np.flatnonzero(is_long | (sizes < _DENSE * _column(parts, "tokens")))
    owners = np.repeat(np.arange(len(parts)), counts).take(candidates)
    for place, owner, may_be_minified in zip(
        candidates.tolist(), owners.tolist(), is_long.take(candidates).tolist(), strict=True
    ):
        text = bytes(data[spans[place][0] : spans[place][1]])
        if is_encoded(text):
            flags[place] |= ENCODED
        elif may_be_minified and is_minified(text, languages[owner]):
            flags[place] |= MINIFIED
    return np.frombuffer(flags, np.uint8)


def flags_of_texts(
    path: bytes,
    language: str,
    texts: Sequence[bytes],
    lines: Sequence[tuple[int, int]],
    tokens: Sequence[int],
    symbols: list[str | None],
) -> list[int]:
    """The flags of the chunks of a file by their texts, first and last lines, tokens and symbols."""
    ends = np.cumsum([len(text) for text in texts], dtype=np.int64)
    first_lines, last_lines = np.array(lines, np.int64).reshape(-1, 2).T
    chunks = FileChunks(
        size=int(ends[-1]) if len(ends) else 0,
        starts=ends - np.array([len(text) for text in texts], np.int64),
        ends=ends,
        start_lines=first_lines,
        end_lines=last_lines,
        tokens=np.array(tokens, np.int64),
        boundaries=np.zeros(len(ends), np.uint8),
        ids=np.zeros((len(ends), 0), np.uint8),
        symbols=symbols,
    )
    found: list[int] = chunk_flags(path, language, memoryview(b"".join(texts)), 0, chunks).tolist()
    return found


def absolute_spans(
    parts: Sequence[FileChunks], offsets: Sequence[int], counts: Sequence[int]
) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    """Where each chunk of the parts starts and ends in the bytes that hold the texts, the i-th from `offsets[i]` on."""
    starts = np.concatenate([part.starts if part.text_starts is None else part.text_starts for part in parts])
    ends = np.concatenate([part.ends if part.text_ends is None else part.text_ends for part in parts])
    before = np.repeat(np.asarray(offsets, np.int64), counts)
    return starts + before, ends + before


def _column(parts: Sequence[FileChunks], name: str) -> npt.NDArray[np.int64]:
    return np.concatenate([getattr(part, name) for part in parts])


def _flag_head(flags: bytearray, first: int, data: memoryview, spans: Sequence[tuple[int, int]], language: str) -> None:
    """Flag the licence header and the imports that a text begins with; the first chunk with anything else ends them."""
    comments, imports = comments_of(language), imports_of(language)
    for place, (start, end) in enumerate(spans, first):
        text = bytes(data[start:end])
        last = last_line(text)
        if imports is not None and may_be_import(last) and only_imports(text, imports):
            flags[place] |= IMPORTS
        elif may_be_comment(last) and comments.fullmatch(text) is not None:
            if place == first and is_licence(text):
                flags[place] |= LICENCE
        else:
            return
