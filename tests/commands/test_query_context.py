"""Which context a search looks into, and that it is up to date."""

from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from context.stores import functions, load, source
from trees import write

from exosuit_cli.commands import query_context
from exosuit_cli.commands.query_context import searched_context
from exosuit_cli.commands.query_request import CHUNKING, SearchPlace
from exosuit_cli.context import Context, context_names
from exosuit_cli.context.names import context_path
from exosuit_cli.model.errors import UsageError

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    write(
        tmp_path / "tree",
        {
            "a.py": b"def a():\n    return 1\n",
            "sub/b.py": b"def b():\n    return 2\n",
            "sub/deep/c.py": b"c = 3\n",
            "left_out/d.py": b"d = 4\n",
            ".ignore": b"left_out/\n",
        },
    )
    return tmp_path / "tree"


def searched(*paths: Path | str, context: str | None = None) -> tuple[str, list[bytes], bytes | None]:
    """The context, what is searched of its sources, and what paths are relative to."""
    with searched_context(SearchPlace(tuple(map(str, paths)), context)) as found:
        return found.context.name, [part.below for part in found.parts], found.base


def test_the_first_search_loads_the_tree_as_a_query_cuts_it(tree: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tree)
    with searched_context(SearchPlace()) as found:
        (part,) = found.parts
        assert (found.context.name, part.below, found.base) == ("tree", b"", os.fsencode(tree))
        assert (part.source.given, found.changed_files, found.warnings) == (CHUNKING, 4, ())
        assert found.shown_path(part.source, b"sub/b.py") == b"sub/b.py"
    with searched_context(SearchPlace()) as found:
        assert found.changed_files == 0
    (tree / "a.py").unlink()
    (tree / "sub" / "b.py").write_text("def again():\n    return 2\n")
    with searched_context(SearchPlace(("sub",))) as found:
        assert (found.context.name, found.changed_files) == ("tree", 2)
        assert [file.path for file in found.context.files()] == [b".ignore", b"sub/b.py", b"sub/deep/c.py"]


def test_the_closest_context_that_encloses_the_paths_is_searched(tree: Path, tmp_path: Path) -> None:
    load("outer", source(tmp_path))
    load("inner", replace(source(tree, max_tokens=64), given={"max_tokens": 64}))
    assert searched(tree) == ("inner", [b""], os.fsencode(tree))
    assert searched(tree / "sub") == ("inner", [b"sub"], os.fsencode(tree / "sub"))
    assert searched(tree / "sub", tree / "a.py") == ("inner", [b"sub", b"a.py"], os.fsencode(tree))
    assert searched(tmp_path) == ("outer", [b""], os.fsencode(tmp_path))
    assert searched(tree / "sub", context="outer") == ("outer", [b"tree/sub"], os.fsencode(tree / "sub"))
    assert searched(context="outer") == ("outer", [b""], os.fsencode(tmp_path))
    assert sorted(context_names()) == ["inner", "outer"]
    with Context.open("inner", read_only=True) as context:
        assert "max_tokens=64" in context.sources()[0].key, "a context keeps its own options"


def test_what_a_context_leaves_out_is_searched_by_its_name(tree: Path) -> None:
    load("tree", source(tree))
    assert searched(tree / "left_out") == ("left_out", [b""], os.fsencode(tree / "left_out"))
    (tree / "new").mkdir()
    (tree / "new" / "file.py").write_text("x = 1\n")
    assert searched(tree / "new")[0] == "tree", "it came after the last load"


def test_one_of_several_sources_is_refreshed_alone(tree: Path, tmp_path: Path) -> None:
    write(tmp_path / "other", {"o.py": b"o = 1\n"})
    load("both", source(tree), source(tmp_path / "other"))
    (tmp_path / "other" / "o.py").unlink()
    (tmp_path / "other").rmdir()
    with searched_context(SearchPlace((str(tree / "sub"),))) as found:
        assert (found.context.name, [part.source.name for part in found.parts]) == ("both", ["tree"])
        assert found.shown_path(found.parts[0].source, b"a.py") == b"../a.py"
    with pytest.raises(UsageError, match=r"cannot read .*other"):
        searched(context="both")


