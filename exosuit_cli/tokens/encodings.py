"""The encodings that can be counted, and their vocabularies, which are packaged with the program."""

from __future__ import annotations

import binascii
import hashlib
import os
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Final

from exosuit_cli.model.errors import ResourceMissing, UsageError

if TYPE_CHECKING:
    from collections.abc import Mapping

    import numpy as np
    import numpy.typing as npt

_DATA: Final = os.path.join(os.path.dirname(os.path.abspath(__file__)), "data")


@dataclass(frozen=True, slots=True)
class Encoding:
    """One byte-pair encoding: its vocabulary and what each counting package calls its split pattern."""

    name: str
    sha256: str
    """Published SHA-256, in hex, of the vocabulary in tiktoken's format: a line `base64(token) rank` for each token."""
    gigatoken_scheme: str
    joins_contractions: bool
    """Whether the pattern takes a contraction with the word before it, as one pre-token."""

    @property
    def vocabulary_path(self) -> str:
        """Where the packaged vocabulary lies."""
        return os.path.join(_DATA, f"{self.name}.tiktoken")


ENCODINGS: Final[Mapping[str, Encoding]] = {
    encoding.name: encoding
    for encoding in (
        Encoding(
            name="o200k_base",
            sha256="446a9538cb6c348e3516120d7c08b09f57c36495e2acfffe59a5bf8b0cfb1a2d",
            gigatoken_scheme="o200k",
            joins_contractions=True,
        ),
        Encoding(
            name="cl100k_base",
            sha256="223921b76ee99bde995b7ff738513eef100fb51d18c93597a113bcffe865b2a7",
            gigatoken_scheme="gpt4",
            joins_contractions=False,
        ),
    )
}
"""Every known encoding by its name; the first is the default."""


def find_encoding(name: str) -> Encoding:
    """Return the encoding of that name. Raises UsageError, naming the known ones, when there is none."""
    try:
        return ENCODINGS[name]
    except KeyError:
        raise UsageError(f"unknown encoding {name!r}; the known ones are {', '.join(ENCODINGS)}") from None


def read_vocabulary(encoding: Encoding) -> bytes:
    """Return the bytes of the packaged vocabulary, which are the published ones: their SHA-256 is compared.

    Raises ResourceMissing when the file is absent, unreadable or altered.
    """
    path = encoding.vocabulary_path
    try:
        with open(path, "rb") as file:
            content = file.read()
    except OSError as error:
        reason = error.strerror or str(error)
        raise ResourceMissing(f"{path}: the vocabulary cannot be read: {reason}; reinstall exosuit-cli") from error
    found = hashlib.sha256(content).hexdigest()
    if found != encoding.sha256:
        raise ResourceMissing(
            f"{path}: the vocabulary was altered: its SHA-256 is {found}, the published one of {encoding.name} is "
            f"{encoding.sha256}; reinstall exosuit-cli"
        )
    return content


@dataclass(frozen=True, slots=True)
class TokenTable:
    r"""What every token of a vocabulary holds, indexed by token id; the arrays are read-only.

    bytes: uint8[n_vocab], the length. The lengths of a text's ids add up to the length of the UTF-8 that was counted,
        which is longer than the file where undecodable bytes were replaced.
    newlines: uint8[n_vocab], the number of b"\n". Those of a text's ids add up to the newlines of the file.
    """

    bytes: npt.NDArray[np.uint8]
    newlines: npt.NDArray[np.uint8]


@cache
def token_table(encoding: str) -> TokenTable:
    """Return the table of an encoding, which is made in the first call.

    Raises:
        UsageError: the encoding is not known.
        ResourceMissing: the packaged vocabulary is absent or altered.

    """
    import numpy as np

    lines = read_vocabulary(find_encoding(encoding)).splitlines()
    # The SHA-256 says that the ranks are 0, 1, 2 and so on, one a line; the longest token has 128 bytes.
    tokens = [binascii.a2b_base64(line.partition(b" ")[0]) for line in lines]
    lengths = np.fromiter(map(len, tokens), np.uint8, len(tokens))
    newlines = np.fromiter((token.count(b"\n") for token in tokens), np.uint8, len(tokens))
    lengths.flags.writeable = newlines.flags.writeable = False
    return TokenTable(lengths, newlines)
