"""The order of answers in a small tree: what defines comes before what uses, and the shares add up."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest

from exosuit_cli.chunk.options import ChunkOptions
from exosuit_cli.config.options import ScanOptions
from exosuit_cli.context import Context, SourceRequest
from exosuit_cli.search.features import COLUMNS, of_platform
from exosuit_cli.search.kinds import KINDS, kind_of
from exosuit_cli.search.path_facts import FLAGS, path_facts
from exosuit_cli.search.path_match import PathMatch, named_paths
from exosuit_cli.search.question import read_question
from exosuit_cli.search.ranker import SIGNALS, packaged_weights
from exosuit_cli.search.searcher import Searcher

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

FILES = {
    "shop/cart.py": "class Cart:\n    def add_item(self, item):\n        self.items.append(item)\n",
    "shop/payment.py": "def pay(cart: Cart):\n    for item in cart.items:\n        charge(item)\n",
    "shop/limits.py": "class RateLimiter:\n    '''Lets few requests through.'''\n    def allow(self): ...\n",
    "tests/test_cart.py": "def test_add_item():\n    Cart().add_item(Cart())\n    Cart()\n",
    ".github/workflows/check.yml": "name: check\njobs:\n  test:\n    run: pytest cart\n",
    "docs/cart.md": "# Cart\n\nThe cart holds items. Add an item to the cart with add_item.\n",
}


@pytest.fixture(scope="module")
def searcher(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Searcher]:
    root: Path = tmp_path_factory.mktemp("tree")
    for name, text in FILES.items():
        (root / name).parent.mkdir(exist_ok=True, parents=True)
        (root / name).write_text(text)
    with pytest.MonkeyPatch.context() as patch:
        for name in ("STATE", "CACHE", "CONFIG"):
            patch.setenv(f"XDG_{name}_HOME", str(tmp_path_factory.mktemp(name)))
        with Context.open("ranked", create=True) as context:
            context.load(SourceRequest(bytes(root), ChunkOptions(max_tokens=256), ScanOptions(), name="tree"))
            with Searcher.open(context) as searcher:
                yield searcher


@pytest.mark.parametrize(
    ("query", "first"),
    [
        ("Cart", b"shop/cart.py"),
        ("add an item to the cart", b"shop/cart.py"),
        ("rate limiter", b"shop/limits.py"),
        ("shop/payment.py", b"shop/payment.py"),
        ("where is the cart tested", b"tests/test_cart.py"),
        ("which workflow checks the cart", b".github/workflows/check.yml"),
        ('File "/srv/app/shop/payment.py", line 5, in pay\nTypeError: item is free', b"shop/payment.py"),
    ],
)
def test_the_file_that_answers_is_first(searcher: Searcher, query: str, first: bytes) -> None:
    assert searcher.query(query).answers[0].path == first


def test_the_shares_add_up_to_the_score(searcher: Searcher) -> None:
    answers = searcher.query("how are items added to a cart").answers
    assert len(answers) >= 4
    assert [set(answer.signals) for answer in answers] == [set(SIGNALS)] * len(answers)
    assert [sum(answer.signals.values()) for answer in answers] == pytest.approx([answer.score for answer in answers])
    assert [answer.score for answer in answers] == sorted((answer.score for answer in answers), reverse=True)


def test_every_feature_has_a_weight_and_a_signal() -> None:
    shown = [feature for features in SIGNALS.values() for feature in features]
    assert sorted(shown) == sorted({column.removesuffix("_of_name") for column in COLUMNS})
    assert len(packaged_weights()) == len(COLUMNS)
    assert np.count_nonzero(packaged_weights()) > 20


def test_what_a_path_says() -> None:
    facts = path_facts(b"web/src/__tests__/RateLimiter.test.tsx")
    assert (facts.name, facts.name_terms) == ("ratelimiter", ("rat", "limit", "ratelimit"))
    assert facts.directory_terms == ("web", "src", "test")
    assert {flag for flag, is_set in zip(FLAGS, facts.flags, strict=True) if is_set} == {"test"}
    assert path_facts(b"net/router/__init__.py").name == "router"
    assert path_facts(b".gitignore").name == "gitignore"
    assert not any(path_facts(b"src/contest/latest.go").flags)


@pytest.mark.parametrize(
    ("path", "flags"),
    [
        (b"src/win/udp.c", {"platform"}),
        (b"src/unix/os390.c", {"platform"}),
        (b"src/unix/window.c", set()),
        (b"api/events.gen.ts", {"vendored"}),
        (b"lib/runner/test_functions.bash", set()),
        (b"lib/runner/tests/test_functions.py", {"test"}),
        (b"lib/runner.test.ts", {"test"}),
        (b"runner/test_functions.py", {"test"}),
    ],
)
def test_what_a_path_says_that_a_file_is_for(path: bytes, flags: set[str]) -> None:
    assert {flag for flag, is_set in zip(FLAGS, path_facts(path).flags, strict=True) if is_set} == flags


@pytest.mark.parametrize(
    ("others", "query", "flags"),
    [
        ([b"src/unix/udp.c"], "send a datagram", [1, 0]),
        ([b"src/unix/udp.c"], "send a datagram on windows", [0, 0]),
        ([b"src/udp.c"], "send a datagram", [0, 0]),
    ],
)
def test_a_file_for_another_platform_is_one_beside_files_for_unix(
    others: list[bytes], query: str, flags: list[int]
) -> None:
    facts = [path_facts(path) for path in (b"src/win/udp.c", *others)]
    assert of_platform(read_question(query), facts).tolist() == flags


def test_matches_of_terms_with_paths() -> None:
    facts = [path_facts(b"net/socket.c"), path_facts(b"web/websocket_client.py")]
    match = PathMatch(("socket", "websock", "net"), facts)
    assert match.names.tolist() == [[1, 0, 0], [0, pytest.approx(7 / 9), 0]]
    assert match.directories[:, 2].tolist() == [1, 0]
    assert named_paths([("socket", "net", "linux")], facts).tolist() == [1, 0]


def test_a_name_that_the_rare_words_of_a_question_explain_tells_more() -> None:
    facts = [path_facts(b"web/shop.c"), path_facts(b"web/cart.c")]
    match = PathMatch(("shop", "cart"), facts)
    assert match.explained(np.ones(2, np.float32)).tolist() == [1, 1]
    assert match.explained(np.array([0.1, 1], np.float32)).tolist() == [pytest.approx(0.1), 1]


def test_files_beside_likely_ones_are_likelier(searcher: Searcher) -> None:
    paths, features = searcher.features("how are items added to a cart")
    share = dict(zip(paths, features[:, COLUMNS.index("directory_share")].tolist(), strict=True))
    assert all(0 <= value <= 1 for value in share.values())
    assert len(set(share.values())) > 1


@pytest.mark.parametrize(("language", "kind"), [("Cabal Config", "config"), ("Python", "code"), (None, "docs")])
def test_the_kind_of_a_file(language: str | None, kind: str) -> None:
    assert KINDS[kind_of(language)] == kind
