"""Directives that document an object are sections below their heading, as far as their bodies go."""

from __future__ import annotations

import pytest

from exosuit_cli.chunk import Chunk, ChunkOptions
from exosuit_cli.chunk.api import chunk_named
from exosuit_cli.structure.documents.object_directives import object_name

WORDS = "Some more words of text, to fill this paragraph."
TEXT = f"""Reference
=========

Session
-------

.. class:: Session(*, url=None,
                   timeout=3)

   The class. {WORDS}

   .. attribute:: closed

      True if closed. {WORDS}

   .. method:: get(url)
               post(url)
      :async:

      Perform a request. {WORDS}

      :param url: {WORDS}

A paragraph outside of the class. {WORDS}

.. _a label:

.. c:function:: static int *run(int a)

   {WORDS}

Other
-----

{WORDS}
"""


def records(cap: int, *, context: bool = False) -> list[Chunk]:
    options = ChunkOptions(max_tokens=cap, min_tokens=0, context=context)
    language, data, chunks = chunk_named(TEXT.encode(), b"a.rst", options)
    return list(chunks.records(data, path="a.rst", language=language))


def test_objects_are_sections_below_their_heading() -> None:
    rows = TEXT.split("\n")
    assert [(rows[each.start_line - 1].strip(), each.boundary, each.symbol) for each in records(40)] == [
        ("Reference", "file", "Reference"),
        (".. attribute:: closed", "section", "Reference > Session > Session > closed"),
        (".. method:: get(url)", "section", "Reference > Session > Session > get"),
        (f":param url: {WORDS}", "nested", "Reference > Session > Session > get"),
        (".. _a label:", "nested", "Reference > Session > run"),
        ("Other", "section", "Reference > Other"),
    ]


def test_an_object_ends_where_its_body_ends() -> None:
    after = next(each for each in records(64, context=True) if each.text.count("outside of the class"))
    assert (after.symbol, after.context) == ("Reference > Session", "a.rst\nReference\nSession\n")


@pytest.mark.parametrize(
    ("row", "name"),
    [
        (".. py:class:: Client[T]", "Client[T]"),
        (".. method:: Client.get(url, *, a=(1, 2)) -> Response", "Client.get"),
        (".. attribute:: limit: int = 3", "limit"),
        (".. autofunction:: flask.render_template", "flask.render_template"),
        (".. c:function:: static int *run(int a)", "run"),
        (".. cpp:class:: template<T> a::b", "a::b"),
        (".. option:: --level <n>, -l <n>", "--level"),
        (".. envvar:: HOME", "HOME"),
        (".. describe:: a b c", "a b c"),
        (".. rst:directive:: toctree", "toctree"),
        (".. function::", None),
        (".. note:: Some text", None),
        (".. classes:: a", None),
        ("class:: a", None),
    ],
)
def test_names_of_objects(row: str, name: str | None) -> None:
    assert object_name(row.encode()) == name
