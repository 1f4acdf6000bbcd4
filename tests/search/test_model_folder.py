"""Vectors from a model folder, written here."""

from __future__ import annotations

import json
import pickle
import sys
from typing import TYPE_CHECKING

import numpy as np
import pytest
from safetensors.numpy import save_file
from tokenizers import Tokenizer
from tokenizers.models import WordLevel
from tokenizers.pre_tokenizers import Whitespace

from exosuit_cli.model.errors import ResourceMissing, UsageError
from exosuit_cli.search.vectors.folder import open_folder

if TYPE_CHECKING:
    from pathlib import Path

TABLE = np.array([[9, 9, 9], [1, 0, 0], [0, 2, 0], [0, 0, 4]], np.float32)
WORDS = {"[UNK]": 0, "red": 1, "green": 2, "blue": 3}


def _write(folder: Path, **tensors: np.ndarray) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    save_file(tensors or {"embeddings": TABLE}, folder / "model.safetensors")
    tokenizer = Tokenizer(WordLevel(WORDS, unk_token="[UNK]"))
    tokenizer.pre_tokenizer = Whitespace()
    tokenizer.enable_truncation(1)
    tokenizer.save(str(folder / "tokenizer.json"))
    (folder / "config.json").write_text('{"normalize": true}')
    return folder


def test_a_text_has_the_mean_of_its_tokens(tmp_path: Path) -> None:
    model = open_folder(str(_write(tmp_path / "model")))
    found = model.embed([b"red green green", "blue unknown", "unknown", ""])
    assert model.dimensions == 3
    assert np.allclose(found, [[1 / 17**0.5, 4 / 17**0.5, 0], [0, 0, 1], [0, 0, 0], [0, 0, 0]], atol=1e-6)
    assert np.array_equal(found, model.embed_queries(["red green green", "blue", "", ""]))
    half = open_folder(str(_write(tmp_path / "half", embeddings=TABLE.astype(np.float16))))
    assert half.name != model.name
    assert np.allclose(half.embed(["red green green"]), found[:1], atol=1e-3)
    mapped = _write(
        tmp_path / "mapped",
        embeddings=TABLE[1:],
        mapping=np.array([0, 0, 1, 0], np.int64),
        weights=np.array([1, 1, 1, 3], np.float32),
    )
    assert np.allclose(open_folder(str(mapped)).embed(["green blue"]), [[3 / 13**0.5, 2 / 13**0.5, 0]], atol=1e-6)


def test_the_layout_of_sentence_transformers(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A static model inside of it is read as it is; any other needs the package."""
    folder = tmp_path / "model"
    _write(folder / "0_Static", **{"embedding.weight": TABLE})
    modules = [{"idx": 0, "path": "0_Static", "type": "sentence_transformers.models.StaticEmbedding"}]
    (folder / "modules.json").write_text(json.dumps(modules))
    assert np.allclose(open_folder(str(folder)).embed(["green"]), [[0, 1, 0]])
    modules[0]["type"] = "sentence_transformers.models.Transformer"
    (folder / "modules.json").write_text(json.dumps(modules))
    monkeypatch.setitem(sys.modules, "sentence_transformers", None)
    with pytest.raises(ResourceMissing, match=r"exosuit-cli\[transformers\]"):
        open_folder(str(folder))
    for wrong in ("os.system", 7):
        modules[0]["type"] = wrong  # type: ignore[assignment]
        (folder / "modules.json").write_text(json.dumps(modules))
        with pytest.raises(UsageError, match="not of the package"):
            open_folder(str(folder))
    modules[0] |= {"path": "../..", "type": "sentence_transformers.models.StaticEmbedding"}
    (folder / "modules.json").write_text(json.dumps(modules))
    with pytest.raises(UsageError, match="outside of its folder"):
        open_folder(str(folder))


def test_a_pickle_is_refused(tmp_path: Path) -> None:
    folder = _write(tmp_path / "model")
    (folder / "deep").mkdir()
    (folder / "deep" / "pytorch_model.bin").write_bytes(pickle.dumps({}))
    with pytest.raises(UsageError, match=r"pytorch_model\.bin.*could run code"):
        open_folder(str(folder))


def test_what_is_no_model(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(UsageError, match="nothing is downloaded"):
        open_folder("minishlab/potion-base-8M")
    with pytest.raises(UsageError, match="no weights"):
        open_folder(str(tmp_path))
    short = _write(tmp_path / "short", embeddings=TABLE[:2])
    with pytest.raises(UsageError, match="no vector for each of the 4 tokens"):
        open_folder(str(short))
    outside = _write(tmp_path / "outside", embeddings=TABLE, mapping=np.array([0, 1, 2, 4], np.int64))
    with pytest.raises(UsageError, match="no vector for each"):
        open_folder(str(outside))
    other = _write(tmp_path / "other", something=TABLE)
    with pytest.raises(UsageError, match="layout that is not known"):
        open_folder(str(other))
    good = _write(tmp_path / "good")
    data = (good / "model.safetensors").read_bytes()
    for cut in (0, 7, 40, len(data) - 1):
        (good / "model.safetensors").write_bytes(data[:cut])
        with pytest.raises(UsageError, match="no sound safetensors"):
            open_folder(str(good))
    (good / "model.safetensors").write_bytes(data)
    (good / "tokenizer.json").write_text("{}")
    with pytest.raises(UsageError, match="no sound tokenizer"):
        open_folder(str(good))
    monkeypatch.setitem(sys.modules, "tokenizers", None)
    with pytest.raises(ResourceMissing, match=r"exosuit-cli\[vectors\]"):
        open_folder(str(good))
