"""How well the terms of a question match the names and directories of files."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy.typing as npt

    from exosuit_cli.search.path_facts import PathFacts

_SHORTEST_PREFIX: Final = 3


class PathMatch:
    """Terms of a question against files, each match from 0 to 1: equal terms 1, a prefix the share of the longer one.

    Attributes:
        names: float32[files, terms], the best match of each term with a part of the file's name.
        directories: the same with its directories.
        explained: float32[files], the share of the letters of the name that the terms match.

    """

    def __init__(self, terms: Sequence[str], facts: Sequence[PathFacts]) -> None:
        numbers: dict[str, int] = {}
        names = [[numbers.setdefault(part, len(numbers)) for part in fact.name_terms] for fact in facts]
        directories = [[numbers.setdefault(part, len(numbers)) for part in fact.directory_terms] for fact in facts]
        matches = _matches(terms, list(numbers))
        self.names = _best(names, matches)
        self.directories = _best(directories, matches)
        letters = np.array([len(part) for part in numbers], np.float32)
        found = letters * matches.max(axis=1, initial=0)
        total = np.array([letters[parts].sum() for parts in names], np.float32)
        matched = np.array([found[parts].sum() for parts in names], np.float32)
        self.explained: npt.NDArray[np.float32] = (matched / np.maximum(total, 1)).astype(np.float32)


def _matches(terms: Sequence[str], parts: Sequence[str]) -> npt.NDArray[np.float32]:
    """float32[parts, terms]."""
    found = np.zeros((len(parts), len(terms)), np.float32)
    numbers = {term: number for number, term in enumerate(terms)}
    longer: dict[str, list[int]] = {}  # terms by their prefixes
    for number, term in enumerate(terms):
        for length in range(_SHORTEST_PREFIX, len(term)):
            longer.setdefault(term[:length], []).append(number)
    for place, part in enumerate(parts):
        if part in numbers:
            found[place, numbers[part]] = 1
        if len(part) < _SHORTEST_PREFIX:
            continue
        for number in longer.get(part, ()):
            found[place, number] = len(part) / len(terms[number])
        for length in range(_SHORTEST_PREFIX, len(part)):
            shorter = numbers.get(part[:length])
            if shorter is not None:
                found[place, shorter] = max(found[place, shorter], length / len(part))
    return found


def _best(files: Sequence[list[int]], matches: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
    """The best match of each term with any part of each file: float32[files, terms]."""
    best = np.zeros((len(files), matches.shape[1]), np.float32)
    counts = np.array([len(parts) for parts in files], np.int64)
    filled = np.flatnonzero(counts)
    if len(filled):
        flat = np.array([part for parts in files for part in parts], np.int64)
        firsts = (np.cumsum(counts) - counts)[filled]
        best[filled] = np.maximum.reduceat(matches[flat], firsts)
    return best


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
