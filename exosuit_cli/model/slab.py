"""A slab: many whole files back to back in one buffer, the unit that a kernel reads and that crosses to a device."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from exosuit_cli.model.dataclass import dataclass

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

TEXT_PROBE_BYTES = 8192
"""How far into a file the text-or-binary decision looks."""


@dataclass(frozen=True, slots=True)
class Slab:
    """Whole files, contiguous, in the order they were read.

    `data` is uint8[bytes], a view of a buffer that its owner fills again: valid until the next fill.
    `offsets` and `lengths` are int64[n], in bytes; file i is `data[offsets[i] : offsets[i] + lengths[i]]`.
    """

    data: npt.NDArray[np.uint8]
    offsets: npt.NDArray[np.int64]
    lengths: npt.NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.offsets)


class SlabBuffers(Protocol):
    """Memory for slabs that is handed out one after the other."""

    nbytes: int
    """The size of each."""

    def has_room(self, held: int) -> bool:
        """Whether one more may be filled now beside those that are held, rather than the first of them waited for."""
        ...

    def take(self) -> npt.NDArray[np.uint8]:
        """Memory for the next slab, where `has_room` said so."""
        ...


@dataclass(frozen=True, slots=True)
class SlabColumns:
    r"""What the kernels compute over one slab of n files; every backend gives the same bytes.

    digests: uint8[n, width], in the width and byte order of `digests.DIGESTS`.
    newlines: int64[n], the number of b"\\n" bytes.
    last_bytes: int16[n], the last byte of each file, -1 for an empty one.
    max_bytes: uint8[n], the largest byte; below 128 means ASCII; 0 for an empty file.
    has_nul: bool[n], a NUL within the first `TEXT_PROBE_BYTES` bytes.
    """

    digests: npt.NDArray[np.uint8]
    newlines: npt.NDArray[np.int64]
    last_bytes: npt.NDArray[np.int16]
    max_bytes: npt.NDArray[np.uint8]
    has_nul: npt.NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class LineColumns:
    r"""The columns of every line of a slab of n files, m lines in all; every backend gives the same bytes.

    A line ends after its b"\\n"; the last line of a file may have none. Blanks are spaces and tabs.

    files: int64[n + 1]; the lines of file i are the positions from files[i] up to files[i + 1]; an empty file has none.
    starts: int64[m + 1], byte offsets in the slab, ascending; the last is the slab's size.
    indents: uint16[m], columns of leading blanks, a tab counting 8, at most 65,535; 0 for a line without
        anything else.
    inks: int64[m], the offset of the first byte that is no blank, at most the line's last byte.
    heads: uint64[m], the 8 bytes from there, the first the lowest, bytes beyond the file's end 0; 0 where the line is
        blank, that is where that byte is a CR or LF or there is none.
    lasts: uint8[m], the last byte before the CR and LF that end the line; 0 where there is none.
    depths: int32[m], opening less closing braces and square brackets from the file's start up to the line.
    """

    files: npt.NDArray[np.int64]
    starts: npt.NDArray[np.int64]
    indents: npt.NDArray[np.uint16]
    inks: npt.NDArray[np.int64]
    heads: npt.NDArray[np.uint64]
    lasts: npt.NDArray[np.uint8]
    depths: npt.NDArray[np.int32]

    def of_files(self, files: list[int]) -> LineColumns:
        """The lines of a slab that holds some of the files only, in ascending order; shapes as above."""
        import numpy as np

        counts = np.diff(self.files)
        is_kept = np.zeros(len(counts), np.bool_)
        is_kept[files] = True
        of_line = np.repeat(is_kept, counts)
        # Bytes of the files that are left out, before each line.
        sizes = np.diff(self.starts)
        missing = np.cumsum(np.where(of_line, 0, sizes)) - np.where(of_line, 0, sizes)
        kept = np.flatnonzero(of_line)
        starts = np.append(self.starts[kept] - missing[kept], sizes[kept].sum())
        return LineColumns(
            files=np.append(0, np.cumsum(counts[is_kept])),
            starts=starts,
            indents=self.indents[kept],
            inks=self.inks[kept] - missing[kept],
            heads=self.heads[kept],
            lasts=self.lasts[kept],
            depths=self.depths[kept],
        )


@dataclass(frozen=True, slots=True)
class TokenColumns:
    """The tokens of a slab of n files and m lines, where a device counts them.

    counts: int64[n], exact for a text in UTF-8; -1 where the device leaves a file to another counter. That of a file
        that is no text means nothing.
    before: int64[m], the tokens of its file before each line: those that begin before it. It means nothing where the
        file's count is -1. None where lines were not wanted or are too many.
    """

    counts: npt.NDArray[np.int64]
    before: npt.NDArray[np.int64] | None

    def of_files(self, files: list[int], lines: LineColumns) -> TokenColumns:
        """Those of a slab that holds some of the files only, in ascending order; `lines` are those of all files."""
        import numpy as np

        counts = np.diff(lines.files)
        is_kept = np.zeros(len(counts), np.bool_)
        is_kept[files] = True
        before = self.before[np.repeat(is_kept, counts)] if self.before is not None else None
        return TokenColumns(self.counts[files], before)
