"""The flags of chunks by the usual marks: rather too few than wrong ones. Most chunks give no reason for a look."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING, Final

import numpy as np

from exosuit_cli.chunk.flag_dense import MINIFIED_LANGUAGES, is_encoded, is_minified, marks_of
from exosuit_cli.chunk.flag_imports import imports_of, may_be_import, only_imports
from exosuit_cli.chunk.flag_kinds import ENCODED, GENERATED, IMPORTS, LICENCE, MINIFIED, OUTPUT, TEST
from exosuit_cli.chunk.flag_outputs import NOTEBOOK, Outputs
from exosuit_cli.chunk.flag_paths import flags_of_path
from exosuit_cli.chunk.flag_texts import (
    comments_of,
    is_generated,
    is_licence,
    last_line,
    may_be_comment,
    test_module,
)
from exosuit_cli.chunk.records import FileChunks
from exosuit_cli.chunk.slab_chunks import slab_chunks

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy.typing as npt

    from exosuit_cli.chunk.slab_chunks import SlabChunks

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
    return flags_of_slab(slab_chunks([path], [language], data, [offset], [chunks]), before)


def flags_of_slab(slab: SlabChunks, before: int | None = None) -> npt.NDArray[np.uint8]:
    """The flags of each chunk of some texts: uint8[n], sums of `flag_kinds.Flag`.

    `before` are the flags of the chunk before, where there is one text, which goes on with one that began earlier.
    """
    if not len(slab):
        return np.zeros(0, np.uint8)
    data, starts, ends = slab.data, slab.starts.tolist(), slab.ends.tolist()
    flags = bytearray(len(starts))
    for path, language, (first, stop) in zip(slab.paths, slab.languages, pairwise(slab.bounds()), strict=True):
        if first == stop:
            continue
        of_file = flags_of_path(path)
        begin, end = starts[first], ends[stop - 1]
        if before is not None:
            of_file |= before & GENERATED
        elif is_generated(bytes(data[begin : min(begin + _HEAD_BYTES, end)]), language):
            of_file |= GENERATED
        if of_file:
            flags[first:stop] = bytes((of_file,)) * (stop - first)
        if before is None:
            _flag_head(flags, data, starts, ends, first, stop, language)
        if language == NOTEBOOK:
            outputs = Outputs(bytes(data[begin:end]), goes_on=bool((before or 0) & OUTPUT))
            for place in range(first, stop):
                if outputs.hold(starts[place] - begin, ends[place] - begin):
                    flags[place] |= OUTPUT
        if language == "Rust" and (module := test_module(bytes(data[begin:end]))) is not None:
            within = f"{module}."
            for place, symbol in enumerate(slab.chunks.symbols[first:stop], first):
                if symbol is not None and (symbol == module or symbol.startswith(within)):
                    flags[place] |= TEST
    _flag_dense(flags, slab)
    return np.frombuffer(flags, np.uint8)


def _flag_dense(flags: bytearray, slab: SlabChunks) -> None:
    """Flag what is encoded and what is minified, of the chunks with long lines or many tokens."""
    sizes, chunks = slab.ends - slab.starts, slab.chunks
    is_long = sizes > _LONG_LINE * (chunks.end_lines - chunks.start_lines + 1)
    candidates = np.flatnonzero(is_long | (sizes < _DENSE * chunks.tokens))
    if not len(candidates):
        return
    owners = np.repeat(np.arange(len(slab.counts)), slab.counts)
    has_minified = np.array([language in MINIFIED_LANGUAGES for language in slab.languages])
    minified = is_long.take(candidates) & has_minified.take(owners.take(candidates))
    starts, ends = slab.starts.take(candidates), slab.ends.take(candidates)
    marks = marks_of(slab.data, starts, ends)
    looked = np.flatnonzero(marks.may_be_encoded() | minified)
    for place, start, end, escapes, numbers, has_run, may_be_minified in zip(
        *(column.take(looked).tolist() for column in (candidates, starts, ends, *marks, minified)), strict=True
    ):
        text = bytes(slab.data[start:end])
        if is_encoded(text, escapes, numbers, has_run=has_run):
            flags[place] |= ENCODED
        elif may_be_minified and is_minified(text):
            flags[place] |= MINIFIED


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


def _flag_head(
    flags: bytearray, data: memoryview, starts: list[int], ends: list[int], first: int, stop: int, language: str
) -> None:
    """Flag the licence header and the imports that a text begins with; the first chunk with anything else ends them.

    The text's chunks are those from `first` up to `stop`.
    """
    comments, imports = comments_of(language), imports_of(language)
    for place in range(first, stop):
        text = bytes(data[starts[place] : ends[place]])
        last = last_line(text)
        if imports is not None and may_be_import(last) and only_imports(text, imports):
            flags[place] |= IMPORTS
        elif may_be_comment(last) and comments.fullmatch(text) is not None:
            if place == first and is_licence(text):
                flags[place] |= LICENCE
        else:
            return
