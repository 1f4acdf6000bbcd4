from __future__ import annotations

import base64
import hashlib
import importlib.util
import os
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import pytest

from exosuit_cli.model.errors import ResourceMissing, UsageError
from exosuit_cli.tokens import ENCODINGS, encodings, token_table
from exosuit_cli.tokens.encodings import read_vocabulary

if TYPE_CHECKING:
    from types import ModuleType

    from exosuit_cli.model.encodings import Encoding

    from .conftest import Oracle

PUBLISHED = {
    "o200k_base": "446a9538cb6c348e3516120d7c08b09f57c36495e2acfffe59a5bf8b0cfb1a2d",
    "cl100k_base": "223921b76ee99bde995b7ff738513eef100fb51d18c93597a113bcffe865b2a7",
}


@pytest.fixture(scope="module")
def export_vocabulary() -> ModuleType:
    path = os.path.join(os.path.dirname(__file__), "..", "..", "scripts", "export_vocabulary.py")
    spec = importlib.util.spec_from_file_location("export_vocabulary", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_the_known_encodings_are_the_published_ones() -> None:
    assert {name: encoding.sha256 for name, encoding in ENCODINGS.items()} == PUBLISHED
    assert next(iter(ENCODINGS)) == "o200k_base"


@pytest.mark.parametrize("name", PUBLISHED)
def test_the_packaged_vocabulary_is_the_published_one(name: str, export_vocabulary: ModuleType) -> None:
    with open(encodings.vocabulary_path(ENCODINGS[name]), "rb") as file:
        packaged = file.read()
    assert hashlib.sha256(packaged).hexdigest() == PUBLISHED[name]
    assert packaged == export_vocabulary.export(name)


def test_the_script_writes_what_is_packaged(
    export_vocabulary: ModuleType, tmp_path: os.PathLike[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert export_vocabulary.main([os.fspath(tmp_path)]) == 0
    assert capsys.readouterr().out.count("SHA-256") == len(ENCODINGS)
    for encoding in ENCODINGS.values():
        with open(os.path.join(tmp_path, f"{encoding.name}.tiktoken"), "rb") as file:
            assert file.read() == read_vocabulary(encoding)


def test_the_script_writes_nothing_that_is_not_published(
    export_vocabulary: ModuleType, tmp_path: os.PathLike[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    other = {name: replace(encoding, sha256="0" * 64) for name, encoding in ENCODINGS.items()}
    monkeypatch.setattr(export_vocabulary, "ENCODINGS", other)
    assert export_vocabulary.main([os.fspath(tmp_path)]) == 1
    assert os.listdir(tmp_path) == []


def test_the_licence_of_the_vocabularies_is_packaged() -> None:
    with open(
        os.path.join(os.path.dirname(encodings.vocabulary_path(ENCODINGS["o200k_base"])), "NOTICE"), encoding="utf-8"
    ) as file:
        notice = file.read()
    assert "MIT License" in notice
    assert all(digest in notice for digest in PUBLISHED.values())


@pytest.fixture
def misplaced(tmp_path: os.PathLike[str], monkeypatch: pytest.MonkeyPatch) -> Encoding:
    monkeypatch.setattr(encodings, "_DATA", os.fspath(tmp_path))
    return ENCODINGS["cl100k_base"]


def test_an_absent_vocabulary_is_refused(misplaced: Encoding) -> None:
    with pytest.raises(ResourceMissing, match=r"cl100k_base\.tiktoken.*No such file.*reinstall"):
        read_vocabulary(misplaced)


def test_an_altered_vocabulary_is_refused(misplaced: Encoding) -> None:
    with open(encodings.vocabulary_path(misplaced), "wb") as file:
        file.write(b"IQ== 0\n")
    with pytest.raises(ResourceMissing, match=r"cl100k_base\.tiktoken.*altered.*223921b7"):
        read_vocabulary(misplaced)


@pytest.mark.parametrize("name", PUBLISHED)
def test_token_table_tells_of_each_token(name: str) -> None:
    tokens = [base64.b64decode(line.split()[0]) for line in read_vocabulary(ENCODINGS[name]).splitlines()]
    table = token_table(name)
    assert table.bytes.dtype == table.newlines.dtype == np.uint8
    assert table.bytes.tolist() == [len(token) for token in tokens]
    assert table.newlines.tolist() == [token.count(b"\n") for token in tokens]


def test_token_table_adds_up_to_the_text(oracle: Oracle) -> None:
    text = "def naïve(x):\r\n\treturn 'ſ' + “漢字” * 3  # 👍🏽\n"  # noqa: RUF001
    assert token_table(oracle.name).bytes[oracle.ids(text)].sum() == len(text.encode())
    assert token_table(oracle.name).newlines[oracle.ids(text)].sum() == 2


def test_token_table_is_shared_and_cannot_be_written() -> None:
    lengths = token_table("o200k_base").bytes
    assert token_table("o200k_base").bytes is lengths
    with pytest.raises(ValueError, match="read-only"):
        lengths[0] = 9


def test_token_table_of_an_unknown_encoding() -> None:
    with pytest.raises(UsageError, match=r"'p50k'.*o200k_base, cl100k_base"):
        token_table("p50k")
