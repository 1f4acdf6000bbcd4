"""Texts that are hard to split into tokens, and the comparison of a device's tokens with those of a counter."""

from __future__ import annotations

import random
import time
from itertools import islice, product
from typing import TYPE_CHECKING, NamedTuple, TypeVar

import numpy as np

from exosuit_cli.kernels.device import At
from exosuit_cli.kernels.device_digests import Xxh3Work
from exosuit_cli.kernels.device_frame import DeviceFrame
from exosuit_cli.kernels.device_tokens import TokenWork
from exosuit_cli.kernels.frame import FrameLayout, counts_of, result_bytes
from exosuit_cli.model.slab import Slab
from exosuit_cli.tokens import token_table
from exosuit_cli.tokens.encodings import token_bytes

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from pathlib import Path

    import numpy.typing as npt

    from exosuit_cli.kernels.device import DeviceQueue
    from exosuit_cli.kernels.device_tokens import DeviceTables

WIDTH = 8
"""Bytes of a digest, for which the results keep room."""
LONG_S = "\N{LATIN SMALL LETTER LONG S}"
REPRESENTATIVES = (
    ".",
    "S",
    "l",
    "\N{HIRAGANA LETTER A}",
    "\N{COMBINING ACUTE ACCENT}",
    "7",
    "\n",
    " ",
    "\t",
    "/",
    "'",
    LONG_S,
)
"""One character of each class that the split patterns tell apart; the letters also make contractions."""
CONTRACTING = (*"'sTrEvlLmD", LONG_S, " ", "a", "\N{COMBINING ACUTE ACCENT}")
"""Characters that contractions are made of, and what stands around them."""
CONTEXTS = ("a{0}b", ".{0}A{0}", " {0}'s\n")
"""A character's class shows itself in one of these."""
_Text = TypeVar("_Text", str, bytes)
LARGEST = 8 << 20
ASSIGNED = (range(0x35000), range(0xE0000, 0xE0200))
"""Beyond these, no code point is assigned but those of private use."""
_SURROGATES = range(0xD800, 0xE000)


def strings(length: int, characters: Sequence[str] = REPRESENTATIVES) -> Iterator[str]:
    """Every string of so many of the characters."""
    return map("".join, product(characters, repeat=length))


def scalar_texts(codes: Iterable[int]) -> Iterator[str]:
    """Every scalar in each context."""
    return (context.format(chr(code)) for code in codes if code not in _SURROGATES for context in CONTEXTS)


def vocabulary_texts(encoding: str) -> Iterator[bytes]:
    """Every token that is whole characters: alone, and between letters and spaces."""
    data, lengths = token_bytes(encoding)
    ends = np.cumsum(lengths, dtype=np.int64)
    content = data.tobytes()
    for start, end in zip((ends - lengths).tolist(), ends.tolist(), strict=True):
        token = content[start:end]
        try:
            token.decode()
        except UnicodeDecodeError:
            continue
        yield token
        yield b"a" + token + b" " + token


def random_files(seconds: float) -> Iterator[bytes]:
    """Texts of pieces that patterns treat specially; of every length, so that files end at every byte of a tile."""
    rng = random.Random(20)
    words = [
        "return",
        "HTTPServer",
        "don't",
        "I'LL",
        "naïve",
        "日本語",
        "क्षि",
        "é",
        "x" * 40,
        "_" * 20,
        "ǅ",
        "\u0301",
        "²",
    ]
    symbols = ["(", ");\n", "://", "'", '"', "->", "=" * 30, "/\n/", "👍🏽", "\ufeff", "<|endoftext|>", "…"]
    blanks = [" ", "  ", "\n", "\r\n", "\n\n", "\t", "    ", " \n ", "\xa0", "\u3000", "\x85", " " * 60]
    numbers = ["1", "1234", "0x7f", "٣", "½", "3.14", f"'{LONG_S}"]
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        for length in rng.sample(range(700), 400):
            kinds = rng.choices((words, symbols, blanks, numbers), (5, 3, 5, 1), k=length)
            text = "".join(rng.choice(kind) for kind in kinds).encode()
            yield text[:length].decode("utf-8", "ignore").encode()


def tree_texts(tree: Path) -> Iterator[bytes]:
    """The regular files of a tree that are UTF-8 and not huge."""
    for path in sorted(tree.rglob("*")):
        if path.is_symlink() or not path.is_file() or path.stat().st_size > LARGEST or ".git" in path.parts:
            continue
        content = path.read_bytes()
        try:
            content.decode()
        except UnicodeDecodeError:
            continue
        if content and b"\0" not in content:
            yield content


def slab_of(files: Sequence[bytes]) -> Slab:
    lengths = np.array([len(file) for file in files], np.int64)
    return Slab(np.frombuffer(b"".join(files), np.uint8), np.cumsum(lengths, dtype=np.int64) - lengths, lengths)


def batches(texts: Iterable[_Text], count: int) -> Iterator[list[_Text]]:
    """The texts in groups."""
    left = iter(texts)
    while group := list(islice(left, count)):
        yield group


class Counted(NamedTuple):
    """What a device says of a slab: bool[bytes], where tokens begin; int64[files], how many, or -1."""

    starts: npt.NDArray[np.bool_]
    counts: npt.NDArray[np.int64]


def count_alone(queue: DeviceQueue, tables: DeviceTables, slab: Slab) -> Counted:
    """Run the kernels of tokens alone: on an emulation the others take many times as long for small files."""
    frame = DeviceFrame(queue, FrameLayout(len(slab.data), len(slab)), WIDTH)
    work = TokenWork(queue, tables, frame)
    frame.upload(queue, slab)
    frame.lists.launch(queue, frame.data, Xxh3Work.units, At(frame.results, 0))
    work.launch(queue)
    host = queue.host_array("results", np.uint8, result_bytes(len(slab), WIDTH))
    queue.download(frame.results, host)
    starts = token_starts(queue, work, len(slab.data))
    return Counted(starts, counts_of(host, len(slab), WIDTH))


def token_starts(queue: DeviceQueue, work: TokenWork | None, size: int) -> npt.NDArray[np.bool_]:
    """bool[size]: where tokens begin in a slab that is still on the device."""
    if work is None:
        return np.zeros(size, np.bool_)
    bits = queue.host_array("token starts", np.uint8, -(-size // 8))
    queue.download(work.starts, bits)
    queue.synchronize()
    return np.unpackbits(bits, count=size, bitorder="little").view(np.bool_)


def expected_starts(encoding: str, size: int, ids: Sequence[Sequence[int]]) -> npt.NDArray[np.bool_]:
    """bool[size]: where tokens begin in texts of `size` bytes with these tokens, one behind the other."""
    lengths = token_table(encoding).bytes.take(np.concatenate([np.asarray(own, np.int64) for own in ids]))
    expected = np.zeros(size, np.bool_)
    expected[np.cumsum(lengths, dtype=np.int64) - lengths] = True
    return expected


def differences(
    encoding: str, files: Sequence[bytes], ids: Sequence[Sequence[int]], found: Counted
) -> tuple[list[bytes], int]:
    """The files, of UTF-8 and not empty, whose tokens are not `ids` by place or number; how many have no count."""
    slab = slab_of(files)
    wrong = found.starts != expected_starts(encoding, len(slab.data), ids)
    bad = np.logical_or.reduceat(wrong, slab.offsets)
    bad |= found.counts != np.array([len(own) for own in ids], np.int64)
    is_left = found.counts < 0
    return [files[place] for place in np.flatnonzero(bad & ~is_left).tolist()], int(is_left.sum())
