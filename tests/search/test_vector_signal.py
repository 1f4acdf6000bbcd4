"""Questions to a context that has vectors: what they add, and what happens where their model is gone."""

from __future__ import annotations

import dataclasses
import os
import socket
from typing import TYPE_CHECKING, Any

import pytest
from context.stores import load, source, write_bytes

from exosuit_cli.context import Context
from exosuit_cli.context.reader import ContextReader
from exosuit_cli.search.ranker import VECTORS, vector_weight
from exosuit_cli.search.records import Filters, QueryResult
from exosuit_cli.search.searcher import Searcher
from exosuit_cli.search.vectors.embed import embed, forget_vectors
from exosuit_cli.search.vectors.endpoint import Endpoint
from exosuit_cli.search.vectors.models import lsa_path
from exosuit_cli.search.vectors.rows import read_vector_meta, write_vector_meta

if TYPE_CHECKING:
    from pathlib import Path

PARTS = "engine, wheel, brake, gearbox, axle, clutch"
TEXTS = [
    *(f"def one{place}(): return automobile({PARTS})\n" for place in range(4)),
    *(f"def two{place}(): return vehicle({PARTS})\n" for place in range(4)),
    *(f"def other{place}(): return {c}ola({c}ira, {c}upe)\n" for c in "bcdfghjklmnprstv" for place in range(3)),
]
"""No text has both `automobile` and `vehicle`, whose difference is less than that of the other texts."""
CARS, RIDES = ({f"src/part{place}.py".encode() for place in range(at, at + 4)} for at in (0, 4))


def ask(text: str, **options: Any) -> QueryResult:
    with ContextReader.open("c") as context, Searcher.open(context) as searcher:
        return searcher.query(text, **options)


def paths(result: QueryResult) -> list[bytes]:
    return [answer.path for answer in result.answers]


def change_meta(**values: Any) -> None:
    with Context.open("c") as context, context.writing() as connection:
        meta = read_vector_meta(connection)
        assert meta is not None
        write_vector_meta(connection, dataclasses.replace(meta, **values))
        connection.commit()


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    files = {f"src/part{place}.py".encode(): text.encode() for place, text in enumerate(TEXTS)}
    write_bytes(tmp_path / "tree", files)
    load("c", source(tmp_path / "tree"))
    return tmp_path / "tree"


def test_what_has_the_same_company_is_found(tree: Path) -> None:
    before = ask("automobile", top=12)
    assert set(paths(before)) == CARS
    assert VECTORS not in before.answers[0].signals
    with Context.open("c") as context:
        embed(context)
    after = ask("automobile", top=12)
    assert (set(paths(after)[:4]), set(paths(after)), after.warnings) == (CARS, CARS | RIDES, ())
    for answer in after.answers:
        assert sum(answer.signals.values()) == pytest.approx(answer.score, rel=1e-4)
        assert 0.4 * vector_weight("lsa") < answer.signals[VECTORS] <= 1.01 * vector_weight("lsa")
    assert paths(ask("automobile", filters=Filters(include=("part5.py",)))) == [b"src/part5.py"]
    assert ask("automobile", filters=Filters(kind="docs")).answers == ()
    assert ask("zeppelin").answers == ()

    # the best place of a file: the part that speaks of cars, though no word of the question is there
    long = b"".join(b"def other%d(): return bola(bira, bupe)\n" % each for each in range(40))
    write_bytes(tree, {b"src/mixed.py": long + f"def two(): return vehicle({PARTS})\n".encode() * 20})
    load("c", source(tree, max_tokens=64))
    new = ask("automobile", top=20)
    assert b"src/mixed.py" not in paths(new)
    (warning,) = new.warnings
    assert "of the context have no vector; to embed what is new: exosuit context embed --name c" in warning
    with Context.open("c") as context:
        embed(context)
    mixed = next(answer for answer in ask("automobile", top=20).answers if answer.path == b"src/mixed.py")
    assert mixed.start_line > 40
    with Context.open("c") as context, Searcher.open(context) as searcher:
        assert set(paths(searcher.query("automobile"))) > CARS
        forget_vectors(context)
        assert set(paths(searcher.query("automobile"))) == CARS, "an open search notices"
        embed(context)
        assert set(paths(searcher.query("automobile"))) > CARS
    with Context.open("c") as context, Searcher.open(context) as searcher:
        os.truncate(lsa_path(context), 100)
        assert set(paths(searcher.query("automobile"))) == CARS


def test_words_answer_alone_where_the_model_is_gone(tree: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY", "EMBEDDING_API_KEY"):
        monkeypatch.delenv(name, raising=False)
    with Context.open("c") as context:
        embed(context)
    with socket.socket() as held:  # a port on which nobody listens
        held.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{held.getsockname()[1]}/v1"
        for spec, model, said in (
            (url, Endpoint(url, 1).name, "does not answer after 2 attempts"),
            (url, "url-other", "is not the one that made the vectors"),
            (str(tree / "model"), "folder", "is not known"),
            (str(tree), "folder", "has no weights"),
            ("lsa", "lsa-other", "is not the one that made the vectors"),
        ):
            change_meta(spec=spec, model=model)
            result = ask("automobile")
            assert set(paths(result)) == CARS
            (warning,) = result.warnings
            assert warning.startswith("answered by words alone, without vectors: ")
            assert said in warning
            assert VECTORS not in result.answers[0].signals
