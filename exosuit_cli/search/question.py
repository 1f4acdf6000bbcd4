"""What a question asks for: its kind, the terms to look for with their weights, and the names and paths in it."""

from __future__ import annotations

import math
import re
from typing import Final

from exosuit_cli.model.dataclass import dataclass
from exosuit_cli.model.errors import UsageError
from exosuit_cli.search.asked_definition import AskedDefinition, asked_definition
from exosuit_cli.search.stop_words import EMPTY_WORDS, LONE_NAMES, VAGUE_WORDS
from exosuit_cli.search.subject import Subject, subject_of
from exosuit_cli.search.terms import stem, terms_of
from exosuit_cli.search.text_places import TextPlace, places_in, without_line

KINDS: Final = ("symbol", "path", "prose", "error", "issue")
MAX_TERMS: Final = 96
"""Terms that are looked for; of a longer text, those that weigh most."""
MAX_CHARACTERS: Final = 200_000
"""Of a longer text, no more is read."""
_MAX_NAMES: Final = 64
_MAX_PATHS: Final = 64
_MAX_MESSAGE: Final = 64
_ISSUE_CHARACTERS: Final = 400
_PAIR_WEIGHT: Final = 0.25
_BODY_WEIGHT: Final = 0.4
_CODE_WEIGHT: Final = 0.25
_FRAME_WEIGHT: Final = 0.1

_WORD: Final = re.compile(r"[^\x00-/:-@\[-^`{-\x7f]+")  # as in path_facts
_SYMBOL: Final = re.compile(r"[@$&*]?[\w$!?~]+(?:(?:\.|::|->|#|\\)[\w$!?~]+)*(?:\([^()\s]{0,80}\))?;?")
# Every run is bounded, or begins where none can have begun before: the time is linear in the text.
_DOTTED: Final = re.compile(r"(?<![\w./:>#\\-])[A-Za-z_]\w*(?:(?:\.|::|->|#|\\)[A-Za-z_]\w*)+")
_PATH: Final = re.compile(
    r"(?<![\w:/\\])[\w.@+~-]{0,128}(?:[/\\][\w.@+~-]{1,128}){1,64}|"
    r"(?<![\w./])[\w@+-]{1,128}\.[A-Za-z][A-Za-z0-9+]{0,7}(?![\w(.])"
)
_EXTENSION: Final = re.compile(r"\.[A-Za-z][A-Za-z0-9+]{0,7}$")
_NAME: Final = re.compile(r"[a-z0-9][A-Z]|[A-Z]{2}[a-z]|[A-Za-z0-9]_[A-Za-z0-9]|^__\w+__$")
_QUOTED: Final = re.compile(r"`([^`\n]{1,80})`|\"([\w.:-]{1,80})\"|'([\w.:-]{1,80})'")
_CALLED: Final = re.compile(r"(?<!\w)([A-Za-z_]\w*)\(")
_ERROR: Final = re.compile(
    r"Traceback \(most recent|^[ \t]*File \"[^\"\n]+\", line \d+|^[ \t]+at [\w.$<>]+[ (]|"
    r"\b\w*(?:Error|Exception|Panic)\b\s*[:(]|^panic:|panicked at|Segmentation fault|"
    r"(?<![\w/\\-])[\w/\\-]+\.\w{1,5}:\d+",
    re.MULTILINE,
)
_FRAME: Final = re.compile(r"^\s*(?:File \"[^\"]+\", line \d+|at [\w.$<>]+[ (]|Traceback \(most recent)")
_ERROR_NAME: Final = re.compile(r"^\s*[\w.]{0,128}(?:Error|Exception|Panic|error|panic|fatal)(?:\[\w+\])?:\s")
_FRAME_NAME: Final = re.compile(r", in ([A-Za-z_]\w*)\s*$|^\s*at (?:async )?(?:[\w$<>]+[.:]+)*([A-Za-z_]\w*)")
_FENCE: Final = re.compile(r"^\s*(?:```|~~~)")
_TESTS: Final = frozenset(("test", "spec", "fixtur", "mock"))
_DOCS: Final = frozenset(("doc", "document", "readm", "changelog", "tutorial", "guid", "manual", "licens"))
_CI: Final = frozenset(("ci", "workflow", "pipelin"))
_CONFIG: Final = frozenset(("config", "configur", "yaml", "yml", "json", "toml", "ci", "workflow", "dependenci"))


