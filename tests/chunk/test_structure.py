"""Where cuts fall, said in words: a reader of the code would have put them there."""

from __future__ import annotations

import json
from itertools import pairwise
from typing import TYPE_CHECKING

import pytest

from exosuit_cli.chunk import Boundary, ChunkOptions, FileChunks, chunk_text
from exosuit_cli.languages import LANGUAGES
from exosuit_cli.structure.styles import _MEMBERS, _STYLE_OF
from exosuit_cli.tokens import load_counter

from .checks import check_chunks, parts, spans
from .texts import program

if TYPE_CHECKING:
    from collections.abc import Sequence


def cut(text: str, language: str, cap: int, **changes: int) -> list[str]:
    """The chunks of a text, under a cap and without a least size."""
    options = ChunkOptions(max_tokens=cap, **{"min_tokens": 0, **changes})
    data = text.encode()
    found = [part.decode() for part in parts(chunk_text(data, language=language, options=options), data)]
    assert "".join(found) == text
    return found


def first_lines(chunks: Sequence[str]) -> list[str]:
    return [chunk.split("\n", 1)[0] for chunk in chunks]


def kinds(text: str, language: str, cap: int) -> list[str]:
    options = ChunkOptions(max_tokens=cap, min_tokens=0)
    return [record.boundary for record in chunk_text(text, language=language, options=options).records(text.encode())]


# Definitions

PYTHON = '''\
"""A module of a few words."""

import os


# About the first: it adds
# one to what it gets.
@cache
@other(1)
def first(number):
    result = number + 1

    return result


class Second:
    """It has two methods."""

    # The first of them.
    @property
    def one(self):
        if self.x:
            return 1
        else:
            return 2

    def two(self):
        return [
            self.one,
            2,
        ]


@last
def third():
    return third
'''


def test_cuts_fall_at_outermost_definitions() -> None:
    firsts = ['"""A module of a few words."""', "class Second:"]
    assert first_lines(cut(PYTHON, "Python", 78)) == firsts
    assert kinds(PYTHON, "Python", 78) == ["file", "definition"]


def test_comments_and_decorators_stay_with_their_definition() -> None:
    chunks = cut(PYTHON, "Python", 45)
    assert first_lines(chunks)[1] == "# About the first: it adds"
    assert "def first" in chunks[1]
    assert "return result" in chunks[1]


def test_methods_are_cut_apart_before_their_bodies() -> None:
    chunks = cut(PYTHON, "Python", 40)
    starts = first_lines(chunks)
    assert "class Second:" in starts
    assert "    def two(self):" in starts
    assert "        else:" not in starts
    assert "        ]" not in starts


C = """\
#include <stdio.h>

/*
 * Adds one.
 */
static int
add(int number)
{
	return number + 1;
}

#ifdef CONFIG_SMP
static int lock(void)
{
	return 1;
}
#else
static int lock(void)
{
	return 0;
}
#endif

struct queue {
	int head;
	int tail;
};
"""


@pytest.mark.parametrize("cap", [34, 38, 46, 54, 60, 66])
def test_c_is_cut_at_outer_definitions(cap: int) -> None:
    chunks = cut(C, "C", cap)
    assert len(chunks) > 1
    allowed = ("#include", "/*", "#ifdef", "static int lock", "static int", "struct")
    for line in first_lines(chunks[1:]):
        assert line.startswith(allowed), chunks
    for chunk in chunks:
        if "Adds one" in chunk:
            assert "return number + 1" in chunk, "a comment stays with its function"


RUST = """\
use std::fmt;

/// A point of the plane.
#[derive(Debug, Clone)]
#[allow(dead_code)]
pub struct Point {
    x: f64,
    y: f64,
}

impl Point {
    /// Its distance from another.
    #[inline]
    pub fn distance(&self, other: &Point) -> f64 {
        let dx = self.x - other.x;
        let dy = self.y - other.y;
        (dx * dx + dy * dy).sqrt()
    }

    /// Its mirror image.
    #[inline]
    pub fn mirror(&self) -> Point {
        Point { x: self.y, y: self.x }
    }
}
"""


