"""What is made of texts while their bytes are in memory; counting and cutting are the two kinds."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from exosuit_cli.model.protocols import StreamCount

if TYPE_CHECKING:
    from collections.abc import Callable

    import numpy as np
    import numpy.typing as npt

    from exosuit_cli.chunk.batch import RenderedBatch
    from exosuit_cli.model.protocols import TokenCounter, TokenStream
    from exosuit_cli.model.records import Batch
    from exosuit_cli.model.slab import LineColumns
    from exosuit_cli.model.spans import StageClock
    from exosuit_cli.read import FilledSlab, LargeFile
    from exosuit_cli.shards.fallbacks import Fallbacks
    from exosuit_cli.shards.large import LargeContent
    from exosuit_cli.shards.rows import FileFacts
    from exosuit_cli.system.stop import StopRequest

NOT_COUNTED = StreamCount(-1, exact=True)
"""The tokens of a file that has none, or of which none are wanted."""


class TextWork(Protocol):
    """The work on the texts of one batch after another."""

    wants_lines: bool
    """Whether it needs the lines of slabs."""
    wants_tokens: bool
    """Whether it takes the tokens that a device has counted."""
    start_stream: Callable[[], TokenStream] | None
    """Starts to count a large file while it is read for the first time; None where that is not wanted."""

    def start(self, batch: Batch) -> None:
        """Begin a batch."""
        ...

    def take_slab(self, filled: FilledSlab, facts: FileFacts, lines: LineColumns | None) -> npt.NDArray[np.int64]:
        """Work on the texts of a slab; the tokens of each of its files, int64[n], -1 where none were counted."""
        ...

    def take_large(self, item: LargeFile, content: LargeContent, stop: StopRequest) -> StreamCount | None:
        """Work on an open large file that was read once; its tokens, None if it has changed since.

        Raises OSError, and Interrupted on a request to `stop`.
        """
        ...

    def forget(self, position: int) -> None:
        """Take back what was made of the last file, at this position of the batch."""
        ...

    def is_full(self) -> bool:
        """Whether so much was made that the rest of the batch should be left for another turn."""
        ...

    def finish(self, files: int) -> tuple[RenderedBatch | None, Fallbacks]:
        """What was made of the first `files` files, if anything, and how many fell back to another way of cutting."""
        ...


class WorkPlan(Protocol):
    """What to make of texts in place of chunks, small enough to send to a worker."""

    @property
    def encoding(self) -> str:
        """The encoding that tokens are counted in."""
        ...

    @property
    def needs_table(self) -> bool:
        """Whether the table of tokens is needed beside the vocabulary."""
        ...

    def begin(self, counter: TokenCounter, clock: StageClock) -> TextWork:
        """The work, in the process that does it."""
        ...
