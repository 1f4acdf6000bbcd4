"""The terms of one word: the parts of an identifier, lightly stemmed, and the whole of it."""

from __future__ import annotations

from exosuit_cli.model.lazy import lazy_pattern

MAX_TERM = 64
"""Characters: a longer run is data (a digest, base64), and no one looks for it as one word."""

MAX_PARTS = 24
"""Parts of one word that are indexed; the rest of a longer word is data."""

_MAX_WORD = MAX_TERM * 4

# An acronym before a capitalised word or in the plural (HTTPServer, URLs), a capitalised or small word, a number, or a
# run of other letters. A digit first keeps the piece whole: 0x1f, 3d.
_PART = lazy_pattern(r"[A-Z]{2,}s(?![a-z])|[A-Z]+(?![a-z])|[A-Z]?[a-z]+|[0-9]+|[^A-Za-z0-9_]+")
# Kana, Han and Hangul: written without spaces.
_UNSPACED = lazy_pattern(r"[\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uac00-\ud7af\uf900-\ufaff]+")
_VOWEL = lazy_pattern(r"[aeiouy]")
_KEPT_DOUBLE = frozenset("fsz")
_SHORTEST = 3


def stem(word: str) -> str:
    """Return the light stem of a lower-case word: plurals, -ing, -ed, -er, -ation and their like taken off.

    The same stem for the forms of one word matters, not that it is a word: "caching", "caches" and "cache" give "cach",
    "allocate", "allocator" and "allocation" give "alloc". Words of three letters or fewer, and words that are not plain
    ASCII letters, stay as they are.
    """
    if len(word) <= _SHORTEST or not word.isascii() or not word.isalpha():
        return word
    word = _without_noun_ending(_without_verb_ending(_singular(word)))
    if len(word) > _SHORTEST:
        if word.endswith("ll") and len(word) > _SHORTEST + 1:
            return word[:-1]
        if word.endswith("e"):
            return word[:-1]
        if word.endswith("y"):
            return word[:-1] + "i"
    return word


def terms_of(word: str) -> tuple[str, ...]:
    """Return the terms under which a word is indexed and looked for, each once: its parts in order, then the whole.

    A word is a run of ASCII letters, digits, `_` and characters beyond ASCII. `HTTPServers_utf8` gives `http`, `serv`,
    `utf` and `httpserversutf8`. A word of one part gives one term. Text without spaces (Han, kana, Hangul) gives pairs
    of characters. Pure and deterministic; a word without letters or digits gives none.
    """
    word = word[:_MAX_WORD]
    terms: dict[str, None] = {}
    pieces = 0
    for piece in word.split("_"):
        if not piece:
            continue
        for part in _parts(piece):
            pieces += 1
            if (len(part) > 1 or not part.isascii()) and len(part) <= MAX_TERM and pieces <= MAX_PARTS:
                terms[stem(part)] = None
    if pieces != 1 or not terms:
        whole = word.replace("_", "").lower()
        if whole and len(whole) <= MAX_TERM and (whole.isascii() or not _UNSPACED.search(whole)):
            terms[stem(whole)] = None
    return tuple(terms)


def _parts(piece: str) -> list[str]:
    if piece.isascii():
        if piece.islower() and piece.isalpha():
            return [piece]
        if piece[0].isdigit():
            return [piece.lower()]
        return [part.lower() for part in _PART.findall(piece)]
    parts: list[str] = []
    at = 0
    for run in _UNSPACED.finditer(piece):
        parts.extend(_spaced(piece[at : run.start()]))
        text = run.group()
        parts.extend(text[i : i + 2] for i in range(max(1, len(text) - 1)))
        at = run.end()
    parts.extend(_spaced(piece[at:]))
    return parts


def _spaced(piece: str) -> list[str]:
    """Split letters beyond ASCII only where the case changes, as in ASCII: `größteZahl` is two parts."""
    parts: list[str] = []
    start = 0
    for i in range(1, len(piece)):
        if piece[i].isupper() and not piece[i - 1].isupper():
            parts.append(piece[start:i].lower())
            start = i
    if start < len(piece):
        parts.append(piece[start:].lower())
    return parts


def _singular(word: str) -> str:
    if not word.endswith("s") or word.endswith(("ss", "us", "is", "ias")):
        return word
    if word.endswith("ies") and len(word) > _SHORTEST + 1:
        return word[:-3] + "y"
    if word.endswith(("sses", "xes", "ches", "shes")):
        return word[:-2]
    return word[:-1]


def _without_verb_ending(word: str) -> str:
    if word.endswith("ing"):
        rest = word[:-3]
        return _undoubled(rest) if len(rest) >= _SHORTEST and _VOWEL.search(rest) else word
    if word.endswith("ed") and not word.endswith("eed"):
        rest = word[:-2]
        # "embed" is no past tense: what is left has its vowel in front.
        if len(rest) > _SHORTEST or (len(rest) == _SHORTEST and (_VOWEL.search(rest, 1) or rest[1] == rest[2])):
            return _undoubled(rest)
    return word


def _without_noun_ending(word: str) -> str:
    for ending in ("ation", "ator", "ate", "able"):
        if word.endswith(ending) and len(word) - len(ending) > _SHORTEST:
            return _undoubled(word[: -len(ending)])
    if word.endswith("at") and len(word) - 2 > _SHORTEST + 1 and not word.endswith("format"):
        return word[:-2]  # what -ed and -ing left of -ate
    if word.endswith(("tion", "sion", "tor", "sor")):
        rest = word[:-3] if word.endswith("ion") else word[:-2]
        return rest if len(rest) > _SHORTEST + 1 else word
    if word.endswith("er") and len(word) - 2 > _SHORTEST:
        return _undoubled(word[:-2])
    return word


def _undoubled(word: str) -> str:
    double = len(word) > _SHORTEST and word[-1] == word[-2] and word[-1] not in _KEPT_DOUBLE
    return word[:-1] if double and not (word[-1] == "l" and len(word) <= _SHORTEST + 1) else word
