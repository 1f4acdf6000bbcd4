"""Vectors of a context: made by its own analysis, packed, kept beside their chunks, and compared with a question's."""

from __future__ import annotations

import signal
from itertools import combinations
from typing import TYPE_CHECKING

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from exosuit_cli.context import Context
from exosuit_cli.model.errors import UsageError
from exosuit_cli.search.vectors.embed import embed, forget_vectors
from exosuit_cli.search.vectors.lsa import LatentModel, fit
from exosuit_cli.search.vectors.matrix import arranged
from exosuit_cli.search.vectors.models import lsa_path, matrix_path
from exosuit_cli.search.vectors.protocol import unit_rows
from exosuit_cli.search.vectors.rows import CODECS, pack_vectors, read_vector_meta, unpack_vectors
from exosuit_cli.search.vectors.scores import open_vectors, vector_scores
from exosuit_cli.system.stop import StopRequest

if TYPE_CHECKING:
    from pathlib import Path

CARS = ("engine", "wheel", "brake", "gearbox")
BREAD = ("flour", "oven", "yeast", "dough")
TEXTS = [
    f"def {name}{place}(): return {whole}({', '.join(parts)})"
    for name, whole, things in (("car", "automobile", CARS), ("ride", "vehicle", CARS), ("loaf", "bakery", BREAD))
    for place, parts in enumerate(combinations(things, 3))
]


def _units(count: int, width: int, seed: int = 0) -> np.ndarray:
    return unit_rows(np.random.default_rng(seed).standard_normal((count, width)))


def _ids(count: int) -> np.ndarray:
    return np.random.default_rng(1).integers(0, 256, (count, 16), np.uint8)


def test_analysis_finds_that_two_words_have_the_same_company() -> None:
    """No text has both `automobile` and `vehicle`; both stand with parts of cars."""
    model = fit([TEXTS], 2)
    texts, (question,) = model.embed(TEXTS), model.embed_queries(["automobile"])
    cosines = texts @ question
    assert cosines[4:8].min() > cosines[8:].max() + 0.5
    assert np.allclose(np.linalg.norm(texts, axis=1), 1, atol=1e-6)
    assert not model.embed(["nothing of that", ""]).any()
    assert fit([TEXTS[:5], TEXTS[5:]], 2).name == model.name, "the batches make no difference"


def test_a_model_is_the_same_after_it_was_saved(tmp_path: Path) -> None:
    model, path = fit([TEXTS], 4), str(tmp_path / "model")
    model.save(path)
    again = LatentModel.load(path)
    assert again is not None
    assert (again.name, again.texts) == (model.name, len(TEXTS))
    assert np.array_equal(again.embed(TEXTS), model.embed(TEXTS))
    data = bytearray((tmp_path / "model").read_bytes())
    for place in (3, 30, 4097, len(data) - 4000):
        (tmp_path / "model").write_bytes(data[:place] + bytes([data[place] ^ 1]) + data[place + 1 :])
        assert LatentModel.load(path) is None or data[place] == 0
    (tmp_path / "model").write_bytes(data[:5000])
    assert LatentModel.load(path) is None
    with pytest.raises(UsageError, match="no word that two chunks share"):
        fit([["one", "two"]])


@given(st.integers(0, 1 << 32), st.integers(1, 9), st.sampled_from(sorted(CODECS)), st.floats(-30, 0))
def test_a_packed_vector_is_as_near_as_its_error_says(seed: int, width: int, codec: str, power: float) -> None:
    vectors = (np.random.default_rng(seed).standard_normal((4, width)) * 2.0**power).astype(np.float32)
    packed = pack_vectors(vectors, codec)
    wrong = np.abs(unpack_vectors(packed.values, packed.scales).astype(np.float64) - vectors).max(axis=1)
    assert (wrong <= packed.errors).all()
    if packed.scales is not None:
        assert (packed.errors <= packed.scales * 0.5001 + 1e-30).all()


@pytest.mark.parametrize("codec", sorted(CODECS))
def test_nearest_is_that_of_a_plain_product(codec: str) -> None:
    vectors, ids = _units(500, 24), _ids(500)
    packed = pack_vectors(vectors, codec)
    scales = np.zeros(0, np.float32) if packed.scales is None else packed.scales
    matrix = arranged(ids, packed.values, scales, packed.errors)
    query = _units(1, 24, seed=5)[0]
    expected = unpack_vectors(packed.values, packed.scales) @ query
    places, scores = matrix.nearest(query, 7)
    best = np.argsort(-expected)[:7]
    assert matrix.ids(places) == [ids[place].tobytes() for place in best]
    assert np.allclose(scores, expected[best], atol=1e-6)
    asked = np.concatenate([ids[[3, 1, 400]], np.zeros((1, 16), np.uint8)])
    assert np.allclose(matrix.scores(query, asked), [*expected[[3, 1, 400]], 0], atol=1e-6)


