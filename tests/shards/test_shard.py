"""A shard's rows: those of a plain reading of each file, whatever the slab, the batch and the patience."""

from __future__ import annotations

import codecs
import errno
import os
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
import xxhash
from blake3 import blake3
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from trees import batch_of, plain, write

from exosuit_cli.languages import claim_of_name, language_of
from exosuit_cli.model.records import Outcome
from exosuit_cli.model.slab import TEXT_PROBE_BYTES

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from exosuit_cli.model.protocols import TokenCounter
    from exosuit_cli.shards.shard import Shard

    MakeShard = Callable[..., Shard]

SLAB = 1 << 13  # the smallest that a scan accepts


def is_text(data: bytes) -> bool:
    """As in test_text.py, by another road: what a lenient decoder leaves out."""
    probe = data[:TEXT_PROBE_BYTES]
    kept = len(probe.decode("utf-8", "ignore").encode())
    for cut in range(1, 4):  # a character that the end cuts off
        tail = probe[-cut:]
        if len(probe) >= cut and _begins_a_character(tail):
            kept += cut
            break
    return b"\0" not in probe and 10 * (len(probe) - kept) <= 3 * len(probe)


def _begins_a_character(tail: bytes) -> bool:
    try:
        tail.decode()
    except UnicodeDecodeError as error:
        return error.reason == "unexpected end of data" and error.start == 0
    return False


def wide_encoding(data: bytes) -> str | None:
    for mark, encoding in (
        (codecs.BOM_UTF32_LE, "utf-32"),
        (codecs.BOM_UTF32_BE, "utf-32"),
        (codecs.BOM_UTF16_LE, "utf-16"),
        (codecs.BOM_UTF16_BE, "utf-16"),
    ):
        if data.startswith(mark):
            return encoding
    return None


def decoded(data: bytes) -> tuple[bytes, bytes] | None:
    """The UTF-8 of a file and of its first bytes; None for a binary one."""
    encoding = wide_encoding(data)
    if encoding is None:
        return (data, data[:TEXT_PROBE_BYTES]) if is_text(data) else None
    try:
        whole = data.decode(encoding).encode()
    except UnicodeDecodeError:
        return None
    head = codecs.getincrementaldecoder(encoding)().decode(data[:TEXT_PROBE_BYTES]).encode()
    return None if b"\0" in head else (whole, head[:TEXT_PROBE_BYTES])


def naive_row(path: Path, counter: TokenCounter | None, hash_name: str = "blake3") -> dict[str, Any]:
    data = path.read_bytes()
    status = path.stat()
    found = decoded(data)
    text = found is not None
    body, head = found or (b"", b"")
    may_be_text = not text and (wide_encoding(data) is not None or b"\0" not in data[:TEXT_PROBE_BYTES])
    digest = blake3(data).hexdigest() if hash_name == "blake3" else xxhash.xxh3_128_hexdigest(data)
    claim = claim_of_name(os.fsencode(path.name))
    language = language_of(claim, head, is_whole=len(data) < TEXT_PROBE_BYTES)
    return {
        "size": len(data),
        "mtime_ns": status.st_mtime_ns,
        "ctime_ns": status.st_ctime_ns,
        "device": status.st_dev,
        "inode": status.st_ino,
        "lines": len(body.split(b"\n")) - (body.endswith(b"\n") or not body) if text else -1,
        "tokens": counter.count(body) if text and counter is not None else -1,
        "language": language if text else 0,
        "kind": int(not text),
        "executable": int(os.access(path, os.X_OK)),
        "outcome": Outcome.INGESTED,
        "estimated": 0,
        "errno": errno.EILSEQ if may_be_text else 0,
        "digest": digest,
    }


def assert_naive(rows: np.ndarray, paths: list[Path], counter: TokenCounter | None, hash_name: str = "blake3") -> None:
    assert len(rows) == len(paths)
    width = 32 if hash_name == "blake3" else 16
    for row, path in zip(rows, paths, strict=True):
        found = {name: row[name].item() for name in row.dtype.names if name != "digest"}
        assert not row["digest"][width:].any()
        assert {**found, "digest": bytes(row["digest"][:width]).hex()} == naive_row(path, counter, hash_name), path


UNITS = [
    b"plain text, and more of it\n",
    b"x",
    b"\n",
    b"\r\n",
    "é漢😀 ".encode(),
    b"    def f(self):\n        return 1\n",
    b"\xff\xfe\xfd",
    b"abc\xff",
    b"\xe6\xbc",
    b"\0",
    b"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\0",
    "class é {};\n".encode("utf-16-le"),
    "漢😀\r\n".encode("utf-16-be"),
    "-*- ruby -*-\n".encode("utf-32-le"),
    b"/* a */ class Foo;\n",
    b"x vim: ft=perl\n",
]
STARTS = [b"", b"", b"#!/bin/sh\n", b"#!/usr/bin/env python3\n", "\ufeff".encode(), b"\0"]
STARTS += [codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE, codecs.BOM_UTF32_LE, b"class A;\n", b"/*\n-*- C++ -*-\n"]
NAMES = ["plain", "code.py", "Makefile", "page.html", "\udcff", "a.h", "b.m", "c.txt", "d.1"]


