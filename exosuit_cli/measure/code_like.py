"""A tree with the redundancy of code, drawn by a seed: the same bytes on every machine and in every version."""

from __future__ import annotations

import hashlib
import math
import os
from statistics import NormalDist
from typing import TYPE_CHECKING, Final

import numpy as np

from exosuit_cli.model.errors import OutputError

if TYPE_CHECKING:
    from collections.abc import Iterator

BYTES_PER_TOKEN: Final = 4.1
"""A few percent more bytes than a token of o200k_base has in this tree, its copies taken off."""

_MEDIAN_BYTES: Final = 3600
_SPREAD: Final = 0.7
_SMALLEST: Final = 150
_LARGEST: Final = 24_000
_GOLDEN: Final = (math.sqrt(5) - 1) / 2
_OWN_NAMES: Final = 80
"""Names that a file uses."""
_PER_DIRECTORY: Final = 100
_REPEATED: Final = 50
"""One file in so many is a copy of an earlier one."""

_SYLLABLES: Final = (
    "get", "set", "read", "list", "node", "path", "file", "name", "size", "item", "key", "buf", "tok", "map", "run",
    "load", "test", "is", "to", "from", "user", "data", "cfg", "max", "min", "log", "err", "ctx", "req", "res", "ids",
    "row",
)  # fmt: skip
_NAMES: Final = tuple(
    "_".join(filter(None, (_SYLLABLES[first], _SYLLABLES[second], _SYLLABLES[third] if third < 32 else "")))
    for first in range(32)
    for second in range(32)
    for third in (first * 7 % 64, (second * 11 + 5) % 64)
)
"""2,048 names, of which a file uses a few."""

_LINES: Final = (
    "    {0} = {1}.{2}({3})\n",
    "    if {0} is None:\n        return {1}\n",
    "    for {0} in {1}.{2}:\n        {3}.append({0})\n",
    "    return {0}({1}, {2})\n",
    "\n\ndef {0}({1}, {2}={3}):\n",
    "    # {0} of the {1}, before {2} is {3}\n",
    "    {0}[{1}] = {2} + {3}\n",
    "    assert len({0}) == {1}, '{2} {3}'\n",
    "    while {0} < {1}:\n        {0} += {2}\n",
    "    with open({0}) as {1}:\n        {2} = {1}.read()\n",
    "    raise ValueError(f'{{{0}}}: {1} of {2}')\n",
    "    {0} = [{1} for {1} in {2} if {1}.{3}]\n",
    "    {0}, {1} = {1}, {0}\n",
    "\n",
    "    try:\n        {0} = {1}({2})\n    except KeyError:\n        {0} = {3}\n",
    "import {0}\nfrom {1} import {2}, {3}\n",
)
_HEADER: Final = (
    "# Copyright the authors of this example.\n"
    "# Licensed under the terms of its licence; see LICENSE at the root of the tree.\n"
    "# {} {}: {}\n\n"
)


def write_code_tree(root: str, tokens: int, seed: int) -> int:
    """Write files into the new directory `root` until they hold more than `tokens`; how many bytes they have.

    File i depends on the seed and on i alone. Sizes follow a log-normal distribution with a median of 3.6 KB, spread
    evenly (a golden-ratio sequence), so that any hundred files in a row have nearly the same mean size. A name repeats
    within a file, a phrase across files, and one file in fifty is a copy.

    Raises OutputError where there is no room.
    """
    written, wanted = 0, tokens * BYTES_PER_TOKEN
    try:
        os.mkdir(root, 0o700)
        for number, text in enumerate(_texts(seed)):
            if written >= wanted:
                break
            directory = os.path.join(root, f"part{number // _PER_DIRECTORY:04d}")
            if number % _PER_DIRECTORY == 0:
                os.mkdir(directory, 0o700)
            with open(os.path.join(directory, f"code{number:06d}.py"), "wb") as file:
                file.write(text)
            written += len(text)
    except OSError as error:
        raise OutputError(f"{root!r}: the synthetic tree cannot be written: {error.strerror}") from error
    return written


def _texts(seed: int) -> Iterator[bytes]:
    number = 0
    while True:
        repeats = number % _REPEATED == _REPEATED - 1
        yield file_text(seed, number - 7 if repeats else number)
        number += 1


def file_text(seed: int, number: int) -> bytes:
    """The bytes of file `number`."""
    offset = int.from_bytes(hashlib.shake_128(f"{seed}".encode("ascii")).digest(4)) / 2**32
    share = (offset + number * _GOLDEN) % 1 * 0.998 + 0.001
    size = min(max(int(_MEDIAN_BYTES * math.exp(_SPREAD * NormalDist().inv_cdf(share))), _SMALLEST), _LARGEST)
    drawn = np.frombuffer(hashlib.shake_128(f"{seed}:{number}".encode("ascii")).digest(_OWN_NAMES * 2 + size), np.uint8)
    own = [_NAMES[index] for index in drawn[: 2 * _OWN_NAMES].view("<u2").astype(np.int64) % len(_NAMES)]
    # The first names are used most, as in a program: the square of an even draw.
    picks = (drawn[2 * _OWN_NAMES :].astype(np.int64) ** 2 * len(own)) >> 16
    names = iter([own[pick] for pick in picks.tolist()])
    kinds = (drawn[2 * _OWN_NAMES :] & 15).tolist()
    parts = [_HEADER.format(own[0], own[1], own[2])]
    length = len(parts[0])
    for kind in kinds:
        if length >= size:
            break
        line = _LINES[kind].format(next(names), next(names), next(names), next(names))
        parts.append(line)
        length += len(line)
    return "".join(parts).encode("ascii")[:size]
