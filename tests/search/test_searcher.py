"""Questions to a context: what answers, within which filters and budget."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from context.stores import HOSTILE, functions, load, source, write_bytes

from exosuit_cli.context.reader import ContextReader
from exosuit_cli.model.errors import UsageError
from exosuit_cli.search.records import Filters, QueryResult
from exosuit_cli.search.searcher import Searcher

if TYPE_CHECKING:
    from pathlib import Path

TREE = {
    b"src/reader.py": b"class ConfigReader:\n    def read_settings(self):\n        return self.settings\n"
    + functions(40),
    b"src/writer.c": b"int write_all(int fd)\n{\n\treturn fd;\n}\n",
    b"docs/guide.md": b"# Settings\n\nHow the settings of a configuration are read.\n",
    b"etc/app.yaml": b"settings:\n  path: /etc/app\n",
    b"copy/guide.md": b"# Settings\n\nHow the settings of a configuration are read.\n",
}


def ask(text: str, name: str = "c", **options: Any) -> QueryResult:
    with ContextReader.open(name) as context, Searcher.open(context) as searcher:
        return searcher.query(text, **options)


def paths(text: str, **filters: Any) -> set[bytes]:
    return {answer.path for answer in ask(text, filters=Filters(**filters)).answers}


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    write_bytes(tmp_path / "tree", TREE)
    load("c", source(tmp_path / "tree", max_tokens=64))
    return tmp_path / "tree"


@pytest.mark.usefixtures("tree")
def test_an_answer_is_a_chunk_of_the_context() -> None:
    result = ask("read_settings")
    first = result.answers[0]
    assert first.path == b"src/reader.py"
    assert (first.start_line, first.start_byte, first.ordinal, first.language) == (1, 0, 0, "Python")
    assert sum(first.signals.values()) == pytest.approx(first.score, rel=1e-4)
    assert result.files == 5
    with ContextReader.open("c") as context:
        places = [place for place in context.places(first.id) if place.path == first.path]
        assert [(place.end_line, place.end_byte, place.tokens) for place in places] == [
            (first.end_line, first.end_byte, first.tokens)
        ]
        assert b"read_settings" in context.get(first.id)


@pytest.mark.usefixtures("tree")
def test_filters() -> None:
    everything = paths("settings")
    assert {b"src/reader.py", b"etc/app.yaml"} <= everything
    assert everything & {b"docs/guide.md", b"copy/guide.md"}
    assert paths("settings", kind="config") == {b"etc/app.yaml"}
    assert paths("settings", kind="code") == {b"src/reader.py"}
    assert paths("settings", include=("docs/",)) == {b"docs/guide.md"}
    assert paths("settings", include=("*.py", "*.yaml")) == {b"src/reader.py", b"etc/app.yaml"}
    assert b"src/reader.py" not in paths("settings", exclude=("src",))
    assert paths("settings", languages=("python",)) == {b"src/reader.py"}
    assert paths("settings", sources=("tree",)) == everything
    assert ask("settings", filters=Filters(kind="code")).files == 2
    for wrong in ({"kind": "prose"}, {"sources": ("other",)}):
        with pytest.raises(UsageError):
            paths("settings", **wrong)


@pytest.mark.usefixtures("tree")
def test_a_text_that_lies_twice_is_given_once_and_a_budget_gives_more_places() -> None:
    answers = ask("configuration settings read").answers
    assert len({answer.id for answer in answers}) == len(answers)
    some = ask("return x", budget=200).answers
    assert sum(answer.tokens for answer in some) <= 200
    assert len(some) > 1
    assert len({answer.file for answer in some}) < len(some)
    assert len(ask("return x settings", top=1).answers) == 1


def test_further_places_of_a_file_come_before_files_that_are_far_less_likely(tmp_path: Path) -> None:
    """As in a library in one file: each file that says as much comes first, and the scores are in the order shown."""
    classes = "".join(
        f'class {name}Cache:\n    """A cache that evicts the {word} used item."""\n\n'
        + "".join(f"    def {name.lower()}_{number}(self):\n        return {number}\n\n" for number in range(40))
        for name, word in (("Lru", "least recently"), ("Mru", "most recently"), ("Lfu", "least frequently"))
    ).encode()
    write_bytes(
        tmp_path, {b"cache.py": classes, b"setup.py": b"items = ['cache']\n", b"doc.md": b"# Used\n\nAn item.\n"}
    )
    load("c", source(tmp_path))
    answers = ask("cache that evicts the least recently used item").answers
    paths = [answer.path for answer in answers]
    assert paths[:3] == [b"cache.py"] * 3
    assert {b"setup.py", b"doc.md"} <= set(paths[3:])
    assert len({answer.id for answer in answers}) == len(answers) <= 10
    scores = [answer.score for answer in answers]
    assert scores == sorted(scores, reverse=True)
    for answer in answers:
        assert sum(answer.signals.values()) == pytest.approx(answer.score, abs=1e-4)
    assert [answer.id for answer in ask("cache that evicts the least recently used item", top=2).answers] == [
        answer.id for answer in answers[:2]
    ]


@pytest.mark.usefixtures("tree")
def test_no_answer_has_words_that_are_near() -> None:
    result = ask("configreadr")
    assert result.answers == ()
    assert "configreader" in result.near, "the word, not its stem"
    for text in ("", "\0\xff\ud800", "?!" * 50, "how does the"):
        with pytest.raises(UsageError):
            ask(text)
    assert ask("word " * 20_000 + "settings").answers


def test_an_answer_of_several_sources_has_the_name_of_its_source(tmp_path: Path) -> None:
    write_bytes(tmp_path / "one", {b"a.py": b"apples = 1\n"})
    write_bytes(tmp_path / "two", {b"a.py": b"apples = 2\n"})
    load("c", source(tmp_path / "one"), source(tmp_path / "two"))
    assert {answer.path for answer in ask("apples").answers} == {b"one/a.py", b"two/a.py"}
    only = ask("apples", filters=Filters(sources=("two",), include=("two/*.py",)))
    assert [answer.path for answer in only.answers] == [b"two/a.py"]


def test_hostile_files_and_an_edit(tmp_path: Path) -> None:
    tree = tmp_path / "tree"
    write_bytes(tree, HOSTILE)
    load("c", source(tree))
    assert ask("special im_start").answers[0].path == b"special.txt"
    assert ask("日本語").answers[0].path == "größe/日本語.txt".encode()
    write_bytes(tree, {b"special.txt": b"nothing\n", b"bad\xff\nname": b"im_start\n"})
    load("c", source(tree))
    assert [answer.path for answer in ask("im_start").answers] == [b"bad\xff\nname"]