@st.composite
def contents(draw: st.DrawFn, slab: int) -> bytes:
    """Bytes of any kind, mostly of a length near that of a slab."""
    near = st.sampled_from([slab - 2, slab - 1, slab, slab + 1, 2 * slab - 1, 2 * slab, 2 * slab + 1, 3 * slab])
    length = draw(near | st.integers(0, 40) | st.integers(0, slab) | st.integers(TEXT_PROBE_BYTES - 2, 8194))
    start, unit, end = draw(st.sampled_from(STARTS)), draw(st.sampled_from(UNITS)), draw(st.sampled_from(UNITS))
    body = (start + unit * (length // len(unit) + 1))[:length]
    return body[: max(length - len(end), 0)] + end[:length] if draw(st.booleans()) else body


@given(st.data())
@settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=60)
def test_rows_do_not_depend_on_the_slab(
    tmp_path_factory: pytest.TempPathFactory, shard_of: MakeShard, counter: TokenCounter, data: st.DataObject
) -> None:
    base = tmp_path_factory.mktemp("tree")
    slabs = [SLAB, SLAB + data.draw(st.integers(1, 5000)), 1 << 20]
    files = data.draw(st.lists(st.tuples(st.sampled_from(NAMES), contents(slabs[0]) | contents(slabs[1])), max_size=6))
    paths = []
    for number, (name, content) in enumerate(files):
        (base / str(number)).mkdir()
        paths.append(base / str(number) / name)
        paths[-1].write_bytes(content)
        paths[-1].chmod(0o700 if number % 2 else 0o600)
    batch = batch_of(base, [os.path.relpath(path, base) for path in paths])
    for slab_bytes in slabs:
        result = shard_of(base, counter, slab_bytes=slab_bytes).ingest(batch)
        assert_naive(result.rows, paths, counter)
        assert result.bytes_read == sum(len(content) for _, content in files)


@pytest.mark.parametrize("hash_name", ["blake3", "xxh3"])
def test_both_digests_on_both_paths(tmp_path: Path, shard_of: MakeShard, hash_name: str) -> None:
    paths = [tmp_path / str(size) for size in (0, 1, SLAB - 1, SLAB, SLAB + 1, 5 * SLAB)]
    for path in paths:
        path.write_bytes(os.urandom(int(path.name)))
    batch = batch_of(tmp_path, [path.name for path in paths])
    assert_naive(shard_of(tmp_path, slab_bytes=SLAB, hash_name=hash_name).ingest(batch).rows, paths, None, hash_name)


def test_a_file_of_a_mebibyte_is_large_in_any_slab(tmp_path: Path, shard_of: MakeShard, counter: TokenCounter) -> None:
    """It is read in pieces, and one that carries a mark is not read."""
    mebibyte = 1 << 20
    contents = {"below": b"line\n" * (mebibyte // 5), "above": b"line\n" * (mebibyte // 5 + 1), "end": b"x"}
    contents["wide"] = codecs.BOM_UTF16_LE + ("é\n" * (mebibyte // 3)).encode("utf-16-le")
    contents["marked"] = b'{"schema":"exosuit.record/1",' + contents["above"]
    write(tmp_path, contents)
    batch = batch_of(tmp_path, list(contents))
    for counting in (None, counter):
        result = shard_of(tmp_path, counting, slab_bytes=4 * mebibyte).ingest(batch)
        assert_naive(result.rows[:-1], [tmp_path / name for name in contents][:-1], counting)
        assert result.rows[-1]["outcome"] == Outcome.OWN_OUTPUT
        assert result.bytes_read == sum(map(len, contents.values())) - len(contents["marked"])


@pytest.mark.parametrize("slab_bytes", [SLAB, 1 << 20], ids=["large", "slab"])
@pytest.mark.parametrize(
    ("content", "text"),
    [
        (b"a" * (TEXT_PROBE_BYTES - 1) + b"\0", False),
        (b"a" * TEXT_PROBE_BYTES + b"\0", True),
        (b"\xff" * 2457 + b"a" * (TEXT_PROBE_BYTES - 2457), True),  # 29.99% of the probe
        (b"\xff" * 2458 + b"a" * (TEXT_PROBE_BYTES - 2458), False),  # 30.01%
        (b"a" * TEXT_PROBE_BYTES + b"\xff" * TEXT_PROBE_BYTES, True),  # beyond the probe nothing counts
        (b"a" * (TEXT_PROBE_BYTES - 1) + "é".encode() * 10, True),
    ],
)
def test_the_border_of_text(
    tmp_path: Path, shard_of: MakeShard, counter: TokenCounter, slab_bytes: int, content: bytes, text: bool
) -> None:
    (tmp_path / "file").write_bytes(content)
    row = plain(shard_of(tmp_path, counter, slab_bytes=slab_bytes).ingest(batch_of(tmp_path, ["file"])).rows)[0]
    assert row["kind"] == ("TEXT" if text else "BINARY")
    assert (row["tokens"] >= 0) is text
    assert (row["lines"] >= 0) is text


@pytest.mark.parametrize("slab_bytes", [SLAB, 1 << 20], ids=["large", "slab"])
def test_the_language_of_a_first_line_comes_before_that_of_an_extension(
    tmp_path: Path, shard_of: MakeShard, slab_bytes: int
) -> None:
    script = b"#!/usr/bin/env python3\n" + b"pass\n" * 5000
    write(tmp_path, {"run": script, "run.sh": script, "run.py": b"#!" + script, "binary": script[:99] + b"\0" + script})
    batch = batch_of(tmp_path, ["run", "run.sh", "run.py", "binary"])
    rows = plain(shard_of(tmp_path, slab_bytes=slab_bytes).ingest(batch).rows)
    assert [row["language"] for row in rows] == ["Python", "Python", "Python", ""]


@pytest.mark.parametrize(
    ("end", "language"),
    [
        (b"class A;", "C++"),
        (b"enum class A", "C++"),
        (b"namespace", "C++"),
        (b"template<", "C++"),
        (b"using A =", "C++"),
        (b"public:", "C++"),
        (b"private:", "C++"),
        (b"protected:", "C++"),
        (b" a::b", "C++"),
        (b"@interface", "Objective-C"),
        (b"@class", "Objective-C"),
        (b"@protocol", "Objective-C"),
        (b"@import", "Objective-C"),
        (b"#import <", "Objective-C"),
        (b"/* -*- ruby -*-", "Ruby"),
        (b"/* vim: ft=ruby", "Ruby"),
        (b"/* Vim: ft=ruby", "Ruby"),
        (b"/* vi: ft=ruby", "Ruby"),
        (b"/* ex: ft=ruby", "Ruby"),
        (b"struct a;", "C"),
        (b"", "C"),
    ],
)
@pytest.mark.parametrize("size", [0, 1000, 3071])
def test_a_header_has_one_language_wherever_it_lies_in_a_slab(
    tmp_path: Path, shard_of: MakeShard, end: bytes, language: str, size: int
) -> None:
    content = (b"int a;\n" * 439)[: max(size - len(end) - 1, 0)] + b"\n" + end
    others = {f"{name}.h": b"int b;\n" * 9 for name in "bcdefg"}
    write(tmp_path, {"a.h": content, **others, "h.h": content, "empty.h": b""})
    names = ["a.h", *others, "empty.h", "h.h"]
    expected = [language, *["C"] * 7, language]
    for batch, wanted in (
        (names, expected),
        (names[::-1], expected[::-1]),
        (["a.h"], [language]),
        (["empty.h"], ["C"]),
    ):
        rows = plain(shard_of(tmp_path, slab_bytes=1 << 20).ingest(batch_of(tmp_path, batch)).rows)
        assert [row["language"] for row in rows] == wanted


def test_what_was_not_read_has_an_outcome_and_nothing_else(tmp_path: Path, shard_of: MakeShard) -> None:
    write(tmp_path, {"x": b"x"})
    (tmp_path / "link").symlink_to("x")
    rows = plain(shard_of(tmp_path).ingest(batch_of(tmp_path, ["gone", "link", "x"])).rows)
    assert [row["outcome"] for row in rows] == ["VANISHED", "SYMLINK", "INGESTED"]
    for row in rows[:2]:
        assert not any(row[name] for name in ("size", "tokens", "lines", "digest", "mtime_ns"))


def test_hard_links_are_left_where_that_is_asked_for(tmp_path: Path, shard_of: MakeShard) -> None:
    write(tmp_path, {"one": b"1", "two": b"2"})
    os.link(tmp_path / "two", tmp_path / "too")
    shard, batch = shard_of(tmp_path), batch_of(tmp_path, ["one", "two", "too"])
    left = shard.ingest(batch, read_links=False)
    status = (tmp_path / "two").stat()
    assert [row["outcome"] for row in plain(left.rows)] == ["INGESTED", "LINKED", "LINKED"]
    assert left.rows[["device", "inode"]].tolist()[1:] == [(status.st_dev, status.st_ino)] * 2
    assert left.bytes_read == 1
    assert_naive(shard.ingest(batch).rows, [tmp_path / name for name in ("one", "two", "too")], None)


def test_without_patience_every_turn_takes_a_part(tmp_path: Path, shard_of: MakeShard) -> None:
    """The parts put together are the whole; every turn takes at least one file."""
    names = [f"{number:02}" for number in range(20)]
    write(tmp_path, {name: os.urandom(SLAB // 3) for name in names})
    shard = shard_of(tmp_path, slab_bytes=SLAB)
    parts = []
    left = names
    while left:
        part = shard.ingest(batch_of(tmp_path, left), patience=-1)
        assert 0 < part.consumed < len(names)
        parts.append(part)
        left = left[part.consumed :]
    assert plain(np.concatenate([part.rows for part in parts])) == plain(shard.ingest(batch_of(tmp_path, names)).rows)


def test_an_empty_batch(tmp_path: Path, shard_of: MakeShard) -> None:
    result = shard_of(tmp_path).ingest(batch_of(tmp_path, []))
    assert (len(result.rows), result.bytes_read, result.consumed) == (0, 0, 0)
