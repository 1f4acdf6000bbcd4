"""The synthetic corpus: `files=N,size=4k,seed=S` is the same tree on every machine and in every version."""

from __future__ import annotations

import hashlib
import os
from typing import Final

from exosuit_cli.model.dataclass import dataclass
from exosuit_cli.model.errors import OutputError, UsageError
from exosuit_cli.model.units import parse_size

_MOST_FILES: Final = 1_000_000
_MOST_BYTES: Final = 64 << 30
_LARGEST: Final = 64 << 20
_PER_DIRECTORY: Final = 256

_WORDS: Final = (
    "\n", "\n    ", "\n        ", " ", "(", ")", "[", "]", ", ", ": ", " = ", " == ", " + ", ".", "\n\n", "#",
    "def ", "class ", "return ", "if ", "else", "for ", "in ", "import ", "from ", "self", "None", "True", "while ",
    "not ", "and ", "or ",
)  # fmt: skip
_SYLLABLES: Final = ("ba", "co", "di", "fu", "ge", "ha", "ki", "lo", "mi", "ne", "pa", "qu", "ro", "si", "tu", "ve")
_TABLE: Final = tuple(
    word.encode("ascii")
    for word in (
        *_WORDS * 4,
        *(first + second for first in _SYLLABLES for second in _SYLLABLES[:8]),
    )
)
"""256 words, so that a byte picks one: half are marks and keywords, half are names."""


@dataclass(frozen=True, slots=True)
class Synthetic:
    """A corpus of `files` files of exactly `size` bytes each, their text drawn by `seed`."""

    files: int
    size: int
    seed: int

    def __str__(self) -> str:
        return f"files={self.files},size={self.size},seed={self.seed}"


def parse_synthetic(text: str) -> Synthetic:
    """Read `files=N,size=4k,seed=S`; size is 4k and seed 0 by default. Raises UsageError naming what is wrong."""
    values = {"files": "", "size": "4k", "seed": "0"}
    for part in text.split(","):
        key, equals, value = part.partition("=")
        if not equals or key.strip() not in values:
            raise UsageError(f"--synthetic {text!r}: {part!r} is not files=N, size=BYTES or seed=S")
        values[key.strip()] = value.strip()
    files = _whole(text, "files", values["files"], 1, _MOST_FILES)
    seed = _whole(text, "seed", values["seed"], 0, 2**63 - 1)
    size = parse_size(values["size"])
    if not 1 <= size <= _LARGEST:
        raise UsageError(f"--synthetic {text!r}: size must be from 1 to {_LARGEST} bytes")
    if files * size > _MOST_BYTES:
        raise UsageError(f"--synthetic {text!r}: {files * size:,} bytes in all; at most {_MOST_BYTES:,} are made")
    return Synthetic(files, size, seed)


def make_corpus(wanted: Synthetic, root: str) -> str:
    """Write the corpus into the new directory `root` and return it; raises OutputError where there is no room.

    The text of file i is SHAKE128("seed:i") with each byte read as a word of a fixed table, cut to the size: the bytes
    are defined by that alone, not by any library's generator.
    """
    try:
        os.mkdir(root, 0o700)
        for number in range(wanted.files):
            directory = os.path.join(root, f"d{number // _PER_DIRECTORY:04d}")
            if number % _PER_DIRECTORY == 0:
                os.mkdir(directory, 0o700)
            with open(os.path.join(directory, f"f{number:07d}.py"), "wb") as file:
                file.write(file_text(wanted, number))
    except OSError as error:
        raise OutputError(
            f"{root!r}: the synthetic corpus cannot be written: {error.strerror}; set TMPDIR to a place with room"
        ) from error
    return root


def file_text(wanted: Synthetic, number: int) -> bytes:
    """The bytes of file `number`."""
    shortest = min(map(len, _TABLE))
    drawn = hashlib.shake_128(f"{wanted.seed}:{number}".encode("ascii")).digest(-(-wanted.size // shortest))
    return b"".join(map(_TABLE.__getitem__, drawn))[: wanted.size]


def _whole(text: str, key: str, value: str, low: int, high: int) -> int:
    if not (value.isascii() and value.isdigit() and low <= int(value[:20]) <= high):
        raise UsageError(f"--synthetic {text!r}: {key} must be a whole number from {low} to {high:,}, not {value!r}")
    return int(value)
