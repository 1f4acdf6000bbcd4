"""The keys of YAML and JSON that have a block: their names, where the block ends, and which are no sections."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from exosuit_cli.chunk import ChunkOptions
from exosuit_cli.chunk.api import chunk_named
from exosuit_cli.kernels.cpu import CpuKernels
from exosuit_cli.model.slab import Slab
from exosuit_cli.structure.documents.keys import block_keys

if TYPE_CHECKING:
    from collections.abc import Iterator

    from exosuit_cli.chunk import Chunk

Tree = dict[str, "Tree"] | list["Tree"] | int
NAMES = st.text("ab :-#'\"\\{é", min_size=1, max_size=5)
TREES: st.SearchStrategy[Tree] = st.recursive(
    st.integers(0, 9),
    lambda inner: st.dictionaries(NAMES, inner, min_size=1, max_size=6) | st.lists(inner, min_size=1, max_size=6),
    max_leaves=40,
)
BLOCK = "".join(f"    k{n}: v\n" for n in range(5))


def keys(text: str, *, is_json: bool = False) -> list[tuple[int, int, str]]:
    """The first and the last line of each block, from 1, that of the key included, and the key."""
    data = np.frombuffer(text.encode(), np.uint8)
    slab = Slab(data, np.array([0]), np.array([len(data)]))
    found = block_keys(slab, CpuKernels("blake3").lines(slab), np.array([0]), np.array([is_json]))
    return list(zip((found.lines + 1).tolist(), (found.ends + 1).tolist(), found.names, strict=True))


def records(text: str, path: str, cap: int, *, context: bool = False) -> list[Chunk]:
    options = ChunkOptions(max_tokens=cap, min_tokens=0, context=context)
    language, data, chunks = chunk_named(text.encode(), path.encode(), options)
    return list(chunks.records(data, path=path, language=language))


def written(tree: Tree, indent: int, *, is_flat: bool) -> Iterator[tuple[int, str, str | None]]:
    """The lines of a tree as YAML: their indentation, what is on them, and the key that has a block below."""
    if isinstance(tree, dict):
        for name, value in tree.items():
            key = json.dumps(name)
            if isinstance(value, int):
                yield indent, f"{key}: {value}", None
            else:
                yield indent, f"{key}:", name
                moved = 0 if is_flat and isinstance(value, list) else 2
                yield from written(value, indent + moved, is_flat=is_flat)
    elif isinstance(tree, list):
        for value in tree:
            first, *rest = written(value, 0, is_flat=is_flat)
            yield indent, f"- {first[1]}", first[2]
            yield from ((indent + 2 + column, row, name) for column, row, name in rest)
    else:
        yield indent, str(tree), None


@given(TREES, st.booleans())
@settings(max_examples=60, deadline=None)
def test_keys_of_yaml_are_those_with_a_block(tree: Tree, is_flat: bool) -> None:
    rows = list(written(tree, 0, is_flat=is_flat))
    found = keys("".join(f"{' ' * indent}{row}\n" for indent, row, _ in rows))
    expected = []
    for first, (indent, row, name) in enumerate(rows):
        if name is None:
            continue
        column = indent + len(row) - len(row.lstrip("- "))
        stop = first + 1
        while stop < len(rows) and rows[stop][0] + rows[stop][1].startswith("- ") > column:
            stop += 1
        if stop - first > 4:
            expected.append((first + 1, stop, " ".join(json.dumps(name)[1:-1].split()) or '""'))
    assert found == expected


@given(TREES)
@settings(max_examples=60, deadline=None)
def test_keys_of_json_are_those_with_brackets(tree: Tree) -> None:
    text = json.dumps(tree, indent=2)
    rows = text.split("\n")
    expected = []
    for first, row in enumerate(rows):
        if row.lstrip().startswith('"') and row.endswith(("{", "[")):
            indent = len(row) - len(row.lstrip())
            stop = next(n for n in range(first + 1, len(rows)) if len(rows[n]) - len(rows[n].lstrip()) <= indent)
            if stop - first > 4:
                expected.append((first + 1, stop, " ".join(row.strip()[1 : row.strip().rindex('"')].split()) or '""'))
    assert keys(text, is_json=True) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (f"a:\n{BLOCK}b: 1\n", [(1, 6, "a")]),
        (f"'it''s':  # why\n{BLOCK}", [(1, 6, "it's")]),
        (f"a: &anchor !tag\n{BLOCK}---\nb:\n{BLOCK}", [(1, 6, "a"), (8, 13, "b")]),
        (f"/paths/{{id}}:\n{BLOCK}".replace("\n", "\r\n"), [(1, 6, "/paths/{id}")]),
        ("a:\n- b: 1\n- b: 1\n# c\n- b: 1\n- b: 1\nd:\n", [(1, 6, "a")]),
        ("- - a:\n" + BLOCK.replace("    ", "      "), [(1, 6, "a")]),
        ("a:\n  b: |\n" + 5 * "    c:\n      d\n" + "  e: 1\n", [(1, 13, "a"), (2, 12, "b")]),
        ("a:\n- |\n" + 5 * "  c:\n    d\n" + "- e\n", [(1, 13, "a")]),
        ("a:\n- >-\n" + 3 * "  c:\n    d\n    d\n    d\n    d\n", [(1, 17, "a")]),
        ("a: {\n  b: {\n" + 5 * "    c: 1,\n" + "}}\n", [(1, 7, "a")]),
        ("a:\n{{- if .x }}\n  b: 1\n  c: 1\n{{- end }}\n  d: 1\n  e: 1\n", [(1, 7, "a")]),
        ("a:\n  b: 1\n#  c: 1\n  d: 1\n\n  e: 1\n", [(1, 6, "a")]),
        ("a text: of words\nand: more\n", []),
        ("a:\n  b:\n    c:\n      d: 1\n", []),
        ("", []),
        ("a:", []),
    ],
)
def test_blocks_of_yaml(text: str, expected: list[tuple[int, int, str]]) -> None:
    assert keys(text) == expected


@pytest.mark.parametrize(
    ("row", "name"),
    [
        ('"jest": {"x": 1,', "jest"),
        ('"a": [{"x": [1, 2],', "a"),
        ('"a": 1, "b": {', "b"),
        ('}, "b": {', "b"),
        ('"a": {"b": {', "a > b"),
        ('{"a: b": {"c": "d: {", ', "a: b"),
        ('"a": {  // {', "a"),
        ('$a: [ /* "b": { */', "$a"),
        ('"a": {"b": 1}, "c": "{" }', None),
        ("[1, {", None),
        ('{ "first": 1', None),
        ('"a": -1.5e3', None),
        ('"a": true  // {', None),
        (f'"a": {{"b": "{"x" * 300}",', None),
    ],
)
def test_a_key_of_json_is_that_of_what_its_line_leaves_open(row: str, name: str | None) -> None:
    rows = [found for *_, found in keys("{\n" + f"  {row}\n" + BLOCK + "  }\n}\n", is_json=True)]
    assert rows == ([name] if name is not None else [])


@pytest.mark.parametrize("boundaries", ["structure", "ast"])
def test_a_colon_of_a_key_stays_with_a_tree_and_without(boundaries: str) -> None:
    inner = "".join(f'    "k{n}": 1,\n' for n in range(4)) + '    "k": 1\n'
    texts = {
        "a.json": f'{{\n  "jest": {{"x": 1,\n{inner}  }},\n  "quoted: key": {{\n{inner}  }}\n}}\n',
        "a.yaml": f'jest:\n{BLOCK}"quoted: key":\n{BLOCK}a::b:\n{BLOCK}',
    }
    for path, text in texts.items():
        language, _, chunks = chunk_named(text.encode(), path.encode(), ChunkOptions(boundaries=boundaries))
        outer = [name for name in chunks.defined.names if " > " not in name]
        assert outer == ["jest", "quoted: key", "a::b"][: 2 if language == "JSON" else 3]


def test_rows_of_data_and_lock_files_have_no_sections() -> None:
    rows = "".join(f"  row{n}:\n{BLOCK}" for n in range(200))
    assert [name for *_, name in keys(f"table:\n{rows}")] == ["table"]
    long = "".join(f"  row{n}:\n{3 * BLOCK}" for n in range(200))
    assert len(keys(f"table:\n{long}")) == 201
    for head in ("lockfileVersion: 5.4\n", "# yarn lockfile v1\n", "__metadata:\n  version: 6\n"):
        assert keys(f"{head}packages:\n{BLOCK}") == []
    locked = {"name": "a", "lockfileVersion": 3, "packages": dict.fromkeys("abcdef", 1)}
    assert keys(json.dumps(locked, indent=2), is_json=True) == []


WORKFLOW = """name: CI
on: push
jobs:
  build:
    runs-on: linux
    strategy:
      matrix: {os: [a, b]}
    steps:
      - uses: checkout
      - name: make
        run: |
          one
          two
          three
          four
          five
