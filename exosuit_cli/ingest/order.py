"""The rows of a run in path order, with what was skipped and the digest of the tree."""

from __future__ import annotations

import errno
import os
from collections import Counter
from typing import TYPE_CHECKING

import numpy as np

from exosuit_cli.ingest.tree_digest import tree_digest
from exosuit_cli.languages import names_a_program
from exosuit_cli.model.dataclass import dataclass
from exosuit_cli.model.records import RAW, ROW, Kind, Outcome, Rows, Skip
from exosuit_cli.system.names import display_name

if TYPE_CHECKING:
    from collections.abc import Iterator

    import numpy.typing as npt

    from exosuit_cli.index.index import Index
    from exosuit_cli.ingest.ledger import Ledger

_SHOWN = 3
"""How many files a warning names."""


@dataclass(frozen=True, slots=True)
class OrderedRows:
    """The ingested files of a run, in ascending byte order of their paths, and its skips in the same order.

    `places` is int64[n], where each file is in the ledger; `rows` is ROW[n]; `skips` holds what the walk left out and
    what could not be read.
    """

    paths: list[bytes]
    places: npt.NDArray[np.int64]
    rows: Rows
    skips: list[Skip]
    tree_digest: str


def order_rows(ledger: Ledger, algorithm: str, unchanged: Index | None) -> OrderedRows:
    """Order what the ledger holds. `unchanged` is the index whose order and tree digest are those of the ledger."""
    rows = ledger.rows[: ledger.files]
    all_paths = list(ledger.paths())
    places = unchanged.order if unchanged is not None else ledger.ingested()
    paths = [all_paths[place] for place in places.tolist()]
    skips = list(ledger.skips)
    skips.extend(
        ledger.skip_of(all_paths[place], rows[place]) for place in np.flatnonzero(rows["outcome"] != Outcome.INGESTED)
    )
    skips.sort(key=lambda skip: skip.path)
    ordered = rows.view(RAW)[places].view(ROW)
    digest = unchanged.tree_digest if unchanged is not None else tree_digest(paths, ordered, algorithm)
    return OrderedRows(paths, places, ordered, skips, digest)


def illegible_warnings(paths: list[bytes], rows: Rows) -> Iterator[str]:
    """Warn of files that are named as programs are, and are no UTF-8: they count as binary."""
    places = np.flatnonzero((rows["errno"] == errno.EILSEQ) & (rows["kind"] == Kind.BINARY)).tolist()
    sources = [paths[place] for place in places if names_a_program(os.path.basename(paths[place]))]
    if sources:
        named = ", ".join(display_name(path) for path in sources[:_SHOWN])
        more = ", ..." if len(sources) > _SHOWN else ""
        which = (
            "1 file looks like source but is"
            if len(sources) == 1
            else f"{len(sources):,} files look like source but are"
        )
        yield f"{which} not in UTF-8, and counted as binary: {named}{more}"


def empty_scan_warnings(listed: int, skips: list[Skip]) -> Iterator[str]:
    """Warn of a scan that found nothing but skips, which is probably not what was wanted. `listed` counts files."""
    if listed or not skips:
        return
    ignored = [skip for skip in skips if skip.outcome is Outcome.IGNORED]
    reason, count = Counter(skip.outcome.label for skip in skips).most_common(1)[0]
    if count > len(ignored):
        remedy = "; give --no-default-ignore to have them" if reason == Outcome.DEFAULT_IGNORED.label else ""
        yield f"0 files: {count} of {len(skips)} entries are {reason.replace('_', ' ')}{remedy}"
    elif ignored:
        yield (
            f"0 files: every entry is ignored by {ignored[0].detail}; give --no-ignore to have them"
            if len(ignored) == len(skips)
            else f"0 files: {len(ignored)} of {len(skips)} entries are ignored, the first by {ignored[0].detail}"
        )
