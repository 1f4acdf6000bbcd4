"""From texts to chunks: lines, their strengths and token sums for a whole slab at once, then a plan for each text."""

from __future__ import annotations

import io
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from exosuit_cli.chunk.line_tokens import LineTokens
from exosuit_cli.chunk.measured import MeasuredLines
from exosuit_cli.chunk.plan_columns import PlanColumns
from exosuit_cli.chunk.planner import Planner
from exosuit_cli.chunk.records import join
from exosuit_cli.chunk.segments import chunk_segments
from exosuit_cli.model.byte_sets import byte_set
from exosuit_cli.structure.boundary import Boundary
from exosuit_cli.structure.code.definitions import Guesses
from exosuit_cli.structure.code.strength import LineStrengths, line_strengths, plain_strengths
from exosuit_cli.syntax.grammars import GRAMMARS
from exosuit_cli.syntax.no_syntax import NoSyntax
from exosuit_cli.syntax.process import in_process, start_early
from exosuit_cli.system.spans import Laps

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from exosuit_cli.chunk.measured import Row
    from exosuit_cli.chunk.options import ChunkOptions
    from exosuit_cli.chunk.records import FileChunks
    from exosuit_cli.kernels import Kernels
    from exosuit_cli.model.protocols import TokenCounter
    from exosuit_cli.model.slab import LineColumns, Slab, TokenColumns
    from exosuit_cli.model.spans import StageClock
    from exosuit_cli.syntax.columns import SyntaxColumns

_SLASH = 0x2F
_MAYBE_SPACE = byte_set([0xC2, 0xE1, 0xE2, 0xE3])  # these may begin white space beyond ASCII
_VISIBLE = byte_set([*range(0x21, 0x7F), *range(0x80, 0x100)]) & ~_MAYBE_SPACE


