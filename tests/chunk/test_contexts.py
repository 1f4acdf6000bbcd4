"""Contexts: where a chunk is, in exact words, under every cap."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from blake3 import blake3

from exosuit_cli.chunk import Chunk, ChunkOptions, chunk_text
from exosuit_cli.chunk.api import chunk_named

if TYPE_CHECKING:
    from exosuit_cli.model.protocols import TokenCounter

PYTHON = """\
class Outer(Base):
    \"\"\"Words about the class.\"\"\"

    def first(self, value):
        a = 'some words that take up room here'
        b = 'some words that take up room here'
        c = 'some words that take up room here'
        return a, b, c

    def second(self):
        a = 'some words that take up room here'
        return a


def alone():
    return 1
"""
JAVA = """\
package a;

// A comment at the left edge.
class Outer {
    int first(int value) {
        int a = value + 1; // some words
        int b = value + 2; // some words
        return a + b;
    }

    // A comment before the second one.
    int second() {
        return 2;
    }
}
"""
MARKDOWN = """\
# Title

Some words of the beginning, which take up some room.

## Part

Some words of the part, which take up some room as well.

Some more words of the part, which take up some room as well.

### Detail

Some words of the detail, which take up some room as well.
"""


def records(text: str, path: str, **options: object) -> list[Chunk]:
    chosen = ChunkOptions(context=True, **options)  # type: ignore[arg-type]
    language, data, chunks = chunk_named(text.encode(), path.encode(), chosen)
    return list(chunks.records(data, path=path, language=language))


@pytest.mark.parametrize("boundaries", ["structure", "ast"])
def test_a_context_has_the_path_and_the_lines_around(boundaries: str) -> None:
    found = records(PYTHON, "src/a.py", max_tokens=64, min_tokens=0, boundaries=boundaries)
    assert [each.context for each in found] == [
        "src/a.py\n",
        "src/a.py\nclass Outer(Base):\n",
        "src/a.py\nclass Outer(Base):\n    def first(self, value):\n",
    ]
    smaller = records(PYTHON, "src/a.py", max_tokens=48, min_tokens=0, boundaries=boundaries)
    assert {each.start_line: each.context for each in smaller[2:]} == {
        7: "src/a.py\n    def first(self, value):\n",  # the innermost line, where both are too many
        10: "src/a.py\nclass Outer(Base):\n",
    }


@pytest.mark.parametrize("boundaries", ["structure", "ast"])
def test_a_context_of_prose_has_the_headings(boundaries: str) -> None:
    found = records(MARKDOWN, "a.md", max_tokens=48, min_tokens=0, boundaries=boundaries)
    assert {each.start_line: each.context for each in found} == {
        1: "a.md\n",
        5: "a.md\n# Title\n",
        11: "a.md\n# Title\n## Part\n",
    }


@pytest.mark.parametrize("boundaries", ["structure", "ast", "lines"])
@pytest.mark.parametrize("limits", [{"max_tokens": 16}, {"max_tokens": 40}, {"max_tokens": 64, "max_chars": 90},
                                    {"max_tokens": 512}, {"max_tokens": 48, "overlap": 30}])  # fmt: skip
def test_text_and_context_keep_the_caps_together(
    boundaries: str, limits: dict[str, int], counter: TokenCounter
) -> None:
    for text, path in ((PYTHON, "src/a.py"), (JAVA, "src/deep/er/A.java"), (MARKDOWN, "a.md")):
        data = text.encode()
        found = records(text, path, boundaries=boundaries, **limits)
        assert found
        for each in found:
            own = data[each.start_byte : each.end_byte]
            assert each.context is not None
            assert each.text == (each.context if each.context_in_text else "") + own.decode()
            assert each.tokens == counter.count(each.text.encode()) <= limits["max_tokens"]
            assert each.context_tokens == counter.count(each.context.encode()) <= limits["max_tokens"] // 4
            assert len(each.text) <= limits.get("max_chars", 1 << 20)
            assert each.id == blake3(own).hexdigest(length=16)
            assert not each.context or each.context.startswith((path, ".../", "class", "#"))
        if limits == {"max_tokens": 512}:
            assert all(each.context_in_text for each in found)


def test_a_long_path_loses_its_first_directories(counter: TokenCounter) -> None:
    (found,) = records("x = 1\n", "one_directory/" * 3000 + "a.py")
    assert found.context is not None
    assert found.context.startswith(".../one_directory/")
    assert found.context.endswith("/a.py\n")
    assert found.context_tokens == counter.count(found.context.encode()) <= 64
    (breaks,) = records("x = 1\n", "a\nb\x1b[31m.py")
    assert breaks.context == "a\\nb\\x1b[31m.py\n"


def test_without_a_path_a_context_has_the_definitions_alone() -> None:
    options = ChunkOptions(max_tokens=64, min_tokens=0, context=True)
    chunks = chunk_text(PYTHON, language="Python", options=options)
    found = list(chunks.records(PYTHON.encode(), language="Python"))
    assert (found[0].context, found[0].context_tokens, found[0].context_in_text) == ("", 0, False)
    assert "class Outer(Base):\n" in {each.context for each in found}


def test_a_second_definition_of_a_name_is_not_within_the_first() -> None:
    text = "def f():\n    a = 'some words that take up room'\n\n\ndef f():\n    b = 'some words that take up room'\n"
    found = records(text, "a.py", max_tokens=24, min_tokens=0)
    assert {each.start_line: each.context for each in found} == {1: "a.py\n", 5: "a.py\n"}


BODY = "".join(f"    value = value + {number} * other  # some words\n" for number in range(12))
JAVA_BODY = "".join(f"        value = value + {number} * 3; // some words\n" for number in range(30))


@pytest.mark.parametrize("boundaries", ["structure", "ast"])
@pytest.mark.parametrize(
    ("path", "head", "rest", "context"),
    [
        ("a.py", "def f(\n    value,\n    other: int = (1),\n) -> bool:\n", BODY, "a.py\n{head}"),
        ("a.py", "def f(value,\n      other):\n", BODY, "a.py\n{head}"),
        ("a.py", "def f(\n" + "    value, other,  # words\n" * 30 + "):\n", BODY, "a.py\ndef f(\n"),
        ("a.py", "def f(value, other=')'):\n", BODY, "a.py\n{head}"),
        (
            "a.java", "class Outer {\n    void first(\n            int value,\n            int other) {\n",
            JAVA_BODY + "    }\n}\n", "a.java\n{head}",
        ),
    ],
)  # fmt: skip
def test_a_head_over_several_lines_is_shown_to_its_end(
    path: str, head: str, rest: str, context: str, boundaries: str
) -> None:
    found = records(head + rest, path, max_tokens=192, min_tokens=0, boundaries=boundaries)
    within = next(each for each in found if each.start_line > head.count("\n"))
    assert within.context == context.format(head=head)


@pytest.mark.parametrize("boundaries", ["structure", "ast"])
def test_a_chunk_within_a_head_has_only_the_line_before_it(boundaries: str) -> None:
    text = "def f(\n" + "".join(f"    argument_{number}: int = {number},\n" for number in range(9)) + "):\n    pass\n"
    found = records(text, "a.py", max_tokens=48, min_tokens=0, boundaries=boundaries)
    assert len(found) > 2
    assert {each.context for each in found[1:]} <= {"a.py\ndef f(\n", "a.py\n"}


LABELLED = """\
.. _first:
.. index:: words

