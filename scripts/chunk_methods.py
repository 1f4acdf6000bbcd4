"""The chunkers that are compared, each behind one call, and the files that they cut."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Callable, Collection
from dataclasses import dataclass, field
from functools import cache
from typing import TYPE_CHECKING, Any

from exosuit_cli.chunk import ChunkOptions, chunk_text
from exosuit_cli.languages import HEAD_BYTES, LANGUAGES, claim_of_name, language_of
from exosuit_cli.syntax.grammars import load_pointer
from exosuit_cli.tokens import load_counter

if TYPE_CHECKING:
    import tree_sitter

    from exosuit_cli.chunk.records import FileChunks

PACKAGES = (
    "exosuit-cli",
    "tree-sitter",
    "tree-sitter-language-pack",
    "Pygments",
    "semantic-text-splitter",
    "langchain-text-splitters",
)
METHODS = ("structure", "ast", "lines", "semantic-text-splitter", "langchain")
GRAMMARS = {
    "C": "c",
    "C++": "cpp",
    "Go": "go",
    "Java": "java",
    "JavaScript": "javascript",
    "Markdown": "markdown",
    "Python": "python",
    "Ruby": "ruby",
    "Rust": "rust",
    "TSX": "tsx",
    "TypeScript": "typescript",
}
"""The languages whose speed is compared, and their grammars in the wheels that exosuit uses."""
_LANGCHAIN = {
    "C": "c",
    "C#": "csharp",
    "C++": "cpp",
    "COBOL": "cobol",
    "Elixir": "elixir",
    "Go": "go",
    "Haskell": "haskell",
    "Java": "java",
    "JavaScript": "js",
    "Kotlin": "kotlin",
    "Lua": "lua",
    "Markdown": "markdown",
    "PHP": "php",
    "Perl": "perl",
    "PowerShell": "powershell",
    "Python": "python",
    "R": "r",
    "Ruby": "ruby",
    "Rust": "rust",
    "Scala": "scala",
    "Solidity": "sol",
    "Swift": "swift",
    "TSX": "ts",
    "TypeScript": "ts",
    "reStructuredText": "rst",
}
"""By display name: the language as LangChain calls it; its general separators serve all others."""


@dataclass(frozen=True)
class Cuts:
    """What a method makes of a text: the byte offsets at which chunks begin.

    `symbols`: of each chunk, the names that it is known by; None where the method knows none. `fallback`: why it was
    cut by other means than those asked for.
    """

    starts: list[int]
    symbols: list[list[str]] | None = None
    fallback: str | None = None


Cut = Callable[[str, str], Cuts]
"""From a display name and a text to its cuts."""


@dataclass
class Corpus:
    """What of one tree is measured, and what is left out and why."""

    name: str
    files: int = 0
    bytes: int = 0
    skipped: Counter[str] = field(default_factory=Counter)


@cache
def grammar(language: str) -> tuple[tree_sitter.Language, object]:
    """The tree-sitter language for a name of `GRAMMARS`, for Python and as the pointer that other bindings take."""
    import tree_sitter

    pointer = load_pointer(GRAMMARS[language])
    return tree_sitter.Language(pointer), pointer


def exosuit_cut(boundaries: str, encoding: str, cap: int) -> Cut:
    """exosuit, in this process."""
    options = ChunkOptions(max_tokens=cap, boundaries=boundaries, encoding=encoding)

    def cut(language: str, text: str) -> Cuts:
        chunks = chunk_text(text, language=language, options=options)
        return Cuts([int(start) for start in chunks.starts], _names(chunks), chunks.fallback)

    return cut


def _names(chunks: FileChunks) -> list[list[str]]:
    found = [[symbol] if symbol else [] for symbol in chunks.symbols]
    found += [[] for _ in range(len(chunks) - len(found))]
    for chunk, name in zip(chunks.defined.chunks.tolist(), chunks.defined.names, strict=True):
        found[chunk].append(name)
    return found


def semantic_cut(encoding: str, cap: int) -> Cut:
    """semantic-text-splitter: by the language's grammar where there is one, with the same counter."""
    from chunk_nodes import DEFINITIONS
    from semantic_text_splitter import CodeSplitter, MarkdownSplitter, TextSplitter
    from tree_sitter_language_pack import get_binding

    size = _size(encoding)

    @cache
    def splitter(language: str) -> Any:
        if language == "Markdown":
            return MarkdownSplitter.from_callback(size, cap, trim=False)
        if language in GRAMMARS:
            return CodeSplitter.from_callback(grammar(language)[1], size, cap, trim=False)
        if language in DEFINITIONS:
            try:
                return CodeSplitter.from_callback(get_binding(DEFINITIONS[language][0]), size, cap, trim=False)  # type: ignore[arg-type]
            except (RuntimeError, ValueError):
                pass  # a grammar of a version that it does not take
        return TextSplitter.from_callback(size, cap, trim=False)

    return lambda language, text: Cuts(_byte_offsets(text, [at for at, _ in splitter(language).chunk_indices(text)]))