def test_attributes_and_doc_comments_stay_with_what_they_are_of() -> None:
    chunks = cut(RUST, "Rust", 85)
    assert first_lines(chunks)[:2] == ["use std::fmt;", "impl Point {"]
    for chunk in chunks:
        if "Its mirror image" in chunk:
            assert "pub fn mirror" in chunk
    assert not any(line.strip().startswith("#[inline]") for line in first_lines(chunks))


JAVASCRIPT = """\
function one(a) {
  return a;
}

function two(a) {
  if (a) {
    return one(a);
  } else {
    return [
      1,
    ];
  }
}

function three(a) {
  return two(a);
}
"""


@pytest.mark.parametrize("cap", [16, 20, 25, 30, 40, 50])
def test_no_cut_before_what_closes_if_there_is_a_better_place(cap: int) -> None:
    for line in first_lines(cut(JAVASCRIPT, "JavaScript", cap))[1:]:
        assert not line.strip().startswith(("}", "]")), line


@pytest.mark.parametrize(
    ("language", "text", "bad"),
    [
        ("Python", "def f():\n    try:\n        a = one(x)\n    except E:\n        b = 2\n    c = 3", "    except E:"),
        ("C", "int a = 1;\n#ifdef X\nint b = 2;\nint d = 4;\n#endif\nint c = 3;\nint e = 5;\n", "#endif"),
        ("C", "int a = 1;\n#ifdef X\nint b = 2;\nint d = 4;\n#else\nint c = 3;\nint e = 5;\n", "#else"),
        ("Shell", "if a; then\n  run one two\nelse\n  run three\nfi\nif b; then\n  run\nfi\n", "else"),
        ("Ruby", "def one\n  call a, b\nend\ndef two\n  call c, d\nend\ndef three\n  call e\nend\n", "end"),
        ("Lua", "function a()\n  local b = 1\nend\nfunction c()\n  local d = 2\nend\nlocal e = 3\n", "end"),
        ("XML", "<a>\n  <b>one two</b>\n</a>\n<a>\n  <b>one two</b>\n</a>\n<a>\n  <b>three</b>\n</a>\n", "</a>"),
    ],
)  # fmt: skip
def test_words_that_go_on_or_end_begin_no_chunk(language: str, text: str, bad: str) -> None:
    options = ChunkOptions(max_tokens=16, min_tokens=0)
    lines = chunk_text(text, language=language, options=options)
    starts = [record.text.split("\n", 1)[0] for record in lines.records(text.encode())]
    assert len(starts) > 1
    assert bad not in starts[1:]


def test_a_word_that_only_begins_like_else_is_a_name() -> None:
    text = "  call_something_long(a, b)\nelsewhere = 1\nother = 2 + 3 + 4 + 5\n"
    assert first_lines(cut(text, "Python", 16))[1] == "elsewhere = 1"


def test_a_chunk_is_not_left_small_where_it_need_not_be() -> None:
    """The head of a class goes with the beginning of a method that does not fit, if the least size says so."""
    text = "class A:\n    x = 1\n\n    def f(self):\n" + "".join(f"        x{n} = {n}\n" for n in range(40))
    small, *_ = cut(text, "Python", 64)
    assert small == "class A:\n    x = 1\n\n"
    larger, *_ = cut(text, "Python", 64, min_tokens=20)
    assert larger.startswith(small + "    def f(self):\n")


def test_a_chunk_is_small_where_the_next_definition_would_be_cut() -> None:
    text = "a = 1\n\n" + "def f():\n" + "".join(f"    x{n} = {n}\n" for n in range(10))
    size = load_counter("o200k_base").count(text.encode())
    assert first_lines(cut(text, "Python", size - 1, min_tokens=20)) == ["a = 1", "def f():"]
    assert first_lines(cut(text, "Python", size, min_tokens=20)) == ["a = 1"]


def test_a_definition_of_exactly_the_cap_is_kept() -> None:
    body = "def f():\n" + "".join(f"    x{n} = {n}\n\n    y()\n" for n in range(6))
    size = load_counter("o200k_base").count(body.encode())
    for blanks in ("", "\n", "\n\n"):
        chunks = cut(f"{body}{blanks}def g():\n    pass\n{body}", "Python", size)
        assert chunks[0].strip() == body.strip(), repr(blanks)


