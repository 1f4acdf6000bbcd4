"""The definitions of a context by importance: how many files use a name, in relation to how many define it."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import replace
from typing import TYPE_CHECKING, Final

import numpy as np

from exosuit_cli.model.dataclass import dataclass
from exosuit_cli.model.lazy import lazy_pattern
from exosuit_cli.search.breadcrumb import lines_of
from exosuit_cli.search.code_lines import COMMAND, SHELLS
from exosuit_cli.search.definitions import definitions_in, is_declaration, signature_at
from exosuit_cli.search.path_facts import is_aside, is_test
from exosuit_cli.search.terms import terms_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    import numpy.typing as npt

    from exosuit_cli.context.reader import ContextReader
    from exosuit_cli.search.definitions import Definition
    from exosuit_cli.search.segment import Segment

MOST_CHUNKS: Final = 4096
"""Chunks whose texts are read, unless more definitions are wanted: a fifth of a second."""
_READ_CHUNKS: Final = 512
_USED: Final = lazy_pattern(r"\b(?:([^\W\d]\w+)\s*\(|([A-Z]\w+)(?:::\w+)*)")
"""Of `Poll::Ready(x)` the type is used; what belongs to it may be another's as well."""
_PLAIN: Final = 0.3
"""What a method is worth whose name is a plain word, as `get` and `run`: most that use it mean another."""
_NESTED, _ASIDE, _TEST, _IRRELEVANT = 0.35, 0.1, 0.02, 0.05
"""What a function is worth within another definition, and any in a file beside the matter, in a test, in a file
without an answer."""
_HIDDEN: Final = 0.3
"""What a definition is worth that its own file or package keeps to itself."""
_AGAIN: Final = 0.1
"""What a definition is worth whose name a better one has already: an overload, the same for another system."""
_CHUNK: Final = 0.1
"""What a chunk that uses a name is worth beside a file."""
_COMMANDS: Final = lazy_pattern(rf"{COMMAND}([^\W\d][\w:.-]+)", re.MULTILINE)
_TYPE: Final = lazy_pattern(r"[\w\s()]*\b(?:class|struct|enum|trait|interface|protocol|record|type|union|object)\s+\w")
_SCRIPTS: Final = frozenset({"JavaScript", "TypeScript", "JSX", "TSX"})
_WITHIN: Final = ("function", "async function", "const ", "let ", "var ")
"""What begins a function within another one, and no method."""
_MEMBER: Final = lazy_pattern(r"(?:[\w$]+\.)+[\w$]+\s*=")
_IS_C: Final = frozenset({"C", "C++", "Objective-C", "Objective-C++", "Cuda"})
_HEADERS: Final = (b".h", b".hpp", b".hh", b".hxx", b".cuh")
_TESTS: Final = lazy_pattern(r"\s*(?:#\[cfg\(test\)\]|(?:pub\s+)?mod\s+tests?\b)")


@dataclass(frozen=True, slots=True)
class RankedDefinition:
    """A definition, the context's numbers of its file and source, and the path below the source's root.

    `users` is how many of the files that were read use the name.
    """

    definition: Definition
    file: int
    source: int
    path: bytes
    language: str | None
    users: int
    score: float


class _Names:
    """The terms of definitions over all segments: in how many files each is, and how many chunks define it."""

    def __init__(self, segments: Sequence[Segment]) -> None:
        hashes, counts = [], []
        for segment in segments:
            starts = segment.column("definitions_start").astype(np.int64)
            defined = starts[1:] - starts[:-1]
            has = np.flatnonzero(defined)
            hashes.append(segment.column("term_hash")[has])
            counts.append(defined[has])
        self._hashes, place = np.unique(np.concatenate(hashes), return_inverse=True)
        chunks = np.bincount(place, np.concatenate(counts), len(self._hashes))
        users = np.zeros(len(self._hashes), np.int64)
        for segment in segments:
            known = segment.column("term_hash")
            at = np.minimum(np.searchsorted(known, self._hashes), max(len(known) - 1, 0))
            if len(known):
                users += np.where(known[at] == self._hashes, segment.column("term_files")[at], 0)
        files = sum(segment.files for segment in segments)
        rarity = np.log1p(files / np.maximum(users, 1))
        self._scores = np.maximum(users - chunks, 0.25) / np.maximum(chunks, 1) * rarity

    def scores(self, hashes: npt.NDArray[np.uint64]) -> npt.NDArray[np.float64]:
        """The importance of terms by their hashes: float64[n]."""
        if not len(self._hashes):  # nothing is defined anywhere
            return np.zeros(len(hashes))
        places = np.minimum(np.searchsorted(self._hashes, hashes), len(self._hashes) - 1)
        found: npt.NDArray[np.float64] = np.where(self._hashes[places] == hashes, self._scores[places], 0.0)
        return found


