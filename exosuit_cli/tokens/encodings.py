"""The vocabularies of the known encodings, which are packaged with the program."""

from __future__ import annotations

import binascii
import hashlib
import os
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Final

from exosuit_cli.model.encodings import find_encoding
from exosuit_cli.model.errors import ResourceMissing

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    from exosuit_cli.model.encodings import Encoding

_DATA: Final = os.path.join(os.path.dirname(os.path.abspath(__file__)), "data")


def vocabulary_path(encoding: Encoding) -> str:
    """Where the packaged vocabulary lies."""
    return os.path.join(_DATA, f"{encoding.name}.tiktoken")


def read_vocabulary(encoding: Encoding) -> bytes:
    """Return the bytes of the packaged vocabulary, which are the published ones: their SHA-256 is compared.

    Raises ResourceMissing when the file is absent, unreadable or altered.
    """
    path = vocabulary_path(encoding)
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