@dataclass(frozen=True, slots=True)
class Question:
    """A question that has something to look for.

    Attributes:
        kind: one of `KINDS`.
        terms: what to look for, distinct, the first `words` of them from words and the rest from pairs of adjacent
            words (`rate limiter` also means `RateLimiter`).
        weights: of each term, above 0.
        words: how many terms come from words.
        names: identifiers as written, without their qualifiers.
        whole: the terms of `names` as wholes.
        surfaces: words and pairs in lower case without separators: what a file may be called.
        paths: path-like pieces, as parts from the end, without the extension: `("views", "app")` of `app/views.py`.
        asks_tests, asks_docs, asks_config, asks_ci: the question is about files of that kind.
        places: lines of files, the innermost frame of a trace first.
        qualifier: of a symbol, the part before its last one: `AppContext` of `AppContext.push`.
        message: words in lower case, one after another, that a text may have as they are; none for a symbol or a path.
        asked: the definition that the whole question names.
        subject: what a question in prose is about.

    """

    kind: str
    terms: tuple[str, ...]
    weights: tuple[float, ...]
    words: int
    names: tuple[str, ...]
    whole: tuple[str, ...]
    surfaces: frozenset[str]
    paths: tuple[tuple[str, ...], ...]
    asks_tests: bool
    asks_docs: bool
    asks_config: bool
    asks_ci: bool = False
    places: tuple[TextPlace, ...] = ()
    qualifier: str | None = None
    message: tuple[str, ...] = ()
    asked: AskedDefinition | None = None
    subject: Subject = Subject()


