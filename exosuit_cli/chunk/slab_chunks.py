"""The chunks of several texts in one piece of memory, as columns."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from exosuit_cli.chunk.records import FileChunks, join
from exosuit_cli.model.dataclass import dataclass

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy.typing as npt


@dataclass(frozen=True, slots=True)
class SlabChunks:
    """The chunks of texts whose UTF-8 lies in `data`, in order.

    Aligned with the texts are `paths`, `languages` ("" where one is not known), `counts`, int64[texts], how many chunks
    each has, and `guessed` and `fallbacks`, as `is_guessed` and `fallback` of `FileChunks`. `chunks` has the chunks of
    all texts. The text of chunk i is `data[starts[i] : ends[i]]`, int64[n] each.
    """

    paths: Sequence[bytes]
    languages: Sequence[str]
    data: memoryview
    counts: npt.NDArray[np.int64]
    guessed: Sequence[bool]
    fallbacks: Sequence[str | None]
    chunks: FileChunks
    starts: npt.NDArray[np.int64]
    ends: npt.NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.starts)

    def bounds(self) -> list[int]:
        """The first chunk of each text, and the number of all chunks."""
        bounds: list[int] = np.append(0, np.cumsum(self.counts)).tolist()
        return bounds

    def texts(self) -> list[str]:
        """The text of each chunk as it is emitted, after its context; undecodable parts become U+FFFD."""
        data = self.data
        spans = zip(self.starts.tolist(), self.ends.tolist(), strict=True)
        texts = [str(data[start:end], "utf-8", "replace") for start, end in spans]
        if self.chunks.contexts is not None:
            texts = [self.chunks.before_text(place) + text for place, text in enumerate(texts)]
        return texts


def slab_chunks(
    paths: Sequence[bytes],
    languages: Sequence[str],
    data: memoryview,
    offsets: Sequence[int],
    parts: Sequence[FileChunks],
) -> SlabChunks:
    """The chunks of one text or more, of which text i begins at `data[offsets[i]]`."""
    counts = np.fromiter(map(len, parts), np.int64, len(parts))
    before = np.repeat(np.array(offsets, np.int64), counts)
    starts = np.concatenate([part.starts if part.text_starts is None else part.text_starts for part in parts])
    ends = np.concatenate([part.ends if part.text_ends is None else part.text_ends for part in parts])
    guessed, fallbacks = [part.is_guessed for part in parts], [part.fallback for part in parts]
    return SlabChunks(paths, languages, data, counts, guessed, fallbacks, join(parts), starts + before, ends + before)