def rank_definitions(
    context: ContextReader,
    segments: Sequence[Segment],
    wanted: Sequence[npt.NDArray[np.bool_]],
    *,
    most: int,
    relevance: Mapping[int, float] | None = None,
) -> list[RankedDefinition]:
    """The definitions in the wanted files, the most important first; at least `most` where there are so many.

    Args:
        context: what the segments are the index of.
        segments: all of them.
        wanted: bool[files] of each segment.
        most: how many are needed.
        relevance: by the context's number of a file, how well it answers a question, at most 1.

    """
    if not sum(segment.chunks for segment in segments):
        return []
    names = _Names(segments)
    chosen = _chunks_by_score(segments, wanted, names, max(most, MOST_CHUNKS), relevance)
    usage = _Usage()
    found = {(each.file, each.definition.line): each for each in _read(context, segments, chosen, usage, relevance)}
    ranked = [replace(each, users=usage.users(each), score=each.score * usage.score(each)) for each in found.values()]
    return _each_name_once(sorted(ranked, key=_order))


def _order(ranked: RankedDefinition) -> tuple[float, bytes, int]:
    return -ranked.score, ranked.path, ranked.definition.line


def _each_name_once(ranked: Sequence[RankedDefinition]) -> list[RankedDefinition]:
    """The definitions in order, where those of a name that came before are worth less."""
    seen: set[tuple[str, str | None]] = set()
    found = []
    for each in ranked:
        key = last_part(each.definition.name), each.language
        found.append(replace(each, score=each.score * _AGAIN) if key in seen else each)
        seen.add(key)
    return sorted(found, key=_order)


def _chunks_by_score(
    segments: Sequence[Segment],
    wanted: Sequence[npt.NDArray[np.bool_]],
    names: _Names,
    most: int,
    relevance: Mapping[int, float] | None,
) -> Iterable[tuple[int, int]]:
    """The segments and numbers of the chunks that define the most important terms, in the order of the context."""
    found: list[tuple[float, int, int]] = []
    for number, (segment, files) in enumerate(zip(segments, wanted, strict=True)):
        starts = segment.column("definitions_start").astype(np.int64)
        score = np.repeat(names.scores(segment.column("term_hash")), np.diff(starts)) if len(starts) > 1 else starts[:0]
        best = np.zeros(segment.chunks)
        np.maximum.at(best, segment.column("definitions_place").astype(np.int64), score)
        weight = np.where(files & ~segment.dead, 1.0, 0.0)
        if relevance is not None:
            weight *= [relevance.get(each, _IRRELEVANT) for each in segment.column("file_id").tolist()]
        best *= weight[segment.file_of_chunk]
        top = np.argsort(-best, kind="stable")[:most]
        found += [(float(best[each]), number, each) for each in top.tolist() if best[each] > 0]
    found.sort(reverse=True)
    return sorted((number, chunk) for _, number, chunk in found[:most])


class _Usage:
    """In how many of the files that were read each name is used, and how often it is defined there.

    A name is used where it is called, or where it begins with a capital letter, as those of types do; in a shell where
    it begins a command.
    """

    def __init__(self) -> None:
        self._files: dict[str, set[int]] = {}
        self._chunks: Counter[str] = Counter()
        self._defined: dict[str, set[tuple[int, bool]]] = {}

    def add(
        self, file: int, text: str, definitions: Sequence[Definition], language: str | None, *, is_aside: bool
    ) -> None:
        """Take a text of a file with its definitions; those of files aside, as of tests, stand for themselves."""
        for each in () if is_aside else definitions:
            self._defined.setdefault(last_part(each.name), set()).add((file, _is_nested(each)))
        is_shell = language in SHELLS
        used = set(_COMMANDS.findall(text)) if is_shell else {a or b for a, b in _USED.findall(text)}
        self._chunks.update(used)
        for name in used:
            self._files.setdefault(name, set()).add(file)

    def users(self, ranked: RankedDefinition) -> int:
        """In how many files that were read the name of a definition is used."""
        return len(self._files.get(last_part(ranked.definition.name), ()))

    def score(self, ranked: RankedDefinition) -> float:
        """Files that use a name, for each that defines it."""
        name = last_part(ranked.definition.name)
        is_plain = _is_nested(ranked.definition) and name.isalpha() and name[1:].islower()
        uses = self.users(ranked) + _CHUNK * self._chunks[name]
        if _is_of_file(ranked.definition, ranked.path, ranked.language):
            uses = min(uses, 1.0)  # what other files use is another
        defined = len(self._defined.get(name, ())) or 1
        return float(uses / defined**1.5 * (_PLAIN if is_plain else 1.0))