def test_a_small_chunk_joins_a_neighbour_that_has_room() -> None:
    methods = "".join(f"    def m{n}(self):\n        return {n}\n\n" for n in range(9))
    text = f"class A:\n{methods}class B:\n{methods}class C:\n{methods}"
    for cap in (70, 90, 110, 140):
        options = ChunkOptions(max_tokens=cap, min_tokens=30)
        tokens = chunk_text(text, language="Python", options=options).tokens.tolist()
        for first, second in pairwise(tokens):
            assert min(first, second) >= 30 or first + second > cap, (cap, tokens)


def test_lines_around_a_long_one_are_no_crumbs() -> None:
    image = '    "image/png": "' + "iVBORw0KGgo" * 400 + '",\n'
    text = "[\n" + ('  {\n   "data": {\n' + image + "   }\n  },\n") * 3 + "]\n"
    for cap in (128, 200, 512):
        options = ChunkOptions(max_tokens=cap)
        chunks = chunk_text(text, language="Jupyter Notebook", options=options)
        assert min(chunks.tokens) >= options.min_tokens
        check_chunks(text.encode(), chunks, options, load_counter("o200k_base").count)


def test_no_chunk_is_blank() -> None:
    long = "x" * 3000 + "\n"
    for text in ("\n" * 40 + long, long + "\n" * 40 + long, "a\n" + "\n" * 40 + "b\n" * 100, "b\n" * 100 + "\n" * 40):
        assert all(chunk.strip() for chunk in cut(text, "Text", 64))


def test_blanks_that_no_neighbour_has_room_for_get_the_line_before() -> None:
    line = "a b c d e f g\n"  # eight tokens
    full = " ".join("a" * 15) + "\n"
    for blanks in (" \n \n", "\n\n \n"):
        assert cut(line * 2 + blanks + full, "Text", 16) == [line, line + blanks, full]


def test_blanks_get_lines_that_leave_no_crumb() -> None:
    text = "a\n" * 80 + "b c\n" * 10 + " \n\t\n" * 30 + " ".join("a" * 119) + "\n"
    chunks = chunk_text(text, language="Text", options=ChunkOptions(max_tokens=256, min_tokens=64))
    assert all(text.encode()[start:end].strip() for start, end in spans(chunks))
    assert min(chunks.tokens) >= 64


def test_an_overlap_never_repeats_all_of_the_chunk_before() -> None:
    text = "".join(f"def f{n}():\n    return {n}\n\n" for n in range(60))
    for cap, overlap in ((32, 30), (64, 60), (64, 20)):
        options = ChunkOptions(max_tokens=cap, overlap=overlap)
        found = spans(chunk_text(text, language="Python", options=options))
        assert all(second[0] > first[0] for first, second in pairwise(found)), (cap, overlap)


# Documents

MARKDOWN = """\
# Title

Some words of introduction, and a few more of them.

## First section

A paragraph with a list:

- one
- two

```sh
# not a heading
echo one

# nor this
echo two
```

### Below the first

More words here, and more.

Second title
------------

The last words, of which there are some.
"""


def test_markdown_is_cut_at_headings() -> None:
    chunks = cut(MARKDOWN, "Markdown", 60)
    assert first_lines(chunks) == ["# Title", "## First section", "Second title"]
    assert kinds(MARKDOWN, "Markdown", 60) == ["file", "section", "section"]
    assert "### Below the first" in first_lines(cut(MARKDOWN, "Markdown", 40))


@pytest.mark.parametrize("cap", [20, 28, 40, 60])
def test_markdown_is_never_cut_at_what_looks_like_a_heading_in_a_fence(cap: int) -> None:
    starts = first_lines(cut(MARKDOWN, "Markdown", cap))
    assert "# not a heading" not in starts
    assert "# nor this" not in starts
    assert "------------" not in starts


