"""Chunking a tree: one output, whoever did the work, however it was cut up and whatever happened on the way."""

from __future__ import annotations

import io
import json
import os
import random
import subprocess
import sys
from dataclasses import dataclass, field, replace
from itertools import permutations
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from trees import batch_of, plain, write

from exosuit_cli.chunk import ChunkOptions, chunk_text
from exosuit_cli.chunk import options as limits
from exosuit_cli.chunk.batch import BatchBuilder, Chunking
from exosuit_cli.ingest import ChunkResult, ScanOptions, chunk, collector, scan
from exosuit_cli.ingest.collector import ChunkCollector
from exosuit_cli.languages import LANGUAGES
from exosuit_cli.model.records import ROW, Kind, Outcome
from exosuit_cli.report.chunk.jsonl import JsonlRenderer, JsonlSink
from exosuit_cli.shards import cutting
from exosuit_cli.shards.fallbacks import FallbackBuilder
from exosuit_cli.shards.settings import ShardSettings
from exosuit_cli.shards.shard import Shard, ShardResult
from exosuit_cli.workers.tasks import FinishedTask, Task

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from exosuit_cli.chunk.batch import ChunkBatch
    from exosuit_cli.model.protocols import TokenCounter

SMALL = ChunkOptions(max_tokens=48, min_tokens=6)
ONE = ScanOptions(workers=1)
SLAB = 1 << 13  # the smallest that a scan accepts


def code(functions: int, seed: int) -> bytes:
    rng = random.Random(seed)
    parts = [b"import os\n\n\n"]
    for number in range(functions):
        body = b"".join(b"    x = %d\n" % rng.randrange(10**6) for _ in range(rng.randint(1, 9)))
        parts.append(b"def function_%d(x):\n" % number + body + b"    return x\n\n\n")
    return b"".join(parts)


