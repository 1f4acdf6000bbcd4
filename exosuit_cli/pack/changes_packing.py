"""A pack of changes under a budget: what they lie in, what uses it elsewhere, and then the rest of the files.

Where a file does not fit whole, the definitions around its changes come first. What is left of the budget goes to the
code that uses what they define, tests among it, and then to whole files.
"""

from __future__ import annotations

from contextlib import closing
from typing import TYPE_CHECKING, Final

from exosuit_cli.pack.blocks import Remarks
from exosuit_cli.pack.budget import MOST_MISSES, SPENT_SHARE
from exosuit_cli.pack.budgeted import BudgetPacking
from exosuit_cli.pack.change_spans import CHANGED, Around, around_lines, removed_names
from exosuit_cli.pack.collector import RenderedBlock
from exosuit_cli.pack.detail import Detail
from exosuit_cli.pack.leaning import Span
from exosuit_cli.pack.neighbour_taking import NeighbourRoom, take_beside, take_neighbours
from exosuit_cli.pack.neighbours import Neighbourhood
from exosuit_cli.pack.query_choice import QueryChoice
from exosuit_cli.pack.result import PackedFile, Reason
from exosuit_cli.pack.tree_texts import ChangedTree

if TYPE_CHECKING:
    from collections.abc import Sequence

    from exosuit_cli.history import Changes, FileChange
    from exosuit_cli.pack.options import PackOptions
    from exosuit_cli.pack.output import CountBatch, PackOutput
    from exosuit_cli.pack.query_choice import ChosenFile
    from exosuit_cli.pack.tree_texts import TreeText
    from exosuit_cli.workers.carrier import Carrier

_SUMMARY_TOKENS: Final = 48
"""By how many tokens the summary grows at most with the neighbours."""
_WHOLE_SHARE: Final = 4
"""A file is taken whole before its neighbours where that takes no more than this part of what is left."""


class ChangesPacking(BudgetPacking):
    """A pack of at most `options.budget` tokens of what has changed in the tree at `base`."""

    def __init__(
        self, options: PackOptions, output: PackOutput, instructions: str | None, changes: Changes, base: bytes
    ) -> None:
        super().__init__(options, output, instructions)
        self._all = changes
        self._base = base
        self._known_around: dict[bytes, list[tuple[TreeText, Around]]] = {}

    def finish(self, carrier: Carrier | None, count: CountBatch) -> None:
        with closing(ChangedTree(self._base, redacts=self.options.secrets != "ignore")) as self._tree:
            super().finish(carrier, count)

    def with_more(
        self, chosen: dict[int, RenderedBlock], left: int, opening: int, count: CountBatch
    ) -> dict[int, RenderedBlock]:
        """What else belongs into the pack, besides files of which all is chosen already."""
        choice = QueryChoice(self.options, count, left - _SUMMARY_TOKENS, opening)
        files = self.collector.files
        whole = frozenset(files[number].path for number, block in chosen.items() if block.detail is Detail.FULL)
        number_of = {file.path: number for number, file in enumerate(files)}
        rank = {files[number].path: place for place, number in enumerate(self._order)}
        shown = self.changes.with_hunks if self.changes is not None else frozenset()
        # The hunks of a file that is new have all of its text.
        open_files = [
            (change, text)
            for number, change in enumerate(self._all.files)
            if change.path in number_of and change.path not in whole
            if not (change.status == "added" and number in shown)
            if change.hunks.places and (text := self._tree.of(change.path)) is not None
        ]
        open_files.sort(key=lambda each: rank.get(each[0].path, len(rank)))
        around = [each for change, _ in open_files for each in self._around(change)]
        fits = choice.add_each([(text.source, each.near) for text, each in around], MOST_MISSES)
        choice.add_each([(text.source, each.whole) for text, each in around], MOST_MISSES)
        for _, text in open_files:
            choice.add(text.source, [_all_of(text)], reserve=choice.left - choice.left // _WHOLE_SHARE)
        if all(fits):
            self._take_neighbours(choice, whole)
        for change, text in open_files:
            choice.add(text.source, [_all_of(text)])
            take_beside(choice, change, text)
        choice.name_gaps()
        return chosen | self._blocks(choice, number_of, count)

    def _take_neighbours(self, choice: QueryChoice, whole: frozenset[bytes]) -> None:
        changes = self._all
        refuses = self.options.secrets == "fail"
        take_neighbours(
            NeighbourRoom(choice, self.options.budget // SPENT_SHARE, whole, refuses_secrets=refuses),
            Neighbourhood(self._tree, [change.path for change in changes.files], changes.walked),
            [each for change in changes.files for each in self._around(change)],
            [name for change in changes.files for name in removed_names(change)],
        )

    def _around(self, change: FileChange) -> list[tuple[TreeText, Around]]:
        """What the places of a change lie in."""
        if change.path not in self._known_around:
            found = self._known_around[change.path] = []
            if (text := self._tree.of(change.path)) is not None:
                for first, last in change.hunks.places:
                    found += [(text, each) for each in around_lines(text, first, last, CHANGED)]
        return self._known_around[change.path]

    def _blocks(self, choice: QueryChoice, number_of: dict[bytes, int], count: CountBatch) -> dict[int, RenderedBlock]:
        """The chosen blocks by the numbers of their files; what did not change is a file of its own from now on."""
        files = self.collector.files
        blocks = {}
        for each in choice.files.values():
            source = each.source
            number = number_of.get(source.path)
            if number is None:
                number = len(files)
                tokens = count([source.text])[0]
                file = PackedFile(source.path, source.file.size, source.lines, tokens, source.language, each.detail)
                file.is_neighbour = True
                file.remarks = Remarks(secrets=source.secrets, protected=each.protected)
                files.append(file)
                self._order = [*self._order, number]
            files[number].detail = each.detail
            files[number].reasons = _reasons(each)
            blocks[number] = RenderedBlock(each.detail, each.tokens, memoryview(each.block))
        return blocks

    def leave_out(self, number: int) -> None:
        """Take a file out again: a neighbour, which is among the last, altogether."""
        if self.collector.files[number].is_neighbour:
            del self.collector.files[number]
        else:
            self.collector.files[number].reasons = ()
            super().leave_out(number)


def _all_of(text: TreeText) -> Span:
    return Span(text.source.file.id, 0, len(text.source.text), CHANGED)


def _reasons(chosen: ChosenFile) -> Sequence[Reason]:
    source = chosen.source
    return tuple(
        Reason(source.line_at(span.start), source.line_at(max(span.end - 1, span.start)), span.why)
        for span in dict.fromkeys(chosen.why)
    )
