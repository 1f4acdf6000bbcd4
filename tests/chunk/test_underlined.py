"""Plain texts with underlined titles are cut at these, which are symbols and contexts."""

from __future__ import annotations

import pytest

from exosuit_cli.chunk import Chunk, ChunkOptions
from exosuit_cli.chunk.api import chunk_named

from .test_structure import cut

WORDS = "Some words of a paragraph, which take up room.\nMore of them, to fill the line.\n\n"
TEXT = (
    f"=======\n How to\n=======\n\n{WORDS}1. First part\n-------------\n{WORDS}Do this::\n\n    one\n\n    two\n\n"
    f"More of it\n~~~~~~~~~~\n\n{WORDS}2. Second part\n--------------\n\n{WORDS}"
)


def records(text: str, path: str, **options: object) -> list[Chunk]:
    chosen = ChunkOptions(min_tokens=0, context=True, **options)  # type: ignore[arg-type]
    language, data, chunks = chunk_named(text.encode(), path.encode(), chosen)
    assert language == "Text"
    return list(chunks.records(data, path=path, language=language))


@pytest.mark.parametrize("path", ["doc/a.txt", "README", "INSTALL"])
@pytest.mark.parametrize("boundaries", ["structure", "ast"])
def test_an_underlined_title_is_a_symbol_and_a_context(path: str, boundaries: str) -> None:
    found = records(TEXT, path, max_tokens=64, boundaries=boundaries)
    assert [(each.start_line, each.symbol, each.context) for each in found] == [
        (1, "How to", f"{path}\n"),
        (8, "How to > 1. First part", f"{path}\nHow to\n"),
        (19, "How to > 1. First part > More of it", f"{path}\nHow to\n1. First part\n"),
        (25, "How to > 2. Second part", f"{path}\nHow to\n"),
    ]


@pytest.mark.parametrize("mark", list('=-~^"*+#'))
def test_no_chunk_ends_with_a_title(mark: str) -> None:
    title = f"Some title\n{mark * 10}\n"
    text = f"{WORDS}{title}\n{WORDS}" * 3
    for cap in range(32, 90, 7):
        chunks = cut(text, "Text", cap)
        assert not any(chunk.rstrip().endswith(mark * 10) for chunk in chunks), (cap, chunks)
        assert "".join(chunks) == text


@pytest.mark.parametrize(
    "text",
    [
        "A longer line than what is below\n--------\n\nwords\n",
        "Two lines\nof text\n-------\n\nwords\n",
        "----\n====\n\nwords\n",
        "words\n::::::\n\nwords\n",
        "    words\n    -----\n\nwords\n",
        "name  value\n----  -----\none   two\n",
        "\n-----\n\nwords\n",
        "requests==2.0\n# words\n",
    ],
)
def test_other_lines_of_marks_are_no_titles(text: str) -> None:
    (chunk,) = records(text, "a.txt", max_tokens=64)
    assert (chunk.symbol, chunk.symbols) == (None, ())
    headed = records(f"Title\n=====\n\n{text}", "a.txt", max_tokens=64)
    assert [each.name for each in headed[0].symbols] == ["Title"]
