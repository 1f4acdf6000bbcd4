"""What a question says exactly leads: a line of a file, a qualified name, the words of a message."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from context.stores import functions, load, source, write_bytes

from exosuit_cli.context.reader import ContextReader
from exosuit_cli.search.question import read_question
from exosuit_cli.search.searcher import Searcher

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from exosuit_cli.search.records import Answer

METHODS = b"".join(b"    def step_%d(self):\n        return self.value + %d\n\n" % (n, n) for n in range(30))
TREE = {
    b"src/app/views.py": functions(60),
    b"src/other/views.py": functions(60, 100),
    b"src/app/work.py": b"class Stack:\n"
    + METHODS
    + b"    def push(self, item):\n        self.items.append(item)\n\n\n"
    b"class Queue:\n" + METHODS + b"    def push(self, item):\n        self.items.insert(0, item)\n",
    b"src/push.py": b"def push(queue):\n    return queue\n\n\ndef push_queue(queue):\n    return push(queue)\n",
    b"src/app/errors.py": functions(20, 300)
    + b'MESSAGE = (\n    "the store is closed, open it "\n    "before a value is read"\n)\n',
    b"docs/store.md": b"# The store\n\nThe store is closed, open it before a value is read. A store, closed.\n",
}


@pytest.fixture
def searcher(tmp_path: Path) -> Iterator[Searcher]:
    write_bytes(tmp_path / "tree", TREE)
    load("c", source(tmp_path / "tree", max_tokens=64))
    with ContextReader.open("c") as context, Searcher.open(context) as found:
        yield found


def first(searcher: Searcher, text: str) -> Answer:
    return searcher.query(text).answers[0]


def test_a_line_of_a_path_is_the_place(searcher: Searcher) -> None:
    for text in (
        "app/views.py:70",
        "src/app/views.py:70:5",
        "see app/views.py#L70",
        '  File "/x/app/views.py", line 70',
    ):
        answer = first(searcher, text)
        assert answer.path == b"src/app/views.py", text
        assert answer.start_line <= 70 <= answer.end_line, text
        assert sum(answer.signals.values()) == pytest.approx(answer.score, rel=1e-4)
    assert first(searcher, "app/views.py:99999").path == b"src/app/views.py"


def test_the_innermost_frame_of_the_tree_leads(searcher: Searcher) -> None:
    frames = (
        'Traceback (most recent call last):\n  File "/x/src/app/work.py", line 9, in a\n    a()\n'
        '  File "/x/src/other/views.py", line 30, in b\n    b()\n  File "/usr/lib/json.py", line 3, in c\n    c()\n'
        "ValueError: no"
    )
    answers = searcher.query(frames).answers
    assert [answer.path for answer in answers[:2]] == [b"src/other/views.py", b"src/app/work.py"]
    assert [answer.start_line <= line <= answer.end_line for answer, line in zip(answers, (30, 9), strict=False)] == [
        True, True,
    ]  # fmt: skip
    assert [place.line for place in read_question("error at src/a.rs:10:5\nsrc/b.rs:20:1").places] == [10, 20]


def test_a_qualified_name_gives_the_definition_in_what_it_names(searcher: Searcher) -> None:
    for text, line in (("Stack.push", 92), ("Queue::push", 187), ("app.work.Stack.push", 92)):
        answer = first(searcher, text)
        assert answer.path == b"src/app/work.py"
        assert answer.start_line <= line <= answer.end_line, text
    assert first(searcher, "src.push").path == b"src/push.py"
    assert [read_question(text).kind for text in ("Context.JSON", "context.json", "README.MD", "plot.R")] == [
        "symbol", "path", "path", "path",
    ]  # fmt: skip


def test_the_words_of_a_message_give_the_line_that_has_them(searcher: Searcher) -> None:
    for text in (
        "RuntimeError: The store is closed, open it before a value is read",
        "the store is closed, open it before a value is read",
    ):
        answer = first(searcher, text)
        assert answer.path == b"src/app/errors.py"
        assert b"store is closed" in searcher.context.get(answer.id)
    assert read_question("RuntimeError: The store is closed").message == ("the", "store", "is", "closed")


def test_a_question_that_shares_some_words_with_a_text_is_no_message(searcher: Searcher) -> None:
    for text in ("how the store is closed, open it before", "reading values while the store is closed, with step_1"):
        assert all("exact" not in answer.signals for answer in searcher.query(text).answers), text