#      - name: old
      - name: test
        run: make test
  lint:
    runs-on: linux
    steps:
    - uses: checkout
    - run: lint one
    - run: lint two
    - run: lint three
"""


def test_chunks_of_a_workflow_say_which_job_and_which_steps_they_are_in() -> None:
    found = records(WORKFLOW, "ci.yml", 56, context=True)
    assert [(each.start_line, each.boundary, each.symbol, each.context) for each in found] == [
        (1, "file", None, "ci.yml\n"),
        (3, "definition", "jobs", "ci.yml\n"),
        (4, "nested", "jobs > build", "ci.yml\njobs:\n"),
        (8, "nested", "jobs > build > steps", "ci.yml\njobs:\n  build:\n"),
        (17, "line", "jobs > build > steps", "ci.yml\njobs:\n  build:\n    steps:\n"),
        (20, "nested", "jobs > lint", "ci.yml\njobs:\n"),
    ]


def test_chunks_of_json_say_which_members_they_are_in() -> None:
    document = {
        "name": "x",
        "scripts": {f"s{n}": "run" for n in range(6)},
        "deep": {"er": [{"a": n} for n in range(8)]},
    }
    found = records(json.dumps(document, indent=2) + "\n", "package.json", 48)
    symbols = {each.symbol for each in found}
    assert {"scripts", "deep > er"} <= symbols
    assert found[-1].symbol == "deep > er"


def test_a_comment_at_the_left_edge_is_as_deep_as_what_follows_it() -> None:
    text = "job:\n  steps:\n" + "    - name: a\n      run: b\n#    - name: c\n#      run: d\n" * 8 + "    - name: e\n"
    for each in records(text, "a.yml", 32)[1:]:
        assert each.boundary != "definition", each


def test_comments_at_the_left_edge_are_named_as_what_follows_them() -> None:
    block = "      - name: {0}\n        run: {0}\n        with:\n          x: {0}\n          y: {0}\n"
    jobs = [f"  job-{number}:\n    needs: a\n    steps:\n" + block.format("b") * 2 for number in range(4)]
    aside = "".join(f"#      - name: c{number} and some more words, so that they are a chunk\n" for number in range(12))
    jobs[1] += aside + block.format("d") * 2
    jobs[2] += aside
    text = "jobs:\n" + "".join(jobs) + aside + "on:\n" + "  - push\n" * 8
    rows = text.splitlines()
    found = records(text, "a.yml", 64)
    of_comments = [
        each.symbol for each in found if all(row[0] == "#" for row in rows[each.start_line - 1 : each.end_line])
    ]
    assert len(of_comments) >= 6
    assert set(of_comments) == {"jobs > job-1 > steps", "jobs", None}
    long = "job:\n" + BLOCK + aside + BLOCK
    assert {each.symbol for each in records(long, "a.yml", 64)} == {"job"}
