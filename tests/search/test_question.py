"""What a question asks for: its kind, its terms and names, and the questions that are refused."""

from __future__ import annotations

import pytest

from exosuit_cli.model.errors import UsageError
from exosuit_cli.search.question import MAX_TERMS, read_question

TRACE = """Traceback (most recent call last):
  File "/usr/lib/python3/site-packages/shop/cart/views.py", line 12, in add_item
    cart.add(item)
StockError: no stock left for Widget
"""

KINDS = {
    "Foo.bar": "symbol",
    "foo_bar": "symbol",
    "std::vector::push_back()": "symbol",
    "routing": "symbol",
    "src/app/views.py": "path",
    "views.py": "path",
    "how are routes matched": "prose",
    "ValueError: cannot convert float": "error",
    TRACE: "error",
    "Widgets vanish\n\n" + "When a widget is dropped, it vanishes. " * 20: "issue",
}


def test_kinds() -> None:
    assert {text: read_question(text).kind for text in KINDS} == KINDS


def test_question_words_are_dropped_and_pairs_are_looked_for() -> None:
    question = read_question("how does the rate limiter use a token bucket")
    assert question.terms[: question.words] == ("rat", "limit", "token", "bucket")
    assert question.terms[question.words :] == ("ratelimit", "tokenbucket")
    assert {"ratelimiter", "tokenbucket", "bucket"} <= question.surfaces


def test_names_are_found_where_they_are_written() -> None:
    assert read_question("why does `flush` call write_all or Buffer.drain").names == (
        "write_all",
        "flush",
        "Buffer",
        "drain",
    )
    assert read_question("Cart.add_item").names == ("Cart", "add_item")


def test_a_trace_gives_its_path_its_function_and_its_message() -> None:
    question = read_question(TRACE)
    assert question.paths[0][:3] == ("views", "cart", "shop")
    assert "add_item" in question.names
    weights = dict(zip(question.terms, question.weights, strict=True))
    assert weights["stock"] > 2 * weights["packag"]


def test_a_dotted_name_may_be_a_path() -> None:
    assert ("cart", "shop") in read_question("broken since shop.cart.Cart was moved").paths


def test_the_title_of_an_issue_weighs_most() -> None:
    text = "Solver diverges\n\n" + "The weather was fine and the river cold.\n" * 20
    question = read_question(text)
    weights = dict(zip(question.terms, question.weights, strict=True))
    assert question.kind == "issue"
    assert weights["solv"] > weights["cold"] / (1 + 3)  # said once in the title, twenty times in the body
    assert len(read_question("\n".join(f"word{i}x thing{i}y" for i in range(9000))).terms) <= MAX_TERMS * 4 // 3


def test_long_runs_are_read_in_linear_time() -> None:
    for run in ("-", "a", "a::", "a.", "/", "\\", "a/", "\n", "a(", "a-", "`", "at a.", "Error"):
        text = f"open a socket {run * 10_000}"
        assert "socket" in read_question(text).terms


def test_words_that_say_little_are_looked_for_alone() -> None:
    assert read_question("get class").terms[:2] == ("get", "class")
    assert [read_question(text).terms for text in ("each", "the()")] == [("each",), ("the",)]


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        (" \n", "is empty"),
        ("how does the", "nothing to look for"),
        ("the", "nothing to look for"),
        (" And ", "nothing to look for"),
        ("?!", "no letters"),
        ("\0\1\2\3", "is binary"),
    ],
)
def test_what_cannot_be_looked_for_is_refused(text: str, reason: str) -> None:
    with pytest.raises(UsageError, match=reason):
        read_question(text)


@pytest.mark.parametrize(
    ("text", "head", "first"),
    [
        ("cookie store for sessions", {"cooki", "stor"}, {"cooki", "stor"}),
        ("how is the thread pool used in async operations", {"thread", "pool"}, {"thread", "pool"}),
        ("implementation of rate limits by bucket", {"rat", "limit"}, {"rat", "limit"}),
        ("routes, middleware and handlers", {"rout", "middlewar", "handl"}, {"rout", "middlewar"}),
        ("get_item", set(), set()),
        ("ValueError: cannot convert float", set(), set()),
    ],
)
def test_the_first_words_say_what_a_question_is_about(text: str, head: set[str], first: set[str]) -> None:
    subject = read_question(text).subject
    assert (set(subject.head), set(subject.first)) == (head, first)
