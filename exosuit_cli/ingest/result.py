"""What a scan found, in columns, and the sums over it."""

from __future__ import annotations

from collections import Counter
from dataclasses import field, replace
from typing import TYPE_CHECKING

import numpy as np

from exosuit_cli.languages import LANGUAGES
from exosuit_cli.model.dataclass import dataclass
from exosuit_cli.model.digests import DIGESTS
from exosuit_cli.model.records import UNREADABLE_OUTCOMES, Kind, Outcome, Rows, Skip

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    import numpy.typing as npt

    from exosuit_cli.device import DeviceTotals
    from exosuit_cli.system.memory import MemoryReport
    from exosuit_cli.walk.rule_set import BadLine


@dataclass(frozen=True, slots=True)
class Totals:
    """Sums over the ingested files. `tokens` is None when none were counted; `estimated_files` have inexact ones."""

    files: int
    bytes: int
    lines: int
    tokens: int | None
    estimated_files: int


@dataclass(frozen=True, slots=True)
class LanguageTotals:
    """Sums over the files of one language; `language` is None for text of an unknown language and for binary files."""

    language: str | None
    kind: Kind
    files: int
    bytes: int
    lines: int
    tokens: int | None


@dataclass(frozen=True, slots=True)
class DuplicateGroup:
    """Files of equal, non-empty content: positions into `paths`, ascending, and what one of them holds.

    `size` in bytes; `tokens` is None for binary files and where none were counted.
    """

    members: tuple[int, ...]
    size: int
    tokens: int | None


@dataclass(frozen=True, slots=True)
class Duplicates:
    """All groups, the one that wastes most first, and what keeping one of each would save."""

    groups: tuple[DuplicateGroup, ...]
    redundant_files: int
    bytes_saved: int
    tokens_saved: int | None


@dataclass(frozen=True, slots=True)
class Throughput:
    """Time and work of this run. Seconds; `cpu_s` sums this process and its workers.

    `bytes_read` and `tokens_counted` are work that was done: what came from the index takes no part.
    """

    wall_s: float
    cpu_s: float
    workers: int
    device: str
    device_reason: str
    index_hits: int
    bytes_read: int
    tokens_counted: int
    index_reason: str
    worker_deaths: int
    stages: Mapping[str, float]
    """Seconds by stage, added over all processes: index and walk, which go on beside the others; read, hash (with the
    lines), tokens, chunk, large (files larger than a slab, all of it), columns (languages and rows); result."""
    device_totals: DeviceTotals | None = None
    """What a CUDA device did; None where none was used."""

    @property
    def bytes_per_s(self) -> float | None:
        """Bytes read by wall time; None where none was read."""
        return self.bytes_read / self.wall_s if self.bytes_read else None

    @property
    def tokens_per_s(self) -> float | None:
        """Tokens counted by wall time; None where none was counted."""
        return self.tokens_counted / self.wall_s if self.tokens_counted else None

    @property
    def idle_reason(self) -> str | None:
        """Why nothing was read; None where something was."""
        if self.bytes_read:
            return None
        return "nothing was read: the index knew the files" if self.index_hits else "there was nothing to read"


