"""What cutting gives: the chunks of one text, as columns; one chunk, as a record."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

import numpy as np

from exosuit_cli.chunk.contexts import Contexts, join_contexts
from exosuit_cli.chunk.flag_kinds import FLAG_NAMES
from exosuit_cli.model.dataclass import dataclass
from exosuit_cli.structure.boundary import Boundary
from exosuit_cli.structure.symbols import NO_SYMBOLS, Symbol, Symbols, join_symbols

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    import numpy.typing as npt

ID_BYTES = 16
"""A chunk's id is the BLAKE3 of its bytes, cut to 128 bits."""


@dataclass(frozen=True, slots=True)
class FileChunks:
    """The chunks of one text of `size` bytes, or of several texts one after the other, in order, as aligned columns.

    Of several texts, `size` is the sum, and offsets and lines are those in the text of each chunk; what is said below
    of one text holds for the chunks of each.

    `starts` and `ends` are int64[n] byte offsets; without overlap they tile the text: starts[0] is 0, ends[i] is
    starts[i + 1], ends[-1] is `size`. An empty text has no chunks. `start_lines` and `end_lines` are int64[n], from 1,
    inclusive. `tokens` is int64[n], exact. `boundaries` is uint8[n] of `Boundary`. `ids` is uint8[n, 16]. `symbols`
    has the path of the definition that a chunk belongs to (`Class.method`) or None, and is empty where none is known.
    `defined` has every definition that begins in a chunk. `is_guessed` says that both come from what lines look like,
    not from a syntax tree.

    `fallback` says why the text was cut by structure although `ast` was asked for; None otherwise. `text_tokens` are
    those of the whole text, which can be fewer than the sum over its chunks; `text_is_exact` says that none is a guess.

    The chunks of a file in UTF-16 or UTF-32 are those of its UTF-8: `size`, `starts` and `ends` are about the file, and
    `text_starts` and `text_ends` are the offsets in that text. Elsewhere these two are None.

    `flags` is uint8[n], sums of `flag_kinds.Flag`; None where nobody asked for them. `before` and `after` are the ids
    of the chunks around these, where they are a part of a long text's. `contexts` are those of the chunks where they
    were asked for: `tokens` are then those of what is emitted.
    """

    size: int
    starts: npt.NDArray[np.int64]
    ends: npt.NDArray[np.int64]
    start_lines: npt.NDArray[np.int64]
    end_lines: npt.NDArray[np.int64]
    tokens: npt.NDArray[np.int64]
    boundaries: npt.NDArray[np.uint8]
    ids: npt.NDArray[np.uint8]
    symbols: list[str | None]
    defined: Symbols = NO_SYMBOLS
    is_guessed: bool = False
    fallback: str | None = None
    text_tokens: int = 0
    text_is_exact: bool = True
    text_starts: npt.NDArray[np.int64] | None = None
    text_ends: npt.NDArray[np.int64] | None = None
    flags: npt.NDArray[np.uint8] | None = None
    before: bytes = b""
    after: bytes = b""
    contexts: Contexts | None = None

    def __len__(self) -> int:
        return len(self.starts)

    def symbol(self, position: int) -> str | None:
        """The symbol path of one chunk, where it is known."""
        return self.symbols[position] if self.symbols else None

    def before_text(self, position: int) -> str:
        """What stands in front of the chunk where it is emitted: its context, or nothing."""
        contexts = self.contexts
        return contexts.texts[position] if contexts is not None and contexts.in_text[position] else ""

    def text_spans(self) -> Iterator[tuple[int, int]]:
        """Where each chunk starts and ends in the text's UTF-8."""
        starts = self.starts if self.text_starts is None else self.text_starts
        ends = self.ends if self.text_ends is None else self.text_ends
        return zip(starts.tolist(), ends.tolist(), strict=True)

    def records(self, data: bytes, *, path: str = "", language: str | None = None) -> Iterator[Chunk]:
        """The chunks of the text `data`, UTF-8, as records."""
        defined = self.defined.by_chunk(len(self))
        flags = self.flags
        if flags is None:
            from exosuit_cli.chunk.flags import chunk_flags

            flags = chunk_flags(os.fsencode(path), language or "", memoryview(data), 0, self)
        contexts = self.contexts
        ids = [None, *(bytes(each).hex() for each in self.ids), None]
        for position, (text_start, text_end) in enumerate(self.text_spans()):
            start, end = int(self.starts[position]), int(self.ends[position])
            in_text = contexts is not None and bool(contexts.in_text[position])
            yield Chunk(
                id=ids[position + 1] or "",
                path=path,
                start_byte=start,
                end_byte=end,
                start_line=int(self.start_lines[position]),
                end_line=int(self.end_lines[position]),
                tokens=int(self.tokens[position]),
                language=language,
                boundary=Boundary(int(self.boundaries[position])).label,
                symbol=self.symbol(position),
                symbols=tuple(defined[position]),
                guessed=self.is_guessed,
                flags=FLAG_NAMES[flags[position]],
                previous=ids[position],
                next=ids[position + 2],
                text=self.before_text(position) + data[text_start:text_end].decode("utf-8", "replace"),
                context=None if contexts is None else contexts.texts[position],
                context_tokens=None if contexts is None else int(contexts.tokens[position]),
                context_in_text=in_text,
            )