def _read(
    context: ContextReader,
    segments: Sequence[Segment],
    chosen: Iterable[tuple[int, int]],
    usage: _Usage,
    relevance: Mapping[int, float] | None,
) -> Iterator[RankedDefinition]:
    """The definitions in the texts of chunks, each weighed by where it is; how names are used goes into `usage`."""
    places = list(chosen)
    for start in range(0, len(places), _READ_CHUNKS):
        part = places[start : start + _READ_CHUNKS]
        ids = [segments[number].chunk_id(chunk) for number, chunk in part]
        for (number, chunk), text in zip(part, context.get_many(ids), strict=True):
            if text is not None:
                yield from _definitions(segments[number], chunk, text, usage, relevance)


def _definitions(
    segment: Segment, chunk: int, text: bytes, usage: _Usage, relevance: Mapping[int, float] | None
) -> Iterator[RankedDefinition]:
    place = int(segment.file_of_chunk[chunk])
    path, language = segment.path(place), segment.language(place)
    first_line = int(segment.column("start_line", chunk, chunk + 1)[0])
    file, source = (int(segment.column(name, place, place + 1)[0]) for name in ("file_id", "source"))
    lines = lines_of(text)
    found = [each for each in definitions_in(lines, first_line, language) if not is_declaration(each, language)]
    weight = _TEST if is_test(path) else _ASIDE if is_aside(path) else 1.0
    usage.add(file, "\n".join(lines), found, language, is_aside=weight < 1)
    if relevance is not None:
        weight *= relevance.get(file, _IRRELEVANT)
    tests = _first_of_tests(lines, segment.symbol(chunk), language)
    for each in found:
        place = each.line - first_line
        whole = each._replace(text=signature_at(lines, place))
        score = weight * (_NESTED if _is_nested(each) else 1.0) * (_HIDDEN if _is_hidden(each, path, language) else 1.0)
        yield RankedDefinition(whole, file, source, path, language, 0, min(score, _TEST) if place >= tests else score)


def _is_nested(definition: Definition) -> bool:
    """Whether a definition is a method, or a function within another; a type within another is as good as outside."""
    return bool(definition.level and not _TYPE.match(definition.text)) or definition.text.startswith("func (")


def _is_hidden(definition: Definition, path: bytes, language: str | None) -> bool:
    """Whether other files or packages cannot use a definition, or are not meant to, as far as its line says so."""
    text, name = definition.text.lstrip(), last_part(definition.name)
    if language == "Rust":
        return not text.startswith(("pub ", "macro_rules!"))
    if language == "Go":
        return name[:1].islower()
    if language in _SCRIPTS:
        is_method = definition.level > 0 and not text.startswith(_WITHIN)
        return not is_method and not text.startswith(("export", "declare")) and not _MEMBER.match(text)
    if language in _IS_C:
        return _is_of_file(definition, path, language)
    return name.startswith("_") or text.startswith(("private ", "fileprivate "))


def _is_of_file(definition: Definition, path: bytes, language: str | None) -> bool:
    """Whether no other file can use a definition of C by its name: a macro or what is static, in no header."""
    text = definition.text.lstrip()
    return language in _IS_C and text.startswith(("static ", "#")) and not path.endswith(_HEADERS)


def _first_of_tests(lines: Sequence[str], symbol: str | None, language: str | None) -> int:
    """The place of the first line of a module of tests, as it stands at the end of a file of Rust."""
    if language != "Rust":
        return len(lines)
    if symbol is not None and symbol.partition(".")[0] in ("test", "tests"):
        return 0
    return next((place for place, line in enumerate(lines) if _TESTS.match(line)), len(lines))


def last_part(name: str) -> str:
    """The last part of a name: `method` of `Class.method`."""
    return name.replace("::", ".").rsplit(".", 1)[-1]


def whole_term(name: str) -> str:
    """The term that stands for the whole of the last part of a name."""
    return next(iter(reversed(terms_of(last_part(name)))), "")
