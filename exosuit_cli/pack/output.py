"""Where a pack is written: one file or stream, with exact counts of what it got."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from exosuit_cli.model.dataclass import dataclass
from exosuit_cli.model.errors import UsageError
from exosuit_cli.pack.result import PackPart

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from exosuit_cli.pack.collector import RenderedBlock
    from exosuit_cli.pack.forms import Form
    from exosuit_cli.pack.result import PackedFile

    CountBatch = Callable[[Sequence[bytes]], list[int]]
    """Counts the tokens of each text."""


class Sink(Protocol):
    """What can be written to."""

    def write(self, data: bytes | memoryview, /) -> int:
        """Write all of it."""
        ...


@dataclass(frozen=True, slots=True)
class PackOutput:
    """Where a pack goes: an open file, and its name, None for a stream.

    `more` opens the file of a further part, by its number from 2; without it there can be one part only.
    """

    file: Sink
    name: str | None = None
    more: Callable[[int], PackOutput] | None = None

    def part(self, number: int) -> PackOutput:
        """The output of a part, from 1. Raises UsageError where there is only one."""
        if number == 1:
            return self
        if self.more is None:
            raise UsageError("the pack has several parts, and the output takes one; give a budget in place of a split")
        return self.more(number)


class OpeningTokens:
    """The tokens of the openings of blocks. They follow from the number of digits: each one to three are one token."""

    def __init__(self, form: Form, count: CountBatch) -> None:
        self._first, *self._by_digits = count([form.opening(1), *(form.opening(10**digits) for digits in range(1, 9))])
        two = count([form.opening(2)])[0]
        self._by_digits.insert(0, two)

    def of(self, number: int) -> int:
        """Of the block of this number, from 1."""
        return self._first if number == 1 else self._by_digits[len(str(number)) - 1]


class PackWriter:
    """Writes a pack; a stage that writes each block as it comes."""

    def __init__(self, output: PackOutput, form: Form) -> None:
        self._file = output.file
        self._form = form
        self._name = output.name
        self._tokens = 0
        self.bytes = 0
        self._blocks: list[tuple[PackedFile, int]] = []
        self._number = 0
        self._write(form.head)

    def take(self, file: PackedFile, blocks: Sequence[RenderedBlock]) -> None:
        """Write the blocks of a file."""
        for block in blocks:
            self.add(file, block)

    def add(self, file: PackedFile, block: RenderedBlock) -> None:
        """Write one block, and note what of the file it has."""
        self._number += 1
        self._write(self._form.opening(self._number))
        self._write(block.text)
        file.detail = block.detail
        file.tokens += block.tokens
        self._tokens += block.tokens
        self._blocks.append((file, self._number))

    def finish(self, tail: bytes, count: CountBatch) -> PackPart:
        """Write the end; what was written, counted."""
        return self.finish_counted(tail, sum(count([self._form.head, tail])), OpeningTokens(self._form, count))

    def finish_counted(self, tail: bytes, around: int, openings: OpeningTokens) -> PackPart:
        """Write the end, where head and tail together have `around` tokens."""
        self._write(tail)
        for file, number in self._blocks:
            tokens = openings.of(number)
            file.tokens += tokens
            self._tokens += tokens
        self._tokens += around
        return PackPart(self._name, self._tokens, self.bytes)

    def _write(self, data: bytes | memoryview) -> None:
        self._file.write(data)
        self.bytes += len(data)
