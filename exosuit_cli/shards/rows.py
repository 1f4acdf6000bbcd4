"""What a row says of a file's bytes, for files in a slab and for a file larger than one."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from exosuit_cli.languages import language_of_name, language_of_shebang
from exosuit_cli.model.records import Kind, time_column
from exosuit_cli.model.slab import SHEBANG_BYTES, TEXT_PROBE_BYTES
from exosuit_cli.read.text import is_text

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy.typing as npt

    from exosuit_cli.model.records import Rows
    from exosuit_cli.model.slab import Slab, SlabColumns
    from exosuit_cli.read import ReadStat


@dataclass(frozen=True, slots=True)
class FileFacts:
    """What is known of n files before their tokens are: their columns, bool[n] which are text, and their languages.

    `languages` are positions in `languages.LANGUAGES`, 0 for a binary file and for a text of an unknown one.
    """

    columns: SlabColumns
    text: npt.NDArray[np.bool_]
    languages: list[int]


def describe(slab: Slab, columns: SlabColumns, names: Sequence[bytes]) -> FileFacts:
    """Tell text from binary and name the languages of the files in a slab, by their beginnings and their `names`.

    Of each file the slab needs to hold the first `TEXT_PROBE_BYTES` bytes only; `columns` are those of the whole file.
    """
    view = slab.data.data
    offsets, lengths = slab.offsets.tolist(), slab.lengths.tolist()
    text = ~columns.has_nul
    for index in np.flatnonzero((columns.max_bytes >= 128) & text).tolist():  # ASCII without a NUL is text
        start = offsets[index]
        text[index] = is_text(bytes(view[start : start + min(lengths[index], TEXT_PROBE_BYTES)]))
    languages: list[int] = []
    for name, start, length, is_a_text in zip(names, offsets, lengths, text.tolist(), strict=True):
        if not is_a_text:
            languages.append(0)
            continue
        language = language_of_name(name)
        if not language and bytes(view[start : start + 2]) == b"#!":
            language = language_of_shebang(bytes(view[start : start + min(length, SHEBANG_BYTES)]))
        languages.append(language)
    return FileFacts(columns, text, languages)


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