def read_question(text: str) -> Question:
    """Read a question. Raises UsageError for one that is empty, not text, or of question words only."""
    text = text[:MAX_CHARACTERS].encode("utf-8", "replace").decode().strip()
    if not text:
        raise UsageError("the query is empty; give a name, a path, an error message or a question")
    _check_text(text)
    if text.lower() in EMPTY_WORDS - LONE_NAMES:
        raise _nothing_in(text)
    places = places_in(text)
    text = without_line(text)
    kind = _kind(text)
    paths = _paths(text) if kind != "symbol" else []
    names = _names(text, kind)
    weights, pairs, surfaces = _weighted(text, kind, names)
    if not weights:
        raise _nothing_in(text)
    kept = _heaviest(weights, MAX_TERMS)
    pair_weights = {term: weight for term, weight in pairs.items() if term not in kept}
    kept_pairs = _heaviest(pair_weights, MAX_TERMS // 3)
    whole = dict.fromkeys(terms[-1] for name in names if (terms := terms_of(name)))
    return Question(
        kind=kind,
        terms=(*kept, *kept_pairs),
        weights=(*kept.values(), *kept_pairs.values()),
        words=len(kept),
        names=tuple(names),
        whole=tuple(whole),
        surfaces=frozenset(surfaces),
        paths=tuple(paths),
        asks_tests=not _TESTS.isdisjoint(kept),
        asks_docs=not _DOCS.isdisjoint(kept),
        asks_config=not _CONFIG.isdisjoint(kept),
        asks_ci=not _CI.isdisjoint(kept),
        places=places,
        qualifier=names[-2] if kind == "symbol" and len(names) > 1 else None,
        message=_message(text) if kind in ("prose", "error") else (),
        asked=asked_definition(text) if kind in ("symbol", "prose") else None,
        subject=subject_of(text, tuple(kept)) if kind == "prose" else Subject(),
    )


def _nothing_in(text: str) -> UsageError:
    return UsageError(f"nothing to look for in {_shown(text)}; name a thing, a file or a message")


def _shown(text: str) -> str:
    return repr(text if len(text) <= 60 else f"{text[:57]}...")


def _check_text(text: str) -> None:
    head = text[:4096]
    strange = sum(not (each.isprintable() or each.isspace()) for each in head)
    if "\0" in head or strange * 10 > len(head):
        raise UsageError("the query is binary; give text")
    if not _WORD.search(text):
        raise UsageError(f"the query {_shown(text)} has no letters or digits; name what to look for")


def _kind(text: str) -> str:
    if not re.search(r"\s", text):
        if "/" in text or (_PATH.fullmatch(text) and not _CALLED.search(text) and _has_known_extension(text)):
            return "path"
        if _SYMBOL.fullmatch(text):
            return "symbol"
    if _ERROR.search(text[:20_000]) and len(text) < 5 * _ISSUE_CHARACTERS:
        return "error"
    if len(text) > _ISSUE_CHARACTERS or text.count("\n") > 3:
        return "issue"
    return "prose"


_EXTENSIONS: Final = """
    py pyi pyx js jsx mjs cjs ts tsx c h cc cpp cxx hpp hh cu cuh cs java kt kts go rs rb php swift scala ex exs erl
    hs sh bash zsh ps1 lua pl r jl vue svelte m mm sql clj ml mli fs dart zig nix md rst txt json yaml yml toml ini cfg
    xml html css scss proto cmake gradle mk in
"""
_KNOWN: Final = frozenset(_EXTENSIONS.split())


def _has_known_extension(path: str) -> bool:
    found = _EXTENSION.search(path)
    if found is None or found.group()[1:].lower() not in _KNOWN:
        return False
    extension = found.group()[1:]  # `Context.JSON` is a method, `README.MD` a file
    return extension.islower() or extension == "R" or path[: found.start()].isupper()


def _paths(text: str) -> list[tuple[str, ...]]:
    found: dict[tuple[str, ...], None] = {}
    for match in _PATH.finditer(text):
        piece = match.group().replace("\\", "/")
        if "/" not in piece and not _has_known_extension(piece):
            continue
        parts = [part for part in piece.split("/") if part not in ("", ".", "..", "~")]
        if parts:
            parts[-1] = _EXTENSION.sub("", parts[-1]) if _has_known_extension(parts[-1]) else parts[-1]
            found[tuple(part.lower() for part in reversed(parts))] = None
        if len(found) >= _MAX_PATHS:
            break
    for match in _DOTTED.finditer(text):  # a.b.C.d may lie in a/b, a/b/C and so on
        parts = [part.lower() for part in _WORD.findall(match.group())]
        for stop in range(len(parts), 1, -1):
            if len(found) >= 2 * _MAX_PATHS:
                return list(found)
            found[tuple(reversed(parts[:stop]))] = None
    return list(found)


def _names(text: str, kind: str) -> list[str]:
    """Identifiers: what looks like one, is quoted alone, is called, follows a qualifier, or is in a trace."""
    found: dict[str, None] = {}
    if kind in ("symbol", "path"):
        return list(dict.fromkeys(_WORD.findall(_EXTENSION.sub("", text) if kind == "path" else text)))[-3:]
    for match in _WORD.finditer(text):
        if _NAME.search(match.group()):
            found[match.group()] = None
            if len(found) >= _MAX_NAMES:
                break
    for line in text.split("\n") if kind in ("error", "issue") else ():
        frame = _FRAME_NAME.search(line) if _FRAME.match(line) else None
        if frame and len(found) < 2 * _MAX_NAMES:
            found[frame.group(1) or frame.group(2)] = None
    for expression in (_QUOTED, _CALLED, _DOTTED):
        for match in expression.finditer(text):
            words = _WORD.findall(match.group())
            for word in words[-2:] if len(words) <= 6 and " " not in match.group() else ():
                if word.lower() not in EMPTY_WORDS and not word.isdigit():
                    found[word] = None
            if len(found) >= 2 * _MAX_NAMES:
                break
    return list(found)


def _message(text: str) -> tuple[str, ...]:
    """The words of the lines that are no frames of a trace nor quoted code, without the name of the error."""
    lines = text.split("\n")
    if len(lines) > 1:
        lines = [line for line in lines if line[:1].strip() and not _FRAME.match(line)]
    said = " ".join(_ERROR_NAME.sub("", line) for line in reversed(lines))  # the message of a trace ends it
    return tuple(word.lower() for word in _WORD.findall(said)[:_MAX_MESSAGE])


def _weighted(text: str, kind: str, names: list[str]) -> tuple[dict[str, float], dict[str, float], set[str]]:
    """Terms of the words, terms of pairs of adjacent words, and the words and pairs as a file may be called."""
    is_long = kind in ("issue", "error") and "\n" in text
    name_set = set(names)
    vague: dict[str, float] = {}
    weights: dict[str, float] = {}
    counts: dict[str, int] = {}
    pairs: dict[str, float] = {}
    surfaces: set[str] = set()
    in_code = False
    lines = text.split("\n")
    first = 0 if kind == "issue" else len(lines) - 1  # the message of a trace ends it
    for number, line in enumerate(lines):
        if _FENCE.match(line):
            in_code = not in_code
            continue
        worth = 1.0 if number == first or not is_long else _CODE_WEIGHT if in_code else _BODY_WEIGHT
        if is_long and _FRAME.match(line):
            worth = _FRAME_WEIGHT
        before = None
        for word in _WORD.findall(line):
            low = word.lower()
            is_name = word in name_set
            if not is_name and low in EMPTY_WORDS:
                before = None
                continue
            is_vague = low in VAGUE_WORDS and not is_name
            into = vague if is_vague else weights
            weight = min(1.0, 2 * worth) if is_name and is_long else worth
            for term in terms_of(word):
                into[term] = max(into.get(term, 0.0), weight)
                counts[term] = counts.get(term, 0) + 1
            if is_vague:
                before = None
                continue
            plain = low.replace("_", "")
            if worth == 1.0 or is_name:
                surfaces.add(plain)
            if before is not None and worth == 1.0 and len(before) + len(plain) <= 40:
                pair = before + plain
                pairs[stem(pair)] = _PAIR_WEIGHT
                surfaces.add(pair)
            before = plain
    if not weights:
        weights = vague
    if is_long:
        weights = {term: weight * (1 + math.log(counts[term])) for term, weight in weights.items()}
        most = max(weights.values(), default=1.0)
        weights = {term: weight / most for term, weight in weights.items()}
    return weights, pairs, surfaces


def _heaviest(weights: dict[str, float], most: int) -> dict[str, float]:
    """The terms that weigh most, in the order in which they came."""
    if len(weights) <= most:
        return weights
    kept = set(sorted(weights, key=lambda term: -weights[term])[:most])
    return {term: weight for term, weight in weights.items() if term in kept}
