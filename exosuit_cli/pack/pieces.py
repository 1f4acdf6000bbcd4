"""A text that is larger than a part of a pack, in pieces that end where chunks do."""

from __future__ import annotations

from typing import TYPE_CHECKING

from exosuit_cli.model.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from exosuit_cli.model.protocols import TokenCounter
    from exosuit_cli.pack.blocks import Draft, PackBlock

_TRIES = 6


def pieces(
    text: bytes,
    language: str,
    counter: TokenCounter,
    most: int,
    make: Callable[[bytes, tuple[int, int]], tuple[Draft, int]],
    counted: Callable[[Sequence[Draft]], list[PackBlock]],
) -> Iterator[tuple[Draft, int]]:
    """The blocks that `make` makes of the text's pieces and their lines, each of at most `most` tokens.

    Raises UsageError where what stands around a piece alone takes more.
    """
    from exosuit_cli.chunk.chunker import Chunker
    from exosuit_cli.chunk.options import LEAST_CAP, ChunkOptions
    from exosuit_cli.kernels import CpuKernels

    around = counted([make(b"", (1, 1))[0]])[0].tokens
    cap = most - 2 * around
    for _ in range(_TRIES):
        if cap < LEAST_CAP:
            break
        options = ChunkOptions(max_tokens=cap, encoding=counter.encoding)
        chunks = Chunker(options, counter, CpuKernels("blake3")).chunk_bytes(text, language)
        lines = zip(chunks.start_lines.tolist(), chunks.end_lines.tolist(), strict=True)
        made = [make(text[start:end], own) for (start, end), own in zip(chunks.text_spans(), lines, strict=True)]
        if all(block.tokens <= most for block in counted([draft for draft, _ in made])):
            yield from made
            return
        cap = cap * 3 // 4  # line numbers and what is escaped take more than the text
    raise UsageError(f"split {most} is too little for a piece of a file; give {4 * around + 2 * LEAST_CAP} or more")
