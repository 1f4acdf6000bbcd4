"""Counts tokens exactly, for a named encoding, at the speed of the disk."""

from exosuit_cli.tokens.counter import IMPLEMENTATIONS, load_counter
from exosuit_cli.tokens.encodings import ENCODINGS, token_byte_lengths
from exosuit_cli.tokens.loading import CounterLoader

__all__ = ["ENCODINGS", "IMPLEMENTATIONS", "CounterLoader", "load_counter", "token_byte_lengths"]
