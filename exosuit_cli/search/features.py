"""The features of the files that are candidates for a question: what the ranker weighs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np

from exosuit_cli.search.path_facts import CI, FLAGS, PLATFORMS, UNIX
from exosuit_cli.search.path_match import PathMatch, named_paths
from exosuit_cli.search.segment import PATH

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy.typing as npt

    from exosuit_cli.search.lexical import Candidates
    from exosuit_cli.search.path_facts import PathFacts
    from exosuit_cli.search.question import Question

FEATURES: Final = (
    "chunk", "chunk_top", "chunks", "chunks_top", "chunks_slow_top", "text", "text_top", "coverage",
    "definitions", "definitions_top", "defined", "comments", "comments_top", "commented",
    "name", "name_top", "name_explained", "name_explained_rare", "directories", "path", "called", "named_path",
    "head_path", "head_explained", "head_commented", "first_path", "first_commented",
    "defines_name", "defines_name_rare", "defines_exactly", "defines_exactly_rare", "defines_pair", "pair",
    "test", "test_asked", "example", "vendored", "docs_directory", "tools", "declaration", "platform",
    "docs", "docs_asked", "config", "config_asked", "ci_asked", "size", "depth", "directory_share",
)  # fmt: skip
"""The features of a file. Those of scores are shares of the most that the question's terms could give; `_top` ones are
shares of the best candidate's."""
FOR_NAMES: Final = (
    "chunk",
    "chunks_top",
    "definitions",
    "name",
    "name_explained",
    "called",
    "defines_name",
    "defines_exactly",
)
"""Features that weigh differently where the question is one name."""
COLUMNS: Final = (*FEATURES, *(f"{name}_of_name" for name in FOR_NAMES))

_CODE, _DOCS, _CONFIG = range(3)
_K1: Final = 10.0
_B: Final = 0.4
_MOST_UNSEEN: Final = 0.3
_COMMENTS_SHARE: Final = 0.25
_PATH_SHARE: Final = 0.5
_NAMED_SHARE: Final = 2.0
_SLOW: Final = 0.8
_LONG: Final = ("issue", "error")
"""Kinds of questions whose many words are in many chunks of every large file."""
_SURE: Final = 4.0
"""How much likelier a file is to answer whose share of the question's terms is 1 more, as a power of e."""


def chunk_scores(candidates: Candidates, is_named: npt.NDArray[np.bool_]) -> npt.NDArray[np.float32]:
    """How well each chunk answers by itself: float32[chunks].

    What it defines and what its comments say count again, and more where that is exactly what the question names.
    """
    scores = candidates.chunk_scores
    found = scores["text"] + scores["definitions"] + np.float32(_COMMENTS_SHARE) * scores["comments"]
    found[is_named] += np.float32(_NAMED_SHARE) * scores["definitions"][is_named]
    return found