def test_errors_name_what_is_wrong(tree: Path, tmp_path: Path) -> None:
    load("tree", source(tree))
    with pytest.raises(UsageError, match=r"cannot read .*No such file"):
        searched(tree / "gone")
    with pytest.raises(UsageError, match="no context 'trea'; did you mean tree"):
        searched(context="trea")
    with pytest.raises(UsageError, match="is not accepted for a context"):
        searched(context="../tree")
    with pytest.raises(UsageError, match="is not in the context 'tree'; load it there with"):
        searched(tmp_path, context="tree")
    assert searched(tmp_path, context="named") == ("named", [b""], os.fsencode(tmp_path))
    assert context_names() == ["named", "tree"]


def test_a_first_load_that_fails_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "tree").mkdir()
    monkeypatch.setenv("EXOSUIT_SCAN_WORKERS", "many")
    with pytest.raises(UsageError, match="workers"):
        searched(tmp_path / "tree")
    assert context_names() == []


HOLD = (
    "import sys; from exosuit_cli.context.database import writer_lock\n"
    "with writer_lock(sys.argv[1], 'tree'):\n    print('held', flush=True)\n    sys.stdin.read()\n"
)


def test_a_context_that_another_process_loads_is_searched_as_it_was(
    tree: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(query_context, "LOAD_SECONDS", 0.0)
    assert searched(tree)[0] == "tree"
    (tree / "a.py").write_text("changed = 1\n")
    with subprocess.Popen(
        [sys.executable, "-c", HOLD, context_path("tree")], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as holder:
        assert holder.stdout is not None
        assert holder.stdin is not None
        assert holder.stdout.readline() == b"held\n"
        with searched_context(SearchPlace((str(tree),))) as found:
            assert found.changed_files == 0
            assert f"in use by another writer (process {holder.pid})" in found.warnings[0]
            assert "this searches what was loaded at 20" in found.warnings[0]
        holder.stdin.close()
    assert holder.returncode == 0
    with searched_context(SearchPlace((str(tree),))) as found:
        assert (found.changed_files, found.warnings) == (1, ())


QUERY = (
    "import sys; from exosuit_cli.commands.query_context import searched_context\n"
    "from exosuit_cli.commands.query_request import SearchPlace\n"
    "with searched_context(SearchPlace((sys.argv[1],)), status=lambda text: print(text, flush=True)) as found:\n"
    "    print(found.context.name, len(list(found.context.files())))\n"
)


def test_the_first_load_by_another_process_is_waited_for(tree: Path) -> None:
    with Context.open("tree", create=True):
        pass
    with subprocess.Popen(
        [sys.executable, "-c", HOLD, context_path("tree")], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as holder:
        assert holder.stdout is not None
        assert holder.stdin is not None
        assert holder.stdout.readline() == b"held\n"
        with subprocess.Popen([sys.executable, "-c", QUERY, tree], stdout=subprocess.PIPE) as process:
            assert process.stdout is not None
            assert process.stdout.readline().startswith(b"waiting for another process")
            holder.stdin.close()
            assert process.stdout.read().splitlines()[-1] == b"tree 4"
    assert (holder.returncode, process.returncode) == (0, 0)


def test_two_first_searches_at_once_make_one_context(tmp_path: Path) -> None:
    write(tmp_path / "tree", {f"{number}.py": functions(9, str(number)) for number in range(20)})
    command = [sys.executable, "-c", QUERY, tmp_path / "tree"]
    processes = [subprocess.Popen(command, stdout=subprocess.PIPE) for _ in range(2)]
    shown = [process.communicate()[0].splitlines()[-1] for process in processes]
    assert shown == [b"tree 20"] * 2
    assert context_names() == ["tree"]


def test_two_first_searches_of_trees_of_one_name_make_two_contexts(tmp_path: Path) -> None:
    trees = [tmp_path / "a" / "tree", tmp_path / "b" / "tree"]
    for count, tree in enumerate(trees, 20):
        write(tree, {f"{number}.py": functions(9, str(number)) for number in range(count)})
    processes = [subprocess.Popen([sys.executable, "-c", QUERY, tree], stdout=subprocess.PIPE) for tree in trees]
    shown = [process.communicate()[0].splitlines()[-1].split() for process in processes]
    assert [count for _, count in shown] == [b"20", b"21"]
    assert {name for name, _ in shown} == {b"tree", b"tree-2"}