@dataclass(frozen=True, slots=True)
class ScanResult:
    """A finished scan. `paths` are relative to `base`, in ascending byte order; `rows` is ROW[len(paths)], aligned.

    `skips` are sorted by path. `partial` names the signal that ended the scan early, None for a complete one.
    `verify_failures` are the positions whose content changed although size and times did not; None unless asked for.
    But for the files at the positions `read`, int64[n], the tree is the one whose digest is `basis`; None: not known.
    """

    base: bytes
    roots: tuple[bytes, ...]
    hash: str
    encoding: str | None
    paths: list[bytes]
    rows: Rows
    skips: list[Skip]
    directories: int
    tree_digest: str
    throughput: Throughput
    memory: MemoryReport
    problems: list[BadLine] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)
    partial: str | None = None
    verify_failures: list[int] | None = None
    basis: str | None = None
    read: npt.NDArray[np.int64] | None = None

    def with_output_bytes(self, written: int) -> ScanResult:
        """The same result, with `written` more bytes in the nvme tier: an output was written after the scan."""
        if not written:
            return self
        nvme = self.memory.nvme
        details = {**nvme.details, "output_bytes": written}
        tier = replace(nvme, peak_bytes=(nvme.peak_bytes or 0) + written, details=details)
        return replace(self, memory=replace(self.memory, nvme=tier))

    @property
    def totals(self) -> Totals:
        """Sums over the ingested files."""
        rows = self.rows
        return Totals(
            files=len(rows),
            bytes=int(rows["size"].sum()),
            lines=_sum_known(rows["lines"]),
            tokens=_sum_known(rows["tokens"]) if self.encoding is not None else None,
            estimated_files=int(np.count_nonzero(rows["estimated"])),
        )

    @property
    def discovered(self) -> int:
        """The number of paths seen, ingested or skipped. A directory counts only if it was left out."""
        return len(self.paths) + len(self.skips)

    @property
    def skipped(self) -> dict[str, int]:
        """Number of skips by reason, the most frequent first."""
        counts = Counter(skip.outcome.label for skip in self.skips)
        return dict(sorted(counts.items(), key=lambda item: (-item[1], item[0])))

    @property
    def unreadable(self) -> list[Skip]:
        """The skips that nobody asked for."""
        return [skip for skip in self.skips if skip.outcome in UNREADABLE_OUTCOMES]

    @property
    def marked(self) -> list[Skip]:
        """The skips of files that an earlier run of exosuit wrote, as the mark in them shows."""
        return [skip for skip in self.skips if skip.outcome is Outcome.OWN_OUTPUT and skip.detail]

    def digest(self, position: int) -> str:
        """The digest of one file, in hex."""
        return bytes(self.rows["digest"][position, : DIGESTS[self.hash].width]).hex()

    def languages(self) -> list[LanguageTotals]:
        """Sums by language, most tokens (or bytes) first."""
        rows = self.rows
        key = rows["language"].astype(np.int64) * 2 + rows["kind"]
        files = np.bincount(key)
        sums = {
            name: np.bincount(key, np.maximum(rows[name], 0)).astype(np.int64).tolist()
            for name in ("size", "lines", "tokens")
        }
        found = [
            LanguageTotals(
                language=LANGUAGES[code // 2] or None,
                kind=Kind(code % 2),
                files=int(files[code]),
                bytes=sums["size"][code],
                lines=sums["lines"][code],
                tokens=sums["tokens"][code] if self.encoding is not None else None,
            )
            for code in np.flatnonzero(files).tolist()
        ]
        return sorted(found, key=lambda item: (-(item.tokens or 0), -item.bytes, item.language or ""))

    def largest(self, count: int) -> list[int]:
        """Positions of the files with most tokens, or bytes where none were counted; ties in path order."""
        weight = self.rows["tokens" if self.encoding is not None else "size"]
        if count < len(weight):
            least = np.partition(weight, len(weight) - count)[len(weight) - count] if count else 0
            candidates = np.flatnonzero(weight >= least)
        else:
            candidates = np.arange(len(weight))
        order = candidates[np.argsort(-weight[candidates], kind="stable")]
        return [int(position) for position in order[:count] if weight[position] > 0]

    def duplicates(self) -> Duplicates:
        """Groups of files with equal digests, empty files left out."""
        rows = self.rows
        heads = np.ascontiguousarray(rows["digest"][:, :8]).view(np.uint64).ravel()
        order = np.argsort(heads, kind="stable")
        repeated = np.flatnonzero(heads[order][1:] == heads[order][:-1])
        members: dict[bytes, dict[int, None]] = {}
        for index in repeated.tolist():
            for position in (int(order[index]), int(order[index + 1])):
                if rows["size"][position]:
                    members.setdefault(bytes(rows["digest"][position]), {})[position] = None
        groups = [
            DuplicateGroup(
                tuple(sorted(positions)),
                int(rows["size"][next(iter(positions))]),
                _known(rows["tokens"][next(iter(positions))]),
            )
            for positions in members.values()
            if len(positions) > 1
        ]
        groups.sort(key=lambda group: (-group.size * (len(group.members) - 1), group.members))
        return Duplicates(
            groups=tuple(groups),
            redundant_files=sum(len(group.members) - 1 for group in groups),
            bytes_saved=sum(group.size * (len(group.members) - 1) for group in groups),
            tokens_saved=sum((group.tokens or 0) * (len(group.members) - 1) for group in groups)
            if self.encoding is not None
            else None,
        )

    def directory_totals(self) -> Iterator[tuple[bytes, int, int, int]]:
        """Each directory with the (files, bytes, tokens) of all files below it, in path order; b"" is the base."""
        sums: dict[bytes, list[int]] = {}
        tokens = np.maximum(self.rows["tokens"], 0).tolist()
        for path, size, count in zip(self.paths, self.rows["size"].tolist(), tokens, strict=True):
            directory = path.rpartition(b"/")[0]
            found = sums.get(directory)
            if found is None:
                found = sums[directory] = [0, 0, 0]
            found[0] += 1
            found[1] += size
            found[2] += count
        for directory, (files, size, count) in [(directory, tuple(own)) for directory, own in sums.items()]:
            above = directory
            while above:
                above = above.rpartition(b"/")[0]
                total = sums.setdefault(above, [0, 0, 0])
                total[0] += files
                total[1] += size
                total[2] += count
        for directory in sorted(sums, key=lambda path: path.split(b"/") if path else []):
            files, size, count = sums[directory]
            yield directory, files, size, count


def _known(value: int) -> int | None:
    return int(value) if value >= 0 else None


def _sum_known(column: np.ndarray) -> int:
    return int(column[column > 0].sum())
