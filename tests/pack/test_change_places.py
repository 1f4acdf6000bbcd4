"""Where changes of a long file lie, and what of it is taken: the work grows with its length, not by the square."""

from __future__ import annotations

from contextlib import closing
from typing import TYPE_CHECKING, Any

import pytest

from exosuit_cli.pack import PackOptions
from exosuit_cli.pack.change_spans import CHANGED, around_lines
from exosuit_cli.pack.leaning import Span
from exosuit_cli.pack.query_choice import QueryChoice
from exosuit_cli.pack.tree_texts import ChangedTree

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from exosuit_cli.pack.tree_texts import TreeText
    from exosuit_cli.search.definitions import Definition

_CLASS = "class Long:\n    limit = 3\n" + "".join(
    f"    def step_{number}(self):\n        return {number}\n\n" for number in range(300)
)
_FUNCTIONS = "".join(f"# Of step {number}.\ndef step_{number}():\n    return {number}\n\n" for number in range(300))
_SECTIONS = "".join(f"{'#' * (number % 3 + 1)} Part {number}\n\nText.\n\n" for number in range(300))


def _text(folder: Path, name: str, text: str) -> TreeText:
    (folder / name).write_text(text)
    with closing(ChangedTree(bytes(folder), redacts=True)) as tree:
        found = tree.of(name.encode())
    assert found is not None
    return found


class _Walked(list[Any]):
    """A list that counts what is taken out of it."""

    taken = 0

    def __iter__(self) -> Iterator[Any]:
        for each in super().__iter__():
            self.taken += 1
            yield each

    def __getitem__(self, place: Any) -> Any:
        self.taken += 1
        return super().__getitem__(place)


@pytest.mark.parametrize(("name", "text"), [("a.py", _CLASS), ("b.py", _FUNCTIONS), ("c.md", _SECTIONS)])
def test_what_is_around_a_line_is_what_all_definitions_say(tmp_path: Path, name: str, text: str) -> None:
    found = _text(tmp_path, name, text)

    def around(line: int) -> Sequence[tuple[Definition, int, int]]:
        own = [each for each in found.extents if each[1] <= line <= each[2]]
        return [each for each in own[:-1] if each[0].level < own[-1][0].level] + own[-1:]

    lines = range(found.source.lines + 2)
    assert len(found.extents) >= 300
    assert [found.around(line) for line in lines] == [around(line) for line in lines]
    assert [found.first_after(line) for line in lines] == [
        min((first for _, first, _ in found.extents if first > line), default=None) for line in lines
    ]
    assert [found.has_others(first, last) for _, first, last in found.extents] == [
        any(first < begins and ends <= last for _, begins, ends in found.extents) for _, first, last in found.extents
    ]


def test_definitions_are_looked_at_a_few_times_however_many_have_changed(tmp_path: Path) -> None:
    found = _text(tmp_path, "a.py", _CLASS + _FUNCTIONS)
    extents = _Walked(found.extents)
    found.__dict__["extents"] = extents
    places = list(around_lines(found, 1, found.source.lines, CHANGED))
    assert len(places) >= 600
    assert extents.taken <= 10 * len(extents)


@pytest.mark.parametrize("left", [600, 10**6])
def test_the_block_of_a_file_is_made_a_few_times_however_many_places_it_has(tmp_path: Path, left: int) -> None:
    found = _text(tmp_path, "b.py", _FUNCTIONS)
    source = found.source
    # Every second definition: they do not become one.
    places = [
        (source, [Span(source.file.id, *source.span_of(first, last), CHANGED)]) for _, first, last in found.extents[::2]
    ]
    counted: list[bytes] = []

    def count(texts: Sequence[bytes]) -> list[int]:
        counted.extend(texts)
        return [len(text) // 4 for text in texts]

    choice = QueryChoice(PackOptions(budget=8000), count, left, 10)
    there = choice.add_each(places, 20)
    assert len(there) == len(places) == 150
    assert len(counted) <= 60
    # The first ones are there as far as they fit, and as many as one by one.
    one_by_one = QueryChoice(PackOptions(budget=8000), count, left, 10)
    assert there == [one_by_one.add(*place) for place in places]
    assert choice.files[source.file.id].spans == one_by_one.files[source.file.id].spans
    assert choice.left == one_by_one.left >= 0
    assert all(there) is (left > 600)
