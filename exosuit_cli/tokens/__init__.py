"""Counts tokens exactly, for a named encoding, at the speed of the disk."""

from exosuit_cli.tokens.counter import IMPLEMENTATIONS, load_counter
from exosuit_cli.tokens.encodings import ENCODINGS, token_byte_lengths

__all__ = ["ENCODINGS", "IMPLEMENTATIONS", "load_counter", "token_byte_lengths"]
