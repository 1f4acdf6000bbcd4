"""An index is in step with its context after any change, and says the same as one that is built anew."""

from __future__ import annotations

import os
import random
from typing import TYPE_CHECKING, Any

import pytest
from context.stores import HOSTILE, functions, load, source, write_bytes

from exosuit_cli.context import Context, drop_context
from exosuit_cli.context.names import context_names, index_directory
from exosuit_cli.context.reader import ContextReader
from exosuit_cli.context.rows import read_generation
from exosuit_cli.search import build
from exosuit_cli.search.build import BuildStopped
from exosuit_cli.search.index import open_index
from exosuit_cli.search.manifest import read_manifest
from exosuit_cli.search.searcher import Searcher
from exosuit_cli.system.stop import StopRequest

from .indexes import dump, refresh

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path


def directory_of(name: str) -> str:
    with ContextReader.open(name) as context:
        return index_directory(context.path)


def anew(name: str, tmp_path: Path, *trees: Path) -> dict[Any, Any]:
    """What the index of a new context of these trees says."""
    load("anew", *(source(tree) for tree in trees))
    found = dump("anew")
    drop_context("anew")
    return found


def test_random_edits(tmp_path: Path) -> None:
    """Edits, renames, deletions, files that come back; more refreshes than small segments are kept."""
    chance = random.Random(3)
    tree = tmp_path / "tree"
    write_bytes(tree, HOSTILE)
    load("c", source(tree))
    refresh("c")
    names = sorted(HOSTILE)
    for number in range(11):
        for _ in range(3):
            path = os.fsencode(tree) + b"/" + chance.choice(names)
            kind = chance.randrange(3)
            if kind == 0 and os.path.exists(path):
                os.unlink(path)
            elif kind == 1 and os.path.exists(path):
                os.replace(path, path + b".py")
            else:
                with open(path, "ab") as file:
                    file.write(functions(1 + number % 4, f"_v{number}"))
        if number % 3:  # the context that was loaded says what changed
            with Context.open("c") as context:
                context.load([source(tree)])
                assert context.changes is not None
                open_index(context)[0].close()
        else:
            load("c", source(tree))
            refresh("c")
    assert refresh("c").files == 0
    assert dump("c") == anew("c", tmp_path, tree)
    manifest = read_manifest(directory_of("c"))
    assert manifest is not None
    assert len(manifest.segments) <= 10
    assert len(os.listdir(directory_of("c"))) == len(manifest.segments) + 2  # the manifest and the lock


def test_only_what_changed_is_indexed(tmp_path: Path) -> None:
    tree, other = tmp_path / "tree", tmp_path / "other"
    write_bytes(tree, {b"%d.py" % number: functions(5, f"_{number}") for number in range(9)})
    write_bytes(other, {b"o.py": functions(5, "_o"), b"binary": b"\0"})
    load("c", source(tree))
    first = refresh("c")
    assert (first.files, first.removed, first.reason) == (9, 0, None)
    assert first.chunks >= 9
    again = refresh("c")
    assert (again.files, again.chunks, again.removed) == (0, 0, 0)
    write_bytes(tree, {b"3.py": b"x = 1\n", b"new.py": b"y = 1\n"})
    os.unlink(tree / "4.py")
    load("c", source(tree))
    assert refresh("c").files == 2
    load("c", source(tree))
    assert refresh("c").files == 0
    load("c", source(other))
    assert refresh("c").files == 1
    with Context.open("c") as context:
        context.forget("tree")
    done = refresh("c")
    assert (done.files, done.removed) == (0, 9)
    assert dump("c") == {(2, *key[1:]): value for key, value in anew("c", tmp_path, other).items()}


def test_what_is_gone_weighs_nothing(tmp_path: Path) -> None:
    """The scores after edits are those of an index that is built anew."""

    def scores(name: str) -> list[tuple[bytes, int, float]]:
        with ContextReader.open(name) as context, Searcher.open(context) as searcher:
            found = searcher.query("fox jumps over x", top=20)
            return [(each.path, each.start_line, round(each.score, 4)) for each in found.answers]

    tree = tmp_path / "tree"
    words = [b"fox", b"jumps", b"over", b"dogs"]
    texts = {b"%d.py" % n: functions(3) + b"# " + b" ".join(words[n % 4 :]) + b"\n" for n in range(12)}
    write_bytes(tree, texts)
    load("c", source(tree))
    refresh("c")
    write_bytes(tree, {b"0.py": b"fox = 1\n", b"4.py": functions(9), b"5.py": b"# over and over\n"})
    os.unlink(tree / "8.py")
    load("c", source(tree))
    refresh("c")
    load("anew", source(tree))
    assert scores("c") == scores("anew")


def test_a_context_that_is_compacted_rebuilt_or_cut_anew(tmp_path: Path) -> None:
    tree = tmp_path / "tree"
    write_bytes(tree, HOSTILE)
    load("c", source(tree))
    refresh("c")
    with Context.open("c") as context:
        context.compact()
    assert refresh("c").files == 0
    load("c", source(tree), anew=True)
    refresh("c")
    assert dump("c") == anew("c", tmp_path, tree)
    load("c", source(tree, max_tokens=64))
    assert refresh("c").files > 10
    load("anew", source(tree, max_tokens=64))
    assert dump("c") == dump("anew")