def test_clusters_lead_to_the_near_ones() -> None:
    """5,000 vectors around 50 directions: a tenth of the clusters have nearly all that is near to any of them."""
    around = _units(50, 16)
    vectors = unit_rows(around[np.arange(5000) % 50] + 0.15 * _units(5000, 16, seed=3))
    packed = pack_vectors(vectors, "int8")
    assert packed.scales is not None
    matrix = arranged(_ids(5000), packed.values, packed.scales, packed.errors)
    assert matrix.clusters > 50
    found = 0
    for query in around:
        all_of_them = set(matrix.nearest(query, 10)[0].tolist())
        found += len(all_of_them & set(matrix.nearest(query, 10, share=0.1)[0].tolist()))
    assert found >= 480
    assert sum(end - start for start, end in matrix.route(around[0], 0.1)) < 1500


def _load(root: Path, texts: dict[str, str]) -> None:
    root.mkdir(exist_ok=True)
    for name, text in texts.items():
        (root / name).write_text(text)
    with Context.open("trees", create=True) as context:
        context.load(str(root))


def test_vectors_follow_their_chunks(tmp_path: Path) -> None:
    files = {f"file{place}.py": text + "\n" for place, text in enumerate(TEXTS)}
    _load(tmp_path / "tree", files)
    with Context.open("trees") as context:
        assert open_vectors(context) is None
        assert vector_scores(context, "automobile", []) is None
        first = embed(context, "lsa")
        assert (first.chunks, first.embedded, first.codec) == (12, 12, "int8")
        assert 0 < first.largest_error < 0.005
        again = embed(context)
        assert (again.embedded, again.chunks, again.model, again.is_new_model) == (0, 12, first.model, False)
    (tmp_path / "tree" / "file0.py").unlink()
    _load(tmp_path / "tree", {"file1.py": "def boat(): return automobile(wheel)\n"})
    with Context.open("trees") as context:
        assert context.check().damages == ()
        assert context.connection.execute("SELECT count(*) FROM vectors").fetchone() == (10,)
        after = embed(context)
        assert (after.embedded, after.chunks, after.model) == (1, 11, first.model)
        vectors = open_vectors(context)
        assert vectors is not None
        ((nearest, cosine),) = vectors.nearest("automobile wheel", 1)
        assert context.get(nearest) == b"def boat(): return automobile(wheel)\n"
        assert cosine > 0.9
        context.load(str(tmp_path / "tree"), anew=True)
        kept = embed(context)
        assert (kept.embedded, kept.chunks, kept.model) == (0, 11, first.model)
        other = embed(context, codec="fp32", anew=True)
        assert (other.embedded, other.largest_error < 1e-7) == (11, True)
        assert forget_vectors(context) == 11
        assert open_vectors(context) is None
        assert context.check().damages == ()


def test_what_is_damaged_is_made_again(tmp_path: Path) -> None:
    _load(tmp_path / "tree", {f"file{place}.py": text + "\n" for place, text in enumerate(TEXTS)})
    with Context.open("trees") as context:
        embed(context)
        meta = read_vector_meta(context.connection)
        keys = [row[0] for row in context.connection.execute("SELECT chunk FROM vectors ORDER BY chunk")]
        data = context.connection.execute("SELECT data FROM vectors WHERE chunk = ?", (keys[2],)).fetchone()[0]
        for key, change, value in (
            (keys[0], "data", data[:-1]),
            (keys[1], "scale", 1e30),
            (keys[2], "data", bytes([data[0] ^ 0x80]) + data[1:]),
            (keys[3], "data", "text"),
            (keys[4], "scale", None),
            (keys[5], "error", "much"),
            (keys[6], "data", bytes(len(data) - 1) + b"\x01"),
            (keys[6], "error", 1e30),
        ):
            context.connection.execute(f"UPDATE vectors SET {change} = ? WHERE chunk = ?", (value, key))
        for path in (matrix_path(context), lsa_path(context)):
            with open(path, "r+b") as file:
                file.truncate(100)
        vectors = open_vectors(context)
        assert vectors is not None
        assert len(vectors.matrix) == 5
        with pytest.raises(UsageError, match="exosuit context embed --name trees"):
            vectors.scores("automobile", keys)
        done = embed(context)
        assert (done.damaged, done.embedded, done.chunks) == (7, 7, 12)
        assert read_vector_meta(context.connection) != meta
        scores = vector_scores(context, "automobile", keys)
        assert scores is not None
        assert (scores > 0.5).sum() >= 4


def test_what_was_embedded_before_an_interruption_stays(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    _load(tmp_path / "tree", {f"file{place}.py": text + "\n" for place, text in enumerate(TEXTS)})
    monkeypatch.setattr("exosuit_cli.search.vectors.embed._BATCH", 5)
    stop = StopRequest()

    def interrupt(done: int, todo: int) -> None:
        assert todo == 12
        stop.signal = signal.SIGTERM

    with Context.open("trees") as context:
        part = embed(context, stop=stop, progress=interrupt)
        assert (part.partial, part.embedded, part.chunks) == ("SIGTERM", 5, 0)
        assert open_vectors(context) is None, "not before all have one"
        whole = embed(context)
        assert (whole.partial, whole.embedded, whole.chunks, whole.model) == (None, 7, 12, part.model)
