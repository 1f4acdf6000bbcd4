"""The vocabularies of the known encodings, which are packaged with the program."""

from __future__ import annotations

import os
from functools import cache
from typing import TYPE_CHECKING, Final, NamedTuple

from exosuit_cli.model.dataclass import dataclass
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
    import hashlib  # only now: OpenSSL takes longer to load than a small question to answer

    found = hashlib.sha256(content).hexdigest()
    if found != encoding.sha256:
        raise ResourceMissing(
            f"{path}: the vocabulary was altered: its SHA-256 is {found}, the published one of {encoding.name} is "
            f"{encoding.sha256}; reinstall exosuit-cli"
        )
    return content


_BASE64: Final = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"


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

    octets = _decode(find_encoding(encoding))
    newline = ord("\n")
    found = (octets.first == newline).astype(np.uint8)
    found += octets.has_second & (octets.second == newline)
    found += octets.has_third & (octets.third == newline)
    lengths = np.add.reduceat(1 + octets.has_second.astype(np.uint8) + octets.has_third, octets.starts, dtype=np.uint8)
    newlines = np.add.reduceat(found, octets.starts, dtype=np.uint8)
    lengths.flags.writeable = newlines.flags.writeable = False
    return TokenTable(lengths, newlines)


def token_bytes(encoding: str) -> tuple[npt.NDArray[np.uint8], npt.NDArray[np.uint8]]:
    """Return the bytes of all tokens of an encoding, one behind the other, and uint8[n_vocab], the length of each.

    Raises as `token_table` does.
    """
    import numpy as np

    octets = _decode(find_encoding(encoding))
    is_there = np.ones((len(octets.first), 3), np.bool_)
    is_there[:, 1], is_there[:, 2] = octets.has_second, octets.has_third
    return np.column_stack((octets.first, octets.second, octets.third))[is_there], token_table(encoding).bytes


class _Octets(NamedTuple):
    """A vocabulary in groups of up to three bytes; `starts` has the first group of each token."""

    first: npt.NDArray[np.uint8]
    second: npt.NDArray[np.uint8]
    third: npt.NDArray[np.uint8]
    has_second: npt.NDArray[np.bool_]
    has_third: npt.NDArray[np.bool_]
    starts: npt.NDArray[np.int64]


def _decode(encoding: Encoding) -> _Octets:
    import numpy as np

    # The SHA-256 says what the file is: on each line a token in base64, a space, and its rank, which are 0, 1, 2 and so
    # on; the longest token has 128 bytes. Decoding lines one by one would take five times as long.
    content = np.frombuffer(read_vocabulary(encoding), np.uint8)
    ends = np.flatnonzero(content == ord(" "))
    starts = np.concatenate(([0], np.flatnonzero(content == ord("\n"))[: len(ends) - 1] + 1))
    is_token = np.zeros(len(content) + 1, np.int8)
    is_token[starts] = 1
    is_token[ends] = -1
    digits = content[np.cumsum(is_token[:-1], dtype=np.int8).view(np.bool_)].reshape(-1, 4)
    alphabet = np.zeros(256, np.uint8)
    alphabet[np.frombuffer(_BASE64, np.uint8)] = np.arange(64)
    first, second, third, fourth = alphabet[digits].T
    return _Octets(
        first << 2 | second >> 4,
        second << 4 | third >> 2,
        third << 6 | fourth,
        digits[:, 2] != ord("="),
        digits[:, 3] != ord("="),
        np.cumsum(ends - starts) // 4 - (ends - starts) // 4,
    )