def file_features(
    question: Question,
    candidates: Candidates,
    facts: Sequence[PathFacts],
    kinds: npt.NDArray[np.uint8],
    chunks: npt.NDArray[np.float32],
    is_named: npt.NDArray[np.bool_],
) -> npt.NDArray[np.float32]:
    """The features of each candidate: float32[files, len(COLUMNS)].

    Args:
        question: as it was read.
        candidates: of the question's terms, in their order.
        facts: of the path of each.
        kinds: uint8[files], of `exosuit_cli.search.kinds`.
        chunks: float32[chunks], of `chunk_scores`.
        is_named: bool[chunks], whether the chunk's symbol is what the question names.

    """
    files = len(facts)
    words = question.words
    counts = {field: np.minimum(each, 1) for field, each in candidates.counts.items()}
    seen = counts["text"][:, :words].any(axis=0) | counts[PATH][:, :words].any(axis=0)
    idf = candidates.weights[:words] * np.where(seen, np.float32(1), np.float32(_MOST_UNSEEN))
    total = max(float(idf.sum()), 1e-6)
    share = idf / np.float32(total)
    # A word that most paths have, as the project's name, tells little there.
    worth = np.minimum(candidates.path_weights[:words] / np.maximum(candidates.weights[:words], 1e-6), 1)
    match = PathMatch(question.terms[:words], facts)
    found = dict.fromkeys(FEATURES, np.zeros(files, np.float32))
    sizes = np.bincount(candidates.file_of_chunk, minlength=files)

    text = _long_text(candidates, words) @ share
    in_path = np.maximum(match.names, match.directories)
    path_share = share * worth
    path = in_path @ path_share
    chunk, decayed, slow = _best_and_decayed(candidates.file_of_chunk, chunks / np.float32(total), files)
    chunk = chunk + np.float32(_PATH_SHARE) * path
    decayed = decayed + np.float32(_PATH_SHARE) * path
    definitions = candidates.scores["definitions"] / np.float32(total)
    comments = candidates.scores["comments"] / np.float32(total)
    name = match.names @ path_share
    found.update(
        chunk=chunk,
        chunk_top=_top(chunk),
        chunks=decayed,
        chunks_top=_top(decayed),
        chunks_slow_top=_top(decayed if question.kind in _LONG else slow),
        text=text,
        text_top=_top(text),
        coverage=np.maximum(counts["text"][:, :words], in_path) @ share,
        definitions=definitions,
        definitions_top=_top(definitions),
        defined=counts["definitions"][:, :words] @ share,
        comments=comments,
        comments_top=_top(comments),
        commented=counts["comments"][:, :words] @ share,
        name=name,
        name_top=_top(name),
        name_explained=match.explained(worth),
        name_explained_rare=match.explained(worth * idf / np.float32(max(float(idf.max(initial=0)), 1e-6))),
        directories=match.directories @ path_share,
        path=path,
        called=np.array([fact.name in question.surfaces for fact in facts], np.float32),
        named_path=named_paths(question.paths, facts),
        size=np.log1p(sizes).astype(np.float32) / np.float32(5),
        depth=np.array([len(fact.parts) - 1 for fact in facts], np.float32) / np.float32(5),
    )
    _subject(found, question, idf, worth, match, counts["comments"])
    _names(found, question, counts["definitions"])
    _kinds(found, question, facts, kinds)
    found["directory_share"] = _directory_share(facts, decayed + path)
    named = np.zeros(files, np.float32)
    named[candidates.file_of_chunk[is_named & (candidates.chunk_scores["definitions"] > 0)]] = 1
    found["defines_exactly"] = named
    found["defines_exactly_rare"] = named / np.float32(max(float(named.sum()), 1))
    pairs = slice(words, len(question.terms))
    if words < len(question.terms):
        weight = candidates.weights[pairs] / np.float32(total)
        found["pair"] = counts["text"][:, pairs] @ weight
        found["defines_pair"] = counts["definitions"][:, pairs] @ weight
    columns = [found[column] for column in FEATURES]
    is_name = np.float32(question.kind == "symbol")
    columns += [found[column] * is_name for column in FOR_NAMES]
    return np.stack(columns, axis=1, dtype=np.float32)


def _subject(
    found: dict[str, npt.NDArray[np.float32]],
    question: Question,
    idf: npt.NDArray[np.float32],
    worth: npt.NDArray[np.float32],
    match: PathMatch,
    commented: npt.NDArray[np.float32],
) -> None:
    """How well the terms of what the question is about match by themselves."""
    in_path = np.maximum(match.names, match.directories)
    for name, terms in (("head", question.subject.head), ("first", question.subject.first)):
        is_of_subject = np.array([term in terms for term in question.terms[: question.words]], np.float32)
        weights = idf * is_of_subject
        if not weights.any():
            continue
        share = weights / weights.sum()
        found[f"{name}_path"] = in_path @ (share * worth)
        found[f"{name}_commented"] = commented[:, : question.words] @ share
        if name == "head":
            found["head_explained"] = match.explained(worth * is_of_subject)


def _names(found: dict[str, npt.NDArray[np.float32]], question: Question, defined: npt.NDArray[np.float32]) -> None:
    """Files that define what the question names, and how few do."""
    numbers = {term: number for number, term in enumerate(question.terms)}
    places = [numbers[term] for term in question.whole if term in numbers]
    if places:
        defines = defined[:, places]
        found["defines_name"] = defines.mean(axis=1)
        found["defines_name_rare"] = (defines / np.maximum(defines.sum(axis=0), 1)).mean(axis=1).astype(np.float32)


