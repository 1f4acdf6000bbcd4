"""The language of a file, by its name and its first bytes."""

from exosuit_cli.languages.modelines import MARKS, OPENING_BYTES
from exosuit_cli.languages.registry import (
    CODE_OF_CLAIM,
    HEAD_BYTES,
    HEADER_CLAIM,
    HEADER_WORDS,
    TEXT_CLAIM,
    claim_of_name,
    claims_of_names,
    default_of_claim,
    language_of,
    names_a_program,
)
from exosuit_cli.languages.rules import NEEDS_BYTES
from exosuit_cli.languages.table import LANGUAGES

__all__ = [
    "CODE_OF_CLAIM",
    "HEADER_CLAIM",
    "HEADER_WORDS",
    "HEAD_BYTES",
    "LANGUAGES",
    "MARKS",
    "NEEDS_BYTES",
    "OPENING_BYTES",
    "TEXT_CLAIM",
    "claim_of_name",
    "claims_of_names",
    "default_of_claim",
    "language_of",
    "names_a_program",
]