@pytest.fixture(scope="module")
def tree(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Texts and others: repeated, linked, binary, empty, not UTF-8, and some larger than the smallest slab."""
    base = tmp_path_factory.mktemp("chunking") / "tree"
    files = {f"d{number % 7}/{number}.py": code(number % 9, number) for number in range(90)}
    files |= {
        "B.md": b"# Title\n\n" + b"some words\n" * 30 + b"\n## Second\n\n" + b"more words\n" * 40,
        "a.txt": b"",
        "d1/noise.bin": b"\0\1\2" * 500,
        "d3/latin.txt": b"caf\xe9 au lait\n" * 60,
        "d3/minified.js": b"var a={b:1,c:[2,3]};" * 1500,
        "d5/large.c": b"".join(b"int f%d(void)\n{\n\treturn %d;\n}\n\n" % (n, n) for n in range(900)),
        "z/copy.py": code(8, 8),
        "d2/tool": b"#!/bin/sh\nif a; then\n  b\nfi\n" * 20,
        "e/else.rb": b"  a = 1\n" * 30 + b"end",
        "e/f.rb": b"_x = 1\n" * 30,
    }
    write(base, files)
    os.link(base / "d5" / "large.c", base / "linked.c")
    os.link(base / "d2" / "tool", base / "d1" / "tool too")
    (base / "link").symlink_to("B.md")
    return base


@dataclass
class Chunked:
    """What came out of one run."""

    output: bytes
    result: ChunkResult
    records: list[dict[str, Any]] = field(init=False)

    def __post_init__(self) -> None:
        self.records = [json.loads(line) for line in self.output.splitlines()]

    def of(self, path: str) -> list[dict[str, Any]]:
        return [record for record in self.records if record["path"] == path]


def chunked(
    tree: Path, options: ScanOptions = ONE, chunking: ChunkOptions = SMALL, *, with_text: bool = True, **more: Any
) -> Chunked:
    output = io.BytesIO()
    renderer = JsonlRenderer(with_text=with_text)
    result = chunk(tree, chunking, options, renderer=renderer, sink=JsonlSink(output, renderer), **more)
    return Chunked(output.getvalue(), result)


@pytest.fixture(scope="module")
def expected(tree: Path) -> Chunked:
    return chunked(tree)


def statistics_of(result: ChunkResult) -> dict[str, Any]:
    found = result.statistics
    return {
        "files": found.files,
        "bytes": found.bytes,
        "repeated": (found.repeated_chunks, found.repeated_tokens),
        "fallbacks": found.fallbacks,
        "sizes": found.sizes.tolist(),
        "boundaries": found.boundaries.tolist(),
        "fallback_languages": result.fallbacks,
    }


@pytest.mark.parametrize("workers", [1, 2, 3])
@pytest.mark.parametrize("batch_files", [5, 800])
def test_workers_and_batches_decide_nothing(tree: Path, expected: Chunked, workers: int, batch_files: int) -> None:
    found = chunked(tree, replace(ONE, workers=workers, batch_files=batch_files))
    assert found.output == expected.output
    assert statistics_of(found.result) == statistics_of(expected.result)
    assert found.result.scan.throughput.workers == workers


def test_what_falls_back_is_known_by_its_language(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Once a file, whoever cut it and in however many segments."""
    monkeypatch.setattr(limits, "SEGMENT_BYTES", 20_000)
    broken = b"? $ ! ? $ ! ? $ ! ? $\n"
    write(
        tmp_path,
        {
            "a.py": broken * 40,
            "b.txt": b"words\n",
            "c": b"words\n",
            "d.py": code(9, 1),
            "e.py": broken * 9000,
            "f": b"",
        },
    )
    expected = {("does not parse cleanly", "Python"): 2, ("no grammar", "Text"): 1, ("no grammar", ""): 1}
    chunking = replace(SMALL, boundaries="ast")
    for options in (ONE, replace(ONE, workers=2, batch_files=1), replace(ONE, slab_bytes=SLAB)):
        result = chunked(tmp_path, options, chunking).result
        assert result.fallbacks == expected
        by_reason = {reason: 0 for reason, _ in expected}
        for (reason, _), files in result.fallbacks.items():
            by_reason[reason] += files
        assert by_reason == result.statistics.fallbacks
    assert not chunked(tmp_path).result.fallbacks


@pytest.mark.parametrize("slab_bytes", [SLAB, 10_001, 1 << 24])
@pytest.mark.parametrize(
    "chunking", [SMALL, replace(SMALL, overlap=12, max_chars=90), replace(SMALL, boundaries="ast")], ids=repr
)
def test_slabs_decide_nothing(tree: Path, slab_bytes: int, chunking: ChunkOptions) -> None:
    assert chunked(tree, replace(ONE, slab_bytes=slab_bytes), chunking).output == chunked(tree, ONE, chunking).output


@pytest.mark.parametrize("slab_bytes", [SLAB, 1 << 20])
def test_a_text_of_several_segments_is_cut_alike_in_any_slab(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, slab_bytes: int
) -> None:
    """Also where a slab is larger than a segment."""
    monkeypatch.setattr(limits, "SEGMENT_BYTES", 20_000)
    data = code(500, 1)
    write(tmp_path, {"a.py": data, "b.py": b"b = 1\n"})
    options = ChunkOptions(max_tokens=300)
    found = chunked(tmp_path, replace(ONE, slab_bytes=slab_bytes), options).of("a.py")
    alone = chunk_text(data, language="Python", options=options)
    assert [record["end_byte"] for record in found] == alone.ends.tolist()


def test_every_text_is_cut_as_it_is_alone(tree: Path, expected: Chunked) -> None:
    result = expected.result.scan
    checked = 0
    for path, row in zip(result.paths, result.rows, strict=True):
        data = (tree / os.fsdecode(path)).read_bytes()
        records = expected.of(os.fsdecode(path))
        if row["kind"] == Kind.BINARY:
            assert records == []
            continue
        language = LANGUAGES[int(row["language"])]
        alone = chunk_text(data, language=language, options=SMALL)
        columns = [
            (r["start_byte"], r["end_byte"], r["start_line"], r["end_line"], r["tokens"], r["id"]) for r in records
        ]
        assert columns == [
            (own.start_byte, own.end_byte, own.start_line, own.end_line, own.tokens, own.id)
            for own in alone.records(data)
        ], path
        assert {record["language"] for record in records} <= {language or None}
        checked += len(records)
    assert checked == len(expected.records) > 500


def test_files_come_in_the_order_of_the_walk(tree: Path, expected: Chunked) -> None:
    """A directory's files in byte order of their names, then its directories."""

    def below(directory: str) -> Iterator[str]:
        entries = sorted(os.listdir(tree / directory), key=os.fsencode)
        paths = [os.path.join(directory, name) for name in entries if not (tree / directory / name).is_symlink()]
        yield from (path for path in paths if (tree / path).is_file())
        for path in paths:
            if (tree / path).is_dir():
                yield from below(path)

    with_chunks = {record["path"] for record in expected.records}
    order = list(dict.fromkeys(record["path"] for record in expected.records))
    assert order == [path for path in below("") if path in with_chunks]
    assert order[:2] == ["B.md", "linked.c"]
    for path in order:
        starts = [record["start_byte"] for record in expected.of(path)]
        assert starts == sorted(starts)


def test_repeated_chunks_name_the_first_place(expected: Chunked) -> None:
    first: dict[str, dict[str, Any]] = {}
    repeated = tokens = 0
    for record in expected.records:
        known = first.setdefault(record["id"], record)
        if known is record:
            assert record["duplicate_of"] is None
            assert record["text"] is not None
        else:
            assert record["duplicate_of"] == {"path": known["path"], "start_byte": known["start_byte"]}
            assert record["text"] is None
            repeated += 1
            tokens += record["tokens"]
    assert repeated > 100
    found = expected.result.statistics
    assert (found.repeated_chunks, found.repeated_tokens) == (repeated, tokens)
    copied = expected.of("z/copy.py")
    assert {record["duplicate_of"]["path"] for record in copied} != set()


def test_a_repeat_within_one_file_names_its_first_place(tmp_path: Path) -> None:
    function = b"def f(x):\n" + b"    x = x + 1\n" * 4 + b"\n\n"
    write(tmp_path, {"a.py": function * 4, "b.py": function})
    records = chunked(tmp_path).records
    assert len(records) == 5
    assert [record["duplicate_of"] for record in records] == [None, *[{"path": "a.py", "start_byte": 0}] * 4]


def test_hard_links_are_all_chunked(expected: Chunked) -> None:
    linked, large = expected.of("linked.c"), expected.of("d5/large.c")
    assert [record["id"] for record in linked] == [record["id"] for record in large]
    assert all(record["duplicate_of"]["path"] == "linked.c" for record in large)
    assert len(expected.of("d1/tool too")) == len(expected.of("d2/tool")) > 1


def test_totals_are_those_of_a_scan(tree: Path, expected: Chunked) -> None:
    scanned = scan(tree, ScanOptions(use_index=False))
    for options in (ONE, replace(ONE, slab_bytes=SLAB)):
        found = chunked(tree, options).result.scan
        assert plain(found.rows) == plain(scanned.rows)
        assert (found.tree_digest, found.totals) == (scanned.tree_digest, scanned.totals)
    texts = scanned.rows[scanned.rows["kind"] == Kind.TEXT]
    assert expected.result.statistics.files == len(texts)
    assert expected.result.statistics.bytes == int(texts["size"].sum())
    assert expected.result.statistics.tokens == sum(record["tokens"] for record in expected.records)


def test_without_texts_the_rest_is_the_same(tree: Path, expected: Chunked) -> None:
    found = chunked(tree, replace(ONE, workers=2), with_text=False)
    assert found.records == [
        {name: value for name, value in record.items() if name != "text"} for record in expected.records
    ]


def test_a_tree_without_texts(tmp_path: Path) -> None:
    write(tmp_path, {"empty": b"", "noise": b"\0" * 9000, "also empty.py": b""})
    for workers in (1, 2):
        found = chunked(tmp_path, replace(ONE, workers=workers))
        assert found.output == b""
        assert found.result.scan.totals.files == 3
        assert (found.result.statistics.files, found.result.statistics.chunks) == (2, 0)


def test_names_in_the_order_given_by_the_walk(tree: Path, expected: Chunked) -> None:
    found = chunked(tree, names=[b"d5/large.c", b"B.md"])
    assert [record["id"] for record in found.records] == [
        record["id"] for path in ("B.md", "d5/large.c") for record in expected.of(path)
    ]


# Workers that die

PROGRAM = """
import io, json, os, signal, sys
from exosuit_cli.chunk import ChunkOptions
from exosuit_cli.ingest import ScanOptions, chunk
from exosuit_cli.report.chunk.jsonl import JsonlRenderer, JsonlSink

class Fatal(JsonlRenderer):
    def render(self, slab):
        if set(slab.paths) & set(json.loads(sys.argv[2])):
            if sys.argv[3] == "always":
                os.kill(os.getpid(), signal.SIGKILL)
            try:
                os.close(os.open(sys.argv[3], os.O_CREAT | os.O_EXCL))
            except FileExistsError:
                pass
            else:
                os.kill(os.getpid(), signal.SIGKILL)
        return super().render(slab)

json_loads, json.loads = json.loads, lambda text: [name.encode() for name in json_loads(text)]
output, renderer = io.BytesIO(), Fatal(with_text=True)
options = ScanOptions(workers=2, batch_files=20, slab_bytes=1 << 13)
chunking = ChunkOptions(max_tokens=48, min_tokens=6)
result = chunk(sys.argv[1], chunking, options, renderer=renderer, sink=JsonlSink(output, renderer))
skips = {os.fsdecode(skip.path): skip.outcome.label for skip in result.scan.unreadable}
print(json.dumps([result.scan.throughput.worker_deaths, skips, result.statistics.chunks]))
sys.stdout.flush()
sys.stdout.buffer.write(output.getvalue())
"""


def fatal(tree: Path, paths: Sequence[str], how: str) -> tuple[int, dict[str, str], int, bytes]:
    """Chunk in workers, of which those that render one of the paths die."""
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM, str(tree), json.dumps(paths), how],
        capture_output=True,
        check=False,
        timeout=100,
        env={**os.environ, "OPENBLAS_NUM_THREADS": "1"},
    )
    assert (done.returncode, done.stderr) == (0, b"")
    header, _, output = done.stdout.partition(b"\n")
    deaths, skips, chunks = json.loads(header)
    return deaths, skips, chunks, output


