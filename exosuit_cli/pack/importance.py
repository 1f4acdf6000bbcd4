"""Which files of source code come first under a budget: those whose definitions many other files use, and long ones."""

from __future__ import annotations

from collections import Counter
from math import sqrt
from typing import TYPE_CHECKING, Final

from exosuit_cli.pack.ranks import SOURCE, TEST
from exosuit_cli.search.definitions import definitions_in
from exosuit_cli.search.path_facts import is_aside

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from exosuit_cli.pack.result import PackedFile

READ_BYTES: Final = 512 << 10
"""So much source code is read for the uses of names, the longest files first, and a fourth of it of tests."""
_LONGEST: Final = READ_BYTES // 4
"""Longer files are not read: they are mostly tables."""
_SHORTEST_NAME: Final = 3
_MOST_DEFINERS: Final = 2
"""A name that more files define says nothing of any of them."""
_ASIDE: Final = 0.1
"""What a file beside the matter is worth: a script, a tool."""
_PAST_WORD: Final = bytes(
    byte if byte > 127 or chr(byte).isalnum() or byte == ord("_") else ord(" ") for byte in range(256)
)
"""Makes a space of every byte that no name has."""


def read_for_uses(files: Sequence[PackedFile], ranks: Sequence[int]) -> list[int]:
    """The numbers of the files to read for `users_of`, in the order of the pack."""
    found: list[int] = []
    for wanted, left in ((SOURCE, READ_BYTES), (TEST, READ_BYTES // 4)):
        of_rank = (number for number, rank in enumerate(ranks) if rank == wanted and files[number].size <= _LONGEST)
        for number in sorted(of_rank, key=lambda each: (-_worth(files[each], 0), each)):
            left -= files[number].size
            if left < 0:
                break
            found.append(number)
    return sorted(found)


def users_of(texts: Iterable[tuple[int, str, bytes]]) -> dict[int, int]:
    """By the number of each file, how many others of these use a name that it defines.

    Args:
        texts: the number, the language and the text of each file.

    """
    words: dict[int, set[bytes]] = {}
    names: dict[int, set[bytes]] = {}
    for number, language, text in texts:
        words[number] = set(text.translate(_PAST_WORD).split())
        lines = text.decode("utf-8", "replace").splitlines()
        defined = (each.name.replace("::", ".").rpartition(".")[2] for each in definitions_in(lines, 1, language))
        names[number] = {name.encode() for name in defined if len(name) >= _SHORTEST_NAME}
    definers = Counter(name for own in names.values() for name in own)
    return {
        number: sum(
            other != number and not used.isdisjoint(own)
            for own in [{name for name in names[number] if definers[name] <= _MOST_DEFINERS}]
            for other, used in words.items()
        )
        for number in words
    }


def by_importance(files: Sequence[PackedFile], ranks: Sequence[int], users: dict[int, int]) -> list[int]:
    """The numbers of all files: by rank, source code then by importance, all others in the order of the pack."""
    return sorted(
        range(len(files)),
        key=lambda number: (
            ranks[number],
            -_worth(files[number], users.get(number, 0)) if ranks[number] == SOURCE else 0.0,
            number,
        ),
    )


def _worth(file: PackedFile, users: int) -> float:
    """The worth of a file of source code, by its users, its size and how deep it lies."""
    aside = _ASIDE if is_aside(file.path) else 1.0
    return aside * (users + 1) * sqrt(file.size) / (2 + file.path.count(b"/"))
