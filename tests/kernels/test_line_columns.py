"""The lines of a slab, held against their description in plain Python; a further backend joins `BACKENDS`."""

from __future__ import annotations

import random
import time
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from exosuit_cli.model.slab import LineColumns, Slab

from .backends import BACKENDS, kernels_for

if TYPE_CHECKING:
    from pathlib import Path

    from exosuit_cli.kernels import Kernels

DTYPES = {
    "files": np.int64,
    "starts": np.int64,
    "indents": np.uint16,
    "inks": np.int64,
    "heads": np.uint64,
    "lasts": np.uint8,
    "depths": np.int32,
}
LARGEST_INDENT = 65_535


@pytest.fixture(params=BACKENDS)
def kernels(request: pytest.FixtureRequest) -> Kernels:
    return kernels_for(request.param, "blake3")


def slab_of(files: list[bytes]) -> Slab:
    lengths = np.array([len(file) for file in files], np.int64)
    return Slab(np.frombuffer(b"".join(files), np.uint8), np.cumsum(lengths, dtype=np.int64) - lengths, lengths)


def lines_of(file: bytes) -> list[bytes]:
    *whole, rest = file.split(b"\n")
    return [line + b"\n" for line in whole] + [rest] * (rest != b"")


def expected(files: list[bytes]) -> dict[str, list[int]]:
    """Every column by its description in `LineColumns`, a line at a time."""
    found: dict[str, list[int]] = {name: [] for name in DTYPES}
    start = base = 0
    for file in files:
        found["files"].append(len(found["starts"]))
        depth = 0
        for line in lines_of(file):
            blanks = len(line) - len(line.lstrip(b" \t"))
            ink = start + min(blanks, len(line) - 1)
            is_blank = blanks == len(line) or line[blanks] in b"\r\n"
            body = line.removesuffix(b"\n").removesuffix(b"\r")
            columns = blanks + 7 * line[:blanks].count(b"\t")
            found["starts"].append(start)
            found["indents"].append(0 if is_blank else min(columns, LARGEST_INDENT))
            found["inks"].append(ink)
            found["heads"].append(0 if is_blank else int.from_bytes(file[ink - base :][:8], "little"))
            found["lasts"].append(body[-1] if body else 0)
            found["depths"].append(depth)
            depth += line.count(b"{") + line.count(b"[") - line.count(b"}") - line.count(b"]")
            start += len(line)
        base = start
    found["files"].append(len(found["starts"]))
    found["starts"].append(start)
    return found


def as_lists(columns: LineColumns) -> dict[str, Any]:
    for name, dtype in DTYPES.items():
        assert (name, getattr(columns, name).dtype) == (name, np.dtype(dtype))
    return {name: getattr(columns, name).tolist() for name in DTYPES}


def check(kernels: Kernels, files: list[bytes]) -> None:
    assert as_lists(kernels.lines(slab_of(files))) == expected(files)


def test_a_small_file_by_hand(kernels: Kernels) -> None:
    file = b"if (a) {\r\n \tb[0] = {\n\n  \t \r\n};"
    found = as_lists(kernels.lines(slab_of([file])))
    assert found == {
        "files": [0, 5],
        "starts": [0, 10, 21, 22, 28, 30],
        "indents": [0, 9, 0, 0, 0],
        "inks": [0, 12, 21, 26, 28],
        "heads": [
            int.from_bytes(b"if (a) {", "little"),
            int.from_bytes(b"b[0] = {", "little"),
            0,
            0,
            int.from_bytes(b"};", "little"),
        ],
        "lasts": [*b"{{", 0, *b" ;"],
        "depths": [0, 1, 2, 2, 2],
    }


def test_nothing_leaks_from_file_to_file(kernels: Kernels) -> None:
    """Brackets that stay open, a last line without its end, and what the next file begins with."""
    files = [b"", b"[[{", b"", b"}\n", b"\n", b"    ", b"x", b"", b"{\r", b"\n", b""]
    found = as_lists(kernels.lines(slab_of(files)))
    assert found["files"] == [0, 0, 1, 1, 2, 3, 4, 5, 5, 6, 7, 7]
    assert found["depths"] == [0] * 7
    assert found["indents"] == [0] * 7
    assert [chr(last) for last in found["lasts"]] == ["{", "}", "\0", " ", "x", "{", "\0"]
    # A head ends with its file.
    assert found["heads"][0].to_bytes(8, "little") == b"[[{\0\0\0\0\0"