class Chunker:
    """Cuts texts into chunks under one set of options; for one thread of one process, as its counter is."""

    def __init__(
        self, options: ChunkOptions, counter: TokenCounter, kernels: Kernels, clock: StageClock | None = None
    ) -> None:
        options = options.planned
        self._options = options
        self._kernels = kernels
        self._clock: StageClock = clock if clock is not None else Laps()
        self._planner = Planner(options, counter)
        self._tokens = LineTokens(options.encoding, counter, self._clock)
        if options.boundaries == "ast":
            start_early()

    def chunk_slab(self, slab: Slab, languages: Sequence[str]) -> list[FileChunks]:
        """The chunks of every text of a slab; see `plan_slab`."""
        return self.plan_slab(slab, languages).parts()

    def plan_slab(
        self,
        slab: Slab,
        languages: Sequence[str],
        lines: LineColumns | None = None,
        paths: Sequence[bytes] = (),
        counted: TokenColumns | None = None,
    ) -> PlanColumns:
        """The plan of every text of a slab, with its chunks; `languages` names that of each, "" where it is not known.

        `lines` are those of the slab, and `counted` their tokens, where they are known already; `paths` name the texts
        for a clock that records.

        The chunks of a text depend on its bytes, its language and the options only.
        """
        step, texts, size = self._clock.step, len(slab), len(slab.data)
        lines = lines if lines is not None else self._kernels.lines(slab)
        step("lines", texts, size)
        is_plain = self._options.boundaries == "lines"
        strengths = plain_strengths(lines) if is_plain else line_strengths(slab, lines, languages)
        step("boundaries", texts, size)
        prefix, totals = self._tokens.before(slab, lines, counted, paths)
        step("tokens", texts, size)
        trees: list[SyntaxColumns | None] = [None] * len(slab)
        reasons: list[str | None] = [None] * len(slab)
        if self._options.boundaries == "ast":
            for position in np.flatnonzero(slab.lengths).tolist():
                began = self._clock.now()
                try:
                    trees[position] = self._parse(slab, lines, prefix, strengths, position, languages[position])
                except NoSyntax as refusal:
                    reasons[position] = str(refusal)
                if paths:
                    why = f"fallback: {reasons[position]}" if reasons[position] else ""
                    self._clock.file(paths[position], "boundaries", began, int(slab.lengths[position]), why)
            step("boundaries", texts, size)
        has_guesses = [tree is None or own == "HTML" for tree, own in zip(trees, languages, strict=True)]
        guesses = Guesses(slab, lines, languages, strengths, np.array(has_guesses, np.bool_))
        if not is_plain:
            guesses.mark(strengths)
        step("boundaries", texts, size)
        measured = self._measured(slab, lines, strengths, prefix)
        files = lines.files.tolist()
        rows: list[Row] = []
        stops = []
        for first, stop in pairwise(files):
            self._planner.plan(measured, first, stop, rows)
            stops.append(len(rows))
        step("plan", texts, size)
        columns = PlanColumns(slab, rows, stops, self._kernels, guesses, lines.files, totals, trees, reasons)
        step("hash", texts, size)
        return columns

    def chunk_bytes(self, data: bytes, language: str) -> FileChunks:
        """The chunks of one text of any size."""
        return join([chunks for _, chunks in self.chunk_stream(io.BytesIO(data).read, language)])

    def chunk_stream(self, read: Callable[[int], bytes], language: str) -> Iterator[tuple[bytes, FileChunks]]:
        """Yield a long text's segments with their chunks, whose offsets and lines are those of the whole text.

        `read(n)` gives the next n bytes, fewer at the end only. Memory: a few segments of `SEGMENT_BYTES`.
        """
        return chunk_segments(lambda slab: self.chunk_slab(slab, [language])[0], read)

    def _measured(
        self, slab: Slab, lines: LineColumns, strengths: LineStrengths, prefix: npt.NDArray[np.int64]
    ) -> MeasuredLines:
        return MeasuredLines(
            data=slab.data.data,
            starts=lines.starts.data,
            prefix=prefix.data,
            is_safe=_safe_lines(lines).tobytes(),
            costs=strengths.costs.tobytes() + b"\0",
            kinds=strengths.kinds.tobytes() + b"\0",
            characters=_characters(slab, lines) if self._options.max_chars else [],
        )

    def _parse(
        self,
        slab: Slab,
        lines: LineColumns,
        prefix: npt.NDArray[np.int64],
        strengths: LineStrengths,
        position: int,
        language: str,
    ) -> SyntaxColumns:
        """Parse one text and put the strengths of its tree in place of those of its looks. Raises NoSyntax."""
        offset, length = int(slab.offsets[position]), int(slab.lengths[position])
        first, stop = int(lines.files[position]), int(lines.files[position + 1])
        from exosuit_cli.syntax.columns import syntax_columns

        if language not in GRAMMARS:
            raise NoSyntax("no grammar")
        tree = in_process(
            length,
            syntax_columns,
            bytes(slab.data.data[offset : offset + length]),
            language,
            lines.starts[first:stop] - offset,
            prefix[first : stop + 1],
            self._options.max_tokens,
            LineStrengths(strengths.costs[first:stop], strengths.kinds[first:stop]),
        )
        if tree.costs:
            found = tree.strengths
            strengths.costs[first:stop] = found.costs
            is_heading = (strengths.kinds[first:stop] == Boundary.SECTION) & (language == "HTML")
            strengths.kinds[first:stop] = np.where(is_heading, Boundary.SECTION, found.kinds)
        return tree


def _safe_lines(lines: LineColumns) -> npt.NDArray[np.bool_]:
    r"""bool[lines + 1]: whether token counts add up when a text is cut before the line.

    The byte before the line is a newline, so the fifth rule of `tokens.boundaries` says so where a visible character
    other than `/` begins the line. Where blanks do, and then a visible character, the cut is safe as well: in the whole
    text `\s*[\r\n]+` takes white space up to the last newline, which is the one before the line, as it does in the part
    before the cut; and no alternative that takes a newline goes on with a blank and ends there.
    """
    heads = (lines.heads & np.uint64(0xFF)).astype(np.uint8)
    safe = np.ones(len(lines.starts), np.bool_)
    safe[:-1] = _VISIBLE.take(heads) & ((heads != _SLASH) | (lines.inks > lines.starts[:-1]))
    safe[lines.files] = True
    return safe


def _characters(slab: Slab, lines: LineColumns) -> list[int]:
    """The characters in the slab before each line: bytes that continue no UTF-8 sequence."""
    begins = (slab.data & 0xC0) != 0x80
    sums = np.append(0, np.cumsum(begins))
    counts: list[int] = sums[lines.starts].tolist()
    return counts