def test_worker_processes_give_the_same(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(build, "PARALLEL_CHUNKS", 8)
    monkeypatch.setattr(build, "usable_processors", lambda: 3)
    monkeypatch.setattr(build, "start_method", lambda: "fork")
    tree = tmp_path / "tree"
    write_bytes(tree, HOSTILE)
    load("c", source(tree))
    alone = anew("c", tmp_path, tree)
    done: list[int] = []
    found = dump("c", progress=lambda each: done.append(each.done))
    assert found == alone
    assert done[-1] == refresh("c", anew="asked").chunks
    manifest = read_manifest(directory_of("c"))
    assert manifest is not None
    assert len(manifest.segments) == 3


def test_a_file_of_more_chunks_than_a_segment_has(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    tree = tmp_path / "tree"
    write_bytes(tree, {b"a.py": functions(60), b"b.py": functions(3)})
    load("c", source(tree, max_tokens=64))
    whole = dump("c")
    monkeypatch.setattr("exosuit_cli.search.index.SEGMENT_CHUNKS", 7)
    monkeypatch.setattr(build, "SEGMENT_CHUNKS", 7)
    refresh("c", anew="asked")
    parts = dump("c")
    assert {key: value for key, value in parts.items() if len(key) == 4 and key[3] != "path"} == {
        key: value for key, value in whole.items() if len(key) == 4 and key[3] != "path"
    }
    assert refresh("c").files == 0


def test_dropping_a_context_drops_its_index_and_no_index_is_a_context(tmp_path: Path) -> None:
    write_bytes(tmp_path / "tree", {b"a.py": functions(3)})
    load("c", source(tmp_path / "tree"))
    refresh("c")
    directory = directory_of("c")
    assert context_names() == ["c"]
    drop_context("c")
    assert not os.path.exists(directory)


def test_a_signal_stops_the_build_and_nothing_is_left(tmp_path: Path) -> None:
    import signal

    write_bytes(tmp_path / "tree", {b"a.py": functions(3)})
    load("c", source(tmp_path / "tree"))
    stop = StopRequest()
    stop.signal = signal.SIGINT
    with pytest.raises(BuildStopped):
        refresh("c", stop=stop)
    assert os.listdir(directory_of("c")) == ["lock"]
    assert refresh("c").files == 1


def test_a_reader_keeps_what_it_opened(tmp_path: Path) -> None:
    tree = tmp_path / "tree"
    write_bytes(tree, {b"a.py": functions(30)})
    load("c", source(tree))
    with ContextReader.open("c") as context:
        index, _ = open_index(context)
        write_bytes(tree, {b"a.py": b"x = 1\n"})
        load("c", source(tree))
        refresh("c")
        assert len(os.listdir(directory_of("c"))) == 3
        assert index.segments[0].path(0) == b"a.py"
        assert index.segments[0].chunks > 1


def test_a_state_directory_that_is_read_only(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("exosuit_cli.search.index._is_writable", lambda _: False)
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    monkeypatch.setattr("tempfile.tempdir", None)
    write_bytes(tmp_path / "tree", {b"a.py": functions(3)})
    load("c", source(tmp_path / "tree"))
    with ContextReader.open("c") as context:
        index, done = open_index(context)
        assert done.files == 1
        assert done.reason is not None
        assert "temporary" in done.reason
        assert list(tmp_path.glob("exosuit-search-*"))
        index.close()
    assert not list(tmp_path.glob("exosuit-search-*"))
    assert not os.path.exists(directory_of("c"))


def test_every_change_of_the_files_has_its_generation(tmp_path: Path) -> None:
    """Nothing is listed while it stays, so it must change with whatever a search could see."""
    tree = tmp_path / "tree"
    write_bytes(tree, {b"a.py": functions(3), b"b.py": functions(3, "b")})
    write_bytes(tmp_path / "other", {b"c.py": b"x = 1\n"})

    def generation() -> str | None:
        with ContextReader.open("c") as context:
            return read_generation(context.connection)

    def written(work: Callable[[Context], object]) -> None:
        with Context.open("c") as context:
            work(context)

    seen: list[str | None] = []
    changes: tuple[Callable[[], object], ...] = (
        lambda: load("c", source(tree)),
        lambda: load("c", source(tmp_path / "other")),
        lambda: (write_bytes(tree, {b"a.py": b"y = 1\n"}), load("c", source(tree))),
        lambda: ((tree / "b.py").rename(tree / "z.py"), load("c", source(tree))),
        lambda: load("c", source(tree, max_tokens=64)),
        lambda: load("c", source(tree, max_tokens=64), anew=True),
        lambda: written(Context.mark_damaged),
        lambda: written(lambda context: context.forget("other")),
    )
    for change in changes:
        change()
        assert generation() not in seen
        seen.append(generation())
        refresh("c")
    assert None not in seen
    load("c", source(tree, max_tokens=64))  # compares all files once more: what was damaged might be among them
    last = generation()
    load("c", source(tree, max_tokens=64))
    with Context.open("c") as context:
        context.compact()
    assert generation() == last
    with Context.open("c") as context:
        context.connection.execute("DELETE FROM meta WHERE key = 'generation'")
    done = refresh("c")
    assert (done.files, done.removed) == (0, 0)  # an older context: its files are listed each time
