"""A pack in the making: what its blocks are written to, and what comes after them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from exosuit_cli.model.errors import CheckFailed
from exosuit_cli.model.records import Outcome
from exosuit_cli.model.units import counted
from exosuit_cli.pack.collector import PackCollector, RenderedBlock
from exosuit_cli.pack.detail import Detail
from exosuit_cli.pack.forms import FORMS, Tail
from exosuit_cli.pack.output import PackWriter
from exosuit_cli.pack.ranks import rank
from exosuit_cli.pack.shown_changes import fitting
from exosuit_cli.pack.summary import details_of, longest_details, summary_numbers, summary_text
from exosuit_cli.pack.tree import file_tree
from exosuit_cli.pack.work import PackPlan
from exosuit_cli.system.names import display_name

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from exosuit_cli.ingest.ledger import Ledger
    from exosuit_cli.ingest.pipeline import Run
    from exosuit_cli.model.records import Skip
    from exosuit_cli.pack.collector import Stage
    from exosuit_cli.pack.options import PackOptions
    from exosuit_cli.pack.output import CountBatch, PackOutput
    from exosuit_cli.pack.result import PackedFile, PackPart
    from exosuit_cli.pack.shown_changes import ShownChanges
    from exosuit_cli.workers.carrier import Carrier

SPOOL_BYTES: Final = 32 << 20
"""Of what is spooled, so much is in memory."""
_PLACES_TOLD: Final = 10


class Packing:
    """A pack without any limit: every block is written as it comes."""

    def __init__(self, options: PackOptions, output: PackOutput, instructions: str | None) -> None:
        self.options = options
        self.output = output
        self.form = FORMS[options.format]
        self.instructions = instructions
        self.parts: list[PackPart] = []
        self.warnings: list[str] = []
        self.skips: list[Skip] = []
        self.run: Run | None = None
        self.changes: ShownChanges | None = None
        self.collector = PackCollector(self.plan(), self.stage())

    def plan(self) -> PackPlan:
        """What the workers make of each text."""
        options = self.options
        return PackPlan(
            encoding=options.encoding,
            form=options.format,
            details=(options.detail,),
            line_numbers=options.line_numbers,
            secrets=options.secrets,
            strip=options.strip,
        )

    def stage(self) -> Stage:
        """What takes the blocks."""
        self._writer = PackWriter(self.output, self.form)
        return self._writer

    def begin(self, run: Run) -> None:
        """Take note of the run that is about to begin."""
        self.run = run

    def close(self) -> None:
        """Let go of what is kept."""

    def complete(self, carrier: Carrier | None, ledger: Ledger) -> None:
        """Write what is left to write, and count, once every file was handed to the stage."""
        rows = ledger.rows[: ledger.files]
        self.skips = list(ledger.skips)
        self.skips += [
            ledger.skip_of(path, row)
            for path, row in zip(ledger.paths(), rows, strict=True)
            if row["outcome"] != Outcome.INGESTED
        ]
        self.finish(carrier, _counting(carrier, self.options.encoding))

    def finish(self, carrier: Carrier | None, count: CountBatch) -> None:  # noqa: ARG002  (others render again)
        """Write what is left to write."""
        self.parts.append(self._writer.finish(self.tail(), count))

    def tail(self, details: Mapping[Detail, int] | None = None, tree: str | None = None) -> bytes:
        """What comes after the blocks; without `details` and `tree`, as the files are now."""
        files, binary = self.collector.files, self.collector.binary
        if details is None:
            details = details_of(files)
            tree = self.tree(files)
        summary = summary_text(details, files, binary, self.skips, self.options)
        numbers = summary_numbers(details, binary)
        return self.form.tail(Tail(summary, tree, self.instructions, numbers, self.changes))

    def fit_changes(self, most: int, count: CountBatch) -> None:
        """Show no more of the changes than is well within `most` tokens."""
        changes, self.changes = self.changes, None
        if changes is not None:
            form = self.form
            least = sum(count([form.head, self.tail(longest_details(self.collector.files), None)]))
            languages = {file.path: file.language for file in self.collector.files}
            self.changes = fitting(
                changes,
                max(most - least, 0),
                count,
                enclosed=lambda text: form.protected(text.encode())[0],
                rank_of=lambda path: rank(path, languages.get(path, "")),
            )

    def tree(self, files: Iterable[PackedFile]) -> str | None:
        """The tree of those of the files that belong into it; None where there is none."""
        listed = [file for file in files if file.detail is not Detail.LEFT_OUT]
        if not self.options.tree:
            listed = [file for file in listed if file.detail is Detail.PATH]
        return file_tree(file.path for file in listed) if listed else None


class Spool:
    """A stage that keeps every block, most of them on disk."""

    def __init__(self) -> None:
        import tempfile

        self._file = tempfile.SpooledTemporaryFile(max_size=SPOOL_BYTES)  # noqa: SIM115  (it ends with its owner)
        self.entries: list[tuple[PackedFile, Detail, int, int]] = []
        """The file, the detail, the tokens and the bytes of each block."""

    def close(self) -> None:
        """Let go of all."""
        self._file.close()

    def take(self, file: PackedFile, blocks: Sequence[RenderedBlock]) -> None:
        """Keep the blocks of a file."""
        for block in blocks:
            self._file.write(block.text)
            self.entries.append((file, block.detail, block.tokens, len(block.text)))

    def blocks(self) -> Iterator[tuple[PackedFile, RenderedBlock]]:
        """Every block, in order."""
        self._file.seek(0)
        for file, detail, tokens, size in self.entries:
            yield file, RenderedBlock(detail, tokens, memoryview(self._file.read(size)))


class SpooledPacking(Packing):
    """A pack of which nothing is written before it is known that no file has a secret."""

    def stage(self) -> Stage:
        self.spool = Spool()
        return self.spool

    def close(self) -> None:
        self.spool.close()

    def finish(self, carrier: Carrier | None, count: CountBatch) -> None:  # noqa: ARG002  (see Packing)
        refuse_secrets(self.collector.files, self.options)
        writer = PackWriter(self.output, self.form)
        for file, block in self.spool.blocks():
            writer.add(file, block)
        self.parts.append(writer.finish(self.tail(), count))


def refuse_secrets(files: Sequence[PackedFile], options: PackOptions) -> None:
    """Raise CheckFailed for secrets, where they are refused."""
    if options.secrets != "fail":
        return
    found = [(file, secret) for file in files if file.remarks is not None for secret in file.remarks.secrets]
    if found:
        places = [f"{display_name(file.path)}:{secret.line} ({secret.kind})" for file, secret in found[:_PLACES_TOLD]]
        more = f" and {len(found) - _PLACES_TOLD:,} more" if len(found) > _PLACES_TOLD else ""
        raise CheckFailed(f"nothing is packed: {counted(len(found), 'secret')}: {', '.join(places)}{more}")


def _counting(carrier: Carrier | None, encoding: str) -> CountBatch:
    if carrier is not None:
        return carrier.count_batch
    from exosuit_cli.tokens import load_counter

    return load_counter(encoding).count_batch
