"""The encodings that can be counted, each declared once, and the models that use them.

`tokens` packages the vocabularies. The models are those of tiktoken's model.py, version 0.14.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from exosuit_cli.model.dataclass import dataclass
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
    models: tuple[str, ...]
    """Names of models that count in it."""
    model_prefixes: tuple[str, ...]
    """How the names of more such models begin."""


ENCODINGS: Final[Mapping[str, Encoding]] = {
    encoding.name: encoding
    for encoding in (
        Encoding(
            name="o200k_base",
            sha256="446a9538cb6c348e3516120d7c08b09f57c36495e2acfffe59a5bf8b0cfb1a2d",
            gigatoken_scheme="o200k",
            joins_contractions=True,
            models=("gpt-5", "gpt-4.1", "gpt-4o", "o1", "o3", "o4-mini"),
            # The o200k_harmony of gpt-oss differs in special tokens only, which count as ordinary text here.
            model_prefixes=(
                "gpt-5", "gpt-4.5-", "gpt-4.1-", "gpt-4o-", "chatgpt-4o-", "o1-", "o3-", "o4-mini-", "gpt-oss-",
                "ft:gpt-4o",
            ),
        ),
        Encoding(
            name="cl100k_base",
            sha256="223921b76ee99bde995b7ff738513eef100fb51d18c93597a113bcffe865b2a7",
            gigatoken_scheme="gpt4",
            joins_contractions=False,
            models=(
                "gpt-4", "gpt-3.5-turbo", "gpt-3.5", "gpt-35-turbo", "davinci-002", "babbage-002",
                "text-embedding-ada-002", "text-embedding-3-small", "text-embedding-3-large",
            ),
            model_prefixes=(
                "gpt-4-", "gpt-3.5-turbo-", "gpt-35-turbo-", "ft:gpt-4", "ft:gpt-3.5-turbo", "ft:davinci-002",
                "ft:babbage-002",
            ),
        ),
    )
}  # fmt: skip
"""Every known encoding by its name; the first is the default."""

DEFAULT_ENCODING: Final = next(iter(ENCODINGS))


ENCODING_FORMS: Final = f"{', '.join(ENCODINGS)} or a model, such as {ENCODINGS[DEFAULT_ENCODING].models[0]}"
"""What names an encoding, in words."""


def find_encoding(name: str) -> Encoding:
    """Return the encoding of that name. Raises UsageError, naming the known ones, when there is none."""
    try:
        return ENCODINGS[name]
    except KeyError:
        raise UsageError(f"unknown encoding {name!r}; the known ones are {', '.join(ENCODINGS)}") from None


def encoding_named(text: str) -> str | None:
    """The name of the encoding that a person means by its own name or by that of a model; None if it is unknown.

    Of the prefixes that fit a model, the longest decides.
    """
    if text in ENCODINGS:
        return text
    for encoding in ENCODINGS.values():
        if text in encoding.models:
            return encoding.name
    prefixes = {prefix: encoding.name for encoding in ENCODINGS.values() for prefix in encoding.model_prefixes}
    fitting = [prefix for prefix in prefixes if text.startswith(prefix)]
    return prefixes[max(fitting, key=len)] if fitting else None


def nearest_encoding(text: str) -> str:
    """The encoding or model that a rejected text most likely means; empty where none is near."""
    import difflib  # only on the way to an error

    known = [*ENCODINGS, *(model for encoding in ENCODINGS.values() for model in encoding.models)]
    near = difflib.get_close_matches(text.strip().lower()[:60], known, n=1)
    return near[0] if near else ""