Query *Builder*
===============

Some words of the beginning, which take up some room.

.. _second:

=======
 Boxed
=======

Some words of the part, which take up some room as well.

Some more words of the part, which take up some room as well.
"""


def test_a_context_of_a_labelled_heading_has_its_text() -> None:
    found = records(LABELLED, "a.rst", max_tokens=48, min_tokens=0)
    assert {each.start_line: each.context for each in found} == {
        1: "a.rst\n",
        9: "a.rst\nQuery *Builder*\n",
        17: "a.rst\nQuery *Builder*\nBoxed\n",
    }
    labelled = records(f"(label)=\n{MARKDOWN}", "a.md", max_tokens=48, min_tokens=0)
    assert labelled[-1].context == "a.md\n# Title\n## Part\n"


@pytest.mark.parametrize("boundaries", ["structure", "ast"])
@pytest.mark.parametrize(
    ("path", "text", "context"),
    [
        ("a.js", "var res = {\n}\n\nres.f = function (a) {\n{body}}\n", "a.js\nres.f = function (a) {\n"),
        ("a.js", "class A {\n  f(a) {\n{body}  }\n}\n", "a.js\nclass A {\n  f(a) {\n"),
        ("a.lua", "local M = {}\n\nfunction M.f(a)\n{body}end\n", "a.lua\nfunction M.f(a)\n"),
        ("a.cc", "class A {\n  void f(int a);\n};\n\nvoid A::f(int a) {\n{body}}\n", "a.cc\nvoid A::f(int a) {\n"),
    ],
)
def test_what_a_function_is_set_on_does_not_enclose_it(path: str, text: str, context: str, boundaries: str) -> None:
    body = "".join(f"    call(a, {number})\n" for number in range(30))
    found = records(text.replace("{body}", body), path, max_tokens=128, min_tokens=0, boundaries=boundaries)
    assert found[-2].context == context