def langchain_cut(encoding: str, cap: int) -> Cut:
    """langchain-text-splitters: RecursiveCharacterTextSplitter, by language where it knows that, same counter."""
    from langchain_text_splitters import Language, RecursiveCharacterTextSplitter

    options: dict[str, Any] = {"chunk_size": cap, "chunk_overlap": 0, "strip_whitespace": False}

    @cache
    def splitter(language: str) -> RecursiveCharacterTextSplitter:
        if language not in _LANGCHAIN:
            return RecursiveCharacterTextSplitter(length_function=_size(encoding), **options)
        name = Language(_LANGCHAIN[language])
        try:
            return RecursiveCharacterTextSplitter.from_language(name, length_function=_size(encoding), **options)
        except ValueError:  # named, but without separators
            return RecursiveCharacterTextSplitter(length_function=_size(encoding), **options)

    def cut(language: str, text: str) -> Cuts:
        offsets, end = [], 0
        for chunk in splitter(language).split_text(text):
            offsets.append(text.index(chunk, end))
            end = offsets[-1] + len(chunk)
        return Cuts(_byte_offsets(text, offsets))

    return cut


def _size(encoding: str) -> Callable[[str], int]:
    count = load_counter(encoding).count
    return lambda text: count(text.encode())


def _byte_offsets(text: str, offsets: list[int]) -> list[int]:
    if text.isascii():
        return offsets
    found, at, position = [], 0, 0
    for offset in offsets:
        at += len(text[position:offset].encode())
        position = offset
        found.append(at)
    return found


def load_method(name: str, encoding: str, cap: int) -> Cut | None:
    """The method of that name; None where its package is absent."""
    if name in ("structure", "ast", "lines"):
        return exosuit_cut(name, encoding, cap)
    try:
        return {"semantic-text-splitter": semantic_cut, "langchain": langchain_cut}[name](encoding, cap)
    except ImportError:
        return None


def _language(path: str) -> str:
    """The language of a file, as a scan finds it."""
    try:
        with open(path, "rb") as file:
            head = file.read(HEAD_BYTES)
    except OSError:
        return ""
    return LANGUAGES[
        language_of(claim_of_name(os.fsencode(os.path.basename(path))), head, is_whole=len(head) < HEAD_BYTES)
    ]


def find_files(tree: str, largest: int, corpus: Corpus, languages: Collection[str] = GRAMMARS) -> list[tuple[str, str]]:
    """The files of some languages below a tree, as language and path; the others are counted."""
    found = []
    for folder, folders, names in os.walk(tree):
        folders.sort()
        for name in sorted(names):
            path = os.path.join(folder, name)
            language = "" if os.path.islink(path) else _language(path)
            if language not in languages:
                corpus.skipped["another language"] += 1
            elif os.path.getsize(path) > largest:
                corpus.skipped["too large"] += 1
            else:
                found.append((language, path))
    return found