def _kinds(
    found: dict[str, npt.NDArray[np.float32]],
    question: Question,
    facts: Sequence[PathFacts],
    kinds: npt.NDArray[np.uint8],
) -> None:
    flags = np.array([fact.flags for fact in facts], np.float32).reshape(len(facts), len(FLAGS))
    names = ("test", "example", "vendored", "docs_directory", "tools", "declaration")
    found.update(zip(names, flags.T, strict=False))
    found["platform"] = of_platform(question, facts)
    found["docs"] = (kinds == _DOCS).astype(np.float32)
    found["config"] = (kinds == _CONFIG).astype(np.float32)
    for name, asked in (
        ("test", question.asks_tests),
        ("docs", question.asks_docs),
        ("config", question.asks_config),
    ):
        found[f"{name}_asked"] = found[name] * np.float32(asked)
    is_ci = found["config"] * np.array([not CI.isdisjoint(fact.directory_terms) for fact in facts], np.float32)
    found["ci_asked"] = is_ci * np.float32(question.asks_ci)


def of_platform(question: Question, facts: Sequence[PathFacts]) -> npt.NDArray[np.float32]:
    """Which files are for a platform that is no common Unix, where others are for one: float32[files].

    None where the question names such a platform.
    """
    is_asked = not PLATFORMS.isdisjoint(question.surfaces)
    if is_asked or all(UNIX.isdisjoint(fact.parts) for fact in facts):
        return np.zeros(len(facts), np.float32)
    return np.array([fact.flags[FLAGS.index("platform")] for fact in facts], np.float32)


def _directory_share(facts: Sequence[PathFacts], scores: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
    """How much of the chance to answer lies in the directory of each file, beside it: float32[files], from 0 to 1.

    A file that is a test, an example or the like, by its path, counts for nothing there.
    """
    if not facts:
        return scores
    chances = np.exp(np.float32(_SURE) * (scores - scores.max()))
    chances[np.array([any(fact.flags[: FLAGS.index("declaration")]) for fact in facts])] = 0
    numbers: dict[tuple[str, ...], int] = {}
    directory = np.array([numbers.setdefault(fact.parts[1:], len(numbers)) for fact in facts])
    beside = np.bincount(directory, chances)[directory] - chances
    found: npt.NDArray[np.float32] = np.clip(beside / np.maximum(chances.sum() - chances, 1e-6), 0, 1).astype(
        np.float32
    )
    return found


def _long_text(candidates: Candidates, words: int) -> npt.NDArray[np.float32]:
    """BM25's share of each term in whole files, with a k1 for long texts: float32[files, words], from 0 to 1."""
    counts = candidates.counts["text"][:, :words]
    lengths = candidates.lengths["text"]
    mean = max(float(lengths.mean()), 1.0) if len(lengths) else 1.0
    norm = np.float32(_K1) * (np.float32(1 - _B) + np.float32(_B / mean) * lengths)
    return (counts / (counts + norm[:, None])).astype(np.float32)


def _best_and_decayed(
    file_of_chunk: npt.NDArray[np.int64], chunks: npt.NDArray[np.float32], files: int
) -> tuple[npt.NDArray[np.float32], npt.NDArray[np.float32], npt.NDArray[np.float32]]:
    """The best score of each file's chunks, and two sums of them, the best first.

    In one, each further chunk counts half of the one before, in the other `_SLOW`.
    """
    order = np.lexsort((-chunks, file_of_chunk))
    owners = file_of_chunk[order]
    firsts = np.searchsorted(owners, np.arange(files))
    places = np.arange(len(order)) - firsts[owners]
    values = chunks[order]
    best = np.zeros(files, np.float32)
    has = np.flatnonzero(np.bincount(owners, minlength=files))
    best[has] = values[firsts[has]]
    places = np.minimum(places, 60)
    halved = np.bincount(owners, values * np.exp2(-places), files).astype(np.float32)
    slow = np.bincount(owners, values * _SLOW**places, files).astype(np.float32)
    return best, halved, slow


def _top(values: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
    return values / np.float32(max(float(values.max(initial=0)), 1e-6))
