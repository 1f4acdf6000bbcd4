"""How well the terms of a question match the names and directories of files."""

from __future__ import annotations

from itertools import chain
from typing import TYPE_CHECKING, Final

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import numpy.typing as npt

    from exosuit_cli.search.path_facts import PathFacts

_SHORTEST_PREFIX: Final = 3


class PathMatch:
    """Terms of a question against files, each match from 0 to 1: equal terms 1, a prefix the share of the longer one.

    Attributes:
        names: float32[files, terms], the best match of each term with a part of the file's name.
        directories: the same with its directories.

    """

    def __init__(self, terms: Sequence[str], facts: Sequence[PathFacts]) -> None:
        names = [fact.name_terms for fact in facts]
        directories = [fact.directory_terms for fact in facts]
        each_directory = dict.fromkeys(directories)
        parts = list(dict.fromkeys(chain(chain.from_iterable(names), chain.from_iterable(each_directory))))
        numbers = {part: number for number, part in enumerate(parts)}
        matches = _matches(terms, parts)
        places = {terms: place for place, terms in enumerate(each_directory)}
        of_directories = _Lists(list(each_directory), numbers).best(matches)
        of_names = _Lists(names, numbers)
        self.names = of_names.best(matches)
        self.directories = of_directories[[places[terms] for terms in directories]]
        self._of_names = of_names
        self._matches = matches
        self._letters = np.array([len(part) for part in parts], np.float64)
        self._all_letters = np.maximum(of_names.sums(self._letters), 1)

    def explained(self, worth: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
        """The share of each name's letters that the terms match, each as far as it is worth: float32[files]."""
        found = self._letters * (self._matches * worth).max(axis=1, initial=0)
        return (self._of_names.sums(found) / self._all_letters).astype(np.float32)


class _Lists:
    """Lists of parts, one after another, by their numbers."""

    def __init__(self, lists: Sequence[tuple[str, ...]], numbers: Mapping[str, int]) -> None:
        self._counts = np.array([len(parts) for parts in lists], np.int64)
        self._numbers = np.array([numbers[part] for parts in lists for part in parts], np.int64)

    def best(self, matches: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
        """The best match of each term with any part of each list: float32[lists, terms]."""
        best = np.zeros((len(self._counts), matches.shape[1]), np.float32)
        filled = np.flatnonzero(self._counts)
        if len(filled):
            firsts = (np.cumsum(self._counts) - self._counts)[filled]
            best[filled] = np.maximum.reduceat(matches[self._numbers], firsts)
        return best

    def sums(self, values: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
        """The sum of the values of each list's parts: float64[lists]."""
        owners = np.repeat(np.arange(len(self._counts)), self._counts)
        return np.bincount(owners, values[self._numbers], len(self._counts)).astype(np.float64)


def _matches(terms: Sequence[str], parts: Sequence[str]) -> npt.NDArray[np.float32]:
    """float32[parts, terms]."""
    found = np.zeros((len(parts), len(terms)), np.float32)
    numbers = {term: number for number, term in enumerate(terms)}
    longer: dict[str, list[int]] = {}  # terms by their prefixes
    for number, term in enumerate(terms):
        for length in range(_SHORTEST_PREFIX, len(term)):
            longer.setdefault(term[:length], []).append(number)
    lengths = sorted({len(term) for term in terms if len(term) >= _SHORTEST_PREFIX})
    heads = {term[:_SHORTEST_PREFIX] for term in terms if len(term) >= _SHORTEST_PREFIX}
    for place, part in enumerate(parts):
        if part in numbers:
            found[place, numbers[part]] = 1
        if part[:_SHORTEST_PREFIX] not in heads:
            continue
        for number in longer.get(part, ()):
            found[place, number] = len(part) / len(terms[number])
        for length in lengths:
            if length >= len(part):
                break
            shorter = numbers.get(part[:length])
            if shorter is not None:
                found[place, shorter] = max(found[place, shorter], length / len(part))
    return found


def named_paths(paths: Sequence[tuple[str, ...]], facts: Sequence[PathFacts]) -> npt.NDArray[np.float32]:
    """The share of a path in the question that ends as the file's does, where at least the name agrees: float32[files].

    A path of one part counts half: many files have that name.
    """
    found = np.zeros(len(facts), np.float32)
    by_name: dict[str, list[tuple[str, ...]]] = {}
    for path in paths:
        by_name.setdefault(path[0], []).append(path)
    for number, fact in enumerate(facts):
        for path in by_name.get(fact.parts[0], ()) if by_name else ():
            same = 0
            for ours, theirs in zip(fact.parts, path, strict=False):
                if ours != theirs:
                    break
                same += 1
            share = same / max(min(len(path), len(fact.parts)), 2)
            found[number] = max(found[number], share)
    return found
