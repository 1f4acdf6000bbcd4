"""The tables that a device counts with hold the vocabulary, and the classes of characters that the counters have."""

from __future__ import annotations

import random
import unicodedata
from typing import TYPE_CHECKING

import numpy as np
import pytest

from exosuit_cli.model.counting_tables import CLASSES, KEY_BYTES, PAIR_FACTOR, RULES, TOKEN_BITS
from exosuit_cli.model.encodings import ENCODINGS
from exosuit_cli.model.errors import ResourceMissing
from exosuit_cli.tokens import tables, token_table
from exosuit_cli.tokens.encodings import token_bytes
from exosuit_cli.tokens.tables import character_classes, counting_tables

from .texts import WHITE_SPACE

if TYPE_CHECKING:
    from pathlib import Path


PAIRS = {"o200k_base": 446_189, "cl100k_base": 233_378}
"""Places at which a token can be cut into two tokens."""


def tokens_of(encoding: str) -> list[bytes]:
    data, lengths = token_bytes(encoding)
    ends = np.cumsum(lengths, dtype=np.int64)
    content = data.tobytes()
    return [content[start:end] for start, end in zip((ends - lengths).tolist(), ends.tolist(), strict=True)]


def test_every_encoding_has_rules() -> None:
    assert set(RULES) == set(ENCODINGS)


@pytest.mark.parametrize("encoding", list(ENCODINGS))
def test_tables_hold_the_vocabulary(encoding: str) -> None:
    tokens = tokens_of(encoding)
    assert [len(token) for token in tokens] == token_table(encoding).bytes.tolist()
    ranks = {token: rank for rank, token in enumerate(tokens)}
    found = counting_tables(encoding)
    assert [tokens[rank] for rank in found.byte_tokens.tolist()] == [bytes([byte]) for byte in range(256)]
    held = {
        int(low).to_bytes(8, "little") + int(high).to_bytes(8, "little") for low, high in found.words.tolist() if high
    }
    short = [token for token in tokens if len(token) <= KEY_BYTES]
    assert held == {token.ljust(KEY_BYTES, b"\0") + bytes([len(token)]) for token in short}
    assert np.count_nonzero(found.pairs) == PAIRS[encoding]
    pairs = set(found.pairs.tolist())
    for rank, token in random.Random(1).sample(list(enumerate(tokens)), 5000):
        for cut in range(1, len(token)):
            left, right = ranks.get(token[:cut]), ranks.get(token[cut:])
            if left is not None and right is not None:
                assert left << 2 * TOKEN_BITS | right << TOKEN_BITS | rank in pairs, token


def test_a_pair_is_found_at_its_hash_or_behind_it_without_a_gap() -> None:
    pairs = counting_tables("cl100k_base").pairs
    places = np.flatnonzero(pairs)
    hashes = (pairs[places] >> np.uint64(TOKEN_BITS)) * np.uint64(PAIR_FACTOR) >> np.uint64(40)
    homes = hashes.astype(np.int64) % len(pairs)
    distances = (places - homes) % len(pairs)
    assert distances.max() < 64
    gaps = np.append(0, np.cumsum(np.concatenate((pairs, pairs)) == 0))
    assert (gaps[homes + distances] == gaps[homes]).all()


def test_classes_are_those_of_unicode() -> None:
    """Of what this Python knows; `scripts/prove_tokens.py` asks the counter for the class of every scalar."""
    classes = character_classes()
    assert len(classes) == 0x110000
    categories = {"Lu": "upper", "Lt": "upper", "Ll": "lower", "Lm": "letter", "Lo": "letter"}
    categories |= {"Mn": "mark", "Mc": "mark", "Me": "mark", "Nd": "number", "Nl": "number", "No": "number"}
    special = {"\r": "newline", "\n": "newline", " ": "space", "/": "slash", "'": "apostrophe"}
    special |= {character: "white" for character in WHITE_SPACE if character not in special}
    for code in range(0x295):
        category = unicodedata.category(chr(code))
        assert CLASSES[classes[code]] == special.get(chr(code), categories.get(category, "other")), hex(code)
    assert [CLASSES[classes[code]] for code in (0x2001, 0x16EA0, 0x1912F, 0xE0100, 0x10FFFF)] == [
        "white", "upper", "other", "mark", "other",
    ]  # fmt: skip


@pytest.mark.parametrize("content", [b"", b"\x10\x00\x00\x00", b"\x01\x00\x00\x00" * 2, None])
def test_altered_classes_are_refused(content: bytes | None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "characters.u32"
    if content is not None:
        path.write_bytes(content)
    monkeypatch.setattr(tables, "CHARACTERS", str(path))
    with pytest.raises(ResourceMissing, match=r"characters\.u32: the classes .*reinstall"):
        character_classes()