RST = """\
=======
Manual
=======

Some words of introduction, and a few more of them.

Install
=======

Take it, and put it where it belongs.

Options
-------

There are some options, which are told of here.

Use
===

Run it, and look at what comes out of it.
"""


def test_restructured_text_is_cut_at_titles() -> None:
    assert first_lines(cut(RST, "reStructuredText", 24)) == ["=======", "Install", "Options", "Use"]
    assert kinds(RST, "reStructuredText", 24) == ["file", "section", "section", "section"]


@pytest.mark.parametrize("cap", [16, 20, 40])
def test_a_title_and_its_underline_are_not_parted(cap: int) -> None:
    for line in first_lines(cut(RST, "reStructuredText", cap))[1:]:
        assert not line.startswith(("===", "---"))


# Data


def top_level(document: dict[str, object]) -> set[str]:
    return {f'  "{key}"' for key in document}


def test_json_is_cut_at_top_level_keys() -> None:
    document = {f"key{number}": {"items": [1, 2, 3], "name": {"deep": number}} for number in range(12)}
    chunks = cut(json.dumps(document, indent=2) + "\n", "JSON", 120)
    assert len(chunks) > 3
    for line in first_lines(chunks[1:]):
        assert line.split(":")[0] in top_level(document)


def test_yaml_is_cut_at_top_level_keys() -> None:
    text = "".join(f"# About {n}.\nservice{n}:\n  image: name\n  ports:\n    - {n}\n    - 2\n" for n in range(12))
    chunks = cut(text, "YAML", 60)
    assert len(chunks) > 3
    for line in first_lines(chunks[1:]):
        assert line.startswith("# About")


def test_toml_is_cut_at_tables() -> None:
    text = "".join(f"[table.number{n}]\nname = 'x'\nlist = [\n  1,\n  2,\n]\n\n" for n in range(12))
    chunks = cut(text, "TOML", 60)
    assert len(chunks) > 3
    for line in first_lines(chunks[1:]):
        assert line.startswith("[table")


def test_notebooks_are_cut_at_cells() -> None:
    cells = [{"cell_type": "code", "metadata": {}, "source": [f"x = {n}\n", "y = [1, 2]\n"]} for n in range(14)]
    text = json.dumps({"cells": cells, "nbformat": 4}, indent=1) + "\n"
    chunks = cut(text, "Jupyter Notebook", 150)
    assert len(chunks) > 3
    for chunk in chunks[2:]:  # the first cell follows the opened list
        assert chunk.startswith('  {\n   "cell_type"')


# Locality


@pytest.mark.parametrize("boundaries", ["structure", "ast", "lines"])
@pytest.mark.parametrize("where", [0.1, 0.5, 0.9])
def test_an_edit_changes_only_the_chunks_around_it(boundaries: str, where: float) -> None:
    data = program(150)
    options = ChunkOptions(max_tokens=128, min_tokens=16, boundaries=boundaries)
    before = chunk_text(data, language="Python", options=options)
    place = data.index(b"\ndef function_", int(where * len(data))) + 1
    place = data.index(b"\n    return x\n", place) + 1
    edited = data[:place] + b"    x = 'one line more'\n" + data[place:]
    after = chunk_text(edited, language="Python", options=options)
    assert len(before) > 50

    kept = [end for _, end in spans(before) if end <= place]
    assert [end for _, end in spans(after)][: len(kept) - 1] == kept[:-1], "what ends before the edit's chunk"
    assert ids(after)[: len(kept) - 1] == ids(before)[: len(kept) - 1]
    old, new = ids(before), ids(after)
    same = next(
        number for number, (one, other) in enumerate(zip(reversed(old), reversed(new), strict=False)) if one != other
    )
    changed = len(old) - same - (len(kept) - 1)
    if boundaries != "lines":  # which come together again by chance only
        assert changed <= 6, f"{changed} of {len(old)} chunks differ"
        assert same > 0.6 * (1 - where) * len(old)


def ids(chunks: FileChunks) -> list[bytes]:
    return [bytes(own) for own in chunks.ids]


# Overlap


