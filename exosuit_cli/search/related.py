"""What belongs to a chunk: what uses the names that it defines, what defines the names that it uses, and its twins.

Names decide, not types. The index says where a name may be; the texts there say whether it is.
"""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import replace
from typing import TYPE_CHECKING, Final

from exosuit_cli.search.breadcrumb import lines_of
from exosuit_cli.search.code_lines import COMMAND, SHELLS, called_names, code_lines, has_code
from exosuit_cli.search.definitions import definition_at, definitions_in, is_declaration
from exosuit_cli.search.outline import last_part, whole_term
from exosuit_cli.search.related_chunks import IndexedChunks, Relation
from exosuit_cli.search.reserved import reserved_words

if TYPE_CHECKING:
    from collections.abc import Sequence

    from exosuit_cli.context.reader import ContextReader
    from exosuit_cli.context.records import StoredChunk, StoredFile
    from exosuit_cli.search.definitions import Definition
    from exosuit_cli.search.holder import Holder
    from exosuit_cli.search.related_chunks import Spot
    from exosuit_cli.search.segment import Segment

KINDS: Final = ("callers", "callees", "tests", "twins", "mentions")
_MOST_NAMES: Final = 12
"""Names of a chunk that callers are looked for."""
_MOST_WORDS: Final = 80
"""Words of a chunk that definitions are looked for, the rarest first."""
_MOST_DEFINITIONS: Final = 40
"""A name that more chunks define says nothing about which is meant."""
_FEW_DEFINITIONS: Final = 8
"""The same, where one definition of each name is wanted."""
_MOST_TEXTS: Final = 400
"""Texts that are read for one name or one kind, the nearest first."""
_RARE_WORDS: Final = 16
_CALLED, _MENTIONED = 2.0, 0.2
"""What a call of a name is worth, and a mention in prose, a comment, a text or an import, beside another use."""
_LEAST_LIKENESS: Final = 0.5
_WORD: Final = re.compile(r"[^\W\d]\w{2,}")
_SPECIAL: Final = re.compile(r"[A-Z_]")
_CALL: Final = re.compile(r"\b([^\W\d]\w{2,})\s*\(")
_MADE_BY: Final = frozenset({"__init__", "__new__", "constructor"})
"""Methods that are called by the name of their class."""
_QUOTES: Final = re.compile(r"\"\"\"|'''")


def find_related(
    context: ContextReader,
    segments: Sequence[Segment],
    file: StoredFile,
    span: StoredChunk,
    ordinal: int,
    text: bytes,
    enclosing: Sequence[Definition],
    holder: Holder | None,
    *,
    top: int,
) -> dict[str, list[Relation]]:
    """What is related to a definition, by `KINDS`, at most `top` of each, the most related first.

    Where `holder` is None, it is the whole chunk whose relations are found: to all that it defines. `enclosing` defines
    what the chunk lies in: where the chunk defines nothing itself, its innermost counts.
    """
    chunks = IndexedChunks(context, segments, file.path)
    own = chunks.spot_of(file.id, ordinal)
    if holder is not None:
        defined = [*holder.enclosing, holder.definition]
        if last_part(holder.definition.name) in _MADE_BY and holder.enclosing:
            defined.pop()
        names = [last_part(defined[-1].name)]
        subject = _Subject(chunks, own, holder.first, holder.last)
        code: Sequence[str] = holder.code
    else:
        defined = definitions_in(lines_of(text), span.start_line, span.language) or list(enclosing[-1:])
        names = list(dict.fromkeys(last_part(each.name) for each in defined))[:_MOST_NAMES]
        subject = _Subject(chunks, own, span.start_line, span.end_line)
        code = code_lines(lines_of(text), span.language)
    users = _users(chunks, names, subject)
    own_names = {*names, *(last_part(each.name) for each in (*enclosing, *defined))}
    related = {
        "callers": [each for spot, each in users if not each.is_mention and not _is_test(chunks, spot)],
        "callees": _used(chunks, code, span.language, own_names, subject),
        "tests": [each for spot, each in users if not each.is_mention and _is_test(chunks, spot)],
        "twins": _twins(chunks, text, span.id, own),
        "mentions": [each for _, each in users if each.is_mention],
    }
    return {kind: sorted(related[kind], key=_order)[:top] for kind in KINDS}


