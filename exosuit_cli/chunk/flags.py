"""The flags of chunks by the usual marks: rather too few than wrong ones."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np

from exosuit_cli.chunk.flag_imports import imports_of, may_end_in_import, only_imports
from exosuit_cli.chunk.flag_kinds import ENCODED, GENERATED, IMPORTS, LICENCE, MINIFIED, TEST
from exosuit_cli.chunk.flag_paths import flags_of_path
from exosuit_cli.chunk.flag_texts import (
    comments_of,
    end_of,
    is_encoded,
    is_generated,
    is_licence,
    is_minified,
    may_end_in_comment,
    test_module,
)
from exosuit_cli.chunk.records import FileChunks

if TYPE_CHECKING:
    import re
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
    """The flags of each chunk of a text: uint8[n], sums of `flag_kinds.Flag`. The text's byte 0 is `data[offset]`.

    `before` are the flags of the chunk before, where `chunks` go on with a text that began earlier.
    """
    count = len(chunks)
    if not count:
        return np.zeros(0, np.uint8)
    spans = list(chunks.text_spans())
    of_file = flags_of_path(path)
    comments = comments_of(language)
    end = offset + spans[-1][1]
    if before is None:
        first = offset + spans[0][0]
        if is_generated(bytes(data[first : min(first + _HEAD_BYTES, end)]), comments):
            of_file |= GENERATED
    else:
        of_file |= before & GENERATED
    flags = bytearray((of_file,)) * count
    lines = (chunks.end_lines - chunks.start_lines).tolist()
    for place, ((start, stop), tokens, more) in enumerate(zip(spans, chunks.tokens.tolist(), lines, strict=True)):
        size = stop - start
        is_long = size > _LONG_LINE * (more + 1)
        if is_long or size < _DENSE * tokens:
            text = bytes(data[offset + start : offset + stop])
            if is_encoded(text):
                flags[place] |= ENCODED
            elif is_long and is_minified(text, language):
                flags[place] |= MINIFIED
    if before is None:
        _flag_head(flags, data, offset, spans, comments, imports_of(language))
    if language == "Rust" and (module := test_module(bytes(data[offset:end]))) is not None:
        within = f"{module}."
        for place, symbol in enumerate(chunks.symbols):
            if symbol is not None and (symbol == module or symbol.startswith(within)):
                flags[place] |= TEST
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


def _flag_head(
    flags: bytearray,
    data: memoryview,
    offset: int,
    spans: list[tuple[int, int]],
    comments: re.Pattern[bytes],
    imports: re.Pattern[bytes] | None,
) -> None:
    """Flag the licence header and the imports that a text begins with; the first chunk with anything else ends them."""
    for place, (start, end) in enumerate(spans):
        text = bytes(data[offset + start : offset + end])
        if imports is not None and may_end_in_import(text) and only_imports(text, imports):
            flags[place] |= IMPORTS
        elif may_end_in_comment(text) and end_of(comments, text) == len(text):
            if place == 0 and is_licence(text):
                flags[place] |= LICENCE
        else:
            return
