"""What a suite is: a command line, what of its answer is the work, and what the figures are taken from."""

from __future__ import annotations

from dataclasses import field
from typing import TYPE_CHECKING, Final

from exosuit_cli.model.dataclass import dataclass

if TYPE_CHECKING:
    from collections.abc import Mapping

MEMORY: Final[Mapping[str, str]] = {
    "peak_memory": "memory.ram",
    "peak_vram": "memory.vram",
    "peak_shared": "memory.shared",
    "peak_nvme": "memory.nvme",
}
"""Metrics that the command reports of itself; each place has `peak_bytes`, or null and a `reason`."""

WORK: Final[Mapping[str, str]] = {"files": "totals.files", "bytes": "totals.bytes", "tree_digest": "tree_digest"}
"""The work of every suite."""

TOKEN_WORK: Final[Mapping[str, str]] = {**WORK, "tokens": "totals.tokens"}
"""The work of a suite that counts tokens."""

RATES: Final[Mapping[str, tuple[str, float]]] = {
    "files_per_s": ("totals.files", 1.0),
    "mb_per_s": ("totals.bytes", 1e-6),
}
"""The rates of every suite."""

TOKEN_RATES: Final[Mapping[str, tuple[str, float]]] = {**RATES, "tokens_per_s": ("totals.tokens", 1.0)}
"""The rates of a suite that counts tokens."""


@dataclass(frozen=True, slots=True)
class Suite:
    """One kind of work.

    Args:
        name: as `--suite` takes it.
        arguments: what an exosuit build is given; `{path}` stands for the corpus.
        work: names of what both sides must have done alike, with their places in the JSON document (dots descend).
            `files` and `bytes` are always among them.
        rates: rate metrics with the place of the count that is divided by wall time, and the unit's factor.
        headline: the rate that is called `throughput` here.
        informative: counts that are shown but may differ between builds.
        reads_all: every run reads the corpus, and takes options of the selection and a device. A suite that does not is
            no part of `all`.

    """

    name: str
    title: str
    arguments: tuple[str, ...]
    work: Mapping[str, str]
    rates: Mapping[str, tuple[str, float]]
    headline: str
    informative: Mapping[str, str] = field(default_factory=dict)
    reads_all: bool = True

    def command_line(self, path: str, *, device: str | None, extra: tuple[str, ...] = ()) -> tuple[str, ...]:
        """The arguments for a corpus, with a demanded device and options of the selection."""
        chosen = ("--device", device) if device is not None else ()
        return (*(path if word == "{path}" else word for word in self.arguments), *extra, *chosen)