@pytest.mark.parametrize(
    "files",
    [
        [],
        [b""],
        [b"", b""],
        [b"\n"],
        [b"\r"],
        [b"\r\n"],
        [b"\r\r\n", b"a\r\r\n", b"a\rb\n"],
        [b" "],
        [b"\t"],
        [b" \n", b" \t\r\n"],
        [b"a", b"b", b"c\n", b"d"],
        [b"\n\n\n", b"\n"],
        [b"   \rx\n"],
        [b"\0\0\n", b" \0"],
        [b"]]]]\n}\nx", b"x\n"],
        [b"\x0b x\n\x0c\n", "\u00a0x\n\u3000y".encode()],
        [b"\xff\xfe\n\x80"],
        [b"{[(<"],
        [bytes(range(256))],
    ],
    ids=repr,
)
def test_short_files(kernels: Kernels, files: list[bytes]) -> None:
    check(kernels, files)


@pytest.mark.parametrize("ink", [b"", b"x", b"x\n", b"\n", b"\r\n", b"\r", b"}"])
@pytest.mark.parametrize("blanks", [0, 1, 6, 7, 8, 9, 15, 16, 17, 63, 64, 65, 200, 1000])
def test_any_depth_of_indentation(kernels: Kernels, blanks: int, ink: bytes) -> None:
    """Blanks are looked for eight at a time."""
    for unit in (b" ", b"\t", b" \t", b"\t  "):
        indent = (unit * blanks)[:blanks]
        check(kernels, [indent + ink, b"a\n" + indent + ink, indent + ink, b"  b"])


def test_the_deepest_indents_are_one(kernels: Kernels) -> None:
    files = [b" " * 70_000 + b"x", b"\t" * 8191 + b"      y", b"\t" * 8191 + b"       z", b"\t" * 9000 + b"w\n"]
    found = kernels.lines(slab_of(files)).indents.tolist()
    assert found == [LARGEST_INDENT, LARGEST_INDENT - 1, LARGEST_INDENT, LARGEST_INDENT]
    check(kernels, files)


def test_blanks_without_end_take_no_time(kernels: Kernels) -> None:
    """A file of blanks is as quick as one of letters; it is read in milliseconds."""
    files = [b" " * (4 << 20), b"\t" * (1 << 20) + b"x\n"]
    slab = slab_of(files)
    started = time.monotonic()
    found = kernels.lines(slab)
    assert time.monotonic() - started < 2 or kernels.device != "cpu"
    assert found.inks.tolist() == [(4 << 20) - 1, 5 << 20]
    assert found.indents.tolist() == [0, LARGEST_INDENT]


def test_the_slab_may_be_part_of_a_larger_buffer(kernels: Kernels) -> None:
    """What lies behind a slab is of no account: heads end in zeros."""
    files = [b"one {\n", b"  two", b"    "]
    whole = slab_of(files)
    buffer = np.frombuffer(whole.data.tobytes() + b"{ behind\n" * 50, np.uint8)
    columns = kernels.lines(Slab(buffer[: len(whole.data)], whole.offsets, whole.lengths))
    assert as_lists(columns) == expected(files)


def test_real_files(kernels: Kernels, project: Path) -> None:
    paths = sorted((project / "exosuit_cli").rglob("*.py"))
    files = [path.read_bytes() for path in paths]
    assert sum(map(len, files)) > 500_000
    check(kernels, [*files, b"", *(file.replace(b"\n", b"\r\n") for file in files[:5]), files[0][:-1]])


def test_many_lines_at_random(kernels: Kernels) -> None:
    rng = random.Random(11)
    for _ in range(20):
        files = [
            bytes(rng.choices(b" \t\n\r{}[]ax", (9, 5, 5, 1, 1, 1, 1, 1, 1, 1), k=rng.randrange(400)))
            for _ in range(30)
        ]
        check(kernels, files)


pieces = st.one_of(
    st.sampled_from(
        [b"", b"\n", b"\r\n", b"\r", b" ", b"\t", b"x", b"{", b"}", b"[", b"]", b"word word ", b"\0", b"\xff"]
    ),
    st.builds(
        lambda unit, times: unit * times, st.sampled_from([b" ", b"\t", b" \t", b"\n", b"[", b"}"]), st.integers(1, 140)
    ),
    st.binary(max_size=12),
)
contents = st.lists(pieces, max_size=14).map(b"".join)


@given(st.lists(contents, max_size=8))
@settings(deadline=None, max_examples=200)
def test_any_files(files: list[bytes]) -> None:
    for device in BACKENDS:
        check(kernels_for(device, "blake3"), files)
