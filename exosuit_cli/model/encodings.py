"""The encodings that can be counted, each declared once; `tokens` packages their vocabularies."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from exosuit_cli.model.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Mapping


@dataclass(frozen=True, slots=True)
class Encoding:
    """One byte-pair encoding: its vocabulary and what each counting package calls its split pattern."""

    name: str
    sha256: str
    """Published SHA-256, in hex, of the vocabulary in tiktoken's format: a line `base64(token) rank` for each token."""
    gigatoken_scheme: str
    joins_contractions: bool
    """Whether the pattern takes a contraction with the word before it, as one pre-token."""


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

DEFAULT_ENCODING: Final = next(iter(ENCODINGS))


def find_encoding(name: str) -> Encoding:
    """Return the encoding of that name. Raises UsageError, naming the known ones, when there is none."""
    try:
        return ENCODINGS[name]
    except KeyError:
        raise UsageError(f"unknown encoding {name!r}; the known ones are {', '.join(ENCODINGS)}") from None