def test_overlap_repeats_whole_lines_of_the_chunk_before() -> None:
    data = program(30)
    options = ChunkOptions(max_tokens=128, min_tokens=16, overlap=32)
    chunks = chunk_text(data, language="Python", options=options)
    repeated = 0
    for (_, end), (start, _) in pairwise(spans(chunks)):
        assert start <= end
        repeated += start < end
        assert data[start - 1 : start] == b"\n"
        assert data[start : start + 1] != b"\n", "an empty line is no beginning"
    assert repeated > 0.8 * (len(chunks) - 1)
    assert [Boundary(kind) for kind in chunks.boundaries[1:]] != [Boundary.LINE] * (len(chunks) - 1)


# A definition of exactly the cap


def function(name: str, lines: int) -> str:
    body = "".join(f"    value_{number} = a + b * {number}\n" for number in range(lines))
    return f"def {name}(a, b):\n{body}    return a\n"


@pytest.mark.parametrize("boundaries", ["structure", "ast"])
@pytest.mark.parametrize("blanks", ["", "\n", "\n\n"])
@pytest.mark.parametrize(("before", "after"), [(0, 0), (1, 0), (3, 8), (8, 1), (0, 3)])
def test_a_function_of_exactly_the_cap_is_kept_whole(boundaries: str, blanks: str, before: int, after: int) -> None:
    for lines in (3, 9, 17):
        whole = function("target", lines)
        text = (function("one", before) + blanks if before else "") + whole
        text += blanks + function("two", after) if after else ""
        large = ChunkOptions(boundaries=boundaries)
        cap = sum(
            record.tokens for record in chunk_text(whole, language="Python", options=large).records(whole.encode())
        )
        options = ChunkOptions(max_tokens=cap, min_tokens=0, boundaries=boundaries)
        records = chunk_text(text, language="Python", options=options).records(text.encode())
        start = text.index(whole)
        # The last newline may go with what follows.
        assert any(one.start_byte <= start and one.end_byte >= start + len(whole) - 1 for one in records)


def test_every_language_of_a_style_is_one_that_files_are_told_to_be() -> None:
    assert set(_STYLE_OF) <= set(LANGUAGES)
    assert len(_STYLE_OF) == sum(len(names.split(",")) for names in _MEMBERS.values()), "a language has one style"


# Strings and comments over several lines


def test_a_string_that_fits_is_in_one_chunk() -> None:
    filler = "".join(f"x{number} = {number}\n" for number in range(12))
    text = f'{filler}TEXT = """\nfirst\n\nsecond\n\n}}\nthird\n"""\n{filler}'
    for cap in range(40, 110, 10):
        assert sum("TEXT" in chunk and "third" in chunk for chunk in cut(text, "Python", cap)) == 1, cap
    assert set(kinds(text, "Python", 40)) == {"file", "definition"}


def test_a_comment_with_blank_lines_stays_with_what_it_is_about() -> None:
    text = "let a x =\n  x + 1\n\n(* What it does.\n\nIn a second part\n\n   and a third. *)\nlet b x =\n  x + 2\n"
    for cap in (28, 34):
        (chunk,) = (chunk for chunk in cut(text, "OCaml", cap) if "let b" in chunk)
        assert "What it does" in chunk, cap


def test_a_string_longer_than_the_cap_is_cut_at_its_blank_lines() -> None:
    part = "one two three four five\nsix seven\n\n"
    chunks = cut(f'a = """\n{part * 8}"""\nb = 1\n', "Python", 24)
    assert all(chunk.startswith("one two") for chunk in chunks[1:-1]), chunks


def test_the_header_of_a_body_goes_on_before_it_begins() -> None:
    ada = "procedure A (X : T)\nis\n   Y : T;\n   Z : T;\nbegin\n   null;\nexception\n   when others => null;\nend A;\n"
    vhdl = "architecture a of b is\n  signal c : d;\n  signal e : d;\nbegin\n  f <= g;\nend a;\n"
    for language, text in (("Ada", ada), ("VHDL", vhdl)):
        for cap in (20, 30, 40):
            starts = first_lines(cut(text * 2, language, cap))
            assert not {"is", "begin", "exception"} & set(starts), (language, cap)