class _Subject:
    """The lines of a file, `first` to `last`, whose relations are looked for: what stands there is none itself."""

    def __init__(self, chunks: IndexedChunks, own: Spot | None, first: int, last: int) -> None:
        self._file = chunks.file_of(own) if own is not None else None
        self._chunks = chunks
        self._first, self._last = first, last

    def is_in_file(self, spot: Spot) -> bool:
        """Whether a chunk lies in the file of the subject."""
        return self._file is not None and self._chunks.file_of(spot) == self._file

    def has(self, spot: Spot, line: int) -> bool:
        """Whether a line of a chunk belongs to the subject."""
        return self._first <= line <= self._last and self.is_in_file(spot)


def find_used(
    context: ContextReader,
    segments: Sequence[Segment],
    file: StoredFile,
    text: bytes,
    own_names: set[str],
    known: dict[tuple[Spot, str], tuple[int, str] | None],
) -> list[Relation]:
    """The chunks that define a name which a text of the file uses, the most related first.

    `own_names` are not looked for, nor names that many chunks define. A relation's `name` is defined in its `line`.
    `known` keeps what was read for the next text.
    """
    chunks = IndexedChunks(context, segments, file.path)
    content = text.decode("utf-8", "replace")
    called = set(_CALL.findall(content)) - reserved_words(file.language)
    counts = Counter(word for word in _WORD.findall(content) if word not in own_names)
    words = [word for word in counts if word in called or _SPECIAL.search(word)]
    definers = dict(zip(words, chunks.with_terms([whole_term(word) for word in words], "definitions"), strict=True))
    rare = [word for word in words if 0 < len(definers[word]) <= _FEW_DEFINITIONS]
    rare.sort(key=lambda word: (word not in called, len(definers[word])))
    best: dict[Spot, Relation] = {}
    for word in rare[:_MOST_WORDS]:
        missing = [spot for spot in definers[word] if (spot, word) not in known]
        for spot, other in chunks.read(missing) if missing else ():
            known[spot, word] = _line_defining(chunks, spot, other, word)
        lines = {spot: at for spot in definers[word] if (at := known.get((spot, word))) is not None}
        for spot, (line, shown) in lines.items():
            score = (1 + chunks.nearness(spot)) * (2 if word in called else 1) / len(lines)
            if spot not in best or best[spot].score < score:
                best[spot] = chunks.relation(spot, score, word, line, shown)
    return sorted(best.values(), key=_order)


def _line_defining(chunks: IndexedChunks, spot: Spot, text: bytes, name: str) -> tuple[int, str] | None:
    """The line of a chunk that defines a name, and its text; only lines that have the name are looked at."""
    language = chunks.language(spot)
    is_quoted = False
    for number, line in enumerate(lines_of(text), chunks.first_line(spot)):
        if len(_QUOTES.findall(line)) % 2:
            is_quoted = not is_quoted
        elif not is_quoted and name in line:
            found = definition_at(line, number, language)
            if found is not None and last_part(found.name) == name:
                return number, line
    return None


def _is_test(chunks: IndexedChunks, spot: Spot) -> bool:
    """Whether a chunk is code of tests; a text about tests is none."""
    return chunks.is_test(spot) and has_code(chunks.language(spot))


def _order(relation: Relation) -> tuple[float, int, int]:
    return -relation.score, relation.file, relation.ordinal


def _users(chunks: IndexedChunks, names: Sequence[str], subject: _Subject) -> list[tuple[Spot, Relation]]:
    """The chunks that use one of the names, each once, with the name that says the most."""
    terms = [whole_term(name) for name in names]
    defined = chunks.with_terms(terms, "definitions")
    best: dict[Spot, Relation] = {}
    for name, spots, definers in zip(names, chunks.with_terms(terms, "text"), defined, strict=True):
        use = re.compile(rf"(?<![\w$]){re.escape(name)}(?![\w$])")
        call = re.compile(rf"(?<![\w$]){re.escape(name)}\s*[(<{{!]")
        weight = 1 / (1 + len(definers))
        for spot, text in chunks.read(chunks.nearest(spots, _MOST_TEXTS)):
            found = _line_with(chunks, spot, text, name, use, call, subject)
            if found is None:
                continue
            line, shown, worth = found
            score = weight * (1 + chunks.nearness(spot)) * worth
            if spot not in best or best[spot].score < score:
                best[spot] = replace(chunks.relation(spot, score, name, line, shown), is_mention=worth == _MENTIONED)
    return list(best.items())