@pytest.mark.parametrize("path", ["B.md", "d5/large.c", "z/copy.py"])
def test_a_worker_that_dies_once_changes_nothing(tree: Path, expected: Chunked, tmp_path: Path, path: str) -> None:
    deaths, skips, chunks, output = fatal(tree, [path], str(tmp_path / "flag"))
    assert deaths == 1
    assert skips == {}
    assert chunks == len(expected.records)
    assert output == expected.output


def test_a_file_that_kills_its_reader_has_no_chunks(tree: Path, expected: Chunked) -> None:
    poisoned = ["d5/large.c", "d4/11.py", "z/copy.py"]
    deaths, skips, chunks, output = fatal(tree, poisoned, "always")
    assert deaths >= 2
    assert skips == dict.fromkeys(poisoned, "quarantined")
    kept = [record for record in expected.records if record["path"] not in poisoned]
    assert chunks == len(kept)
    found = [json.loads(line) for line in output.splitlines()]
    assert [(record["path"], record["id"]) for record in found] == [(record["path"], record["id"]) for record in kept]


# Files that change


class Growing:
    """Takes the place of `chunk_large`: the file changes after its first segment was taken."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.segments = 0
        self._chunk_large = cutting.chunk_large

    def __call__(self, item: Any, *arguments: Any) -> Iterator[Any]:
        for found in self._chunk_large(item, *arguments):
            yield found
            self.segments += 1
            if self.segments == 1 and os.fstat(item.descriptor).st_ino == self.path.stat().st_ino:
                with open(self.path, "r+b") as file:
                    file.write(b"# changed meanwhile")


def shard_for(base: Path, counter: TokenCounter) -> Shard:
    settings = ShardSettings(
        base=os.fsencode(base),
        encoding=counter.encoding,
        hash="blake3",
        device="cpu",
        max_file_size=0,
        slab_bytes=SLAB,
        follow=False,
        chunking=Chunking(SMALL, JsonlRenderer(with_text=True)),
    )
    return Shard(settings, counter)


def test_chunks_name_their_neighbours_also_across_the_parts_of_a_large_file(
    tmp_path: Path, counter: TokenCounter, monkeypatch: pytest.MonkeyPatch
) -> None:
    files = {"a.py": code(3, 1), "test_b.py": b"# @generated\n" + code(200, 2), "c.py": b""}
    write(tmp_path, files)
    monkeypatch.setattr(limits, "SEGMENT_BYTES", 5000)
    shard = shard_for(tmp_path, counter)
    try:
        result = shard.ingest(batch_of(tmp_path, list(files)))
    finally:
        shard.close()
    assert result.chunks is not None
    records = [json.loads(line) for line in bytes(result.chunks.rendered).splitlines()]
    for path in ("a.py", "test_b.py"):
        own = [record for record in records if record["path"] == path]
        ids = [record["id"] for record in own]
        assert len(ids) > 1
        assert [record["previous"] for record in own] == [None, *ids[:-1]]
        assert [record["next"] for record in own] == [*ids[1:], None]
    assert {tuple(record["flags"]) for record in own} == {("generated", "test")}


def test_a_file_that_changes_while_it_is_read_has_no_chunks(
    tmp_path: Path, counter: TokenCounter, monkeypatch: pytest.MonkeyPatch
) -> None:
    files = {"a.py": code(3, 1), "b.py": code(200, 2), "c.py": code(4, 3)}
    write(tmp_path, files)
    os.utime(tmp_path / "b.py", ns=(0, 0))
    monkeypatch.setattr(limits, "SEGMENT_BYTES", 5000)
    growing = Growing(tmp_path / "b.py")
    monkeypatch.setattr(cutting, "chunk_large", growing)
    shard = shard_for(tmp_path, counter)
    try:
        result = shard.ingest(batch_of(tmp_path, list(files)))
    finally:
        shard.close()
    assert growing.segments > 2
    assert [Outcome(int(outcome)) for outcome in result.rows["outcome"]] == [
        Outcome.INGESTED, Outcome.CHANGED, Outcome.INGESTED,
    ]  # fmt: skip
    found = result.chunks
    assert found is not None
    assert found.counts[1] == 0
    assert found.counts[0] > 0
    assert found.counts[2] > 0
    assert found.counts.sum() == len(found) == len(found.sizes) == len(found.chunks.tokens)
    records = [json.loads(line) for line in bytes(found.rendered).splitlines()]
    assert {record["path"] for record in records} == {"a.py", "c.py"}
    for path in ("a.py", "c.py"):
        assert "".join(record["text"] for record in records if record["path"] == path).encode() == files[path]
    assert found.statistics.files == 2
    assert found.statistics.bytes == len(files["a.py"]) + len(files["c.py"])
    assert found.statistics.chunks == len(records)


def batch_facts(batch: ChunkBatch) -> dict[str, Any]:
    columns = ("starts", "ends", "start_lines", "end_lines", "tokens", "boundaries", "ids")
    facts = {name: getattr(batch.chunks, name).tolist() for name in columns}
    facts |= {name: getattr(batch, name).tolist() for name in ("counts", "heads", "sizes")}
    return facts | {
        "symbols": batch.chunks.symbols,
        "rendered": batch.rendered,
        "statistics": (batch.statistics.files, batch.statistics.bytes, batch.statistics.sizes.tolist()),
        "fallbacks": batch.statistics.fallbacks,
    }


def built(paths: list[bytes], add: Sequence[str], boundaries: str = "structure") -> dict[str, Any]:
    """A batch after some steps: the name of a file to enter, or `forget` and a name."""
    options = replace(SMALL, boundaries=boundaries)
    builder = BatchBuilder(Chunking(options, JsonlRenderer(with_text=True)), paths)
    for step in add:
        word, _, name = step.rpartition(" ")
        position = paths.index(name.encode())
        if word:
            builder.forget(position)
            continue
        data = code(6, position)
        half = data.index(b"\n\n\n", len(data) // 2)
        pieces = [data] if position % 2 else [data[:half], data[half:], b""]
        for piece in pieces:
            chunks = chunk_text(piece, language="Python" if position else "", options=options)
            builder.add(position, "Python", memoryview(piece), 0, chunks)
    return batch_facts(builder.build(len(paths)))


@pytest.mark.parametrize("boundaries", ["structure", "ast"])
@pytest.mark.parametrize(
    ("steps", "same"),
    [
        (["a", "b", "forget b", "c"], ["a", "c"]),
        (["a", "forget a"], []),
        (["forget a", "b"], ["b"]),
        (["a", "b", "forget b", "b"], ["a", "b"]),
        (["a", "b", "c", "forget c"], ["a", "b"]),
    ],
    ids=" ".join,
)
def test_forgetting_leaves_nothing(steps: list[str], same: list[str], boundaries: str) -> None:
    paths = [b"a", b"b", b"c"]
    assert built(paths, steps, boundaries) == built(paths, same, boundaries)


def test_a_forgotten_file_has_not_fallen_back() -> None:
    options = replace(SMALL, boundaries="ast")
    builder = FallbackBuilder(Chunking(options, JsonlRenderer(with_text=True)), [b"a", b"b"])
    for position in range(2):
        builder.add(position, "Text", memoryview(b"a\n"), 0, chunk_text(b"a\n", language="Text", options=options))
    builder.forget(1)
    assert builder.fallbacks() == {("no grammar", "Text"): 1}
    assert builder.build(2).statistics.fallbacks == {"no grammar": 1}


# Order


@dataclass
class Recorder:
    """A sink that keeps what it gets."""

    got: list[Any] = field(default_factory=list)

    def write(self, batch: ChunkBatch, paths: Sequence[bytes], repeats: dict[int, tuple[bytes, int]]) -> None:
        self.got.append((batch.chunks.ids.tobytes(), list(paths), repeats, bytes(batch.rendered)))


def finished_batches(tmp_path: Path) -> list[FinishedTask]:
    """Five batches of two or three files, the middle one quarantined, with chunks in common."""
    write(tmp_path, {f"{number}.py": code(4, number % 5) for number in range(12)})
    chunking = Chunking(SMALL, JsonlRenderer(with_text=True))
    found = []
    place = 0
    for size in (3, 2, 1, 3, 3):
        names = [f"{number}.py" for number in range(place, place + size)]
        batch = batch_of(tmp_path, names)
        builder = BatchBuilder(chunking, batch.paths())
        for position, name in enumerate(names):
            data = (tmp_path / name).read_bytes()
            builder.add(position, "Python", memoryview(data), 0, chunk_text(data, language="Python", options=SMALL))
        result = ShardResult(np.zeros(size, ROW), 0, builder.build(size)) if size > 1 else None
        found.append(FinishedTask(Task(batch, np.arange(place, place + size)), result))
        place += size
    return found


def test_batches_are_written_in_order_however_they_finish(tmp_path: Path) -> None:
    batches = finished_batches(tmp_path)
    expected = None
    for order in permutations(range(5)):
        sink = Recorder()
        collecting = ChunkCollector(Chunking(SMALL, JsonlRenderer(with_text=True)), sink)
        for taken, number in enumerate(order, 1):
            collecting.take(batches[number])
            reached = next((place for place in range(5) if place not in order[:taken]), 5)
            assert len(sink.got) == reached - (reached > 2), "what is next in order is written at once"
        facts = (
            sink.got,
            collecting.statistics.chunks,
            collecting.statistics.repeated_chunks,
            collecting.statistics.files,
        )
        expected = expected or facts
        assert facts == expected
    assert expected is not None
    got = expected[0]
    assert [paths[0] for _, paths, _, _ in got] == [b"0.py", b"3.py", b"6.py", b"9.py"]
    repeats = [place for _, _, found, _ in got for place in found.values()]
    assert len(repeats) == expected[2] > 5
    assert {path for path, _ in repeats} <= {b"0.py", b"1.py", b"2.py", b"3.py", b"4.py"}


def test_what_waits_for_an_earlier_batch_is_bounded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    batches = finished_batches(tmp_path)
    monkeypatch.setattr(collector, "HELD_BYTES", 3000)
    collecting = ChunkCollector(Chunking(SMALL, JsonlRenderer(with_text=True)), Recorder())
    assert collecting.has_room()
    collecting.take(batches[1])
    collecting.take(batches[3])
    assert not collecting.has_room()
    collecting.take(batches[0])
    collecting.take(batches[2])
    assert collecting.has_room()


def test_little_room_for_waiting_batches_ends_all_the_same(
    tree: Path, expected: Chunked, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(collector, "HELD_BYTES", 1)
    assert chunked(tree, replace(ONE, workers=3, batch_files=3)).output == expected.output


def test_results_are_sent_in_parts(tree: Path, expected: Chunked, monkeypatch: pytest.MonkeyPatch) -> None:
    """A batch whose chunks are many is ended early, and its rest is another one."""
    monkeypatch.setattr(cutting, "RESULT_BYTES", 2000)
    found = chunked(tree, replace(ONE, slab_bytes=SLAB))
    assert found.output == expected.output
    assert found.result.scan.tree_digest == expected.result.scan.tree_digest