def join(parts: Sequence[FileChunks]) -> FileChunks:
    """All chunks of the parts in order, their offsets and lines as they are; the spans in decoded texts are dropped."""
    if len(parts) == 1:
        return parts[0]

    def column(name: str, dtype: type) -> Any:
        columns = [getattr(part, name) for part in parts]
        return np.concatenate(columns) if columns else np.zeros(0, dtype)

    contexts = [part.contexts for part in parts if part.contexts is not None]
    symbols: list[str | None] = []
    if any(part.symbols for part in parts):
        for part in parts:
            symbols += part.symbols or [None] * len(part)
    return FileChunks(
        size=sum(part.size for part in parts),
        starts=column("starts", np.int64),
        ends=column("ends", np.int64),
        start_lines=column("start_lines", np.int64),
        end_lines=column("end_lines", np.int64),
        tokens=column("tokens", np.int64),
        boundaries=column("boundaries", np.uint8),
        ids=column("ids", np.uint8).reshape(-1, ID_BYTES),
        symbols=symbols,
        defined=join_symbols([(part.defined, len(part)) for part in parts]),
        is_guessed=any(part.is_guessed for part in parts),
        fallback=next((part.fallback for part in parts if part.fallback is not None), None),
        text_tokens=sum(part.text_tokens for part in parts),
        text_is_exact=all(part.text_is_exact for part in parts),
        flags=None if any(part.flags is None for part in parts) else column("flags", np.uint8),
        before=parts[0].before if parts else b"",
        after=parts[-1].after if parts else b"",
        contexts=join_contexts(contexts) if contexts and len(contexts) == len(parts) else None,
    )


@dataclass(frozen=True, slots=True)
class Chunk:
    """One chunk; lines are from 1, inclusive. `text` is the decoded bytes, undecodable parts as U+FFFD.

    `symbols` are the definitions that begin in it. `guessed` says that these and `symbol` are read off the lines.
    `flags` are names of `flag_kinds.Flag`. `previous` and `next` are the ids of its neighbours in the text, None at the
    ends. `context`, where it was asked for, says where the chunk is, and `text` begins with it if `context_in_text`;
    `tokens` are those of `text`.
    """

    id: str
    path: str
    start_byte: int
    end_byte: int
    start_line: int
    end_line: int
    tokens: int
    language: str | None
    boundary: str
    symbol: str | None
    symbols: tuple[Symbol, ...]
    guessed: bool
    flags: tuple[str, ...]
    previous: str | None
    next: str | None
    text: str
    context: str | None = None
    context_tokens: int | None = None
    context_in_text: bool = False
