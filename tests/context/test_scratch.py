"""Contexts of a proof: what is sound in them, and what is left of them."""

from __future__ import annotations

import os
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from exosuit_cli.chunk.options import ChunkOptions
from exosuit_cli.config.options import ScanOptions, WalkOptions
from exosuit_cli.context.recall import recall_in_order, recall_random
from exosuit_cli.context.scratch import Scratch, contents_of, count_sound, scratch_directory
from exosuit_cli.model.errors import OutputError
from exosuit_cli.system.paths import cache_directory

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

OPTIONS = ScanOptions(walk=WalkOptions(ignore=False))


@pytest.fixture
def scratch(tmp_path: Path) -> Iterator[Scratch]:
    with scratch_directory(str(tmp_path)) as place:
        yield Scratch(place, 10**6, ChunkOptions(max_tokens=32, encoding="cl100k_base"), OPTIONS)


def write(scratch: Scratch, name: str, data: bytes) -> None:
    os.makedirs(scratch.tree("tree"), exist_ok=True)
    with open(os.path.join(scratch.tree("tree"), name), "wb") as file:
        file.write(data)


def test_texts_of_every_encoding_are_those_of_their_files(scratch: Scratch) -> None:
    lines = "".join(f"line {number} of the text, with an ö and a 𝛑\n" for number in range(50))
    for codec in ("utf-8", "utf-8-sig", "utf-16", "utf-32", "latin-1"):
        write(scratch, codec, lines.replace("𝛑", "pi").encode(codec) if codec == "latin-1" else lines.encode(codec))
    write(scratch, "binary", b"\0" * 100)
    write(scratch, "empty", b"")
    with scratch.open("tree", create=True) as context:
        scratch.load(context, ["tree"])
        found = recall_in_order(context, scratch.tree("tree"))
        assert found.sound == found.chunks > 50
        chunks = list(context.iterate())
        assert {chunk.path for chunk in chunks} >= {b"utf-8", b"utf-8-sig", b"utf-16", b"utf-32"}
        wrong = [replace(chunks[0], text=b"other"), replace(chunks[1], text=None), *chunks[2:]]
        assert count_sound(scratch.tree("tree"), iter(wrong)) == (len(chunks), len(chunks) - 2)
        write(scratch, "utf-16", lines.replace("line", "lane").encode("utf-16"))
        assert recall_in_order(context, scratch.tree("tree")).sound < found.chunks


def test_wrong_and_missing_texts_are_counted() -> None:
    import random

    ids = [bytes([number]) * 16 for number in range(10)]
    found = recall_random(lambda keys: [b"wrong" if key[0] < 3 else None for key in keys], ids, random.Random(0))
    assert (found.wrong, found.missing) == (3, 7)


def test_contents_are_equal_for_equal_trees_only(scratch: Scratch) -> None:
    digests = []
    for text in (b"a = 1\n", b"a = 1\n", b"a = 2\n"):
        write(scratch, "a.py", text)
        with scratch.open("tree", create=True) as context:
            scratch.load(context, ["tree"])
            digests.append(contents_of(context))
        scratch.drop("tree")
    assert digests[0] == digests[1] != digests[2]


def test_what_a_killed_proof_left_is_removed(tmp_path: Path) -> None:
    """The directory, and the index of its trees, which is somewhere else."""
    left = tmp_path / "phase-proof-left"
    (left / "tree").mkdir(parents=True)
    (left / "tree" / "a.py").write_text("a = 1\n")
    (left / "outside").symlink_to(tmp_path)
    scratch = Scratch(str(left), 10**6, ChunkOptions(), OPTIONS)
    with scratch.open("tree", create=True) as context:
        scratch.load(context, ["tree"])
    indexes = os.path.join(cache_directory(), "index")
    assert os.listdir(indexes)
    with scratch_directory(str(tmp_path)) as place:
        assert os.listdir(tmp_path) == [os.path.basename(place)]
        assert os.listdir(place) == os.listdir(indexes) == []
    assert os.listdir(tmp_path) == []
    with pytest.raises(OutputError, match="cannot be written"), scratch_directory(str(tmp_path / "missing")):
        pass