def _line_with(
    chunks: IndexedChunks,
    spot: Spot,
    text: bytes,
    name: str,
    use: re.Pattern[str],
    call: re.Pattern[str],
    subject: _Subject,
) -> tuple[int, str, float] | None:
    """The first line that calls a name, else one of code that has it, else one that has it, and what that is worth.

    None where the chunk does not have the name outside of the subject, or defines it for itself.
    """
    if not use.search(text.decode("utf-8", "replace")):
        return None
    defining = {each.line for each in chunks.definitions(spot, text) if last_part(each.name) == name}
    if defining and not subject.is_in_file(spot):
        return None
    found: tuple[int, str, float] | None = None
    lines, language = lines_of(text), chunks.language(spot)
    code = code_lines(lines, language) if has_code(language) else [""] * len(lines)
    if language in SHELLS:
        call = re.compile(rf"{COMMAND}{re.escape(name)}(?![\w.:-])")
    for number, (line, own) in enumerate(zip(lines, code, strict=True), chunks.first_line(spot)):
        if number not in defining and use.search(line) and not subject.has(spot, number):
            worth = _CALLED if call.search(own) else 1.0 if use.search(own) else _MENTIONED
            if found is None or worth > found[2]:
                found = (number, line, worth)
    return found


def _used(
    chunks: IndexedChunks, code: Sequence[str], language: str | None, own_names: set[str], subject: _Subject
) -> list[Relation]:
    """The chunks that define a name which lines of code use, each once."""
    called = called_names(code, language)
    counts = Counter(word for word in _WORD.findall("\n".join(code)) if word not in own_names)
    words = [word for word in counts if word in called or _SPECIAL.search(word)]
    definers = dict(zip(words, chunks.with_terms([whole_term(word) for word in words], "definitions"), strict=True))
    rare = [word for word in words if 0 < len(definers[word]) <= _MOST_DEFINITIONS]
    rare.sort(key=lambda word: len(definers[word]))
    best: dict[Spot, Relation] = {}
    for word in rare[:_MOST_WORDS]:
        found = []
        for spot, other in chunks.read(chunks.nearest(definers[word], _MOST_DEFINITIONS)):
            found += [
                (spot, each)
                for each in chunks.definitions(spot, other)
                if last_part(each.name) == word
                and not subject.has(spot, each.line)
                and not is_declaration(each, chunks.language(spot))
            ][:1]
        for spot, line in found:
            score = (1 + chunks.nearness(spot)) * (2 if word in called else 1) / len(found)
            if spot not in best or best[spot].score < score:
                best[spot] = chunks.relation(spot, score, word, line.line, line.text)
    return list(best.values())


def _twins(chunks: IndexedChunks, text: bytes, key: bytes, own: Spot | None) -> list[Relation]:
    """The chunks with the same text, and those that have most of its words."""
    words = set(_WORD.findall(text.decode("utf-8", "replace")))
    terms = sorted({whole_term(word) for word in words} - {""})
    rare = [term for files, term in sorted(zip(chunks.files_with(terms), terms, strict=True)) if files > 0]
    votes: Counter[Spot] = Counter()
    for spots in chunks.with_terms(rare[:_RARE_WORDS], "text"):
        votes.update(chunks.nearest(spots, _MOST_TEXTS))
    if own is not None:
        votes.pop(own, None)
    found = []
    least = min(len(rare), _RARE_WORDS) / 2
    for spot, other in chunks.read([spot for spot, count in votes.most_common(_MOST_TEXTS) if count >= least]):
        theirs = set(_WORD.findall(other.decode("utf-8", "replace")))
        is_same = chunks.id_of(spot) == key
        likeness = 1.0 if is_same else len(words & theirs) / max(len(words | theirs), 1)
        if likeness >= _LEAST_LIKENESS:
            relation = chunks.relation(spot, likeness)
            found.append(Relation(relation.id, relation.file, relation.ordinal, likeness, likeness=likeness))
    return found
