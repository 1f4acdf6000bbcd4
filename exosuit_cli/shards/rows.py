"""What a row says of a file's bytes, for files in a slab and for a file larger than one."""

from __future__ import annotations

import errno
from dataclasses import field, replace
from typing import TYPE_CHECKING

import numpy as np

from exosuit_cli.model.byte_sets import byte_set
from exosuit_cli.model.dataclass import dataclass
from exosuit_cli.model.records import Kind, time_column
from exosuit_cli.model.slab import TEXT_PROBE_BYTES
from exosuit_cli.read.text import is_text
from exosuit_cli.read.wide import MARK_BYTES, decode_beginning, decode_wide, wide_codec
from exosuit_cli.shards.naming import languages_of

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import numpy.typing as npt

    from exosuit_cli.model.records import Rows
    from exosuit_cli.model.slab import Slab, SlabColumns, TokenColumns
    from exosuit_cli.read import ReadStat


@dataclass(frozen=True, slots=True)
class FileFacts:
    """What is known of n files before their tokens are: their columns, bool[n] which are text, and their languages.

    `languages` are positions in `languages.LANGUAGES`, 0 for a binary file and for a text of an unknown one. `decoded`
    has the UTF-8 of the texts in UTF-16 and UTF-32 by their positions; `columns` counts the lines of that. `illegible`,
    bool[n], are binary files that may be texts in an encoding that is not read.
    """

    columns: SlabColumns
    text: npt.NDArray[np.bool_]
    languages: list[int]
    illegible: npt.NDArray[np.bool_]
    decoded: Mapping[int, bytes] = field(default_factory=dict)
    counted: TokenColumns | None = None
    """What a device has counted; of the files in `decoded` it means nothing."""


def describe(slab: Slab, columns: SlabColumns, names: Sequence[bytes], *, begun: bool = False) -> FileFacts:
    """Tell text from binary and name the languages of the files in a slab, by their beginnings and their `names`.

    `columns` are those of the whole files. With `begun` the slab has the first `TEXT_PROBE_BYTES` bytes of each alone.
    """
    view = slab.data.data
    offsets, lengths = slab.offsets.tolist(), slab.lengths.tolist()
    firsts = _first_bytes(slab)
    text = ~columns.has_nul
    for index in np.flatnonzero((columns.max_bytes >= 128) & text).tolist():  # ASCII without a NUL is text
        start = offsets[index]
        text[index] = is_text(bytes(view[start : start + min(lengths[index], TEXT_PROBE_BYTES)]))
    illegible = ~text & ~columns.has_nul
    decoded: dict[int, bytes] = {}
    heads: dict[int, bytes] = {}
    for index in np.flatnonzero(_MAY_BE_WIDE.take(firsts) & (slab.lengths > 1)).tolist():
        data = view[offsets[index] : offsets[index] + lengths[index]]
        codec = wide_codec(bytes(data[:MARK_BYTES]))
        if codec is None:
            continue
        head = decode_beginning(bytes(data[:TEXT_PROBE_BYTES]), codec)
        whole = head if begun or head is None else decode_wide(bytes(data), codec)
        text[index] = whole is not None and head is not None and b"\0" not in head
        illegible[index] = not text[index]
        if text[index] and whole is not None and head is not None:
            decoded[index], heads[index] = whole, head[:TEXT_PROBE_BYTES]
    if decoded and not begun:
        columns = _columns_of_decoded(columns, decoded)
    languages = languages_of(slab, names, text, firsts, heads)
    return FileFacts(columns, text, languages, illegible, decoded)


_MAY_BE_WIDE = byte_set([0x00, 0xFE, 0xFF])
"""bool[256]: the first byte may begin a mark of UTF-16 or UTF-32."""


def _first_bytes(slab: Slab) -> npt.NDArray[np.uint8]:
    """uint8[n]: the first byte of each file; that of an empty one says nothing."""
    if not len(slab.data):
        return np.full(len(slab), ord("."), np.uint8)
    return slab.data.take(np.minimum(slab.offsets, len(slab.data) - 1))


def _columns_of_decoded(columns: SlabColumns, decoded: Mapping[int, bytes]) -> SlabColumns:
    """The columns with the lines of the decoded texts."""
    newlines, last_bytes = columns.newlines.copy(), columns.last_bytes.copy()
    for index, text in decoded.items():
        newlines[index] = text.count(b"\n")
        last_bytes[index] = text[-1] if text else -1
    return replace(columns, newlines=newlines, last_bytes=last_bytes)


def write_content(
    rows: Rows,
    positions: slice | list[int],
    facts: FileFacts,
    tokens: npt.NDArray[np.int64],
    *,
    estimated: bool = False,
) -> None:
    """Write what the bytes of files say into their rows. `tokens` is int64[n], -1 where none were counted."""
    columns, text = facts.columns, facts.text
    unterminated = (columns.last_bytes >= 0) & (columns.last_bytes != ord("\n"))
    rows["digest"][positions, : columns.digests.shape[1]] = columns.digests
    rows["kind"][positions] = np.where(text, int(Kind.TEXT), int(Kind.BINARY))
    rows["lines"][positions] = np.where(text, columns.newlines + unterminated, -1)
    rows["tokens"][positions] = tokens
    if estimated:  # a new row says no
        rows["estimated"][positions] = True
    rows["language"][positions] = facts.languages
    if facts.illegible.any():
        rows["errno"][positions] = np.where(facts.illegible, errno.EILSEQ, 0)


def write_stats(rows: Rows, files: Sequence[ReadStat]) -> None:
    """Write the sizes, times and identities of files that were read into their rows."""
    if not files:
        return
    positions = as_slice([file.position for file in files])
    statuses = [file.status for file in files]
    rows["size"][positions] = [file.size for file in files]
    rows["mtime_ns"][positions] = time_column([status.st_mtime_ns for status in statuses])
    rows["ctime_ns"][positions] = time_column([status.st_ctime_ns for status in statuses])
    rows["device"][positions] = [status.st_dev for status in statuses]
    rows["inode"][positions] = [status.st_ino for status in statuses]
    rows["executable"][positions] = [(status.st_mode >> 6) & 1 for status in statuses]


def as_slice(positions: list[int]) -> slice | list[int]:
    """The positions, as a slice where none is left out: numpy takes a slice many times faster than a list."""
    first, last = positions[0], positions[-1]
    return slice(first, last + 1) if last - first + 1 == len(positions) else positions
